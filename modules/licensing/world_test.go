package licensing_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/events"
	"github.com/usherhq/usher/modules/licensing"
)

// world is a tenant with a directory whose changes licensing follows.
type world struct {
	db     *store.DB
	people *directory.Service
	seats  *licensing.Service
}

func newWorld(db *store.DB) world { return newWorldAt(db, clock.System()) }

func newWorldAt(db *store.DB, tick clock.Clock) world {
	journal := events.New(db)
	people := directory.New(db, journal, tick)
	seats := licensing.New(db, journal, tick, people)
	people.Follow(seats)
	return world{db: db, people: people, seats: seats}
}

func (w world) license(t *testing.T, ctx context.Context, product string, seats int64) licensing.License {
	t.Helper()
	l, err := w.seats.Buy(ctx, licensing.NewLicense{Product: product, Seats: seats})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (w world) user(t *testing.T, ctx context.Context, name string) *directory.User {
	t.Helper()
	u, err := w.people.Create(ctx, directory.User{UserName: name, Active: true})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func (w world) users(t *testing.T, ctx context.Context, n int) []id.ID {
	t.Helper()
	all := make([]id.ID, n)
	for i := range all {
		all[i] = w.user(t, ctx, fmt.Sprintf("user%03d@example.com", i)).ID
	}
	return all
}

// provider acts as a SCIM configuration of the same tenant.
func provider(ctx context.Context, config id.ID) context.Context {
	who, _ := caller.From(ctx)
	return caller.With(ctx, caller.Caller{
		Tenant: who.Tenant, Kind: caller.KindSCIM, Config: config, Name: "Okta", Scopes: caller.Scopes{caller.ScopeSCIM},
	})
}

// states tells in which state each person's seat of the license is; who has none is not there.
func (w world) states(t *testing.T, ctx context.Context, license id.ID, users ...id.ID) []licensing.State {
	t.Helper()
	seats, err := w.seats.SeatsOf(ctx, users)
	if err != nil {
		t.Fatal(err)
	}
	all := make([]licensing.State, len(users))
	for i, user := range users {
		for _, seat := range seats[user] {
			if seat.License == license {
				all[i] = seat.State
			}
		}
	}
	return all
}

// audited returns the license when its kept numbers agree with its rows.
func (w world) audited(t *testing.T, ctx context.Context, license id.ID) licensing.License {
	t.Helper()
	if err := w.seats.Audit(ctx, license); err != nil {
		t.Error(err)
	}
	l, err := w.seats.Get(ctx, license)
	if err != nil {
		t.Fatal(err)
	}
	return l
}
