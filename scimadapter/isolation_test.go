package scimadapter_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
)

// TestNoRouteReachesAnotherTenant sends every request that can carry an id, with an id of another tenant and with one that
// nobody has: the answers must be the same, the other tenant as it was, and nothing of it may be in any answer. What GraphQL makes of
// such ids is shown in its own package, by a test of the same item.
//
// Conformance: P-6-02
func TestNoRouteReachesAnotherTenant(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		mine, theirs := newWorld(t, db), newWorld(t, db)
		own := mine.create("own@example.com")
		group := mine.want(http.StatusCreated, "POST", "/Groups", `{"displayName":"Own"}`).str("id")
		user := theirs.want(http.StatusCreated, "POST", "/Users", `{"userName":"canary@example.com","externalId":"canary-7","active":true}`).str("id")
		canary := theirs.want(http.StatusCreated, "POST", "/Groups", `{"displayName":"canary","members":[{"value":"`+user+`"}]}`).str("id")
		state := func() string {
			return theirs.want(http.StatusOK, "GET", "/Users/"+user, "").text + theirs.want(http.StatusOK, "GET", "/Groups/"+canary, "").text
		}
		before := state()
		for _, c := range []struct{ method, path, body string }{
			{"GET", "/Users/USER", ""},
			{"PUT", "/Users/USER", `{"userName":"taken@example.com"}`},
			{"PATCH", "/Users/USER", ops(`{"op":"replace","value":{"active":false}}`)},
			{"DELETE", "/Users/USER", ""},
			{"GET", "/Groups/GROUP", ""},
			{"PUT", "/Groups/GROUP", `{"displayName":"x","members":[]}`},
			{"PATCH", "/Groups/GROUP", ops(`{"op":"remove","path":"members"}`)},
			{"DELETE", "/Groups/GROUP", ""},
			{"GET", filtered("/Users", `id eq "USER"`), ""},
			{"GET", filtered("/Users", `manager eq "USER"`), ""},
			{"GET", filtered("/Groups", `id eq "GROUP"`), ""},
			{"GET", filtered("/Groups", `members eq "USER"`), ""},
			{"GET", filtered("/Groups", `members[value eq "USER"]`), ""},
			{"PATCH", "/Groups/" + group, ops(`{"op":"add","path":"members","value":[{"value":"USER"}]}`)},
			{"PATCH", "/Groups/" + group, ops(`{"op":"add","path":"members","value":[{"value":"GROUP"}]}`)},
			{"PATCH", "/Groups/" + group, ops(`{"op":"remove","path":"members[value eq \"USER\"]"}`)},
			{"PUT", "/Groups/" + group, `{"displayName":"Own","members":[{"value":"USER"},{"$ref":"/Groups/GROUP"}]}`},
			{"PATCH", "/Users/" + own, ops(`{"op":"replace","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager","value":"USER"}`)},
		} {
			ask := func(u, g string) answer {
				swap := strings.NewReplacer("USER", u, "GROUP", g)
				return mine.do(c.method, swap.Replace(c.path), swap.Replace(c.body))
			}
			got, nobody, nothing := ask(user, canary), id.User.Format(id.New()), id.Group.Format(id.New())
			control := ask(nobody, nothing)
			if got.status != control.status || lasting(got.text, user, canary) != lasting(control.text, nobody, nothing) {
				t.Errorf("%s %s tells another tenant's id apart:\n%d %s\n%d %s", c.method, c.path, got.status, got.text, control.status, control.text)
			}
			if strings.Contains(got.text, "canary") {
				t.Errorf("%s %s shows the other tenant: %s", c.method, c.path, got.text)
			}
		}
		mine.strangers(theirs, user, canary)
		for _, filter := range []string{`userName eq "canary@example.com"`, `externalId eq "canary-7"`} {
			if a := mine.want(http.StatusOK, "GET", filtered("/Users", filter), ""); a.at("totalResults") != 0.0 {
				t.Errorf("%s found %s", filter, a.text)
			}
		}
		if all := mine.want(http.StatusOK, "GET", "/Users", ""); all.at("totalResults") != 1.0 {
			t.Errorf("the list has %s", all.text)
		}
		if members := mine.want(http.StatusOK, "GET", "/Groups/"+group, ""); strings.Contains(members.text, user) {
			t.Errorf("another tenant's person is in the group: %s", members.text)
		}
		mine.want(http.StatusCreated, "POST", "/Users", `{"userName":"canary@example.com","externalId":"canary-7"}`)
		if after := state(); after != before {
			t.Errorf("the other tenant was changed:\n%s\n%s", before, after)
		}
	})
}

// strangers names another tenant in a bulk, in headers and by a cursor of its own.
func (w *world) strangers(theirs *world, user, group string) {
	w.t.Helper()
	a := w.bulk("", `{"method":"DELETE","path":"/Users/`+user+`"}`, `{"method":"PATCH","path":"/Groups/`+group+`","data":`+ops(`{"op":"remove","path":"members"}`)+`}`,
		`{"method":"PUT","path":"/Users/`+user+`","data":{"userName":"x"}}`)
	if got := strings.Join(a.statuses(), " "); got != "404 404 404" || strings.Contains(a.text, "canary") {
		w.t.Errorf("a bulk of another tenant's answered %s", a.text)
	}
	tenant := id.Tenant.Format(theirs.tenant())
	for _, header := range []string{"X-Tenant", "X-Tenant-ID", "X-Forwarded-Host", "X-Original-URL", "Host", "Origin"} {
		if a := w.do("GET", "/Users/"+user, "", header, tenant); a.status != http.StatusNotFound {
			w.t.Errorf("with %s another tenant's person answered %d %s", header, a.status, a.text)
		}
	}
	theirs.create("second@example.com")
	cursor := theirs.want(http.StatusOK, "GET", "/Users?count=1&cursor=", "").str("nextCursor")
	if a := w.do("GET", "/Users?count=1&cursor="+url.QueryEscape(cursor), ""); cursor == "" || a.status != http.StatusBadRequest || a.str("scimType") != "invalidCursor" {
		w.t.Errorf("another tenant's cursor %q answered %d %s", cursor, a.status, a.text)
	}
}

// lasting is an answer without what must differ: the ids asked with, and what grows with each change.
func lasting(text, user, group string) string {
	text = strings.NewReplacer(user, "USER", group, "GROUP").Replace(text)
	before, _, _ := strings.Cut(text, `,"meta":`)
	return before
}
