package store_test

import (
	"context"
	"errors"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
)

const soon = 3 * time.Second // less than the poll of PostgreSQL, so that only news can be so early

func heard(news <-chan struct{}, within time.Duration) bool {
	select {
	case <-news:
		return true
	case <-time.After(within):
		return false
	}
}

// quiet waits until the topic has nothing more to say, such as the first look of SQLite.
func quiet(news <-chan struct{}) {
	for heard(news, 600*time.Millisecond) {
	}
}

func TestNewsReachEveryReplica(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			here, there := storetest.TwoReplicas(t, dialect)
			ctx := storetest.Tenant(t, here)
			own, cancelOwn := here.Listen("people")
			defer cancelOwn()
			far, cancelFar := there.Listen("people")
			defer cancelFar()
			quiet(far)
			quiet(own)
			err := store.Do(ctx, here, func(ctx context.Context) error {
				store.AfterCommit(ctx, func() { here.Notify("people") })
				if heard(own, 0) {
					t.Error("news before the commit")
				}
				return store.Defer(ctx, addUser(ctx, here, "ada"))
			})
			if err != nil {
				t.Fatal(err)
			}
			if !heard(own, soon) {
				t.Error("this replica has not heard")
			}
			if !heard(far, soon) {
				t.Error("the other replica has not heard")
			}
		})
	}
}

func TestNewsOfOtherTopicsWakeNobodyOnPostgres(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, storetest.Postgres)
	news, cancel := db.Listen("people")
	quiet(news)
	db.Notify("tokens")
	if heard(news, 300*time.Millisecond) {
		t.Error("heard of another topic")
	}
	cancel()
	db.Notify("people")
	if heard(news, 300*time.Millisecond) {
		t.Error("heard after cancel")
	}
}

func TestManyNewsAreFew(t *testing.T) {
	t.Parallel()
	here, there := storetest.TwoReplicas(t, storetest.Postgres)
	news, cancel := there.Listen("people")
	defer cancel()
	quiet(news)
	for range 1000 {
		here.Notify("people")
	}
	count := 0
	for heard(news, 500*time.Millisecond) {
		count++
	}
	if count == 0 || count > 50 {
		t.Errorf("1000 notifications came as %d", count)
	}
}

func TestPollHelpsWhereNewsAreLost(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			db := storetest.Open(t, dialect, func(options *store.Options) { options.Poll = time.Second })
			news, cancel := db.Listen("people")
			defer cancel()
			quiet(news)
			if !heard(news, soon) {
				t.Error("the poll has woken nobody")
			}
		})
	}
}

func TestOnlyOneReplicaWorksExclusively(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			here, there := storetest.TwoReplicas(t, dialect)
			expect := func(db *store.DB, name string, want bool) {
				t.Helper()
				ran, err := db.Exclusively(t.Context(), name, func(context.Context) error { return nil })
				if err != nil || ran != want {
					t.Errorf("ran: %v, want %v: %v", ran, want, err)
				}
			}
			ran, err := here.Exclusively(t.Context(), "numbering", func(context.Context) error {
				expect(here, "numbering", false)
				expect(there, "numbering", false)
				expect(there, "folding", true)
				return errOops
			})
			if !ran || err != errOops { //nolint:errorlint // the very error
				t.Errorf("ran: %v, %v", ran, err)
			}
			expect(there, "numbering", true)
			expect(here, "numbering", true)
		})
	}
}

func TestWorkEndsWithTheLockThatItWasDoneUnder(t *testing.T) {
	t.Parallel()
	here, there := storetest.TwoReplicas(t, storetest.Postgres)
	ran, err := here.Exclusively(t.Context(), "numbering", func(ctx context.Context) error {
		const endHolder = `SELECT count(pg_terminate_backend(pid)) FROM pg_locks
			WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
		if err := there.QueryRow(ctx, endHolder).Scan(new(int)); err != nil {
			t.Error(err)
		}
		<-ctx.Done()
		return ctx.Err()
	})
	if !ran || !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("ran: %v, %v", ran, err)
	}
	again, err := there.Exclusively(t.Context(), "numbering", func(context.Context) error { return nil })
	if !again || err != nil {
		t.Errorf("the lock was not free afterwards: %v, %v", again, err)
	}
}

// TestAListenerThatHearsNothingIsReplaced silences the connection that listens, as a broken network does: news come again over the
// next one.
func TestAListenerThatHearsNothingIsReplaced(t *testing.T) {
	t.Parallel()
	address := storetest.URL(t, storetest.Postgres)
	sender, err := store.Open(t.Context(), store.Options{URL: address})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sender.Close() }()
	db, err := store.Open(t.Context(), store.Options{URL: storetest.Deaf(t, address, 1), Poll: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	people, cancelPeople := db.Listen("people")
	defer cancelPeople()
	tokens, cancelTokens := db.Listen("tokens")
	defer cancelTokens()
	for limit := time.Now().Add(30 * time.Second); ; {
		for heard(people, 0) || heard(tokens, 0) {
		}
		sender.Notify("people")
		if heard(people, soon) && !heard(tokens, 50*time.Millisecond) { // a poll would have woken both
			break
		}
		if time.Now().After(limit) {
			t.Fatal("no news came over another connection")
		}
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

// TestCloseWaitsForNoListenerThatHearsNothing silences every connection that listens, with and without a look at it.
func TestCloseWaitsForNoListenerThatHearsNothing(t *testing.T) {
	t.Parallel()
	for _, poll := range []time.Duration{100 * time.Millisecond, time.Hour} {
		db, err := store.Open(t.Context(), store.Options{URL: storetest.Deaf(t, storetest.URL(t, storetest.Postgres), math.MaxInt32), Poll: poll})
		if err != nil {
			t.Fatal(err)
		}
		news, cancel := db.Listen("people")
		if poll < soon && !heard(news, soon) {
			t.Error("the poll has woken nobody")
		}
		cancel()
		begun := time.Now()
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		if took := time.Since(begun); took > soon {
			t.Errorf("to close took %v", took)
		}
	}
}

func TestCloseEndsListeners(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			db, err := store.Open(t.Context(), store.Options{URL: storetest.URL(t, dialect)})
			if err != nil {
				t.Fatal(err)
			}
			var workers sync.WaitGroup
			for range 4 {
				workers.Go(func() {
					_, cancel := db.Listen("people")
					defer cancel()
					db.Notify("people")
				})
			}
			workers.Wait()
			if err := db.Close(); err != nil {
				t.Error(err)
			}
			db.Notify("people")
			_, cancel := db.Listen("people")
			cancel()
		})
	}
}
