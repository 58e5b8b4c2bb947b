package directory

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/usherhq/usher/internal/id"
)

// The SCIM names of the schemas that a User has fields for.
const (
	UserURN       = "urn:ietf:params:scim:schemas:core:2.0:User"
	EnterpriseURN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	GroupURN      = "urn:ietf:params:scim:schemas:core:2.0:Group"
)

// Origins of people: who made them.
const (
	OriginSCIM    = "scim"
	OriginGraphQL = "graphql"
)

// User is a person of the tenant, as the caller sees her. It marshals to the SCIM attributes that are her own: no id, meta,
// externalId, active, groups and no display of her manager.
type User struct {
	ID                id.ID
	UserName          string
	Name              Name
	DisplayName       string
	NickName          string
	ProfileURL        string
	Title             string
	UserType          string
	PreferredLanguage string
	Locale            string
	Timezone          string
	Emails            []Value
	PhoneNumbers      []Value
	IMs               []Value
	Photos            []Value
	Entitlements      []Value
	Roles             []Value
	Certificates      []Value
	Addresses         []Address
	Enterprise        Enterprise
	Extra             map[string]json.RawMessage // objects of other extensions, by URN

	Active     bool   // of the calling configuration's link; of the person for every other caller
	ExternalID string // of the calling configuration's link
	Blocked    bool   // by an administrator
	Awaited    bool   // as Create and Change return her: groups had parked her, and she is in them now
	Origin     string
	Version    int64
	CreatedAt  time.Time
	UpdatedAt  time.Time
	Groups     []GroupRef // those that Change has found her in; nil in every other answer
}

// Name is a person's name in its parts.
type Name struct {
	Formatted       string `json:"formatted,omitempty"`
	FamilyName      string `json:"familyName,omitempty"`
	GivenName       string `json:"givenName,omitempty"`
	MiddleName      string `json:"middleName,omitempty"`
	HonorificPrefix string `json:"honorificPrefix,omitempty"`
	HonorificSuffix string `json:"honorificSuffix,omitempty"`
}

// Value is one of several values of an attribute, such as an e-mail address.
type Value struct {
	Value   string `json:"value,omitempty"`
	Display string `json:"display,omitempty"`
	Type    string `json:"type,omitempty"`
	Primary bool   `json:"primary,omitempty"`
}

// Address is a postal address.
type Address struct {
	Formatted     string `json:"formatted,omitempty"`
	StreetAddress string `json:"streetAddress,omitempty"`
	Locality      string `json:"locality,omitempty"`
	Region        string `json:"region,omitempty"`
	PostalCode    string `json:"postalCode,omitempty"`
	Country       string `json:"country,omitempty"`
	Type          string `json:"type,omitempty"`
	Primary       bool   `json:"primary,omitempty"`
}

// Enterprise holds the attributes of the Enterprise User extension.
type Enterprise struct {
	EmployeeNumber string
	CostCenter     string
	Organization   string
	Division       string
	Department     string
	Manager        string // as it was sent: an id, a userName, or somebody who has not come yet. Managers finds who it is
}

// UserRef names a person.
type UserRef struct {
	ID          id.ID
	UserName    string
	DisplayName string
}

// Record is a person as a list of identity providers shows her: her own attributes are ready JSON.
type Record struct {
	ID         id.ID
	UserName   string
	ExternalID string
	Active     bool
	Manager    string // as in Enterprise
	Version    int64
	CreatedAt  time.Time
	UpdatedAt  time.Time
	Attributes []byte     // one JSON object, "{…}", never empty: it has userName at least
	Groups     []GroupRef // direct ones, ids and names alone; only where they were asked for
}

// Expect is what a caller takes a thing to be before it is changed (RFC 9110 section 13.1). Nil takes anything; a thing that
// is otherwise is ErrStaleVersion.
type Expect struct {
	Versions        []int64   // one of these; nil takes any
	Not             []int64   // none of these
	Nothing         bool      // that it is not there
	UnmodifiedSince time.Time // that it has not changed after this second; zero takes any time
}

// NoVersion is a version that nothing ever has.
const NoVersion int64 = 0

// Met returns ErrStaleVersion unless something of that version, last changed at that time, is what the caller takes it to be.
func (e *Expect) Met(version int64, updated time.Time) error {
	switch {
	case e == nil:
		return nil
	case e.Versions != nil && !slices.Contains(e.Versions, version), e.Nothing, slices.Contains(e.Not, version),
		!e.UnmodifiedSince.IsZero() && updated.Truncate(time.Second).After(e.UnmodifiedSince):
		return ErrStaleVersion
	}
	return nil
}
