package scimadapter_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/provisioning"
	"github.com/usherhq/usher/scimadapter"
)

const oktaUser = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
	"userName":"ines.rautio@fjordline.example","name":{"givenName":"Ines","familyName":"Rautio"},
	"emails":[{"primary":true,"value":"ines.rautio@fjordline.example","type":"work"}],"displayName":"Ines Rautio","locale":"en-US",
	"externalId":"00u7k2example","groups":[],"password":"q8W2zR0p","active":true,
	"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Field Sales"}}`

func filtered(path, filter string) string {
	return path + "?filter=" + url.QueryEscape(filter) + "&startIndex=1&count=100"
}

func TestOktaTestsTheConnectionAndCreatesAUser(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		empty := w.want(http.StatusOK, "GET", "/Users?startIndex=1&count=2", "")
		if empty.at("totalResults") != 0.0 || empty.at("startIndex") != 1.0 || empty.at("itemsPerPage") != 0.0 || len(empty.resources()) != 0 {
			t.Errorf("the connection test got %s", empty.text)
		}
		look := filtered("/Users", `userName eq "INES.rautio@fjordline.example"`)
		if a := w.want(http.StatusOK, "GET", look, ""); a.at("totalResults") != 0.0 || a.resources() == nil {
			t.Errorf("nobody was found as %s", a.text)
		}
		made := w.want(http.StatusCreated, "POST", "/Users", oktaUser)
		if made.header.Get("Location") != w.server.URL+scimadapter.Base+"/Users/"+made.str("id") || made.str("meta", "location") != made.header.Get("Location") ||
			made.header.Get("ETag") != `W/"1"` || !strings.HasPrefix(made.str("id"), "usr_") || strings.Contains(made.text, "q8W2zR0p") {
			t.Errorf("created %s\n%v", made.text, made.header)
		}
		for _, want := range [][]string{
			{"userName", "ines.rautio@fjordline.example"}, {"name", "givenName", "Ines"}, {"externalId", "00u7k2example"}, {"displayName", "Ines Rautio"},
			{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", "department", "Field Sales"},
		} {
			if got := made.str(want[:len(want)-1]...); got != want[len(want)-1] {
				t.Errorf("%v is %q", want, got)
			}
		}
		if found := w.want(http.StatusOK, "GET", look, ""); len(found.resources()) != 1 {
			t.Errorf("she is not found: %s", found.text)
		}
		if read := w.want(http.StatusOK, "GET", "/Users/"+made.str("id")+"/", ""); read.text != made.text {
			t.Errorf("she reads\n%s and was created as\n%s", read.text, made.text)
		}
		if again := w.want(http.StatusConflict, "POST", "/Users", oktaUser, "Content-Type", "application/json"); again.str("scimType") != "uniqueness" ||
			again.str("status") != "409" || again.str("detail") == "" {
			t.Errorf("twice: %s", again.text)
		}
	})
}

func TestOktaUpdatesAndDeactivatesByPUT(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		path := "/Users/" + w.want(http.StatusCreated, "POST", "/Users", oktaUser).str("id")
		read := w.want(http.StatusOK, "GET", path, "").text
		put := w.want(http.StatusOK, "PUT", path, read)
		if put.text != read || put.header.Get("ETag") != `W/"1"` {
			t.Errorf("what was read, put back, made\n%s of\n%s", put.text, read)
		}
		renamed := w.want(http.StatusOK, "PUT", path, strings.ReplaceAll(read, `"Rautio"`, `"Rautio-Berg"`))
		if renamed.str("name", "familyName") != "Rautio-Berg" || renamed.str("meta", "version") != `W/"2"` {
			t.Errorf("renamed is %s", renamed.text)
		}
		gone := w.want(http.StatusOK, "PUT", path, strings.ReplaceAll(read, `"active":true`, `"active":false`))
		if gone.at("active") != false {
			t.Errorf("deactivated is %s", gone.text)
		}
		kept := w.want(http.StatusOK, "PUT", path, strings.ReplaceAll(read, `"active":true,`, ``))
		if kept.at("active") != false {
			t.Errorf("a PUT without active let her in: %s", kept.text)
		}
	})
}

func TestOktaDeactivatesByPATCHAndTheSeatGoesToTheFirstInLine(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		l := w.license("Advanced", 1)
		w.autoAssign(l.ID)
		first, second := w.create("a@example.com"), w.create("b@example.com")
		if got := w.seatStates(l.ID, first, second); !slices.Equal(got, []string{"invited", "waiting"}) {
			t.Errorf("seats are %v", got)
		}
		off := w.want(http.StatusOK, "PATCH", "/Users/"+first, ops(`{"op":"replace","value":{"active":false}}`))
		if off.at("active") != false || off.str("meta", "version") != `W/"2"` {
			t.Errorf("deactivated is %s", off.text)
		}
		if got := w.seatStates(l.ID, first, second); !slices.Equal(got, []string{"released", "invited"}) {
			t.Errorf("seats are %v", got)
		}
		w.want(http.StatusOK, "PATCH", "/Users/"+first, ops(`{"op":"Replace","path":"active","value":"True"}`))
		if got := w.seatStates(l.ID, first, second); !slices.Equal(got, []string{"waiting", "invited"}) {
			t.Errorf("seats are %v", got)
		}
		if same := w.want(http.StatusOK, "PATCH", "/Users/"+first, ops(`{"op":"replace","value":{"active":true}}`)); same.str("meta", "version") != `W/"3"` {
			t.Errorf("a change that changes nothing made %s", same.text)
		}
	})
}

func TestOktaPushesGroups(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		var people []string
		for i := range 4 {
			people = append(people, w.create(fmt.Sprintf("p%d@example.com", i)))
		}
		group := w.want(http.StatusCreated, "POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Nordic Sellers","members":[]}`)
		path := "/Groups/" + group.str("id")
		members := func() []string {
			t.Helper()
			var ids []string
			all, _ := w.want(http.StatusOK, "GET", path, "").at("members").([]any)
			for _, one := range all {
				ids = append(ids, one.(map[string]any)["value"].(string)) //nolint:forcetypeassert // a test may panic
			}
			slices.Sort(ids)
			return ids
		}
		check := func(when string, want ...string) {
			t.Helper()
			if got := members(); !slices.Equal(got, want) {
				t.Errorf("%s: members are %v, want %v", when, got, want)
			}
		}
		w.want(http.StatusNoContent, "PATCH", path, ops(`{"op":"add","path":"members","value":[{"value":"`+people[0]+`","display":"p0"},{"value":"`+people[1]+`"}]}`))
		check("two were added", people[0], people[1])
		w.want(http.StatusNoContent, "PATCH", path, ops(`{"op":"remove","path":"members[value eq \"`+people[0]+`\"]"},{"op":"add","path":"members","value":[{"value":"`+people[2]+`"}]}`))
		check("one went and one came", people[1], people[2])
		w.want(http.StatusNoContent, "PATCH", path, ops(`{"op":"replace","value":{"id":"`+group.str("id")+`","displayName":"Nordic Hunters"}}`))
		check("the name changed", people[1], people[2])
		w.want(http.StatusNoContent, "PATCH", path, ops(`{"op":"replace","path":"members","value":[{"value":"`+people[3]+`"}]}`))
		check("everything was pushed", people[3])
		w.want(http.StatusOK, "PUT", path, `{"displayName":"Nordic Hunters","members":[{"value":"`+people[0]+`"},{"value":"`+people[3]+`"}]}`)
		check("PUT was pushed", people[0], people[3])
		if renamed := w.want(http.StatusOK, "PUT", path, `{"displayName":"Sellers"}`); renamed.str("displayName") != "Sellers" {
			t.Errorf("renamed is %s", renamed.text)
		}
		check("PUT renamed", people[0], people[3])
		user := w.want(http.StatusOK, "GET", "/Users/"+people[0], "")
		if in, _ := user.at("groups").([]any); len(in) != 1 {
			t.Errorf("she is in %s", user.text)
		}
		w.want(http.StatusOK, "PATCH", "/Users/"+people[0], ops(`{"op":"replace","value":{"active":false}}`))
		check("deactivation keeps memberships", people[0], people[3])
		w.want(http.StatusNoContent, "PATCH", path, ops(`{"op":"replace","value":{"members":[],"displayName":"Sellers"}}`))
		check("an empty group was pushed")
		if found := w.want(http.StatusOK, "GET", filtered("/Groups", `displayName eq "sellers"`), ""); len(found.resources()) != 1 {
			t.Errorf("found %s", found.text)
		}
		w.want(http.StatusConflict, "POST", "/Groups", `{"displayName":"SELLERS"}`)
		w.want(http.StatusNoContent, "DELETE", path, "")
		w.want(http.StatusNotFound, "GET", path, "")
		w.want(http.StatusOK, "GET", "/Users/"+people[0], "")
	})
}

func TestOktaImportsByPages(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		var made, read []string
		for i := range 7 {
			made = append(made, w.create(fmt.Sprintf("p%d@example.com", i)))
		}
		for start := 1; ; start += 3 {
			page := w.want(http.StatusOK, "GET", fmt.Sprintf("/Users?startIndex=%d&count=3", start), "")
			if page.at("totalResults") != 7.0 || page.at("startIndex") != float64(start) || page.at("itemsPerPage") != float64(len(page.resources())) {
				t.Errorf("page at %d is %s", start, page.text)
			}
			if len(page.resources()) == 0 {
				break
			}
			for _, one := range page.resources() {
				read = append(read, one.(map[string]any)["id"].(string)) //nolint:forcetypeassert // a test may panic
			}
		}
		if !slices.Equal(read, made) {
			t.Errorf("read %v, made %v", read, made)
		}
		if none := w.want(http.StatusOK, "GET", "/Users?count=0", ""); none.at("totalResults") != 7.0 || len(none.resources()) != 0 {
			t.Errorf("count=0 is %s", none.text)
		}
	})
}

func TestWhoIsNotLetInGetsSCIMsWords(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		for _, header := range []string{"non-token", "Bearer x.y.z", "Basic dTpw"} {
			a := w.want(http.StatusUnauthorized, "GET", "/Users", "", "Authorization", header)
			if a.str("status") != "401" || a.str("detail") == "" || a.header.Get("WWW-Authenticate") == "" {
				t.Errorf("%q got %s", header, a.text)
			}
		}
		w.want(http.StatusOK, "GET", "/Users", "", "Authorization", w.token)
		reader := w.issue(w.config.ID, "scim:read")
		w.want(http.StatusOK, "GET", "/Users", "", "Authorization", reader)
		w.want(http.StatusForbidden, "POST", "/Users", oktaUser, "Authorization", reader)
		if err := w.access.RevokeSubject(w.admin, w.config.ID); err != nil {
			t.Fatal(err)
		}
		w.want(http.StatusUnauthorized, "GET", "/Users", "")
		w.token = w.issue(w.config.ID, "scim")
		if _, err := w.provisioning.PauseConfig(w.admin, w.config.ID); err != nil {
			t.Fatal(err)
		}
		if a := w.want(http.StatusServiceUnavailable, "POST", "/Users", oktaUser); a.header.Get("Retry-After") == "" {
			t.Errorf("a paused configuration said %v", a.header)
		}
		w.provisioning.FlushCalls(t.Context())
		calls, err := w.provisioning.Calls(w.admin, pageOf(10), provisioning.CallFilter{Config: &w.config.ID, Refused: true}, page.Descending)
		if err != nil || len(calls.Items) != 3 || calls.Items[0].Status != http.StatusServiceUnavailable || calls.Items[1].Status != http.StatusUnauthorized ||
			calls.Items[2].Status != http.StatusForbidden {
			t.Errorf("the log has %+v, %v", calls.Items, err)
		}
	})
}
