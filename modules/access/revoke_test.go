package access_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/access"
	"github.com/usherhq/usher/modules/events"
)

const (
	revocations = 100
	atOnce      = 10
	never       = time.Hour
)

// running is a replica that listens and polls until the test ends.
func running(t *testing.T, address string, poll time.Duration) *access.Service {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: address, Poll: never})
	if err != nil {
		t.Fatal(err)
	}
	o := wrapping()
	o.Poll = poll
	s, err := access.New(db, events.New(db), clock.System(), o)
	if err == nil {
		err = s.Load(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := errors.Join(<-done, db.Close()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// refuses waits until a replica refuses a token, and tells how long that took.
func refuses(t *testing.T, s *access.Service, secret string, limit time.Duration) time.Duration {
	t.Helper()
	begun, tick := time.Now(), time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		_, err := s.Authenticate(t.Context(), secret)
		took := time.Since(begun)
		switch {
		case errors.Is(err, access.ErrTokenRevoked):
			return took
		case err != nil:
			t.Errorf("a token that was revoked on another replica: %v", err)
			return took
		case took > limit:
			t.Errorf("a token is still good %v after it was revoked", took)
			return took
		}
		<-tick.C
	}
}

// revoked revokes tokens on one replica, some at a time, and returns how long each was good on the other, the longest last.
func revoked(t *testing.T, ctx context.Context, here, there *access.Service, limit time.Duration) []time.Duration {
	t.Helper()
	var mu sync.Mutex
	var all []time.Duration
	for range revocations / atOnce {
		var wait sync.WaitGroup
		for range atOnce {
			token, secret := issue(t, ctx, here, caller.ScopeAdmin)
			if _, err := there.Authenticate(ctx, secret); err != nil {
				t.Fatal(err)
			}
			wait.Go(func() {
				if _, err := here.Revoke(ctx, token.ID); err != nil {
					t.Error(err)
					return
				}
				if _, err := here.Authenticate(ctx, secret); !errors.Is(err, access.ErrTokenRevoked) {
					t.Errorf("where it was revoked: %v", err)
				}
				took := refuses(t, there, secret, limit)
				mu.Lock()
				all = append(all, took)
				mu.Unlock()
			})
		}
		wait.Wait()
	}
	slices.Sort(all)
	return all
}

// tenantAt makes a tenant in a database that replicas open by themselves.
func tenantAt(t *testing.T, address string) context.Context {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: address})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	return storetest.Tenant(t, db)
}

// TestARevocationReachesTheOtherReplicaWithinASecond lets nothing but the news do it: nobody polls.
func TestARevocationReachesTheOtherReplicaWithinASecond(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			address := storetest.URL(t, dialect)
			ctx := tenantAt(t, address)
			took := revoked(t, ctx, running(t, address, never), running(t, address, never), 5*time.Second)
			p99 := took[len(took)-1-len(took)/100]
			if p99 > time.Second {
				t.Errorf("of %d revocations the other replica knew after %v (p99), want a second at most", len(took), p99)
			}
			t.Logf("p50 %v, p99 %v", took[len(took)/2], p99)
		})
	}
}

// TestWithoutNewsPollingMakesItFiveSeconds cuts a replica off from the news of the others. On SQLite there is nothing to cut: a
// look at the file is all the news that there is.
func TestWithoutNewsPollingMakesItFiveSeconds(t *testing.T) {
	t.Parallel()
	const poll, slack = 200 * time.Millisecond, time.Second
	if access.PollEvery+slack > 5*time.Second {
		t.Errorf("a replica polls every %v", access.PollEvery)
	}
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			address := storetest.URL(t, dialect)
			ctx := tenantAt(t, address)
			here, cut := running(t, address, never), address
			if dialect == storetest.Postgres {
				cut = storetest.Deaf(t, address, math.MaxInt32)
				deafOnes, hearing := running(t, cut, never), running(t, address, never)
				token, secret := issue(t, ctx, here, caller.ScopeAdmin)
				if _, err := deafOnes.Authenticate(ctx, secret); err != nil {
					t.Fatal(err)
				}
				if _, err := here.Revoke(ctx, token.ID); err != nil {
					t.Fatal(err)
				}
				refuses(t, hearing, secret, 5*time.Second)
				if _, err := deafOnes.Authenticate(ctx, secret); err != nil {
					t.Fatalf("a replica that neither hears nor polls knows of a revocation: %v", err)
				}
			}
			took := revoked(t, ctx, here, running(t, cut, poll), 5*time.Second)
			if longest := took[len(took)-1]; longest > poll+slack {
				t.Errorf("a replica that polls every %v knew of a revocation after %v", poll, longest)
			}
		})
	}
}
