package scimadapter_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/scimadapter"
)

func TestNonsenseIsRefusedInSCIMsWords(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		user := "/Users/" + w.create("ada@example.com")
		group := "/Groups/" + w.want(http.StatusCreated, "POST", "/Groups", `{"displayName":"Sales"}`).str("id")
		nobody := "/Users/usr_" + strings.Repeat("0", 26)
		for _, c := range []struct {
			method, path, body, kind string
			status                   int
		}{
			{"GET", "/Nothing", "", "", 404},
			{"GET", "/Users/1/2/3", "", "", 404},
			{"GET", "/Users/not-an-id", "", "", 404},
			{"GET", nobody, "", "", 404},
			{"GET", "/Groups/" + strings.TrimPrefix(user, "/Users/"), "", "", 404},
			{"DELETE", "/Users", "", "", 405},
			{"POST", user, "{}", "", 405},
			{"GET", "/Me", "", "", 501},
			{"POST", "/Bulk", "{}", "invalidSyntax", 400},
			{"GET", "/Users?startIndex=x", "", "invalidValue", 400},
			{"GET", "/Users?count=1.5", "", "invalidValue", 400},
			{"GET", "/Users?filter=", "", "invalidFilter", 400},
			{"GET", filtered("/Users", `userName eq`), "", "invalidFilter", 400},
			{"GET", filtered("/Users", `userName co 5`), "", "invalidFilter", 400},
			{"GET", filtered("/Users", `nope eq "a"`), "", "invalidFilter", 400},
			{"GET", filtered("/Users", `active gt true`), "", "invalidFilter", 400},
			{"GET", filtered("/Groups", `not (userName eq "a")`), "", "invalidFilter", 400},
			{"GET", "/Users?attributes=a&excludedAttributes=b", "", "invalidValue", 400},
			{"GET", "/Schemas?filter=id%20eq%20%221%22", "", "", 403},
			{"POST", "/Users", ``, "invalidSyntax", 400},
			{"POST", "/Users", `[]`, "invalidSyntax", 400},
			{"POST", "/Users", `{"userName":"a"}{"userName":"b"}`, "invalidSyntax", 400},
			{"POST", "/Users", `{"userName":"a","USERNAME":"b"}`, "invalidSyntax", 400},
			{"POST", "/Users", strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40), "invalidSyntax", 400},
			{"POST", "/Users", `{}`, "invalidValue", 400},
			{"POST", "/Users", `{"userName":7}`, "invalidValue", 400},
			{"POST", "/Users", `{"userName":"  "}`, "invalidValue", 400},
			{"POST", "/Users", `{"userName":"a\u0000b"}`, "invalidValue", 400},
			{"POST", "/Users", `{"userName":"` + strings.Repeat("x", 600) + `"}`, "invalidValue", 400},
			{"POST", "/Users", `{"userName":"b","active":"perhaps"}`, "invalidValue", 400},
			{"POST", "/Users", `{"userName":"b","name":"Ada"}`, "invalidValue", 400},
			{"POST", "/Users", `{"userName":"b","emails":[{"value":"a","primary":true},{"value":"b","primary":true}]}`, "invalidValue", 400},
			{"POST", "/Groups", `{"members":[]}`, "invalidValue", 400},
			{"POST", "/Groups", `{"displayName":"A","members":[{"display":"x"}]}`, "invalidValue", 400},
			{"POST", "/Groups", `{"displayName":"sales"}`, "uniqueness", 409},
			{"PATCH", user, `{"Operations":[]}`, "invalidSyntax", 400},
			{"PATCH", user, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"]}`, "invalidSyntax", 400},
			{"PATCH", user, ops(`{"op":"jump","path":"title","value":"x"}`), "invalidSyntax", 400},
			{"PATCH", user, ops(`{"op":"add","path":"title"}`), "invalidSyntax", 400},
			{"PATCH", user, ops(`{"op":"add","path":"title","value":null}`), "invalidValue", 400},
			{"PATCH", user, ops(`{"op":"replace","value":"x"}`), "invalidValue", 400},
			{"PATCH", user, ops(`{"op":"remove"}`), "noTarget", 400},
			{"PATCH", user, ops(`{"op":"remove","path":"userName"}`), "mutability", 400},
			{"PATCH", user, ops(`{"op":"replace","path":"id","value":"x"}`), "mutability", 400},
			{"PATCH", user, ops(`{"op":"replace","path":"groups","value":[]}`), "mutability", 400},
			{"PATCH", user, ops(`{"op":"replace","path":"userName","value":null}`), "invalidValue", 400},
			{"PATCH", user, ops(`{"op":"replace","path":"nope","value":"x"}`), "invalidPath", 400},
			{"PATCH", user, ops(`{"op":"replace","path":"urn:x:y:title","value":"x"}`), "invalidPath", 400},
			{"PATCH", user, ops(`{"op":"replace","path":"emails.value","value":"x"}`), "invalidPath", 400},
			{"PATCH", user, ops(`{"op":"replace","path":"title[type eq \"a\"]","value":"x"}`), "invalidPath", 400},
			{"PATCH", user, ops(`{"op":"replace","path":"emails[type eq","value":"x"}`), "invalidFilter", 400},
			{"PATCH", user, ops(`{"op":"replace","path":"emails[nope eq \"x\"].value","value":"x"}`), "invalidFilter", 400},
			{"PATCH", user, ops(`{"op":"replace","path":"emails[value sw \"x\"].value","value":"x"}`), "noTarget", 400},
			{"PATCH", user, ops(`{"op":"replace","path":"name","value":"x"}`), "invalidValue", 400},
			{"PATCH", group, ops(`{"op":"add","path":"members","value":[{}]}`), "invalidValue", 400},
			{"PATCH", group, ops(`{"op":"remove","path":"displayName"}`), "mutability", 400},
			{"PATCH", group, ops(`{"op":"replace","path":"members[value eq \"x\"].value","value":"y"}`), "mutability", 400},
			{"PATCH", group, ops(`{"op":"remove","path":"members[display eq \"x\"]"}`), "invalidFilter", 400},
			{"PATCH", group, ops(strings.TrimSuffix(strings.Repeat(`{"op":"replace","path":"displayName","value":"x"},`, 1001), ",")), "", 413},
			{"PATCH", nobody, ops(`{"op":"replace","value":{"active":false}}`), "", 404},
		} {
			a := w.do(c.method, c.path, c.body)
			if a.status != c.status || a.str("scimType") != c.kind || a.str("status") != strconv.Itoa(c.status) || a.str("detail") == "" {
				t.Errorf("%s %s %.80s answered %d %s, want %d %s", c.method, c.path, c.body, a.status, a.text, c.status, c.kind)
			}
		}
		for _, headers := range [][]string{{"Content-Type", "text/plain"}, {"Content-Type", "application/json; charset=utf-16"}, {"Content-Encoding", "gzip"}} {
			if a := w.do("POST", "/Users", oktaUser, headers...); a.status != http.StatusUnsupportedMediaType {
				t.Errorf("%v answered %d %s", headers, a.status, a.text)
			}
		}
		if a := w.do("DELETE", user, "", "If-Match", `W/"7"`); a.status != http.StatusPreconditionFailed {
			t.Errorf("a version of the future answered %d %s", a.status, a.text)
		}
		if a := w.want(http.StatusOK, "GET", user, ""); a.str("meta", "version") != `W/"1"` {
			t.Errorf("nonsense has changed somebody: %s", a.text)
		}
	})
}

func TestStrictlyTheLetterCounts(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, strict)
		user := "/Users/" + w.create("ada@example.com")
		for _, body := range []string{
			ops(``), ops(`{"op":"replace","value":{"nope":1}}`), ops(`{"op":"replace","path":"emails[type eq \"work\"].value","value":"x"}`),
		} {
			if a := w.do("PATCH", user, body); a.status != http.StatusBadRequest {
				t.Errorf("%s answered %d %s", body, a.status, a.text)
			}
		}
		if a := w.do("POST", "/Users", `{"userName":"b","shoeSize":44}`); a.status != http.StatusBadRequest {
			t.Errorf("an unknown attribute answered %d", a.status)
		}
	})
}

func TestPATCHFollowsItsTable(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		for i, c := range []struct{ ops, path, want string }{
			{`{"op":"add","value":{"title":"Analyst","name.givenName":"Ada"}}`, `title name`, `["Analyst",{"givenName":"Ada"}]`},
			{`{"op":"replace","path":"name","value":{"familyName":"Berg"}},{"op":"replace","path":"name","value":{"givenName":"Ada"}}`, `name`, `[{"familyName":"Berg","givenName":"Ada"}]`},
			{`{"op":"add","path":"name.familyName","value":"Berg"},{"op":"remove","path":"name.familyName"}`, `name`, `[null]`},
			{`{"op":"add","path":"emails","value":{"value":"a@x","type":"work","primary":true}},{"op":"add","path":"emails","value":[{"value":"b@x","primary":true}]}`, `emails`, `[[{"type":"work","value":"a@x"},{"primary":true,"value":"b@x"}]]`},
			{`{"op":"Replace","path":"emails[type eq \"work\"].value","value":"c@x"}`, `emails`, `[[{"type":"work","value":"c@x"}]]`},
			{`{"op":"add","path":"emails","value":[{"value":"a@x","type":"work"},{"value":"b@x","type":"home"}]},{"op":"remove","path":"emails[type eq \"HOME\"]"}`, `emails`, `[[{"type":"work","value":"a@x"}]]`},
			{`{"op":"add","path":"emails","value":[{"value":"a@x","type":"work"},{"value":"b@x","type":"home"}]},{"op":"remove","path":"emails","value":[{"value":"a@x"}]}`, `emails`, `[[{"type":"home","value":"b@x"}]]`},
			{`{"op":"replace","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager","value":"boss"}`, `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User`, `[{"manager":{"value":"boss"}}]`},
			{`{"op":"add","value":{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department":"Sales"}},{"op":"remove","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"}`, `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User`, `[null]`},
			{`{"op":"replace","path":"title","value":""},{"op":"add","path":"password","value":"x"}`, `title password`, `[null,null]`},
			{`{"op":"add","path":"phoneNumbers","value":"555"}`, `phoneNumbers`, `[[{"value":"555"}]]`},
			{`{"op":"replace","path":"roles","value":[{"value":"a"},{"value":"b"}]},{"op":"replace","path":"roles[value eq \"a\"]","value":{"display":"A"}}`, `roles`, `[[{"display":"A","value":"a"},{"value":"b"}]]`},
		} {
			user := "/Users/" + w.create(fmt.Sprintf("p%d@example.com", i))
			a := w.want(http.StatusOK, "PATCH", user, ops(c.ops))
			var got []any
			for name := range strings.SplitSeq(c.path, " ") {
				got = append(got, a.body[name])
			}
			text, err := json.Marshal(got)
			if err != nil || string(text) != c.want {
				t.Errorf("%s made %s, want %s", c.ops, text, c.want)
			}
		}
	})
}

// TestNoRequestMakesAnAccident sends requests that were good once, with bytes changed, dropped and doubled.
func TestNoRequestMakesAnAccident(t *testing.T) {
	t.Parallel()
	rounds := 10_000
	if n, err := strconv.Atoi(os.Getenv("USHER_TEST_REQUESTS")); err == nil {
		rounds = n
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		user, group := "/Users/"+w.create("ada@example.com"), "/Groups/"+w.want(http.StatusCreated, "POST", "/Groups", `{"displayName":"Sales"}`).str("id")
		good := [][3]string{
			{"POST", "/Users", oktaUser},
			{"PUT", user, oktaUser},
			{"PATCH", user, ops(`{"op":"replace","path":"emails[type eq \"work\" and value sw \"a\"].value","value":"x@example.com"},{"op":"add","value":{"name.givenName":"Ada"}}`)},
			{"PATCH", group, ops(`{"op":"remove","path":"members[value eq \"usr_01\"]"},{"op":"add","path":"members","value":[{"value":"usr_02","display":"b"}]}`)},
			{"PUT", group, `{"displayName":"Sales","members":[{"value":"usr_01"}]}`},
			{"GET", `/Users?filter=emails%5Btype%20eq%20%22work%22%20and%20value%20eq%20%22a%22%5D&startIndex=1&count=100&attributes=userName,name.givenName`, ""},
			{"GET", user + "?excludedAttributes=emails.value", ""},
			{"GET", `/Groups?filter=displayName%20eq%20%22Sales%22&count=5`, ""},
			{"POST", "/Bulk", bulk(`"failOnErrors":3,`, bulkUser("a", "bo@example.com"), `{"method":"PATCH","path":"`+group+`","data":[{"op":"add","path":"members","value":[{"value":"bulkId:a"}]}]}`,
				`{"method":"DELETE","path":"/Users/bulkId:a","version":"W/\"1\""}`)},
		}
		random := rand.New(rand.NewPCG(1, 2))
		for range rounds {
			request := good[random.IntN(len(good))]
			part := 1 + random.IntN(2)
			request[part] = mutated(random, request[part])
			if part == 1 {
				request[1] = sendable(request[1])
			}
			r := httptest.NewRequest(request[0], scimadapter.Base+request[1], strings.NewReader(request[2]))
			r.Header.Set("Authorization", "Bearer "+w.token)
			r.Header.Set("Content-Type", "application/scim+json")
			answer := httptest.NewRecorder()
			w.server.Config.Handler.ServeHTTP(answer, r)
			if answer.Code >= 500 && answer.Code != http.StatusNotImplemented {
				t.Fatalf("%q answered %d %s", request, answer.Code, answer.Body)
			}
		}
	})
}

var fragments = []string{`"`, `\`, `{`, `}`, `[`, `]`, `null`, `\u0000`, `\ud800`, `[]`, `{}`, `1e999`, `-1`, `true`, `""`, `,`, ` or `, ` and not (`, `eq`, "\xff", "é", `urn:`, `.`, `$ref`}

func mutated(random *rand.Rand, text string) string {
	for range 1 + random.IntN(3) {
		if text == "" {
			return text
		}
		from := random.IntN(len(text))
		to := min(len(text), from+random.IntN(8))
		switch random.IntN(4) {
		case 0:
			text = text[:from] + text[to:]
		case 1:
			text = text[:to] + text[from:]
		case 2:
			text = text[:from] + fragments[random.IntN(len(fragments))] + text[to:]
		default:
			text = text[:from] + string(rune(random.IntN(256))) + text[min(len(text), from+1):]
		}
	}
	return text
}

// sendable escapes what no client could put into an address.
func sendable(path string) string {
	var out strings.Builder
	out.WriteByte('/')
	for _, b := range []byte(strings.TrimPrefix(path, "/")) {
		if b <= ' ' || b >= 0x7f || b == '"' || b == '#' {
			fmt.Fprintf(&out, "%%%02X", b)
			continue
		}
		out.WriteByte(b)
	}
	escaped := out.String()
	for i := 0; i < len(escaped); i++ { // a lone percent sign is no address either
		if escaped[i] == '%' && (i+2 >= len(escaped) || !hex(escaped[i+1]) || !hex(escaped[i+2])) {
			escaped = escaped[:i] + "%25" + escaped[i+1:]
		}
	}
	return escaped
}

func hex(b byte) bool { return strings.IndexByte("0123456789abcdefABCDEF", b) >= 0 }
