package scimadapter_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/provisioning"
)

// row is a case of the table of PATCH: operations on a person like samplePerson, and what comes of them.
type row struct {
	row  string
	ops  string
	attr string // that the operations are about; several with blanks between them
	want string // what it is afterwards, in JSON; "" for unchanged, "400 mutability" for a refusal
	on   string // "strict" or "auto" for one preset alone
}

const same = ""

const samplePerson = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","` + enterprise + `"],"userName":"%s","externalId":"ext-1","title":"Analyst",
	"name":{"givenName":"Ada","familyName":"Berg"},"active":true,
	"emails":[{"value":"ada@work","type":"work","primary":true},{"value":"ada@home","type":"home"}],
	"phoneNumbers":[{"value":"1","type":"work","display":"one"},{"value":"2","type":"work"},{"value":"3","type":"home"}],
	"` + enterprise + `":{"department":"Sales","manager":{"value":"boss"}}}`

var userRows = []row{
	{"1", `{"op":"add","value":{"title":"Lead","nickName":"A","emails":[{"value":"new@x"}]}}`, "title nickName emails",
		`["Lead","A",[{"value":"ada@work","type":"work","primary":true},{"value":"ada@home","type":"home"},{"value":"new@x"}]]`, ""},
	{"2", `{"op":"replace","value":{"title":"Lead","emails":[{"value":"new@x"}]}}`, "title emails name",
		`["Lead",[{"value":"new@x"}],{"givenName":"Ada","familyName":"Berg"}]`, ""},
	{"3", `{"op":"add","value":{"id":"x","meta":{"version":"x"},"groups":[{"value":"x"}]}}`, "", same, ""},
	{"3", `{"op":"replace","value":{"id":"x","meta":null,"groups":[],"title":"Lead"}}`, "title", `["Lead"]`, ""},
	{"4", `{"op":"replace","value":{"name.givenName":"Eva","` + enterprise + `:department":"Law","emails[type eq \"work\"].value":"eva@work"}}`,
		"name emails " + enterprise, `[{"givenName":"Eva","familyName":"Berg"},[{"value":"eva@work","type":"work","primary":true},{"value":"ada@home","type":"home"}],{"department":"Law","manager":{"value":"boss"}}]`, ""},
	{"4", `{"op":"add","value":{"NAME.GIVENNAME":"Eva"}}`, "name", `[{"givenName":"Eva","familyName":"Berg"}]`, ""},
	{"5", `{"op":"add","value":{"` + enterprise + `":{"costCenter":"7"}}}`, enterprise, `[{"department":"Sales","costCenter":"7","manager":{"value":"boss"}}]`, ""},
	{"5", `{"op":"remove","path":"` + enterprise + `"},{"op":"replace","value":{"` + strings.ToUpper(enterprise) + `":{"costCenter":"7"}}}`, enterprise + " schemas",
		`[{"costCenter":"7"},["urn:ietf:params:scim:schemas:core:2.0:User","` + enterprise + `"]]`, ""},
	{"6", `{"op":"add"}`, "", "400 invalidSyntax", ""},
	{"6", `{"op":"replace"}`, "", "400 invalidSyntax", ""},
	{"7", `{"op":"add","value":"x"}`, "", "400 invalidValue", ""},
	{"7", `{"op":"replace","value":7}`, "", "400 invalidValue", ""},
	{"7", `{"op":"replace","value":[{"title":"x"}]}`, "", "400 invalidValue", ""},
	{"7", `{"op":"add","value":null}`, "", "400 invalidValue", ""},
	{"8", `{"op":"add","value":{"shoeSize":44,"title":"Lead"}}`, "title", `["Lead"]`, "auto"},
	{"8", `{"op":"add","value":{"shoeSize":44,"title":"Lead"}}`, "", "400 invalidSyntax", "strict"},
	{"9", `{"op":"remove"}`, "", "400 noTarget", ""},
	{"9", `{"op":"remove","path":""}`, "", "400 noTarget", ""},
	{"9", `{"op":"remove","path":null,"value":{"title":"x"}}`, "", "400 noTarget", ""},
	{"10", `{"op":"move","path":"title"}`, "", "400 invalidSyntax", ""},
	{"10", `{"path":"title","value":"x"}`, "", "400 invalidSyntax", ""},
	{"10", `{"op":7,"path":"title","value":"x"}`, "", "400 invalidSyntax", ""},
	{"10", `{"op":"add","OP":"add","path":"title","value":"x"}`, "", "400 invalidSyntax", ""},
	{"10", `7`, "", "400 invalidSyntax", ""},
	{"11", `{"op":"add","path":"nickName","value":"A"}`, "nickName", `["A"]`, ""},
	{"11", `{"op":"ADD","path":"TITLE","value":"Lead"}`, "title", `["Lead"]`, ""},
	{"11", `{"op":"add","path":"title","value":"Analyst"}`, "", same, ""},
	{"12", `{"op":"replace","path":"nickName","value":"A"}`, "nickName", `["A"]`, ""},
	{"12", `{"value":"Lead","path":"title","op":"Replace"}`, "title", `["Lead"]`, ""},
	{"12", `{"op":"replace","path":"title","value":"Analyst"}`, "", same, ""},
	{"13", `{"op":"add","path":"title","value":7}`, "", "400 invalidValue", ""},
	{"13", `{"op":"replace","path":"title","value":{"a":1}}`, "", "400 invalidValue", ""},
	{"13", `{"op":"replace","path":"title","value":["x"]}`, "", "400 invalidValue", ""},
	{"13", `{"op":"replace","path":"active","value":"perhaps"}`, "", "400 invalidValue", ""},
	{"13", `{"op":"replace","path":"active","value":1}`, "", "400 invalidValue", ""},
	{"13", `{"op":"replace","path":"active","value":"FALSE"}`, "active", `[false]`, ""},
	{"13", `{"op":"replace","path":"emails[type eq \"home\"].primary","value":"True"}`, "emails",
		`[[{"value":"ada@work","type":"work"},{"value":"ada@home","type":"home","primary":true}]]`, ""},
	{"14", `{"op":"replace","path":"title","value":null}`, "title", `[null]`, ""},
	{"14", `{"op":"replace","path":"title","value":""}`, "title", `[null]`, ""},
	{"14", `{"op":"replace","path":"nickName","value":null}`, "", same, ""},
	{"14", `{"op":"replace","path":"userName","value":null}`, "", "400 invalidValue", ""},
	{"14", `{"op":"replace","path":"userName","value":""}`, "", "400 invalidValue", ""},
	{"15", `{"op":"add","path":"title","value":null}`, "", "400 invalidValue", ""},
	{"15", `{"op":"add","path":"emails","value":null}`, "", "400 invalidValue", ""},
	{"15", `{"op":"add","path":"emails[type eq \"work\"].display","value":null}`, "", "400 invalidValue", ""},
	{"15", `{"op":"add","path":"name","value":null}`, "", "400 invalidValue", ""},
	{"15", `{"op":"add","path":"title"}`, "", "400 invalidSyntax", ""},
	{"15", `{"op":"add","path":"emails"}`, "", "400 invalidSyntax", ""},
	{"16", `{"op":"remove","path":"title","value":"ignored"}`, "title", `[null]`, ""},
	{"16", `{"op":"remove","path":"nickName"}`, "", same, ""},
	{"16", `{"op":"remove","path":"userName"}`, "", "400 mutability", ""},
	{"17", `{"op":"add","path":"name.middleName","value":"M"}`, "name", `[{"givenName":"Ada","familyName":"Berg","middleName":"M"}]`, ""},
	{"17", `{"op":"remove","path":"name"},{"op":"replace","path":"name.givenName","value":"Eva"}`, "name", `[{"givenName":"Eva"}]`, ""},
	{"17", `{"op":"replace","path":"name.givenName","value":null}`, "name", `[{"familyName":"Berg"}]`, ""},
	{"17", `{"op":"replace","path":"name.givenName","value":7}`, "", "400 invalidValue", ""},
	{"18", `{"op":"remove","path":"name.givenName"}`, "name", `[{"familyName":"Berg"}]`, ""},
	{"18", `{"op":"remove","path":"name.givenName"},{"op":"remove","path":"name.familyName"}`, "name", `[null]`, ""},
	{"18", `{"op":"remove","path":"name.middleName"}`, "", same, ""},
	{"19", `{"op":"add","path":"name","value":{"middleName":"M","givenName":"Eva"}}`, "name", `[{"givenName":"Eva","middleName":"M","familyName":"Berg"}]`, ""},
	{"20", `{"op":"replace","path":"name","value":{"givenName":"Eva"}}`, "name", `[{"givenName":"Eva","familyName":"Berg"}]`, "auto"},
	{"20", `{"op":"replace","path":"name","value":{"givenName":"Eva"}}`, "name", `[{"givenName":"Eva"}]`, "strict"},
	{"21", `{"op":"add","path":"` + enterprise + `:manager","value":"eva"}`, enterprise, `[{"department":"Sales","manager":{"value":"eva"}}]`, ""},
	{"21", `{"op":"replace","path":"` + enterprise + `:manager","value":[{"value":"eva"}]}`, enterprise, `[{"department":"Sales","manager":{"value":"eva"}}]`, ""},
	{"21", `{"op":"replace","path":"` + enterprise + `:manager","value":{"$ref":"../Users/eva"}}`, enterprise, `[{"department":"Sales","manager":{"value":"eva"}}]`, ""},
	{"21", `{"op":"replace","path":"` + enterprise + `:manager","value":""}`, enterprise, `[{"department":"Sales"}]`, ""},
	{"21", `{"op":"replace","path":"manager","value":"eva"}`, enterprise, `[{"department":"Sales","manager":{"value":"eva"}}]`, "auto"},
	{"21", `{"op":"replace","path":"name","value":"Ada"}`, "", "400 invalidValue", ""},
	{"21", `{"op":"replace","path":"name","value":[{"givenName":"Eva"}]}`, "", "400 invalidValue", ""},
	{"22", `{"op":"replace","path":"name","value":null}`, "name", `[null]`, ""},
	{"22", `{"op":"replace","path":"name","value":{}}`, "", same, ""},
	{"23", `{"op":"remove","path":"name"}`, "name", `[null]`, ""},
	{"23", `{"op":"remove","path":"` + enterprise + `:manager"}`, enterprise, `[{"department":"Sales"}]`, ""},
	{"24", `{"op":"add","path":"emails","value":[{"value":"new@x","type":"other"},{"value":"ADA@HOME","type":"HOME"}]}`, "emails",
		`[[{"value":"ada@work","type":"work","primary":true},{"value":"ada@home","type":"home"},{"value":"new@x","type":"other"}]]`, ""},
	{"24", `{"op":"add","path":"emails","value":[{"value":"ADA@home","type":"home"},{"value":"ada@work","type":"work"}]}`, "", same, ""},
	{"25", `{"op":"add","path":"emails","value":{"value":"new@x"}}`, "emails",
		`[[{"value":"ada@work","type":"work","primary":true},{"value":"ada@home","type":"home"},{"value":"new@x"}]]`, ""},
	{"26", `{"op":"add","path":"phoneNumbers","value":"4"}`, "phoneNumbers",
		`[[{"value":"1","type":"work","display":"one"},{"value":"2","type":"work"},{"value":"3","type":"home"},{"value":"4"}]]`, ""},
	{"26", `{"op":"add","path":"roles","value":["a","b"]}`, "roles", `[[{"value":"a"},{"value":"b"}]]`, ""},
	{"26", `{"op":"add","path":"addresses","value":"x"}`, "", "400 invalidValue", ""},
	{"27", `{"op":"add","path":"emails","value":[]}`, "", same, ""},
	{"29", `{"op":"add","path":"emails","value":[{"value":"new@x","primary":true}]}`, "emails",
		`[[{"value":"ada@work","type":"work"},{"value":"ada@home","type":"home"},{"value":"new@x","primary":true}]]`, ""},
	{"29", `{"op":"add","path":"emails","value":[{"value":"ada@home","type":"home","primary":true}]}`, "emails",
		`[[{"value":"ada@work","type":"work"},{"value":"ada@home","type":"home","primary":true}]]`, ""},
	{"29", `{"op":"replace","path":"emails","value":[{"value":"a","primary":true},{"value":"b","primary":true}]}`, "", "400 invalidValue", ""},
	{"30", `{"op":"replace","path":"emails","value":[{"value":"a","type":"work"},{"value":"b"}]}`, "emails", `[[{"value":"a","type":"work"},{"value":"b"}]]`, ""},
	{"30", `{"op":"replace","path":"emails","value":[{"type":"work","value":"ada@work","primary":true},{"value":"ada@home","type":"home","primary":false}]}`, "", same, ""},
	{"30", `{"op":"replace","path":"emails","value":[{"value":"a","type":"work"},{"value":"A","type":"Work","display":"x"}]}`, "emails", `[[{"value":"a","type":"work","display":"x"}]]`, ""},
	{"31", `{"op":"replace","path":"emails","value":{"value":"a"}}`, "emails", `[[{"value":"a"}]]`, ""},
	{"32", `{"op":"replace","path":"emails","value":[]}`, "emails", `[null]`, ""},
	{"32", `{"op":"replace","path":"emails","value":null}`, "emails", `[null]`, ""},
	{"33", `{"op":"remove","path":"emails"}`, "emails", `[null]`, ""},
	{"33", `{"op":"remove","path":"roles"}`, "", same, ""},
	{"33", `{"op":"remove","path":"schemas"}`, "", "400 mutability", ""},
	{"34", `{"op":"remove","path":"emails","value":[{"value":"ADA@work"}]}`, "emails", `[[{"value":"ada@home","type":"home"}]]`, ""},
	{"34", `{"op":"remove","path":"emails","value":[{"value":"ada@work","type":"home"}]}`, "", same, ""},
	{"34", `{"op":"remove","path":"phoneNumbers","value":[{"type":"work"},"3"]}`, "phoneNumbers", `[null]`, ""},
	{"35", `{"op":"remove","path":"emails","value":[]}`, "", same, ""},
	{"36", `{"op":"add","path":"phoneNumbers[type eq \"work\"]","value":{"display":"W"}}`, "phoneNumbers",
		`[[{"value":"1","type":"work","display":"W"},{"value":"2","type":"work","display":"W"},{"value":"3","type":"home"}]]`, ""},
	{"37", `{"op":"add","path":"emails[type eq \"other\" and primary eq true]","value":{"value":"new@x"}}`, "emails",
		`[[{"value":"ada@work","type":"work"},{"value":"ada@home","type":"home"},{"value":"new@x","type":"other","primary":true}]]`, ""},
	{"38", `{"op":"add","path":"emails[type sw \"x\"]","value":{"value":"new@x"}}`, "", "400 noTarget", ""},
	{"38", `{"op":"add","path":"emails[type eq \"x\" or type eq \"y\"]","value":{"value":"new@x"}}`, "", "400 noTarget", ""},
	{"39", `{"op":"replace","path":"phoneNumbers[type eq \"WORK\"]","value":{"display":"W"}}`, "phoneNumbers", `[[{"type":"work","display":"W"},{"value":"3","type":"home"}]]`, ""},
	{"39", `{"op":"replace","path":"phoneNumbers[type eq \"work\" and value ne \"9\"]","value":{"value":"4"}}`, "phoneNumbers", `[[{"value":"4","type":"work"},{"value":"3","type":"home"}]]`, ""},
	{"39", `{"op":"replace","path":"phoneNumbers[value sw \"1\"]","value":{"value":"4"}}`, "phoneNumbers", `[[{"value":"4"},{"value":"2","type":"work"},{"value":"3","type":"home"}]]`, ""},
	{"39", `{"op":"replace","path":"phoneNumbers[type eq \"work\"]","value":{"type":"other","value":"5"}}`, "phoneNumbers", `[[{"value":"5","type":"other"},{"value":"3","type":"home"}]]`, ""},
	{"40", `{"op":"replace","path":"emails[type eq \"other\"]","value":{"value":"new@x"}}`, "", "400 noTarget", "strict"},
	{"40", `{"op":"replace","path":"emails[type eq \"other\"]","value":{"value":"new@x"}}`, "emails",
		`[[{"value":"ada@work","type":"work","primary":true},{"value":"ada@home","type":"home"},{"value":"new@x","type":"other"}]]`, "auto"},
	{"40", `{"op":"replace","path":"emails[type co \"other\"]","value":{"value":"new@x"}}`, "", "400 noTarget", ""},
	{"41", `{"op":"remove","path":"phoneNumbers[type eq \"work\"]"}`, "phoneNumbers", `[[{"value":"3","type":"home"}]]`, ""},
	{"41", `{"op":"remove","path":"phoneNumbers[not (type eq \"x\") and value pr]"}`, "phoneNumbers", `[null]`, ""},
	{"41", `{"op":"remove","path":"emails[type eq \"other\"]"}`, "", same, ""},
	{"41", `{"op":"remove","path":"roles[value eq \"x\"]"}`, "", same, ""},
	{"41", `{"op":"remove","path":"emails[primary eq false]"}`, "emails", `[[{"value":"ada@work","type":"work","primary":true}]]`, ""},
	{"42", `{"op":"add","path":"phoneNumbers[type eq \"work\"].display","value":"W"}`, "phoneNumbers",
		`[[{"value":"1","type":"work","display":"W"},{"value":"2","type":"work","display":"W"},{"value":"3","type":"home"}]]`, ""},
	{"42", `{"op":"add","path":"emails[type eq \"other\"].value","value":"new@x"}`, "emails",
		`[[{"value":"ada@work","type":"work","primary":true},{"value":"ada@home","type":"home"},{"value":"new@x","type":"other"}]]`, ""},
	{"43", `{"op":"replace","path":"phoneNumbers[type eq \"work\"].display","value":"W"}`, "phoneNumbers",
		`[[{"value":"1","type":"work","display":"W"},{"value":"2","type":"work","display":"W"},{"value":"3","type":"home"}]]`, ""},
	{"43", `{"op":"replace","path":"roles[type eq \"other\"].value","value":"r"}`, "", "400 noTarget", "strict"},
	{"43", `{"op":"replace","path":"roles[type eq \"other\"].value","value":"r"}`, "roles", `[[{"value":"r","type":"other"}]]`, "auto"},
	{"44", `{"op":"remove","path":"phoneNumbers[type eq \"work\"].display"}`, "phoneNumbers", `[[{"value":"1","type":"work"},{"value":"2","type":"work"},{"value":"3","type":"home"}]]`, ""},
	{"44", `{"op":"replace","path":"emails","value":["a"]},{"op":"remove","path":"emails[value eq \"a\"].value"}`, "emails", `[null]`, ""},
	{"44", `{"op":"remove","path":"emails[type eq \"other\"].display"}`, "", same, ""},
	{"45", `{"op":"replace","path":"phoneNumbers[type eq \"work\"].primary","value":true}`, "", "400 invalidValue", ""},
	{"45", `{"op":"add","path":"emails[value pr].primary","value":true}`, "", "400 invalidValue", ""},
	{"46", `{"op":"replace","path":"emails.value","value":"x"}`, "", "400 invalidPath", ""},
	{"46", `{"op":"remove","path":"emails.type"}`, "", "400 invalidPath", ""},
	{"47", `{"op":"replace","path":"title[value eq \"x\"]","value":"x"}`, "", "400 invalidPath", ""},
	{"47", `{"op":"remove","path":"name[givenName eq \"x\"]"}`, "", "400 invalidPath", ""},
	{"48", `{"op":"replace","path":"name..givenName","value":"x"}`, "", "400 invalidPath", ""},
	{"48", `{"op":"replace","path":"emails[type eq \"work\"","value":"x"}`, "", "400 invalidFilter", ""},
	{"48", `{"op":"replace","path":"emails[type regex \"work\"].value","value":"x"}`, "", "400 invalidFilter", ""},
	{"48", `{"op":"replace","path":"emails[primary gt true].value","value":"x"}`, "", "400 invalidFilter", ""},
	{"48", `{"op":"replace","path":"emails[type eq 5].value","value":"x"}`, "", "400 invalidFilter", ""},
	{"48", `{"op":"remove","path":"emails[type gt null]"}`, "", "400 invalidFilter", ""},
	{"48", `{"op":"replace","path":7,"value":"x"}`, "", "400 invalidPath", ""},
	{"49", `{"op":"replace","path":"shoeSize","value":"x"}`, "", "400 invalidPath", ""},
	{"49", `{"op":"replace","path":"urn:x:y:title","value":"x"}`, "", "400 invalidPath", ""},
	{"49", `{"op":"replace","path":"` + enterprise + `:shoeSize","value":"x"}`, "", "400 invalidPath", ""},
	{"49", `{"op":"remove","path":"name.shoeSize"}`, "", "400 invalidPath", ""},
	{"50", `{"op":"remove","path":"` + enterprise + `"},{"op":"add","path":"` + strings.ToUpper(enterprise) + `:DEPARTMENT","value":"Law"}`, enterprise + " schemas",
		`[{"department":"Law"},["urn:ietf:params:scim:schemas:core:2.0:User","` + enterprise + `"]]`, ""},
	{"50", `{"op":"replace","path":"urn:ietf:params:scim:schemas:core:2.0:User:name.givenName","value":"Eva"}`, "name", `[{"givenName":"Eva","familyName":"Berg"}]`, ""},
	{"51", `{"op":"remove","path":"` + enterprise + `:department"}`, enterprise, `[{"manager":{"value":"boss"}}]`, ""},
	{"51", `{"op":"remove","path":"` + enterprise + `:department"},{"op":"remove","path":"` + enterprise + `:manager.value"}`, enterprise + " schemas",
		`[null,["urn:ietf:params:scim:schemas:core:2.0:User"]]`, ""},
	{"51", `{"op":"remove","path":"` + enterprise + `"}`, enterprise + " schemas", `[null,["urn:ietf:params:scim:schemas:core:2.0:User"]]`, ""},
	{"52", `{"op":"replace","path":"id","value":"x"}`, "", "400 mutability", ""},
	{"52", `{"op":"replace","path":"meta.created","value":"x"}`, "", "400 mutability", ""},
	{"52", `{"op":"remove","path":"meta"}`, "", "400 mutability", ""},
	{"52", `{"op":"add","path":"groups","value":[{"value":"x"}]}`, "", "400 mutability", ""},
	{"52", `{"op":"remove","path":"groups[value eq \"x\"]"}`, "", "400 mutability", ""},
	{"56", `{"op":"replace","path":"password","value":"secret"}`, "", same, ""},
	{"56", `{"op":"add","value":{"password":"secret"}}`, "", same, ""},
	{"57", `{"op":"add","path":"schemas","value":["` + enterprise + `","urn:x"]}`, "", same, ""},
	{"57", `{"op":"remove","path":"schemas","value":["` + strings.ToUpper(enterprise) + `"]}`, enterprise + " schemas", `[null,["urn:ietf:params:scim:schemas:core:2.0:User"]]`, ""},
	{"57", `{"op":"replace","path":"schemas","value":["urn:ietf:params:scim:schemas:core:2.0:User"]}`, enterprise, `[null]`, ""},
	{"57", `{"op":"replace","path":"schemas","value":["` + enterprise + `"]}`, "", "400 mutability", ""},
	{"57", `{"op":"remove","path":"schemas","value":"urn:ietf:params:scim:schemas:core:2.0:User"}`, "", "400 mutability", ""},
	{"57", `{"op":"remove","path":"schemas","value":["urn:x"]}`, "", same, ""},
	{"57", `{"op":"replace","value":{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"]}}`, "", same, "auto"},
	{"58", `{"op":"replace","path":"userName","value":"TAKEN@example.com"}`, "", "409 uniqueness", ""},
	{"58", `{"op":"add","value":{"title":"Lead","userName":"taken@EXAMPLE.com"}}`, "", "409 uniqueness", ""},
}

// TestPATCHOfAUserFollowsTheTable
//
// Conformance: PATCH-1 PATCH-2 PATCH-3 PATCH-4 PATCH-5 PATCH-6 PATCH-7 PATCH-8 PATCH-9 PATCH-10 PATCH-11 PATCH-12 PATCH-13 PATCH-14 PATCH-15
// Conformance: PATCH-16 PATCH-17 PATCH-18 PATCH-19 PATCH-20 PATCH-21 PATCH-22 PATCH-23 PATCH-24 PATCH-25 PATCH-26 PATCH-27 PATCH-29 PATCH-30
// Conformance: PATCH-31 PATCH-32 PATCH-33 PATCH-34 PATCH-35 PATCH-36 PATCH-37 PATCH-38 PATCH-39 PATCH-40 PATCH-41 PATCH-42 PATCH-43 PATCH-44
// Conformance: PATCH-45 PATCH-46 PATCH-47 PATCH-48 PATCH-49 PATCH-50 PATCH-51 PATCH-52 PATCH-56 PATCH-57 PATCH-58
// Conformance: P-3.5.2-01 P-3.5.2-02 P-3.5.2-05 P-3.5.2-06 P-3.5.2-07 P-3.5.2-08 P-3.5.2.1-01 P-3.5.2.1-02 P-3.5.2.1-03 P-3.5.2.2-01
// Conformance: P-3.5.2.2-02 P-3.5.2.2-03 P-3.5.2.2-06 P-3.5.2.3-01 P-3.5.2.3-02 P-3.5.2.3-03 P-3.5.2.3-04 P-3.5.2.3-05 P-3.5.2.3-06
func TestPATCHOfAUserFollowsTheTable(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for preset, settings := range presets {
			w := newWorld(t, db, settings...)
			w.create("taken@example.com")
			for i, r := range userRows {
				if r.on == "" || r.on == preset {
					made := w.want(http.StatusCreated, "POST", "/Users", fmt.Sprintf(samplePerson, fmt.Sprintf("p%d@example.com", i)))
					w.follows(preset, r, "/Users/"+made.str("id"), http.StatusOK)
				}
			}
		}
	})
}

var presets = map[string][]func(*provisioning.NewConfig){"auto": nil, "strict": {strict}}

// follows does the operations of a row and looks at what comes of them: at the answer, at the resource, at its version and at
// the journal.
func (w *world) follows(preset string, r row, path string, ok int) {
	w.t.Helper()
	before := w.want(http.StatusOK, "GET", path, "")
	w.news()
	a := w.do("PATCH", path, ops(r.ops))
	after := w.want(http.StatusOK, "GET", path, "")
	news := len(w.news())
	what := fmt.Sprintf("row %s, %s, %s", r.row, preset, r.ops)
	if status, scimType, refused := strings.Cut(r.want, " "); refused && len(status) == 3 {
		if fmt.Sprint(a.status) != status || a.str("scimType") != scimType || a.str("detail") == "" || after.text != before.text || news != 0 {
			w.t.Errorf("%s\nanswered %d %s, want %s, with %d events\nleft   %s\nbefore %s", what, a.status, a.text, r.want, news, after.text, before.text)
		}
		return
	}
	if a.status != ok || ok == http.StatusOK && a.text != after.text || a.header.Get("ETag") != after.header.Get("ETag") {
		w.t.Errorf("%s\nanswered %d %v %s, and reads %s", what, a.status, a.header, a.text, after.text)
	}
	if r.want == same {
		if after.text != before.text || news != 0 {
			w.t.Errorf("%s\nwith %d events changed\n%s to\n%s", what, news, before.text, after.text)
		}
		return
	}
	var got []any
	for name := range strings.SplitSeq(r.attr, " ") {
		got = append(got, after.body[name])
	}
	var want []any
	if err := json.Unmarshal([]byte(r.want), &want); err != nil {
		w.t.Fatalf("%s: %v", what, err)
	}
	if !reflect.DeepEqual(got, want) || news != 1 || after.str("meta", "version") != `W/"2"` || before.str("meta", "lastModified") >= after.str("meta", "lastModified") {
		w.t.Errorf("%s\nwith %d events made %v, want %s, of %s", what, news, got, r.want, after.text)
	}
}
