package scimadapter_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
)

// TestNoRouteReachesAnotherTenant sends every request that can carry an id, with an id of another tenant and with one that
// nobody has: the answers must be the same, the other tenant as it was, and nothing of it may be in any answer.
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

// lasting is an answer without what must differ: the ids asked with, and what grows with each change.
func lasting(text, user, group string) string {
	text = strings.NewReplacer(user, "USER", group, "GROUP").Replace(text)
	before, _, _ := strings.Cut(text, `,"meta":`)
	return before
}
