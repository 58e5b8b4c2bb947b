package scimadapter_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
)

func searchRequest(members map[string]any) string {
	members["schemas"] = []string{"urn:ietf:params:scim:api:messages:2.0:SearchRequest"}
	text, err := json.Marshal(members)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// TestASearchAnswersAsTheListDoes asks the same by GET and by POST, of both types and at the root.
//
// Conformance: P-3.4.3-01 P-3.4.3-02 P-3.4.2.1-02 P-3.4.2.1-03 C-3-01 P-3.4.2-01
func TestASearchAnswersAsTheListDoes(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		for i := range 6 {
			id := w.want(http.StatusCreated, "POST", "/Users", fmt.Sprintf(`{"userName":"p%d","title":"T%d","emails":[{"value":"p%d@b.org","type":"work"}]}`, i, i%2, i)).str("id")
			w.want(http.StatusCreated, "POST", "/Groups", fmt.Sprintf(`{"displayName":"G%d","members":[{"value":%q}]}`, i, id))
		}
		events := w.journaled()
		for _, c := range []struct {
			pairs []string
			total map[string]float64
		}{
			{nil, map[string]float64{"/Users": 6, "/Groups": 6, "": 12}},
			{[]string{"filter", `displayName pr`}, map[string]float64{"/Users": 0, "/Groups": 6, "": 6}},
			{[]string{"filter", `meta.resourceType eq "User" or meta.resourceType eq "Group"`}, map[string]float64{"/Users": 6, "/Groups": 6, "": 12}},
			{[]string{"filter", `userName pr`}, map[string]float64{"/Users": 6, "": 6}},
			{[]string{"filter", `not (userName pr)`}, map[string]float64{"/Users": 0, "": 6}},
			{[]string{"filter", `members[value sw "usr_"] or title eq "t1"`}, map[string]float64{"": 9}},
			{[]string{"filter", `emails[type eq "work"].value eq "P3@b.org"`, "attributes", "emails.value,id"}, map[string]float64{"/Users": 1, "": 1}},
			{[]string{"sortBy", "title", "sortOrder", "descending", "count", "4", "startIndex", "2"}, map[string]float64{"/Users": 6, "": 12}},
			{[]string{"sortBy", "displayName", "excludedAttributes", "members,groups"}, map[string]float64{"/Users": 6, "/Groups": 6, "": 12}},
			{[]string{"count", "0"}, map[string]float64{"/Users": 6, "/Groups": 6, "": 12}},
			{[]string{"startIndex", "99"}, map[string]float64{"/Users": 6, "/Groups": 6, "": 12}},
		} {
			for path, total := range c.total {
				body := map[string]any{}
				for i := 0; i+1 < len(c.pairs); i += 2 {
					switch name, text := c.pairs[i], c.pairs[i+1]; name {
					case "count", "startIndex":
						n, _ := strconv.Atoi(text)
						body[name] = n
					case "attributes", "excludedAttributes":
						body[name] = strings.Split(text, ",")
					default:
						body[name] = text
					}
				}
				listed := w.want(http.StatusOK, "GET", asked(path, c.pairs...), "")
				searched := w.want(http.StatusOK, "POST", path+"/.search", searchRequest(body))
				if !reflect.DeepEqual(listed.body, searched.body) {
					t.Errorf("%s %v lists\n%s and searches\n%s", path, c.pairs, listed.text, searched.text)
				}
				if listed.at("totalResults") != total || listed.at("itemsPerPage") != float64(len(listed.resources())) {
					t.Errorf("%s %v answered %s, want %v in all", path, c.pairs, listed.text, total)
				}
			}
		}
		if now := w.journaled(); now != events {
			t.Errorf("reading has made %d events", now-events)
		}
		first := w.want(http.StatusOK, "POST", "/Users/.search", searchRequest(map[string]any{"cursor": "", "count": 4}))
		next := w.want(http.StatusOK, "POST", "/Users/.search", searchRequest(map[string]any{"cursor": first.str("nextCursor"), "count": 4}))
		same := w.want(http.StatusOK, "GET", asked("/Users", "cursor", first.str("nextCursor"), "count", "4"), "")
		if len(idsOf(next)) != 2 || !reflect.DeepEqual(next.body, same.body) || next.at("nextCursor") != nil {
			t.Errorf("searched on by cursor: %s, listed on: %s", next.text, same.text)
		}
		reader := w.issue(w.config.ID, "scim:read")
		w.want(http.StatusOK, "POST", "/.search", searchRequest(map[string]any{}), "Authorization", "Bearer "+reader)
	})
}

// TestSearchRequestsAreReadStrictly refuses messages of another kind and values of another type.
//
// Conformance: P-3.1-01
func TestSearchRequestsAreReadStrictly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.Open(t, storetest.SQLite))
	for body, kind := range map[string]string{
		`{}`: "invalidSyntax", `[]`: "invalidSyntax", `{"schemas":[]}`: "invalidSyntax", ``: "invalidSyntax",
		`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"filter":"userName pr"}`:    "invalidSyntax",
		searchRequest(map[string]any{"filter": 7}):                                                "invalidFilter",
		searchRequest(map[string]any{"filter": `userName regex "x"`}):                             "invalidFilter",
		searchRequest(map[string]any{"count": "5"}):                                               "invalidValue",
		searchRequest(map[string]any{"startIndex": 1.5}):                                          "invalidValue",
		searchRequest(map[string]any{"sortBy": true}):                                             "invalidValue",
		searchRequest(map[string]any{"sortBy": "nope"}):                                           "invalidValue",
		searchRequest(map[string]any{"sortBy": "title", "sortOrder": "up"}):                       "invalidValue",
		searchRequest(map[string]any{"attributes": "userName"}):                                   "invalidValue",
		searchRequest(map[string]any{"attributes": []any{7}}):                                     "invalidValue",
		searchRequest(map[string]any{"attributes": []any{"a"}, "excludedAttributes": []any{"b"}}): "invalidValue",
		searchRequest(map[string]any{"cursor": 7}):                                                "invalidCursor",
		searchRequest(map[string]any{"cursor": "", "startIndex": 1}):                              "invalidValue",
	} {
		for _, path := range []string{"/.search", "/Users/.search", "/Groups/.search"} {
			if a := w.do("POST", path, body); a.status != http.StatusBadRequest || a.str("scimType") != kind || a.str("detail") == "" {
				t.Errorf("%s %s answered %d %s, want %s", path, body, a.status, a.text, kind)
			}
		}
	}
	w.want(http.StatusOK, "POST", "/.search", `{"SCHEMAS":["URN:ietf:params:scim:api:messages:2.0:searchrequest"],"Filter":"userName pr","Count":null,"more":[1]}`)
	if a := w.want(http.StatusMethodNotAllowed, "GET", "/.search", ""); a.header.Get("Allow") != "POST, OPTIONS" {
		t.Errorf("reading a search allows %q", a.header.Get("Allow"))
	}
}

// TestParametersOfListsAreReadStrictly refuses what stands there twice or makes no sense, and ignores what it does not know.
//
// Conformance: P-3.4.2-03 P-3.4.2-05 P-3.4.2.1-01 P-3.4.2.3-03 P-3.4.2.3-06 P-3.4.2.4-01 P-3.4.2.4-02 P-3.4.2.4-03
func TestParametersOfListsAreReadStrictly(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ada := w.create("ada")
		for i := range 4 {
			w.create(fmt.Sprintf("p%d", i))
		}
		for query, kind := range map[string]string{
			"count=abc": "invalidValue", "count=1.5": "invalidValue", "startIndex=1.5": "invalidValue", "startIndex=x": "invalidValue", "count=0x10": "invalidValue",
			"count=1&count=2": "invalidValue", "startIndex=1&startIndex=1": "invalidValue", "filter=userName+pr&filter=title+pr": "invalidFilter",
			"sortBy=title&sortBy=userName": "invalidValue", "sortOrder=up&sortBy=title": "invalidValue", "sortOrder=up": "invalidValue", "cursor=&cursor=": "invalidCursor",
			"sortBy=foo": "invalidValue", "sortBy=name": "invalidValue", "sortBy=password": "invalidValue", "sortBy=%5B": "invalidValue", "sortBy=emails%5Btype+eq+%22work%22%5D": "invalidValue",
			"sortBy=urn:x:y:title": "invalidValue", "filter=%00": "invalidFilter", "filter=password+sw+%22a%22": "invalidFilter", "%zz": "invalidValue",
		} {
			for _, path := range []string{"/Users", "/Groups", "/"} {
				if a := w.do("GET", path+"?"+query, ""); a.status != http.StatusBadRequest || a.str("scimType") != kind || a.str("detail") == "" {
					t.Errorf("%s?%s answered %d %s, want %s", path, query, a.status, a.text, kind)
				}
			}
		}
		for query, want := range map[string][3]float64{ // items, startIndex, total
			"startIndex=-5": {5, 1, 5}, "startIndex=0&count=2": {2, 1, 5}, "startIndex=6": {0, 6, 5}, "startIndex=9223372036854775808": {0, 2147483647, 5},
			"startIndex=1000000000000000000000000000000": {0, 2147483647, 5}, "count=-1": {0, 1, 5}, "count=0": {0, 1, 5}, "count=1": {1, 1, 5}, "count=1000": {5, 1, 5},
			"count=1001": {5, 1, 5}, "count=9223372036854775808": {5, 1, 5}, "startIndex=4&count=5": {2, 4, 5}, "startIndex=2&count=2&sortBy=userName": {2, 2, 5},
			"startIndex=5&count=5&filter=userName+pr": {1, 5, 5}, "startIndex=4&count=2&filter=userName+sw+%22p%22": {1, 4, 4}, "startIndex=9&filter=userName+sw+%22p%22": {0, 9, 4},
			"count=0&filter=userName+co+%22p%22": {0, 1, 4}, "foo=bar&aadOptscim062020=1&Count=1": {5, 1, 5}, "sortOrder=descending": {5, 1, 5},
		} {
			a := w.want(http.StatusOK, "GET", "/Users?"+query, "")
			if got := [3]any{float64(len(a.resources())), a.at("startIndex"), a.at("totalResults")}; got != [3]any{want[0], want[1], want[2]} || a.at("itemsPerPage") != got[0] {
				t.Errorf("%s answered %s, want %v", query, a.text, want)
			}
		}
		if a := w.want(http.StatusOK, "GET", asked("/Users/"+ada, "filter", `userName eq "nobody"`, "attributes", "userName"), ""); a.str("userName") != "ada" || a.at("meta") != nil {
			t.Errorf("one person, filtered, is %s", a.text)
		}
	})
}
