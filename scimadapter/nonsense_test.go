package scimadapter_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/provisioning"
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

// families are the endpoints that share code and are sent as much nonsense each.
func (w *world) families() map[string][][3]string {
	w.t.Helper()
	user, group := "/Users/"+w.create("ada@example.com"), "/Groups/"+w.want(http.StatusCreated, "POST", "/Groups", `{"displayName":"Sales"}`).str("id")
	license := "/Licenses/" + id.License.Format(w.license("Sales Navigator", 5).ID)
	const search = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],"attributes":["userName"],"filter":"userName sw \"a\" or members[value eq \"usr_01\"]","sortBy":"meta.created","sortOrder":"descending","startIndex":1,"count":10}`
	const schema = "/Schemas/urn:ietf:params:scim:schemas:core:2.0:User"
	return map[string][][3]string{
		"Users": {
			{"POST", "/Users", oktaUser},
			{"PUT", user, oktaUser},
			{"PATCH", user, ops(`{"op":"replace","path":"emails[type eq \"work\" and value sw \"a\"].value","value":"x@example.com"},{"op":"add","value":{"name.givenName":"Ada"}}`)},
			{"GET", `/Users?filter=emails%5Btype%20eq%20%22work%22%20and%20value%20eq%20%22a%22%5D&startIndex=1&count=100&attributes=userName,name.givenName`, ""},
			{"GET", `/Users?cursor=&count=1&sortBy=userName&sortOrder=descending`, ""},
			{"GET", user + "?excludedAttributes=emails.value", ""},
		},
		"Groups": {
			{"POST", "/Groups", `{"displayName":"New","externalId":"7","members":[{"value":"usr_01","$ref":"../Users/usr_01","type":"User"}]}`},
			{"PATCH", group, ops(`{"op":"remove","path":"members[value eq \"usr_01\"]"},{"op":"add","path":"members","value":[{"value":"usr_02","display":"b"}]}`)},
			{"PUT", group, `{"displayName":"Sales","members":[{"value":"usr_01"}]}`},
			{"GET", `/Groups?filter=displayName%20eq%20%22Sales%22&count=5`, ""},
			{"GET", group + "?attributes=members.value", ""},
		},
		"Bulk": {
			{"POST", "/Bulk", bulk(`"failOnErrors":3,`, bulkUser("a", "bo@example.com"), `{"method":"PATCH","path":"`+group+`","data":[{"op":"add","path":"members","value":[{"value":"bulkId:a"}]}]}`,
				`{"method":"DELETE","path":"/Users/bulkId:a","version":"W/\"1\""}`)},
		},
		".search":   {{"POST", "/.search", search}, {"POST", "/Users/.search", search}, {"POST", "/Groups/.search", search}},
		"discovery": {{"GET", "/ServiceProviderConfig", ""}, {"GET", "/ResourceTypes/User", ""}, {"GET", "/ResourceTypes", ""}, {"GET", schema, ""}, {"GET", "/Schemas?attributes=name", ""}},
		"Licenses":  {{"GET", "/Licenses?startIndex=1&count=2", ""}, {"GET", license, ""}, {"GET", license + "?attributes=seats", ""}},
	}
}

// TestNoRequestMakesAnAccident sends each family requests that were good once, with bytes of the address, the body, the method and
// the headers changed, dropped and doubled. Every answer is SCIM's, and none is a mistake of ours.
func TestNoRequestMakesAnAccident(t *testing.T) {
	t.Parallel()
	rounds := 10_000
	if n, err := strconv.Atoi(os.Getenv("USHER_TEST_REQUESTS")); err == nil {
		rounds = n
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		families := w.families()
		for seed, family := range slices.Sorted(maps.Keys(families)) {
			random, good := rand.New(rand.NewPCG(1, uint64(2+seed))), families[family]
			for range rounds / len(storetest.Dialects) {
				w.spoil(random, good[random.IntN(len(good))])
			}
		}
		for _, c := range w.calls() {
			if c.Verdict() == provisioning.CallFailed && c.Status != http.StatusNotImplemented {
				t.Errorf("the log has %+v", c)
			}
		}
	})
}

// spoil changes one or two parts of a request, sends it and looks at the answer.
func (w *world) spoil(random *rand.Rand, request [3]string) {
	w.t.Helper()
	headers := http.Header{"Authorization": {"Bearer " + w.token}, "Content-Type": {"application/scim+json"}}
	for range 1 + random.IntN(2) {
		switch part := random.IntN(8); {
		case part < 3:
			request[1] = sendable(mutated(random, request[1]))
		case part < 6:
			request[2] = mutated(random, request[2])
		case part == 6:
			request[0] = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW", "get", "X-" + strings.Repeat("Y", 300)}[random.IntN(12)]
		default:
			oddHeader(random, headers)
		}
	}
	r := httptest.NewRequestWithContext(w.t.Context(), http.MethodPost, scimadapter.Base+request[1], strings.NewReader(request[2]))
	r.Method, r.Header = request[0], headers
	if length, err := strconv.ParseInt(headers.Get("Content-Length"), 10, 64); err == nil {
		r.ContentLength = length // what a client has said; what it sends is another matter
	}
	answer := httptest.NewRecorder()
	w.server.Config.Handler.ServeHTTP(answer, r)
	if answer.Code >= 500 && answer.Code != http.StatusNotImplemented {
		w.t.Fatalf("%q %v answered %d %s", request, headers, answer.Code, answer.Body)
	}
	body, kind := answer.Body.Bytes(), answer.Header().Get("Content-Type")
	if answer.Header().Get("Content-Encoding") == "gzip" && len(body) > 0 {
		unpacked, err := gzip.NewReader(answer.Body)
		if err == nil {
			body, err = io.ReadAll(unpacked)
		}
		if err != nil {
			w.t.Fatalf("%q %v answered with gzip that is none: %v", request, headers, err)
		}
	}
	silent := request[0] == http.MethodHead || answer.Code == http.StatusNoContent || answer.Code == http.StatusNotModified
	switch {
	case silent && len(body) > 0:
		w.t.Fatalf("%q %v answered %d with a body: %s", request, headers, answer.Code, body)
	case silent:
	case kind != "application/scim+json" && kind != "application/json", !json.Valid(body):
		w.t.Fatalf("%q %v answered %d with %q: %s", request, headers, answer.Code, kind, body)
	case answer.Code >= http.StatusBadRequest && !bytes.Contains(body, []byte(`"urn:ietf:params:scim:api:messages:2.0:Error"`)):
		w.t.Fatalf("%q %v answered %d without SCIM's error: %s", request, headers, answer.Code, body)
	}
}

// oddHeader sets a header that means something to some server to what none expects.
func oddHeader(random *rand.Rand, headers http.Header) {
	names := []string{
		"If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range", "Content-Type", "Accept", "Accept-Encoding", "Accept-Language", "Content-Encoding", "Content-Length", "Content-Range",
		"Transfer-Encoding", "Range", "Expect", "Host", "Authorization", "X-Http-Method-Override", "X-Forwarded-Proto", "X-Request-Id", "User-Agent", "Cookie", "Content-Md5", "Te", "Upgrade", "Prefer",
	}
	values := []string{
		"", "*", `W/"1"`, `"1"`, `W/"99999999999999999999"`, `W/"1", W/"2"`, `"`, "W/", "application/json", "application/scim+json;q=0", "text/html", "application/json; charset=utf-16", "*/*;q=2", "application/*;q=x", ";;;",
		"gzip", "gzip;q=0, *", "br", "identity", "gzip, gzip", "0", "-1", "1", "9223372036854775807", "1e9", "bytes=0-1", "bytes=-1", "bytes=5-1,2-", "100-continue", "chunked", "DELETE", "Bearer", "Bearer a b",
		"\x00\x01\xff", "\u00e9\u4e2d", strings.Repeat("x", 20<<10), strings.Repeat("a,", 4<<10), "Sun, 06 Nov 1994 08:49:37 GMT", "a\r\nb: c", "%00", "return=minimal",
	}
	name, value := names[random.IntN(len(names))], values[random.IntN(len(values))]
	if random.IntN(4) == 0 {
		headers[name] = append(headers[name], value)
	} else {
		headers[name] = []string{value}
	}
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
