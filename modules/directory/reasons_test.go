package directory_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/directory"
)

// as edits a group as somebody else than Okta.
func (w *world) as(ctx context.Context, of id.ID, edit directory.GroupEdit) *directory.Group {
	w.t.Helper()
	if who, _ := caller.From(ctx); who.Config == id.Nil {
		edit.Strict = true
	}
	g, _, err := w.people.ChangeGroup(ctx, of, edit, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return g
}

func edited(op directory.MemberOp, who ...id.ID) directory.GroupEdit {
	return directory.GroupEdit{Members: []directory.MemberEdit{{Op: op, Members: refs(who...)}}}
}

// why says for what reasons each member of a group is there.
func (w *world) why(group id.ID) map[id.ID][]string {
	w.t.Helper()
	members, err := w.people.Members(w.admin, group, id.Nil, 10_000)
	if err != nil {
		w.t.Fatal(err)
	}
	names := map[id.ID]string{w.oktaID: "okta", w.enID: "entra"}
	all := map[id.ID][]string{}
	for _, m := range members {
		for _, r := range m.Reasons {
			name := r.Source
			if known, ok := names[r.By]; ok {
				name = known
			}
			all[m.ID] = append(all[m.ID], name)
		}
		if m.Source != m.Reasons[0].Source {
			w.t.Errorf("the source of %s is %s, her reasons are %v", m.ID, m.Source, m.Reasons)
		}
	}
	return all
}

// recorded returns what the journal keeps of a kind of events of a subject, the oldest first.
func (w *world) recorded(kind string, of id.ID) []map[string]any {
	w.t.Helper()
	who, _ := caller.From(w.admin)
	rows, err := w.db.Query(w.admin, `SELECT data FROM events WHERE tenant_id = $1 AND kind = $2 AND subject_id = $3 ORDER BY id`, who.Tenant, kind, of)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var all []map[string]any
	for rows.Next() {
		var text string
		var data map[string]any
		if err := errors.Join(rows.Scan(&text), json.Unmarshal([]byte(text), &data)); err != nil {
			w.t.Fatal(err)
		}
		all = append(all, data)
	}
	return all
}

// TestAMemberGoesWithHerLastReason has two identity providers and an administrator put people in and take them out.
func TestAMemberGoesWithHerLastReason(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		add, remove := directory.AddMembers, directory.RemoveMembers
		type step struct {
			by func(*world) context.Context
			op directory.MemberOp
		}
		okta, entra, hand := func(w *world) context.Context { return w.okta }, func(w *world) context.Context { return w.entra }, func(w *world) context.Context { return w.admin }
		for i, c := range []struct {
			story string
			steps []step
			want  []string
		}{
			{"a hand adds, the provider adds and removes", []step{{hand, add}, {okta, add}, {okta, remove}}, []string{"hand"}},
			{"and removes once more, because nobody answered in time", []step{{hand, add}, {okta, add}, {okta, remove}, {okta, remove}}, []string{"hand"}},
			{"the provider adds, a hand adds, the provider removes", []step{{okta, add}, {hand, add}, {okta, remove}}, []string{"hand"}},
			{"the provider adds, a hand adds and takes that back", []step{{okta, add}, {hand, add}, {hand, remove}}, []string{"okta"}},
			{"two providers add, one removes", []step{{okta, add}, {entra, add}, {okta, remove}}, []string{"entra"}},
			{"two providers and a hand add, both providers remove", []step{{okta, add}, {entra, add}, {hand, add}, {okta, remove}, {entra, remove}}, []string{"hand"}},
			{"all three add and remove", []step{{hand, add}, {entra, add}, {okta, add}, {okta, remove}, {hand, remove}, {entra, remove}}, nil},
			{"somebody else's provider removes", []step{{okta, add}, {entra, remove}}, []string{"okta"}},
			{"a provider removes whom only a hand has added", []step{{hand, add}, {okta, remove}}, []string{"hand"}},
			{"everybody adds twice", []step{{okta, add}, {okta, add}, {hand, add}, {hand, add}, {entra, add}}, []string{"okta", "entra", "hand"}},
			{"a hand removes whom only a provider has added", []step{{okta, add}, {hand, remove}}, nil},
		} {
			p := []id.ID{w.create(w.okta, directory.User{UserName: fmt.Sprintf("a%d", i), Active: true}).ID, w.create(w.okta, directory.User{UserName: fmt.Sprintf("b%d", i), Active: true}).ID}
			g := w.group(c.story, refs(p[1])...)
			before := w.why(g.ID)[p[1]]
			for _, s := range c.steps {
				w.as(s.by(w), g.ID, edited(s.op, p[0]))
			}
			if got := w.why(g.ID); !slices.Equal(got[p[0]], c.want) || !slices.Equal(got[p[1]], before) {
				t.Errorf("%s: she is there because of %v, want %v; the other one because of %v", c.story, got[p[0]], c.want, got[p[1]])
			}
		}
	})
}

// TestAWholeListTakesOutWhomItDoesNotName is Okta's Push Now and a PUT, in either mode and by the letter of the RFC.
//
// Conformance: W-63
func TestAWholeListTakesOutWhomItDoesNotName(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		p := w.several(w.okta, 6)
		const oktas, both, hands, entras, every, listed = 0, 1, 2, 3, 4, 5
		for _, c := range []struct {
			mode string
			edit directory.GroupEdit
			want map[id.ID][]string
			told []id.ID // as removed although a hand had put them in
		}{
			{"authoritative", directory.GroupEdit{}, map[id.ID][]string{p[entras]: {"entra"}, p[every]: {"entra"}, p[listed]: {"okta", "hand"}}, []id.ID{p[both], p[hands]}},
			{"additive", directory.GroupEdit{Additive: true}, map[id.ID][]string{
				p[both]: {"hand"}, p[hands]: {"hand"}, p[entras]: {"entra"}, p[every]: {"entra", "hand"}, p[listed]: {"okta", "hand"},
			}, nil},
			{"strict", directory.GroupEdit{Strict: true}, map[id.ID][]string{p[listed]: {"okta", "hand"}}, []id.ID{p[both], p[hands], p[every]}},
			{"strict and additive", directory.GroupEdit{Strict: true, Additive: true}, map[id.ID][]string{
				p[both]: {"hand"}, p[hands]: {"hand"}, p[entras]: {"entra"}, p[every]: {"entra", "hand"}, p[listed]: {"okta", "hand"},
			}, nil},
		} {
			g := w.group(c.mode, refs(p[oktas], p[both], p[every])...)
			w.as(w.entra, g.ID, edited(directory.AddMembers, p[entras], p[every]))
			w.as(w.admin, g.ID, edited(directory.AddMembers, p[both], p[hands], p[every], p[listed]))
			c.edit.Members = edited(directory.ReplaceMembers, p[listed]).Members
			for range 2 { // the second time changes nothing
				w.as(w.okta, g.ID, c.edit)
			}
			if got := w.why(g.ID); !equalReasons(got, c.want) {
				t.Errorf("%s: the members are %v, want %v", c.mode, got, c.want)
			}
			var told []string
			for _, of := range c.told {
				told = append(told, id.User.Format(of))
			}
			slices.Sort(told)
			var got []string
			for _, data := range w.recorded("group.hand_made_removed", g.ID) {
				for _, one := range data["members"].([]any) { //nolint:forcetypeassert // the test fails
					got = append(got, one.(string)) //nolint:forcetypeassert // the test fails
				}
				if data["scimConfig"] != id.Config.Format(w.oktaID) || data["count"] != float64(len(c.told)) {
					t.Errorf("%s: reported is %v", c.mode, data)
				}
			}
			slices.Sort(got)
			if !slices.Equal(got, told) {
				t.Errorf("%s: reported are %v, want %v", c.mode, got, told)
			}
		}
	})
}

func equalReasons(a, b map[id.ID][]string) bool {
	if len(a) != len(b) {
		return false
	}
	for of, why := range a {
		if !slices.Equal(why, b[of]) {
			return false
		}
	}
	return true
}

// TestAnotherProvidersListIsAboutItsOwnMembers has a configuration push a group that another one owns.
func TestAnotherProvidersListIsAboutItsOwnMembers(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		p := w.several(w.okta, 4)
		g := w.group("Sales", refs(p[0])...)
		w.as(w.admin, g.ID, edited(directory.AddMembers, p[1]))
		w.as(w.entra, g.ID, edited(directory.AddMembers, p[2]))
		w.as(w.entra, g.ID, edited(directory.ReplaceMembers, p[3]))
		want := map[id.ID][]string{p[0]: {"okta"}, p[1]: {"hand"}, p[3]: {"entra"}}
		if got := w.why(g.ID); !equalReasons(got, want) {
			t.Errorf("the members are %v, want %v", got, want)
		}
		w.as(w.entra, g.ID, directory.GroupEdit{Members: []directory.MemberEdit{{Op: directory.RemoveAllMembers}}})
		delete(want, p[3])
		if got := w.why(g.ID); !equalReasons(got, want) {
			t.Errorf("emptied by the other one, the members are %v, want %v", got, want)
		}
		if now, err := w.people.GetGroup(w.admin, g.ID); err != nil || *now.Config != w.oktaID {
			t.Errorf("the group is now %+v, %v", now, err)
		}
	})
}

// TestWhoLeavesAConfigurationStaysWhereOthersHaveHer deletes the person for one of two configurations.
func TestWhoLeavesAConfigurationStaysWhereOthersHaveHer(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		p := w.several(w.okta, 1)
		w.change(w.entra, p[0], func(u *directory.User) { u.ExternalID = "e" })
		mine, shared, byHand := w.group("Mine", refs(p[0])...), w.group("Shared", refs(p[0])...), w.group("By hand", refs(p[0])...)
		w.as(w.entra, shared.ID, edited(directory.AddMembers, p[0]))
		w.as(w.admin, byHand.ID, edited(directory.AddMembers, p[0]))
		if err := w.people.Delete(w.okta, p[0], nil); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			group *directory.Group
			want  []string
		}{{mine, nil}, {shared, []string{"entra"}}, {byHand, []string{"hand"}}} {
			if got := w.why(c.group.ID)[p[0]]; !slices.Equal(got, c.want) {
				t.Errorf("%s has her because of %v, want %v", c.group.DisplayName, got, c.want)
			}
		}
	})
}

// TestNobodyLosesAMembershipWithAConfiguration forgets a configuration that has put people into groups, alone and with others.
func TestNobodyLosesAMembershipWithAConfiguration(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		p := w.several(w.okta, 4)
		g := w.group("Sales", append(refs(p[:3]...), directory.MemberRef{Value: "later@example.com"})...)
		w.as(w.entra, g.ID, edited(directory.AddMembers, p[1], p[3]))
		w.as(w.admin, g.ID, edited(directory.AddMembers, p[2]))
		if err := w.people.Forget(w.admin, w.oktaID); err != nil {
			t.Fatal(err)
		}
		want := map[id.ID][]string{p[0]: {"hand"}, p[1]: {"entra", "hand"}, p[2]: {"hand"}, p[3]: {"entra"}}
		if got := w.why(g.ID); !equalReasons(got, want) {
			t.Errorf("the members are %v, want %v", got, want)
		}
		now, err := w.people.GetGroup(w.admin, g.ID)
		if err != nil || now.Config != nil {
			t.Errorf("the group is %+v, %v", now, err)
		}
		w.as(w.entra, g.ID, edited(directory.ReplaceMembers, p[3]))
		if got := w.members(g.ID); !slices.Equal(got, p[3:]) {
			t.Errorf("the next provider's list has left %v", got)
		}
		w.create(w.okta, directory.User{UserName: "later@example.com", Active: true})
		if got := w.members(g.ID); !slices.Equal(got, p[3:]) {
			t.Errorf("somebody is still awaited: %v", got)
		}
	})
}
