package directory_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/directory"
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

// Lists that belong to something are read from both ends, both ways, beside others.
func TestPiecesOfListsGoBothWays(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		p := w.several(w.okta, 5)
		g := w.group("Sales", refs(p...)...)
		inner := w.group("Inner", refs(p[0])...)
		w.edit(g.ID, directory.MemberEdit{Op: directory.AddMembers, Members: []directory.MemberRef{{Value: id.Group.Format(inner.ID)}}})
		all := append(slices.Clone(p), inner.ID)
		for n := range 4 {
			all = append(all, w.group(fmt.Sprintf("More %d", n), refs(p[0])...).ID)
		}
		for range 3 {
			w.edit(g.ID, directory.MemberEdit{Op: directory.AddMembers, Members: []directory.MemberRef{{Value: "later"}, {Value: "even later"}, {Value: "last"}}})
		}
		for _, way := range []page.Way{page.Ascending, page.Descending} {
			for _, backward := range []bool{false, true} {
				what := fmt.Sprintf("descending %v, from the end %v", way, backward)
				members := walked(t, 2, backward, func(args page.Args) (page.Page[directory.WholeMember], error) {
					pages, err := w.people.MembersOf(w.admin, []id.ID{inner.ID, g.ID, id.New()}, args, way, directory.Whole)
					return pages[g.ID], err
				}, directory.MemberCursor, func(m directory.WholeMember) id.ID { return m.ID })
				if want := byID(all[:6], way); !slices.Equal(members, want) {
					t.Errorf("%s: members are %v, want %v", what, members, want)
				}
				groups := walked(t, 2, backward, func(args page.Args) (page.Page[directory.MemberOf], error) {
					pages, err := w.people.GroupPagesOf(w.admin, []id.ID{p[1], p[0]}, args, way, directory.Outline)
					return pages[p[0]], err
				}, directory.MemberOfCursor, func(m directory.MemberOf) id.ID { return m.Group.ID })
				if want := byID(append([]id.ID{g.ID}, all[5:]...), way); !slices.Equal(groups, want) {
					t.Errorf("%s: groups are %v, want %v", what, groups, want)
				}
			}
		}
		for _, backward := range []bool{false, true} {
			parked := walked(t, 2, backward, func(args page.Args) (page.Page[directory.ParkedMember], error) {
				pages, err := w.people.ParkedPagesOf(w.admin, []id.ID{inner.ID, g.ID}, args)
				return pages[g.ID], err
			}, directory.ParkedCursor, func(p directory.ParkedMember) string { return p.Value })
			if want := []string{"even later", "last", "later"}; !slices.Equal(parked, want) {
				t.Errorf("from the end %v: parked are %v, want %v", backward, parked, want)
			}
		}
		counts, err := w.people.ParkedCounts(w.admin, []id.ID{g.ID, inner.ID})
		if err != nil || counts[g.ID] != 3 || counts[inner.ID] != 0 {
			t.Errorf("counts are %v, %v", counts, err)
		}
	})
}

func byID(ids []id.ID, way page.Way) []id.ID {
	sorted := slices.Clone(ids)
	slices.SortFunc(sorted, func(a, b id.ID) int { return slices.Compare(a[:], b[:]) })
	if way == page.Descending {
		slices.Reverse(sorted)
	}
	return sorted
}

func TestAMemberComesWithWhoItIs(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ada := w.create(w.okta, directory.User{UserName: "ada@example.com", DisplayName: "Ada", Active: true})
		inner := w.group("Inner")
		g := w.group("Sales", refs(ada.ID)[0], directory.MemberRef{Value: id.Group.Format(inner.ID)})
		for _, detail := range []directory.Detail{directory.Whole, directory.Outline} {
			pages, err := w.people.MembersOf(w.admin, []id.ID{g.ID}, page.Args{}, page.Ascending, detail)
			if err != nil || len(pages[g.ID].Items) != 2 {
				t.Fatalf("%+v, %v", pages, err)
			}
			of := map[bool]directory.WholeMember{}
			for _, m := range pages[g.ID].Items {
				of[m.IsGroup] = m
			}
			u, err := w.people.Get(w.admin, ada.ID)
			if err != nil {
				t.Fatal(err)
			}
			if got := of[false].User; got.ID != ada.ID || got.UserName != u.UserName || got.Version != u.Version || !got.Active || !got.CreatedAt.Equal(u.CreatedAt) {
				t.Errorf("she is %+v, want %+v", got, u)
			}
			if got := of[false].User.DisplayName; detail == directory.Whole && got != "Ada" || detail == directory.Outline && got != "" {
				t.Errorf("with detail %v she is called %q", detail, got)
			}
			if got := of[true].Group; got.ID != inner.ID || got.DisplayName != "Inner" || *got.Config != w.oktaID || got.Version != inner.Version {
				t.Errorf("the group is %+v, want %+v", got, inner)
			}
		}
		for _, cursor := range []string{"x", page.Encode("member", "x"), page.Encode("membership", ada.ID.String())} {
			if _, err := w.people.MembersOf(w.admin, []id.ID{g.ID}, page.Args{After: cursor}, page.Ascending, directory.Whole); !errors.Is(err, page.ErrCursor) {
				t.Errorf("%q: %v", cursor, err)
			}
		}
		for _, cursor := range []string{"x", page.Encode("parked", "\x00")} {
			if _, err := w.people.ParkedPagesOf(w.admin, []id.ID{g.ID}, page.Args{After: cursor}); !errors.Is(err, page.ErrCursor) {
				t.Errorf("%q: %v", cursor, err)
			}
		}
	})
}
