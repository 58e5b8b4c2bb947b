package reporting_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/reporting"
)

// TestActivityThatCameVeryLateIsInARebuiltSnapshot tells of use two months late, which no snapshot shows until it is made again.
func TestActivityThatCameVeryLateIsInARebuiltSnapshot(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		l := w.buy("Advanced", 5)
		source := w.source(l.ID, 24*365)
		ada := w.person(w.okta, "ada", "")
		if _, err := w.seats.Assign(w.ctx, l.ID, ada); err != nil {
			t.Fatal(err)
		}
		if _, err := w.seats.Activate(w.ctx, l.ID, ada); err != nil {
			t.Fatal(err)
		}
		began := w.now()
		w.pass(70 * 24 * time.Hour)
		w.alive(source)
		if _, err := w.reports.Snap(w.ctx); err != nil {
			t.Fatal(err)
		}
		then := began.AddDate(0, 0, 10)
		now := w.now()
		w.until(then)
		w.uses(source, l.ID, ada)
		w.until(now)
		w.alive(source)
		day := func(n int) reporting.Day { return reporting.Day(began.AddDate(0, 0, n).Format(time.DateOnly)) }
		active := func(n int) int64 {
			t.Helper()
			var text string
			row := w.db.QueryRow(w.ctx, `SELECT figures FROM snapshots WHERE tenant_id = $1 AND license_id = $2 AND day = $3`, w.tenant(), l.ID, string(day(n)))
			if err := row.Scan(&text); err != nil {
				t.Fatal(err)
			}
			var figures struct {
				Active []*int64 `json:"active"`
			}
			if err := json.Unmarshal([]byte(text), &figures); err != nil || figures.Active[0] == nil {
				t.Fatalf("%s: %v", text, err)
			}
			return *figures.Active[0]
		}
		check := func(when string, want ...int64) {
			t.Helper()
			if got := []int64{active(12), active(20), active(45)}; !slices.Equal(got, want) {
				t.Errorf("%s the days say %v, want %v", when, got, want)
			}
		}
		check("before", 0, 0, 0)
		var told []string
		n, err := w.reports.Rebuild(w.ctx, l.ID, day(5), day(12), func(done, total int) { told = append(told, fmt.Sprintf("%d/%d", done, total)) })
		if err != nil || n != 8 || fmt.Sprint(told) != "[8/8]" {
			t.Errorf("rebuilt %d, told %v, %v", n, told, err)
		}
		check("rebuilt in part", 1, 0, 0)
		if n, err := w.reports.Rebuild(w.ctx, l.ID, day(-100), "", func(done, total int) { told = append(told, fmt.Sprintf("%d/%d", done, total)) }); err != nil || n != 70 {
			t.Errorf("the whole: %d, %v", n, err)
		}
		check("rebuilt whole", 1, 1, 0)
		if want := "[8/8 28/70 56/70 70/70]"; fmt.Sprint(told) != want {
			t.Errorf("told %v, want %s", told, want)
		}
		if n, err := w.reports.Rebuild(w.ctx, l.ID, day(200), "", func(int, int) {}); err != nil || n != 0 {
			t.Errorf("days to come: %d, %v", n, err)
		}
		for _, wrong := range [][2]reporting.Day{{"", ""}, {"2026-02-30", ""}, {day(3), "soon"}, {day(3), day(2)}} {
			if _, err := w.reports.Rebuild(w.ctx, l.ID, wrong[0], wrong[1], func(int, int) {}); !isFault(err, "invalid_report") {
				t.Errorf("from %q to %q: %v", wrong[0], wrong[1], err)
			}
		}
		if _, err := w.reports.Rebuild(w.ctx, id.New(), day(3), "", func(int, int) {}); !isFault(err, "license_not_found") {
			t.Errorf("a license that nobody has: %v", err)
		}
	})
}
