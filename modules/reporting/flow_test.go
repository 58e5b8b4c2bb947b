package reporting_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/modules/events"
	"github.com/usherhq/usher/modules/licensing"
	"github.com/usherhq/usher/modules/reporting"
)

func eventsOf(subject id.ID) events.Filter { return events.Filter{Subject: subject} }

func isFault(err error, code string) bool {
	f, ok := fault.As(err)
	return ok && f.Code == code
}

func TestTimeToSeatAndToRecover(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		since := w.now()
		l := w.buy("Advanced", 2, func(n *licensing.NewLicense) { n.GraceDays = 10 })
		if err := w.seats.AutoAssign(w.ctx, w.config, &l.ID); err != nil {
			t.Fatal(err)
		}
		var people []id.ID
		for i := range 4 { // two sit at once, two wait
			w.pass(time.Hour)
			people = append(people, w.person(w.okta, fmt.Sprintf("person%d", i), ""))
		}
		w.pass(time.Hour)
		w.active(w.okta, people[0], false) // kept for ten days; then the third person sits, who has waited since hour 3
		w.pass(10 * 24 * time.Hour)
		if n, err := w.seats.EndGraces(w.ctx); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		w.pass(time.Hour)
		if err := w.people.Delete(w.okta, people[1], nil); err != nil { // freed at once; the fourth sits, who has waited since hour 4
			t.Fatal(err)
		}
		of := []reporting.Utilization{w.report(l.ID, nil, reporting.SeatsAlone)}
		all, err := w.reports.Flows(w.ctx, of, &since)
		if err != nil {
			t.Fatal(err)
		}
		f := all[l.ID]
		got := fmt.Sprintf("%d assigned, %d removed, seat: %d in %s and %s, recover: %d in %s and %s", f.Assigned, f.Removed,
			f.TimeToSeat.Count, f.TimeToSeat.P50, f.TimeToSeat.P95, f.TimeToRecover.Count, f.TimeToRecover.P50, f.TimeToRecover.P95)
		if want := "4 assigned, 2 removed, seat: 4 in 0s and 242h0m0s, recover: 2 in 0s and 240h0m0s"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		later := w.now().Add(time.Second)
		if _, err := w.reports.Flows(w.ctx, of, &later); !isFault(err, "invalid_report") {
			t.Errorf("a period that begins after it ends: %v", err)
		}
	})
}

func TestWhenSeatsRunOut(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		end := w.now().AddDate(0, 0, 40)
		l := w.buy("Advanced", 60, func(n *licensing.NewLicense) { n.TermEnd = &end })
		if err := w.seats.AutoAssign(w.ctx, w.config, &l.ID); err != nil {
			t.Fatal(err)
		}
		forecast := func() reporting.Forecast {
			t.Helper()
			all, err := w.reports.Forecasts(w.ctx, []reporting.Utilization{w.report(l.ID, nil, reporting.SeatsAlone)})
			if err != nil {
				t.Fatal(err)
			}
			return all[l.ID]
		}
		for n := range 20 { // one on even days, two on odd ones, three on each fifth day
			for i := range []int{1, 2, 1, 2, 3}[n%5] {
				w.person(w.okta, fmt.Sprintf("person%d.%d", n, i), "")
			}
			if n == 10 {
				if f := forecast(); f.RunOut != nil || f.TrueUp != nil || f.DaysOfData != 10 {
					t.Errorf("after ten days it is foretold %+v", f)
				}
			}
			w.pass(24 * time.Hour)
		}
		f := forecast() // 36 taken, 24 free, 1, 2 and 2 a day
		if f.DaysOfData != 20 || f.RunOut == nil || f.TrueUp == nil {
			t.Fatalf("foretold is %+v", f)
		}
		got := fmt.Sprintf("%s to %s, latest %s, need %d of %d to %d", *f.RunOut.Earliest, *f.RunOut.Expected, *f.RunOut.Latest, f.TrueUp.ExpectedNeed, f.TrueUp.LowNeed,
			f.TrueUp.HighNeed)
		if want := "2026-02-02 to 2026-02-02, latest 2026-02-14, need 76 of 56 to 76"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		w.pass(29 * 24 * time.Hour)
		if f := forecast(); f.RunOut == nil || f.RunOut.Earliest != nil || f.RunOut.Expected != nil || f.RunOut.Latest != nil {
			t.Errorf("after a quiet month it is foretold %+v", f)
		}
	})
}

func TestAnAlertIsRaisedOnceAndOverOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		l := w.buy("Advanced", 2)
		w.exec(`UPDATE licenses SET alerts = $3 WHERE tenant_id = $1 AND id = $2`, w.tenant(), l.ID,
			`{"takenPercent":[50,100],"waiting":true,"utilizationUnder":50,"runOutDays":30}`)
		source := w.source(l.ID, 24*365)
		look := func(want string) {
			t.Helper()
			var told []string
			for range 2 { // the second look has nothing to tell
				if err := w.reports.DoWork(w.ctx, true); err != nil {
					t.Fatal(err)
				}
				if err := w.reports.DoWork(w.ctx, false); err != nil {
					t.Fatal(err)
				}
				open := true
				all, err := w.reports.Alerts(w.ctx, page.Args{}, reporting.AlertFilter{Open: &open}, page.Ascending)
				if err != nil {
					t.Fatal(err)
				}
				told = nil
				for _, a := range all.Items {
					told = append(told, fmt.Sprintf("%s %d at %d", a.Kind, a.Threshold, a.Value))
				}
			}
			if got := strings.Join(told, ", "); got != want {
				t.Errorf("open are %s, want %s", got, want)
			}
		}
		var people []id.ID
		sit := func() {
			t.Helper()
			people = append(people, w.person(w.ctx, fmt.Sprintf("person%d", len(people)), ""))
			if _, err := w.seats.Assign(w.ctx, l.ID, people[len(people)-1]); err != nil {
				t.Fatal(err)
			}
		}
		look("utilization 50 at 0")
		sit()
		look("utilization 50 at 0, taken 50 at 50")
		sit()
		sit()
		look("utilization 50 at 0, taken 50 at 50, taken 100 at 100, waiting 0 at 1")
		if _, err := w.seats.Activate(w.ctx, l.ID, people[0]); err != nil {
			t.Fatal(err)
		}
		w.uses(source, l.ID, people[0])
		look("taken 50 at 50, taken 100 at 100, waiting 0 at 1")
		if _, err := w.seats.Unassign(w.ctx, l.ID, people[1]); err != nil { // the one who waits sits down
			t.Fatal(err)
		}
		look("taken 50 at 50, taken 100 at 100")
		if _, err := w.seats.Unassign(w.ctx, l.ID, people[2]); err != nil {
			t.Fatal(err)
		}
		look("taken 50 at 50")
		w.exec(`UPDATE licenses SET alerts = '{}' WHERE tenant_id = $1 AND id = $2`, w.tenant(), l.ID)
		look("")
		all, err := w.reports.CountAlerts(w.ctx, reporting.AlertFilter{License: &l.ID})
		if err != nil || all != 4 {
			t.Errorf("%d alerts were raised: %v", all, err)
		}
		w.checkAlertEvents(t, l.ID)
	})
}

func (w *world) checkAlertEvents(t *testing.T, license id.ID) {
	t.Helper()
	if _, err := w.journal.Number(w.ctx); err != nil {
		t.Fatal(err)
	}
	found, err := w.journal.List(w.ctx, page.Args{First: 100}, eventsOf(license))
	if err != nil {
		t.Fatal(err)
	}
	raised, over := 0, 0
	for _, e := range found.Items {
		switch e.Kind {
		case "alert.raised":
			raised++
		case "alert.over":
			over++
		}
	}
	if raised != 4 || over != 4 {
		t.Errorf("%d events tell of alerts, %d of their end", raised, over)
	}
}
