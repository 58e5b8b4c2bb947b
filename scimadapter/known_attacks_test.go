package scimadapter_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/provisioning"
)

// TestKnownAttacks does what others' SCIM endpoints have fallen to, one report after another. Reports that a test elsewhere tells of:
//
//   - CVE-2025-4210 (Casdoor, no token asked for) and ToolJet 16217 (an empty one taken): TestNobodyComesInWithoutAToken.
//   - CVE-2026-92539 (Grafana), CVE-2026-91998 (Casdoor): objects of others by their ids: TestNoRouteReachesAnotherTenant.
//   - CVE-2021-21479 (SCIMono, the id of a schema evaluated): TestDetailsGiveNothingAway.
//   - CVE-2026-15573 (Keycloak, paths not normalized before rules): TestEveryAddressBelowSCIMIsAnsweredBySCIM.
//   - CVE-2025-30204 (golang-jwt) and CVE-2025-27144 (go-jose), many dots: access.TestNoMutatedTokenIsAccepted.
//   - thunderid PR 5110 (If-Match outside the transaction): TestOneOf64WithTheSameVersionWins.
//   - scim-for-keycloak 90 and 107 (members lost): TestSixtyFourClientsEndExactlyRight.
//   - Go's encoding/json (the last of duplicate keys counts): TestTheReaderTakesIJSONAlone.
func TestKnownAttacks(t *testing.T) {
	t.Parallel()
	for report, attack := range map[string]func(t *testing.T, db *store.DB){
		"CVE-2025-41115": externalIDsAreNoIDs,
		"CVE-2022-1680":  mailLinksNobody,
		"CVE-2026-15630": bodiesDoNotChooseWhom,
		"CVE-2026-67330": nothingIsNobodys,
		"CVE-2021-22240": noSeatPastTheLast,
		"langfuse-16027": passwordsOpenNothing,
		"GHSA-9m7q-6qg6": otherConfigurationsKeepTheirs,
	} {
		t.Run(report, func(t *testing.T) {
			t.Parallel()
			storetest.Each(t, attack)
		})
	}
}

// externalIDsAreNoIDs: in Grafana a numeric externalId was taken for the internal id of somebody else.
func externalIDsAreNoIDs(t *testing.T, db *store.DB) {
	w := newWorld(t, db)
	victim := w.create("victim@example.com")
	before := w.want(http.StatusOK, "GET", "/Users/"+victim, "").text
	for i, external := range []string{"0", "1", "-1", "2", "9007199254740993", victim, strings.ToUpper(victim), victim[4:], "00000000-0000-0000-0000-000000000000", "/Users/" + victim, "admin"} {
		made := w.want(http.StatusCreated, "POST", "/Users", fmt.Sprintf(`{"id":%q,"userName":"p%d@example.com","externalId":%q}`, external, i, external))
		of := made.str("id")
		if of == victim || of == external || made.str("externalId") != external {
			t.Fatalf("externalId %q made %s", external, made.text)
		}
		w.want(http.StatusOK, "PATCH", "/Users/"+of, ops(`{"op":"replace","path":"title","value":"Admin"}`))
		if external != victim && !strings.HasPrefix(external, "/") {
			w.want(http.StatusNotFound, "PATCH", "/Users/"+external, ops(`{"op":"replace","path":"title","value":"x"}`))
		}
		group := w.group(fmt.Sprint("Group ", i), "")
		w.do("PATCH", "/Groups/"+group, ops(fmt.Sprintf(`{"op":"add","path":"members","value":[{"value":%q}]}`, of)))
		if a := w.want(http.StatusOK, "GET", "/Groups/"+group, ""); fmt.Sprint(values(a.body["members"])) != "["+of+"]" {
			t.Errorf("externalId %q: the members are %s", external, a.text)
		}
	}
	if after := w.want(http.StatusOK, "GET", "/Users/"+victim, "").text; after != before {
		t.Errorf("somebody else was changed:\n%s\nof\n%s", after, before)
	}
}

// mailLinksNobody: in GitLab a provisioner changed an e-mail to a victim's, and the accounts were one from then on.
func mailLinksNobody(t *testing.T, db *store.DB) {
	w := newWorld(t, db)
	victim := w.want(http.StatusCreated, "POST", "/Users", `{"userName":"victim","externalId":"v","emails":[{"value":"victim@example.com","type":"work","primary":true}]}`)
	attacker := w.create("attacker")
	for _, change := range []string{
		`{"op":"replace","path":"emails","value":[{"value":"victim@example.com","type":"work","primary":true}]}`, `{"op":"replace","path":"externalId","value":"v"}`,
		`{"op":"replace","path":"displayName","value":"victim"}`,
	} {
		w.want(http.StatusOK, "PATCH", "/Users/"+attacker, ops(change))
	}
	for _, change := range []string{`{"op":"replace","path":"userName","value":"VICTIM"}`, `{"op":"replace","value":{"userName":"victim"}}`} {
		w.want(http.StatusConflict, "PATCH", "/Users/"+attacker, ops(change))
	}
	if now := w.want(http.StatusOK, "GET", "/Users/"+victim.str("id"), ""); now.text != victim.text {
		t.Errorf("the victim became %s", now.text)
	}
	w.want(http.StatusNoContent, "DELETE", "/Users/"+attacker, "")
	w.want(http.StatusOK, "GET", "/Users/"+victim.str("id"), "")
}

// bodiesDoNotChooseWhom: Casdoor looked at the id in the query to see who may, and wrote to the id in the body.
func bodiesDoNotChooseWhom(t *testing.T, db *store.DB) {
	w := newWorld(t, db)
	mine, other, foreign := w.create("mine@example.com"), w.create("other@example.com"), newWorld(t, db).create("foreign@example.com")
	before := w.want(http.StatusOK, "GET", "/Users/"+other, "").text
	n := 0
	for _, inBody := range []string{other, foreign, "", "x"} {
		for _, query := range []string{"", "?id=" + other, "?id=" + foreign, "?userId=" + other + "&tenant=x"} {
			n++
			title := fmt.Sprint("Title ", n)
			put := w.want(http.StatusOK, "PUT", "/Users/"+mine+query, fmt.Sprintf(`{"id":%q,"userName":"mine@example.com","title":%q,"meta":{"location":"/Users/%s"}}`, inBody, title, inBody))
			patch := w.want(http.StatusOK, "PATCH", "/Users/"+mine+query, ops(fmt.Sprintf(`{"op":"replace","value":{"id":%q,"nickName":%q}}`, inBody, title)))
			if put.str("id") != mine || put.str("title") != title || patch.str("id") != mine || patch.str("nickName") != title {
				t.Errorf("%q in the body and %q behind the address made %s and %s", inBody, query, put.text, patch.text)
			}
		}
	}
	for _, query := range []string{"?id=" + mine, ""} {
		w.want(http.StatusNotFound, "PUT", "/Users/"+foreign+query, `{"id":"`+mine+`","userName":"mine@example.com"}`)
		w.want(http.StatusNotFound, "DELETE", "/Users/"+foreign+query, "")
	}
	if after := w.want(http.StatusOK, "GET", "/Users/"+other, "").text; after != before {
		t.Errorf("somebody else was changed:\n%s", after)
	}
}

// nothingIsNobodys: in better-auth an owner who was NULL matched everybody who has none.
func nothingIsNobodys(t *testing.T, db *store.DB) {
	w := newWorld(t, db)
	byHand, err := w.directory.Create(w.admin, directory.User{UserName: "hand@example.com", Active: true})
	if err != nil {
		t.Fatal(err)
	}
	group, err := w.directory.CreateGroup(w.admin, directory.NewGroup{DisplayName: "By hand"})
	if err != nil {
		t.Fatal(err)
	}
	for _, filter := range []string{`externalId eq ""`, `externalId eq null`, `id eq ""`, `id eq null`, `userName eq null`, `externalId eq "null"`} {
		for _, path := range []string{"/Users", "/Groups"} {
			if a := w.do("GET", filtered(path, filter), ""); a.status == http.StatusOK && strings.HasPrefix(filter, "id") && a.at("totalResults") != 0.0 {
				t.Errorf("%s with %s found %s", path, filter, a.text)
			}
		}
	}
	for _, nobody := range []string{id.User.Format(id.Nil), id.Group.Format(id.Nil), "null", "undefined", "00000000-0000-0000-0000-000000000000"} {
		for _, path := range []string{"/Users/", "/Groups/"} {
			w.want(http.StatusNotFound, "GET", path+nobody, "")
			w.want(http.StatusNotFound, "DELETE", path+nobody, "")
		}
	}
	// A group that nobody's configuration has made is not this one's to delete, though it has no owner either.
	if a := w.do("DELETE", "/Groups/"+id.Group.Format(group.ID), ""); a.status < 400 || a.status >= 500 {
		t.Errorf("a group by hand was deleted: %d %s", a.status, a.text)
	}
	if _, err := w.directory.GetGroup(w.admin, group.ID); err != nil {
		t.Error(err)
	}
	if _, err := w.directory.Get(w.admin, byHand.ID); err != nil {
		t.Error(err)
	}
}

// noSeatPastTheLast: in GitLab one way in did not look at the number of seats. Here are all that SCIM has.
func noSeatPastTheLast(t *testing.T, db *store.DB) {
	w := newWorld(t, db)
	license := w.license("Navigator", 1)
	w.autoAssign(license.ID)
	people := []string{w.create("first@example.com"), w.create("posted@example.com")}
	bulked := w.want(http.StatusOK, "POST", "/Bulk", bulk("", bulkUser("a", "bulked@example.com")))
	location, _ := bulked.done()[0]["location"].(string)
	people = append(people, location[strings.LastIndexByte(location, '/')+1:])
	idle := w.want(http.StatusCreated, "POST", "/Users", `{"userName":"idle@example.com","active":false}`).str("id")
	w.want(http.StatusOK, "PATCH", "/Users/"+idle, ops(`{"op":"replace","value":{"active":true}}`))
	people = append(people, idle)
	w.want(http.StatusOK, "PUT", "/Users/"+people[1], `{"userName":"posted@example.com","active":false}`)
	w.want(http.StatusOK, "PUT", "/Users/"+people[1], `{"userName":"posted@example.com","active":true}`)
	asks := fmt.Sprintf(`{"op":"add","path":"entitlements","value":[{"value":%q}]}`, id.License.Format(license.ID))
	for _, user := range people {
		w.want(http.StatusOK, "PATCH", "/Users/"+user, ops(asks))
	}
	if l, err := w.seats.Get(w.admin, license.ID); err != nil || l.Taken != 1 {
		t.Errorf("the license is %+v, %v", l, err)
	}
	seated := 0
	for _, state := range w.seatStates(license.ID, people...) {
		if state != "waiting" {
			seated++
		}
	}
	if seated != 1 {
		t.Errorf("the seats are %v", w.seatStates(license.ID, people...))
	}
}

// passwordsOpenNothing: in langfuse a password that a provisioner had set was one to sign in with.
func passwordsOpenNothing(t *testing.T, db *store.DB) {
	w := newWorld(t, db)
	user := w.want(http.StatusCreated, "POST", "/Users", `{"userName":"ada@example.com","password":"canary-password"}`)
	w.want(http.StatusOK, "PUT", "/Users/"+user.str("id"), `{"userName":"ada@example.com","password":"canary-password"}`)
	a := w.want(http.StatusOK, "PATCH", "/Users/"+user.str("id")+"?attributes=password", ops(`{"op":"replace","path":"password","value":"canary-password"}`))
	if strings.Contains(user.text+a.text, "canary") || a.str("meta", "version") != "" && a.str("meta", "version") != `W/"1"` {
		t.Errorf("a password made %s and %s", user.text, a.text)
	}
	of, _ := id.User.Parse(user.str("id"))
	if kept, err := w.directory.Get(w.admin, of); err != nil || strings.Contains(fmt.Sprintf("%+v", kept), "canary") {
		t.Errorf("kept is %+v, %v", kept, err)
	}
	for _, header := range []string{"Basic YWRhQGV4YW1wbGUuY29tOmNhbmFyeS1wYXNzd29yZA==", "Bearer canary-password", "canary-password"} {
		w.want(http.StatusUnauthorized, "GET", "/Users", "", "Authorization", header)
	}
}

// otherConfigurationsKeepTheirs: authentik's sources took each other's people over. One configuration's word about a person ends with
// what is its own: her link, its name for her, and its claims.
func otherConfigurationsKeepTheirs(t *testing.T, db *store.DB) {
	w := newWorld(t, db)
	user := "/Users/" + w.create("ada@example.com")
	w.want(http.StatusOK, "PATCH", user, ops(`{"op":"replace","path":"externalId","value":"mine"}`))
	other, err := w.provisioning.CreateConfig(w.admin, provisioning.NewConfig{Name: "Other"})
	if err != nil {
		t.Fatal(err)
	}
	theirs := w.issue(other.ID, "scim")
	w.want(http.StatusConflict, "POST", "/Users", `{"userName":"ADA@example.com","externalId":"theirs"}`, "Authorization", theirs)
	w.want(http.StatusOK, "PATCH", user, ops(`{"op":"replace","path":"externalId","value":"theirs"},{"op":"replace","path":"active","value":false}`), "Authorization", theirs)
	w.want(http.StatusNoContent, "DELETE", user, "", "Authorization", theirs)
	w.want(http.StatusNotFound, "GET", user, "", "Authorization", theirs)
	if mine := w.want(http.StatusOK, "GET", user, ""); mine.str("externalId") != "mine" || mine.at("active") != true {
		t.Errorf("another configuration has made of her %s", mine.text)
	}
	group := "/Groups/" + w.group("Sales", "")
	if a := w.do("DELETE", group, "", "Authorization", theirs); a.status < 400 || a.status >= 500 {
		t.Errorf("another configuration has deleted a group: %d %s", a.status, a.text)
	}
	w.want(http.StatusOK, "GET", group, "")
}
