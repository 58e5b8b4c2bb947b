package scimadapter_test

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
)

// filtersIn reads a corpus of internal/filter.
func filtersIn(t *testing.T, name string) []string {
	t.Helper()
	text, err := os.ReadFile("../internal/filter/testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// TestEveryFilterIsAnsweredOrRefused sends the whole corpus, strictly and not: what is a filter gets a list, and what is none, or
// makes no sense, gets a reason and never a list.
//
// Conformance: P-3.4.2.2-02 P-3.4.2.2-03 P-3.4.2.2-09 P-3.4.2.2-10 P-3.4.2.2-15 P-3.4.2.2-16 P-3.4.2.2-18 P-3.4.2.2-20 W-29
func TestEveryFilterIsAnsweredOrRefused(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, letter := newWorld(t, db), newWorld(t, db, strict)
		w.create("ada")
		letter.create("ada")
		for _, text := range filtersIn(t, "valid.txt") {
			for _, one := range []*world{w, letter} {
				if a := one.do("GET", asked("/Users", "filter", text, "count", "1"), ""); a.status != http.StatusOK || a.at("totalResults") == nil {
					t.Errorf("%.300s answered %d %s", text, a.status, a.text)
				}
			}
		}
		for _, text := range append(filtersIn(t, "refused.txt"), filtersIn(t, "invalid.txt")...) {
			a := letter.do("POST", "/Users/.search", searchRequest(map[string]any{"filter": text}))
			if a.status != http.StatusBadRequest || a.str("scimType") != "invalidFilter" || len(a.str("detail")) < 20 {
				t.Errorf("%.300s answered %d %s", text, a.status, a.text)
			}
		}
		for _, text := range filtersIn(t, "refused.txt") {
			if a := w.do("GET", asked("/Users", "filter", text), ""); a.status != http.StatusBadRequest || a.str("scimType") != "invalidFilter" || len(a.str("detail")) < 20 {
				t.Errorf("%.300s answered %d %s", text, a.status, a.text)
			}
		}
	})
}

// TestADeepFilterIsRefusedUnread sends 10,000 brackets, which are too long to be parsed, and the least that is too deep and too wide.
//
// Conformance: P-3.4.2.2-20
func TestADeepFilterIsRefusedUnread(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.Open(t, storetest.SQLite))
	body := searchRequest(map[string]any{"filter": strings.Repeat("(", 10_000)})
	if a := w.do("POST", "/Users/.search", body); a.status != http.StatusBadRequest || !strings.Contains(a.str("detail"), "8 KiB") {
		t.Fatalf("answered %d %s", a.status, a.text)
	}
	for text, says := range map[string]string{
		strings.Repeat("(", 33) + "title pr" + strings.Repeat(")", 33): "32 levels", strings.Repeat("title pr or ", 64) + "title pr": "64 comparisons",
	} {
		if a := w.do("GET", asked("/Users", "filter", text), ""); a.status != http.StatusBadRequest || !strings.Contains(a.str("detail"), says) {
			t.Errorf("%.40s answered %s", text, a.text)
		}
	}
}

// TestProvidersFilterTheirWay asks as Entra and Okta do.
//
// Conformance: I-ENTRA-09 I-ENTRA-16 W-17 W-22 W-23 W-24 W-25 W-26 W-27
func TestProvidersFilterTheirWay(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		boss := w.create("boss@example.com")
		made := w.want(http.StatusCreated, "POST", "/Users", fmt.Sprintf(`{"userName":"O'Neil+\"x\"@Example.com","externalId":"mNovak","displayName":"Øyvind","active":false,
			"emails":[{"value":"work@example.com","type":"work"},{"value":"home@example.com","type":"home"}],
			"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Sales","manager":{"value":%q}}}`, boss))
		user := made.str("id")
		group := w.want(http.StatusCreated, "POST", "/Groups", fmt.Sprintf(`{"displayName":"Sales","externalId":"g1","members":[{"value":%q}]}`, user)).str("id")
		for text, want := range map[string]float64{
			`userName eq "o'neil+\"X\"@example.COM"`: 1, `externalId eq "mNovak"`: 1, `externalId eq "mnovak"`: 0, `externalId eq mNovak`: 1, `EXTERNALID  EQ   mNovak`: 1,
			`displayName eq "øyvind"`: 1, `displayName eq "ØYVIND"`: 1, `active eq false`: 1, `active eq "False"`: 1, `active eq True`: 1, `active ne "True"`: 1,
			`emails eq "WORK@example.com"`: 1, `emails.value eq "home@example.com"`: 1, `emails[type eq "work"].value eq "work@example.com"`: 1,
			`emails[type eq "work"].value eq "home@example.com"`: 0, `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "sales"`: 1,
			`id eq "` + user + `"`: 1, `id eq "` + strings.ToUpper(user) + `"`: 0, `id eq "` + user + `" and manager eq "` + boss + `"`: 1, `manager eq "` + boss + `" and id eq "` + user + `"`: 1,
			`id eq "` + boss + `" and manager eq "` + boss + `"`: 0, `userName eq "67e0c0a4-5d7a-4b0e-9e4b-3e0b2f3c9c58"`: 0, `displayName co "y" and userName ew "example.com"`: 1,
			`userName sw "o" or userName sw "b"`: 2, `not (userName sw "o")`: 1, `userName gt "c" and userName le "z"`: 1, `nickName pr`: 0, `title ne "x"`: 2,
		} {
			if a := w.do("GET", asked("/Users", "filter", text, "startIndex", "1", "count", "100"), ""); a.status != http.StatusOK || a.at("totalResults") != want || a.at("startIndex") != 1.0 {
				t.Errorf("%s answered %d %s, want %v", text, a.status, a.text, want)
			}
		}
		for text, want := range map[string]float64{
			`displayName eq "SALES"`: 1, `externalId eq "g1"`: 1, `externalId eq "G1"`: 0, `members eq "` + user + `"`: 1, `members.value eq "` + user + `"`: 1,
			`members[value eq "` + user + `"]`: 1, `id eq "` + group + `" and members eq "` + user + `"`: 1, `members eq "` + user + `" and id eq "` + group + `"`: 1,
			`id eq "` + group + `" and members eq "` + boss + `"`: 0, `members eq "nobody"`: 0, `members[value eq "` + boss + `"]`: 0, `displayName eq nobody`: 0,
		} {
			if a := w.do("GET", asked("/Groups", "filter", text, "excludedAttributes", "members"), ""); a.status != http.StatusOK || a.at("totalResults") != want {
				t.Errorf("%s answered %d %s, want %v", text, a.status, a.text, want)
			}
		}
	})
}
