package access_test

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/access"
	"github.com/usherhq/usher/modules/events"
)

// together runs all at the same time and returns what each came to.
func together(all ...func() error) []error {
	var wait sync.WaitGroup
	came := make([]error, len(all))
	for n, one := range all {
		wait.Go(func() { came[n] = one() })
	}
	wait.Wait()
	return came
}

func TestReplicasThatStartTogetherAreOneInstallation(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			one, two := storetest.TwoReplicas(t, dialect)
			var starts []func() error
			var replicas []*access.Service
			for _, db := range []*store.DB{one, two, one, two} {
				s, err := access.New(db, events.New(db), clock.System(), wrapping())
				if err != nil {
					t.Fatal(err)
				}
				replicas = append(replicas, s)
				starts = append(starts, func() error { return s.Load(t.Context()) })
			}
			if err := errors.Join(together(starts...)...); err != nil {
				t.Fatal(err)
			}
			want := publicKey(t, replicas[0]) // and there is but one
			for _, s := range replicas[1:] {
				if !bytes.Equal(publicKey(t, s), want) {
					t.Error("two replicas have two keys")
				}
			}
			_, secret := issue(t, storetest.Tenant(t, one), replicas[0], caller.ScopeAdmin)
			if _, err := replicas[1].Authenticate(t.Context(), secret); err != nil {
				t.Errorf("on another replica: %v", err)
			}
		})
	}
}

func administratorIn(t *testing.T, ctx context.Context, s *access.Service, email string) access.Administrator {
	t.Helper()
	made, err := s.CreateAdministrator(ctx, access.NewAdministrator{Name: email, Email: email, Role: access.Full})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func lowered(a *access.Administrator) error {
	a.Role = access.Limited
	return nil
}

func TestTheLastTwoFullAdministratorsCannotGoAtOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		base := storetest.Tenant(t, db)
		s := open(t, base, db, clock.System())
		for range 10 {
			ctx := storetest.Tenant(t, db)
			ada, ben := administratorIn(t, ctx, s, "ada@example.com"), administratorIn(t, ctx, s, "ben@example.com")
			came := together(
				func() error { return s.RemoveAdministrator(ctx, ada.ID) },
				func() error { _, err := s.ChangeAdministrator(ctx, ben.ID, nil, lowered); return err },
			)
			refused := 0
			for _, err := range came {
				switch {
				case errors.Is(err, access.ErrLastAdministrator):
					refused++
				case err != nil:
					t.Error(err)
				}
			}
			if refused != 1 {
				t.Errorf("%d of two were refused: %v", refused, came)
			}
		}
	})
}

func TestNoTokenOpensMoreThanItsAdministratorMay(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := storetest.Tenant(t, db)
		s := open(t, ctx, db, clock.System())
		administratorIn(t, ctx, s, "first@example.com")
		ada := administratorIn(t, ctx, s, "ada@example.com")
		_, all := issueFor(t, ctx, s, ada.ID, caller.ScopeAdmin)
		_, some := issueFor(t, ctx, s, ada.ID, caller.ScopeReportsRead, caller.ScopeAdminRead)
		if _, err := s.ChangeAdministrator(ctx, ada.ID, nil, lowered); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Authenticate(ctx, all); !errors.Is(err, access.ErrTokenRevoked) {
			t.Errorf("what opens more: %v", err)
		}
		if _, err := s.Authenticate(ctx, some); err != nil {
			t.Errorf("what opens no more: %v", err)
		}
		who, _ := caller.From(ctx)
		_, _, err := s.Issue(ctx, access.Request{
			Tenant: who.Tenant, SubjectKind: access.SubjectAdministrator, Subject: ada.ID, Name: "More", Scopes: caller.Scopes{caller.ScopeAdmin},
		})
		if !errors.Is(err, access.ErrInvalidToken) {
			t.Errorf("a new one that opens more: %v", err)
		}
		if _, _, err := s.Issue(ctx, access.Request{
			Tenant: who.Tenant, SubjectKind: access.SubjectAdministrator, Subject: id.New(), Name: "Nobody's", Scopes: caller.Scopes{caller.ScopeAdmin},
		}); !errors.Is(err, access.ErrAdministratorNotFound) {
			t.Errorf("one of nobody: %v", err)
		}
	})
}

func TestNoTokenOutlivesItsAdministrator(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := storetest.Tenant(t, db)
		s := open(t, ctx, db, clock.System())
		who, _ := caller.From(ctx)
		administratorIn(t, ctx, s, "first@example.com")
		for range 10 {
			ada := administratorIn(t, ctx, s, "ada@example.com")
			var secret access.Secret
			came := together(
				func() error { return s.RemoveAdministrator(ctx, ada.ID) },
				func() (err error) {
					_, secret, err = s.Issue(ctx, access.Request{
						Tenant: who.Tenant, SubjectKind: access.SubjectAdministrator, Subject: ada.ID, Name: "Hers", Scopes: caller.Scopes{caller.ScopeAdmin},
					})
					return err
				},
			)
			if came[0] != nil {
				t.Fatal(came[0])
			}
			if errors.Is(came[1], access.ErrAdministratorNotFound) {
				continue
			}
			if came[1] != nil {
				t.Fatal(came[1])
			}
			if _, err := s.Authenticate(ctx, secret.Reveal()); !errors.Is(err, access.ErrTokenRevoked) {
				t.Errorf("the token of who is gone: %v", err)
			}
		}
	})
}

func TestARevocationIsRecordedOnceUnderRace(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := storetest.Tenant(t, db)
		s, journal := open(t, ctx, db, clock.System()), events.New(db)
		for range 10 {
			token, _ := issue(t, ctx, s, caller.ScopeAdmin)
			revoke := func() error { _, err := s.Revoke(ctx, token.ID); return err }
			if err := errors.Join(together(revoke, revoke, revoke, revoke)...); err != nil {
				t.Fatal(err)
			}
			if _, err := journal.Number(t.Context()); err != nil {
				t.Fatal(err)
			}
			read, err := journal.After(ctx, 0, 50, events.Filter{Kinds: []string{"token.revoked"}, Subject: token.ID})
			if err != nil || len(read.Items) != 1 {
				t.Errorf("recorded %d times, %v", len(read.Items), err)
			}
		}
	})
}
