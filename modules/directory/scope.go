package directory

import (
	"context"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
)

// scope is where a caller looks from: a tenant and, for an identity provider, one of its configurations.
type scope struct {
	tenant id.ID
	config id.ID      // id.Nil for everybody else
	who    id.ID      // the configuration, the administrator or the token
	own    *SchemaSet // the tenant's schemas, where a verb needs them
}

func scopeOf(ctx context.Context) (scope, error) {
	tenant, err := caller.Tenant(ctx)
	if err != nil {
		return scope{}, err
	}
	who, _ := caller.From(ctx)
	return scope{tenant: tenant, config: who.Config, who: who.ID()}, nil
}

// scope is scopeOf with the tenant's schemas.
func (s *Service) scope(ctx context.Context) (scope, error) {
	q, err := scopeOf(ctx)
	if err != nil {
		return q, err
	}
	q.own, err = s.schemas(ctx, q)
	return q, err
}

// scopeFor is the scope of who reads people in some detail: an outline needs no schemas.
func (s *Service) scopeFor(ctx context.Context, detail Detail) (scope, error) {
	if detail == Outline {
		return scopeOf(ctx)
	}
	return s.scope(ctx)
}

// provider tells whether the caller is an identity provider.
func (q scope) provider() bool { return q.config != id.Nil }

func (q scope) origin() string {
	if q.provider() {
		return OriginSCIM
	}
	return OriginGraphQL
}

// The names of the kept totals. leftCount counts people whom a configuration may not see any more.
const (
	usersCount  = "users"
	groupsCount = "groups"
)

func leftCount(config id.ID) string { return "left:" + config.String() }
