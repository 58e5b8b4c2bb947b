package scimadapter_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
)

// TestMalformedBodiesAreToldApart sends what is no JSON, what is JSON of the wrong shape, and values of wrong types, by every
// method that takes a body. None of it changes anything.
//
// Conformance: P-3.3-07
func TestMalformedBodiesAreToldApart(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		user, group := "/Users/"+w.create("ada"), "/Groups/"+w.want(http.StatusCreated, "POST", "/Groups", `{"displayName":"Sales"}`).str("id")
		before := w.want(http.StatusOK, "GET", "/Users", "").text + w.want(http.StatusOK, "GET", "/Groups", "").text
		events := w.journaled()
		takers := [][2]string{{"POST", "/Users"}, {"PUT", user}, {"PATCH", user}, {"POST", "/Groups"}, {"PUT", group}, {"PATCH", group}, {"POST", "/.search"}, {"POST", "/Bulk"}}
		const good = `{"userName":"new","displayName":"New"}`
		for what, body := range map[string]string{
			"nothing": "", "blanks": "  \n", "null": "null", "a list": "[]", "a list of one": "[" + good + "]", "a text": `"x"`, "a number": "7", "true": "true",
			"a beginning": good[:len(good)-1], "half a text": `{"userName":"ne`, "something behind": good + "x", "a second object": good + good, "a comma behind": good + ",", "a brace behind": good + "}",
			"a BOM": "\ufeff" + good, "another coding": "\xff\xfe{\x00}\x00", "bytes that are no UTF-8": "{\"userName\":\"\xc3\x28\"}", "an overlong byte": "{\"userName\":\"\xc0\xaf\"}",
			"half a surrogate": `{"userName":"\ud800"}`, "the other half": `{"userName":"\udc00x"}`, "halves the wrong way round": `{"userName":"\udc00\ud800"}`,
			"10,000 objects": strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_000), "10,000 lists": `{"a":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + "}",
			"10,000 beginnings": strings.Repeat(`{"a":`, 10_000), "a comment": "/* */" + good, "single quotes": `{'userName':'new'}`, "no quotes": `{userName:"new"}`, "a trailing comma": `{"userName":"new",}`,
			"NaN": `{"userName":"new","a":NaN}`, "a number of 999": `{"userName":"new","a":1e999}`, "a control character": "{\"userName\":\"a\x01b\"}", "a bad escape": `{"userName":"\x41"}`, "a name twice": `{"userName":"a","userName":"b"}`,
			"a name in two cases": `{"userName":"a","USERNAME":"b"}`,
		} {
			for _, c := range takers {
				a := w.raw(c[0], c[1], body, "Content-Type", "application/scim+json")
				if o := refusal(t, c[0]+" "+c[1]+" of "+what, a, http.StatusBadRequest); o["scimType"] != "invalidSyntax" {
					t.Errorf("%v of %s was refused with %s", c, what, a.Body)
				}
			}
		}
		for what, c := range map[string][2]string{
			"no name": {`{}`, `{}`}, "a number as a name": {`{"userName":7}`, `{"displayName":7}`}, "a list as a name": {`{"userName":["a","b"]}`, `{"displayName":["a"]}`},
			"an object as a name": {`{"userName":{"value":"a"}}`, `{"displayName":{"value":"a"}}`}, "null as a name": {`{"userName":null}`, `{"displayName":null}`}, "true as a name": {`{"userName":true}`, `{"displayName":true}`},
			"a text that is complex": {`{"userName":"new","name":"x"}`, `{"displayName":"New","members":[7]}`}, "a wrong part": {`{"userName":"new","emails":[{"value":7}]}`, `{"displayName":"New","members":[{"value":7}]}`},
		} {
			for i, kind := range [][2]string{{"POST /Users", "PUT " + user}, {"POST /Groups", "PUT " + group}} {
				for _, request := range kind {
					method, path, _ := strings.Cut(request, " ")
					if a := w.do(method, path, c[i]); a.status != http.StatusBadRequest || a.str("scimType") != "invalidValue" {
						t.Errorf("%s of %s answered %d %s", request, what, a.status, a.text)
					}
				}
			}
		}
		if after := w.want(http.StatusOK, "GET", "/Users", "").text + w.want(http.StatusOK, "GET", "/Groups", "").text; after != before || w.journaled() != events {
			t.Errorf("what was refused has changed\n%s to\n%s", before, after)
		}
	})
}

// TestWhoIsNotThereIsNotThereInOneWay asks for people and groups who never were, who were deleted, who are of another type or of
// another tenant. Nobody can tell these apart, a PUT makes none of them, and a filter for them finds nobody.
//
// Conformance: P-3.4.1-01 P-3.2-01 P-3.4.2-02 P-6-01 P-6-03
func TestWhoIsNotThereIsNotThereInOneWay(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, theirs := newWorld(t, db), newWorld(t, db)
		ada := w.create("ada")
		sales := w.want(http.StatusCreated, "POST", "/Groups", `{"displayName":"Sales"}`).str("id")
		leaver := w.create("leaver")
		w.want(http.StatusNoContent, "DELETE", "/Users/"+leaver, "")
		ended := w.want(http.StatusCreated, "POST", "/Groups", `{"displayName":"Ended"}`).str("id")
		w.want(http.StatusNoContent, "DELETE", "/Groups/"+ended, "")
		foreigner := theirs.want(http.StatusCreated, "POST", "/Users", `{"userName":"ada","externalId":"theirs"}`).str("id")
		foreign := theirs.want(http.StatusCreated, "POST", "/Groups", `{"displayName":"Sales"}`).str("id")
		if foreigner[4:] == ada[4:] || foreign[4:] == sales[4:] {
			t.Errorf("two tenants have the id %s", foreigner)
		}
		of := map[string][]string{
			"/Users/":  {id.User.Format(id.New()), leaver, sales, "usr_" + sales[4:], foreigner, "nonsense", "1", "9f1c5d0e-6f5a-4a7e-9a51-6d9d3f8b2c11", strings.ToUpper(ada)},
			"/Groups/": {id.Group.Format(id.New()), ended, ada, "grp_" + ada[4:], foreign, "nonsense", "1", "9f1c5d0e-6f5a-4a7e-9a51-6d9d3f8b2c11", strings.ToUpper(sales)},
		}
		before := w.want(http.StatusOK, "GET", "/Users", "").text + w.want(http.StatusOK, "GET", "/Groups", "").text
		for endpoint, all := range of {
			w.want(http.StatusOK, "GET", endpoint+map[string]string{"/Users/": ada, "/Groups/": sales}[endpoint], "")
			for _, request := range [][2]string{
				{"GET", ""}, {"PUT", `{"userName":"made","displayName":"Made"}`}, {"PATCH", ops(`{"op":"replace","path":"externalId","value":"x"}`)}, {"DELETE", ""},
			} {
				want := ""
				for _, one := range all {
					a := w.do(request[0], endpoint+one, request[1])
					if a.status != http.StatusNotFound || a.str("status") != "404" || a.at("scimType") != nil {
						t.Errorf("%s %s%s answered %d %s", request[0], endpoint, one, a.status, a.text)
					}
					if want == "" {
						want = a.text
					}
					if a.text != want {
						t.Errorf("%s %s%s answered\n%s\nand of others\n%s", request[0], endpoint, one, a.text, want)
					}
				}
			}
			list := strings.TrimSuffix(endpoint, "/")
			for _, one := range append(all, "") {
				for _, filter := range []string{`id eq ` + literal(one), `externalId eq ` + literal("of "+one), map[string]string{"/Users/": "userName", "/Groups/": "displayName"}[endpoint] + ` eq ` + literal("x"+one)} {
					a := w.want(http.StatusOK, "GET", filtered(list, filter), "")
					if a.at("totalResults") != 0.0 || len(a.resources()) != 0 || a.at("schemas") == nil || a.at("itemsPerPage") != 0.0 || a.at("startIndex") != 1.0 {
						t.Errorf("%s at %s answered %s", filter, list, a.text)
					}
				}
			}
		}
		if after := w.want(http.StatusOK, "GET", "/Users", "").text + w.want(http.StatusOK, "GET", "/Groups", "").text; after != before {
			t.Errorf("whoever was not there has changed\n%s to\n%s", before, after)
		}
		// The token alone says whose people these are: an address that names a tenant is none, a header that does is not heard.
		slug := id.Tenant.Format(theirs.tenant())
		for _, path := range []string{"/scim/" + slug + "/v2/Users", "/scim/v2/" + slug + "/Users", "/Tenants/" + slug + "/v2/Users", "/" + slug + "/scim/v2/Users"} {
			a := w.at("GET", path, "Bearer "+w.token)
			if a.Code != http.StatusNotFound || strings.Contains(a.Body.String(), foreigner) {
				t.Errorf("%s answered %d %s", path, a.Code, a.Body)
			}
		}
		mine := w.want(http.StatusOK, "GET", "/Users", "").text
		for _, header := range []string{"X-Tenant", "X-Tenant-ID", "Tenant", "X-Forwarded-User", "X-Original-URL"} {
			if a := w.want(http.StatusOK, "GET", "/Users?tenant="+slug+"&tenantId="+slug, "", header, slug); a.text != mine {
				t.Errorf("with %s: %s the list is %s", header, slug, a.text)
			}
		}
	})
}
