package directory_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/directory"
)

// TestNoStatementWalksTheTenant looks at the plans that SQLite makes, which takes the tables in an order of its own liking:
// no verb about some people or groups may go through all of the tenant's.
func TestNoStatementWalksTheTenant(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	statements := map[string]bool{}
	db := storetest.Open(t, storetest.SQLite, func(o *store.Options) {
		o.Watch = func(statement string) {
			mu.Lock()
			defer mu.Unlock()
			statements[statement] = true
		}
	})
	w := newWorld(t, db)
	people := w.several(w.okta, 5)
	g := w.group("Sales", refs(people[:2]...)...)
	w.edit(g.ID, directory.MemberEdit{Op: directory.AddMembers, Members: refs(people[2])}, directory.MemberEdit{Op: directory.RemoveMembers, Members: refs(people[0])})
	w.edit(g.ID, directory.MemberEdit{Op: directory.AddMembers, Members: []directory.MemberRef{{Value: "later"}}})
	w.change(w.okta, people[0], func(u *directory.User) { u.Active, u.Title = false, "x" })
	reads := map[string]func() error{
		"groups of": func() error {
			_, err := w.people.GroupPagesOf(w.admin, people, page.Args{First: 5}, page.Ascending, directory.Whole)
			return err
		},
		"groups of, from the end": func() error {
			_, err := w.people.GroupPagesOf(w.admin, people, page.Args{Last: 5}, page.Ascending, directory.Outline)
			return err
		},
		"members of": func() error {
			_, err := w.people.MembersOf(w.admin, []id.ID{g.ID}, page.Args{First: 5}, page.Ascending, directory.Whole)
			return err
		},
		"members of, from the end": func() error {
			_, err := w.people.MembersOf(w.admin, []id.ID{g.ID}, page.Args{First: 5}, page.Descending, directory.Outline)
			return err
		},
		"parked": func() error {
			_, err := w.people.ParkedPagesOf(w.admin, []id.ID{g.ID}, page.Args{First: 5})
			return err
		},
		"record":   func() error { _, err := w.people.GetRecord(w.okta, people[2], true); return err },
		"users":    func() error { _, err := w.people.Users(w.admin, people, directory.Whole); return err },
		"outlines": func() error { _, err := w.people.Users(w.admin, people, directory.Outline); return err },
		"links":    func() error { _, err := w.people.Links(w.admin, people); return err },
		"find": func() error {
			_, err := w.people.Find(w.admin, []directory.Person{{UserName: "a"}, {ExternalID: "b"}, {ID: people[0]}})
			return err
		},
		"by name": func() error {
			_, err := w.people.Query(w.okta, directory.Query{Where: parsed(t, `userName eq "a"`), Count: 1})
			return err
		},
		"by email": func() error {
			_, err := w.people.Query(w.okta, directory.Query{Where: parsed(t, `emails.value eq "a"`), Count: 1})
			return err
		},
		"by external": func() error {
			_, err := w.people.Query(w.okta, directory.Query{Where: parsed(t, `externalId eq "a"`), Count: 1})
			return err
		},
		"member": func() error {
			_, err := w.people.QueryGroups(w.okta, directory.Query{Where: parsed(t, `members eq "usr_a"`), Count: 1})
			return err
		},
		"deletion": func() error { return w.people.Delete(w.okta, people[1], nil) },
	}
	for name, read := range reads {
		if err := read(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	looked := 0
	mu.Lock()
	all := statements
	statements = map[string]bool{}
	mu.Unlock()
	for statement := range all {
		if !strings.Contains(statement, "tenant_id") || strings.Contains(statement, " FROM attribute_schemas ") {
			continue // of schemas, a tenant has 20 at most
		}
		looked++
		for _, step := range plan(t, w, statement) {
			if strings.HasSuffix(step, "(tenant_id=?)") || strings.HasPrefix(step, "SCAN ") && !strings.Contains(step, "VIRTUAL TABLE") && !strings.HasPrefix(step, "SCAN p") && !strings.HasPrefix(step, "SCAN CONSTANT") && !strings.HasPrefix(step, "SCAN few") {
				t.Errorf("%s\n  walks the tenant: %s", statement, step)
			}
		}
	}
	if looked < 20 {
		t.Errorf("only %d statements were looked at", looked)
	}
}

func plan(t *testing.T, w *world, statement string) []string {
	t.Helper()
	arguments := 0
	for n := range 30 {
		if strings.Contains(statement, fmt.Sprintf("$%d", n+1)) {
			arguments = n + 1
		}
	}
	if arguments == 0 { // written by the query builder
		arguments = strings.Count(statement, "?")
	}
	rows, err := w.db.Query(w.admin, "EXPLAIN QUERY PLAN "+statement, make([]any, arguments)...)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	defer func() { _ = rows.Close() }()
	var steps []string
	for rows.Next() {
		var a, b, c int
		var step string
		if err := rows.Scan(&a, &b, &c, &step); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	return steps
}
