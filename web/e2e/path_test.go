package e2e_test

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/simulate"
	"github.com/usherhq/usher/internal/storetest"
)

const (
	product  = "Sales Navigator Advanced"
	seats    = 8
	config   = "Okta, Sales"
	everyone = 16
	pushed   = "Pushed by hand"
	users    = 2 // of those who sit use the product
)

// path is the way of a customer's administrator from her first sign-in on.
type path struct {
	*server
	*page

	t     *testing.T
	admin string // an access token for what a test asks aside
	token string // of the SCIM configuration
	place string // of its page in the console
}

// TestFromTheLinkToTheRotatedToken goes the whole way with an administrator: she signs in, connects Okta, watches it call, sees
// people, groups and seats come, a seat go from a leaver to the first who waits, reads the report of all that, and puts a new token
// in the old one's place.
func TestFromTheLinkToTheRotatedToken(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			s := serve(t, dialect)
			s.tenant("Fjordline", "fjordline")
			s.usher(new(any), "license", "create", "--tenant", "fjordline", "--product", product, "--seats", fmt.Sprint(seats))
			var admin struct{ Token string }
			s.usher(&admin, "token", "create", "--tenant", "fjordline", "--name", "aside", "--scope", "admin,entitlements:write")
			w := &path{t: t, server: s, page: signedIn(t, s.url, s.link("fjordline", "ada@example.com", "--name", "Ada")), admin: admin.Token}
			w.sees("Overview", "No provider has called yet")
			w.eval(nil, "window.sameDocument = true")
			w.addsConfiguration()
			report := w.watchesOktaCome()
			w.seesEverything(report)
			w.seesAGroupPushed()
			w.seesASeatChangeHands()
			w.readsTheReport(report)
			w.rotates()
			var same bool
			if w.eval(&same, "window.sameDocument === true"); !same {
				t.Error("the page was loaded again on the way")
			}
		})
	}
}

// addsConfiguration goes through the dialog and copies the token.
func (w *path) addsConfiguration() {
	w.t.Helper()
	w.click("link", "SCIM configurations")
	w.click("button", "Add SCIM configuration")
	w.find("dialog", "Add SCIM configuration")
	w.choose("combobox", "Identity provider", "Okta")
	w.fill("textbox", "Name", config)
	w.click("button", "Next")
	w.sees("Auto-assign")
	w.holds("combobox", "License", fmt.Sprintf("%s (%[2]d of %[2]d free)", product, seats))
	w.click("button", "Generate token")
	w.sees("shown this once")
	if base := w.copied("Copy Base URL"); base != w.url+"/scim/v2" {
		w.t.Fatalf("the base URL is %q", base)
	}
	w.until("a Copy button again", func() bool { return !strings.Contains(w.says(), "Copied") })
	w.token = w.copied("Copy Token")
	if shown := w.says(); w.token == "" || !strings.Contains(shown, w.token) {
		w.t.Fatalf("copied is %q, shown %s", w.token, shown)
	}
	w.click("button", "I have pasted both")
	w.misses(w.token)
}

// watchesOktaCome lets Okta live a whole life against the server while the checks of the dialog are open.
func (w *path) watchesOktaCome() simulate.Report {
	w.t.Helper()
	w.sees("Press the test button", "The provider asks who is here already", "Assign somebody", "Push a group")
	var report simulate.Report
	w.printed(&report, "simulate", "okta", "--base", w.url+"/scim/v2", "--token", w.token, "--users", fmt.Sprint(everyone), "--groups", "2", "--concurrency", "2")
	for _, check := range []string{"Connection test", "First look-up", "First person", "First group"} {
		w.sees(check + " came")
	}
	if !report.OK() || report.Active <= seats {
		w.t.Fatalf("simulated was %+v", report)
	}
	w.click("button", "Done")
	w.gone("dialog", "*")
	return report
}

// seesEverything finds in the console what the provider believes is there.
func (w *path) seesEverything(report simulate.Report) {
	w.t.Helper()
	w.click("link", config)
	w.sees("Recognized Okta", fmt.Sprintf("Groups %d", report.Groups), "0 failed")
	w.eval(&w.place, "window.location.hash.slice(2)")
	w.click("link", "People")
	w.sees(fmt.Sprintf("of %d people", report.Users))
	w.click("link", "Groups")
	w.sees(fmt.Sprintf("%[1]d of %[1]d groups", report.Groups))
	w.click("link", "Licenses")
	w.sees(fmt.Sprintf("%[1]d of %[1]d taken", seats), fmt.Sprintf("%d Waiting", report.Active-seats))
	w.click("link", "Activity")
	w.sees("by "+config, "Seat given")
}

// seesAGroupPushed has the provider push a group while the list of groups is open.
func (w *path) seesAGroupPushed() {
	w.t.Helper()
	w.click("link", "Groups")
	w.sees("groups")
	member := w.holders("WAITING")[0]
	status, answer := w.scim(w.token, http.MethodPost, "/Groups", fmt.Sprintf(
		`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":%q,"members":[{"value":%q}]}`, pushed, w.provisioned(member)))
	if status != http.StatusCreated {
		w.t.Fatalf("the group was answered %d, %v", status, answer)
	}
	w.click("link", pushed)
	w.sees("Pushed by "+config, "1 of 1 member", member.name())
}

// seesASeatChangeHands deactivates somebody over SCIM while the waiting list is open.
func (w *path) seesASeatChangeHands() {
	w.t.Helper()
	first, leaver := w.holders("WAITING")[0], w.holders("INVITED")[0]
	w.click("link", "Licenses")
	w.click("link", "* Waiting")
	w.find("heading", "Waiting list")
	w.sees("1 " + first.name())
	status, answer := w.scim(w.token, http.MethodPatch, "/Users/"+w.provisioned(leaver),
		`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","value":{"active":false}}]}`)
	if status >= http.StatusMultipleChoices {
		w.t.Fatalf("deactivating was answered %d, %v", status, answer)
	}
	w.until("a waiting list without who was first", func() bool {
		var there bool
		return w.tryEval(&there, fmt.Sprintf(`!!document.querySelector('main a[href="#/people/%s"]')`, first.ID)) == nil && !there
	})
	w.turn("people?search=" + first.UserName)
	w.click("link", first.name())
	w.sees("Invited", "because the configuration "+config+" assigns it")
	w.turn("people?search=" + leaver.UserName)
	w.click("link", leaver.name())
	w.sees("Not active", "Released", "has deactivated her")
}

// readsTheReport finds in it what has happened on the way: who sits, who waits, what was given and freed, and who of them uses it.
func (w *path) readsTheReport(report simulate.Report) {
	w.t.Helper()
	var told []map[string]any
	sitting := w.holders("INVITED")
	for _, p := range sitting[:users] {
		told = append(told, map[string]any{"person": map[string]any{"id": p.ID}, "at": time.Now().UTC()})
	}
	var got struct {
		Licenses struct{ Nodes []struct{ ID string } }
		Events   struct{ TotalCount int }
	}
	w.graphql(&got, w.admin, `{ licenses(first: 1) { nodes { id } } events(filter: { kinds: ["seat.invited"] }) { totalCount } }`, nil)
	w.graphql(nil, w.admin, `mutation ($in: RecordActivityInput!) { recordActivity(input: $in) { results { status } } }`,
		map[string]any{"in": map[string]any{"licenseId": got.Licenses.Nodes[0].ID, "source": "Sign-in log", "uses": told}})
	waiting, given := report.Active-1-seats, got.Events.TotalCount // one has left
	w.click("link", "Reports")
	w.sees(fmt.Sprintf("People with a seat %d", seats))
	w.click("link", product)
	rate := fmt.Sprintf("%d %%", 100*users/seats)
	w.sees(
		"Use is told by Sign-in log",
		fmt.Sprintf("Used of bought %s %d of %d", rate, users, seats), fmt.Sprintf("Used of assigned %s 0 inactive", rate), fmt.Sprintf("Assigned 100 %% %[1]d of %[1]d", seats),
		fmt.Sprintf("Purchased %d Activated %d Invited %d", seats, users, seats-users), fmt.Sprintf("In grace 0 Waiting %d Free 0", waiting),
		fmt.Sprintf("Seats given %d Seats freed %d Taken back unused 0", given, given-seats), fmt.Sprintf("Never used %d", seats-users),
	)
	w.click("link", fmt.Sprintf("%d active: see who", users))
	w.sees(fmt.Sprintf("%[1]d of %[1]d people", users))
	for _, p := range sitting[:users] {
		w.sees(p.name())
	}
}

// person is somebody who holds a seat or waits for one.
type person struct{ ID, UserName, DisplayName string }

// name is what the console calls her.
func (p person) name() string { return cmp.Or(p.DisplayName, p.UserName) }

// holders are those who have a seat in a state, as the server says aside, the first in line first.
func (w *path) holders(state string) []person {
	w.t.Helper()
	var got struct {
		Licenses struct {
			Nodes []struct {
				Seats struct{ Nodes []struct{ User person } }
			}
		}
	}
	w.graphql(&got, w.admin, `query ($state: SeatState) { licenses(first: 1) { nodes { seats(first: 50, state: $state) { nodes { user { id userName displayName } } } } } }`, map[string]any{"state": state})
	var all []person
	for _, seat := range got.Licenses.Nodes[0].Seats.Nodes {
		all = append(all, seat.User)
	}
	if len(all) == 0 {
		w.t.Fatalf("nobody has a seat that is %s", state)
	}
	return all
}

// provisioned is the id by which the provider knows somebody.
func (w *path) provisioned(p person) string {
	w.t.Helper()
	status, answer := w.scim(w.token, http.MethodGet, "/Users?filter="+url.QueryEscape(`userName eq "`+p.UserName+`"`), "")
	found, _ := answer["Resources"].([]any)
	if status != http.StatusOK || len(found) != 1 {
		w.t.Fatalf("looking up %s was answered %d, %v", p.UserName, status, answer)
	}
	id, _ := found[0].(map[string]any)["id"].(string)
	return id
}

// rotates makes a new token, sees it used, and revokes the old one, which is refused from then on.
func (w *path) rotates() {
	w.t.Helper()
	reads := func(token string) int {
		status, _ := w.scim(token, http.MethodGet, "/Users?count=1", "")
		return status
	}
	w.turn(w.place)
	w.click("button", "New token")
	w.find("dialog", "New token for "+config)
	w.fill("textbox", "Name", "The new one")
	w.click("button", "Generate token")
	w.sees("shown this once", "The old token stays good until you revoke it")
	fresh := w.copied("Copy Token")
	w.click("button", "Done")
	w.gone("dialog", "*")
	if reads(w.token) != http.StatusOK || reads(fresh) != http.StatusOK {
		w.t.Fatal("the two tokens do not overlap")
	}
	w.sees("The new one ")
	w.misses("The new one never")
	old := config + ", first token"
	w.click("button", "Revoke "+old)
	w.find("dialog", "Revoke "+old)
	w.sees("1 other token stays good")
	w.click("button", "Revoke")
	w.gone("dialog", "*")
	w.sees("revoked just now")
	w.until("an old token that is refused", func() bool { return reads(w.token) == http.StatusUnauthorized })
	if reads(fresh) != http.StatusOK {
		w.t.Error("the new token is refused")
	}
}
