package main

import (
	"context"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/licensing"
	"github.com/usherhq/usher/modules/reporting"
)

// lived is a year that has been written, with its reports.
type lived struct {
	*year

	t    *testing.T
	days map[id.ID][]reporting.Point
	now  map[id.ID]reporting.Utilization
}

func live(t *testing.T, dialect string) *lived {
	t.Helper()
	p := place{Database: storetest.URL(t, dialect), Data: t.TempDir()}
	h, err := p.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.close() })
	y, err := newYear(operator(t.Context()), p.url(), h.access, time.Date(2026, 11, 25, 13, 0, 0, 0, time.UTC), demoSeed)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = y.house.close() })
	if tenant, err := y.live(operator(t.Context())); err != nil || tenant.Name != demoName {
		t.Fatalf("%+v has lived: %v", tenant, err)
	}
	l := &lived{year: y, t: t, now: map[id.ID]reporting.Utilization{}}
	now, err := y.reports.Utilization(l.ctx(), reporting.Question{}, reporting.WithUse)
	if err != nil {
		t.Fatal(err)
	}
	from := reporting.Day(y.start.Format(time.DateOnly))
	if l.days, err = y.reports.Series(l.ctx(), now, reporting.Span{Step: reporting.ByDay, From: &from}); err != nil {
		t.Fatal(err)
	}
	for _, u := range now {
		l.now[u.License] = u
	}
	return l
}

// ctx is an administrator's.
func (l *lived) ctx() context.Context { return caller.With(l.t.Context(), l.admin) }

// told is the whole series in words, without ids.
func (l *lived) told() string {
	text := ""
	for _, license := range []id.ID{l.advanced, l.extension} {
		for _, p := range l.days[license] {
			active := int64(-1)
			if a := p.Windows[0].Active; a != nil {
				active = *a
			}
			seats := p.Seats
			seats.AssignmentRate, seats.ActivationRate = nil, nil
			text += fmt.Sprintf("%s %+v %d %d %d %d\n", p.From, seats, p.Given, p.Freed, p.Peak, active)
		}
	}
	return text
}

// TestTheDemoHasAYearBehindIt looks for everything that a year is to show, and for the same year on both databases.
func TestTheDemoHasAYearBehindIt(t *testing.T) {
	t.Parallel()
	years := map[string]*lived{}
	for _, dialect := range storetest.Dialects {
		years[dialect] = live(t, dialect)
	}
	y := years[storetest.SQLite]
	if other, ok := years[storetest.Postgres]; ok && other.told() != y.told() {
		t.Errorf("on PostgreSQL the year is\n%s\non SQLite\n%s", other.told(), y.told())
	}
	y.checkSeats()
	y.checkAlerts()
	y.checkSnapshots()
	for _, license := range []id.ID{y.advanced, y.extension} {
		if err := y.seats.Audit(y.ctx(), license); err != nil {
			t.Error(err)
		}
	}
}

func (l *lived) checkSeats() {
	l.t.Helper()
	var waited, kept, paused, given, freed int64
	var bought []int64
	for _, p := range l.days[l.advanced] {
		waited, kept, paused = max(waited, p.Waiting), max(kept, p.Grace), max(paused, p.Paused)
		given, freed = given+p.Given, freed+p.Freed
		if n := len(bought); n == 0 || bought[n-1] != p.Purchased {
			bought = append(bought, p.Purchased)
		}
	}
	if !reflect.DeepEqual(bought, []int64{demoFirst, demoEnlarged, demoSeats}) {
		l.t.Errorf("%v seats were bought", bought)
	}
	if waited < 5 || kept < 2 || paused < 5 || given < 250 || freed < 40 {
		l.t.Errorf("at most %d waited, %d were kept for leavers, %d paused; %d were given, %d freed", waited, kept, paused, given, freed)
	}
	now := l.now[l.advanced]
	if a := now.Windows[0]; a.Active == nil || *a.Active < 100 || a.Unused == nil || a.Unused.Idle == 0 || a.Unused.CostNotActivated == nil || now.Free == 0 {
		l.t.Errorf("its use is %+v", now)
	}
	if addOn := l.now[l.extension]; addOn.ConsentPending == 0 || addOn.Activated == 0 || addOn.Windows[2].Active == nil {
		l.t.Errorf("the add-on is %+v", addOn)
	}
	for i, span := range demoReclaims {
		at, since := l.start.AddDate(0, 0, span[1]), l.start.AddDate(0, 0, span[0])
		then, err := l.reports.Utilization(l.ctx(), reporting.Question{Licenses: []id.ID{l.advanced}, At: &at}, reporting.SeatsAlone)
		if err != nil {
			l.t.Fatal(err)
		}
		flows, err := l.reports.Flows(l.ctx(), then, &since)
		if err != nil || flows[l.advanced].Recovered < 5 {
			l.t.Errorf("taking back for the %d. time recovered %+v: %v", i+1, flows, err)
		}
	}
}

func (l *lived) checkAlerts() {
	l.t.Helper()
	for _, open := range []bool{true, false} {
		n, err := l.reports.CountAlerts(l.ctx(), reporting.AlertFilter{Open: &open})
		if err != nil || n == 0 {
			l.t.Errorf("open %t: %d alerts: %v", open, n, err)
		}
	}
}

// checkSnapshots has every day of the year in its snapshots, and nothing left for the workers to do.
func (l *lived) checkSnapshots() {
	l.t.Helper()
	if n := len(l.days[l.advanced]); n != demoDays+1 {
		l.t.Errorf("the series has %d days", n)
	}
	worker := caller.With(l.t.Context(), caller.Caller{Tenant: l.admin.Tenant, Kind: caller.KindWorker})
	snapped, err := l.reports.Snap(worker)
	if err != nil || snapped != 0 {
		l.t.Errorf("%d snapshots were missing: %v", snapped, err)
	}
	steps, err := l.seats.Reclaim(worker)
	if err != nil || steps != 0 {
		l.t.Errorf("%d seats were due to be taken back: %v", steps, err)
	}
	waiting, err := l.seats.SeatCounts(l.ctx(), []id.ID{l.extension}, licensing.Waiting)
	if err != nil || waiting[l.extension] != l.now[l.extension].Waiting {
		l.t.Errorf("%v wait, the report says %d: %v", waiting, l.now[l.extension].Waiting, err)
	}
}
