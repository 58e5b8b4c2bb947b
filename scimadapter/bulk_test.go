package scimadapter_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/provisioning"
	"github.com/usherhq/usher/scimadapter"
)

const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

// bulk is a bulk's message. more are members besides the operations, each with a comma behind it.
func bulk(more string, operations ...string) string {
	return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],` + more + `"Operations":[` + strings.Join(operations, ",") + `]}`
}

func bulkUser(bulkID, userName string) string {
	return `{"method":"POST","path":"/Users","bulkId":"` + bulkID + `","data":{"userName":"` + userName + `"}}`
}

// done is how the operations of a bulk ended.
func (a answer) done() (all []map[string]any) {
	operations, _ := a.at("Operations").([]any)
	for _, one := range operations {
		o, _ := one.(map[string]any)
		all = append(all, o)
	}
	return all
}

func (a answer) statuses() (all []string) {
	for _, o := range a.done() {
		status, _ := o["status"].(string)
		all = append(all, status)
	}
	return all
}

// made returns the id of what an operation has made.
func (a answer) made(t *testing.T, at int) string {
	t.Helper()
	location, _ := a.done()[at]["location"].(string)
	if location == "" {
		t.Fatalf("operation %d made nothing: %s", at, a.text)
	}
	return location[strings.LastIndexByte(location, '/')+1:]
}

func (w *world) bulk(more string, operations ...string) answer {
	w.t.Helper()
	return w.want(http.StatusOK, "POST", "/Bulk", bulk(more, operations...))
}

// members returns who is in a group, in the order of their ids.
func (w *world) members(group string) (ids []string) {
	w.t.Helper()
	all, _ := w.want(http.StatusOK, "GET", "/Groups/"+group, "").at("members").([]any)
	for _, one := range all {
		ids = append(ids, one.(map[string]any)["value"].(string))
	}
	slices.Sort(ids)
	return ids
}

// TestABulkTellsOfEachOperation
//
// Conformance: P-3.7-02 P-3.7-04 P-3.7-05 P-3.7.3-01 P-3.7.3-02 P-3.1-01
func TestABulkTellsOfEachOperation(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		user := "/Users/" + w.create("ada@example.com")
		group := "/Groups/" + w.want(http.StatusCreated, "POST", "/Groups", `{"displayName":"Sales"}`).str("id")
		gone := "/Users/" + w.create("gone@example.com")
		a := w.bulk("",
			bulkUser("1", "bo@example.com"),
			bulkUser("2", "ADA@example.com"),
			`{"method":"PUT","path":"`+user+`","version":"W/\"1\"","data":{"userName":"ada@example.com","title":"Lead"}}`,
			`{"method":"patch","path":"`+user+`","version":"W/\"1\"","data":{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"title","value":"x"}]}}`,
			`{"method":"Patch","path":"`+user+`","version":"W/\"2\"","data":[{"op":"replace","path":"title","value":"Chief"}]}`,
			`{"method":"PATCH","path":"`+group+`","data":{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"displayName","value":"Sellers"}]}}`,
			`{"method":"PATCH","path":"`+group+`","data":{"Operations":[]}}`,
			`{"method":"DELETE","path":"`+gone+`","version":"W/\"9\""}`,
			`{"method":"DELETE","path":"`+gone+`"}`,
			`{"method":"DELETE","path":"`+gone+`"}`,
		)
		if want := []string{"201", "409", "200", "412", "200", "204", "400", "412", "204", "404"}; !slices.Equal(a.statuses(), want) {
			t.Fatalf("the operations ended as %v, want %v: %s", a.statuses(), want, a.text)
		}
		base := w.server.URL + scimadapter.Base
		for i, want := range []struct{ method, bulkID, location, version, scimType string }{
			{"POST", "1", base + "/Users/" + a.made(t, 0), `W/"1"`, ""},
			{"POST", "2", "", "", "uniqueness"},
			{"PUT", "", base + user, `W/"2"`, ""},
			{"PATCH", "", base + user, "", ""},
			{"PATCH", "", base + user, `W/"3"`, ""},
			{"PATCH", "", base + group, `W/"2"`, ""},
			{"PATCH", "", base + group, "", "invalidSyntax"},
			{"DELETE", "", base + gone, "", ""},
			{"DELETE", "", base + gone, "", ""},
			{"DELETE", "", base + gone, "", ""},
		} {
			o := a.done()[i]
			response, failed := o["response"].(map[string]any)
			is := func(name, want string) bool { got, _ := o[name].(string); return got == want }
			if !is("method", want.method) || !is("bulkId", want.bulkID) || !is("location", want.location) || !is("version", want.version) {
				t.Errorf("operation %d is %v, want %v", i, o, want)
			}
			status, _ := strconv.Atoi(o["status"].(string))
			if failed != (status >= 400) || failed && (response["status"] != o["status"] || response["detail"] == "" || want.scimType != "" && response["scimType"] != want.scimType) {
				t.Errorf("operation %d failed with %v, want %v", i, o, want)
			}
		}
		if schemas, _ := a.at("schemas").([]any); len(schemas) != 1 || schemas[0] != "urn:ietf:params:scim:api:messages:2.0:BulkResponse" {
			t.Errorf("the answer is %s", a.text)
		}
		if u := w.want(http.StatusOK, "GET", user, ""); u.str("title") != "Chief" {
			t.Errorf("she is %s", u.text)
		}
	})
}

// TestABulkStopsAfterAsManyErrorsAsItSays
//
// Conformance: P-3.7-03
func TestABulkStopsAfterAsManyErrorsAsItSays(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		for _, c := range []struct {
			stop string
			want int // operations that are done
		}{{"", 6}, {`"failOnErrors":null,`, 6}, {`"failOnErrors":1,`, 2}, {`"failOnErrors":2,`, 4}, {`"failOnErrors":3,`, 6}, {`"FailOnErrors":4,`, 6}} {
			name := strconv.Itoa(c.want) + c.stop[:min(len(c.stop), 1)] + strconv.Itoa(len(c.stop))
			name = strings.ReplaceAll(name, `"`, "q") + strings.Trim(c.stop[max(0, len(c.stop)-2):], ",")
			bad := `{"method":"DELETE","path":"/Users/nobody"}`
			a := w.bulk(c.stop, bulkUser("1", name+"a"), bad, bulkUser("2", name+"b"), bad, bulkUser("3", name+"c"), bad)
			if len(a.done()) != c.want {
				t.Errorf("%s did %s", c.stop, a.text)
			}
			for i, user := range []string{"a", "b", "c"} {
				found := w.want(http.StatusOK, "GET", filtered("/Users", `userName eq "`+name+user+`"`), "")
				if applied := found.at("totalResults") == 1.0; applied != (c.want > 2*i) {
					t.Errorf("%s: %s is there: %v", c.stop, user, applied)
				}
			}
		}
		for _, stop := range []string{"0", "-1", "1.5", "1e1", `"1"`, "true", "[]", "99999999999999999999"} {
			a := w.want(http.StatusBadRequest, "POST", "/Bulk", bulk(`"failOnErrors":`+stop+`,`, bulkUser("1", "nobody@example.com")))
			if a.str("scimType") != "invalidValue" {
				t.Errorf("failOnErrors %s is refused as %s", stop, a.text)
			}
		}
		if a := w.want(http.StatusOK, "GET", filtered("/Users", `userName eq "nobody@example.com"`), ""); a.at("totalResults") != 0.0 {
			t.Errorf("a refused bulk has made %s", a.text)
		}
	})
}

// TestReferencesWithinABulk refers backward, forward and in circles, from every place where an id can stand.
//
// Conformance: P-3.7.1-01 P-3.7.1-02
func TestReferencesWithinABulk(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for _, settings := range [][]func(*provisioning.NewConfig){nil, {strict}} {
			w := newWorld(t, db, settings...)
			const user, group = `["urn:ietf:params:scim:schemas:core:2.0:User","` + enterprise + `"]`, `["urn:ietf:params:scim:schemas:core:2.0:Group"]`
			people := func(bulkID, userName, more string) string {
				return `{"method":"POST","path":"/Users","bulkId":"` + bulkID + `","data":{"schemas":` + user + `,"userName":"` + userName + `"` + more + `}}`
			}
			groups := func(bulkID, name, members string) string {
				return `{"method":"POST","path":"/Groups","bulkId":"` + bulkID + `","data":{"schemas":` + group + `,"displayName":"` + name + `","members":[` + members + `]}}`
			}
			a := w.bulk("",
				groups("forward", "Forward", `{"value":"bulkId:ada"},{"$ref":"../Users/bulkId:bo"},{"value":"bulkId:inner","type":"Group"}`),
				people("ada", "ada@example.com", `,"`+enterprise+`":{"manager":{"value":"bulkId:bo"}}`),
				people("bo", "bo@example.com", `,"`+enterprise+`":{"manager":"bulkId:bo"}`),
				groups("backward", "Backward", `{"value":"bulkId:ada"},{"value":"bulkId:bo"}`),
				groups("inner", "Inner", ``),
				groups("a", "A", `{"value":"bulkId:b"},{"value":"bulkId:ada"}`),
				groups("b", "B", `{"value":"bulkId:a"},{"value":"bulkId:c"}`),
				groups("c", "C", `{"value":"bulkId:a"},{"value":"bulkId:late"},{"value":"bulkId:bo"}`),
				`{"method":"PATCH","path":"/Groups/bulkId:inner","data":[{"op":"add","path":"members","value":[{"value":"bulkId:late"},{"value":"bulkId:ada"}]}]}`,
				`{"method":"PATCH","path":"/Groups/bulkId:backward","data":[{"op":"remove","path":"members[value eq \"bulkId:bo\"]"}]}`,
				people("late", "late@example.com", ``),
				`{"method":"PATCH","path":"/Users/bulkId:late","data":[{"op":"replace","path":"`+enterprise+`:manager","value":{"value":"bulkId:ada"}}]}`,
				`{"method":"PUT","path":"/Groups/bulkId:b","version":"W/\"2\"","data":{"schemas":`+group+`,"displayName":"B again","members":[{"value":"bulkId:bo"}]}}`,
				`{"method":"DELETE","path":"/Groups/bulkId:forward"}`,
				people("x", "x@example.com", `,"`+enterprise+`":{"manager":{"value":"bulkId:y"},"department":"Sales"}`),
				people("y", "y@example.com", `,"`+enterprise+`":{"manager":{"$ref":"/Users/bulkId:x"}}`),
			)
			for i, o := range a.done() {
				if len(o["status"].(string)) != 3 || o["status"].(string)[0] != '2' {
					t.Fatalf("operation %d is %v", i, o)
				}
			}
			ada, bo, backward, inner, late := a.made(t, 1), a.made(t, 2), a.made(t, 3), a.made(t, 4), a.made(t, 10)
			ga, gb, gc, x, y := a.made(t, 5), a.made(t, 6), a.made(t, 7), a.made(t, 14), a.made(t, 15)
			for group, want := range map[string][]string{backward: {ada}, inner: {ada, late}, ga: {gb, ada}, gb: {bo}, gc: {ga, late, bo}} {
				slices.Sort(want)
				if got := w.members(group); !slices.Equal(got, want) {
					t.Errorf("in %s are %v, want %v", group, got, want)
				}
			}
			for of, manager := range map[string]string{ada: bo, bo: bo, late: ada, x: y, y: x} {
				if got := w.want(http.StatusOK, "GET", "/Users/"+of, ""); got.str(enterprise, "manager", "value") != manager {
					t.Errorf("the manager of %s is %s, want %s", of, got.text, manager)
				}
			}
			if got := w.want(http.StatusOK, "GET", "/Users/"+x, ""); got.str(enterprise, "department") != "Sales" {
				t.Errorf("she has lost something: %s", got.text)
			}
		}
	})
}

// TestWhatRefersToNothingFails
//
// Conformance: P-3.7-04 P-3.7.1-03
func TestWhatRefersToNothingFails(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.create("taken@example.com")
		groups := func(bulkID, members string) string {
			return `{"method":"POST","path":"/Groups","bulkId":"` + bulkID + `","data":{"displayName":"` + bulkID + `","members":[` + members + `]}}`
		}
		a := w.bulk("",
			groups("unknown", `{"value":"bulkId:nobody"}`),
			groups("before", `{"value":"bulkId:taken"}`),
			bulkUser("taken", "taken@example.com"),
			groups("after", `{"value":"bulkId:taken"}`),
			groups("chained", `{"value":"bulkId:after"}`),
			`{"method":"PATCH","path":"/Users/bulkId:taken","data":[{"op":"replace","path":"title","value":"x"}]}`,
			`{"method":"DELETE","path":"/Users/bulkId:nobody"}`,
			bulkUser("twice", "first@example.com"),
			bulkUser("twice", "second@example.com"),
			groups("one", `{"value":"bulkId:two"}`),
			groups("two", `{"value":"bulkId:three"},{"value":"bulkId:taken"}`),
			groups("three", `{"value":"bulkId:one"}`),
			groups("twice", ""),
			bulkUser("well", "well@example.com"),
		)
		want := []string{"400", "409", "409", "409", "409", "409", "400", "201", "400", "409", "409", "409", "400", "201"}
		if !slices.Equal(a.statuses(), want) {
			t.Fatalf("the operations ended as %v, want %v: %s", a.statuses(), want, a.text)
		}
		for i, scimType := range map[int]any{0: "invalidValue", 1: nil, 2: "uniqueness", 6: "invalidValue", 8: "invalidSyntax", 12: "invalidSyntax"} {
			if response, _ := a.done()[i]["response"].(map[string]any); response["scimType"] != scimType || response["detail"] == "" {
				t.Errorf("operation %d failed with %v, want %v", i, response, scimType)
			}
		}
		if all := w.want(http.StatusOK, "GET", "/Groups", ""); all.at("totalResults") != 0.0 {
			t.Errorf("what failed has left %s", all.text)
		}
		if all := w.want(http.StatusOK, "GET", "/Users", ""); all.at("totalResults") != 3.0 {
			t.Errorf("there are %s", all.text)
		}
	})
}

// TestWhatIsWrongWithOneOperationIsItsOwn
//
// Conformance: P-3.7-01 P-3.7-07 P-3.1-01
func TestWhatIsWrongWithOneOperationIsItsOwn(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, other := newWorld(t, db), newWorld(t, db)
		foreign := other.create("canary@example.com")
		user := "/Users/" + w.create("ada@example.com")
		patch := `"data":[{"op":"replace","path":"title","value":"x"}]`
		type bad struct{ operation, status, scimType string }
		wrong := []bad{
			{`7`, "400", "invalidSyntax"},
			{`null`, "400", "invalidSyntax"},
			{`{}`, "400", "invalidSyntax"},
			{`{"path":"/Users","bulkId":"a","data":{"userName":"x"}}`, "400", "invalidSyntax"},
			{`{"method":"GET","path":"` + user + `"}`, "400", "invalidSyntax"},
			{`{"method":"JUMP","path":"` + user + `"}`, "400", "invalidSyntax"},
			{`{"method":7,"path":"` + user + `"}`, "400", "invalidSyntax"},
			{`{"method":"POST","bulkId":"b","data":{"userName":"x"}}`, "400", "invalidSyntax"},
			{`{"method":"POST","path":"/Users","data":{"userName":"x"}}`, "400", "invalidSyntax"},
			{`{"method":"POST","path":"/Users","bulkId":"","data":{"userName":"x"}}`, "400", "invalidSyntax"},
			{`{"method":"POST","path":"/Users","bulkId":5,"data":{"userName":"x"}}`, "400", "invalidSyntax"},
			{`{"method":"POST","path":"/Users","bulkId":"c"}`, "400", "invalidSyntax"},
			{`{"method":"POST","path":"/Users","bulkId":"d","data":"x"}`, "400", "invalidSyntax"},
			{`{"method":"POST","path":"/Users","bulkId":"d","data":[{"userName":"x"}]}`, "400", "invalidSyntax"},
			{`{"method":"PUT","path":"` + user + `"}`, "400", "invalidSyntax"},
			{`{"method":"PATCH","path":"` + user + `"}`, "400", "invalidSyntax"},
			{`{"method":"PATCH","path":"` + user + `","data":{"Operations":[{"op":"remove","path":"title"}]}}`, "400", "invalidSyntax"},
			{`{"method":"PATCH","path":"` + user + `","version":3,` + patch + `}`, "400", "invalidSyntax"},
			{`{"method":"PATCH","path":"` + user + `","version":"3",` + patch + `}`, "412", ""},
			{`{"method":"POST","path":"` + user + `","bulkId":"e","data":{"userName":"x"}}`, "405", ""},
			{`{"method":"DELETE","path":"/Users"}`, "405", ""},
			{`{"method":"POST","path":"/Schemas","bulkId":"f","data":{}}`, "405", ""},
			{`{"method":"POST","path":"/Nothing","bulkId":"g","data":{}}`, "404", ""},
			{`{"method":"DELETE","path":"/Users/` + foreign + `"}`, "404", ""},
			{`{"method":"PATCH","path":"/Users/` + foreign + `",` + patch + `}`, "404", ""},
		}
		id := strings.TrimPrefix(user, "/Users/")
		for _, path := range []string{
			"http://example.com/scim/v2" + user, w.server.URL + scimadapter.Base + user, "//example.com" + user, "/../v2" + user, "/Users/../Users/" + id,
			"/Users/./" + id, "/Users//" + id, "/Users/%75sr_1", "/Users%2f" + id, `/Users\\` + id, "/Users/" + id + "?attributes=id", "/Users/" + id + "#x",
			"/Bulk", "/bulk", "/.search", "/Users/.search", "/Me", "/me", "/Users/" + id + "/", "/Users/" + id + "/x", "/ Users", "/Users/" + strings.Repeat("x", 600),
			"/Users;x/" + id,
		} {
			wrong = append(wrong, bad{`{"method":"DELETE","path":"` + path + `"}`, "400", "invalidPath"},
				bad{`{"method":"POST","path":"` + path + `","bulkId":"` + strconv.Itoa(len(wrong)) + `","data":{"userName":"x","displayName":"x"}}`, "400", "invalidPath"})
		}
		var operations []string
		for _, c := range wrong {
			operations = append(operations, c.operation)
		}
		a := w.bulk("", append(operations, bulkUser("well", "well@example.com"))...)
		if len(a.done()) != len(wrong)+1 || a.statuses()[len(wrong)] != "201" {
			t.Fatalf("%d operations ended as %s", len(wrong)+1, a.text)
		}
		for i, c := range wrong {
			o := a.done()[i]
			response, _ := o["response"].(map[string]any)
			scimType, _ := response["scimType"].(string)
			if o["status"] != c.status || scimType != c.scimType || response["status"] != c.status || response["detail"] == "" {
				t.Errorf("%.120s ended as %v, want %s %s", c.operation, o, c.status, c.scimType)
			}
		}
		for _, body := range []string{
			`{}`, `{"Operations":[]}`, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` + bulkUser("1", "x") + `]}`,
			bulk("", ""), `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"]}`,
			`{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":{}}`, `[]`, `{`,
		} {
			if a := w.do("POST", "/Bulk", body); a.status != http.StatusBadRequest || a.str("scimType") != "invalidSyntax" {
				t.Errorf("%s answered %d %s", body, a.status, a.text)
			}
		}
		w.want(http.StatusOK, "POST", "/Bulk", strings.Replace(bulk("", bulkUser("1", "upper@example.com")), "BulkRequest", "BULKREQUEST", 1))
		if before := w.want(http.StatusOK, "GET", user, ""); before.str("meta", "version") != `W/"1"` {
			t.Errorf("nonsense has changed somebody: %s", before.text)
		}
		other.want(http.StatusOK, "GET", "/Users/"+foreign, "")
		refusal(t, "GET", w.raw("GET", "/Bulk", ""), http.StatusMethodNotAllowed)
		refusal(t, "a reader", w.raw("POST", "/Bulk", bulk("", bulkUser("1", "x")), "Authorization", "Bearer x"), http.StatusBadRequest)
		w.want(http.StatusForbidden, "POST", "/Bulk", bulk("", bulkUser("1", "x")), "Authorization", "Bearer "+w.issue(w.config.ID, "scim:read"))
	})
}

// TestABulkHasItsBounds
//
// Conformance: P-3.7.4-01
func TestABulkHasItsBounds(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		config := w.want(http.StatusOK, "GET", "/ServiceProviderConfig", "")
		most, size := int(config.at("bulk", "maxOperations").(float64)), int(config.at("bulk", "maxPayloadSize").(float64))
		if config.at("bulk", "supported") != true || most != 1000 || size != 4<<20 {
			t.Fatalf("bulk is %v", config.at("bulk"))
		}
		many := func(n int) []string {
			all := make([]string, n)
			for i := range all {
				all[i] = `{"method":"DELETE","path":"/Users/nobody"}`
			}
			return all
		}
		if a := w.bulk("", many(most)...); len(a.done()) != most {
			t.Errorf("%d operations got %d outcomes", most, len(a.done()))
		}
		if a := w.want(http.StatusRequestEntityTooLarge, "POST", "/Bulk", bulk("", many(most+1)...)); !strings.Contains(a.str("detail"), "maxOperations") || !strings.Contains(a.str("detail"), "1000") {
			t.Errorf("too many operations are refused with %s", a.text)
		}
		for _, c := range []struct{ size, status int }{{size, http.StatusOK}, {size + 1, http.StatusRequestEntityTooLarge}} {
			body := bulk("", many(1)...)
			body = strings.Replace(body, `"Operations"`, strings.Repeat(" ", c.size-len(body))+`"Operations"`, 1)
			if a := w.want(c.status, "POST", "/Bulk", body); c.status != http.StatusOK && (!strings.Contains(a.str("detail"), "maxPayloadSize") || !strings.Contains(a.str("detail"), strconv.Itoa(size))) {
				t.Errorf("a large body is refused with %s", a.text)
			}
		}
		for _, said := range []int64{-1, int64(size) + 1, 7} {
			body := &endless{}
			r := httptest.NewRequestWithContext(t.Context(), "POST", scimadapter.Base+"/Bulk", body)
			r.ContentLength = said
			r.Header.Set("Authorization", "Bearer "+w.token)
			recorded := httptest.NewRecorder()
			w.server.Config.Handler.ServeHTTP(recorded, r)
			refusal(t, fmt.Sprintf("a body that says %d", said), recorded, http.StatusRequestEntityTooLarge)
			if body.read > int64(size)+64<<10 || said > int64(size) && body.read > 0 {
				t.Errorf("of a body that says %d, %d bytes were read", said, body.read)
			}
		}
	})
}
