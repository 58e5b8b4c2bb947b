package licensing_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/licensing"
)

// walked reads a list to its end, from the first or from the last item, and returns the keys in the order of the list.
func walked[T any, K any](t *testing.T, size int, backward bool, read func(page.Args) (page.Page[T], error), cursor func(T) string, key func(T) K) []K {
	t.Helper()
	args := page.Args{First: size}
	if backward {
		args = page.Args{Last: size}
	}
	items, err := page.Walk(args, read, cursor)
	if err != nil {
		t.Fatal(err)
	}
	var keys []K
	for _, item := range items {
		keys = append(keys, key(item))
	}
	return keys
}

var bothWays = []page.Way{page.Ascending, page.Descending}

func turned[T any](all []T, way page.Way) []T {
	all = slices.Clone(all)
	if way == page.Descending {
		slices.Reverse(all)
	}
	return all
}

func TestSeatsAndLedgerGoBothWays(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, w := storetest.Tenant(t, db), newWorld(db)
		l, other, u := w.license(t, ctx, "Advanced", 2), w.license(t, ctx, "Other", 9), w.users(t, ctx, 5)
		for _, user := range u {
			for _, license := range []id.ID{l.ID, other.ID} {
				if _, err := w.seats.Assign(ctx, license, user); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, way := range bothWays {
			for _, backward := range []bool{false, true} {
				what := fmt.Sprintf("descending %v, from the end %v", way, backward)
				for state, want := range map[licensing.State][]id.ID{"": u, licensing.Waiting: u[2:], licensing.Invited: u[:2], licensing.Released: nil} {
					got := walked(t, 2, backward, func(args page.Args) (page.Page[licensing.Seat], error) {
						pages, err := w.seats.Seats(ctx, []id.ID{other.ID, l.ID, id.New()}, state, args, way)
						return pages[l.ID], err
					}, licensing.SeatCursor, func(seat licensing.Seat) id.ID { return seat.User })
					if want := turned(want, way); !slices.Equal(got, want) {
						t.Errorf("%s: seats %q are %v, want %v", what, state, got, want)
					}
					counts, err := w.seats.SeatCounts(ctx, []id.ID{l.ID, other.ID}, state)
					if err != nil || counts[l.ID] != int64(len(want)) {
						t.Errorf("seats %q number %v, %v", state, counts, err)
					}
				}
				for filter, want := range map[licensing.LedgerFilter][]id.ID{{}: u, {User: u[1]}: u[1:2], {Now: licensing.Waiting}: u[2:], {User: u[1], Now: licensing.Waiting}: nil} {
					got := walked(t, 2, backward, func(args page.Args) (page.Page[licensing.Entry], error) {
						pages, err := w.seats.Ledger(ctx, []id.ID{l.ID, other.ID}, filter, args, way)
						return pages[l.ID], err
					}, licensing.EntryCursor, func(e licensing.Entry) id.ID { return e.User })
					if want := turned(want, way); !slices.Equal(got, want) {
						t.Errorf("%s: steps of %+v are %v, want %v", what, filter, got, want)
					}
					counts, err := w.seats.LedgerCounts(ctx, []id.ID{l.ID}, filter)
					if err != nil || counts[l.ID] != int64(len(want)) {
						t.Errorf("steps of %+v number %v, %v", filter, counts, err)
					}
				}
			}
		}
	})
}

func TestLicensesAreListedInTheirOrders(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, w := storetest.Tenant(t, db), newWorld(db)
		for _, n := range []licensing.NewLicense{{Product: "Cider", SKU: "b"}, {Product: "Ale", SKU: "c"}, {Product: "Ale", SKU: "A"}, {Product: "100% Juice", SKU: "d"}} {
			if _, err := w.seats.Buy(ctx, n); err != nil {
				t.Fatal(err)
			}
		}
		for by, want := range map[licensing.OrderField][]string{licensing.BySKU: {"A", "b", "c", "d"}, licensing.ByProduct: {"d", "c", "A", "b"}, licensing.ByCreatedAt: {"b", "c", "A", "d"}} {
			for _, way := range bothWays {
				for _, backward := range []bool{false, true} {
					order := licensing.Order{By: by, Way: way}
					got := walked(t, 1, backward, func(args page.Args) (page.Page[licensing.License], error) {
						return w.seats.List(ctx, args, licensing.Filter{}, order)
					}, func(l licensing.License) string { return licensing.Cursor(l, order) }, func(l licensing.License) string { return l.SKU })
					if want := turned(want, way); !slices.Equal(got, want) {
						t.Errorf("%+v, from the end %v: %v, want %v", order, backward, got, want)
					}
				}
			}
		}
		for search, want := range map[string]int64{"": 4, "aLe": 2, "100%": 1, "%": 0, "_": 0, "c": 2, "nothing": 0} {
			p, err := w.seats.List(ctx, page.Args{}, licensing.Filter{Search: search}, licensing.Order{})
			total, errOfCount := w.seats.Count(ctx, licensing.Filter{Search: search})
			if err != nil || errOfCount != nil || int64(len(p.Items)) != want || total != want {
				t.Errorf("%q found %d of %d, %v, %v; want %d", search, len(p.Items), total, err, errOfCount, want)
			}
		}
		for _, cursor := range []string{"x", page.Encode("license", "a", "b"), page.Encode("license:product", "a", id.New().String()), page.Encode("license", "\x00", id.New().String())} {
			if _, err := w.seats.List(ctx, page.Args{After: cursor}, licensing.Filter{}, licensing.Order{}); !errors.Is(err, page.ErrCursor) {
				t.Errorf("%q: %v", cursor, err)
			}
		}
	})
}
