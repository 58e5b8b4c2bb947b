package scimadapter_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
)

var groupRows = []row{
	{"1", `{"op":"add","value":{"members":[{"value":"CY"}],"externalId":"x"}}`, "members externalId", `ADA BO CY,x`, ""},
	{"2", `{"op":"replace","value":{"members":[{"value":"CY"}],"displayName":"GROUP b"}}`, "members displayName", `CY,GROUP b`, ""},
	{"3", `{"op":"replace","value":{"id":"x","displayName":"GROUP b","meta":{}}}`, "displayName", `GROUP b`, ""},
	{"6", `{"op":"add"}`, "", "400 invalidSyntax", ""},
	{"7", `{"op":"replace","value":"x"}`, "", "400 invalidValue", ""},
	{"8", `{"op":"replace","value":{"description":"x","displayName":"GROUP b"}}`, "displayName", `GROUP b`, "auto"},
	{"8", `{"op":"replace","value":{"description":"x"}}`, "", "400 invalidSyntax", "strict"},
	{"9", `{"op":"remove"}`, "", "400 noTarget", ""},
	{"9", `{"op":"remove","value":{"members":[{"value":"ADA"}]}}`, "", "400 noTarget", "strict"},
	{"10", `{"op":"move","path":"members"}`, "", "400 invalidSyntax", ""},
	{"11", `{"op":"add","path":"externalId","value":"x"}`, "externalId", `x`, ""},
	{"11", `{"op":"add","path":"displayName","value":"GROUP"}`, "", same, ""},
	{"12", `{"op":"Replace","path":"DISPLAYNAME","value":"GROUP b"}`, "displayName", `GROUP b`, ""},
	{"13", `{"op":"replace","path":"displayName","value":7}`, "", "400 invalidValue", ""},
	{"14", `{"op":"replace","path":"displayName","value":null}`, "", "400 invalidValue", ""},
	{"14", `{"op":"replace","path":"externalId","value":null}`, "externalId", ``, ""},
	{"15", `{"op":"add","path":"members","value":null}`, "", "400 invalidValue", ""},
	{"15", `{"op":"add","path":"members"}`, "", "400 invalidSyntax", ""},
	{"16", `{"op":"remove","path":"displayName"}`, "", "400 mutability", ""},
	{"16", `{"op":"remove","path":"externalId"}`, "externalId", ``, ""},
	{"24", `{"op":"add","path":"members","value":[{"value":"CY"},{"value":"ADA"},{"value":"CY"}]}`, "members", `ADA BO CY`, ""},
	{"24", `{"op":"add","path":"members","value":[{"value":"ADA","display":"x","type":"User"}]}`, "", same, ""},
	{"25", `{"op":"add","path":"members","value":{"value":"SUB","type":"Group","$ref":null}}`, "members", `ADA BO SUB`, ""},
	{"25", `{"op":"add","path":"members","value":{"$ref":"../Users/CY"}}`, "members", `ADA BO CY`, ""},
	{"25", `{"op":"add","path":"members","value":[{"$ref":"BASE/Users/CY"},{"$ref":"BASE/v2/Users/CY"},{"$ref":"Users/CY"},{"$ref":"/v2/Users/CY"},{"$ref":"/Users/CY"}]}`, "members", `ADA BO CY`, ""},
	{"26", `{"op":"add","path":"members","value":"CY"}`, "members", `ADA BO CY`, ""},
	{"27", `{"op":"add","path":"members","value":[]}`, "", same, ""},
	{"28", `{"op":"add","path":"members","value":[{"display":"x"}]}`, "", "400 invalidValue", ""},
	{"28", `{"op":"add","path":"members","value":[{"value":""}]}`, "", "400 invalidValue", ""},
	{"28", `{"op":"add","path":"members","value":[{"$ref":"https://elsewhere.example/Users/CY"}]}`, "", "400 invalidValue", ""},
	{"30", `{"op":"replace","path":"members","value":[{"value":"CY"},{"value":"ADA"}]}`, "members", `ADA CY`, ""},
	{"30", `{"op":"replace","path":"members","value":[{"value":"BO"},{"value":"ADA"}]}`, "", same, ""},
	{"31", `{"op":"replace","path":"members","value":{"value":"CY"}}`, "members", `CY`, ""},
	{"32", `{"op":"replace","path":"members","value":[]}`, "members", ``, ""},
	{"32", `{"op":"replace","path":"members","value":null}`, "members", ``, ""},
	{"33", `{"op":"remove","path":"members"}`, "members", ``, ""},
	{"34", `{"op":"Remove","path":"members","value":[{"$ref":null,"value":"ADA"}]}`, "members", `BO`, ""},
	{"34", `{"op":"remove","path":"members","value":[{"value":"CY"}]}`, "", same, ""},
	{"34", `{"op":"remove","path":"members","value":{"value":"ADA"}}`, "members", `BO`, ""},
	{"35", `{"op":"remove","path":"members","value":[]}`, "", same, ""},
	{"41", `{"op":"remove","path":"members[value eq \"ADA\"]"}`, "members", `BO`, ""},
	{"41", `{"op":"remove","path":"members[value eq \"ADA\" or value eq \"BO\"]"}`, "members", ``, ""},
	{"41", `{"op":"remove","path":"members[value eq \"CY\"]"}`, "", same, ""},
	{"41", `{"op":"remove","path":"members[value eq \"unknown\"]"}`, "", same, ""},
	{"46", `{"op":"replace","path":"members.value","value":"CY"}`, "", "400 invalidPath", ""},
	{"47", `{"op":"replace","path":"displayName[value eq \"x\"]","value":"x"}`, "", "400 invalidPath", ""},
	{"48", `{"op":"remove","path":"members[value eq"}`, "", "400 invalidFilter", ""},
	{"48", `{"op":"remove","path":"members[nope eq \"x\"]"}`, "", "400 invalidFilter", ""},
	{"48", `{"op":"remove","path":"mem bers"}`, "", "400 invalidPath", ""},
	{"49", `{"op":"replace","path":"description","value":"x"}`, "", "400 invalidPath", ""},
	{"28", `{"op":"add","path":"members","value":[{"value":"CY"},{}]}`, "", "400 invalidValue", ""},
	{"49", `{"op":"replace","path":"` + enterprise + `:department","value":"x"}`, "", "400 invalidPath", ""},
	{"52", `{"op":"replace","path":"id","value":"x"}`, "", "400 mutability", ""},
	{"52", `{"op":"remove","path":"meta.version"}`, "", "400 mutability", ""},
	{"52", `{"op":"replace","path":"members[value eq \"ADA\"].display","value":"x"}`, "", "400 mutability", ""},
	{"53", `{"op":"replace","path":"members[value eq \"ADA\"].value","value":"ADA"}`, "", same, ""},
	{"53", `{"op":"replace","path":"members[value eq \"ADA\"].value","value":"BO"}`, "", "400 mutability", ""},
	{"54", `{"op":"remove","path":"members[value eq \"ADA\"].value"}`, "", "400 mutability", ""},
	{"55", `{"op":"replace","path":"members[value eq \"ADA\"].value","value":"CY"}`, "", "400 mutability", ""},
	{"55", `{"op":"replace","path":"members[value eq \"ADA\"].type","value":"Group"}`, "", "400 mutability", ""},
	{"55", `{"op":"replace","path":"members[value eq \"ADA\"].type","value":"User"}`, "", same, ""},
	{"55", `{"op":"add","path":"members[value eq \"ADA\"].$ref","value":"BASE/Users/ADA"}`, "", same, ""},
	{"55", `{"op":"remove","path":"members[value eq \"ADA\"].type"}`, "", "400 mutability", ""},
	{"55", `{"op":"add","path":"members[value eq \"ADA\"].$ref","value":"https://elsewhere.example/Users/ADA"}`, "", "400 mutability", ""},
	{"55", `{"op":"replace","path":"members[value eq \"ADA\" or value eq \"BO\"].value","value":"ADA"}`, "", "400 mutability", ""},
	{"55", `{"op":"replace","path":"members[value eq \"ADA\"].$ref","value":"../Users/BO"}`, "", "400 mutability", ""},
	{"57", `{"op":"add","path":"schemas","value":["urn:x"]}`, "", same, ""},
	{"52", `{"op":"replace","path":"meta","value":{}}`, "", "400 mutability", ""},
	{"57", `{"op":"remove","path":"schemas","value":["urn:ietf:params:scim:schemas:core:2.0:Group"]}`, "", "400 mutability", ""},
	{"58", `{"op":"replace","path":"displayName","value":"TAKEN grouP"}`, "", "409 uniqueness", ""},
}

// TestPATCHOfAGroupFollowsTheTable
//
// Conformance: PATCH-55 P-3.5.2.2-04 P-3.5.2.2-05
func TestPATCHOfAGroupFollowsTheTable(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for preset, settings := range presets {
			w := newWorld(t, db, settings...)
			ada, bo, cy := w.create("ada@example.com"), w.create("bo@example.com"), w.create("cy@example.com")
			sub := w.group("taken GROUP", "")
			for i, r := range groupRows {
				if r.on != "" && r.on != preset {
					continue
				}
				name := fmt.Sprintf("Group %d", i)
				of := w.group(name, `"externalId":"ext-1",`, ada, bo)
				fill := strings.NewReplacer("ADA", ada, "BO", bo, "CY", cy, "SUB", sub, "GROUP", name, "BASE", w.server.URL+"/scim/v2")
				r.ops, r.want = fill.Replace(r.ops), fill.Replace(r.want)
				w.groupFollows(preset, r, of)
			}
		}
	})
}

// group makes a group of some members.
func (w *world) group(name, more string, members ...string) string {
	w.t.Helper()
	listed := make([]string, len(members))
	for i, member := range members {
		listed[i] = `{"value":"` + member + `"}`
	}
	return w.want(http.StatusCreated, "POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],`+more+`"displayName":"`+name+
		`","members":[`+strings.Join(listed, ",")+`]}`).str("id")
}

// groupFollows is what follows is for people; groups answer without a body.
func (w *world) groupFollows(preset string, r row, group string) {
	w.t.Helper()
	path := "/Groups/" + group
	before := w.want(http.StatusOK, "GET", path, "")
	w.news()
	a := w.do("PATCH", path, ops(r.ops))
	after := w.want(http.StatusOK, "GET", path, "")
	news := len(w.news())
	what := fmt.Sprintf("row %s, %s, %s", r.row, preset, r.ops)
	if status, scimType, _ := strings.Cut(r.want, " "); r.attr == "" && r.want != same {
		if fmt.Sprint(a.status) != status || a.str("scimType") != scimType || a.str("detail") == "" || after.text != before.text || news != 0 {
			w.t.Errorf("%s\nanswered %d %s, want %s, with %d events\nleft   %s\nbefore %s", what, a.status, a.text, r.want, news, after.text, before.text)
		}
		return
	}
	if a.status != http.StatusNoContent || a.text != "" || a.header.Get("ETag") != after.header.Get("ETag") {
		w.t.Errorf("%s\nanswered %d %v %s", what, a.status, a.header, a.text)
	}
	if r.attr == "" {
		if after.text != before.text || news != 0 {
			w.t.Errorf("%s\nwith %d events changed\n%s to\n%s", what, news, before.text, after.text)
		}
		return
	}
	var got []string
	for name := range strings.SplitSeq(r.attr, " ") {
		if name == "members" {
			got = append(got, strings.Join(values(after.body[name]), " "))
			continue
		}
		got = append(got, after.str(name))
	}
	if strings.Join(got, ",") != r.want || news == 0 || after.str("meta", "version") != `W/"2"` {
		w.t.Errorf("%s\nwith %d events made %v, want %s, of %s", what, news, got, r.want, after.text)
	}
}

// values are those of a multi-valued attribute, in their order.
func values(of any) (all []string) {
	elements, _ := of.([]any)
	for _, one := range elements {
		o, _ := one.(map[string]any)
		value, _ := o["value"].(string)
		all = append(all, value)
	}
	return all
}

// TestMembersWhoAreNotThere names people who are nowhere and people of another tenant, which must not be told apart: strictly
// neither is taken and nothing is done; otherwise they wait, and those who are there are in.
//
// Conformance: PATCH-28
func TestMembersWhoAreNotThere(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		foreign := newWorld(t, db).create("foreign@example.com")
		for preset, settings := range presets {
			w := newWorld(t, db, settings...)
			ada, nobody := w.create("ada@example.com"), id.User.Format(id.New())
			group := w.group("Sales", "")
			of, _ := id.Group.Parse(group)
			said := map[string]bool{}
			for _, who := range []string{nobody, foreign} {
				w.news()
				before := w.want(http.StatusOK, "GET", "/Groups/"+group, "").text
				a := w.do("PATCH", "/Groups/"+group, ops(`{"op":"add","path":"members","value":[{"value":"`+ada+`"},{"value":"`+who+`"}]}`))
				now := w.want(http.StatusOK, "GET", "/Groups/"+group, "")
				if preset == "strict" {
					said[strings.ReplaceAll(a.text, who, "")] = true
					if a.status != http.StatusBadRequest || a.str("scimType") != "invalidValue" || now.text != before || len(w.news()) != 0 {
						t.Errorf("%s: answered %d %s and left %s", preset, a.status, a.text, now.text)
					}
					continue
				}
				parked, err := w.directory.ParkedMembers(w.admin, []id.ID{of})
				if err != nil {
					t.Fatal(err)
				}
				waits := false
				for _, one := range parked[of] {
					waits = waits || one.Value == who
				}
				if got := values(now.body["members"]); a.status != http.StatusNoContent || len(got) != 1 || got[0] != ada || !waits {
					t.Errorf("%s: answered %d %s, in are %v, waiting %+v", preset, a.status, a.text, got, parked[of])
				}
			}
			if len(said) > 1 {
				t.Errorf("%s: a person of another tenant is told apart: %v", preset, said)
			}
		}
	})
}
