package simulate_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/usherhq/usher/internal/simulate"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/scimadapter"
)

var entraDialects = []simulate.Dialect{simulate.EntraDefault, simulate.EntraFlag, simulate.Mixed}

// TestEntraFindsNothingWrongWithARightTarget plays each dialect, each matching attribute and each mapping of roles, and each
// once more, in another dialect, over what the first has left.
//
// Conformance: I-ENTRA-01 I-ENTRA-02 I-ENTRA-03 I-ENTRA-05 I-ENTRA-06 I-ENTRA-11 I-ENTRA-16
func TestEntraFindsNothingWrongWithARightTarget(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for i, match := range []simulate.Match{simulate.MatchUserName, simulate.MatchExternalID, simulate.MatchWorkEmail} {
			o := target(t, db, honest)
			for j := range 2 {
				o.Dialect, o.Match, o.Seed = entraDialects[(i+j)%len(entraDialects)], match, uint64(10+i)
				report, said := played(t, simulate.Entra, o)
				if !report.OK() || report.Groups != 3 || !strings.Contains(said, "No difference") {
					t.Errorf("%s, %s: %s", o.Dialect, match, said)
				}
			}
		}
	})
}

// TestEntraPlaysAllThatItKnows looks at what was sent: a simulation that finds nothing because it sends nothing would please
// every other test.
func TestEntraPlaysAllThatItKnows(t *testing.T) {
	t.Parallel()
	for dialect, wants := range map[simulate.Dialect][]string{
		simulate.EntraDefault: {
			`"op":"Add"`, `"op":"Replace"`, `"op":"Remove"`, `"value":"False"`, `"value":"True"`, `"path":"emails[type eq \"work\"].value"`,
			`"path":"addresses[type eq \"work\"].locality"`, `"path":"name","value":{"familyName"`, `"path":"manager"`, `User:manager","value":{"value":"`,
			`User:manager","value":[{"$ref":"`, `"manager":"name`, `User:manager","value":""`, `"path":"members","value":[{"$ref":null`,
			`"op":"Remove","path":"members","value":{`, `"Operations":[]`, `"value":null`, `ADSCIM/2.0/Group`,
		},
		simulate.EntraFlag: {
			`"op":"add"`, `"op":"replace"`, `"op":"remove"`, `"active":false`, `"active":true`, `"name.familyName":`, `"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department":`,
			`"path":"members[value eq \"`, `"name":{"familyName"`, `aadOptscim062020`,
		},
		simulate.Mixed: {`"op":"Replace"`, `"op":"replace"`, `"path":"members[value eq \"`, `"op":"Remove","path":"members"`},
	} {
		t.Run(string(dialect), func(t *testing.T) {
			t.Parallel()
			sent := strings.Join(recorded(t, simulate.Entra, func(o *simulate.Options) { o.Dialect, o.Users, o.Groups, o.Seed = dialect, 60, 4, 6 }), "\n")
			for _, want := range append(wants, "DELETE /scim/v2/Users/", "DELETE /scim/v2/Groups/", "excludedAttributes=members", "/Schemas", "startIndex=11&count=5", "attributes=id") {
				if !strings.Contains(sent, want) {
					t.Errorf("%s was never sent", want)
				}
			}
		})
	}
}

func TestEntraSendsRolesInThreeWays(t *testing.T) {
	t.Parallel()
	for i, wants := range [][]string{
		{`roles[primary eq \"True\"].value`, `"primary":"True"`},
		{`"path":"roles","value":[{"value":"{\"id\":`, `"type":"WindowsAzureActiveDirectoryRole"`},
		{`"path":"roles","value":[{"display":`, `"op":"Replace"`},
	} {
		sent := strings.Join(recorded(t, simulate.Entra, func(o *simulate.Options) { o.Seed = uint64(3 + i) }), "\n")
		for _, want := range wants {
			if !strings.Contains(sent, want) {
				t.Errorf("seed %d never sent %s", 3+i, want)
			}
		}
	}
}

func TestEntraSendsTheSameCallsForTheSameSeed(t *testing.T) {
	t.Parallel()
	for _, dialect := range entraDialects {
		t.Run(string(dialect), func(t *testing.T) {
			t.Parallel()
			set := func(o *simulate.Options) { o.Dialect = dialect }
			sameCalls(t, recorded(t, simulate.Entra, set), recorded(t, simulate.Entra, set))
		})
	}
}

// TestEntraTellsWhatATargetDoesWrong plants faults that implementers were hit by, each alone.
func TestEntraTellsWhatATargetDoesWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		dialect simulate.Dialect
		wrap    func(http.Handler) http.Handler
		about   string
	}{
		"it loses a member of a list": {simulate.EntraDefault, operations("/Groups/", func(op map[string]any) []map[string]any {
			if all, isList := op["value"].([]any); isList && len(all) > 1 {
				op["value"] = all[1:]
			}
			return []map[string]any{op}
		}), `, members: .* missing|membership probe`},
		"it empties a group when members are removed": {simulate.EntraDefault, operations("/Groups/", func(op map[string]any) []map[string]any {
			if op["op"] == "Remove" {
				delete(op, "value")
			}
			return []map[string]any{op}
		}), `, members: |membership probe`},
		"it takes a replaced part for the whole name": {simulate.EntraDefault, operations("/Users/", func(op map[string]any) []map[string]any {
			if name, ok := op["value"].(map[string]any); ok && op["path"] == "name" && name["givenName"] == nil {
				name["givenName"] = ""
			}
			return []map[string]any{op}
		}), `, name\.givenName: `},
		"it makes an element of each operation": {simulate.EntraDefault, operations("/Users/", func(op map[string]any) []map[string]any {
			path, _ := op["path"].(string)
			if part, ok := strings.CutPrefix(path, `addresses[type eq "work"].`); ok {
				return []map[string]any{{"op": "add", "path": "addresses", "value": []any{map[string]any{"type": "work", part: op["value"]}}}}
			}
			return []map[string]any{op}
		}), `, addresses\[work\]`},
		"it knows no keys with dots": {simulate.EntraFlag, operations("/Users/", func(op map[string]any) []map[string]any {
			if value, ok := op["value"].(map[string]any); ok && op["path"] == nil {
				for key := range value {
					if strings.Contains(key, "name.") {
						delete(value, key)
					}
				}
			}
			return []map[string]any{op}
		}), `, name\.`},
		"it forgets an attribute": {simulate.Mixed, altered(func(r *http.Request, body string) string {
			return strings.ReplaceAll(body, `"preferredLanguage":`, `"favorite":`)
		}, same), `, preferredLanguage: `},
		"it writes a manager as text": {simulate.EntraFlag, altered(same, func(_ *http.Request, body string) string {
			return managerAsText(body)
		}), `, manager: .*string usr_`},
		"it tells a person twice": {simulate.EntraDefault, altered(same, func(r *http.Request, body string) string {
			if r.URL.Query().Get("count") == "100" && strings.HasSuffix(r.URL.Path, "/Users") {
				return repeatFirst(body)
			}
			return body
		}), `twice|of totalResults|to be there`},
		"it echoes another place": {simulate.EntraDefault, altered(same, func(_ *http.Request, body string) string {
			return strings.Replace(body, `"startIndex":6`, `"startIndex":1`, 1)
		}), `page of five: expected startIndex 6`},
		"it answers in another type": {simulate.EntraDefault, plainJSON, `the type of the answers`},
		"it forgets memberships of the disabled": {simulate.EntraDefault, instead(func(w http.ResponseWriter, r *http.Request, next http.Handler) bool {
			of := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
			if r.Method != http.MethodPatch || !strings.Contains(r.URL.Path, "/Users/") {
				return false
			}
			next.ServeHTTP(w, r)
			user := ask(next, r, "GET", "/Users/"+of, "")
			if groups, _ := user["groups"].([]any); user["active"] == false {
				for _, one := range groups {
					group, _ := one.(map[string]any)["value"].(string)
					ask(next, r, "PATCH", "/Groups/"+group, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"remove","path":"members[value eq \"`+of+`\"]"}]}`)
				}
			}
			return true
		}), `, members: .* missing`},
		"it only seems to delete": {simulate.EntraDefault, instead(func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
			if r.Method != http.MethodDelete || !strings.Contains(r.URL.Path, "/Users/") {
				return false
			}
			w.WriteHeader(http.StatusNoContent)
			return true
		}), `to be gone|to be found no more|totalResults|, members: .* too many`},
		"it refuses what it does not know": {simulate.EntraDefault, instead(func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
			if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/Groups") {
				return false
			}
			w.Header().Set("Content-Type", "application/scim+json")
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"detail":"unknown schema"}`)
			return true
		}), `create group .*400 unknown schema`},
		"it does not see who is inactive": {simulate.EntraDefault, altered(same, func(r *http.Request, body string) string {
			if r.URL.Query().Has("filter") && strings.Contains(body, `"active":false`) {
				return `{"totalResults":0,"Resources":[]}`
			}
			return body
		}), `^look up `},
		"its probes find everything": {simulate.EntraDefault, altered(same, func(r *http.Request, body string) string {
			if strings.Contains(r.URL.Query().Get("filter"), " and members eq ") {
				return `{"totalResults":1,"Resources":[{"id":"grp_1"}]}`
			}
			return body
		}), `^membership probe .*expected 200 with 0`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := target(t, storetest.Open(t, storetest.SQLite), c.wrap)
			o.Dialect, o.Seed, o.Users = c.dialect, 8, 40
			report, _ := played(t, simulate.Entra, o)
			onlyAbout(t, report, c.about)
		})
	}
}

// TestASwallowedWriteIsToldOfWhomItWasAbout answers a write to somebody as if it had been done, one that no later write makes
// good.
func TestASwallowedWriteIsToldOfWhomItWasAbout(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		play provider
		nth  int32
	}{"okta": {simulate.Okta, 7}, "entra": {simulate.Entra, 6}, "onelogin": {simulate.OneLogin, 6}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var seen atomic.Int32
			var about atomic.Value
			o := target(t, storetest.Open(t, storetest.SQLite), instead(func(w http.ResponseWriter, r *http.Request, next http.Handler) bool {
				if r.Method != http.MethodPatch && r.Method != http.MethodPut || !strings.Contains(r.URL.Path, "/Users/") || seen.Add(1) != c.nth {
					return false
				}
				about.Store(ask(next, r, "GET", strings.TrimPrefix(r.URL.Path, scimadapter.Base), "")["userName"])
				w.WriteHeader(http.StatusNoContent)
				return true
			}))
			o.Groups, o.Concurrency = 0, 1
			report, _ := played(t, c.play, o)
			who, _ := about.Load().(string)
			onlyAbout(t, report, regexp.QuoteMeta(who)+", |^manager probe")
		})
	}
}

// managerAsText writes managers of an answer as texts.
func managerAsText(body string) string {
	var read any
	if json.Unmarshal([]byte(body), &read) != nil {
		return body
	}
	var walk func(any)
	walk = func(value any) {
		switch value := value.(type) {
		case []any:
			for _, one := range value {
				walk(one)
			}
		case map[string]any:
			for name, inner := range value {
				if boss, ok := inner.(map[string]any); ok && name == "manager" {
					value[name] = boss["value"]
					continue
				}
				walk(inner)
			}
		}
	}
	walk(read)
	return asText(read)
}

// repeatFirst tells the first resource of a list twice, in the place of the second.
func repeatFirst(body string) string {
	var list map[string]any
	if json.Unmarshal([]byte(body), &list) != nil {
		return body
	}
	if all, _ := list["Resources"].([]any); len(all) > 1 {
		all[1] = all[0]
	}
	return asText(list)
}

func plainJSON(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("Accept", "application/json")
		next.ServeHTTP(w, r)
	})
}

func TestEntraTakes404ForABrokenEndpoint(t *testing.T) {
	t.Parallel()
	o := target(t, storetest.Open(t, storetest.SQLite), instead(func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		w.WriteHeader(http.StatusNotFound)
		return true
	}))
	if report, err := simulate.Entra(t.Context(), o); err == nil {
		t.Errorf("a connection test that found nothing was passed: %+v", report)
	}
}

// TestEntraLooksForAGUIDByTheMatchingAttribute reads the first call.
func TestEntraLooksForAGUIDByTheMatchingAttribute(t *testing.T) {
	t.Parallel()
	for match, filter := range map[simulate.Match]string{
		simulate.MatchUserName: `userName eq "`, simulate.MatchExternalID: `externalId eq "`, simulate.MatchWorkEmail: `emails[type eq "work"].value eq "`,
	} {
		var mu sync.Mutex
		var asked []string
		o := target(t, storetest.Open(t, storetest.SQLite), instead(func(_ http.ResponseWriter, r *http.Request, _ http.Handler) bool {
			mu.Lock()
			defer mu.Unlock()
			asked = append(asked, r.URL.Query().Get("filter"))
			return false
		}))
		o.Match, o.Users, o.Groups, o.Concurrency = match, 3, 0, 1
		played(t, simulate.Entra, o)
		if guid := strings.Trim(strings.TrimPrefix(asked[0], filter), `"`); !strings.HasPrefix(asked[0], filter) || len(guid) != 36 || strings.Count(guid, "-") != 4 {
			t.Errorf("%s: the connection test asked for %s", match, asked[0])
		}
		if n := len(slices.DeleteFunc(asked, func(one string) bool { return !strings.HasPrefix(one, filter) })); n < 4 {
			t.Errorf("%s: only %d look-ups were by it", match, n)
		}
	}
}
