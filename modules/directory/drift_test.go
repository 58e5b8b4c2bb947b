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

// drift reads the drift of a group to its end, some at a time, as "kind value" each.
func (w *world) drift(group id.ID, atOnce int) []string {
	w.t.Helper()
	names := map[id.ID]string{w.oktaID: "okta", w.enID: "entra"}
	all, args := []string{}, page.Args{First: atOnce}
	for {
		pages, err := w.people.DriftOf(w.admin, []id.ID{group}, args)
		if err != nil {
			w.t.Fatal(err)
		}
		p := pages[group]
		for _, d := range p.Items {
			config := ""
			if d.Config != nil {
				config = " " + names[*d.Config]
			}
			all = append(all, fmt.Sprintf("%s %s%s", d.Kind, d.Value, config))
			args.After = directory.DriftCursor(d)
		}
		if !p.HasNext {
			break
		}
	}
	counts, err := w.people.DriftCounts(w.admin, []id.ID{group})
	if err != nil || counts[group] != int64(len(all)) {
		w.t.Errorf("%d were counted, %d listed, %v", counts[group], len(all), err)
	}
	return all
}

// drifted makes a group of okta with drift of every kind: p[0] is listed, p[1] is there by hand and p[2] by entra, p[3] is kept
// out, and somebody is parked.
func (w *world) drifted(name string, p []id.ID) *directory.Group {
	w.t.Helper()
	g := w.group(name, append(refs(p[0], p[3]), values("Later@example.com")...)...)
	w.as(w.admin, g.ID, edited(directory.AddMembers, p[0], p[1]))
	w.as(w.entra, g.ID, edited(directory.AddMembers, p[2]))
	w.as(w.admin, g.ID, edited(directory.RemoveMembers, p[3]))
	return g
}

func TestDriftIsListedInPages(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		p := w.several(w.okta, 4)
		g := w.drifted("Sales", p)
		want := []string{
			"by_hand " + id.User.Format(p[1]), "other_provider " + id.User.Format(p[2]) + " entra",
			"kept_out " + id.User.Format(p[3]) + " okta", "parked Later@example.com okta",
		}
		for atOnce := 1; atOnce <= 5; atOnce++ {
			if got := w.drift(g.ID, atOnce); !slices.Equal(got, want) {
				t.Errorf("%d at once: drift is %q, want %q", atOnce, got, want)
			}
		}
		byHand, err := w.people.CreateGroup(w.admin, directory.NewGroup{DisplayName: "By hand", Members: refs(p...), Strict: true})
		if err != nil {
			t.Fatal(err)
		}
		if got := w.drift(byHand.ID, 5); len(got) > 0 {
			t.Errorf("a group that nobody owns drifts: %q", got)
		}
		if pages, err := w.people.DriftOf(w.admin, []id.ID{byHand.ID, g.ID}, page.Args{First: 2}); err != nil || len(pages[g.ID].Items) != 2 || len(pages[byHand.ID].Items) != 0 {
			t.Errorf("pages of two groups are %+v, %v", pages, err)
		}
		for _, cursor := range []string{"x", page.Encode("drift", "0", "y"), page.Encode("drift", "2", p[0].String()), page.Encode("member", "a", "b")} {
			if _, err := w.people.DriftOf(w.admin, []id.ID{g.ID}, page.Args{First: 1, After: cursor}); !errors.Is(err, page.ErrCursor) {
				t.Errorf("%q: %v", cursor, err)
			}
		}
	})
}

func TestDriftIsSettledEitherWay(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		p := w.several(w.okta, 4)
		for _, c := range []struct {
			name    string
			how     directory.Settle
			settled int
			want    map[id.ID][]string
			drift   []string
		}{
			{"for the provider", directory.Settle{As: directory.SettleForProvider}, 3, map[id.ID][]string{p[0]: {"okta", "hand"}, p[3]: {"okta"}}, []string{"parked Later@example.com okta"}},
			{
				"by hand", directory.Settle{As: directory.SettleByHand, Additive: true}, 4,
				map[id.ID][]string{p[0]: {"okta", "hand"}, p[1]: {"adopted"}, p[2]: {"entra", "adopted"}}, nil,
			},
			{
				"one by hand", directory.Settle{As: directory.SettleByHand, Values: []string{"Later@example.com"}}, 1,
				map[id.ID][]string{p[0]: {"okta", "hand"}, p[1]: {"hand"}, p[2]: {"entra"}},
				[]string{"by_hand " + id.User.Format(p[1]), "other_provider " + id.User.Format(p[2]) + " entra", "kept_out " + id.User.Format(p[3]) + " okta"},
			},
			{"none of it", directory.Settle{As: directory.SettleForProvider, Values: []string{}}, 0, map[id.ID][]string{p[0]: {"okta", "hand"}, p[1]: {"hand"}, p[2]: {"entra"}}, nil},
		} {
			g := w.drifted(c.name, p)
			if c.drift == nil && c.settled == 0 {
				c.drift = w.drift(g.ID, 9)
			}
			_, settled, err := w.people.SettleDrift(w.admin, g.ID, c.how, nil)
			if err != nil || settled != c.settled {
				t.Errorf("%s: settled are %d, %v", c.name, settled, err)
			}
			if got := w.why(g.ID); !equalReasons(got, c.want) {
				t.Errorf("%s: the members are %v, want %v", c.name, got, c.want)
			}
			if got := w.drift(g.ID, 9); !slices.Equal(got, c.drift) && len(got)+len(c.drift) > 0 {
				t.Errorf("%s: drift is %q, want %q", c.name, got, c.drift)
			}
			data := w.recorded("group.drift_settled", g.ID)
			if settled == 0 && len(data) > 0 || settled > 0 && (len(data) != 1 || data[0]["settled"] != float64(settled) || data[0]["as"] != string(c.how.As)) {
				t.Errorf("%s: recorded is %v", c.name, data)
			}
			if _, again, err := w.people.SettleDrift(w.admin, g.ID, c.how, nil); err != nil || again != 0 {
				t.Errorf("%s: settled once more are %d, %v", c.name, again, err)
			}
		}
	})
}

func TestDriftIsNotSettledAgainstWhatComesNext(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		p := w.several(w.okta, 4)
		g := w.drifted("Sales", p)
		before := w.drift(g.ID, 9)
		byHand, err := w.people.CreateGroup(w.admin, directory.NewGroup{DisplayName: "By hand"})
		if err != nil {
			t.Fatal(err)
		}
		stale := &directory.Expect{Versions: []int64{77}}
		for _, c := range []struct {
			of     id.ID
			how    directory.Settle
			expect *directory.Expect
			want   error
		}{
			{g.ID, directory.Settle{As: directory.SettleByHand}, nil, directory.ErrAuthoritative},
			{g.ID, directory.Settle{As: directory.SettleForProvider}, stale, directory.ErrStaleVersion},
			{byHand.ID, directory.Settle{As: directory.SettleForProvider}, nil, directory.ErrNoProvider},
			{id.New(), directory.Settle{As: directory.SettleForProvider}, nil, directory.ErrGroupNotFound},
		} {
			if _, _, err := w.people.SettleDrift(w.admin, c.of, c.how, c.expect); !errors.Is(err, c.want) {
				t.Errorf("%+v: %v, want %v", c.how, err, c.want)
			}
		}
		if _, _, err := w.people.SettleDrift(w.okta, g.ID, directory.Settle{As: directory.SettleForProvider}, nil); err == nil {
			t.Error("a provider has settled drift")
		}
		if got := w.drift(g.ID, 9); !slices.Equal(got, before) {
			t.Errorf("drift is %q, was %q", got, before)
		}
	})
}

// TestWhoIsKeptOutComesBackWithTheNextWord has hands and providers speak of somebody whom a hand has taken out.
func TestWhoIsKeptOutComesBackWithTheNextWord(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		p := w.several(w.okta, 2)
		for _, c := range []struct {
			story string
			act   func(g id.ID)
			want  []string
			drift int
		}{
			{"nobody speaks", func(id.ID) {}, nil, 1},
			{"the provider adds her again", func(g id.ID) { w.as(w.okta, g, edited(directory.AddMembers, p[0])) }, []string{"okta"}, 0},
			{"the provider's list has her", func(g id.ID) { w.as(w.okta, g, edited(directory.ReplaceMembers, p...)) }, []string{"okta"}, 0},
			{"the provider's list has her no more", func(g id.ID) { w.as(w.okta, g, edited(directory.ReplaceMembers, p[1])) }, nil, 0},
			{"the provider takes her out", func(g id.ID) { w.as(w.okta, g, edited(directory.RemoveMembers, p[0])) }, nil, 0},
			{"another provider takes her out", func(g id.ID) { w.as(w.entra, g, edited(directory.RemoveMembers, p[0])) }, nil, 1},
			{"another provider adds her", func(g id.ID) { w.as(w.entra, g, edited(directory.AddMembers, p[0])) }, []string{"entra", "okta"}, 0},
			{"a hand adds her", func(g id.ID) { w.as(w.admin, g, edited(directory.AddMembers, p[0])) }, []string{"okta", "hand"}, 0},
		} {
			g := w.group(c.story, refs(p...)...)
			w.as(w.admin, g.ID, edited(directory.RemoveMembers, p[0]))
			c.act(g.ID)
			if got, drift := w.why(g.ID)[p[0]], w.drift(g.ID, 9); !slices.Equal(got, c.want) || len(drift) != c.drift {
				t.Errorf("%s: she is there because of %v, want %v; drift is %q", c.story, got, c.want, drift)
			}
		}
		if err := w.people.Delete(w.admin, p[0], nil); err != nil {
			t.Fatal(err)
		}
		g, err := w.people.GroupByName(w.admin, "nobody speaks")
		if err != nil {
			t.Fatal(err)
		}
		if drift := w.drift(g.ID, 9); len(drift) > 0 {
			t.Errorf("somebody who is deleted is still kept out: %q", drift)
		}
	})
}
