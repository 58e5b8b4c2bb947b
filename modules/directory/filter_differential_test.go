package directory_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/filter"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/directory"
)

// filtersMade is how many filters are tried on each database; USHER_TEST_FILTERS asks for more.
func filtersMade(t *testing.T) int {
	text := os.Getenv("USHER_TEST_FILTERS")
	if text == "" {
		return 10_000
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("USHER_TEST_FILTERS is %q", text)
	}
	return n
}

// TestFiltersMeanWhatTheModelSays makes people and groups, and asks for them by made filters and orders. Whom the database
// finds, how many and in which order, and what stands on a page, has to be what the model says.
//
// Conformance: P-3.4.2.1-02 P-3.4.2.1-03 P-3.4.2.2-01 P-3.4.2.2-02 P-3.4.2.2-05 P-3.4.2.2-06 P-3.4.2.2-07 P-3.4.2.2-08
// Conformance: P-3.4.2.2-11 P-3.4.2.2-12 P-3.4.2.2-13 P-3.4.2.2-14 P-3.4.2.2-17 P-3.4.2.2-19 P-3.4.2.3-01 P-3.4.2.3-02
// Conformance: P-3.4.2.3-04 P-3.4.2.3-05 P-3.10-01 S-2.4-02 S-7-03
func TestFiltersMeanWhatTheModelSays(t *testing.T) {
	t.Parallel()
	many := filtersMade(t)
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		g := &maker{Rand: rand.New(rand.NewPCG(11, 64)), t: t}
		users, groups := w.populate(g)
		for i := range many {
			if i%50 == 0 && t.Failed() {
				t.Fatalf("after %d filters", i)
			}
			w.compareFilter(g, users, groups)
		}
	})
}

// populate makes the people and the groups, and returns them as they are read.
func (w *world) populate(g *maker) (users, sets []map[string]any) {
	w.people.Hurry(time.Minute) // what is asked is the question, not how fast the machine is
	d := crm()
	d.Attributes = append(d.Attributes, directory.Attribute{Name: "sizes", Type: directory.TypeInteger, MultiValued: true})
	w.register(d)
	var people []*directory.User
	for i := range 60 {
		u := g.person(i, people)
		ctx := w.okta
		if g.IntN(8) == 0 { // somebody whom the asking configuration has never written to
			ctx = w.entra
		}
		made := w.create(ctx, u)
		if g.IntN(4) == 0 {
			made, _ = w.change(ctx, made.ID, func(u *directory.User) { u.Title, u.Active = g.word(), false })
		}
		people = append(people, made)
	}
	gone := w.create(w.okta, directory.User{UserName: "gone", Title: "gone", ExternalID: "gone", Active: true})
	w.change(w.entra, gone.ID, func(u *directory.User) { u.NickName = "gone" })
	if err := w.people.Delete(w.okta, gone.ID, nil); err != nil {
		w.t.Fatal(err)
	}
	var groups []*directory.Group
	members := map[id.ID][]directory.Member{}
	for i := range 14 {
		var of []directory.MemberRef
		for range g.IntN(6) {
			of = append(of, directory.MemberRef{Value: id.User.Format(people[g.IntN(len(people))].ID)})
		}
		if len(groups) > 0 && g.IntN(3) == 0 {
			of = append(of, directory.MemberRef{Value: id.Group.Format(groups[g.IntN(len(groups))].ID)})
		}
		made, err := w.people.CreateGroup(w.okta, directory.NewGroup{DisplayName: fmt.Sprintf("%.60s %d", strings.Map(visible, g.word()), i), ExternalID: g.maybe(), Members: of})
		if err != nil {
			w.t.Fatal(err)
		}
		groups = append(groups, made)
	}
	for _, one := range groups {
		found, err := w.people.Members(w.okta, one.ID, id.Nil, 100)
		if err != nil {
			w.t.Fatal(err)
		}
		members[one.ID] = found
	}
	for i := range people {
		read, err := w.people.Get(w.okta, people[i].ID)
		if err != nil {
			w.t.Fatal(err)
		}
		people[i] = read
	}
	users, sets = w.asRead(people, groups, members)
	g.learn(users)
	g.learn(sets)
	return users, sets
}

// compareFilter asks one question of people, of groups or of both.
func (w *world) compareFilter(g *maker, users, sets []map[string]any) {
	w.t.Helper()
	all, attributes, of := users, userAttributes, "users"
	switch g.IntN(8) {
	case 0, 1:
		all, attributes, of = sets, groupAttributes, "groups"
	case 2:
		all, attributes, of = slices.Concat(users, sets), slices.Concat(userAttributes, groupAttributes), "both"
	}
	f := g.filter(attributes, 3)
	var taken []map[string]any
	for _, one := range all {
		if f.takes(one, "") {
			taken = append(taken, one)
		}
	}
	text := g.spell(f, 0)
	query := directory.Query{Where: parsed(w.t, text), Count: 1000, Base: address}
	path, descending := "id~", false
	if g.IntN(3) == 0 {
		path, descending = g.sort(attributes), g.IntN(2) == 0
		query.Sort = directory.Sort{By: attrOf(w.t, g.spelled(path)), Descending: descending}
	}
	want := ordered(taken, path, descending)
	switch g.IntN(16) {
	case 0, 1, 2:
		query.Start, query.Count = 1+g.IntN(len(want)+2), 1+g.IntN(10)
	case 3:
		query.Count = 1 + g.IntN(20)
		for how, walked := range map[string][]string{"by marks": w.walk(of, query), "by index": w.walkByIndex(of, query)} {
			if !slices.Equal(walked, want) {
				w.t.Errorf("%s by %s, sorted by %s, descending %v, walked %s, %d at a time:\n found %v\n  want %v", of, text, path, descending, how, query.Count, walked, want)
			}
		}
	}
	ids, total, err := w.ask(of, query)
	first := min(max(query.Start-1, 0), len(want))
	page := want[first:min(first+query.Count, len(want))]
	if err != nil || total != int64(len(want)) || !slices.Equal(ids, page) {
		w.t.Errorf("%s by %s, sorted by %s, descending %v, from %d:\n found %d %v, %v\n  want %d %v\n%s", of, text, path, descending, query.Start, total,
			ids, err, len(want), page, g.differing(ids, page, all))
	}
}

func (w *world) ask(of string, query directory.Query) (ids []string, total int64, err error) {
	w.t.Helper()
	ids, total, _, err = w.askMore(of, query)
	return ids, total, err
}

func (w *world) askMore(of string, query directory.Query) (ids []string, total int64, end *directory.Mark, err error) {
	w.t.Helper()
	switch of {
	case "users":
		p, err := w.people.Query(w.okta, query)
		for i := range p.Items {
			ids = append(ids, id.User.Format(p.Items[i].ID))
		}
		return ids, p.Total, p.End, err
	case "groups":
		p, err := w.people.QueryGroups(w.okta, query)
		for i := range p.Items {
			ids = append(ids, id.Group.Format(p.Items[i].ID))
		}
		return ids, p.Total, p.End, err
	}
	p, err := w.people.QueryAll(w.okta, query)
	for _, one := range p.Items {
		if one.User != nil {
			ids = append(ids, id.User.Format(one.User.ID))
		} else {
			ids = append(ids, id.Group.Format(one.Group.ID))
		}
	}
	return ids, p.Total, p.End, err
}

// walk reads a list by marks, some at a time.
func (w *world) walk(of string, query directory.Query) (all []string) {
	w.t.Helper()
	query.Keyed = true
	for {
		ids, total, end, err := w.askMore(of, query)
		if err != nil || total < int64(len(all)) {
			w.t.Fatalf("%d of %d: %v", len(all), total, err)
		}
		if all, query.After = append(all, ids...), end; end == nil {
			return all
		}
	}
}

// walkByIndex reads a list by numbers, some at a time.
func (w *world) walkByIndex(of string, query directory.Query) (all []string) {
	w.t.Helper()
	for query.Start = 1; ; query.Start += query.Count {
		ids, _, err := w.ask(of, query)
		if err != nil {
			w.t.Fatal(err)
		}
		if all = append(all, ids...); len(ids) == 0 {
			return all
		}
	}
}

func attrOf(t *testing.T, name string) filter.Attr {
	t.Helper()
	path, err := filter.ParsePath(name, filter.Options{URNs: []string{directory.UserURN, directory.EnterpriseURN, directory.GroupURN, crmURN}})
	if err != nil {
		t.Fatal(err)
	}
	return path.Attr
}

// differing shows whom the two do not agree about.
func (g *maker) differing(got, want []string, all []map[string]any) string {
	var out strings.Builder
	for _, one := range all {
		name := asText(one["id"])
		if slices.Contains(got, name) != slices.Contains(want, name) {
			text, err := json.Marshal(one)
			fmt.Fprintf(&out, "%.600s %v\n", text, err)
		}
	}
	return out.String()
}
