package directory_test

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/directory"
)

func (w *world) group(name string, members ...directory.MemberRef) *directory.Group {
	w.t.Helper()
	g, err := w.people.CreateGroup(w.okta, directory.NewGroup{DisplayName: name, Members: members})
	if err != nil {
		w.t.Fatal(err)
	}
	return g
}

func (w *world) edit(of id.ID, edits ...directory.MemberEdit) (*directory.Group, bool) {
	w.t.Helper()
	g, changed, err := w.people.ChangeGroup(w.okta, of, directory.GroupEdit{Members: edits}, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return g, changed
}

func TestMembersAreEditedAsSets(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		p := w.several(w.okta, 5)
		g := w.group("Sales", refs(p[0], p[1], p[0])...)
		check := func(when string, version int64, want ...id.ID) {
			t.Helper()
			now, err := w.people.GetGroup(w.admin, g.ID)
			if got := w.members(g.ID); err != nil || !slices.Equal(got, want) || now.Version != version {
				t.Errorf("%s: %v in version %d, %v; want %v in %d", when, got, now.Version, err, want, version)
			}
		}
		check("made with two, one of them twice", 1, p[0], p[1])
		w.edit(g.ID, directory.MemberEdit{Op: directory.AddMembers, Members: refs(p[1], p[2])})
		check("one was added", 2, p[0], p[1], p[2])
		if _, changed := w.edit(g.ID, directory.MemberEdit{Op: directory.AddMembers, Members: refs(p[1])}); changed {
			t.Error("adding who is in changed something")
		}
		check("nobody was added", 2, p[0], p[1], p[2])
		w.edit(g.ID, directory.MemberEdit{Op: directory.RemoveMembers, Members: refs(p[0], p[4])}, directory.MemberEdit{Op: directory.AddMembers, Members: refs(p[3])})
		check("one went and one came", 3, p[1], p[2], p[3])
		w.edit(g.ID, directory.MemberEdit{Op: directory.ReplaceMembers, Members: refs(p[4], p[3])})
		check("the list was replaced", 4, p[3], p[4])
		w.edit(g.ID, directory.MemberEdit{Op: directory.RemoveAllMembers}, directory.MemberEdit{Op: directory.AddMembers, Members: refs(p[0])})
		check("emptied and filled", 5, p[0])
		w.edit(g.ID, directory.MemberEdit{Op: directory.RemoveAllMembers})
		check("emptied", 6)
	})
}

func TestAGroupsNameIsUniqueAndOthersGroupsStay(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		g := w.group("Sales")
		if _, err := w.people.CreateGroup(w.admin, directory.NewGroup{DisplayName: "SALES"}); !errors.Is(err, directory.ErrGroupNameTaken) {
			t.Errorf("another case: %v", err)
		}
		if err := w.people.DeleteGroup(w.entra, g.ID, nil); !errors.Is(err, directory.ErrGroupOfOthers) {
			t.Errorf("another configuration deleted it: %v", err)
		}
		byHand, err := w.people.CreateGroup(w.admin, directory.NewGroup{DisplayName: "By hand"})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.people.DeleteGroup(w.okta, byHand.ID, nil); !errors.Is(err, directory.ErrGroupOfOthers) {
			t.Errorf("a configuration deleted what was made by hand: %v", err)
		}
		name := "Linked"
		if _, _, err := w.people.ChangeGroup(w.okta, byHand.ID, directory.GroupEdit{DisplayName: &name}, nil); err != nil {
			t.Fatal(err)
		}
		if err := w.people.DeleteGroup(w.okta, byHand.ID, nil); err != nil {
			t.Errorf("a configuration cannot delete what it has linked: %v", err)
		}
		if _, _, err := w.people.ChangeGroup(w.okta, g.ID, directory.GroupEdit{DisplayName: &name}, &directory.Expect{Versions: []int64{7}}); !errors.Is(err, directory.ErrStaleVersion) {
			t.Errorf("a wrong version: %v", err)
		}
	})
}

func TestMembersWhoHaveNotComeAreParkedAndJoinLater(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		g := w.group("Sales", directory.MemberRef{Value: "ada@example.com"}, directory.MemberRef{Value: "00u7", Display: "Ben"})
		parked, err := w.people.ParkedMembers(w.admin, []id.ID{g.ID})
		if err != nil || len(parked[g.ID]) != 2 {
			t.Fatalf("parked are %+v, %v", parked, err)
		}
		ada := w.create(w.okta, directory.User{UserName: "ada@example.com", Active: true})
		ben := w.create(w.okta, directory.User{UserName: "ben@example.com", ExternalID: "00u7", Active: true})
		if got := w.members(g.ID); !slices.Equal(got, []id.ID{ada.ID, ben.ID}) || !ada.Awaited {
			t.Errorf("members are %v", got)
		}
		if parked, err = w.people.ParkedMembers(w.admin, []id.ID{g.ID}); err != nil || len(parked[g.ID]) != 0 {
			t.Errorf("still parked: %+v, %v", parked, err)
		}
		edit := directory.GroupEdit{Strict: true, Members: []directory.MemberEdit{{Op: directory.AddMembers, Members: []directory.MemberRef{{Value: "nobody"}}}}}
		if _, _, err := w.people.ChangeGroup(w.okta, g.ID, edit, nil); !errors.Is(err, directory.ErrInvalidMember) {
			t.Errorf("strictly: %v", err)
		}
	})
}

func TestNoMemberIsLostSideBySide(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			one, two := storetest.TwoReplicas(t, dialect)
			w := newWorld(t, one)
			other := directory.New(two, w.journal, two.Now)
			people := w.several(w.okta, 48)
			g := w.group("Sales", refs(people[:16]...)...)
			var all sync.WaitGroup
			for i, who := range people {
				s := w.people
				if i%2 == 1 {
					s = other
				}
				op := directory.AddMembers
				if i < 16 {
					op = directory.RemoveMembers
				}
				all.Go(func() {
					edit := directory.GroupEdit{Members: []directory.MemberEdit{{Op: op, Members: refs(who)}}}
					if _, _, err := s.ChangeGroup(w.okta, g.ID, edit, nil); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			if got := w.members(g.ID); !slices.Equal(got, people[16:]) {
				t.Errorf("%d members, want %d", len(got), len(people)-16)
			}
		})
	}
}

func TestMembershipsGoWithThePersonAndStayWhenSheIsInactive(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		p := w.several(w.okta, 3)
		g := w.group("Sales", refs(p...)...)
		outer := w.group("Everybody", directory.MemberRef{Value: id.Group.Format(g.ID)})
		w.change(w.okta, p[0], func(u *directory.User) { u.Active = false })
		if got := w.members(g.ID); !slices.Equal(got, p) {
			t.Errorf("deactivation left %v", got)
		}
		if err := w.people.Delete(w.okta, p[0], nil); err != nil {
			t.Fatal(err)
		}
		if got := w.members(g.ID); !slices.Equal(got, p[1:]) {
			t.Errorf("deletion left %v", got)
		}
		pages, err := w.people.MembersOf(w.admin, []id.ID{g.ID, outer.ID}, page.Args{First: 1}, page.Ascending, directory.Whole)
		if err != nil || !pages[g.ID].HasNext || len(pages[outer.ID].Items) != 1 || !pages[outer.ID].Items[0].IsGroup {
			t.Errorf("pages are %+v, %v", pages, err)
		}
		groups, err := w.people.GroupsOf(w.admin, p[1:])
		if err != nil || len(groups[p[1]]) != 1 || groups[p[1]][0].Source != directory.SourceSCIM || *groups[p[1]][0].SourceID != w.oktaID {
			t.Errorf("groups are %+v, %v", groups, err)
		}
		counts, err := w.people.MemberCounts(w.admin, []id.ID{g.ID})
		if err != nil || counts[g.ID] != 2 {
			t.Errorf("counts are %v, %v", counts, err)
		}
		if err := w.people.DeleteGroup(w.okta, g.ID, nil); err != nil {
			t.Fatal(err)
		}
		if got := w.members(outer.ID); len(got) != 0 {
			t.Errorf("a deleted group is a member: %v", got)
		}
	})
}
