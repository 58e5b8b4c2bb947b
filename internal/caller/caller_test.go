package caller_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/fault"
)

func TestWhatEachScopeOpens(t *testing.T) {
	t.Parallel()
	all := []string{"scim", "scim:read", "admin", "admin:read", "reports:read", "entitlements:read", "operator"}
	opens := map[string][]string{
		"scim":              {"scim", "scim:read"},
		"scim:read":         {"scim:read"},
		"admin":             {"admin", "admin:read", "reports:read", "entitlements:read"},
		"admin:read":        {"admin:read", "reports:read", "entitlements:read"},
		"reports:read":      {"reports:read"},
		"entitlements:read": {"entitlements:read"},
		"operator":          {"admin", "admin:read", "reports:read", "entitlements:read", "operator"},
		"":                  nil,
	}
	for has, open := range opens {
		for _, need := range all {
			if got, want := (caller.Scopes{has}).Allow(need), slices.Contains(open, need); got != want {
				t.Errorf("a token with %q asks for %q: allowed %v, want %v", has, need, got, want)
			}
		}
	}
}

func TestNobodyMayDoNothing(t *testing.T) {
	t.Parallel()
	err := caller.Require(t.Context(), caller.ScopeAdminRead)
	if found, ok := fault.As(err); !ok || found.Kind != fault.Unauthenticated {
		t.Fatalf("a context without a caller got %v", err)
	}
	ctx := caller.With(t.Context(), caller.Caller{Scopes: caller.Scopes{caller.ScopeSCIM}})
	if found, ok := fault.As(caller.Require(ctx, caller.ScopeAdmin)); !ok || found.Kind != fault.Forbidden {
		t.Fatalf("a SCIM token asking for admin got %v", found)
	}
}

func TestWhoActsInNoTenantIsToldToNameOne(t *testing.T) {
	t.Parallel()
	operator := caller.With(t.Context(), caller.Caller{Kind: caller.KindOperator, Scopes: caller.Scopes{caller.ScopeOperator}})
	if _, err := caller.Tenant(operator); !errors.Is(err, caller.ErrNoTenant) {
		t.Errorf("an operator outside of any tenant got %v", err)
	}
	if found, ok := fault.As(errOf(caller.Tenant(t.Context()))); !ok || found.Kind != fault.Unauthenticated {
		t.Errorf("nobody got %v", found)
	}
	of := uuid.New()
	if got, err := caller.Tenant(caller.InTenant(operator, of)); err != nil || got != of {
		t.Errorf("within a tenant: %v, %v", got, err)
	}
}

func errOf[T any](_ T, err error) error { return err }

func TestInTenantKeepsWhoAsks(t *testing.T) {
	t.Parallel()
	tenant := uuid.New()
	was := caller.Caller{Kind: caller.KindOperator, Token: uuid.New(), Name: "night shift"}
	now, _ := caller.From(caller.InTenant(caller.With(t.Context(), was), tenant))
	if now.Tenant != tenant || now.Name != was.Name || now.ID() != was.Token {
		t.Fatalf("got %+v", now)
	}
}
