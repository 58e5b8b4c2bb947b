package scimadapter_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/provisioning"
)

const keptURN = "urn:example:kept:2.0:User"

// kept is a schema with an attribute of each mutability.
func kept() directory.SchemaDefinition {
	return directory.SchemaDefinition{URN: keptURN, Name: "Kept", Attributes: []directory.Attribute{
		{Name: "plain", Type: directory.TypeString}, {Name: "secret", Type: directory.TypeString, Mutability: directory.WriteOnly, Returned: "never"},
		{Name: "fixed", Type: directory.TypeString, Mutability: directory.Immutable}, {Name: "ours", Type: directory.TypeString, Mutability: directory.ReadOnly},
	}}
}

// TestPUTReplacesByMutability puts bodies over a person who has everything, and looks at every attribute.
//
// Conformance: P-3.5.1-01 P-3.5.1-02 P-3.5.1-03
func TestPUTReplacesByMutability(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for preset, settings := range presets {
			w := newWorld(t, db, settings...)
			w.describe(kept())
			const schemas = `"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"]`
			for i, c := range []struct {
				body   string            // behind schemas and userName
				want   map[string]string // what is otherwise than before, in JSON
				secret string
			}{
				{`"title":"Lead"`, map[string]string{"title": `"Lead"`, "name": "null", "emails": "null", "externalId": "null"}, "s1"},
				{
					`"emails":[{"value":"new@x"}],"name":{"givenName":"Eva"},"externalId":"ext-2","active":true`,
					map[string]string{"title": "null", "name": `{"givenName":"Eva"}`, "emails": `[{"value":"new@x"}]`, "externalId": `"ext-2"`, "active": "true"}, "s1",
				},
				{
					`"title":null,"name":null,"emails":[],"externalId":null,"active":null,"` + enterprise + `":null`,
					map[string]string{"title": "null", "name": "null", "emails": "null", "externalId": "null", enterprise: "null"}, "s1",
				},
				{
					`"` + enterprise + `":{"costCenter":"7"},"` + keptURN + `":{"secret":"s2"}`,
					map[string]string{
						"title": "null", "name": "null", "emails": "null", "externalId": "null", enterprise: `{"costCenter":"7"}`, keptURN: `{"fixed":"f1"}`,
					}, "s2",
				},
				{
					`"` + keptURN + `":{"plain":"p2","fixed":"f1","ours":"x","secret":null}`,
					map[string]string{"title": "null", "name": "null", "emails": "null", "externalId": "null", keptURN: `{"plain":"p2","fixed":"f1"}`}, "",
				},
			} {
				name := fmt.Sprintf("p%d@example.com", i)
				made := w.want(http.StatusCreated, "POST", "/Users", `{`+schemas+`,"userName":"`+name+`","externalId":"ext-1","title":"Analyst",
					"name":{"givenName":"Ada","familyName":"Berg"},"active":false,"emails":[{"value":"ada@work","type":"work"},{"value":"ada@home"}],
					"`+enterprise+`":{"department":"Sales"},"`+keptURN+`":{"plain":"p1","fixed":"f1","secret":"s1"}}`)
				a := w.want(http.StatusOK, "PUT", "/Users/"+made.str("id"), `{`+schemas+`,"userName":"`+name+`",`+c.body+`}`)
				if after := w.want(http.StatusOK, "GET", "/Users/"+made.str("id"), ""); after.text != a.text || a.header.Get("ETag") != after.str("meta", "version") {
					t.Errorf("%s: PUT answered\n%s, and left\n%s", preset, a.text, after.text)
				}
				for attr := range made.body {
					if attr == "meta" || attr == "schemas" {
						continue
					}
					got, want := a.body[attr], made.body[attr]
					if text, changed := c.want[attr]; changed {
						want = decoded(t, text)
					}
					if !reflect.DeepEqual(got, want) {
						t.Errorf("%s: PUT %s left %s %v, want %v", preset, c.body, attr, got, want)
					}
				}
				if secret := w.secretOf(made.str("id")); secret != c.secret {
					t.Errorf("%s: PUT %s left the secret %q", preset, c.body, secret)
				}
			}
		}
	})
}

// secretOf is what nobody is shown.
func (w *world) secretOf(user string) string {
	w.t.Helper()
	of, ok := id.User.Parse(user)
	u, err := w.directory.Get(w.admin, of)
	if !ok || err != nil {
		w.t.Fatal(err)
	}
	text, err := json.Marshal(u)
	if err != nil {
		w.t.Fatal(err)
	}
	all, _ := decoded(w.t, string(text)).(map[string]any)
	own, _ := all[keptURN].(map[string]any)
	secret, _ := own["secret"].(string)
	return secret
}

func decoded(t *testing.T, text string) (value any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return value
}

// TestPUTLeavesWhatIsAnothers: a group's members and another configuration's name for it stay where a body does not speak of them,
// and its own externalId goes.
//
// Conformance: P-3.5.1-03
func TestPUTLeavesWhatIsAnothers(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		other, err := w.provisioning.CreateConfig(w.admin, provisioning.NewConfig{Name: "Entra"})
		if err != nil {
			t.Fatal(err)
		}
		second := w.issue(other.ID, caller.ScopeSCIM)
		ada := w.create("ada@example.com")
		group := "/Groups/" + w.group("Sales", `"externalId":"ext-1",`, ada)
		is := func(name, external string) {
			t.Helper()
			if a := w.want(http.StatusOK, "GET", group, ""); a.str("displayName") != name || a.str("externalId") != external || len(values(a.body["members"])) != 1 {
				t.Errorf("the group is %s", a.text)
			}
		}
		w.want(http.StatusOK, "PUT", group, `{"displayName":"Sellers"}`, "Authorization", second)
		is("Sellers", "ext-1")
		w.want(http.StatusOK, "PUT", group, `{"displayName":"Sold","externalId":"ext-2","members":null}`)
		is("Sold", "ext-2")
		w.want(http.StatusOK, "PUT", group, `{"displayName":"Sold"}`)
		is("Sold", "")
		user := "/Users/" + ada
		w.want(http.StatusOK, "PATCH", user, ops(`{"op":"replace","path":"externalId","value":"mine"}`))
		w.want(http.StatusOK, "PUT", user, `{"userName":"ada@example.com","externalId":"theirs"}`, "Authorization", second)
		w.want(http.StatusOK, "PUT", user, `{"userName":"ada@example.com"}`, "Authorization", second)
		if a := w.want(http.StatusOK, "GET", user, ""); a.str("externalId") != "mine" {
			t.Errorf("another configuration's PUT left %s", a.text)
		}
	})
}

// TestTheAddressDecides: what is only the server's to say is passed over in a PUT, also an id of somebody else.
//
// Conformance: P-3.5.1-05
func TestTheAddressDecides(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ada, bo, foreign := w.create("ada@example.com"), w.create("bo@example.com"), newWorld(t, db).create("eva@example.com")
		sales, law := w.group("Sales", "", ada), w.group("Law", "", bo)
		others := func() string {
			return w.want(http.StatusOK, "GET", "/Users/"+bo, "").text + w.want(http.StatusOK, "GET", "/Groups/"+law, "").text
		}
		before := others()
		for i, who := range []string{bo, law, foreign, ada, "x", ""} {
			const meta = `"meta":{"resourceType":"Group","created":"1999-01-01T00:00:00Z","location":"https://x","version":"W/\"9\""},"groups":[{"value":"x"}]`
			a := w.want(http.StatusOK, "PUT", "/Users/"+ada, fmt.Sprintf(`{"id":%q,"userName":"ada%d@example.com",%s}`, who, i, meta))
			b := w.want(http.StatusOK, "PUT", "/Groups/"+sales+"?id="+law, fmt.Sprintf(`{"id":%q,"displayName":"Sales %d",%s}`, who, i, meta))
			if a.str("id") != ada || a.str("meta", "resourceType") != "User" || strings.HasPrefix(a.str("meta", "created"), "1999") || !strings.HasSuffix(a.str("meta", "location"), ada) ||
				fmt.Sprint(values(a.body["groups"])) != "["+sales+"]" || a.str("userName") != fmt.Sprintf("ada%d@example.com", i) {
				t.Errorf("PUT with the id %q made %s", who, a.text)
			}
			if b.str("id") != sales || b.str("displayName") != fmt.Sprintf("Sales %d", i) || b.header.Get("ETag") != fmt.Sprintf(`W/"%d"`, i+2) {
				t.Errorf("PUT with the id %q made %s", who, b.text)
			}
		}
		if after := others(); after != before {
			t.Errorf("PUT has changed somebody else:\n%s\nof\n%s", after, before)
		}
	})
}

// TestAPUTThatIsRefusedOrSaysTheSameChangesNothing sends bodies without what is required, with names that are taken, and ten times
// what is there already.
//
// Conformance: P-3.5.1-06 P-3.5.1-07 P-3.5.1-08
func TestAPUTThatIsRefusedOrSaysTheSameChangesNothing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.create("taken@example.com")
		w.group("Taken", "")
		user := w.want(http.StatusCreated, "POST", "/Users", fmt.Sprintf(samplePerson, "ada@example.com"))
		group := w.want(http.StatusCreated, "POST", "/Groups", `{"displayName":"Sales","externalId":"x","members":[{"value":"`+user.str("id")+`"}]}`)
		for _, c := range []struct {
			path, body, scimType string
			status               int
		}{
			{"/Users/", `{"title":"Lead"}`, "invalidValue", 400},
			{"/Users/", `{"userName":"","title":"Lead"}`, "invalidValue", 400},
			{"/Users/", `{"userName":null,"title":"Lead"}`, "invalidValue", 400},
			{"/Users/", `{}`, "invalidValue", 400},
			{"/Users/", `{"userName":"TAKEN@example.com","title":"Lead","active":false}`, "uniqueness", 409},
			{"/Groups/", `{"members":[]}`, "invalidValue", 400},
			{"/Groups/", `{"displayName":" ","members":[]}`, "invalidValue", 400},
			{"/Groups/", `{"displayName":"tAKEN","members":[]}`, "uniqueness", 409},
		} {
			of := map[string]answer{"/Users/": user, "/Groups/": group}[c.path]
			path := c.path + of.str("id")
			before := w.want(http.StatusOK, "GET", path, "")
			w.news()
			a := w.do("PUT", path, c.body)
			if after := w.want(http.StatusOK, "GET", path, ""); a.status != c.status || a.str("scimType") != c.scimType || a.str("detail") == "" || after.text != before.text || len(w.news()) != 0 {
				t.Errorf("PUT %s answered %d %s, and left %s", c.body, a.status, a.text, after.text)
			}
		}
		for _, path := range []string{"/Users/" + user.str("id"), "/Groups/" + group.str("id")} {
			changed := strings.NewReplacer(`"Analyst"`, `"Lead"`, `"Sales"`, `"Sellers"`).Replace(w.want(http.StatusOK, "GET", path, "").text)
			before := w.want(http.StatusOK, "PUT", path, changed)
			if news := w.news(); len(news) != 1 {
				t.Errorf("the first PUT recorded %+v", news)
			}
			for range 10 {
				if a := w.want(http.StatusOK, "PUT", path, changed); a.text != before.text || a.header.Get("ETag") != before.header.Get("ETag") {
					t.Fatalf("PUT again made\n%s of\n%s", a.text, before.text)
				}
			}
			if after := w.want(http.StatusOK, "GET", path, ""); after.text != before.text || len(w.news()) != 0 {
				t.Errorf("ten PUTs made\n%s of\n%s", after.text, before.text)
			}
		}
	})
}
