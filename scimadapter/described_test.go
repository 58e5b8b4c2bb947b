package scimadapter_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/directory"
)

// described is an attribute as a client reads it in /Schemas. What is not said there is what RFC 7643 section 2.2 says it is.
type described struct {
	Name            string       `json:"name"`
	Type            string       `json:"type"`
	MultiValued     bool         `json:"multiValued"`
	Description     string       `json:"description"`
	Required        bool         `json:"required"`
	CaseExact       bool         `json:"caseExact"`
	Mutability      string       `json:"mutability"`
	Returned        string       `json:"returned"`
	Uniqueness      string       `json:"uniqueness"`
	CanonicalValues []string     `json:"canonicalValues"`
	ReferenceTypes  []string     `json:"referenceTypes"`
	SubAttributes   []*described `json:"subAttributes"`

	urn    string // of the extension; empty in a core schema
	parent *described
}

// describedSchema is a schema as a client reads it.
type describedSchema struct {
	ID          string       `json:"id"`
	Name        string       `json:"name"`
	Description string       `json:"description"`
	Attributes  []*described `json:"attributes"`
}

// schemas reads /Schemas.
func (w *world) schemas() map[string]*describedSchema {
	w.t.Helper()
	var list struct {
		Resources []*describedSchema `json:"Resources"`
	}
	if err := json.Unmarshal([]byte(w.want(http.StatusOK, "GET", "/Schemas", "").text), &list); err != nil {
		w.t.Fatal(err)
	}
	found := map[string]*describedSchema{}
	for _, s := range list.Resources {
		if found[s.ID] != nil {
			w.t.Errorf("/Schemas has %s twice", s.ID)
		}
		found[s.ID] = s
		urn := s.ID
		if strings.Contains(urn, ":core:") {
			urn = ""
		}
		complete(s.Attributes, urn, nil)
	}
	return found
}

// complete fills in what is not said.
func complete(all []*described, urn string, parent *described) {
	for _, a := range all {
		a.urn, a.parent = urn, parent
		for _, field := range []struct {
			of     *string
			silent string
		}{{&a.Type, "string"}, {&a.Mutability, "readWrite"}, {&a.Returned, "default"}, {&a.Uniqueness, "none"}} {
			if *field.of == "" {
				*field.of = field.silent
			}
		}
		complete(a.SubAttributes, urn, a)
	}
}

// local is the path of an attribute within its schema, path the one that clients use.
func (a *described) local() string {
	if a.parent != nil {
		return a.parent.local() + "." + a.Name
	}
	return a.Name
}

func (a *described) path() string {
	if a.urn != "" {
		return a.urn + ":" + a.local()
	}
	return a.local()
}

// line writes an attribute as testdata/attributes.txt does.
func (a *described) line() string {
	words := []string{a.local(), a.Type}
	put := func(when bool, word string) {
		if when {
			words = append(words, word)
		}
	}
	put(a.MultiValued, "many")
	put(a.Required, "required")
	put(a.CaseExact, "exact")
	put(a.Mutability != "readWrite", a.Mutability)
	put(a.Returned != "default", "returned:"+a.Returned)
	put(a.Uniqueness != "none", "unique:"+a.Uniqueness)
	put(a.CanonicalValues != nil, "values:"+strings.Join(a.CanonicalValues, ","))
	put(a.ReferenceTypes != nil, "refers:"+strings.Join(a.ReferenceTypes, ","))
	return strings.Join(words, " ")
}

func lines(all []*described) (written []string) {
	for _, a := range all {
		written = append(append(written, a.line()), lines(a.SubAttributes)...)
	}
	return written
}

// TestSchemasAreTheStandards compares /Schemas with the tables of the standard.
//
// Conformance: S-2.2-01 S-4.2-01 S-7-07 C-4-01
func TestSchemasAreTheStandards(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/attributes.txt")
	if err != nil {
		t.Fatal(err)
	}
	want, urn := map[string][]string{}, ""
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(strings.TrimPrefix(line, "* "), "#")
		line = strings.TrimSpace(line)
		if named, isURN := strings.CutPrefix(line, "= "); isURN {
			urn = named
		} else if line != "" {
			want[urn] = append(want[urn], line)
		}
	}
	if len(want) != 6 {
		t.Fatalf("the tables are of %d schemas", len(want))
	}
	w := newWorld(t, storetest.Open(t, storetest.SQLite))
	found := w.schemas()
	for urn, want := range want {
		s := found[urn]
		if s == nil {
			t.Errorf("there is no %s", urn)
			continue
		}
		got := lines(s.Attributes)
		slices.Sort(got)
		slices.Sort(want)
		for _, line := range got {
			if !slices.Contains(want, line) {
				t.Errorf("%s has     %s", urn, line)
			}
		}
		for _, line := range want {
			if !slices.Contains(got, line) {
				t.Errorf("%s lacks   %s", urn, line)
			}
		}
	}
}

// TestDiscoveryIsWhole reads everything that discovery lists, one by one, and everything that it refers to.
//
// Conformance: S-5-03 S-5-04 S-6-01 S-6-02 S-6-03 P-4-01 P-4-02 P-4-03
func TestDiscoveryIsWhole(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.describe(probed())
		config := w.want(http.StatusOK, "GET", "/ServiceProviderConfig", "", "Authorization", "")
		if config.at("totalResults") != nil || config.str("meta", "resourceType") != "ServiceProviderConfig" || config.str("meta", "location") != w.server.URL+"/scim/v2/ServiceProviderConfig" {
			t.Errorf("/ServiceProviderConfig answered %s", config.text)
		}
		for _, list := range []string{"/Schemas", "/ResourceTypes"} {
			a := w.want(http.StatusOK, "GET", list+"?startIndex=2&count=1&sortBy=id&attributes=id", "")
			if all := a.resources(); len(all) < 3 || a.at("totalResults") != float64(len(all)) || a.at("itemsPerPage") != float64(len(all)) || a.at("startIndex") != 1.0 {
				t.Errorf("%s by pieces answered %.300s", list, a.text)
			}
			for _, one := range a.resources() {
				id := one.(map[string]any)["id"].(string)
				single := w.want(http.StatusOK, "GET", list+"/"+id, "")
				if text, err := json.Marshal(one); err != nil || !sameJSON(string(text), single.text) {
					t.Errorf("%s/%s answered %s, and in the list it is %s", list, id, single.text, text)
				}
				if single.str("meta", "location") != w.server.URL+"/scim/v2"+list+"/"+id || single.header.Get("Content-Location") != single.str("meta", "location") {
					t.Errorf("%s/%s says that it is at %s", list, id, single.str("meta", "location"))
				}
				w.want(http.StatusOK, "GET", list+"/"+strings.ToUpper(id), "")
			}
			w.want(http.StatusNotFound, "GET", list+"/urn:nobody:has:this", "")
			for _, path := range []string{list, list + "/x", "/ServiceProviderConfig"} {
				for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
					w.want(http.StatusMethodNotAllowed, method, path, "{}")
				}
			}
		}
		for _, path := range []string{"/Schemas", "/ResourceTypes", "/ServiceProviderConfig", "/ResourceTypes/User", "/Schemas/" + directory.UserURN} {
			w.want(http.StatusForbidden, "GET", path+"?filter=id%20eq%20%22x%22", "")
		}
		known := w.schemas()
		for _, one := range w.want(http.StatusOK, "GET", "/ResourceTypes", "").resources() {
			w.wholeType(one.(map[string]any), known)
		}
	})
}

func (w *world) wholeType(of map[string]any, known map[string]*describedSchema) {
	w.t.Helper()
	if of["id"] != of["name"] || of["meta"].(map[string]any)["resourceType"] != "ResourceType" {
		w.t.Errorf("a type is %v", of)
	}
	w.want(http.StatusOK, "GET", of["endpoint"].(string), "")
	urns := []string{of["schema"].(string)}
	extensions, _ := of["schemaExtensions"].([]any)
	for _, one := range extensions {
		extension := one.(map[string]any)
		urns = append(urns, extension["schema"].(string))
		if _, ok := extension["required"].(bool); !ok {
			w.t.Errorf("an extension is %v", extension)
		}
	}
	for _, urn := range urns {
		if s := known[urn]; s == nil || s.Name == "" || s.Description == "" || len(s.Attributes) == 0 {
			w.t.Errorf("%v has the schema %s, which is described as %v", of["name"], urn, s)
		}
	}
}

func sameJSON(a, b string) bool {
	var x, y any
	return json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && fmt.Sprint(x) == fmt.Sprint(y)
}

// TestATenantsSchemasAreItsOwn registers a schema in one of two tenants and looks from both.
//
// Conformance: P-4-04
func TestATenantsSchemasAreItsOwn(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		mine, theirs := newWorld(t, db), newWorld(t, db)
		mine.describe(probed())
		for _, w := range []*world{mine, theirs} {
			want := w == mine
			if _, has := w.schemas()[probedURN]; has != want {
				t.Errorf("whether /Schemas has it: %v, want %v", has, want)
			}
			status := map[bool]int{true: http.StatusOK, false: http.StatusNotFound}[want]
			w.want(status, "GET", "/Schemas/"+probedURN, "")
			if has := strings.Contains(w.want(http.StatusOK, "GET", "/ResourceTypes/User", "").text, probedURN); has != want {
				t.Errorf("whether the type has it: %v, want %v", has, want)
			}
			status = map[bool]int{true: http.StatusOK, false: http.StatusBadRequest}[want]
			w.want(status, "GET", filtered("/Users", probedURN+`:region eq "x"`), "")
		}
	})
}

// describe registers a schema.
func (w *world) describe(d directory.SchemaDefinition) *directory.Schema {
	w.t.Helper()
	s, err := w.directory.RegisterSchema(w.admin, d)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}
