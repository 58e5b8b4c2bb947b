package scimadapter_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
)

// TestAMemberIsAnIDAndTheRestIsTheServers adds members in the ways of providers.
//
// Conformance: S-4.2-04 S-4.2-02 S-4.1.2-04 P-3.3-01
func TestAMemberIsAnIDAndTheRestIsTheServers(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, letter := newWorld(t, db), newWorld(t, db, strict)
		for _, w := range []*world{w, letter} {
			user := w.create("ada@example.com")
			post := func(status int, name, members string) answer {
				t.Helper()
				return w.want(status, "POST", "/Groups", fmt.Sprintf(`{"schemas":[%q],"displayName":%q,"members":%s}`, coreGroup, name, members))
			}
			inner := post(http.StatusCreated, "Inner", `[{"value":"`+user+`"}]`).str("id")
			at := func(of string) string {
				return w.server.URL + "/scim/v2/" + map[bool]string{true: "Users/", false: "Groups/"}[of == user] + of
			}
			shown := func(of, kind, display string) string {
				return fmt.Sprintf(`[{"$ref":%q,"display":%q,"type":%q,"value":%q}]`, at(of), display, kind, of)
			}
			for i, c := range []struct{ member, want string }{
				{fmt.Sprintf(`{"value":%q}`, user), shown(user, "User", "ada@example.com")},
				{fmt.Sprintf(`{"$ref":null,"value":%q}`, user), shown(user, "User", "ada@example.com")},
				{fmt.Sprintf(`{"value":%q,"display":"False Name"}`, user), shown(user, "User", "ada@example.com")},
				{fmt.Sprintf(`{"value":%q,"type":"User"}`, user), shown(user, "User", "ada@example.com")},
				{fmt.Sprintf(`{"value":%q,"type":"user","$ref":"https://elsewhere.example/Groups/1"}`, user), shown(user, "User", "ada@example.com")},
				{fmt.Sprintf(`{"$ref":%q}`, at(user)), shown(user, "User", "ada@example.com")},
				{fmt.Sprintf(`{"value":%q}`, inner), shown(inner, "Group", "Inner")},
				{fmt.Sprintf(`{"value":%q,"type":"Group"}`, inner), shown(inner, "Group", "Inner")},
			} {
				if a := post(http.StatusCreated, fmt.Sprint("G", i), "["+c.member+"]"); literal(a.at("members")) != c.want {
					t.Errorf("%s made %s, want %s", c.member, a.text, c.want)
				}
			}
			whole := "/Groups/" + inner
			for _, wrong := range []string{fmt.Sprintf(`{"value":%q,"type":"Group"}`, user), fmt.Sprintf(`{"value":%q,"type":"User"}`, whole[len("/Groups/"):]), fmt.Sprintf(`{"$ref":%q,"type":"Group"}`, at(user))} {
				for _, request := range [][3]string{
					{"POST", "/Groups", `{"schemas":["` + coreGroup + `"],"displayName":"Wrong","members":[` + wrong + `]}`},
					{"PUT", whole, `{"schemas":["` + coreGroup + `"],"displayName":"Inner","members":[` + wrong + `]}`},
					{"PATCH", whole, ops(`{"op":"add","path":"members","value":[` + wrong + `]}`)},
				} {
					if a := w.do(request[0], request[1], request[2]); a.status != http.StatusBadRequest || a.str("scimType") != "invalidValue" || !strings.Contains(a.str("detail"), "type") {
						t.Errorf("%s of %s answered %d %s", request[0], wrong, a.status, a.text)
					}
				}
			}
			odd := ops(`{"op":"add","path":"members","value":[{"value":"` + user + `","type":"direct"}]}`)
			if a := w.do("PATCH", whole, odd); a.status != map[bool]int{true: http.StatusBadRequest, false: http.StatusNoContent}[w == letter] {
				t.Errorf("a member of an odd type answered %d %s", a.status, a.text)
			}
			for _, taken := range []string{"Inner", "inner", "ＩＮＮＥＲ"} {
				if a := post(http.StatusConflict, taken, "[]"); a.str("scimType") != "uniqueness" {
					t.Errorf("a second group %q answered %s", taken, a.text)
				}
				if a := w.want(http.StatusConflict, "PATCH", "/Groups/"+post(http.StatusCreated, fmt.Sprint("Other ", len(taken), taken == "Inner"), "[]").str("id"), ops(fmt.Sprintf(`{"op":"replace","path":"displayName","value":%q}`, taken))); a.str("scimType") != "uniqueness" {
					t.Errorf("a second group renamed to %q answered %s", taken, a.text)
				}
			}
			w.groupsAreReadOnly(user, inner)
		}
	})
}

// groupsAreReadOnly writes the groups of a person, which only groups can change.
func (w *world) groupsAreReadOnly(user, group string) {
	w.t.Helper()
	shown := func() string {
		w.t.Helper()
		a := w.want(http.StatusOK, "GET", "/Users/"+user, "")
		var of []string
		all, _ := a.at("groups").([]any)
		for _, one := range all {
			g := one.(map[string]any)
			if g["$ref"] != w.server.URL+"/scim/v2/Groups/"+g["value"].(string) || g["type"] != "direct" && g["type"] != "indirect" || g["display"] == nil {
				w.t.Errorf("a group of hers is %v", g)
			}
			of = append(of, g["value"].(string))
		}
		return strings.Join(sorted(of...), " ")
	}
	before := shown()
	if !strings.Contains(before, group) {
		w.t.Errorf("her groups are %q", before)
	}
	for _, groups := range []string{`[]`, `null`, `[{"value":"` + group + `"}]`, `[{"value":"grp_else","type":"direct"}]`} {
		body := `{"schemas":["` + coreUser + `"],"userName":"ada@example.com","groups":` + groups + `}`
		w.want(http.StatusOK, "PUT", "/Users/"+user, body)
		w.want(http.StatusOK, "PATCH", "/Users/"+user, ops(`{"op":"replace","value":{"groups":`+groups+`}}`))
		made := w.want(http.StatusCreated, "POST", "/Users", strings.Replace(body, "ada@", "new@", 1))
		if made.at("groups") != nil {
			w.t.Errorf("somebody came with groups: %s", made.text)
		}
		w.want(http.StatusNoContent, "DELETE", "/Users/"+made.str("id"), "")
		for _, op := range []string{"add", "replace", "remove"} {
			for _, path := range []string{"groups", `groups[value eq \"` + group + `\"]`, `groups[type eq \"direct\"].display`} {
				if a := w.do("PATCH", "/Users/"+user, ops(`{"op":"`+op+`","path":"`+path+`","value":`+groups+`}`)); a.status != http.StatusBadRequest || a.str("scimType") != "mutability" {
					w.t.Errorf("%s of %s answered %d %s", op, path, a.status, a.text)
				}
			}
		}
	}
	if after := shown(); after != before {
		w.t.Errorf("her groups were %s and are %s", before, after)
	}
	fresh := w.want(http.StatusCreated, "POST", "/Groups", `{"schemas":["`+coreGroup+`"],"displayName":"Fresh"}`).str("id")
	w.want(http.StatusNoContent, "PATCH", "/Groups/"+fresh, ops(`{"op":"add","path":"members","value":[{"value":"`+user+`"}]}`))
	if !strings.Contains(shown(), fresh) {
		w.t.Error("she does not show the group that she was added to")
	}
	w.want(http.StatusNoContent, "PATCH", "/Groups/"+fresh, ops(`{"op":"remove","path":"members[value eq \"`+user+`\"]"}`))
	if shown() != before {
		w.t.Errorf("her groups were %s and are %s", before, shown())
	}
}

// TestGroupsInGroupsEnd makes groups that are in each other, and one that is in itself.
//
// Conformance: S-4.2-05 S-4.1.2-05
func TestGroupsInGroupsEnd(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		user, outsider := w.create("ada"), w.create("eva")
		group := func(name string, members ...string) string {
			t.Helper()
			var all []string
			for _, of := range members {
				all = append(all, `{"value":"`+of+`"}`)
			}
			return w.want(http.StatusCreated, "POST", "/Groups", `{"displayName":"`+name+`","members":[`+strings.Join(all, ",")+`]}`).str("id")
		}
		kinds := func(of string) string {
			t.Helper()
			a := w.want(http.StatusOK, "GET", "/Users/"+of, "") // endless, it would be a 503
			listed := w.want(http.StatusOK, "GET", "/Users", "").resources()
			for _, one := range listed {
				if o := one.(map[string]any); o["id"] == of && literal(o["groups"]) != literal(a.at("groups")) {
					t.Errorf("in the list she has the groups %s, and by herself %s", literal(o["groups"]), literal(a.at("groups")))
				}
			}
			var all []string
			groups, _ := a.at("groups").([]any)
			for _, one := range groups {
				g := one.(map[string]any)
				all = append(all, fmt.Sprint(g["display"], " ", g["type"]))
			}
			return strings.Join(sorted(all...), ", ")
		}
		b := group("B", user)
		a := group("A", b)
		if got := kinds(user); got != "A indirect, B direct" {
			t.Errorf("a member of B, which is in A, has %s", got)
		}
		top := group("Top", a, outsider)
		if got := kinds(user); got != "A indirect, B direct, Top indirect" {
			t.Errorf("one level higher she has %s", got)
		}
		w.want(http.StatusNoContent, "PATCH", "/Groups/"+a, ops(`{"op":"add","path":"members","value":[{"value":"`+user+`"}]}`))
		if got := kinds(user); got != "A direct, B direct, Top indirect" {
			t.Errorf("who is in both has %s", got)
		}
		w.want(http.StatusNoContent, "PATCH", "/Groups/"+b, ops(`{"op":"add","path":"members","value":[{"value":"`+top+`"},{"value":"`+b+`"}]}`))
		if got := kinds(user); got != "A direct, B direct, Top indirect" {
			t.Errorf("in a circle she has %s", got)
		}
		if got := kinds(outsider); got != "A indirect, B indirect, Top direct" {
			t.Errorf("who is elsewhere in the circle has %s", got)
		}
		for _, of := range []string{a, b, top} {
			w.want(http.StatusOK, "GET", "/Groups/"+of, "")
			w.want(http.StatusOK, "GET", filtered("/Groups", `members.value eq "`+of+`"`), "")
		}
		w.want(http.StatusNoContent, "DELETE", "/Groups/"+a, "")
		if got := kinds(user); got != "B direct" {
			t.Errorf("once the circle is broken she has %s", got)
		}
		for i := range 40 { // a chain
			top = group(fmt.Sprint("Chain ", i), top)
		}
		if got := strings.Count(kinds(outsider), "indirect"); got != 41 {
			t.Errorf("at the bottom of 41 groups she has %d indirect ones: %s", got, kinds(outsider))
		}
	})
}
