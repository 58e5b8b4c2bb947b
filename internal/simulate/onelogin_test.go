package simulate_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/simulate"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
)

var (
	oneLoginDialects = []simulate.Dialect{simulate.OneLoginEnterprise, simulate.OneLoginCore, simulate.OneLoginV1, simulate.Mixed}
	removals         = []simulate.Removal{simulate.Suspend, simulate.Delete, simulate.Nothing}
)

// TestOneLoginFindsNothingWrongWithARightTarget plays each connector under each removal policy, and over what earlier plays
// have left. One group of the target was made by hand, and gets members for a while.
//
// Conformance: W-67
func TestOneLoginFindsNothingWrongWithARightTarget(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for i, dialect := range oneLoginDialects {
			o := target(t, db, honest)
			for j, removal := range removals {
				o.Dialect, o.Removal, o.Seed = dialect, removal, uint64(20+i+min(1, j))
				report, said := played(t, simulate.OneLogin, o)
				if !report.OK() || report.Groups != 4 || !strings.Contains(said, "No difference") {
					t.Errorf("%s, %s: %s", dialect, removal, said)
				}
			}
		}
	})
}

func TestOneLoginPlaysAllThatItKnows(t *testing.T) {
	t.Parallel()
	for dialect, wants := range map[simulate.Dialect][]string{
		simulate.OneLoginV1: {
			`"schemas":["urn:scim:schemas:core:1.0"]`, `"emails":{"primary":true`, `"active":"true"`, `"active":"false"`, `"phoneNumbers":[{"primary":true,"value":""}]`,
			`"operation":"add"`, `"operation":"delete"`, `"department":""`,
		},
		simulate.OneLoginCore:       {`"id":null`, `"title":null`, `"active":false`, `"emails":[{"type":"work"`, `"path":"members[value eq \"`},
		simulate.OneLoginEnterprise: {`"manager":{"value":"`, `"manager":{"displayName":`, `"manager":"`, `"manager":""`, `"op":"add","path":"members"`},
		simulate.Mixed:              {`"operation":"add"`, `"op":"add"`},
	} {
		t.Run(string(dialect), func(t *testing.T) {
			t.Parallel()
			sent := strings.Join(recorded(t, simulate.OneLogin, func(o *simulate.Options) {
				o.Dialect, o.Removal, o.Users, o.Seed = dialect, simulate.Delete, 60, 6
			}), "\n")
			for _, want := range append(wants, "GET /scim/v2/Groups ", "/ServiceProviderConfig", "PUT /scim/v2/Users/", "DELETE /scim/v2/Users/") {
				if !strings.Contains(sent, want) {
					t.Errorf("%s was never sent", want)
				}
			}
		})
	}
}

func TestOneLoginSendsTheSameCallsForTheSameSeed(t *testing.T) {
	t.Parallel()
	for _, dialect := range oneLoginDialects {
		t.Run(string(dialect), func(t *testing.T) {
			t.Parallel()
			set := func(o *simulate.Options) { o.Dialect = dialect }
			sameCalls(t, recorded(t, simulate.OneLogin, set), recorded(t, simulate.OneLogin, set))
		})
	}
}

func TestOneLoginTellsWhatATargetDoesWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		dialect simulate.Dialect
		wrap    func(http.Handler) http.Handler
		about   string
	}{
		"it loses a member": {simulate.OneLoginCore, operations("/Groups/", func(op map[string]any) []map[string]any {
			if all, isList := op["value"].([]any); isList && len(all) > 1 {
				op["value"] = all[1:]
			}
			return []map[string]any{op}
		}), `, members: .* missing`},
		"it knows no members of SCIM 1.1": {simulate.OneLoginV1, altered(func(r *http.Request, body string) string {
			if r.Method == http.MethodPatch {
				return strings.ReplaceAll(body, `"operation":"delete"`, `"operation":"add"`)
			}
			return body
		}, same), `, members: .* too many`},
		"it ignores suspensions": {simulate.OneLoginV1, altered(func(_ *http.Request, body string) string {
			return strings.ReplaceAll(body, `"active":"false"`, `"active":"true"`)
		}, same), `, active: `},
		"it drops one address that is no list": {simulate.OneLoginV1, altered(func(_ *http.Request, body string) string {
			return strings.ReplaceAll(body, `"emails":{`, `"favorites":{`)
		}, same), `, emails\[work\]\.value: `},
		"it keeps what a PUT takes away": {simulate.OneLoginCore, instead(func(w http.ResponseWriter, r *http.Request, next http.Handler) bool {
			if r.Method != http.MethodPut {
				return false
			}
			of := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
			title, _ := ask(next, r, "GET", "/Users/"+of, "")["title"].(string)
			altered(func(_ *http.Request, body string) string {
				return strings.ReplaceAll(body, `"title":null`, `"title":"`+title+`"`)
			}, same)(next).ServeHTTP(w, r)
			return true
		}), `, title: expected nothing`},
		"it makes a second person": {simulate.OneLoginEnterprise, instead(func(w http.ResponseWriter, r *http.Request, next http.Handler) bool {
			if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/Users") {
				ask(next, r, "POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"twin of nobody"}`)
			}
			return false
		}), `totalResults`},
		"it hides groups": {simulate.OneLoginCore, altered(same, func(r *http.Request, body string) string {
			if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/Groups") && r.URL.RawQuery == "startIndex=1&count=100" {
				return `{"totalResults":0,"Resources":[]}`
			}
			return body
		}), `list /Groups|imported group`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := target(t, storetest.Open(t, storetest.SQLite), c.wrap)
			o.Dialect, o.Seed, o.Users = c.dialect, 9, 40
			report, _ := played(t, simulate.OneLogin, o)
			onlyAbout(t, report, c.about)
		})
	}
}

func TestOneLoginTakes404ForNobody(t *testing.T) {
	t.Parallel()
	o := target(t, storetest.Open(t, storetest.SQLite), func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Has("filter") {
				if found := ask(next, r, "GET", "/Users?"+r.URL.RawQuery, ""); found["totalResults"] == 0.0 {
					w.WriteHeader(http.StatusNotFound)
					return
				}
			}
			next.ServeHTTP(w, r)
		})
	})
	o.Dialect = simulate.OneLoginCore
	if report, said := played(t, simulate.OneLogin, o); !report.OK() {
		t.Error(said)
	}
}
