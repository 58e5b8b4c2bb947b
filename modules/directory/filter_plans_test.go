package directory_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/directory"
)

// TestIndexesFindWhomAFilterTakes looks at the plans of both databases among 5,000 people: eq, sw, gt, ge, lt, le and pr go
// through no table of the tenant.
func TestIndexesFindWhomAFilterTakes(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		who, _ := caller.From(w.admin)
		people := storetest.Crowd(t, w.admin, db, who.Tenant, 5000)
		for range 4 { // one tenant of several
			other := storetest.Tenant(t, db)
			who, _ := caller.From(other)
			storetest.Crowd(t, other, db, who.Tenant, 5000)
		}
		team := ""
		for i := range 20 {
			w.change(w.okta, people[i*100], func(u *directory.User) {
				u.NickName, u.ExternalID, u.Active = fmt.Sprint("nick ", i), fmt.Sprint("external ", i), i > 3
				u.Emails = append(u.Emails, directory.Value{Value: fmt.Sprintf("home%d@example.org", i), Type: "home"})
				u.Enterprise.Manager = "person00007@example.com"
			})
			team = id.Group.Format(w.group(fmt.Sprint("Group ", i), refs(people[i], people[i*50])...).ID)
		}
		if err := storetest.Analyze(w.admin, db); err != nil {
			t.Fatal(err)
		}
		someone := id.User.Format(people[77])
		for _, text := range []string{
			`title eq "title 7"`, `title sw "title 77"`, `name.familyName gt "family 04950"`, `name.familyName ge "family 04950"`, `name.familyName lt "family 00050"`,
			`name.familyName le "family 00050"`, `nickName pr`, `nickName ne null`, `emails.value eq "person00042@example.com"`, `emails sw "home1"`, `emails[type eq "home" and value sw "home1"]`,
			`emails[value eq "home7@example.org"].type eq "home"`, `userName eq "person00007@example.com"`, `userName sw "person0000"`, `userName lt "person00005"`,
			`id eq "` + someone + `"`, `id gt "` + id.User.Format(people[4990]) + `"`, `meta.location eq "` + address + "/Users/" + someone + `"`, `externalId eq "external 7"`, `externalId sw "external 1"`,
			`externalId pr`, `active eq false`, `active ne true`, `meta.created lt "2001-01-01T00:00:00Z"`, `meta.lastModified gt "2999-01-01T00:00:00Z"`, `groups.value eq "` + team + `"`,
			`groups.display eq "group 7"`, `groups[display sw "group 1" and type eq "direct"]`, `manager eq "person00007@example.com"`, `manager pr`, `manager.displayName eq "person00007@example.com"`,
			`schemas eq "` + directory.EnterpriseURN + `"`, `title eq "title 7" or userName eq "person00007@example.com"`, `title eq "title 7" and active eq true`,
			`(title eq "title 7" and nickName pr) or (externalId eq "external 1" and active eq true)`, `title eq "title 7" and not (userName co "1")`,
		} {
			w.checkPlans(directory.Query{Where: parsed(t, text), Base: address}, text, false)
		}
		for _, text := range []string{
			`displayName eq "group 7"`, `displayName sw "group 1"`, `displayName lt "group 0"`, `externalId eq "x"`, `members eq "` + someone + `"`, `members[value eq "` + someone + `"]`,
			`members.display eq "person00042@example.com"`, `id eq "` + team + `" and members eq "` + someone + `"`, `meta.created lt "2001-01-01T00:00:00Z"`,
		} {
			w.checkPlans(directory.Query{Where: parsed(t, text), Base: address}, text, true)
		}
		for _, by := range []string{"title", "name.familyName", "emails.value", "userName", "meta.created", "meta.lastModified"} {
			for _, descending := range []bool{false, true} {
				query := directory.Query{Sort: directory.Sort{By: attrOf(t, by), Descending: descending}, Keyed: true, After: &directory.Mark{Key: "m", ID: people[7]}}
				if strings.HasPrefix(by, "meta") {
					query.After.Key = db.Now().Format(time.RFC3339Nano)
				}
				w.checkPlans(query, fmt.Sprintf("sorted by %s, descending %v", by, descending), false)
			}
		}
	})
}

// TestWhatManyShareIsNotLookedFor: nearly every e-mail address is of the type work, so an element is found by its value,
// in whatever order the two are asked for.
func TestWhatManyShareIsNotLookedFor(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		for _, text := range []string{
			`emails[type eq "work" and value sw "a"]`, `emails[value sw "a" and type eq "work"]`, `emails.type eq "work" and emails.value gt "a"`,
		} {
			piece, _, err := w.people.Statements(w.okta, directory.Query{Where: parsed(t, text), Base: address}, false)
			if err != nil {
				t.Fatal(err)
			}
			const byValue = "attr = 100 "
			if found, _, _ := strings.Cut(piece.SQL, "FROM users u"); !strings.Contains(found, byValue) {
				t.Errorf("%s looks for the type:\n%s", text, piece.SQL)
			}
		}
	})
}

// checkPlans fails where a statement of a query goes through a table.
func (w *world) checkPlans(query directory.Query, name string, ofGroups bool) {
	w.t.Helper()
	piece, count, err := w.people.Statements(w.okta, query, ofGroups)
	if err != nil {
		w.t.Fatalf("%s: %v", name, err)
	}
	statements := []directory.Statement{piece, count}
	if query.Where == nil { // the total is kept
		statements = statements[:1]
	}
	for _, s := range statements {
		steps := w.explained(s)
		for _, step := range steps {
			if walksSQLite(step) || walksPostgres(step) {
				w.t.Errorf("%s is answered by\n%s\nwhich walks: %s\n%s", name, s.SQL, step, strings.Join(steps, "\n"))
			}
		}
		if query.Where == nil && !inOrder.MatchString(strings.Join(steps, "\n")) {
			w.t.Errorf("%s is answered by\n%s\nalong no index:\n%s", name, s.SQL, strings.Join(steps, "\n"))
		}
	}
}

var inOrder = regexp.MustCompile(`(?i)using (covering )?(index )?(users_user_name|users_created|users_updated|user_values_key)`)

// Those few whom an index has found are walked, and so are lists of one row.
var fewWalked = regexp.MustCompile(`^SCAN (few_|bosses|names|CONSTANT|\d+ CONSTANT|\(subquery)`)

func walksSQLite(step string) bool {
	return strings.HasPrefix(step, "SCAN ") && !fewWalked.MatchString(step) || strings.HasSuffix(step, "(tenant_id=?)") && !strings.Contains(step, "users_inactive")
}

func walksPostgres(step string) bool {
	return regexp.MustCompile(`Seq Scan on (users|user_values)`).MatchString(step)
}

func (w *world) explained(s directory.Statement) (steps []string) {
	w.t.Helper()
	explain := "EXPLAIN QUERY PLAN "
	if w.db.Postgres() {
		explain = "EXPLAIN "
	}
	rows, err := w.db.Query(w.admin, explain+s.SQL, s.Args...)
	if err != nil {
		w.t.Fatalf("%s: %v", s.SQL, err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var a, b, c int
		var step string
		into := []any{&step}
		if !w.db.Postgres() {
			into = []any{&a, &b, &c, &step}
		}
		if err := rows.Scan(into...); err != nil {
			w.t.Fatal(err)
		}
		steps = append(steps, step)
	}
	if err := rows.Err(); err != nil {
		w.t.Fatal(err)
	}
	return steps
}

// TestALookAtEverybodyEnds: what no index answers is stopped in its time and refused, and the database is free for the next.
//
// Conformance: P-3.4.2.1-04
func TestALookAtEverybodyEnds(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		who, _ := caller.From(w.admin)
		storetest.Crowd(t, w.admin, db, who.Tenant, 20_000)
		w.people.Hurry(time.Minute) // on a machine that does much else besides
		slow := []string{`userName co "x9"`, `emails.value ew "q"`, `title ne "title 1"`, `not (title sw "title")`, `meta.version eq "W/\"9\""`, `externalId ne "x"`, `emails[not (type eq "work")]`}
		for _, text := range slow {
			if _, err := w.people.Query(w.okta, directory.Query{Where: parsed(t, text), Count: 10}); err != nil {
				t.Errorf("%s among 20,000: %v", text, err)
			}
		}
		quick := directory.Query{Where: parsed(t, `userName eq "person00001@example.com"`), Count: 1}
		stopped := 0 // in the middle of their work: one that a fast machine ends within the millisecond is answered
		for _, most := range []time.Duration{time.Millisecond, 0} {
			w.people.Hurry(most)
			for _, text := range slow {
				for _, ask := range []string{"users", "both"} {
					if _, err := w.people.Query(w.okta, quick); err != nil { // a connection is at hand
						t.Fatal(err)
					}
					_, _, err := w.ask(ask, directory.Query{Where: parsed(t, text), Count: 10})
					if errors.Is(err, directory.ErrFilterTooCostly) {
						stopped++
					} else if err != nil || most == 0 {
						t.Errorf("%s of %s in %s: %v", text, ask, most, err)
					}
				}
			}
		}
		if stopped <= 2*len(slow) {
			t.Error("nothing was stopped within a millisecond")
		}
		for _, text := range []string{`userName eq "person00001@example.com"`, `title sw "title 1"`, `emails pr`, `userName eq "person00001@example.com" and title ne "x"`} {
			if p, err := w.people.Query(w.okta, directory.Query{Where: parsed(t, text), Count: 10}); err != nil || p.Total == 0 {
				t.Errorf("%s finds %d, %v", text, p.Total, err)
			}
		}
	})
}

// TestLiteralsAreData looks for pieces of names that mean something to SQL, to LIKE or to PostgreSQL.
//
// Conformance: P-3.4.2.2-19
func TestLiteralsAreData(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		random := rand.New(rand.NewPCG(5, 6))
		letters := []rune(`%_\'"$1?;-ab Ab*[]^(){}|.é` + "\uFFFF\U0001F600\u200b\u0301")
		text := func(most int) string {
			made := make([]rune, 1+random.IntN(most))
			for i := range made {
				made[i] = letters[random.IntN(len(letters))]
			}
			return string(made)
		}
		var titles []string
		for i := range 80 {
			titles = append(titles, text(8))
			w.create(w.okta, directory.User{UserName: fmt.Sprint("p", i), Title: titles[i], ProfileURL: titles[i], Active: true})
		}
		g := &maker{Rand: random, t: t}
		for range 1500 {
			f := test{is: []string{"co", "sw", "ew", "eq", "gt", "le"}[random.IntN(6)], path: []string{"title", "profileUrl"}[random.IntN(2)], value: text(3)}
			want := 0
			for _, title := range titles {
				if f.takes(map[string]any{"title": title, "profileUrl": title}, "") {
					want++
				}
			}
			spelled := g.spell(f, 0)
			if p, err := w.people.Query(w.okta, directory.Query{Where: parsed(t, spelled), Count: 1000}); err != nil || p.Total != int64(want) {
				t.Fatalf("%s finds %d, %v; want %d", spelled, p.Total, err, want)
			}
		}
	})
}

var fromPattern = regexp.MustCompile(`(?:FROM|JOIN) (users|user_values|links|groups|memberships) ([a-z]+)\b`)

// TestEveryTableOfAQueryIsOfTheTenant looks at the statements of many filters: each table that they name is narrowed to the
// tenant, under each of its names.
func TestEveryTableOfAQueryIsOfTheTenant(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	statements := map[string]bool{}
	db := storetest.Open(t, storetest.SQLite, func(o *store.Options) {
		o.Watch = func(statement string) {
			mu.Lock()
			defer mu.Unlock()
			if strings.HasPrefix(statement, "SELECT") || strings.HasPrefix(statement, "WITH") {
				statements[statement] = true
			}
		}
	})
	w := newWorld(t, db)
	g := &maker{Rand: rand.New(rand.NewPCG(21, 64)), t: t}
	users, groups := w.populate(g)
	for range 600 {
		w.compareFilter(g, users, groups)
	}
	mu.Lock()
	defer mu.Unlock()
	for statement := range statements {
		for _, found := range fromPattern.FindAllStringSubmatch(statement, -1) {
			if alias := found[2]; !strings.Contains(statement, alias+".tenant_id = $1") && !strings.Contains(statement, alias+".tenant_id = u.tenant_id") && !strings.Contains(statement, alias+".tenant_id = ms.tenant_id") {
				t.Errorf("%s %s is of every tenant in\n%s", found[1], alias, statement)
			}
		}
	}
	if len(statements) < 500 {
		t.Errorf("only %d statements were looked at", len(statements))
	}
}
