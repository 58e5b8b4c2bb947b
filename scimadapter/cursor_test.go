package scimadapter_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/provisioning"
)

// asked spells the parameters of a list.
func asked(path string, pairs ...string) string {
	values := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Add(pairs[i], pairs[i+1])
	}
	return path + "?" + values.Encode()
}

func idsOf(a answer) (ids []string) {
	for _, one := range a.resources() {
		o, _ := one.(map[string]any)
		id, _ := o["id"].(string)
		ids = append(ids, id)
	}
	return ids
}

// walked reads a list by cursors to its end.
func (w *world) walked(path string, pairs ...string) (ids []string, pages int) {
	w.t.Helper()
	for next := ""; ; pages++ {
		a := w.want(http.StatusOK, "GET", asked(path, append(slices.Clone(pairs), "cursor", next)...), "")
		if a.at("startIndex") != nil || a.at("itemsPerPage") != float64(len(a.resources())) || a.at("totalResults") == nil {
			w.t.Fatalf("a page by cursor is %s", a.text)
		}
		ids = append(ids, idsOf(a)...)
		var more bool
		if next, more = a.body["nextCursor"].(string); !more {
			return ids, pages + 1
		}
		if !regexp.MustCompile(`^[A-Za-z0-9._~-]+$`).MatchString(next) {
			w.t.Fatalf("a cursor is %q", next)
		}
	}
}

// TestListsAreWalkedByCursors walks people, groups, licenses and both types, in their own order and sorted, to the end.
//
// Conformance: C-2-01 C-2-02 C-2-03 C-2-06 C-2.2-01 C-2.4-01 C-5.3-01
func TestListsAreWalkedByCursors(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		if ids, pages := w.walked("/Users", "count", "3"); len(ids) != 0 || pages != 1 {
			t.Errorf("nobody is walked in %d pages as %v", pages, ids)
		}
		var people, groups []string
		for i := range 7 {
			title := []string{"", `,"title":"B"`, `,"title":"a"`}[i%3]
			made := w.want(http.StatusCreated, "POST", "/Users", fmt.Sprintf(`{"userName":"p%d"%s}`, i, title))
			people = append(people, made.str("id"))
			if i < 4 {
				groups = append(groups, w.want(http.StatusCreated, "POST", "/Groups", fmt.Sprintf(`{"displayName":"G%d"}`, 9-i)).str("id"))
			}
			w.license(fmt.Sprintf("Product %d", i), 5)
		}
		titles := []string{people[2], people[5], people[1], people[4], people[0], people[3], people[6]}
		backwards := slices.Clone(titles)
		slices.Reverse(backwards)
		byName := slices.Clone(groups)
		slices.Reverse(byName)
		both := []string{people[0], groups[0], people[1], groups[1], people[2], groups[2], people[3], groups[3], people[4], people[5], people[6]}
		for _, c := range []struct {
			path  string
			pairs []string
			want  []string
		}{
			{"/Users", nil, people},
			{"/Users", []string{"filter", `userName sw "p"`}, people},
			{"/Users", []string{"filter", `not (userName eq "p3")`}, slices.Concat(people[:3], people[4:])},
			{"/Users", []string{"sortBy", "title"}, titles},
			{"/Users", []string{"sortBy", "title", "sortOrder", "descending"}, backwards},
			{"/Users", []string{"sortBy", "title", "filter", "meta.created pr"}, titles},
			{"/Users", []string{"sortBy", "title", "filter", `userName co "p"`, "sortOrder", "DESCENDING"}, backwards},
			{"/Users", []string{"sortBy", "meta.created"}, people},
			{"/Groups", nil, groups},
			{"/Groups", []string{"sortBy", "displayName"}, byName},
			{"/", nil, both},
			{"/", []string{"sortBy", "displayName"}, slices.Concat(byName, people)},
			{"/", []string{"sortBy", "title"}, slices.Concat(titles[:4], []string{people[0], groups[0], groups[1], groups[2], people[3], groups[3], people[6]})},
		} {
			for _, count := range []int{1, 2, 3, 7, 10, 100} {
				got, pages := w.walked(c.path, append(c.pairs, "count", fmt.Sprint(count))...)
				if !slices.Equal(got, c.want) {
					t.Errorf("%s %v by %d is\n%v, want\n%v", c.path, c.pairs, count, got, c.want)
				}
				if most := (len(c.want) + count - 1) / count; pages != most {
					t.Errorf("%s %v by %d took %d pages, want %d", c.path, c.pairs, count, pages, most)
				}
			}
		}
		if got, _ := w.walked("/Licenses", "count", "2", "sortBy", "displayName", "sortOrder", "descending"); len(got) != 7 {
			t.Errorf("licenses are walked as %v", got)
		}
		first := w.want(http.StatusOK, "GET", "/Users?cursor&count=2", "")
		if len(first.resources()) != 2 || first.str("nextCursor") == "" || first.at("previousCursor") != nil {
			t.Errorf("a cursor without a value begins with %s", first.text)
		}
		if plain := w.want(http.StatusOK, "GET", "/Users", ""); plain.at("startIndex") != 1.0 || plain.at("nextCursor") != nil {
			t.Errorf("without either the list is %s", plain.text)
		}
	})
}

// TestACursorIsGoodForItsHolderAndItsListAlone: every other use is refused, in the same words where it must not tell more.
//
// Conformance: C-2-04 C-2-05 C-2-07 C-2.1-01 C-4-01 C-5.2-01 C-5.2-02 C-5.2-03
func TestACursorIsGoodForItsHolderAndItsListAlone(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var past atomic.Int64
		now := func() time.Time { return time.Now().UTC().Truncate(time.Microsecond).Add(time.Duration(past.Load())) }
		w := newWorldAt(t, db, now)
		stranger := newWorld(t, db)
		for i := range 5 {
			w.create(fmt.Sprintf("p%d", i))
			stranger.create(fmt.Sprintf("p%d", i))
		}
		cursor := w.want(http.StatusOK, "GET", asked("/Users", "cursor", "", "count", "2"), "").str("nextCursor")
		again := asked("/Users", "cursor", cursor, "count", "2")
		w.want(http.StatusOK, "GET", again, "")
		w.replica().want(http.StatusOK, "GET", again, "")
		if second := w.issue(w.config.ID, "scim"); w.do("GET", again, "", "Authorization", "Bearer "+second).status != http.StatusOK {
			t.Error("another token of the same configuration, that may do the same, cannot go on")
		}

		refused := func(why, path, scimType string, more ...string) string {
			t.Helper()
			a := w.do("GET", path, "", more...)
			if a.status != http.StatusBadRequest || a.str("scimType") != scimType {
				t.Errorf("%s answered %d %s, want %s", why, a.status, a.text, scimType)
			}
			return a.text
		}
		last := byte('A')
		if strings.HasSuffix(cursor, "A") {
			last = 'B'
		}
		forged := refused("a flipped bit", asked("/Users", "cursor", cursor[:len(cursor)-1]+string(last), "count", "2"), "invalidCursor")
		other, err := w.provisioning.CreateConfig(w.admin, provisioning.NewConfig{Name: "Entra", IdentityProvider: provisioning.Entra})
		if err != nil {
			t.Fatal(err)
		}
		for why, text := range map[string]string{
			"cut short":             refused("cut short", asked("/Users", "cursor", cursor[:20], "count", "2"), "invalidCursor"),
			"no cursor":             refused("no cursor", asked("/Users", "cursor", "~", "count", "2"), "invalidCursor"),
			"far too long":          refused("far too long", asked("/Users", "cursor", strings.Repeat("A", 4000), "count", "2"), "invalidCursor"),
			"of another list":       refused("of another list", asked("/Groups", "cursor", cursor, "count", "2"), "invalidCursor"),
			"of the root":           refused("of the root", asked("/", "cursor", cursor, "count", "2"), "invalidCursor"),
			"another filter":        refused("another filter", asked("/Users", "cursor", cursor, "count", "2", "filter", "userName pr"), "invalidCursor"),
			"another order":         refused("another order", asked("/Users", "cursor", cursor, "count", "2", "sortBy", "userName"), "invalidCursor"),
			"another direction":     refused("another direction", asked("/Users", "cursor", cursor, "count", "2", "sortOrder", "descending"), "invalidCursor"),
			"another projection":    refused("another projection", asked("/Users", "cursor", cursor, "count", "2", "attributes", "userName"), "invalidCursor"),
			"other scopes":          refused("other scopes", again, "invalidCursor", "Authorization", "Bearer "+w.issue(w.config.ID, "scim:read")),
			"another configuration": refused("another configuration", again, "invalidCursor", "Authorization", "Bearer "+w.issue(other.ID, "scim")),
			"another tenant":        refused("another tenant", again, "invalidCursor", "Authorization", "Bearer "+stranger.token),
		} {
			if text != forged {
				t.Errorf("%s is told %s, a forger %s", why, text, forged)
			}
		}
		refused("another count", asked("/Users", "cursor", cursor, "count", "3"), "invalidCount")
		refused("no count any more", asked("/Users", "cursor", cursor), "invalidCount")
		refused("no number", asked("/Users", "cursor", cursor, "count", "x"), "invalidCount")
		refused("both ways", asked("/Users", "cursor", cursor, "count", "2", "startIndex", "1"), "invalidValue")
		for count, items := range map[string]int{"0": 0, "-1": 0, "5000": 5} {
			a := w.want(http.StatusOK, "GET", asked("/Users", "cursor", "", "count", count), "")
			if a.at("totalResults") != 5.0 || len(a.resources()) != items || a.at("nextCursor") != nil {
				t.Errorf("count=%s answered %s", count, a.text)
			}
		}

		seconds, _ := w.want(http.StatusOK, "GET", "/ServiceProviderConfig", "").at("pagination", "cursorTimeout").(float64)
		life := time.Duration(seconds * float64(time.Second))
		past.Store(int64(life - 30*time.Second))
		w.want(http.StatusOK, "GET", again, "")
		past.Store(int64(life + time.Second))
		refused("too old", again, "expiredCursor")
		past.Store(0)
		if err := w.access.RevokeSubject(w.admin, w.config.ID); err != nil {
			t.Fatal(err)
		}
		w.want(http.StatusUnauthorized, "GET", again, "")
	})
}

// TestCursorsAreSealed: nothing of a person can be read out of one.
func TestCursorsAreSealed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.Open(t, storetest.SQLite))
	for i := range 3 {
		w.create(fmt.Sprintf("canary%d", i))
	}
	a := w.want(http.StatusOK, "GET", asked("/Users", "cursor", "", "count", "1", "sortBy", "userName"), "")
	b := w.want(http.StatusOK, "GET", asked("/Users", "cursor", "", "count", "1", "sortBy", "userName"), "")
	if a.str("nextCursor") == b.str("nextCursor") {
		t.Error("two cursors are alike")
	}
	if text, err := json.Marshal(a.body["nextCursor"]); err != nil || strings.Contains(string(text), "canary") {
		t.Errorf("the cursor is %s, %v", text, err)
	}
}
