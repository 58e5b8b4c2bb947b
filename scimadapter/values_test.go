package scimadapter_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/provisioning"
	"github.com/usherhq/usher/scimadapter"
)

// TestNothingIsWrittenInManyWays clears attributes in every way in which providers and the RFC say that there is no value.
//
// Conformance: S-2.5-01 S-2.5-02 S-2.5-03
func TestNothingIsWrittenInManyWays(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.describe(probed())
		const full = `{"userName":"ada","nickName":"A","title":"Analyst","name":{"givenName":"Ada"},"emails":[{"value":"a@x","type":"work"}],"addresses":[{"locality":"Oslo"}],
			"` + enterprise + `":{"department":"Sales","manager":{"value":"boss"}},"` + probedURN + `":{"level":"Low","tags":["a"],"region":"north","quota":1}}`
		user := "/Users/" + w.want(http.StatusCreated, "POST", "/Users", full).str("id")
		cleared := func(what string, a answer) {
			t.Helper()
			if a.status != http.StatusOK {
				t.Errorf("%s answered %d %s", what, a.status, a.text)
			}
			a = w.want(http.StatusOK, "GET", user, "")
			for _, name := range []string{"nickName", "title", "name", "emails", "addresses", enterprise} {
				if a.at(name) != nil || hollow(a.body) {
					t.Errorf("%s leaves %s", what, a.text)
				}
			}
			if left := a.at(probedURN); literal(left) != `{"level":"Low"}` {
				t.Errorf("%s leaves %s", what, a.text)
			}
			for _, path := range []string{"nickName", "title", "name", "name.givenName", "emails", "emails.value", "addresses", enterprise + ":department", enterprise + ":manager", probedURN + ":tags", probedURN + ":quota"} {
				if found := w.want(http.StatusOK, "GET", filtered("/Users", path+" pr"), ""); found.at("totalResults") != 0.0 {
					t.Errorf("%s: %s pr finds %s", what, path, found.text)
				}
			}
			w.want(http.StatusOK, "PUT", user, full)
			if found := w.want(http.StatusOK, "GET", filtered("/Users", "nickName pr and emails pr"), ""); found.at("totalResults") != 1.0 {
				t.Fatalf("what is there again is not found: %s", found.text)
			}
		}
		put := func(nothing, list string) string {
			return strings.NewReplacer("NOTHING", nothing, "LIST", list).Replace(`{"userName":"ada","nickName":NOTHING,"title":NOTHING,"name":{"givenName":NOTHING},"emails":LIST,"addresses":LIST,
				"` + enterprise + `":{"department":NOTHING,"manager":NOTHING},"` + probedURN + `":{"level":"Low","tags":LIST,"region":NOTHING,"quota":null}}`)
		}
		cleared("PUT of null", w.do("PUT", user, put("null", "null")))
		cleared("PUT of empty values", w.do("PUT", user, put(`""`, "[]")))
		cleared("PUT without them", w.do("PUT", user, `{"schemas":["`+coreUser+`","`+enterprise+`"],"userName":"ada","`+probedURN+`":{"level":"Low"}}`))
		var ops1, ops2 []string
		for path, value := range map[string]string{
			"nickName": `""`, "title": "null", "name": "{}", "emails": "[]", "addresses": "null", enterprise + ":department": `""`, enterprise + ":manager": "null",
			probedURN + ":tags": "[]", probedURN + ":region": `""`, probedURN + ":quota": "null",
		} {
			if value == "{}" { // no part of it changes: RFC 7644 section 3.5.2.3
				path, value = "name.givenName", "null"
			}
			ops1 = append(ops1, fmt.Sprintf(`{"op":"replace","path":%q,"value":%s}`, path, value))
			ops2 = append(ops2, fmt.Sprintf(`{"op":"remove","path":%q}`, path))
		}
		cleared("PATCH to nothing", w.do("PATCH", user, ops(strings.Join(ops1, ","))))
		cleared("PATCH that removes", w.do("PATCH", user, ops(strings.Join(ops2, ","))))
		cleared("PATCH without paths", w.do("PATCH", user, ops(`{"op":"replace","value":{"nickName":null,"title":"","name":{"givenName":""},"emails":[],"addresses":null,
			"`+enterprise+`":{"department":null,"manager":""},"`+probedURN+`":{"tags":[],"region":null,"quota":null}}}`)))
		one := w.want(http.StatusCreated, "POST", "/Users", `{"userName":"eva","emails":{"value":"e@x","type":"work"},"roles":{"value":"r"},"addresses":{"locality":"Oslo"},"phoneNumbers":"555","title":"",
			"`+probedURN+`":{"level":"Low","tags":"a"}}`)
		if got := literal([]any{one.at("emails"), one.at("roles"), one.at("addresses"), one.at("phoneNumbers"), one.at("title"), one.at(probedURN, "tags")}); got !=
			`[[{"type":"work","value":"e@x"}],[{"value":"r"}],[{"locality":"Oslo"}],[{"value":"555"}],null,["a"]]` {
			t.Errorf("single values became %s", got)
		}
		if put := w.want(http.StatusOK, "PUT", "/Users/"+one.str("id"), `{"userName":"eva","emails":{"value":"f@x"}}`); literal(put.at("emails")) != `[{"value":"f@x"}]` {
			t.Errorf("PUT of a single value made %s", put.text)
		}
		group := w.want(http.StatusCreated, "POST", "/Groups", `{"displayName":"Sales","externalId":"","members":{"value":"`+one.str("id")+`"}}`)
		if len(w.members(group.str("id"))) != 1 || group.at("externalId") != nil {
			t.Errorf("a single member made %s", group.text)
		}
	})
}

// TestValuesComeBackAsTheyWereSent writes what providers send and servers like to set right.
//
// Conformance: S-2.4-04 S-4.1.1-06 S-4.1.2-01 S-4.1.2-02
func TestValuesComeBackAsTheyWereSent(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, letter := newWorld(t, db), newWorld(t, db, strict)
		for i, c := range []struct {
			attr, value string
			refused     bool // strictly
		}{
			{"emails", `[{"value":"a@EXAMPLE.com","type":"WORK"}]`, false},
			{"emails", `[{"value":"Ada.Berg+x@Bücher.example","type":"assistant","display":"Ada  Berg"}]`, false},
			{"emails", `[{"value":"\"odd name\"@example.com"}]`, false},
			{"phoneNumbers", `[{"value":"+47 (22) 33-44 55","type":"Mobile"},{"value":"tel:+47-22334455;ext=7"},{"value":"5556"}]`, false},
			{"ims", `[{"value":"@Ada","type":"Matrix"}]`, false},
			{"locale", `"en_US"`, false},
			{"locale", `"nb-NO"`, false},
			{"preferredLanguage", `"en-US, nb;q=0.8, *;q=0.1"`, false},
			{"timezone", `"Europe/Oslo"`, false},
			{"timezone", `"Mars/Base"`, false},
			{"displayName", `" Ada  Berg "`, false},
			{"addresses", `[{"country":"NO","type":"Home"}]`, false},
			{"addresses", `[{"country":"no"}]`, false},
			{"addresses", `[{"country":"USA"}]`, true},
			{"addresses", `[{"country":"Norway","locality":"Oslo"}]`, true},
			{"addresses", `[{"country":"ZZ"}]`, true},
			{"addresses", `[{"country":"x1"}]`, true},
		} {
			for _, w := range []*world{w, letter} {
				body := fmt.Sprintf(`{"schemas":[%q],"userName":"p%d","%s":%s}`, coreUser, i, c.attr, c.value)
				a := w.do("POST", "/Users", body)
				if w == letter && c.refused {
					if a.status != http.StatusBadRequest || a.str("scimType") != "invalidValue" || !strings.Contains(a.str("detail"), "country") {
						t.Errorf("strictly, %s answered %d %s", body, a.status, a.text)
					}
					continue
				}
				if a.status != http.StatusCreated || !sameJSON(literal(a.at(c.attr)), c.value) {
					t.Errorf("%s answered %d %s", body, a.status, a.text)
					continue
				}
				user := "/Users/" + a.str("id")
				for _, request := range [][3]string{
					{"GET", user}, {"PUT", user, body}, {"PATCH", user, ops(fmt.Sprintf(`{"op":"replace","path":%q,"value":%s}`, c.attr, c.value))}, {"GET", user + "?attributes=" + c.attr},
				} {
					if again := w.do(request[0], request[1], request[2]); again.status != http.StatusOK || !sameJSON(literal(again.at(c.attr)), c.value) {
						t.Errorf("%s of %s answered %d %s", request[0], c.value, again.status, again.text)
					}
				}
				if after := w.want(http.StatusOK, "GET", user, ""); after.str("meta", "version") != `W/"1"` {
					t.Errorf("the same %s again is a change: %s", c.attr, after.text)
				}
			}
		}
	})
}

// TestAValueStandsOnceInAList writes values that are there already, as wholes and in parts.
//
// Conformance: S-2.4-05
func TestAValueStandsOnceInAList(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.describe(probed())
		const tags = probedURN + ":tags"
		made := w.want(http.StatusCreated, "POST", "/Users", `{"userName":"ada","emails":[{"value":"a@x","type":"work"},{"value":"A@X","type":"WORK"},{"value":"a@x","type":"home"},{"value":"a@x","type":"work","display":"A"}],
			"roles":["r","r",{"value":"r"}],"addresses":[{"locality":"Oslo"},{"locality":"Oslo"}],"`+probedURN+`":{"level":"Low","tags":["a","a","b"]}}`)
		want := `[[{"display":"A","type":"work","value":"a@x"},{"type":"home","value":"a@x"}],[{"value":"r"}],[{"locality":"Oslo"}],["a","b"]]`
		shown := func(a answer) string {
			return literal([]any{a.at("emails"), a.at("roles"), a.at("addresses"), a.at(probedURN, "tags")})
		}
		if shown(made) != want {
			t.Errorf("POST made %s", made.text)
		}
		user := "/Users/" + made.str("id")
		for _, operation := range []string{
			`{"op":"add","path":"emails","value":[{"value":"a@x","type":"work"}]}`,
			`{"op":"add","path":"emails","value":{"value":"A@x","type":"Home"}}`,
			`{"op":"add","path":"roles","value":["r","r"]}`,
			`{"op":"add","value":{"addresses":[{"locality":"Oslo"}],"emails":[{"value":"a@x","type":"home"}]}}`,
			`{"op":"add","path":"` + tags + `","value":["b","a"]}`,
			`{"op":"replace","path":"` + tags + `","value":["a","b","a"]}`,
		} {
			a := w.want(http.StatusOK, "PATCH", user, ops(operation))
			if shown(a) != want || a.str("meta", "version") != `W/"1"` {
				t.Errorf("%s made %s", operation, a.text)
			}
		}
		if a := w.want(http.StatusOK, "PATCH", user, ops(`{"op":"replace","path":"roles","value":[{"value":"s"},{"value":"S"},{"value":"s","type":"t"}]}`)); literal(a.at("roles")) != `[{"value":"s"},{"type":"t","value":"s"}]` {
			t.Errorf("a replacement made %s", a.text)
		}
		group := "/Groups/" + w.want(http.StatusCreated, "POST", "/Groups", fmt.Sprintf(`{"displayName":"Sales","members":[{"value":%q},{"value":%q}]}`, made.str("id"), made.str("id"))).str("id")
		w.want(http.StatusNoContent, "PATCH", group, ops(fmt.Sprintf(`{"op":"add","path":"members","value":[{"value":%q},{"value":%q}]}`, made.str("id"), made.str("id"))))
		if members := w.members(strings.TrimPrefix(group, "/Groups/")); len(members) != 1 {
			t.Errorf("the members are %v", members)
		}
	})
}

// TestAtMostOneValueIsPrimary: who says it of two is refused, who says it of another takes it from the first, and whatever is done
// in whatever order, never is it true of two.
//
// Conformance: S-2.4-01
func TestAtMostOneValueIsPrimary(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.describe(probed())
		user := "/Users/" + w.want(http.StatusCreated, "POST", "/Users", `{"userName":"ada","`+probedURN+`":{"level":"Low"}}`).str("id")
		attributes := []string{"emails", "phoneNumbers", "ims", "photos", "addresses", "roles", "entitlements", "x509Certificates", probedURN + ":desks"}
		element := func(attr string, n int, primary bool) string {
			value := map[string]any{"value": fmt.Sprint("v", n), "type": fmt.Sprint("t", n%2)}
			switch attr {
			case "addresses":
				value = map[string]any{"locality": fmt.Sprint("l", n), "type": fmt.Sprint("t", n%2)}
			case "x509Certificates":
				value["value"] = base64.StdEncoding.EncodeToString([]byte{0x30, 3, 2, 1, byte(n)})
			}
			if primary {
				value["primary"] = true
			}
			return literal(value)
		}
		for _, attr := range attributes {
			two := "[" + element(attr, 1, true) + "," + element(attr, 2, true) + "]"
			body := fmt.Sprintf(`{"userName":"eva","%s":%s}`, attr, two)
			if strings.HasPrefix(attr, probedURN) {
				body = fmt.Sprintf(`{"userName":"eva","%s":{"level":"Low","desks":%s}}`, probedURN, two)
			}
			for _, request := range [][3]string{{"POST", "/Users", body}, {"PUT", user, body}, {"PATCH", user, ops(fmt.Sprintf(`{"op":"add","path":%q,"value":%s}`, attr, two))}, {"PATCH", user, ops(fmt.Sprintf(`{"op":"replace","path":%q,"value":%s}`, attr, two))}} {
				if a := w.do(request[0], request[1], request[2]); a.status != http.StatusBadRequest || a.str("scimType") != "invalidValue" || !strings.Contains(a.str("detail"), "primary") {
					t.Errorf("%v answered %d %s", request, a.status, a.text)
				}
			}
		}
		random := rand.New(rand.NewPCG(3, 4))
		for range 300 {
			attr := attributes[random.IntN(len(attributes))]
			n := random.IntN(4)
			operation := []string{
				fmt.Sprintf(`{"op":"add","path":%q,"value":[%s]}`, attr, element(attr, n, random.IntN(2) == 0)),
				fmt.Sprintf(`{"op":"replace","path":%q,"value":[%s,%s]}`, attr, element(attr, n, false), element(attr, n+1, true)),
				fmt.Sprintf(`{"op":"replace","path":"%s[type eq \"t%d\"].primary","value":%t}`, attr, n%2, random.IntN(4) > 0),
				fmt.Sprintf(`{"op":"replace","path":"%s[type eq \"t%d\"]","value":%s}`, attr, n%2, element(attr, n, true)),
				fmt.Sprintf(`{"op":"remove","path":"%s[primary eq true]"}`, attr),
			}[random.IntN(5)]
			a := w.do("PATCH", user, ops(operation))
			if a.status >= http.StatusInternalServerError {
				t.Fatalf("%s answered %d %s", operation, a.status, a.text)
			}
			a = w.want(http.StatusOK, "GET", user, "")
			for _, attr := range attributes {
				all, _ := a.at(attr).([]any)
				if local, is := strings.CutPrefix(attr, probedURN+":"); is {
					all, _ = a.at(probedURN, local).([]any)
				}
				if primaries(all) > 1 {
					t.Fatalf("after %s there is %s", operation, a.text)
				}
			}
		}
	})
	g := maker{rand.New(rand.NewPCG(9, 10))}
	for _, preset := range []provisioning.Preset{provisioning.PresetAuto, provisioning.PresetStrict} {
		state := []byte(`{"userName":"ada","active":true}`)
		for range 5_000 {
			_, message := g.message()
			state, _ = scimadapter.PatchUser(preset, state, message)
			var o map[string]any
			if err := json.Unmarshal(state, &o); err != nil {
				t.Fatal(err)
			}
			for name, value := range o {
				if all, _ := value.([]any); primaries(all) > 1 {
					t.Fatalf("after %s %s has two primaries: %s", message, name, state)
				}
			}
			if len(state) > 4000 {
				state = []byte(`{"userName":"ada","active":true}`)
			}
		}
	}
}

// hollow tells whether something in a value is null, or empty.
func hollow(value any) bool {
	switch value := value.(type) {
	case []any:
		return len(value) == 0 || slices.ContainsFunc(value, hollow)
	case map[string]any:
		return len(value) == 0 || slices.ContainsFunc(slices.Collect(maps.Values(value)), hollow)
	default:
		return value == nil || value == ""
	}
}

// primaries counts the values that are primary.
func primaries(all []any) int {
	return len(slices.DeleteFunc(slices.Clone(all), func(one any) bool { o, _ := one.(map[string]any); return o["primary"] != true }))
}
