package licensing_test

import (
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/licensing"
)

// TestARuleTakesNewcomersTogether publishes a rule over people of whom some have a seat already, by hand, had one, or wait, with fewer
// seats than people: nobody sits twice, the line goes on where it was, and newcomers cost few statements each.
func TestARuleTakesNewcomersTogether(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			var sent atomic.Int64
			db := storetest.Open(t, dialect, func(o *store.Options) {
				o.Watch = func(statement string) {
					if strings.Contains(statement, "tenant_id") {
						sent.Add(1)
					}
				}
			})
			w, ctx := newClocked(db), storetest.Tenant(t, db)
			people := storetest.People(t, db, ctx, 200)
			l := w.license(t, ctx, "Advanced", 3)
			for _, user := range people[40:44] { // three sit and one waits
				if _, err := w.seats.Assign(ctx, l.ID, user); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := w.seats.Unassign(ctx, l.ID, people[40]); err != nil { // the fourth sits down
				t.Fatal(err)
			}
			if _, err := w.seats.Resize(ctx, l.ID, 150, nil); err != nil {
				t.Fatal(err)
			}
			r, _, err := w.seats.CreateRule(ctx, licensing.NewRule{License: l.ID, Name: "Everybody"})
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := w.seats.PublishRule(ctx, r.ID, nil); err != nil {
				t.Fatal(err)
			}
			before := sent.Load()
			w.apply(t)
			// One statement for every newcomer and every write of hers would be six and more; SQLite writes them one by one, which costs no way.
			if each := float64(sent.Load()-before) / float64(len(people)); dialect == storetest.Postgres && each > 2.5 {
				t.Errorf("a newcomer takes %.1f statements", each)
			}
			if l := w.audited(t, ctx, l.ID); l.Taken != 150 || l.Waiting != 50 {
				t.Errorf("%d seats are taken, %d wait", l.Taken, l.Waiting)
			}
			if got := w.states(t, ctx, l.ID, people[40], people[41], people[149], people[150], people[199]); !reflect.DeepEqual(got, []licensing.State{invited, invited, invited, waits, waits}) {
				t.Errorf("the seats are %q", got)
			}
			if _, err := w.seats.Resize(ctx, l.ID, 151, nil); err != nil {
				t.Fatal(err)
			}
			w.expect(t, ctx, l.ID, people[150:152], invited, waits)
		})
	}
}
