package licensing_test

import (
	"context"
	"errors"
	"os"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/licensing"
)

func TestTheMachineIsAsItIsDrawn(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/seats.md")
	if err != nil {
		t.Fatal(err)
	}
	states := 0
	for line := range strings.SplitSeq(string(text), "\n") {
		cells := strings.Split(line, "|")
		if len(cells) != 4 || strings.HasPrefix(line, "|---") || strings.TrimSpace(cells[1]) == "from" {
			continue
		}
		from := licensing.State(strings.ReplaceAll(strings.TrimSpace(cells[1]), "(nobody)", ""))
		var drawn []licensing.State
		for to := range strings.SplitSeq(cells[2], ",") {
			drawn = append(drawn, licensing.State(strings.TrimSpace(to)))
		}
		if got := licensing.Transitions(from); !reflect.DeepEqual(got, drawn) {
			t.Errorf("from %q the machine goes to %v, drawn is %v", from, got, drawn)
		}
		states++
	}
	if states != 8 {
		t.Errorf("the table has %d states", states)
	}
}

// clocked is a world whose time the test moves.
type clocked struct {
	world

	now *atomic.Int64
}

func newClocked(db *store.DB) clocked {
	now := &atomic.Int64{}
	now.Store(time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC).Unix())
	return newClockedAt(db, now)
}

// newClockedAt is a world that shares its time with another.
func newClockedAt(db *store.DB, now *atomic.Int64) clocked {
	return clocked{world: newWorldAt(db, func() time.Time { return time.Unix(now.Load(), 0).UTC() }), now: now}
}

func (w clocked) pass(days int) { w.now.Add(int64(days) * 24 * 3600) }

func (w world) change(t *testing.T, ctx context.Context, of id.ID, edit func(*licensing.License)) licensing.License {
	t.Helper()
	l, err := w.seats.Change(ctx, of, nil, func(l *licensing.License) error { edit(l); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (w world) activity(t *testing.T, ctx context.Context, user id.ID, active bool) {
	t.Helper()
	if _, _, err := w.people.Change(ctx, user, func(u *directory.User) error { u.Active = active; return nil }, nil); err != nil {
		t.Fatal(err)
	}
}

func TestALeaverKeepsHerSeatForTheDaysOfGrace(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newClocked(db), storetest.Tenant(t, db)
		config := storetest.Config(t, db, ctx)
		okta := provider(ctx, config)
		l := w.license(t, ctx, "Advanced", 1)
		w.change(t, ctx, l.ID, func(l *licensing.License) { l.GraceDays = 14 })
		if err := w.seats.AutoAssign(ctx, config, &l.ID); err != nil {
			t.Fatal(err)
		}
		people := make([]id.ID, 2)
		for i, name := range []string{"ada", "bob"} {
			u, err := w.people.Create(okta, directory.User{UserName: name, Active: true})
			if err != nil {
				t.Fatal(err)
			}
			people[i] = u.ID
		}
		if _, err := w.seats.Activate(ctx, l.ID, people[0]); err != nil {
			t.Fatal(err)
		}
		expect := func(want ...licensing.State) {
			t.Helper()
			if got := w.states(t, ctx, l.ID, people...); !reflect.DeepEqual(got, want) {
				t.Errorf("the seats are %v, want %v", got, want)
			}
			w.audited(t, ctx, l.ID)
		}
		end := func(want int) {
			t.Helper()
			if ended, err := w.seats.EndGraces(ctx); ended != want || err != nil {
				t.Errorf("%d graces ended, want %d: %v", ended, want, err)
			}
		}
		w.activity(t, okta, people[0], false)
		expect(licensing.Grace, licensing.Waiting)
		w.pass(13)
		end(0)
		w.activity(t, okta, people[0], true)
		expect(licensing.Activated, licensing.Waiting)
		w.activity(t, okta, people[0], false)
		w.pass(14)
		end(1)
		end(0)
		expect(licensing.Released, licensing.Invited)

		// Whoever is deleted will not come back.
		w.activity(t, okta, people[1], false)
		expect(licensing.Released, licensing.Grace)
		if err := w.people.Delete(okta, people[1], nil); err != nil {
			t.Fatal(err)
		}
		expect(licensing.Released, licensing.Released)
	})
}

func product(ctx context.Context) context.Context {
	who, _ := caller.From(ctx)
	return caller.With(ctx, caller.Caller{Tenant: who.Tenant, Kind: caller.KindService, Name: "Product", Scopes: caller.Scopes{caller.ScopeEntitlementsWrite}})
}

func TestConsentIsHersAlone(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newWorld(db), storetest.Tenant(t, db)
		l := w.license(t, ctx, "TeamLink Extend", 1)
		w.change(t, ctx, l.ID, func(l *licensing.License) { l.Consent = true })
		people := w.users(t, ctx, 2)
		say := func(user id.ID, said licensing.Consent) error {
			_, err := w.seats.RecordConsent(product(ctx), l.ID, user, said)
			return err
		}
		expect := func(want ...licensing.State) {
			t.Helper()
			if got := w.states(t, ctx, l.ID, people...); !reflect.DeepEqual(got, want) {
				t.Errorf("the seats are %v, want %v", got, want)
			}
			w.audited(t, ctx, l.ID)
		}
		if err := say(people[0], licensing.ConsentGiven); !errors.Is(err, licensing.ErrConsentNotAsked) {
			t.Errorf("nobody has asked her: %v", err)
		}
		for _, user := range people {
			if _, err := w.seats.Assign(ctx, l.ID, user); err != nil {
				t.Fatal(err)
			}
		}
		expect(licensing.Consenting, licensing.Waiting)
		if _, err := w.seats.RecordConsent(ctx, l.ID, people[0], licensing.ConsentGiven); err == nil {
			t.Error("an administrator has consented for her")
		}
		if err := say(people[0], licensing.ConsentGiven); err != nil {
			t.Fatal(err)
		}
		expect(licensing.Invited, licensing.Waiting)
		if err := say(people[0], licensing.ConsentWithdrawn); err != nil {
			t.Fatal(err)
		}
		expect(licensing.Released, licensing.Consenting)
		if _, err := w.seats.Assign(ctx, l.ID, people[0]); err != nil {
			t.Fatal(err)
		}
		expect(licensing.Released, licensing.Consenting)
		if err := say(people[0], licensing.ConsentGiven); err != nil {
			t.Fatal(err)
		}
		expect(licensing.Waiting, licensing.Consenting)
	})
}

func TestALicenseMayRequireAnother(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newWorld(db), storetest.Tenant(t, db)
		main, addOn := w.license(t, ctx, "Advanced", 1), w.license(t, ctx, "TeamLink Extend", 5)
		w.change(t, ctx, addOn.ID, func(l *licensing.License) { l.Requires = []id.ID{main.ID} })
		_, err := w.seats.Change(ctx, main.ID, nil, func(l *licensing.License) error { l.Requires = []id.ID{addOn.ID}; return nil })
		if !errors.Is(err, licensing.ErrInvalidLicense) {
			t.Errorf("a circle of prerequisites: %v", err)
		}
		user := w.users(t, ctx, 1)[0]
		expect := func(of licensing.License, want licensing.State) {
			t.Helper()
			if got := w.states(t, ctx, of.ID, user)[0]; got != want {
				t.Errorf("her seat of %s is %q, want %q", of.Product, got, want)
			}
			if err := w.seats.Audit(ctx, of.ID); err != nil {
				t.Error(err)
			}
		}
		if _, err := w.seats.Assign(ctx, addOn.ID, user); err != nil {
			t.Fatal(err)
		}
		expect(addOn, "")
		if _, err := w.seats.Assign(ctx, main.ID, user); err != nil {
			t.Fatal(err)
		}
		expect(addOn, licensing.Invited)
		if _, err := w.seats.Unassign(ctx, main.ID, user); err != nil {
			t.Fatal(err)
		}
		expect(addOn, licensing.Released)
		if _, err := w.seats.Assign(ctx, main.ID, user); err != nil {
			t.Fatal(err)
		}
		expect(addOn, licensing.Invited)
	})
}

func TestOverAssignmentIsAPolicy(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newWorld(db), storetest.Tenant(t, db)
		l := w.license(t, ctx, "Advanced", 2)
		for _, user := range w.users(t, ctx, 6) {
			if _, err := w.seats.Assign(ctx, l.ID, user); err != nil {
				t.Fatal(err)
			}
		}
		for _, step := range []struct{ percent, taken, waiting, over int64 }{{0, 2, 4, 0}, {50, 3, 3, 1}, {licensing.Unlimited, 6, 0, 4}, {0, 6, 0, 4}} {
			now := w.change(t, ctx, l.ID, func(l *licensing.License) { l.OverPercent = step.percent })
			now = w.audited(t, ctx, now.ID)
			if now.Taken != step.taken || now.Waiting != step.waiting || now.OverAssigned() != step.over || now.Free() != 0 {
				t.Errorf("with %d percent: %+v", step.percent, now)
			}
		}
	})
}

// TestTheWorkerEndsGracesOnce lets two replicas go over the seats of two tenants at once.
func TestTheWorkerEndsGracesOnce(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			one, two := storetest.TwoReplicas(t, dialect)
			w := newClocked(one)
			other := newClockedAt(two, w.now)
			type kept struct {
				ctx     context.Context
				license id.ID
			}
			var all []kept
			for range 2 {
				ctx := storetest.Tenant(t, one)
				l := w.license(t, ctx, "Advanced", 2)
				w.change(t, ctx, l.ID, func(l *licensing.License) { l.GraceDays = 3 })
				config := storetest.Config(t, one, ctx)
				if err := w.seats.AutoAssign(ctx, config, &l.ID); err != nil {
					t.Fatal(err)
				}
				u, err := w.people.Create(provider(ctx, config), directory.User{UserName: "ada", Active: true})
				if err != nil {
					t.Fatal(err)
				}
				w.activity(t, provider(ctx, config), u.ID, false)
				all = append(all, kept{ctx, l.ID})
			}
			work := func() {
				t.Helper()
				errs := make(chan error, 2)
				go func() { errs <- w.seats.DoWork(t.Context()) }()
				go func() { errs <- other.seats.DoWork(t.Context()) }()
				if err := errors.Join(<-errs, <-errs); err != nil {
					t.Fatal(err)
				}
			}
			work()
			for _, k := range all {
				if l := w.audited(t, k.ctx, k.license); l.Taken != 1 {
					t.Errorf("%d seats are taken within the grace", l.Taken)
				}
			}
			w.pass(4)
			work()
			for _, k := range all {
				if l := w.audited(t, k.ctx, k.license); l.Taken != 0 {
					t.Errorf("%d seats are taken after the grace", l.Taken)
				}
				steps, err := w.seats.LedgerCounts(k.ctx, []id.ID{k.license}, licensing.LedgerFilter{Now: licensing.Released})
				if err != nil || steps[k.license] != 1 {
					t.Errorf("released %d times, %v", steps[k.license], err)
				}
			}
		})
	}
}
