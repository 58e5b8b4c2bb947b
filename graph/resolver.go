package graph

import (
	"context"
	"errors"

	"github.com/99designs/gqlgen/graphql"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/access"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/events"
	"github.com/usherhq/usher/modules/licensing"
	"github.com/usherhq/usher/modules/provisioning"
	"github.com/usherhq/usher/modules/reporting"
	"github.com/usherhq/usher/modules/tenancy"
)

// Resolver is the root of all resolvers: the modules that they call.
type Resolver struct {
	Tenants      *tenancy.Service
	Access       *access.Service
	Directory    *directory.Service
	Licensing    *licensing.Service
	Provisioning *provisioning.Service
	Events       *events.Service
	Reports      *reporting.Service
	ScimURL      string // what administrators paste into their identity provider
	ConsoleURL   string // where the console is, with a slash at the end
}

// authenticate finds out whose access token it is. Tokens of SCIM configurations open SCIM only.
func (r *Resolver) authenticate(ctx context.Context, header string) (context.Context, error) {
	verified, err := r.Access.Authenticate(ctx, header)
	if err != nil {
		return ctx, err
	}
	if verified.SubjectKind == access.SubjectConfig {
		return ctx, errScimToken
	}
	who := verified.Caller(requestID(ctx))
	if who.Admin != id.Nil {
		inside := caller.With(ctx, who)
		administrator, err := r.Access.Administrator(inside, who.Admin)
		if errors.Is(err, access.ErrAdministratorNotFound) {
			return ctx, errForbidden.Sayf("the administrator of this access token is gone").Because(err)
		}
		if err != nil {
			return ctx, err
		}
		who.Name = administrator.Name
	}
	return caller.With(ctx, who), nil
}

// around gives a field what it needs to know of the fields above it: an operator's fields below a Tenant run in that tenant,
// whichever way the tenant came into the answer, and a field that reads has a place for what it reads. Whatever stands in the
// context here is there for all fields below, too.
func around(ctx context.Context, next graphql.Resolver) (any, error) {
	field := graphql.GetFieldContext(ctx)
	if !field.IsResolver {
		return next(ctx)
	}
	if field.Object == "Tenant" {
		if who, ok := caller.From(ctx); ok && who.Scopes.Allow(caller.ScopeOperator) {
			of, err := tenantAbove(field)
			if err != nil {
				return nil, err
			}
			ctx = caller.InTenant(ctx, of)
		}
	}
	if len(field.Field.Selections) > 0 {
		ctx = atSpot(ctx, field)
	}
	return next(ctx)
}

var errTenantLost = errors.New("a field of Tenant is not below one")

// tenantAbove returns the tenant whose field this is.
func tenantAbove(field *graphql.FieldContext) (id.ID, error) {
	if field.Parent != nil {
		switch t := field.Parent.Result.(type) {
		case *tenancy.Tenant:
			return t.ID, nil
		case **tenancy.Tenant:
			return (*t).ID, nil
		case tenancy.Tenant:
			return t.ID, nil
		}
	}
	return id.Nil, errTenantLost
}

// parsed reads an id of a kind. One that is none is told apart from one that is not there.
func parsed(kind id.Kind, field, text string) (id.ID, error) {
	of, ok := kind.Parse(text)
	if !ok {
		return id.Nil, errID.At(field)
	}
	return of, nil
}

// optional reads an id that need not be given.
func optional(kind id.Kind, field string, text *string) (*id.ID, error) {
	if text == nil {
		return nil, nil //nolint:nilnil // nothing was given
	}
	of, err := parsed(kind, field, *text)
	return &of, err
}

func value[T any](given graphql.Omittable[*T]) *T {
	v, _ := given.ValueOK()
	return v
}

// set puts a given value in its place. What is absent stays; null clears.
func set[T any](into *T, given graphql.Omittable[*T]) {
	v, ok := given.ValueOK()
	if !ok {
		return
	}
	var zero T
	*into = zero
	if v != nil {
		*into = *v
	}
}

func pointers[T any](all []T) []*T {
	some := make([]*T, len(all))
	for i := range all {
		some[i] = &all[i]
	}
	return some
}

// The kinds of things that queries find by an argument called id, under which the package of that name cannot be seen.
const (
	kindUser    = id.User
	kindGroup   = id.Group
	kindLicense = id.License
	kindRule    = id.Rule
	kindTenant  = id.Tenant
)
