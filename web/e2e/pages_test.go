package e2e_test

import (
	"testing"

	"github.com/usherhq/usher/internal/storetest"
)

// TestEveryPageOfAnEmptyTenantSaysWhatToDo looks at each page where nothing has happened yet.
func TestEveryPageOfAnEmptyTenantSaysWhatToDo(t *testing.T) {
	t.Parallel()
	s := serve(t, storetest.SQLite)
	s.tenant("Fjordline", "fjordline")
	link := s.link("fjordline", "ada@example.com", "--name", "Ada")
	out := open(t, s.url)
	out.allow("401") // which is how it learns that nobody is signed in
	out.visit(s.url + "/console/")
	out.sees("You are signed out", "Open the link that you were given")
	out.look("signed-out")
	out.visit(link)
	out.sees("This link signs you in")
	out.look("sign-in")
	p := signedIn(t, s.url, link)
	for _, place := range []struct{ name, at, says string }{
		{"overview", "", "No provider has called yet"},
		{"configurations", "scim", "No identity provider is connected yet"},
		{"people", "people", "Nobody is here yet"},
		{"groups", "groups", "No groups yet"},
		{"licenses", "licenses", "No licenses yet"},
		{"reports", "reports", "No licenses yet"},
		{"guide", "guides/entra", "Microsoft Entra ID"},
		{"activity", "activity?kind=user.created", "Nothing of that kind has happened"},
		{"administrators", "administrators", "Ada (you)"},
		{"nobody", "people/usr_00000000000000000000000000", "There is no such person"},
	} {
		p.turn(place.at)
		p.sees(place.says)
		p.look(place.name + "-empty")
	}
	operator := signedIn(t, s.url, s.operatorLink())
	operator.sees("You are the operator", "Fjordline")
	operator.look("tenants")
}

// TestEveryPageOfAYear looks at each page of the demo, behind which a year lies.
func TestEveryPageOfAYear(t *testing.T) {
	t.Parallel()
	s := serve(t, storetest.SQLite, "--demo")
	of := found(s)
	p := signedIn(t, s.url, s.demo.Link)
	for _, place := range []struct{ name, at, says string }{
		{"overview", "", "Last calls of the providers"},
		{"configurations", "scim", "Okta (demo)"},
		{"configuration", "scim/" + of.config, "Takes requests as"},
		{"guide-okta", "guides/okta", s.url + "/scim/v2"},
		{"guide-onelogin", "guides/onelogin", "OneLogin"},
		{"people", "people", "people"},
		{"person", "people/" + of.person, "Seats, and why"},
		{"groups", "groups", "groups"},
		{"group", "groups/" + of.group, "Members"},
		{"licenses", "licenses", "Sales Navigator Advanced"},
		{"license", "licenses/" + of.license, "Seats bought"},
		{"waiting", "licenses/" + of.license + "?state=WAITING", "Waiting list"},
		{"rule", "rules/" + of.rule, of.ruleName},
		{"reports", "reports", "People with a seat"},
		{"report", "reports/" + of.license, "Sales Navigator Advanced"},
		{"report-people", "reports/" + of.license + "/RECLAIMABLE", "Download CSV"},
		{"activity", "activity", "changes"},
		{"administrators", "administrators", "Demo (you)"},
	} {
		p.turn(place.at)
		p.sees(place.says)
		p.look(place.name)
	}
	p.turn("scim")
	p.click("button", "Add SCIM configuration")
	p.find("dialog", "Add SCIM configuration")
	p.look("dialog-configuration")
	p.click("button", "Close")
	p.turn("administrators")
	p.click("button", "Invite")
	p.find("dialog", "Invite an administrator")
	p.look("dialog-invite")
	p.click("button", "Close")
	p.turn("reports/" + of.license)
	p.click("link", "* assigned, No department: see who")
	p.sees("Assigned: no department", " people")
	p.misses("Nobody")
	p.forTheDocs(of)
	p.turn("")
	p.click("button", "Use dark colors")
	p.find("button", "Use light colors")
	figures := signedIn(t, s.url, s.link("demo", "figures@example.com", "--role", "reporting"))
	figures.sees("Seats")
	figures.gone("link", "People")
	figures.look("overview-reporting")
}

// ids are those of what a tenant has; the holder uses two licenses.
type ids struct{ config, person, holder, group, license, rule, ruleName string }

// found asks the demo for the first of each thing.
func found(s *server) ids {
	s.t.Helper()
	type node struct{ ID, Name string }
	type nodes struct{ Nodes []node }
	var got struct {
		Users struct {
			Nodes []struct {
				ID    string
				Seats []struct{ State string }
			}
		}
		Groups   nodes
		Tenant   struct{ ScimConfigs nodes }
		Licenses struct {
			Nodes []struct {
				ID    string
				Rules []node
			}
		}
	}
	s.graphql(&got, s.demo.Admin.Token, `{ users(first: 200, filter: { active: true }) { nodes { id seats { state } } } groups(first: 1) { nodes { id } }
		tenant { scimConfigs(first: 1) { nodes { id } } } licenses(first: 10) { nodes { id rules { id name } } } }`, nil)
	all := ids{config: got.Tenant.ScimConfigs.Nodes[0].ID, person: got.Users.Nodes[0].ID, group: got.Groups.Nodes[0].ID, license: got.Licenses.Nodes[0].ID}
	for _, l := range got.Licenses.Nodes {
		for _, r := range l.Rules {
			all.rule, all.ruleName = r.ID, r.Name
		}
	}
	for _, u := range got.Users.Nodes {
		if len(u.Seats) > 1 && u.Seats[0].State == "ACTIVATED" && u.Seats[1].State == "ACTIVATED" {
			all.holder = u.ID
		}
	}
	return all
}
