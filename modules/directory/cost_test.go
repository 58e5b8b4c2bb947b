package directory_test

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/directory"
)

// touched counts the rows of the directory that the open transaction has read, on PostgreSQL.
func (w *world) touched(ctx context.Context) (n int) {
	w.t.Helper()
	err := w.db.QueryRow(ctx, `SELECT COALESCE(sum(COALESCE(seq_tup_read, 0) + COALESCE(idx_tup_fetch, 0)), 0) FROM pg_stat_xact_user_tables
		WHERE relname IN ('users', 'groups', 'memberships', 'links', 'parked_members', 'user_values')`).Scan(&n)
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// cost runs an edit and counts the statements that it sends and, on PostgreSQL, the rows that they read.
func (w *world) cost(of id.ID, edit directory.GroupEdit, sent *atomic.Int64) (statements, rows int) {
	w.t.Helper()
	err := store.Do(w.okta, w.db, func(ctx context.Context) error {
		nothing := func() error {
			_, err := w.db.Exec(ctx, `DELETE FROM parked_members WHERE tenant_id IS NULL`)
			return err
		}
		if err := nothing(); err != nil { // a transaction is open
			return err
		}
		if w.db.Postgres() {
			rows = w.touched(ctx)
		}
		before := sent.Load()
		if _, _, err := w.people.ChangeGroup(ctx, of, edit, nil); err != nil {
			return err
		}
		if err := nothing(); err != nil { // what is deferred is written
			return err
		}
		statements = int(sent.Load() - before)
		if w.db.Postgres() {
			rows = w.touched(ctx) - rows
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return statements, rows
}

// TestAnEditCostsWhatItChanges counts statements and rows, not time: of 50 and of 1,000 changes, each in one transaction, in
// groups of 1,000 and of 100,000 members. The door's answer to a PATCH reads nothing further.
//
// Conformance: P-3.5.2-12
func TestAnEditCostsWhatItChanges(t *testing.T) {
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
			w := newWorld(t, db)
			small, large := w.group("Small"), w.group("Large")
			people := storetest.People(t, db, w.admin, 102_000)
			storetest.Members(t, db, w.admin, small.ID, w.oktaID, people[:1000])
			storetest.Members(t, db, w.admin, large.ID, w.oktaID, people[:100_000])
			if db.Postgres() {
				w.analyze()
			}
			type counted struct{ statements, rows int }
			for _, many := range []int{1, 50, 1000} {
				come, gone := people[100_000:100_000+many], people[:many]
				costs := map[string][]counted{}
				for i, g := range []*directory.Group{small, small, large} { // statements are prepared the first time
					for _, step := range []struct {
						name string
						op   directory.MemberOp
						who  []id.ID
					}{
						{"add", directory.AddMembers, come}, {"add again", directory.AddMembers, come}, {"remove", directory.RemoveMembers, come},
						{"take out", directory.RemoveMembers, gone}, {"put back", directory.AddMembers, gone},
					} {
						statements, rows := w.cost(g.ID, edited(step.op, step.who...), &sent)
						if i == 0 {
							continue
						}
						costs[step.name] = append(costs[step.name], counted{statements, rows})
					}
				}
				for name, c := range costs {
					// Whether very many go is found out by counting twice as many and one, where there are so many.
					if c[1].statements > c[0].statements || c[1].rows > c[0].rows+many+1 {
						t.Errorf("%s %d: %d statements and %d rows in a group of 1,000, %d and %d in one of 100,000", name, many, c[0].statements, c[0].rows, c[1].statements, c[1].rows)
					}
					if most := 12*many + 40; c[1].rows > most || c[1].statements > 16 {
						t.Errorf("%s %d: %d statements, %d rows, want %d at most", name, many, c[1].statements, c[1].rows, most)
					}
				}
			}
			if got := w.members(small.ID); !slices.Equal(got, people[:1000]) {
				t.Errorf("the small group has %d members in the end", len(got))
			}
		})
	}
}

func (w *world) analyze() {
	w.t.Helper()
	err := store.Do(w.admin, w.db, func(ctx context.Context) error {
		_, err := w.db.Exec(ctx, "ANALYZE")
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}
