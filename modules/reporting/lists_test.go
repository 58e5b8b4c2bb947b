package reporting_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/modules/licensing"
	"github.com/usherhq/usher/modules/reporting"
)

// team seats ten people: four who use the license, two who did long ago, one who never has, two who were invited, one who has left and is kept.
func team(w *world) (l licensing.License, people []id.ID) {
	w.t.Helper()
	price, end := int64(120_000), time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	l = w.buy("Advanced", 20, func(n *licensing.NewLicense) {
		n.GraceDays, n.PriceMinor, n.Currency, n.TermEnd = 30, &price, "USD", &end
	})
	if err := w.seats.AutoAssign(w.ctx, w.config, &l.ID); err != nil {
		w.t.Fatal(err)
	}
	source := w.source(l.ID, 24*200)
	for i := range 10 {
		w.pass(time.Minute)
		people = append(people, w.person(w.okta, fmt.Sprintf("person%d", i), []string{"Sales", "Support", ""}[i%3]))
	}
	for _, user := range append(slices.Clone(people[:7]), people[9]) {
		w.pass(time.Minute)
		if _, err := w.seats.Activate(w.ctx, l.ID, user); err != nil {
			w.t.Fatal(err)
		}
	}
	for _, user := range people[4:6] {
		w.uses(source, l.ID, user)
	}
	w.pass(94 * 24 * time.Hour)
	for _, user := range people[:4] {
		w.pass(time.Minute)
		w.uses(source, l.ID, user)
	}
	w.pass(24 * time.Hour)
	w.active(w.okta, people[9], false)
	w.pass(24 * time.Hour)
	w.alive(source)
	return l, people
}

func TestEveryFigureOpensItsList(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		l, people := team(w)
		before := w.now().Add(-time.Second) // as of a moment ago it is the same, by the ledger
		for _, at := range []*time.Time{nil, &before} {
			u := w.report(l.ID, at, reporting.WithUse)
			for _, c := range []struct {
				of   reporting.Figure
				days int
				want []id.ID
			}{
				{reporting.OfAssigned, 0, people[:9]},
				{reporting.OfActivated, 0, people[:7]},
				{reporting.OfInvited, 0, people[7:9]},
				{reporting.OfGrace, 0, people[9:]},
				{reporting.OfWaiting, 0, nil},
				{reporting.OfActive, 30, people[:4]},
				{reporting.OfInactive, 90, people[4:9]},
				{reporting.OfNeverUsed, 0, people[6:9]},
				{reporting.OfReclaimable, 0, people[4:10]},
			} {
				list := reporting.Listing{Figure: c.of, Days: c.days}
				var got []id.ID
				found, err := page.Walk(page.Args{First: 2}, func(args page.Args) (page.Page[reporting.Holder], error) {
					all, err := w.reports.Holders(w.ctx, []reporting.Utilization{u}, list, args)
					return all[l.ID], err
				}, list.Order.Cursor)
				if err != nil {
					t.Fatal(err)
				}
				for _, h := range found {
					got = append(got, h.User)
				}
				if !reflect.DeepEqual(got, c.want) {
					t.Errorf("behind %s are %v, want %v", c.of, got, c.want)
				}
				counts, err := w.reports.HolderCounts(w.ctx, []reporting.Utilization{u}, list)
				if err != nil || counts[l.ID] != int64(len(c.want)) {
					t.Errorf("%d are counted behind %s, want %d: %v", counts[l.ID], c.of, len(c.want), err)
				}
			}
			checkReclaimable(t, w, u)
			checkParts(t, w, u)
		}
	})
}

func checkReclaimable(t *testing.T, w *world, u reporting.Utilization) {
	t.Helper()
	all, err := w.reports.Reclaimables(w.ctx, []reporting.Utilization{u})
	if err != nil {
		t.Fatal(err)
	}
	worth := int64(6 * 120_000)
	want := reporting.Reclaimable{
		IdleDays: 90, InvitedDays: 30, Seats: 6, Idle: 3, NeverActivated: 2, Left: 1, IdleKnown: true, WorthPerYear: &worth, Currency: "USD",
	}
	if got := all[u.License]; !reflect.DeepEqual(got, want) {
		t.Errorf("reclaimable are %+v, want %+v", got, want)
	}
	unused := u.Windows[0].Unused
	if unused.Seats != 16 || unused.NotAssigned != 11 || unused.NotActivated != 2 || unused.Idle != 3 || *unused.CostIdle != 360_000 || *unused.Cost != 1_920_000 {
		t.Errorf("unused are %+v", *unused)
	}
}

func checkParts(t *testing.T, w *world, u reporting.Utilization) {
	t.Helper()
	of := []reporting.Utilization{u}
	all, err := w.reports.Parts(w.ctx, of, reporting.ByDepartment)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range all[u.License] {
		got = append(got, fmt.Sprintf("%s: %d assigned, %d activated, %d grace, %s active, %s inactive, %s never, %d unused", p.Label, p.Assigned, p.Activated, p.Grace,
			figure(p.Windows[0].Active), figure(p.Windows[2].Inactive), figure(p.NeverUsed), p.Windows[0].Unused.Seats))
	}
	want := []string{
		": 3 assigned, 2 activated, 0 grace, 1 active, 2 inactive, 1 never, 2 unused",
		"Sales: 3 assigned, 3 activated, 1 grace, 2 active, 1 inactive, 1 never, 1 unused",
		"Support: 3 assigned, 2 activated, 0 grace, 1 active, 2 inactive, 1 never, 2 unused",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the departments are %q, want %q", got, want)
	}
	configs, err := w.reports.Parts(w.ctx, of, reporting.ByConfig)
	if err != nil || len(configs[u.License]) != 1 || configs[u.License][0].Key != w.config.String() || configs[u.License][0].Assigned != 9 {
		t.Errorf("the configurations are %+v: %v", configs[u.License], err)
	}
	for _, by := range []reporting.Dimension{reporting.ByGroup, reporting.ByManager} {
		none, err := w.reports.Parts(w.ctx, of, by)
		if err != nil || len(none[u.License]) != 1 || none[u.License][0].Key != "" || none[u.License][0].Assigned != 9 {
			t.Errorf("by %s the parts are %+v: %v", by, none[u.License], err)
		}
	}
}

func TestListsGoByEachOrderBothWays(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		l, people := team(w)
		u := w.report(l.ID, nil, reporting.WithUse)
		sales := "Sales"
		for _, by := range []reporting.OrderField{reporting.ByPerson, reporting.BySince, reporting.ByAssigned, reporting.ByLastUse} {
			walk := func(way page.Way) []id.ID {
				list := reporting.Listing{Figure: reporting.OfAssigned, Order: reporting.Order{By: by, Way: way}, Filter: reporting.Filter{Department: &sales}}
				found, err := page.Walk(page.Args{First: 1}, func(args page.Args) (page.Page[reporting.Holder], error) {
					all, err := w.reports.Holders(w.ctx, []reporting.Utilization{u}, list, args)
					return all[l.ID], err
				}, list.Order.Cursor)
				if err != nil {
					t.Fatal(err)
				}
				users := make([]id.ID, len(found))
				for i, h := range found {
					users[i] = h.User
				}
				return users
			}
			up, down := walk(page.Ascending), walk(page.Descending)
			slices.Reverse(down)
			want := []id.ID{people[0], people[3], people[6]}
			if by == reporting.ByLastUse {
				want = []id.ID{people[6], people[0], people[3]}
			}
			if !reflect.DeepEqual(up, want) || !reflect.DeepEqual(down, want) {
				t.Errorf("by %s the list is %v and back %v, want %v", by, up, down, want)
			}
		}
	})
}

func TestASilentSourceMakesUseUnknown(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		l, _ := team(w)
		w.pass(201 * 24 * time.Hour)
		u := w.report(l.ID, nil, reporting.WithUse)
		if u.NeverUsed != nil || u.Windows[0].Active != nil || u.Windows[2].Inactive != nil || u.Windows[1].UtilizationOfPurchased != nil || !u.Sources[0].Silent {
			t.Errorf("of a silent source it is known %+v", u.Use)
		}
		_, err := w.reports.Holders(w.ctx, []reporting.Utilization{u}, reporting.Listing{Figure: reporting.OfInactive, Days: 30}, page.Args{})
		if !isFault(err, "use_unknown") {
			t.Errorf("the list behind an unknown figure: %v", err)
		}
		all, err := w.reports.Reclaimables(w.ctx, []reporting.Utilization{u})
		if got := all[l.ID]; err != nil || got.Idle != 0 || got.IdleKnown || got.NeverActivated != 2 || got.Left != 1 {
			t.Errorf("reclaimable are %+v: %v", got, err)
		}
	})
}

func TestNothingIsIdleBeforeItsSourceWasThere(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		l := w.buy("Advanced", 5)
		user := w.person(w.ctx, "ada", "")
		if _, err := w.seats.Assign(w.ctx, l.ID, user); err != nil {
			t.Fatal(err)
		}
		w.pass(100 * 24 * time.Hour)
		if u := w.report(l.ID, nil, reporting.WithUse); u.Windows[0].Inactive != nil {
			t.Errorf("without a source %d are inactive", *u.Windows[0].Inactive)
		}
		source := w.source(l.ID, 48)
		w.pass(24 * time.Hour)
		w.alive(source)
		if u := w.report(l.ID, nil, reporting.WithUse); u.Windows[0].Inactive != nil || u.NeverUsed != nil {
			t.Errorf("of a source that is a day old it is known %+v", u.Use)
		}
		w.pass(31 * 24 * time.Hour)
		w.alive(source)
		u := w.report(l.ID, nil, reporting.WithUse)
		if figure(u.Windows[0].Inactive) != "1" || u.Windows[1].Inactive != nil || figure(u.NeverUsed) != "1" {
			t.Errorf("after a month it is known %+v", u.Use)
		}
	})
}
