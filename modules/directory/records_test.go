package directory_test

import (
	"context"
	"encoding/json"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/directory"
)

// TestGroupsOfAPersonAreRead: names with quotation marks, brackets, line ends and other alphabets, and what is no such list.
func TestGroupsOfAPersonAreRead(t *testing.T) {
	t.Parallel()
	of := []id.ID{id.New(), id.New(), id.New()}
	for _, names := range [][]string{
		{"Sales"}, {"Sales", "Nordic, [Hunters]"}, {`the "A" team`, "back\\slash", "tab\tline\n"}, {"", "Πωλήσεις", "Zoë"}, {},
	} {
		pairs, want := [][2]string{}, []directory.GroupRef(nil)
		for i, name := range names {
			pairs = append(pairs, [2]string{of[i].String(), name})
			want = append(want, directory.GroupRef{ID: of[i], DisplayName: name})
		}
		text, err := json.Marshal(pairs)
		if err != nil {
			t.Fatal(err)
		}
		got, err := directory.ReadGroups(text)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s is read as %v, %v", text, got, err)
		}
	}
	for _, text := range []string{`[["` + of[0].String() + `"]]`, `[["no id","Sales"]]`, `[["no \u0069d","Sales"]]`} {
		if got, err := directory.ReadGroups([]byte(text)); err == nil {
			t.Errorf("%s is read as %v", text, got)
		}
	}
}

// TestAChangeShowsTheGroups: whoever is changed comes back with her groups, without a statement of its own for them, and a page
// of people with theirs takes three: the totals, the people, and what is above their groups.
func TestAChangeShowsTheGroups(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			var sent atomic.Int64
			db := storetest.Open(t, dialect, func(o *store.Options) { o.Watch = func(string) { sent.Add(1) } })
			w := newWorld(t, db)
			people := w.several(w.okta, 3)
			first, second := w.group(`Sales "North"`, refs(people[0])...), w.group("All", refs(people...)...)
			want := []directory.GroupRef{{ID: first.ID, DisplayName: `Sales "North"`}, {ID: second.ID, DisplayName: "All"}}
			if got, _ := w.change(w.okta, people[0], func(u *directory.User) { u.Title = "Lead" }); !slices.Equal(got.Groups, want) {
				t.Errorf("changed, she is in %v, want %v", got.Groups, want)
			}
			if got, _ := w.change(w.okta, people[0], func(*directory.User) {}); !slices.Equal(got.Groups, want) {
				t.Errorf("not changed, she is in %v, want %v", got.Groups, want)
			}
			page := func(ctx context.Context) directory.Listed[directory.Record] {
				found, err := w.people.Query(ctx, directory.Query{Count: 10, Groups: true})
				if err != nil {
					t.Fatal(err)
				}
				return found
			}
			page(w.okta)
			before := sent.Load()
			found := page(w.okta)
			if n := sent.Load() - before; n != 3 {
				t.Errorf("a page took %d statements, want 3", n)
			}
			if len(found.Items) != 3 || !slices.Equal(found.Items[0].Groups, want) || !slices.Equal(found.Items[2].Groups, want[1:]) {
				t.Errorf("the page is %+v", found.Items)
			}
		})
	}
}
