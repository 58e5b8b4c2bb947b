package licensing_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/licensing"
)

// The race: 64 callers want the last 10 seats of a license at once, and half of them give theirs back.
const (
	callers   = 64
	lastSeats = 10
)

// What a child process of the test needs to know.
const (
	childURL     = "USHER_SEATS_TEST_URL"
	childTenant  = "USHER_SEATS_TEST_TENANT"
	childLicense = "USHER_SEATS_TEST_LICENSE"
	childUsers   = "USHER_SEATS_TEST_USERS"
)

// TestMain lets a child process take part in the race for the seats of its parent's database.
func TestMain(m *testing.M) {
	if os.Getenv(childURL) == "" {
		m.Run()
		return
	}
	if err := raceAsChild(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func raceAsChild(ctx context.Context) error {
	db, err := store.Open(ctx, store.Options{URL: os.Getenv(childURL)})
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	ctx = administrator(ctx, uuid.MustParse(os.Getenv(childTenant)))
	var users []id.ID
	for text := range strings.SplitSeq(os.Getenv(childUsers), ",") {
		users = append(users, uuid.MustParse(text))
	}
	return race(ctx, uuid.MustParse(os.Getenv(childLicense)), users, byTheGate(newWorld(db)))
}

func administrator(ctx context.Context, tenant id.ID) context.Context {
	return caller.With(ctx, caller.Caller{Tenant: tenant, Kind: caller.KindAdmin, Name: "Racer", Scopes: caller.Scopes{caller.ScopeAdmin}})
}

// contest is how one caller takes a seat and gives it back.
type contest struct {
	take, give func(ctx context.Context, license, user id.ID) error
}

func byTheGate(w world) contest {
	return contest{
		take: func(ctx context.Context, license, user id.ID) error {
			_, err := w.seats.Assign(ctx, license, user)
			return err
		},
		give: func(ctx context.Context, license, user id.ID) error {
			_, err := w.seats.Unassign(ctx, license, user)
			return err
		},
	}
}

// race lets everybody take a seat at once; every second one gives it back.
func race(ctx context.Context, license id.ID, users []id.ID, c contest) error {
	start, results := make(chan struct{}), make([]error, len(users))
	var all sync.WaitGroup
	for i, user := range users {
		all.Go(func() {
			<-start
			results[i] = c.take(ctx, license, user)
			if i%2 == 1 && results[i] == nil {
				results[i] = c.give(ctx, license, user)
			}
		})
	}
	close(start)
	all.Wait()
	return errors.Join(results...)
}

func TestTheLastSeatsAreNeverGivenTwiceOverTwoReplicas(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			one, two := storetest.TwoReplicas(t, dialect)
			ctx, w := storetest.Tenant(t, one), newWorld(one)
			l, users := w.license(t, ctx, "Advanced", lastSeats), w.users(t, ctx, callers)
			var first error
			done := make(chan struct{})
			go func() {
				defer close(done)
				first = race(ctx, l.ID, users[:callers/2], byTheGate(w))
			}()
			second := race(ctx, l.ID, users[callers/2:], byTheGate(newWorld(two)))
			<-done
			if err := errors.Join(first, second); err != nil {
				t.Fatal(err)
			}
			checkRace(t, ctx, w, l.ID)
		})
	}
}

func TestTheLastSeatsAreNeverGivenTwiceOverTwoProcesses(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			address := storetest.URL(t, dialect)
			db, err := store.Open(t.Context(), store.Options{URL: address})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			ctx, w := storetest.Tenant(t, db), newWorld(db)
			l, users := w.license(t, ctx, "Advanced", lastSeats), w.users(t, ctx, callers)
			var theirs []string
			for _, user := range users[callers/2:] {
				theirs = append(theirs, user.String())
			}
			who, _ := caller.From(ctx)
			child := exec.CommandContext(t.Context(), os.Args[0])
			child.Env = append(os.Environ(), childURL+"="+address, childTenant+"="+who.Tenant.String(), childLicense+"="+l.ID.String(),
				childUsers+"="+strings.Join(theirs, ","))
			child.Stderr = os.Stderr
			if err := child.Start(); err != nil {
				t.Fatal(err)
			}
			if err := race(ctx, l.ID, users[:callers/2], byTheGate(w)); err != nil {
				t.Error(err)
			}
			if err := child.Wait(); err != nil {
				t.Error(err)
			}
			checkRace(t, ctx, w, l.ID)
		})
	}
}

// checkRace looks at what the race must leave: as many seats taken as there are, everybody else who still wants one in line.
func checkRace(t *testing.T, ctx context.Context, w world, license id.ID) {
	t.Helper()
	if l := w.audited(t, ctx, license); l.Taken != lastSeats || l.Waiting != callers/2-lastSeats {
		t.Errorf("%d taken and %d waiting, want %d and %d", l.Taken, l.Waiting, lastSeats, callers/2-lastSeats)
	}
}

// TestTheRaceCatchesANaiveGate plants the gate that everybody writes first: look whether a seat is free, then take it.
func TestTheRaceCatchesANaiveGate(t *testing.T) {
	t.Parallel()
	one, two := storetest.TwoReplicas(t, storetest.Postgres)
	ctx, w := storetest.Tenant(t, one), newWorld(one)
	l, users := w.license(t, ctx, "Advanced", lastSeats), w.users(t, ctx, callers)
	done := make(chan error)
	go func() { done <- race(ctx, l.ID, users[:callers/2], naively(one)) }()
	refused := race(ctx, l.ID, users[callers/2:], naively(two))
	if err := errors.Join(refused, <-done); err != nil {
		t.Fatal(err)
	}
	counts, err := w.seats.SeatCounts(ctx, []id.ID{l.ID}, licensing.Invited)
	if err != nil {
		t.Fatal(err)
	}
	if now, err := w.seats.Get(ctx, l.ID); err != nil || counts[l.ID] <= lastSeats && counts[l.ID] == now.Taken {
		t.Errorf("a gate that checks first and acts then got away with it: %d seats are held, %d counted, %v", counts[l.ID], now.Taken, err)
	}
}

func naively(db *store.DB) contest {
	count := func(ctx context.Context, license id.ID) (taken int64, err error) {
		who, err := caller.Must(ctx)
		if err != nil {
			return 0, err
		}
		err = db.QueryRow(ctx, `SELECT taken FROM licenses WHERE tenant_id = $1 AND id = $2`, who.Tenant, license).Scan(&taken)
		return taken, err
	}
	save := func(ctx context.Context, license, user id.ID, taken int64, state licensing.State) error {
		return store.Do(ctx, db, func(ctx context.Context) error {
			who, err := caller.Must(ctx)
			if err != nil {
				return err
			}
			if _, err := db.Exec(ctx, `UPDATE licenses SET taken = $3 WHERE tenant_id = $1 AND id = $2`, who.Tenant, license, taken); err != nil {
				return err
			}
			_, err = db.Exec(ctx, `INSERT INTO seats (tenant_id, id, license_id, user_id, state, since, created_at) VALUES ($1, $2, $3, $4, $5, $6, $6)
				ON CONFLICT (tenant_id, license_id, user_id) DO UPDATE SET state = $5`, who.Tenant, id.New(), license, user, string(state), db.Now())
			return err
		})
	}
	return contest{
		take: func(ctx context.Context, license, user id.ID) error {
			taken, err := count(ctx, license)
			if err != nil || taken >= lastSeats {
				return err
			}
			return save(ctx, license, user, taken+1, licensing.Invited)
		},
		give: func(context.Context, id.ID, id.ID) error { return nil },
	}
}
