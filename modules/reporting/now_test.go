package reporting_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/reporting"
)

// TestFiguresOfNowAreThoseOfTheirLists makes seats of every state, given and used at and around the moments where windows begin: what an
// index alone tells of them is what the list behind each figure counts, seat by seat.
func TestFiguresOfNowAreThoseOfTheirLists(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		l := w.buy("Advanced", 400)
		w.source(l.ID, 24)
		other := w.buy("Other", 400)
		random := rand.New(rand.NewPCG(31, 7))
		states := []reporting.State{
			reporting.Waiting, reporting.Consenting, reporting.Invited, reporting.Activated, reporting.Activated, reporting.Paused, reporting.Grace, reporting.Released,
		}
		moment := func() *time.Time {
			days := append(slices.Clone(reporting.Windows[:]), 0, 1, 45, 75, 200)[random.IntN(8)]
			at := w.now().AddDate(0, 0, -days).Add(time.Duration(random.IntN(3)-1) * time.Microsecond)
			return &at
		}
		for i := range 160 {
			user := w.person(w.ctx, fmt.Sprintf("person%d", i), "")
			state := states[random.IntN(len(states))]
			var used *time.Time
			if random.IntN(4) > 0 {
				used = moment()
			}
			for _, license := range []id.ID{l.ID, other.ID} {
				w.exec(`INSERT INTO seats (tenant_id, id, license_id, user_id, state, since, created_at, assigned_at, last_used_at) VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8)`,
					w.tenant(), id.New(), license, user, string(state), w.now(), moment(), used)
			}
		}
		u := w.report(l.ID, nil, reporting.WithUse)
		same := func(of reporting.Figure, days int, figure int64) {
			t.Helper()
			counts, err := w.reports.HolderCounts(w.ctx, []reporting.Utilization{u}, reporting.Listing{Figure: of, Days: days})
			if err != nil {
				t.Fatal(err)
			}
			if figure == 0 || counts[l.ID] != figure {
				t.Errorf("%s of %d days is %d, its list has %d", of, days, figure, counts[l.ID])
			}
		}
		same(reporting.OfAssigned, 0, u.Assigned)
		same(reporting.OfInvited, 0, u.Invited)
		same(reporting.OfActivated, 0, u.Activated)
		same(reporting.OfGrace, 0, u.Grace)
		same(reporting.OfWaiting, 0, u.Waiting)
		same(reporting.OfNeverUsed, 0, *u.NeverUsed)
		for _, window := range u.Windows {
			same(reporting.OfActive, window.Days, *window.Active)
			same(reporting.OfInactive, window.Days, *window.Inactive)
		}
	})
}
