package scimadapter

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/modules/access"
)

const (
	errorURN = "urn:ietf:params:scim:api:messages:2.0:Error"
	patchURN = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	listURN  = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
)

// Faults of the door itself, with the keywords of RFC 7644 table 9.
var (
	errInvalidSyntax = fault.New(fault.Invalid, "invalid_syntax", "the request is malformed").Scim("invalidSyntax")
	errInvalidValue  = fault.New(fault.Invalid, "invalid_value", "a value is not valid").Scim("invalidValue")
	errInvalidPath   = fault.New(fault.Invalid, "invalid_path", "the path is not valid").Scim("invalidPath")
	errInvalidFilter = fault.New(fault.Invalid, "invalid_filter", "the filter is not valid").Scim("invalidFilter")
	errTooMany       = fault.New(fault.Invalid, "too_many", "too much is asked for").Scim("tooMany")
	errInvalidCursor = fault.New(fault.Invalid, "invalid_cursor", "the cursor is not one of this list; start again with an empty one").At(paramCursor).Scim("invalidCursor")
	errExpiredCursor = fault.New(fault.Invalid, "expired_cursor", "the cursor is too old; start again with an empty one").At(paramCursor).Scim("expiredCursor")
	errInvalidCount  = fault.New(fault.Invalid, "invalid_count", "count is a whole number, and the same for every page of a list").At(paramCount).Scim("invalidCount")
	errNoTarget      = fault.New(fault.Invalid, "no_target", "the operation has no target").Scim("noTarget")
	errMutability    = fault.New(fault.Invalid, "mutability", "the attribute cannot be changed").Scim("mutability")

	errVersion         = fault.New(fault.Invalid, "invalid_version", "this version of SCIM is not spoken here; check the base URL in the identity provider: it ends with "+Base).Scim("invalidVers")
	errNoEndpoint      = fault.New(fault.NotFound, "no_such_endpoint", "there is nothing at this address; check the base URL in the identity provider: it ends with "+Base)
	errUserUnknown     = fault.New(fault.NotFound, "user_not_found", "there is no such user")
	errGroupUnknown    = fault.New(fault.NotFound, "group_not_found", "there is no such group; if it was deleted here, unlink it in the identity provider and push it anew")
	errSchemaUnknown   = fault.New(fault.NotFound, "schema_not_found", "there is no such schema")
	errTypeUnknown     = fault.New(fault.NotFound, "resource_type_not_found", "there is no such resource type")
	errNotBuilt        = fault.New(fault.Unsupported, "not_supported", "this part of SCIM is not supported; turn it off in the identity provider, /ServiceProviderConfig says what is there")
	errTooLarge        = fault.New(fault.TooLarge, "too_large", "the body has more than 10 MiB; send it in pieces")
	errMethod          = fault.New(fault.Invalid, "method_not_allowed", "this address does not take this method")
	errNotAcceptable   = fault.New(fault.Invalid, "not_acceptable", "answers are application/scim+json or application/json; name one of them in Accept, or leave it out")
	errAddressTooLong  = fault.New(fault.TooLarge, "address_too_long", "the address is too long; a filter has at most 8 KiB, and /.search takes it in a body")
	errHeadersTooLarge = fault.New(fault.TooLarge, "headers_too_large", "the headers are more than 16 KiB; send fewer")
	errTwoTokens       = fault.New(fault.Invalid, "two_tokens", "there are two access tokens; send one, in one header, as in \"Authorization: Bearer …\"")
	errMediaType       = fault.New(fault.Invalid, "unsupported_media_type", "the body is of another type; send application/scim+json or application/json, in UTF-8 and not compressed")
	errFilterHere      = fault.New(fault.Forbidden, "filter_not_allowed", "this list is short and cannot be filtered; read it whole")
	errTooFast         = fault.New(fault.Unavailable, "too_many_requests", "requests come too fast; send this again")
	errInternal        = fault.New(fault.Invalid, "internal_error", "Usher made a mistake, and nothing was changed; try again, and if it stays so, tell whoever runs Usher, whose log has the reason")
)

// statuses are those of faults whose kind does not tell it.
var statuses = map[string]int{
	errMethod.Code: http.StatusMethodNotAllowed, errNotAcceptable.Code: http.StatusNotAcceptable, errMediaType.Code: http.StatusUnsupportedMediaType,
	errAddressTooLong.Code: http.StatusRequestURITooLong, errHeadersTooLarge.Code: http.StatusRequestHeaderFieldsTooLarge,
	errTooFast.Code: http.StatusTooManyRequests, errInternal.Code: http.StatusInternalServerError,
}

func statusOf(f *fault.Fault) int {
	if status, special := statuses[f.Code]; special {
		return status
	}
	switch f.Kind {
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict, fault.Exhausted:
		return http.StatusConflict
	case fault.Stale:
		return http.StatusPreconditionFailed
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.Unsupported:
		return http.StatusNotImplemented
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	case fault.Invalid:
		return http.StatusBadRequest
	default:
		return http.StatusInternalServerError
	}
}

// scimError is the body of a refusal (RFC 7644 section 3.12). Its status is a string.
type scimError struct {
	Schemas  []string `json:"schemas"`
	Status   string   `json:"status"`
	ScimType string   `json:"scimType,omitempty"`
	Detail   string   `json:"detail"`
}

// refuse answers with an error. What is no fault is an accident: it is logged, and the client learns nothing of it.
func (e *exchange) refuse(err error) {
	f, known := fault.As(err)
	if !known {
		slog.ErrorContext(e.ctx, "a SCIM request failed", "request", e.requestID, "method", e.r.Method, "route", e.route, "error", err)
		f = errInternal
	}
	status := statusOf(f)
	if challenge := e.challenge(f); challenge != "" {
		e.w.Header().Set("WWW-Authenticate", challenge)
	}
	if f.Kind == fault.Unavailable {
		wait := max(f.RetryAfter, time.Second)
		if e.retriesAt429() {
			status, wait = http.StatusTooManyRequests, min(wait, soon)
		}
		e.w.Header().Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
	}
	e.call.ScimType, e.call.Detail = f.ScimType, e.advised(f)
	body, err := json.Marshal(scimError{Schemas: []string{errorURN}, Status: strconv.Itoa(status), ScimType: f.ScimType, Detail: e.call.Detail})
	if err != nil {
		slog.ErrorContext(e.ctx, "an error could not be written", "error", err)
	}
	e.write(status, body)
}

// challenge tells how to be let in, where that is what is missing (RFC 6750 section 3). Who sends no token gets no error code.
func (e *exchange) challenge(f *fault.Fault) string {
	const bearer = `Bearer realm="scim"` //nolint:gosec // a challenge, not a credential
	switch {
	case errors.Is(f, access.ErrTokenMissing):
		return bearer
	case f.Kind == fault.Unauthenticated:
		return bearer + `, error="invalid_token"`
	case errors.Is(f, errTwoTokens):
		return bearer + `, error="invalid_request"`
	case errors.Is(f, caller.ErrForbidden):
		scope := caller.ScopeSCIM
		if e.r.Method == http.MethodGet || e.r.Method == http.MethodHead {
			scope = caller.ScopeSCIMRead
		}
		return bearer + `, error="insufficient_scope", scope="` + scope + `"`
	default:
		return ""
	}
}
