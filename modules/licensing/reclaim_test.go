package licensing_test

import (
	"testing"
	"time"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/licensing"
)

// TestAnIdleSeatIsTakenBackInSteps goes from the simulation to the taking back, and back by each step.
func TestAnIdleSeatIsTakenBackInSteps(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newClocked(db), storetest.Tenant(t, db)
		price := int64(100)
		l, err := w.seats.Buy(ctx, licensing.NewLicense{Product: "Advanced", Seats: 4, PriceMinor: &price, Currency: "USD"})
		if err != nil {
			t.Fatal(err)
		}
		ada, bob, eva, fay := w.person(t, ctx, "ada", "x"), w.person(t, ctx, "bob", "x"), w.person(t, ctx, "eva", "x"), w.person(t, ctx, "fay", "x")
		all := []id.ID{ada, bob, eva, fay}
		chiefs := w.group(t, ctx, "Chiefs", eva)
		w.rule(t, ctx, l.ID, "Everybody", licensing.Definition{Filter: "title pr"})
		tell := func(users ...id.ID) {
			t.Helper()
			var uses []licensing.Use
			for _, user := range users {
				uses = append(uses, licensing.Use{Person: directory.Person{ID: user}, At: time.Unix(w.now.Load(), 0)})
			}
			if _, err := w.seats.RecordActivity(product(ctx), l.ID, licensing.Source{Name: "Log"}, uses); err != nil {
				t.Fatal(err)
			}
		}
		tell(ada, bob, eva) // fay never comes
		w.change(t, ctx, l.ID, func(l *licensing.License) {
			l.Reclaim = licensing.ReclaimPolicy{Automatic: true, IdleDays: 60, InvitedDays: 60, NoticeDays: 7, PauseDays: 7, ExemptGroups: []id.ID{chiefs}}
		})
		w.pass(61)
		if sim, err := w.seats.Simulate(ctx, l.ID, nil); err != nil || sim.Known || len(sim.Candidates) != 0 {
			t.Errorf("while the source is silent there is %+v, %v", sim, err)
		}
		w.apply(t)
		tell(bob)
		sim, err := w.seats.Simulate(ctx, l.ID, nil)
		if err != nil || !sim.Known || sim.Seats != 2 || sim.Exempt != 1 || *sim.WorthMinor != 200 || sim.Candidates[2].Reason != licensing.ReclaimNeverActivated {
			t.Errorf("the simulation is %+v, %v", sim, err)
		}
		days := func(n int) {
			t.Helper()
			w.pass(n)
			tell(bob)
			w.apply(t)
		}
		days(1) // notice
		w.expect(t, ctx, l.ID, all, licensing.Activated, licensing.Activated, licensing.Activated, invited)
		days(8) // pause
		w.expect(t, ctx, l.ID, all, licensing.Paused, licensing.Activated, licensing.Activated, licensing.Paused)
		undo := func(user id.ID) {
			t.Helper()
			if _, err := w.seats.UndoReclaim(ctx, l.ID, user); err != nil {
				t.Fatal(err)
			}
		}
		undo(fay)
		w.expect(t, ctx, l.ID, all, licensing.Paused, licensing.Activated, licensing.Activated, invited)
		if _, err := w.seats.UndoReclaim(ctx, l.ID, bob); code(err) != "nothing_to_undo" {
			t.Errorf("undid nothing: %v", err)
		}
		days(8) // taken back, and left alone
		w.expect(t, ctx, l.ID, all, gone, licensing.Activated, licensing.Activated, invited)
		w.pass(1)
		tell(bob)
		w.apply(t) // the rule is gone over, and gives nothing again
		w.apply(t)
		w.expect(t, ctx, l.ID, all, gone, licensing.Activated, licensing.Activated, invited)
		undo(ada)
		w.expect(t, ctx, l.ID, all, invited, licensing.Activated, licensing.Activated, invited)
	})
}

// TestWhoComesAfterAllKeepsTheSeat tells of use after the notice, and after the pause.
func TestWhoComesAfterAllKeepsTheSeat(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newClocked(db), storetest.Tenant(t, db)
		l := w.license(t, ctx, "Advanced", 4)
		ada := w.person(t, ctx, "ada", "x")
		w.rule(t, ctx, l.ID, "Everybody", licensing.Definition{Filter: "title pr"})
		tell := func(users ...id.ID) {
			t.Helper()
			var uses []licensing.Use
			for _, user := range users {
				uses = append(uses, licensing.Use{Person: directory.Person{ID: user}, At: time.Unix(w.now.Load(), 0)})
			}
			if _, err := w.seats.RecordActivity(product(ctx), l.ID, licensing.Source{Name: "Log"}, uses); err != nil {
				t.Fatal(err)
			}
		}
		tell(ada)
		w.change(t, ctx, l.ID, func(l *licensing.License) {
			l.Reclaim = licensing.ReclaimPolicy{Automatic: true, IdleDays: 30, NoticeDays: 7, PauseDays: 7}
		})
		for range 2 {
			w.pass(40)
			tell()
			w.apply(t)
			w.pass(8)
			tell()
			w.apply(t)
			w.expect(t, ctx, l.ID, []id.ID{ada}, licensing.Paused)
			tell(ada)
			w.expect(t, ctx, l.ID, []id.ID{ada}, licensing.Activated)
		}
	})
}

// TestTheFirstUseEndsTheNotice tells of the first use of an invited seat that was about to be taken back.
func TestTheFirstUseEndsTheNotice(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newClocked(db), storetest.Tenant(t, db)
		l := w.license(t, ctx, "Advanced", 4)
		ada, bob := w.person(t, ctx, "ada", "x"), w.person(t, ctx, "bob", "x")
		w.rule(t, ctx, l.ID, "Everybody", licensing.Definition{Filter: "title pr"})
		tell := func(users ...id.ID) {
			t.Helper()
			var uses []licensing.Use
			for _, user := range users {
				uses = append(uses, licensing.Use{Person: directory.Person{ID: user}, At: time.Unix(w.now.Load(), 0)})
			}
			if _, err := w.seats.RecordActivity(product(ctx), l.ID, licensing.Source{Name: "Log"}, uses); err != nil {
				t.Fatal(err)
			}
		}
		tell()
		w.change(t, ctx, l.ID, func(l *licensing.License) {
			l.Reclaim = licensing.ReclaimPolicy{Automatic: true, IdleDays: 60, InvitedDays: 30, NoticeDays: 7, PauseDays: 7}
		})
		w.pass(31)
		tell()
		w.apply(t) // notice
		w.pass(1)
		tell(ada)
		w.expect(t, ctx, l.ID, []id.ID{ada, bob}, licensing.Activated, invited)
		for range 2 {
			w.pass(8)
			tell()
			w.apply(t)
		}
		w.expect(t, ctx, l.ID, []id.ID{ada, bob}, licensing.Activated, gone)
	})
}
