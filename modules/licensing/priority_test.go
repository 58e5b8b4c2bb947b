package licensing_test

import (
	"testing"

	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/licensing"
)

// TestAutoAssignCompetesWithRulesInLine lets two configurations and a rule put people in line, the least first, and frees seats one
// by one.
func TestAutoAssignCompetesWithRulesInLine(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newClocked(db), storetest.Tenant(t, db)
		l := w.license(t, ctx, "Advanced", 1)
		low, high := storetest.Config(t, db, ctx), storetest.Config(t, db, ctx)
		for config, priority := range map[id.ID]int{low: -3, high: 9} {
			if err := w.seats.AutoAssignAt(ctx, config, &l.ID, priority); err != nil {
				t.Fatal(err)
			}
		}
		w.rule(t, ctx, l.ID, "Sellers", licensing.Definition{Filter: `title eq "Seller"`, Priority: 5})
		holder := w.user(t, ctx, "holder@example.com").ID
		if _, err := w.seats.Assign(ctx, l.ID, holder); err != nil {
			t.Fatal(err)
		}
		last := w.user(t, provider(ctx, low), "low@example.com").ID
		second := w.person(t, ctx, "rule@example.com", "Seller")
		first := w.user(t, provider(ctx, high), "high@example.com").ID
		line := []id.ID{first, second, last}
		w.expect(t, ctx, l.ID, line, licensing.Waiting, licensing.Waiting, licensing.Waiting)
		want := []licensing.State{licensing.Waiting, licensing.Waiting, licensing.Waiting}
		free := holder
		for i, next := range line {
			if _, err := w.seats.Release(ctx, l.ID, free); err != nil {
				t.Fatal(err)
			}
			want[i] = licensing.Invited
			if i > 0 {
				want[i-1] = licensing.Released
			}
			w.expect(t, ctx, l.ID, line, want...)
			free = next
		}
		w.audited(t, ctx, l.ID)
	})
}

// TestAPriorityOfAutoAssignIsForThoseWhoComeFromNowOn changes it while somebody waits.
func TestAPriorityOfAutoAssignIsForThoseWhoComeFromNowOn(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, w := storetest.Tenant(t, db), newWorld(db)
		l, config := w.license(t, ctx, "Advanced", 0), storetest.Config(t, db, ctx)
		var came []id.ID
		for i, priority := range []int{4, 0, 8} {
			if err := w.seats.AutoAssignAt(ctx, config, &l.ID, priority); err != nil {
				t.Fatal(err)
			}
			came = append(came, w.user(t, provider(ctx, config), string(rune('a'+i))).ID)
		}
		seats, err := w.seats.SeatsOf(ctx, came)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []int{4, 0, 8} {
			if got := seats[came[i]]; len(got) != 1 || got[0].Priority != want || got[0].State != licensing.Waiting {
				t.Errorf("who came as number %d stands as %+v, want priority %d", i, got, want)
			}
		}
		for _, wrong := range []int{licensing.MaxPriority + 1, -licensing.MaxPriority - 1} {
			err := w.seats.AutoAssignAt(ctx, config, &l.ID, wrong)
			if f, ok := fault.As(err); !ok || f.Field != "priority" {
				t.Errorf("priority %d got %v", wrong, err)
			}
		}
	})
}
