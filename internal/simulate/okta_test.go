package simulate_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/simulate"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/scimadapter"
)

func TestOktaFindsNothingWrongWithARightTarget(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := target(t, db, honest)
		for i, dialect := range []simulate.Dialect{simulate.PUT, simulate.PATCH, simulate.PATCH, simulate.PUT} {
			o.Dialect, o.Seed = dialect, uint64(7+min(i, 1)) // the later ones play over what the second has left
			o.Users = []int{30, 30, 30, 50}[i]
			report, said := played(t, simulate.Okta, o)
			if !report.OK() || report.Users != o.Users || report.Groups != 3 || !strings.Contains(said, "No difference") {
				t.Errorf("%s: %s", dialect, said)
			}
		}
	})
}

func TestOktaTellsWhatATargetDoesWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		wrap  func(http.Handler) http.Handler
		about string
	}{
		"it loses a member": {altered(func(r *http.Request, body string) string {
			if r.Method == http.MethodPatch && strings.Contains(body, `"path":"members"`) {
				return dropFirstMember(body)
			}
			return body
		}, same), `, members: .* missing`},
		"it ignores deactivations": {altered(func(_ *http.Request, body string) string {
			return strings.ReplaceAll(body, `"active":false`, `"active":true`)
		}, same), `, active: `},
		"it drops an attribute": {altered(func(_ *http.Request, body string) string {
			return strings.ReplaceAll(body, `"title":`, `"nickName":`)
		}, same), `, title: `},
		"it counts wrong": {altered(same, func(r *http.Request, body string) string {
			if strings.Contains(r.URL.RawQuery, "count=100") && !strings.Contains(r.URL.RawQuery, "filter") {
				return strings.Replace(body, `"totalResults":4`, `"totalResults":9`, 1)
			}
			return body
		}), `totalResults`},
		"it says nothing of nobody": {altered(same, func(r *http.Request, body string) string {
			if r.URL.Path == scimadapter.Base+"/Users/00u-nobody" {
				return `{"status":"404"}`
			}
			return body
		}), `does not exist`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := target(t, storetest.Open(t, storetest.SQLite), c.wrap)
			o.Dialect = simulate.PATCH
			report, _ := played(t, simulate.Okta, o)
			onlyAbout(t, report, c.about)
		})
	}
}

// dropFirstMember takes the first member out of a list of several.
func dropFirstMember(body string) string {
	from := strings.Index(body, `"value":[{`)
	if from < 0 {
		return body
	}
	end := strings.Index(body[from:], `},{`)
	if end < 0 {
		return body
	}
	return body[:from] + `"value":[{` + body[from+end+len(`},{`):]
}

func TestOktaSendsTheSameCallsForTheSameSeed(t *testing.T) {
	t.Parallel()
	for _, dialect := range []simulate.Dialect{simulate.PUT, simulate.PATCH} {
		t.Run(string(dialect), func(t *testing.T) {
			t.Parallel()
			set := func(o *simulate.Options) { o.Dialect = dialect }
			sameCalls(t, recorded(t, simulate.Okta, set), recorded(t, simulate.Okta, set))
		})
	}
}

func sameCalls(t *testing.T, first, second []string) {
	t.Helper()
	if len(first) < 100 || len(first) != len(second) {
		t.Errorf("%d calls and %d calls", len(first), len(second))
	}
	if !slices.Equal(first, second) {
		for i := range min(len(first), len(second)) {
			if first[i] != second[i] {
				t.Fatalf("call %d is\n%s\nand\n%s", i, first[i], second[i])
			}
		}
	}
}
