package main

import (
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/storetest"
)

// shownPeople is what GraphQL shows of the demo's tenant.
type shownPeople struct {
	Tenant struct {
		Users, Active, Groups struct {
			TotalCount int64 `json:"totalCount"`
		}
		Licenses struct {
			Nodes []struct {
				Product                     string
				Total, Taken, Free, Waiting int64
			}
		}
	}
}

const askPeople = `{ tenant {
	users { totalCount } active: users(filter: {active: true}) { totalCount } groups { totalCount }
	licenses { nodes { product total taken free waiting } }
} }`

// TestTheDemoIsWhatTheReadmeSays runs the first command of the README as a process, plays Okta's 300 people into it in both
// dialects, one after the other, and looks at what GraphQL shows after each. Before, every table of the year is compared with the
// answer of GraphQL, row by row.
func TestTheDemoIsWhatTheReadmeSays(t *testing.T) {
	t.Parallel()
	const users, groups = 300, 12
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			s := serve(t, "--demo", "--data", t.TempDir(), "--database", storetest.URL(t, dialect))
			there, outside := s.said.Demo.People, int64(0)
			see := func(people, groups int64) {
				t.Helper()
				var shown shownPeople
				s.graphQL(s.said.Demo.Admin.Token, askPeople, &shown)
				now := shown.Tenant
				if now.Users.TotalCount != people || now.Groups.TotalCount != groups || len(now.Licenses.Nodes) != 2 {
					t.Fatalf("GraphQL shows %+v, want %d people and %d groups", now, people, groups)
				}
				l, second := now.Licenses.Nodes[0], now.Licenses.Nodes[1]
				without := now.Active.TotalCount - l.Taken - l.Waiting // whose seats were taken back, less those kept for leavers
				if people == there {
					outside = without
				}
				if l.Product != demoProduct || l.Taken > demoSeats || l.Free != demoSeats-l.Taken || l.Waiting > 0 && l.Free > 0 || without != outside {
					t.Errorf("of %d active people's seats GraphQL shows %+v, and %d have none", now.Active.TotalCount, l, without)
				}
				if second.Product != demoAddOn || second.Total != demoSecond || second.Taken == 0 {
					t.Errorf("the second license is %+v", second)
				}
				if full := people > there; full != (l.Waiting > 0) {
					t.Errorf("of %d people %d wait", people, l.Waiting)
				}
			}
			see(there, demoGroups+6)
			checkTables(t, s)
			for _, okta := range []string{"put", "patch"} {
				code, out, errs := usher(t, "simulate", "okta", "--base", s.said.BaseURL, "--token", s.said.Demo.Scim.Token, "--users", "300", "--groups", "12", "--dialect", okta)
				if code != 0 || !strings.Contains(out, "No difference") {
					t.Fatalf("%s: exit %d\n%s%s", okta, code, out, errs)
				}
				see(there+users, demoGroups+groups+6)
			}
			s.stop()
			if log := s.logged.String(); strings.Contains(log, "level=INFO") || strings.Contains(log, "level=ERROR") {
				t.Errorf("beside the demo's words it logged\n%s", log)
			}
		})
	}
}

// TestTheDemoComesAgain starts the demo twice over the same data: it is there once, with new tokens, and the old ones are good.
func TestTheDemoComesAgain(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	first := serve(t, "--demo", "--data", data)
	first.stop()
	again := serve(t, "--demo", "--data", data)
	defer again.stop()
	was, is := first.said.Demo, again.said.Demo
	if is.Tenant != was.Tenant || is.People != was.People || is.Scim.ID != was.Scim.ID || is.Scim.Token == was.Scim.Token || is.Admin.Token == was.Admin.Token {
		t.Errorf("the demo was %+v and is %+v", was, is)
	}
	for _, token := range []string{was.Admin.Token, is.Admin.Token} {
		var shown shownPeople
		if again.graphQL(token, askPeople, &shown); shown.Tenant.Users.TotalCount != was.People {
			t.Errorf("GraphQL shows %+v", shown)
		}
	}
}
