package access_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/access"
)

// movable is a clock that tests move.
type movable struct{ ahead atomic.Int64 }

func (m *movable) tell() time.Time         { return clock.System()().Add(time.Duration(m.ahead.Load())) }
func (m *movable) forward(d time.Duration) { m.ahead.Add(int64(d)) }

func TestAKeyThatWasRotatedElsewhereIsFound(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			one, two := storetest.TwoReplicas(t, dialect)
			ctx := storetest.Tenant(t, one)
			now := &movable{}
			here, there := open(t, ctx, one, clock.System()), open(t, ctx, two, now.tell)
			if _, err := here.RotateKey(outside(ctx)); err != nil {
				t.Fatal(err)
			}
			_, secret := issue(t, ctx, here, caller.ScopeAdmin)
			now.forward(time.Second) // there was no news since
			if _, err := there.Authenticate(ctx, secret); err != nil {
				t.Errorf("a token of the new key: %v", err)
			}
		})
	}
}

func TestAKeyThatCannotBeLookedUpIsNoForgery(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			db, err := store.Open(t.Context(), store.Options{URL: storetest.URL(t, dialect)})
			if err != nil {
				t.Fatal(err)
			}
			ctx, now := storetest.Tenant(t, db), &movable{}
			s := open(t, ctx, db, now.tell)
			_, secret := issue(t, ctx, s, caller.ScopeAdmin)
			changed := taken(t, secret)
			changed.header["kid"] = id.New().String()
			token := changed.signed(t, jwt.SigningMethodES256, access.SignerOf(s))
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			now.forward(2 * time.Second)
			for range 3 {
				if _, err := s.Authenticate(ctx, token); !errors.Is(err, access.ErrUnsure) {
					t.Errorf("got %v", err)
				}
			}
		})
	}
}

func TestARequestThatIsBrokenOffDoesNotSpeakForOthers(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, now := storetest.Tenant(t, db), &movable{}
		s := open(t, ctx, db, now.tell)
		_, secret := issue(t, ctx, s, caller.ScopeAdmin)
		now.forward(2 * time.Minute)
		gone, stop := context.WithCancel(ctx)
		stop()
		if _, err := s.Authenticate(gone, secret); !errors.Is(err, access.ErrUnsure) {
			t.Errorf("broken off: %v", err)
		}
		if _, err := s.Authenticate(ctx, secret); err != nil {
			t.Errorf("the next: %v", err)
		}
	})
}

func TestUsesAreKeptToTheMinuteAndUntilTheyAreWritten(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := storetest.Tenant(t, db)
		var now atomic.Pointer[time.Time]
		begin := clock.Cut(time.Now()).Truncate(time.Minute).Add(10 * time.Second)
		now.Store(&begin)
		s := open(t, ctx, db, func() time.Time { return *now.Load() })
		early, earlySecret := issue(t, ctx, s, caller.ScopeAdmin)
		late, lateSecret := issue(t, ctx, s, caller.ScopeAdmin)
		unused, _ := issue(t, ctx, s, caller.ScopeAdmin)
		authenticate := func(secret string) {
			t.Helper()
			if _, err := s.Authenticate(ctx, secret); err != nil {
				t.Fatal(err)
			}
		}
		authenticate(earlySecret)
		authenticate(lateSecret)
		next := begin.Add(time.Minute)
		now.Store(&next)
		authenticate(lateSecret)
		broken, stop := context.WithCancel(ctx)
		stop()
		if err := s.FlushUses(broken); err == nil {
			t.Error("uses were written without a database")
		}
		if err := s.FlushUses(ctx); err != nil {
			t.Fatal(err)
		}
		authenticate(lateSecret) // in a minute that is written already
		if err := s.FlushUses(broken); err != nil {
			t.Errorf("a use was written twice in its minute: %v", err)
		}
		for token, want := range map[id.ID]time.Time{early.ID: begin.Truncate(time.Minute), late.ID: next.Truncate(time.Minute), unused.ID: {}} {
			got, err := s.Get(ctx, token)
			switch {
			case err != nil:
				t.Error(err)
			case want.IsZero():
				if got.LastUsedAt != nil {
					t.Errorf("an unused token was used at %v", got.LastUsedAt)
				}
			case got.LastUsedAt == nil || !got.LastUsedAt.Equal(want):
				t.Errorf("last used at %v, want %v", got.LastUsedAt, want)
			}
		}
	})
}

func TestWhatIsRememberedIsBounded(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, now := storetest.Tenant(t, db), &movable{}
		s := open(t, ctx, db, now.tell)
		if got := access.Remember(s, access.MaxVerified+1); got > access.MaxVerified {
			t.Errorf("%d verified tokens are remembered", got)
		}
		request := service(id.Nil)
		who, _ := caller.From(ctx)
		request.Tenant, request.Life = who.Tenant, time.Hour
		token, secret, err := s.Issue(ctx, request)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Revoke(ctx, token.ID); err != nil {
			t.Fatal(err)
		}
		if err := s.Refresh(ctx); err != nil || access.Revocations(s) != 1 {
			t.Errorf("%d revocations are remembered, want 1; %v", access.Revocations(s), err)
		}
		now.forward(2 * time.Hour)
		if err := s.Refresh(ctx); err != nil || access.Revocations(s) != 0 {
			t.Errorf("%d revocations are remembered of tokens that have expired; %v", access.Revocations(s), err)
		}
		if _, err := s.Authenticate(ctx, secret.Reveal()); !errors.Is(err, access.ErrTokenExpired) {
			t.Errorf("revoked and expired: %v", err)
		}
	})
}

func TestAKeyInAnotherKeysPlaceIsNotTaken(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := storetest.Tenant(t, db)
		s := open(t, ctx, db, clock.System())
		err := store.Do(ctx, db, func(ctx context.Context) error {
			_, err := db.Exec(ctx, `UPDATE signing_keys SET id = $1 WHERE retired_at IS NULL`, id.New())
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Refresh(ctx); err == nil || !strings.Contains(err.Error(), "another wrapping key") {
			t.Errorf("got %v", err)
		}
	})
}

func TestASecretIsNeverLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("issued", "secret", access.Secret("eyJ.secret.part"))
	if strings.Contains(log.String(), "secret.part") || !strings.Contains(log.String(), "…") {
		t.Errorf("logged as %s", log.String())
	}
}

func TestTheKeySetShowsPublicHalvesOnly(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := storetest.Tenant(t, db)
		s := open(t, ctx, db, clock.System())
		issue(t, ctx, s, caller.ScopeAdmin)
		if _, err := s.RotateKey(outside(ctx)); err != nil {
			t.Fatal(err)
		}
		text, err := s.JWKS()
		if err != nil {
			t.Fatal(err)
		}
		var set struct {
			Keys []map[string]string `json:"keys"`
		}
		if err := json.Unmarshal(text, &set); err != nil || len(set.Keys) != 2 {
			t.Fatalf("key set %s: %v", text, err)
		}
		for _, k := range set.Keys {
			if len(k) != 7 || k["kty"] != "EC" || k["crv"] != "P-256" || k["alg"] != "ES256" || k["use"] != "sig" || k["d"] != "" {
				t.Errorf("a key is shown as %v", k)
			}
		}
	})
}
