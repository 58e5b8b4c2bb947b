package scimadapter

import (
	"net/http"
	"strings"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/modules/directory"
)

// What stands in a detail is read by the administrator of the identity provider: in Okta's list of tasks, in Entra's provisioning
// log. So it says what is wrong and, behind a semicolon, what she should do. Faults that are SCIM's alone say both themselves; to
// those that other doors show too, the second half is added here.

// byCode is what to do about a fault of a code.
var byCode = map[string]string{
	directory.ErrUserNameTaken.Code:  "let the identity provider match people by userName, so that it links her, or give one of the two another userName",
	directory.ErrGroupNameTaken.Code: "link the group in the identity provider, or rename one of the two",
	directory.ErrUserNotFound.Code:   "if she was deleted here, or let go by this configuration, assign her anew in the identity provider",
	directory.ErrInvalidMember.Code:  "push the person first, or set the preset to auto, which keeps her place",
	directory.ErrValueTaken.Code:     "correct it for one of the two in the identity provider",
	directory.ErrSchemaNotFound.Code: "/Schemas lists those that are there",
	errTypeUnknown.Code:              "/ResourceTypes lists those that are there",
	errLicenseUnknown.Code:           "/Licenses lists those that are there",
	errMethod.Code:                   "check the base URL in the identity provider: it ends with " + Base,
	caller.ErrForbidden.Code:         "issue an access token for this configuration that may write, and paste it into the identity provider",
	errDependent.Code:                "correct that one, and send both again",
}

// byKeyword is what to do about a fault with one of SCIM's keywords.
var byKeyword = map[string]string{
	errInvalidSyntax.ScimType: "look at the settings of the identity provider's connector, which has to speak SCIM 2.0, or tell its vendor",
	errInvalidPath.ScimType:   "take the attribute out of the mapping in the identity provider, or register a schema that has it",
	errInvalidFilter.ScimType: "look at the attribute by which the identity provider matches",
	errNoTarget.ScimType:      "set the preset to auto, which makes what is missing, or send the value as a whole",
	errMutability.ScimType:    "take the attribute out of the mapping in the identity provider",
	errInvalidValue.ScimType:  "correct the value, or how it is mapped, in the identity provider",
	errTooMany.ScimType:       "ask for less at a time",
}

const unknownAttribute = "the attribute %s is not known; take it out of the mapping in the identity provider, register a schema that has it, or set the preset to auto"

const told = "look at the settings of the identity provider's connector, or tell its vendor"

// advised is the detail of a fault. The request's id is told where somebody has to look for what happened.
func (e *exchange) advised(f *fault.Fault) string {
	switch {
	case statusOf(f) == http.StatusInternalServerError && e.requestID != "":
		return f.Message + " (request " + e.requestID + ")"
	case strings.Contains(f.Message, "; "):
		return f.Message
	}
	advice, ok := byCode[f.Code]
	if !ok {
		advice, ok = byKeyword[f.ScimType]
	}
	switch {
	case !ok && f.Kind == fault.Unavailable:
		advice = "send it again"
	case !ok:
		advice = told
	}
	return f.Message + "; " + advice
}
