// Package caller carries who asks through a request.
//
// Every request below a door has a caller in its context: the tenant it acts in, the kind of client, and its scopes. Nothing
// is allowed by default: a context without a caller may do nothing.
package caller

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/usherhq/usher/internal/fault"
)

// The kinds of callers.
const (
	KindSCIM     = "scim"     // an identity provider, through one SCIM configuration
	KindAdmin    = "admin"    // an administrator of the tenant
	KindService  = "service"  // the vendor's product or a reporting job
	KindOperator = "operator" // who runs the installation
	KindWorker   = "worker"   // Usher itself
)

// The scopes of access tokens.
const (
	ScopeSCIM        = "scim"
	ScopeSCIMRead    = "scim:read"
	ScopeAdmin       = "admin"
	ScopeAdminRead   = "admin:read"
	ScopeReportsRead = "reports:read"
	// ScopeGroupReportsRead is what a reader has who is limited to the people of some groups. No token is asked for by this name.
	ScopeGroupReportsRead = "reports:read:groups"
	ScopeEntitlementsRead = "entitlements:read"
	// ScopeEntitlementsWrite is the vendor's product's own: what people do there and what they agree to. No administrator has it.
	ScopeEntitlementsWrite = "entitlements:write"
	ScopeOperator          = "operator"
)

// ErrForbidden is what Require refuses with: the scopes are too narrow.
var ErrForbidden = fault.New(fault.Forbidden, "forbidden", "the access token does not allow this")

// ErrNoTenant is for a caller who acts in no tenant: an operator before she has named one.
var ErrNoTenant = fault.New(fault.Invalid, "no_tenant", "this is a tenant's own: as operator, name the tenant first (tenantBy in GraphQL, --tenant on the command line)")

var errMissing = fault.New(fault.Unauthenticated, "unauthenticated", "send an access token")

// Caller is who asks.
type Caller struct {
	Tenant    uuid.UUID // the tenant acted in; uuid.Nil for an operator outside of any
	Kind      string
	Config    uuid.UUID // the SCIM configuration, for KindSCIM
	Token     uuid.UUID
	Session   uuid.UUID // the browser's session, for who is signed in to the console instead of sending a token
	Admin     uuid.UUID // the administrator, for KindAdmin
	Name      string    // shown in the journal
	Scopes    Scopes
	Groups    []uuid.UUID // of a reader who is limited to the people of some groups
	RequestID string
}

// ID is what the journal remembers of the caller: the configuration, the administrator, the token or an operator's session;
// uuid.Nil for a worker.
func (c Caller) ID() uuid.UUID {
	switch {
	case c.Config != uuid.Nil:
		return c.Config
	case c.Admin != uuid.Nil:
		return c.Admin
	case c.Token != uuid.Nil:
		return c.Token
	default:
		return c.Session
	}
}

// Limited tells whether the caller sees the people of her groups alone.
func (c Caller) Limited() bool {
	return c.Scopes.Allow(ScopeGroupReportsRead) && !c.Scopes.Allow(ScopeReportsRead)
}

// Scopes are what an access token opens.
type Scopes []string

// Allow tells whether the scopes open what needs the given one. A scope opens its reading half too; an operator may do what
// an administrator may, but is no identity provider.
func (s Scopes) Allow(need string) bool {
	if slices.Contains(s, need) {
		return true
	}
	operator := slices.Contains(s, ScopeOperator)
	switch need {
	case ScopeSCIMRead:
		return slices.Contains(s, ScopeSCIM)
	case ScopeAdmin:
		return operator
	case ScopeAdminRead:
		return operator || slices.Contains(s, ScopeAdmin)
	case ScopeEntitlementsRead:
		return operator || slices.Contains(s, ScopeEntitlementsWrite) || slices.Contains(s, ScopeAdmin) || slices.Contains(s, ScopeAdminRead)
	case ScopeGroupReportsRead:
		return s.Allow(ScopeReportsRead)
	case ScopeReportsRead:
		return operator || slices.Contains(s, ScopeAdmin) || slices.Contains(s, ScopeAdminRead)
	default:
		return false
	}
}

type key struct{}

// With returns a context that carries the caller.
func With(ctx context.Context, c Caller) context.Context { return context.WithValue(ctx, key{}, c) }

// From returns the caller of the context, if it has one.
func From(ctx context.Context) (Caller, bool) {
	c, ok := ctx.Value(key{}).(Caller)
	return c, ok
}

// Must returns the caller, or the fault "unauthenticated" when there is none.
func Must(ctx context.Context) (Caller, error) {
	c, ok := From(ctx)
	if !ok {
		return Caller{}, errMissing
	}
	return c, nil
}

// Tenant returns the tenant that the caller acts in. Refuses with "unauthenticated" and ErrNoTenant.
func Tenant(ctx context.Context) (uuid.UUID, error) {
	c, err := Must(ctx)
	if err == nil && c.Tenant == uuid.Nil {
		err = ErrNoTenant
	}
	return c.Tenant, err
}

// InTenant returns a context in which the same caller acts in the given tenant: the way of an operator into one.
func InTenant(ctx context.Context, tenant uuid.UUID) context.Context {
	c, _ := From(ctx)
	c.Tenant = tenant
	return With(ctx, c)
}

// Require refuses with "unauthenticated" or "forbidden" unless the caller's scopes open what needs the given one.
func Require(ctx context.Context, need string) error {
	c, err := Must(ctx)
	if err != nil {
		return err
	}
	if !c.Scopes.Allow(need) {
		return ErrForbidden.Sayf("this needs the scope %q", need)
	}
	return nil
}
