package scimadapter_test

import (
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
)

const (
	coreUser  = "urn:ietf:params:scim:schemas:core:2.0:User"
	coreGroup = "urn:ietf:params:scim:schemas:core:2.0:Group"
)

// TestNamesOfAttributesMeanTheSameInAnyCase writes attributes in capitals by every way that there is, and reads them in the case
// of the schemas.
//
// Conformance: S-2.1-01
func TestNamesOfAttributesMeanTheSameInAnyCase(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		made := w.want(http.StatusCreated, "POST", "/Users", `{"SCHEMAS":["`+strings.ToUpper(coreUser)+`"],"USERNAME":"ada","NaMe":{"FAMILYNAME":"Berg"},"EMAILS":[{"VALUE":"ada@x","TYPE":"work"}],
			"`+strings.ToUpper(enterprise)+`":{"DEPARTMENT":"Sales"}}`)
		user := "/Users/" + made.str("id")
		w.want(http.StatusOK, "PATCH", user, ops(`{"OP":"add","PATH":"NAME.GIVENNAME","VALUE":"Ada"},{"op":"add","value":{"TITLE":"Analyst","`+enterprise+`:COSTCENTER":"7"}},
			{"op":"replace","path":"EMAILS[TYPE eq \"work\"].VALUE","value":"ada@y"}`))
		const want = `["ada",{"familyName":"Berg","givenName":"Ada"},[{"type":"work","value":"ada@y"}],"Analyst",{"costCenter":"7","department":"Sales"}]`
		shown := func(a answer) string {
			return literal([]any{a.body["userName"], a.body["name"], a.body["emails"], a.body["title"], a.body[enterprise]})
		}
		read := w.want(http.StatusOK, "GET", user, "")
		if shown(read) != want {
			t.Errorf("what was written in capitals is read as %s", read.text)
		}
		if put := w.want(http.StatusOK, "PUT", user, strings.NewReplacer(`"userName"`, `"USERname"`, `"name"`, `"NAME"`, `"value"`, `"VALUE"`, `"title"`, `"TiTlE"`).Replace(read.text)); shown(put) != want {
			t.Errorf("what was put in capitals is read as %s", put.text)
		}
		for _, filter := range []string{`UserName EQ "ada"`, `NAME.familyname eq "berg"`, `EMAILS[VALUE eq "ada@y"]`, strings.ToUpper(enterprise) + `:Department eq "sales"`} {
			if a := w.want(http.StatusOK, "GET", filtered("/Users", filter), ""); a.at("totalResults") != 1.0 {
				t.Errorf("%s finds %s", filter, a.text)
			}
		}
		for asked, want := range map[string]string{"EMAILS": "emails", "NAME.GIVENNAME": "name", strings.ToUpper(enterprise) + ":DEPARTMENT": enterprise} {
			if a := w.want(http.StatusOK, "GET", user+"?attributes="+asked, ""); !slices.Equal(slices.Sorted(maps.Keys(a.body)), sorted("id", "schemas", want)) {
				t.Errorf("attributes=%s has %s", asked, a.text)
			}
		}
		w.want(http.StatusOK, "GET", "/Users?sortBy=USERNAME", "")
		group := w.want(http.StatusCreated, "POST", "/Groups", `{"DISPLAYNAME":"Sales","MEMBERS":[{"VALUE":"`+made.str("id")+`"}]}`)
		if group.str("displayName") != "Sales" || len(w.members(group.str("id"))) != 1 {
			t.Errorf("a group in capitals is %s", group.text)
		}
	})
}

func sorted(names ...string) []string { return slices.Sorted(slices.Values(names)) }

// TestTheOrderOfMembersMeansNothing sends bodies whose members are in random orders, in both presets.
//
// Conformance: S-2.3-09
func TestTheOrderOfMembersMeansNothing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		bodies := map[string]string{
			"POST": `{"schemas":["` + coreUser + `","` + enterprise + `"],"userName":"USER","active":true,"name":{"givenName":"Ada","familyName":"Berg"},"emails":[{"value":"a@x","type":"work","primary":true}],
				"` + enterprise + `":{"department":"Sales","manager":{"value":"boss"}}}`,
			"PATCH": `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"emails[type eq \"work\"]","value":{"value":"b@x","display":"B"}},
				{"op":"add","value":{"title":"Analyst","name":{"givenName":"Eva"},"phoneNumbers":[{"value":"1","type":"work"}]}}]}`,
			"PUT": `{"schemas":["` + coreUser + `"],"userName":"USER","active":false,"roles":[{"value":"r","display":"R","primary":true}],"nickName":"A"}`,
		}
		random := rand.New(rand.NewPCG(7, 8))
		seen := map[string]string{}
		for round := range 12 {
			name := fmt.Sprintf("p%d", round)
			user := "/Users"
			for _, method := range []string{"POST", "PATCH", "PUT"} {
				body := strings.ReplaceAll(shuffled(random, bodies[method]), "USER", name)
				a := w.do(method, user, body)
				if a.status/100 != 2 {
					t.Fatalf("%s %s answered %d %s", method, body, a.status, a.text)
				}
				id := a.str("id")
				user = "/Users/" + id
				delete(a.body, "meta")
				got := strings.NewReplacer(id, "ID", `"`+name+`"`, `"USER"`).Replace(literal(a.body))
				if seen[method] == "" {
					seen[method] = got
				}
				if got != seen[method] {
					t.Errorf("%s %s made\n%s\nand in another order\n%s", method, body, got, seen[method])
				}
			}
		}
	})
}

// shuffled writes JSON with the members of each object in a random order.
func shuffled(random *rand.Rand, text string) string {
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		panic(err)
	}
	var write func(any) string
	write = func(value any) string {
		var parts []string
		switch value := value.(type) {
		case map[string]any:
			for _, name := range slices.Sorted(maps.Keys(value)) {
				parts = append(parts, literal(name)+":"+write(value[name]))
			}
			random.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
			return "{" + strings.Join(parts, ",") + "}"
		case []any:
			for _, one := range value {
				parts = append(parts, write(one))
			}
			return "[" + strings.Join(parts, ",") + "]"
		default:
			return literal(value)
		}
	}
	return write(value)
}

// TestSchemasOfABodyAreTheResourcesOwn sends schemas in every way that is right or wrong, strictly and as providers do.
//
// Conformance: S-3-01 S-3-02
func TestSchemasOfABodyAreTheResourcesOwn(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const foreign = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"
		made := 0
		for _, preset := range []provisioning.Preset{provisioning.PresetAuto, provisioning.PresetEntra, provisioning.PresetOkta, provisioning.PresetOneLogin, provisioning.PresetStrict} {
			w := newWorld(t, db, func(n *provisioning.NewConfig) { n.Preset = preset })
			isStrict := preset == provisioning.PresetStrict
			for _, c := range []struct {
				schemas string
				refused bool
			}{
				{`["` + coreUser + `"]`, false},
				{`["` + coreUser + `","` + enterprise + `"]`, false},
				{`["` + enterprise + `","` + strings.ToUpper(coreUser) + `"]`, false},
				{`["` + foreign + `","` + coreUser + `"]`, false},
				{`["` + coreUser + `","` + coreUser + `"]`, true},
				{`["` + coreUser + `","` + strings.ToLower(coreUser) + `"]`, true},
				{`["` + coreGroup + `"]`, true},
				{`["` + coreUser + `","` + coreGroup + `"]`, true},
				{`[7]`, true},
				{`[]`, isStrict},
				{`null`, isStrict},
				{`["` + enterprise + `"]`, isStrict},
				{``, isStrict},
			} {
				made++
				body := fmt.Sprintf(`{"schemas":%s,"userName":"s%d","%s":{"department":"Sales"}}`, c.schemas, made, enterprise)
				if c.schemas == "" {
					body = fmt.Sprintf(`{"userName":"s%d","%s":{"department":"Sales"}}`, made, enterprise)
				}
				a := w.do("POST", "/Users", body)
				if c.refused {
					if a.status != http.StatusBadRequest || a.str("scimType") != "invalidSyntax" || !strings.Contains(a.str("detail"), "chemas") && !strings.Contains(a.str("detail"), "schema") {
						t.Errorf("%s: %s answered %d %s", preset, body, a.status, a.text)
					}
					continue
				}
				if a.status != http.StatusCreated || literal(a.at("schemas")) != literal([]string{coreUser, enterprise}) || a.str(enterprise, "department") != "Sales" {
					t.Errorf("%s: %s answered %d %s", preset, body, a.status, a.text)
					continue
				}
				put := w.do("PUT", "/Users/"+a.str("id"), strings.Replace(body, "Sales", "Legal", 1))
				if put.status != http.StatusOK || put.str(enterprise, "department") != "Legal" {
					t.Errorf("%s: PUT %s answered %d %s", preset, body, put.status, put.text)
				}
			}
			user := "/Users/" + w.create(fmt.Sprintf("last%d", made))
			for _, c := range [][2]string{{"POST", "/Users"}, {"PUT", user}} {
				if a := w.do(c[0], c[1], `{"schemas":["`+coreGroup+`"],"userName":"x"}`); a.status != http.StatusBadRequest || a.str("scimType") != "invalidSyntax" {
					t.Errorf("%s: %v of a group answered %d %s", preset, c, a.status, a.text)
				}
			}
			group := w.want(http.StatusCreated, "POST", "/Groups", `{"schemas":["`+coreGroup+`","`+foreign+`"],"displayName":"Sales"}`)
			if literal(group.at("schemas")) != literal([]string{coreGroup}) {
				t.Errorf("%s: a group has the schemas %s", preset, group.text)
			}
			if a := w.do("POST", "/Groups", `{"schemas":["`+coreUser+`"],"displayName":"x"}`); a.status != http.StatusBadRequest || a.str("scimType") != "invalidSyntax" {
				t.Errorf("%s: a group that is a user answered %d %s", preset, a.status, a.text)
			}
			if all := w.want(http.StatusOK, "GET", "/Groups", ""); all.at("totalResults") != 1.0 {
				t.Errorf("%s: what was refused is there: %s", preset, all.text)
			}
		}
	})
}
