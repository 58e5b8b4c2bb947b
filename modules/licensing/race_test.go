package licensing_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
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
	childGate    = "USHER_SEATS_TEST_GATE"
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
	return race(ctx, uuid.MustParse(os.Getenv(childLicense)), users, gates[os.Getenv(childGate)](newWorld(db)))
}

func administrator(ctx context.Context, tenant id.ID) context.Context {
	return caller.With(ctx, caller.Caller{Tenant: tenant, Kind: caller.KindAdmin, Name: "Racer", Scopes: caller.Scopes{caller.ScopeAdmin}})
}

// contest is how one caller takes a seat and gives it back.
type contest struct {
	take, give func(ctx context.Context, license, user id.ID) error
}

// gates are the ways to a seat, by name, so that a child process can be told: Usher's own, and the one that everybody writes first.
var gates = map[string]func(world) contest{"usher": byTheGate, "naive": naively}

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

// contests are the places of the race: over two replicas, and over two processes. Each returns what went wrong, or is wrong
// afterwards.
var contests = map[string]func(t *testing.T, dialect, gate string) error{"replicas": overTwoReplicas, "processes": overTwoProcesses}

func overTwoReplicas(t *testing.T, dialect, gate string) error {
	one, two := storetest.TwoReplicas(t, dialect)
	ctx, w := storetest.Tenant(t, one), newWorld(one)
	l, users := w.license(t, ctx, "Advanced", lastSeats), w.users(t, ctx, callers)
	other := make(chan error, 1)
	go func() { other <- race(ctx, l.ID, users[:callers/2], gates[gate](w)) }()
	second := race(ctx, l.ID, users[callers/2:], gates[gate](newWorld(two)))
	if err := errors.Join(<-other, second); err != nil {
		return err
	}
	return raced(ctx, w, l.ID)
}

func overTwoProcesses(t *testing.T, dialect, gate string) error {
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
		childUsers+"="+strings.Join(theirs, ","), childGate+"="+gate)
	var said strings.Builder
	child.Stderr = &said
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(race(ctx, l.ID, users[:callers/2], gates[gate](w)), child.Wait()); err != nil {
		return fmt.Errorf("%w\n%s", err, said.String())
	}
	return raced(ctx, w, l.ID)
}

// raced looks at what the race must leave: as many seats taken as there are, everybody else who still wants one in line, and
// counter, rows and ledger agree.
func raced(ctx context.Context, w world, license id.ID) error {
	l, err := w.seats.Get(ctx, license)
	if err != nil {
		return err
	}
	if l.Taken != lastSeats || l.Waiting != callers/2-lastSeats {
		err = fmt.Errorf("%d taken and %d waiting, want %d and %d", l.Taken, l.Waiting, lastSeats, callers/2-lastSeats)
	}
	return errors.Join(err, w.seats.Audit(ctx, license))
}

func TestTheLastSeatsAreNeverGivenTwice(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		for place, run := range contests {
			t.Run(dialect+" over two "+place, func(t *testing.T) {
				t.Parallel()
				if err := run(t, dialect, "usher"); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// TestTheRaceCatchesANaiveGate runs the same race with a planted gate: look whether a seat is free, then take it. The same check
// must find what it does, where the database's own has not stopped it before. One caller after the other, that gate passes the check: it is only its haste that is wrong.
func TestTheRaceCatchesANaiveGate(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		for place, run := range contests {
			t.Run(dialect+" over two "+place, func(t *testing.T) {
				t.Parallel()
				err := run(t, dialect, "naive")
				if err == nil {
					t.Error("a gate that checks first and acts then got away with it")
				}
				t.Log(err)
			})
		}
		t.Run(dialect+" one by one", func(t *testing.T) {
			t.Parallel()
			db := storetest.Open(t, dialect)
			ctx, w := storetest.Tenant(t, db), newWorld(db)
			l := w.license(t, ctx, "Advanced", lastSeats)
			for _, pair := range pairs(w.users(t, ctx, callers)) {
				if err := race(ctx, l.ID, pair[:1], naively(w)); err != nil {
					t.Fatal(err)
				}
				gate := naively(w)
				if err := errors.Join(gate.take(ctx, l.ID, pair[1]), gate.give(ctx, l.ID, pair[1])); err != nil {
					t.Fatal(err)
				}
			}
			if err := raced(ctx, w, l.ID); err != nil {
				t.Error(err)
			}
		})
	}
}

func pairs(users []id.ID) [][]id.ID { return slices.Collect(slices.Chunk(users, 2)) }
