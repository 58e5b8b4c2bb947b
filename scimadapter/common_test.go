package scimadapter_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/provisioning"
	"github.com/usherhq/usher/scimadapter"
)

// TestEveryResourceSaysWhatItIs reads a resource of every type, alone and in its list: each names its schemas, which are those
// of what it has, and has an id and what the server says of it. Nothing in it is null or empty, and whatever it refers to is
// there.
//
// Conformance: S-2.1-02 S-2.3-07 S-2.5-03 S-3-03 S-3-04 S-7-01 P-3.3-06
func TestEveryResourceSaysWhatItIs(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, strict, func(n *provisioning.NewConfig) { n.ShowSeats = true })
		w.describe(probed())
		w.license("Advanced", 3)
		boss := w.create("boss@example.com")
		bare := w.want(http.StatusCreated, "POST", "/Users", `{"schemas":["`+coreUser+`"],"userName":"bare","meta":{"resourceType":"Group"},"nickName":null,"emails":[],"title":""}`)
		if literal(bare.at("schemas")) == "" || strings.Contains(literal(bare.at("schemas")), enterprise) {
			t.Errorf("who has nothing of an extension is %s", bare.text)
		}
		user := w.want(http.StatusCreated, "POST", "/Users", fmt.Sprintf(`{"schemas":["%s"],"userName":"ada","externalId":"x","emails":[{"value":"a@x","primary":true}],"%s":{"manager":{"value":%q}},
			"%s":{"level":"Low","plan":{"name":"P"}}}`, coreUser, enterprise, boss, probedURN)).str("id")
		inner := w.want(http.StatusCreated, "POST", "/Groups", fmt.Sprintf(`{"schemas":["%s"],"displayName":"Inner","externalId":"y","members":[{"value":%q},{"value":%q}]}`, coreGroup, user, boss)).str("id")
		outer := w.want(http.StatusCreated, "POST", "/Groups", fmt.Sprintf(`{"schemas":["%s"],"displayName":"Outer","members":[{"value":%q}]}`, coreGroup, inner)).str("id")
		w.want(http.StatusCreated, "POST", "/Groups", fmt.Sprintf(`{"schemas":["%s"],"displayName":"Empty"}`, coreGroup))
		w.unregistered(user)
		known := w.schemas()
		c := claims{world: w, known: known, urns: map[string]bool{}}
		for endpoint, kind := range map[string]string{"/Users": "User", "/Groups": "Group", "/Licenses": "License", "/Schemas": "Schema", "/ResourceTypes": "ResourceType"} {
			all := w.want(http.StatusOK, "GET", endpoint, "").resources()
			if len(all) == 0 {
				t.Errorf("%s has nothing", endpoint)
			}
			for _, one := range all {
				o := one.(map[string]any)
				c.check(kind, o)
				single := w.want(http.StatusOK, "GET", endpoint+"/"+o["id"].(string), "")
				c.check(kind, single.body)
				if text, err := json.Marshal(one); err != nil || !sameJSON(string(text), single.text) {
					t.Errorf("%s is %s in its list", single.text, text)
				}
			}
		}
		c.check("ServiceProviderConfig", w.want(http.StatusOK, "GET", "/ServiceProviderConfig", "").body)
		if len(c.urns) < 9 || c.refs < 8 || !strings.Contains(w.want(http.StatusOK, "GET", "/Groups/"+outer, "").text, `"type":"Group"`) {
			t.Errorf("only %d schemas and %d references were seen", len(c.urns), c.refs)
		}
		for urn := range known {
			if strings.HasPrefix(urn, "urn:ietf:params:scim:api:") {
				t.Errorf("/Schemas has the message %s", urn)
			}
		}
		enterprised := w.want(http.StatusOK, "PATCH", "/Users/"+bare.str("id"), ops(`{"op":"add","path":"`+enterprise+`:employeeNumber","value":"7"}`))
		if schemas := literal(enterprised.at("schemas")); !strings.Contains(schemas, enterprise) {
			t.Errorf("who got an employee number has the schemas %s", schemas)
		}
		emptied := w.want(http.StatusOK, "PATCH", "/Users/"+bare.str("id"), ops(`{"op":"remove","path":"`+enterprise+`:employeeNumber"}`))
		if schemas := literal(emptied.at("schemas")); strings.Contains(schemas, enterprise) {
			t.Errorf("who lost her employee number has the schemas %s", schemas)
		}
	})
}

// unregistered lets a configuration that is not strict write data of a schema that nobody has registered: providers send it, and
// send it again until they read it back. Whoever keeps to the letter does not see it.
func (w *world) unregistered(user string) {
	w.t.Helper()
	second, err := w.provisioning.CreateConfig(w.admin, provisioning.NewConfig{Name: "Entra", IdentityProvider: provisioning.Entra})
	if err != nil {
		w.t.Fatal(err)
	}
	kind := *w
	kind.token = w.issue(second.ID, "scim")
	const urn = "urn:example:nobody:knows:2.0:User"
	if a := kind.want(http.StatusOK, "PUT", "/Users/"+user, `{"userName":"ada","emails":[{"value":"a@x"}],"`+urn+`":{"a":1}}`); a.at(urn, "a") != 1.0 {
		w.t.Errorf("data of a schema that is not registered is read back as %s", a.text)
	}
	if a := w.want(http.StatusOK, "GET", "/Users/"+user, ""); strings.Contains(a.text, urn) {
		w.t.Errorf("strictly, data of a schema that is not registered is shown: %s", a.text)
	}
	if a := w.do("POST", "/Users", `{"schemas":["`+coreUser+`"],"userName":"x","`+urn+`":{"a":1}}`); a.status != http.StatusBadRequest || a.str("scimType") != "invalidSyntax" {
		w.t.Errorf("strictly, data of a schema that is not registered is answered by %d %s", a.status, a.text)
	}
}

// claims looks into resources.
type claims struct {
	*world

	known map[string]*describedSchema
	urns  map[string]bool
	refs  int
}

func (c *claims) check(kind string, o map[string]any) {
	c.t.Helper()
	schemas, _ := o["schemas"].([]any)
	named := map[string]bool{}
	for _, one := range schemas {
		urn, _ := one.(string)
		if c.known[urn] == nil || named[urn] {
			c.t.Errorf("%s has the schema %v, which is not in /Schemas, or twice", kind, one)
		}
		named[urn], c.urns[urn] = true, true
		if strings.Contains(urn, ":extension:") && o[urn] == nil {
			c.t.Errorf("%v names %s and has nothing of it", o["id"], urn)
		}
	}
	for name := range o {
		if strings.HasPrefix(name, "urn:") && !named[name] {
			c.t.Errorf("%v has %s and does not name it", o["id"], name)
		}
	}
	meta, _ := o["meta"].(map[string]any)
	id, _ := o["id"].(string)
	if len(schemas) == 0 || meta["resourceType"] != kind || meta["location"] == nil || kind != "ServiceProviderConfig" && id == "" {
		c.t.Errorf("a %s is %v", kind, o)
	}
	c.walk(o)
}

// walk looks for what is empty, and follows every reference to a resource.
func (c *claims) walk(value any) {
	c.t.Helper()
	switch value := value.(type) {
	case nil:
		c.t.Error("something is null")
	case []any:
		if len(value) == 0 {
			c.t.Error("a list is empty")
		}
		for _, one := range value {
			c.walk(one)
		}
	case map[string]any:
		for name, one := range value {
			c.walk(one)
			if name != "$ref" {
				continue
			}
			c.refs++
			path, mine := strings.CutPrefix(one.(string), c.server.URL+scimadapter.Base)
			there := c.do("GET", path, "")
			if !mine || there.status != http.StatusOK || !strings.HasSuffix(path, "/"+there.str("id")) || value["value"] != nil && value["value"] != there.str("id") {
				c.t.Errorf("at %v there is %d %s", one, there.status, there.text)
			}
		}
	}
}

// TestWhatTheServerSaysIsTheServers sends ids, meta and external ids of all kinds.
//
// Conformance: S-3.1-03 S-3.1-04 S-3.1-05 S-3.1-06 S-3.1-07 P-3.1-02 P-3.3-01 P-3.3-02
func TestWhatTheServerSaysIsTheServers(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		const meta = `"meta":{"resourceType":"Car","created":"1999-01-01T00:00:00Z","lastModified":"1999-01-01T00:00:00Z","version":"W/\"99\"","location":"https://elsewhere.example"}`
		made := w.want(http.StatusCreated, "POST", "/Users", `{"id":"mine","userName":"ada","active":null,"nickName":null,"emails":[],"groups":[{"value":"grp_x"}],`+meta+`}`)
		id := made.str("id")
		user := "/Users/" + id
		if id == "mine" || made.at("externalId") != nil || made.at("active") != true || made.at("groups") != nil || strings.Contains(made.text, "1999") || strings.Contains(made.text, "elsewhere") {
			t.Errorf("what was made is %s", made.text)
		}
		if made.str("meta", "resourceType") != "User" || made.str("meta", "created") != made.str("meta", "lastModified") || made.str("meta", "version") != `W/"1"` {
			t.Errorf("what was made says %s", literal(made.at("meta")))
		}
		if _, err := time.Parse(time.RFC3339, made.str("meta", "created")); err != nil {
			t.Error(err)
		}
		if read := w.want(http.StatusOK, "GET", user, ""); read.text != made.text {
			t.Errorf("POST answered\n%s\nand GET\n%s", made.text, read.text)
		}
		same := w.want(http.StatusOK, "PUT", user, `{"id":"other","userName":"ada","groups":[],`+meta+`}`)
		if same.text != made.text {
			t.Errorf("what changes nothing has changed\n%s\nto\n%s", made.text, same.text)
		}
		changed := w.changedLater(user)
		if changed.str("meta", "lastModified") <= made.str("meta", "created") || changed.str("meta", "created") != made.str("meta", "created") || changed.str("id") != id {
			t.Errorf("after a change it says %s, and first %s", literal(changed.at("meta")), literal(made.at("meta")))
		}
		if read := w.want(http.StatusOK, "GET", user, ""); read.text != changed.text {
			t.Errorf("PATCH answered\n%s\nand GET\n%s", changed.text, read.text)
		}
		group := w.want(http.StatusCreated, "POST", "/Groups", `{"id":"mine","displayName":"Sales","members":[{"value":"`+id+`","display":"Else"}],`+meta+`}`)
		if read := w.want(http.StatusOK, "GET", "/Groups/"+group.str("id"), ""); read.text != group.text || strings.Contains(read.text, "Else") || strings.Contains(read.text, "1999") ||
			read.str("meta", "resourceType") != "Group" || read.at("externalId") != nil {
			t.Errorf("POST of a group answered\n%s\nand GET\n%s", group.text, read.text)
		}
		for filter, want := range map[string]float64{`meta.resourceType eq "user"`: 0, `meta.resourceType eq "User"`: 1, `meta.resourceType eq "Group"`: 1, `meta.resourceType pr`: 2} {
			body := searchRequest(map[string]any{"filter": filter})
			if a := w.want(http.StatusOK, "POST", "/.search", body); a.at("totalResults") != want {
				t.Errorf("%s finds %s", filter, a.text)
			}
		}
		for _, name := range []string{"eva", "ida"} { // two with the same one
			if a := w.want(http.StatusCreated, "POST", "/Users", `{"userName":"`+name+`","externalId":"ABC"}`); a.str("externalId") != "ABC" {
				t.Errorf("%s has the externalId %q", name, a.str("externalId"))
			}
		}
		w.want(http.StatusCreated, "POST", "/Users", `{"userName":"una","externalId":"abc"}`)
		for external, want := range map[string]float64{"ABC": 2, "abc": 1, "aBc": 0} {
			if a := w.want(http.StatusOK, "GET", filtered("/Users", `externalId eq "`+external+`"`), ""); a.at("totalResults") != want {
				t.Errorf("externalId eq %s finds %s", external, a.text)
			}
		}
		other := newWorld(t, db)
		other.want(http.StatusCreated, "POST", "/Users", `{"userName":"eva","externalId":"ABC"}`)
		w.want(http.StatusNotFound, "GET", "/Users/ABC", "") // CVE-2025-41115: it is never taken for an id
		w.domainsApart()
	})
}

// changedLater changes somebody once the clock has gone on, which tells milliseconds apart.
func (w *world) changedLater(user string) answer {
	w.t.Helper()
	created := w.want(http.StatusOK, "GET", user, "").str("meta", "created")
	for n := 0; ; n++ {
		a := w.want(http.StatusOK, "PATCH", user, ops(fmt.Sprintf(`{"op":"replace","path":"title","value":"T%d"}`, n)))
		if a.str("meta", "lastModified") != created {
			return a
		}
	}
}

// domainsApart writes one person through two configurations of a tenant, each of which has an externalId of its own for her.
func (w *world) domainsApart() {
	w.t.Helper()
	second, err := w.provisioning.CreateConfig(w.admin, provisioning.NewConfig{Name: "Entra", IdentityProvider: provisioning.Entra})
	if err != nil {
		w.t.Fatal(err)
	}
	other := *w
	other.token = w.issue(second.ID, "scim")
	user := "/Users/" + w.want(http.StatusCreated, "POST", "/Users", `{"userName":"shared","externalId":"one"}`).str("id")
	if a := other.want(http.StatusOK, "GET", user, ""); a.at("externalId") != nil {
		w.t.Errorf("another configuration sees %s", a.text)
	}
	if a := other.want(http.StatusOK, "PATCH", user, ops(`{"op":"add","path":"externalId","value":"two"}`)); a.str("externalId") != "two" {
		w.t.Errorf("the other configuration made %s", a.text)
	}
	if a := w.want(http.StatusOK, "GET", user, ""); a.str("externalId") != "one" {
		w.t.Errorf("the first configuration sees %s", a.text)
	}
}

// TestAnIDIsNeverUsedAgain makes, deletes and makes people again, and groups, and finds no id twice.
//
// Conformance: S-3.1-01
func TestAnIDIsNeverUsedAgain(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		const each = 250
		var makes, ids []string
		for i := range each {
			makes = append(makes, bulkUser(fmt.Sprint("u", i), fmt.Sprint("p", i)), fmt.Sprintf(`{"method":"POST","path":"/Groups","bulkId":"g%d","data":{"id":"grp_mine","displayName":"G%d"}}`, i, i))
		}
		for range 2 {
			made := w.bulk("", makes...)
			var ends []string
			for i := range made.done() {
				of := made.made(t, i)
				ids = append(ids, of)
				path := map[bool]string{true: "/Users/", false: "/Groups/"}[i%2 == 0] + of
				ends = append(ends, `{"method":"DELETE","path":"`+path+`"}`)
			}
			if ended := w.bulk("", ends...); slices.ContainsFunc(ended.statuses(), func(status string) bool { return status != "204" }) {
				t.Fatalf("they do not leave: %.500s", ended.text)
			}
		}
		seen := map[string]bool{}
		for _, of := range ids {
			_, bare, _ := strings.Cut(of, "_")
			if seen[bare] || of == "" || strings.Contains(strings.ToLower(of), "bulkid") {
				t.Fatalf("the id %q is there twice, or is none", of)
			}
			seen[bare] = true
		}
		if len(seen) != 4*each {
			t.Fatalf("%d ids were given", len(seen))
		}
		w.want(http.StatusNotFound, "GET", "/Users/"+ids[0], "")
		user := "/Users/" + w.create("ada")
		id := strings.TrimPrefix(user, "/Users/")
		for _, query := range []string{"?attributes=userName", "?excludedAttributes=id", "?excludedAttributes=id,schemas,meta", "?attributes=id"} {
			if a := w.want(http.StatusOK, "GET", user+query, ""); a.str("id") != id {
				t.Errorf("%s answered %s", query, a.text)
			}
		}
		if a := w.want(http.StatusOK, "PUT", user, `{"id":"`+ids[0]+`","userName":"ada"}`); a.str("id") != id {
			t.Errorf("PUT with an id answered %s", a.text)
		}
		if a := w.want(http.StatusBadRequest, "PATCH", user, ops(`{"op":"replace","path":"id","value":"`+ids[0]+`"}`)); a.str("scimType") != "mutability" {
			t.Errorf("PATCH of an id answered %s", a.text)
		}
		for filter, want := range map[string]float64{`id eq "` + id + `"`: 1, `id eq "` + strings.ToUpper(id) + `"`: 0} {
			if a := w.want(http.StatusOK, "GET", filtered("/Users", filter), ""); a.at("totalResults") != want {
				t.Errorf("%s finds %s", filter, a.text)
			}
		}
	})
}
