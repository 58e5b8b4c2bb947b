package scimadapter_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
)

// ways are the requests whose answers have a resource in them, each with a projection.
var ways = []string{"GET", "list", "POST", "PUT", "PATCH", "search"}

// projected asks for a projection in one of the ways, and returns the resource that comes. Queries are of the form "attributes=a,b".
func (w *world) projected(way, endpoint, of, body, query string) answer {
	w.t.Helper()
	name, names, _ := strings.Cut(query, "=")
	escaped := name + "=" + url.QueryEscape(names)
	var a answer
	switch way {
	case "GET":
		return w.want(http.StatusOK, way, endpoint+"/"+of+"?"+escaped, "")
	case "POST":
		a = w.want(http.StatusCreated, way, endpoint+"?"+escaped, body)
		w.want(http.StatusNoContent, "DELETE", endpoint+"/"+a.str("id"), "")
		return a
	case "PUT":
		return w.want(http.StatusOK, way, endpoint+"/"+of+"?"+escaped, body)
	case "PATCH":
		return w.want(http.StatusOK, way, endpoint+"/"+of+"?"+escaped, ops(`{"op":"replace","path":"externalId","value":"ext"}`))
	case "list":
		a = w.want(http.StatusOK, "GET", endpoint+"?"+escaped+"&filter="+url.QueryEscape(`id eq "`+of+`"`), "")
	default:
		a = w.want(http.StatusOK, "POST", endpoint+"/.search", searchRequest(map[string]any{"filter": `id eq "` + of + `"`, name: strings.Split(names, ",")}))
	}
	if len(a.resources()) != 1 {
		w.t.Fatalf("%s of %s has %s", way, query, a.text)
	}
	a.body, _ = a.resources()[0].(map[string]any)
	return a
}

// TestProjectionsAreTheSameInEveryAnswer asks in every way for what attributes and excludedAttributes can say, of people and of
// groups.
//
// Conformance: P-3.4.2.5-01 P-3.4.2.5-02 P-3.4.2.5-04 P-3.4.2.5-05 P-3.4.2.5-06 P-3.3-04
func TestProjectionsAreTheSameInEveryAnswer(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		const E = enterprise
		body := `{"schemas":["` + coreUser + `"],"userName":"%s","password":"canary","externalId":"ext","title":"T","name":{"givenName":"G","familyName":"F"},"emails":[{"value":"a@x","type":"work"},{"value":"b@x"}],
			"` + E + `":{"department":"D","costCenter":"C"}}`
		user := w.want(http.StatusCreated, "POST", "/Users", fmt.Sprintf(body, "ada")).str("id")
		for query, want := range map[string]string{
			"attributes=userName":                       "id schemas userName",
			"attributes=USERNAME, Title":                "id schemas title userName",
			"attributes=id":                             "id schemas",
			"attributes=schemas":                        "id schemas",
			"attributes=password":                       "id schemas",
			"attributes=nobodyKnows":                    "id schemas",
			"attributes=nobodyKnows,userName,urn:x:y:z": "id schemas userName",
			"attributes=meta":                           "id meta schemas",
			"attributes=meta.version":                   "id meta.version schemas",
			"attributes=name":                           "id name.familyName name.givenName schemas",
			"attributes=name.givenName":                 "id name.givenName schemas",
			"attributes=NAME.familyname":                "id name.familyName schemas",
			"attributes=name.nobodyKnows":               "id schemas",
			"attributes=emails.value":                   "emails.value id schemas",
			"attributes=emails.type":                    "emails.type id schemas",
			"attributes=emails":                         "emails.type emails.value id schemas",
			"attributes=" + coreUser + ":userName":      "id schemas userName",
			"attributes=" + strings.ToUpper(coreUser) + ":NAME.GIVENNAME":  "id name.givenName schemas",
			"attributes=" + E + ":department":                              "id schemas " + E + ".department",
			"attributes=" + strings.ToUpper(E) + ":Department , userName ": "id schemas userName " + E + ".department",
			"attributes=" + E:                                                      "id schemas " + E + ".costCenter " + E + ".department",
			"excludedAttributes=emails":                                            "active externalId id meta name.familyName name.givenName schemas title userName " + E + ".costCenter " + E + ".department",
			"excludedAttributes=emails.type,name.familyName":                       "active emails.value externalId id meta name.givenName schemas title userName " + E + ".costCenter " + E + ".department",
			"excludedAttributes=id,schemas,userName":                               "active emails.type emails.value externalId id meta name.familyName name.givenName schemas title " + E + ".costCenter " + E + ".department",
			"excludedAttributes=" + E + ",meta, NAME":                              "active emails.type emails.value externalId id schemas title userName",
			"excludedAttributes=" + E + ":costCenter,emails,name,meta,nobodyKnows": "active externalId id schemas title userName " + E + ".department",
			"excludedAttributes=password,emails,name,meta":                         "active externalId id schemas title userName " + E + ".costCenter " + E + ".department",
		} {
			for _, way := range ways {
				name := "ada"
				if way == "POST" {
					name = "new"
				}
				a := w.projected(way, "/Users", user, fmt.Sprintf(body, name), query)
				if got, want := parts(a.body), ordered(want); got != want {
					t.Errorf("%s with %s has %q, want %q", way, query, got, want)
				}
				if strings.Contains(a.text, "canary") {
					t.Errorf("%s with %s shows a password", way, query)
				}
				schemas := literal(a.body["schemas"])
				if strings.Contains(want, E) != strings.Contains(schemas, E) || !strings.Contains(schemas, coreUser) {
					t.Errorf("%s with %s has the schemas %s", way, query, schemas)
				}
			}
		}
		group := fmt.Sprintf(`{"displayName":"%%s","externalId":"ext","members":[{"value":%q}]}`, user)
		of := w.want(http.StatusCreated, "POST", "/Groups", fmt.Sprintf(group, "Sales")).str("id")
		for query, want := range map[string]string{
			"attributes=displayName":                                    "displayName id schemas",
			"attributes=members.value":                                  "id members.value schemas",
			"attributes=MEMBERS.Display,members.type":                   "id members.display members.type schemas",
			"attributes=" + coreGroup + ":members.$ref":                 "id members.$ref schemas",
			"excludedAttributes=members":                                "displayName externalId id meta schemas",
			"excludedAttributes=members.display,members.$ref,meta,id":   "displayName externalId id members.type members.value schemas",
			"excludedAttributes=" + coreGroup + ":members, DISPLAYNAME": "externalId id meta schemas",
		} {
			for _, way := range ways {
				name := "Sales"
				if way == "POST" {
					name = "New"
				}
				if got := parts(w.projected(way, "/Groups", of, fmt.Sprintf(group, name), query).body); got != want {
					t.Errorf("%s of a group with %s has %q, want %q", way, query, got, want)
				}
			}
		}
		if a := w.want(http.StatusOK, "PATCH", "/Groups/"+of+"?attributes=displayName", ops(`{"op":"replace","path":"displayName","value":"Sellers"}`)); a.str("displayName") != "Sellers" {
			t.Errorf("PATCH with attributes answered %s", a.text)
		}
		w.want(http.StatusNoContent, "PATCH", "/Groups/"+of, ops(`{"op":"replace","path":"displayName","value":"Sales"}`))
		whole := w.want(http.StatusCreated, "POST", "/Users", fmt.Sprintf(body, "whole"))
		if got, want := parts(whole.body), "active emails.type emails.value externalId id meta name.familyName name.givenName schemas title userName "+E+".costCenter "+E+".department"; got != ordered(want) {
			t.Errorf("POST answered %q, want %q", got, want)
		}
	})
}

func ordered(names string) string { return strings.Join(sorted(strings.Fields(names)...), " ") }

// parts are the names of what a resource has, with the parts of what is complex; meta counts as one, when it is whole.
func parts(o map[string]any) string {
	var all []string
	for name, value := range o {
		found := map[string]bool{}
		list, isList := value.([]any)
		if !isList {
			list = []any{value}
		}
		for _, one := range list {
			inside, isObject := one.(map[string]any)
			if !isObject || name == "meta" && len(inside) == 5 {
				found[name] = true
			}
			for part := range inside {
				if name != "meta" || len(inside) != 5 {
					found[name+"."+part] = true
				}
			}
		}
		for one := range found {
			all = append(all, one)
		}
	}
	return strings.Join(sorted(all...), " ")
}

// TestAttributesAndExcludedAttributesExcludeEachOther
//
// Conformance: P-3.4.2.5-03
func TestAttributesAndExcludedAttributesExcludeEachOther(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.license("Advanced", 1)
		user, group := "/Users/"+w.create("ada"), "/Groups/"+w.want(http.StatusCreated, "POST", "/Groups", `{"displayName":"Sales"}`).str("id")
		before := w.want(http.StatusOK, "GET", "/Users", "").text + w.want(http.StatusOK, "GET", "/Groups", "").text
		const both = "attributes=userName&excludedAttributes=title"
		search := searchRequest(map[string]any{"attributes": []string{"a"}, "excludedAttributes": []string{"b"}})
		for _, request := range [][3]string{
			{"GET", "/Users?" + both}, {"GET", user + "?" + both}, {"GET", "/Groups?" + both}, {"GET", group + "?" + both}, {"GET", "/?" + both}, {"GET", "/Licenses?" + both},
			{"POST", "/Users?" + both, `{"userName":"new"}`}, {"PUT", user + "?" + both, `{"userName":"new"}`}, {"PATCH", user + "?" + both, ops(`{"op":"replace","path":"title","value":"x"}`)},
			{"POST", "/Groups?" + both, `{"displayName":"New"}`}, {"PUT", group + "?" + both, `{"displayName":"New"}`},
			{"PATCH", group + "?" + both, ops(`{"op":"replace","path":"displayName","value":"x"}`)}, {"POST", "/Users/.search", search}, {"POST", "/Groups/.search", search}, {"POST", "/.search", search},
		} {
			if a := w.do(request[0], request[1], request[2]); a.status != http.StatusBadRequest || a.str("scimType") != "invalidValue" || !strings.Contains(a.str("detail"), "not with both") {
				t.Errorf("%s %s answered %d %s", request[0], request[1], a.status, a.text)
			}
		}
		if after := w.want(http.StatusOK, "GET", "/Users", "").text + w.want(http.StatusOK, "GET", "/Groups", "").text; after != before {
			t.Errorf("what was refused has changed\n%s to\n%s", before, after)
		}
	})
}
