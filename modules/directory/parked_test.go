package directory_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/directory"
)

func (w *world) parked(group id.ID) []string {
	w.t.Helper()
	found, err := w.people.ParkedMembers(w.admin, []id.ID{group})
	if err != nil {
		w.t.Fatal(err)
	}
	var values []string
	for _, p := range found[group] {
		values = append(values, p.Value)
	}
	slices.Sort(values)
	return values
}

func values(names ...string) []directory.MemberRef {
	var all []directory.MemberRef
	for _, name := range names {
		all = append(all, directory.MemberRef{Value: name, Display: "display of " + name})
	}
	return all
}

// TestWhoIsAwaitedJoinsHoweverSheComes has people and groups come under every name that a provider may have for them.
//
// Conformance: W-59
func TestWhoIsAwaitedJoinsHoweverSheComes(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		nobody := w.create(w.okta, directory.User{UserName: "nobody@example.com", ExternalID: "00uNobody", Active: true})
		for _, c := range []struct {
			value string
			come  func() id.ID
		}{
			{"made@example.com", func() id.ID { return w.create(w.okta, directory.User{UserName: "made@example.com"}).ID }},
			{"Other.CASE@example.com", func() id.ID { return w.create(w.okta, directory.User{UserName: "oTHER.case@EXAMPLE.com"}).ID }},
			{"ÄPFEL@example.com", func() id.ID { return w.create(w.admin, directory.User{UserName: "äpfel@example.com"}).ID }},
			{"made by another@example.com", func() id.ID { return w.create(w.entra, directory.User{UserName: "made by another@example.com"}).ID }},
			{"00uExternal", func() id.ID {
				return w.create(w.okta, directory.User{UserName: "external@example.com", ExternalID: "00uExternal"}).ID
			}},
			{"renamed@example.com", func() id.ID {
				w.change(w.okta, nobody.ID, func(u *directory.User) { u.UserName = "Renamed@example.com" })
				return nobody.ID
			}},
			{"00uLater", func() id.ID {
				w.change(w.okta, nobody.ID, func(u *directory.User) { u.ExternalID = "00uLater" })
				return nobody.ID
			}},
			{"00uAdopted", func() id.ID {
				of := w.create(w.admin, directory.User{UserName: "adopted@example.com"}).ID
				w.change(w.okta, of, func(u *directory.User) { u.ExternalID = "00uAdopted" })
				return of
			}},
			{"group-1", func() id.ID {
				g, err := w.people.CreateGroup(w.okta, directory.NewGroup{DisplayName: "Made", ExternalID: "group-1"})
				if err != nil {
					t.Fatal(err)
				}
				return g.ID
			}},
			{"Group-2", func() id.ID {
				external := "Group-2"
				g, err := w.people.CreateGroup(w.admin, directory.NewGroup{DisplayName: "Linked"})
				if err != nil {
					t.Fatal(err)
				}
				w.as(w.okta, g.ID, directory.GroupEdit{ExternalID: &external})
				return g.ID
			}},
		} {
			g := w.group("Awaits "+c.value, values(c.value)...)
			if got := w.parked(g.ID); !slices.Equal(got, []string{c.value}) {
				t.Errorf("%s: parked are %v", c.value, got)
			}
			of := c.come()
			if got := w.why(g.ID); !equalReasons(got, map[id.ID][]string{of: {"okta"}}) || len(w.parked(g.ID)) > 0 {
				t.Errorf("%s: the members are %v, parked are %v", c.value, got, w.parked(g.ID))
			}
			if now, err := w.people.GetGroup(w.admin, g.ID); err != nil || now.Version != 2 {
				t.Errorf("%s: the group is %+v, %v", c.value, now, err)
			}
			if data := w.recorded("group.members_changed", g.ID); len(data) != 1 || data[0]["awaited"] != true {
				t.Errorf("%s: recorded is %v", c.value, data)
			}
		}
	})
}

// TestOnlyWhoIsMeantJoins has people come who are called almost like who is awaited.
func TestOnlyWhoIsMeantJoins(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		g := w.group("Sales", values("00uAbC", "00uabc")...)
		w.create(w.entra, directory.User{UserName: "1@example.com", ExternalID: "00uAbC"})
		w.create(w.okta, directory.User{UserName: "2@example.com", ExternalID: "00uABC"})
		if got := w.members(g.ID); len(got) > 0 {
			t.Errorf("another one's externalId, or another case of it, has joined: %v", got)
		}
		lower := w.create(w.okta, directory.User{UserName: "3@example.com", ExternalID: "00uabc"})
		if got := w.members(g.ID); !slices.Equal(got, []id.ID{lower.ID}) || !slices.Equal(w.parked(g.ID), []string{"00uAbC"}) {
			t.Errorf("members are %v, parked are %v", got, w.parked(g.ID))
		}
		upper := w.create(w.okta, directory.User{UserName: "4@example.com", ExternalID: "00uAbC"})
		if got := w.members(g.ID); !slices.Equal(got, []id.ID{lower.ID, upper.ID}) || len(w.parked(g.ID)) > 0 {
			t.Errorf("members are %v, parked are %v", got, w.parked(g.ID))
		}
		w.edit(g.ID, directory.MemberEdit{Op: directory.AddMembers, Members: values("Gone@example.com", "stays@example.com")})
		w.edit(g.ID, directory.MemberEdit{Op: directory.RemoveMembers, Members: values("Gone@example.com")})
		w.create(w.okta, directory.User{UserName: "gone@example.com"})
		if got := w.members(g.ID); len(got) != 2 || !slices.Equal(w.parked(g.ID), []string{"stays@example.com"}) {
			t.Errorf("who was removed while she was awaited has joined: %v, parked are %v", got, w.parked(g.ID))
		}
		w.edit(g.ID, directory.MemberEdit{Op: directory.ReplaceMembers, Members: refs(lower.ID)})
		if got := w.parked(g.ID); len(got) > 0 {
			t.Errorf("a whole list that does not name her awaits %v", got)
		}
	})
}

// TestWhoIsTakenBackJoinsTheGroupsThatNameHer has a configuration name somebody by her id whom it has let go.
func TestWhoIsTakenBackJoinsTheGroupsThatNameHer(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		who := w.create(w.okta, directory.User{UserName: "ada@example.com", Active: true})
		w.change(w.entra, who.ID, func(u *directory.User) { u.Active = true })
		if err := w.people.Delete(w.okta, who.ID, nil); err != nil {
			t.Fatal(err)
		}
		g := w.group("Sales", refs(who.ID)...)
		if got := w.members(g.ID); len(got) > 0 {
			t.Errorf("somebody whom the configuration does not see is a member: %v", got)
		}
		back := w.create(w.okta, directory.User{UserName: "Ada@example.com", Active: true})
		if got := w.members(g.ID); back.ID != who.ID || !slices.Equal(got, []id.ID{who.ID}) {
			t.Errorf("taken back is %s, members are %v", back.ID, got)
		}
	})
}

// TestStrictlyAnUnknownMemberUndoesEverything asks a configuration's edit and a creation to be refused whole.
//
// Conformance: S-2.3-08 W-59
func TestStrictlyAnUnknownMemberUndoesEverything(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		p := w.several(w.okta, 2)
		g, name, before := w.group("Sales", refs(p[0])...), "Renamed", w.events()
		edit := edited(directory.AddMembers, p[1])
		edit.Strict, edit.DisplayName = true, &name
		edit.Members[0].Members = append(edit.Members[0].Members, values("later@example.com")...)
		if _, _, err := w.people.ChangeGroup(w.okta, g.ID, edit, nil); !errors.Is(err, directory.ErrInvalidMember) {
			t.Errorf("an edit: %v", err)
		}
		made := directory.NewGroup{DisplayName: "New", Members: edit.Members[0].Members, Strict: true}
		if _, err := w.people.CreateGroup(w.okta, made); !errors.Is(err, directory.ErrInvalidMember) {
			t.Errorf("a creation: %v", err)
		}
		now, err := w.people.GetGroup(w.admin, g.ID)
		if err != nil || now.DisplayName != "Sales" || now.Version != 1 || !slices.Equal(w.members(g.ID), p[:1]) || w.events() != before {
			t.Errorf("something was applied: %+v, %v, %v", now, err, w.members(g.ID))
		}
	})
}

// blocked waits until a statement of this database waits for a lock, or something else has happened.
func blocked(t *testing.T, db *store.DB, done <-chan struct{}) {
	t.Helper()
	for {
		var n int
		err := db.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&n)
		if err != nil {
			t.Error(err)
			return
		}
		select {
		case <-done:
			return
		default:
		}
		if n > 0 {
			return
		}
	}
}

// held runs a verb and keeps its transaction open, written to the database, until meanwhile has ended or waits for it.
func held(t *testing.T, ctx context.Context, db *store.DB, verb func(ctx context.Context) error, meanwhile func()) {
	t.Helper()
	var all sync.WaitGroup
	defer all.Wait()
	err := store.Do(ctx, db, func(ctx context.Context) error {
		if err := verb(ctx); err != nil {
			return err
		}
		if _, err := db.Exec(ctx, `DELETE FROM parked_members WHERE tenant_id IS NULL`); err != nil { // what is deferred is written
			return err
		}
		done := make(chan struct{})
		all.Go(func() { defer close(done); meanwhile() })
		blocked(t, db, done)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestWhoComesWhileSheIsBeingParkedJoins holds one of the two open, in the middle, until the other one waits for it.
func TestWhoComesWhileSheIsBeingParkedJoins(t *testing.T) {
	t.Parallel()
	one, two := storetest.TwoReplicas(t, storetest.Postgres)
	w := newWorld(t, one)
	other := directory.New(two, w.journal, two.Now)
	create := func(s *directory.Service, name string) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := s.Create(ctx, directory.User{UserName: name, ExternalID: name, Active: true})
			return err
		}
	}
	rename := func(of id.ID, name string) func(context.Context) error {
		return func(ctx context.Context) error {
			_, _, err := other.Change(ctx, of, func(u *directory.User) error { u.UserName = name; return nil }, nil)
			return err
		}
	}
	make1 := func(name string) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := other.CreateGroup(ctx, directory.NewGroup{DisplayName: name, ExternalID: name})
			return err
		}
	}
	ben := w.create(w.okta, directory.User{UserName: "ben", Active: true}).ID
	for i, come := range []struct {
		story string
		verb  func(name string) func(context.Context) error
	}{
		{"she is made", func(name string) func(context.Context) error { return create(other, name) }},
		{"he is renamed", func(name string) func(context.Context) error { return rename(ben, name) }},
		{"the group is made", make1},
	} {
		name := fmt.Sprintf("late-%d", i)
		g, before := w.group("Parks while "+come.story), w.group("Parked while "+come.story)
		add := func(of id.ID) func(context.Context) error {
			return func(ctx context.Context) error {
				edit := directory.GroupEdit{Members: []directory.MemberEdit{{Op: directory.AddMembers, Members: values(name)}}}
				_, _, err := w.people.ChangeGroup(ctx, of, edit, nil)
				return err
			}
		}
		held(t, w.okta, one, add(g.ID), func() {
			held(t, w.okta, two, come.verb(name), func() {
				if err := add(before.ID)(w.okta); err != nil {
					t.Error(err)
				}
			})
		})
		for _, of := range []id.ID{g.ID, before.ID} {
			if got := w.members(of); len(got) != 1 || len(w.parked(of)) > 0 {
				t.Errorf("while %s: members are %v, parked are %v", come.story, got, w.parked(of))
			}
		}
	}
}

// TestNobodyIsLostBetweenAPushAndACreation has two replicas name and make people at the same moment.
func TestNobodyIsLostBetweenAPushAndACreation(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			one, two := storetest.TwoReplicas(t, dialect)
			w := newWorld(t, one)
			other := directory.New(two, w.journal, two.Now)
			g, inner := w.group("Sales"), w.group("Nested")
			const people = 60
			var all sync.WaitGroup
			for i := range people {
				name := fmt.Sprintf("Late%d@example.com", i)
				all.Go(func() {
					edit := directory.GroupEdit{Members: []directory.MemberEdit{{Op: directory.AddMembers, Members: values(name)}}}
					if _, _, err := w.people.ChangeGroup(w.okta, g.ID, edit, nil); err != nil {
						t.Error(err)
					}
				})
				all.Go(func() {
					by := w.okta
					if i%3 == 0 {
						by = w.entra
					}
					if _, err := other.Create(by, directory.User{UserName: name, Active: true}); err != nil {
						t.Error(err)
					}
				})
				if i%10 != 0 {
					continue
				}
				all.Go(func() {
					edit := directory.GroupEdit{Members: []directory.MemberEdit{{Op: directory.AddMembers, Members: values(fmt.Sprintf("group-%d", i))}}}
					if _, _, err := other.ChangeGroup(w.okta, inner.ID, edit, nil); err != nil {
						t.Error(err)
					}
				})
				all.Go(func() {
					if _, err := w.people.CreateGroup(w.okta, directory.NewGroup{DisplayName: fmt.Sprint(i), ExternalID: fmt.Sprintf("group-%d", i)}); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			if got := w.members(g.ID); len(got) != people || len(w.parked(g.ID)) > 0 {
				t.Errorf("%d members, want %d; still parked are %v", len(got), people, w.parked(g.ID))
			}
			if got := w.members(inner.ID); len(got) != people/10 || len(w.parked(inner.ID)) > 0 {
				t.Errorf("%d groups, want %d; still parked are %v", len(got), people/10, w.parked(inner.ID))
			}
		})
	}
}
