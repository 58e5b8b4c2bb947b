package access_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/access"
)

// TestARetiredKeyVerifiesUntilItsLastTokenExpires rotates on one replica and looks from both.
func TestARetiredKeyVerifiesUntilItsLastTokenExpires(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			one, two := storetest.TwoReplicas(t, dialect)
			ctx, now := storetest.Tenant(t, one), &movable{}
			here, there := open(t, ctx, one, now.tell), open(t, ctx, two, now.tell)
			request := access.Request{SubjectKind: access.SubjectService, Name: "Short", Scopes: caller.Scopes{caller.ScopeAdmin}, Life: time.Hour}
			who, _ := caller.From(ctx)
			request.Tenant = who.Tenant
			old, secret, err := here.Issue(ctx, request)
			if err != nil {
				t.Fatal(err)
			}
			next, err := here.RotateKey(outside(ctx))
			if err != nil {
				t.Fatal(err)
			}
			fresh, _ := issue(t, ctx, here, caller.ScopeAdmin)
			keys, err := there.Keys(outside(ctx))
			if err != nil || len(keys) != 2 {
				t.Fatalf("keys are %+v, %v", keys, err)
			}
			if k := keys[0]; k.ID != next.ID || k.RetiredAt != nil || k.VerifiesUntil == nil || !k.VerifiesUntil.Equal(fresh.ExpiresAt) {
				t.Errorf("the new key is %+v", k)
			}
			if k := keys[1]; k.RetiredAt == nil || !k.RetiredAt.Equal(next.CreatedAt) || k.VerifiesUntil == nil || !k.VerifiesUntil.Equal(old.ExpiresAt) {
				t.Errorf("the retired key is %+v", k)
			}
			published := func(s *access.Service) bool {
				t.Helper()
				if err := s.Refresh(t.Context()); err != nil {
					t.Fatal(err)
				}
				text, err := s.JWKS()
				if err != nil {
					t.Fatal(err)
				}
				return strings.Contains(string(text), keys[1].ID.String())
			}
			for _, s := range []*access.Service{here, there} {
				if _, err := s.Authenticate(ctx, secret.Reveal()); err != nil || !published(s) {
					t.Errorf("a token of the retired key: %v", err)
				}
			}
			now.forward(2 * time.Hour)
			for _, s := range []*access.Service{here, there} {
				if published(s) {
					t.Error("the retired key is still there after its last token")
				}
				if _, err := s.Authenticate(ctx, secret.Reveal()); !errors.Is(err, access.ErrTokenExpired) {
					t.Errorf("an expired token of the retired key: %v", err)
				}
			}
			if _, err := here.Keys(ctx); err == nil {
				t.Error("an administrator sees the installation's keys")
			}
		})
	}
}
