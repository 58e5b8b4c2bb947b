package scimadapter_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/directory"
)

// TestWhatTheServerSaysItCanDoItCan reads /ServiceProviderConfig and tries each thing that it says.
//
// Conformance: S-5-01 S-5-02 C-4-01
func TestWhatTheServerSaysItCanDoItCan(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var ahead atomic.Int64
		w := newWorldAt(t, db, func() time.Time { return db.Now().Add(time.Duration(ahead.Load())) })
		config := w.want(http.StatusOK, "GET", "/ServiceProviderConfig", "")
		if got := fmt.Sprint(config.body["schemas"]); got != "[urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig]" {
			t.Errorf("its schemas are %s", got)
		}
		user := "/Users/" + w.create("zoe@example.com")
		w.create("ada@example.com")
		for what, try := range map[string]func(supported bool, of map[string]any){
			"patch":          func(is bool, _ map[string]any) { w.patches(is, user) },
			"bulk":           w.bulks,
			"filter":         func(is bool, _ map[string]any) { w.filters(is) },
			"changePassword": func(is bool, _ map[string]any) { w.changesPasswords(is, user) },
			"sort":           func(is bool, _ map[string]any) { w.sorts(is) },
			"etag":           func(is bool, _ map[string]any) { w.tags(is, user) },
		} {
			of, _ := config.body[what].(map[string]any)
			is, ok := of["supported"].(bool)
			if !ok {
				t.Errorf("it does not say whether it has %s", what)
			}
			try(is, of)
		}
		w.schemes(config.body["authenticationSchemes"])
		most := config.at("filter", "maxResults").(float64)
		w.pages(config.body["pagination"].(map[string]any), most, func(d time.Duration) { ahead.Add(int64(d)) })
	})
}

func (w *world) patches(is bool, user string) {
	w.t.Helper()
	a := w.do("PATCH", user, ops(`{"op":"replace","path":"title","value":"Director"}`))
	if (a.status == http.StatusOK) != is || a.str("title") != "Director" {
		w.t.Errorf("PATCH answered %s", a.text)
	}
}

func (w *world) bulks(is bool, of map[string]any) {
	w.t.Helper()
	bulk := func(n int, filler string) int {
		one := `{"method":"DELETE","path":"/Users/usr_00000000000000000000000000"}`
		body := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"filler":"` + filler + `","Operations":[` + strings.TrimSuffix(strings.Repeat(one+",", n), ",") + `]}`
		return w.do("POST", "/Bulk", body).status
	}
	if !is {
		if status := bulk(1, ""); status != http.StatusNotImplemented {
			w.t.Errorf("a bulk answered %d", status)
		}
		return
	}
	operations, size := int(of["maxOperations"].(float64)), int(of["maxPayloadSize"].(float64))
	for n, want := range map[int]int{1: http.StatusOK, operations: http.StatusOK, operations + 1: http.StatusRequestEntityTooLarge} {
		if status := bulk(n, ""); status != want {
			w.t.Errorf("a bulk of %d operations answered %d", n, status)
		}
	}
	for filler, want := range map[int]int{size - 1000: http.StatusOK, size: http.StatusRequestEntityTooLarge} {
		if status := bulk(1, strings.Repeat("x", filler)); status != want {
			w.t.Errorf("a bulk of more than %d bytes answered %d", filler, status)
		}
	}
}

func (w *world) filters(is bool) {
	w.t.Helper()
	if a := w.do("GET", filtered("/Users", `userName sw "zo"`), ""); (a.at("totalResults") == 1.0) != is {
		w.t.Errorf("a filter answered %s", a.text)
	}
}

func (w *world) changesPasswords(is bool, user string) {
	w.t.Helper()
	before := w.do("GET", user, "").header.Get("ETag")
	a := w.do("PATCH", user, ops(`{"op":"replace","path":"password","value":"canary-password"}`))
	if changed := w.do("GET", user, "").header.Get("ETag") != before; changed != is || strings.Contains(a.text, "canary") {
		w.t.Errorf("a password answered %s", a.text)
	}
}

func (w *world) sorts(is bool) {
	w.t.Helper()
	var names []string
	for _, one := range w.want(http.StatusOK, "GET", "/Users?sortBy=userName&sortOrder=descending", "").resources() {
		names = append(names, one.(map[string]any)["userName"].(string))
	}
	if sorted := slices.IsSortedFunc(names, func(a, b string) int { return strings.Compare(b, a) }); len(names) < 2 || sorted != is {
		w.t.Errorf("sorted they are %v", names)
	}
}

func (w *world) tags(is bool, user string) {
	w.t.Helper()
	a := w.do("GET", user, "")
	tag := a.header.Get("ETag")
	if (tag != "") != is || tag != a.str("meta", "version") {
		w.t.Errorf("the tag is %q: %s", tag, a.text)
	}
	stale := ops(`{"op":"replace","path":"title","value":"x"}`)
	if a := w.do("PATCH", user, stale, "If-Match", `W/"999"`); (a.status == http.StatusPreconditionFailed) != is {
		w.t.Errorf("a stale version answered %s", a.text)
	}
	if a := w.do("GET", user, "", "If-None-Match", tag); (a.status == http.StatusNotModified) != is {
		w.t.Errorf("a known version answered %d", a.status)
	}
}

// schemes tries every scheme that there is: those that are listed open, the others do not.
func (w *world) schemes(listed any) {
	w.t.Helper()
	var types []string
	all, _ := listed.([]any)
	for _, one := range all {
		o := one.(map[string]any)
		types = append(types, o["type"].(string))
		if o["name"] == "" || o["description"] == "" || o["name"] == nil || o["description"] == nil {
			w.t.Errorf("a scheme is %v", o)
		}
	}
	for scheme, header := range map[string]string{"oauthbearertoken": "Bearer " + w.token, "httpbasic": "Basic dXNlcjpwYXNz", "httpdigest": `Digest username="x"`} {
		a := w.do("GET", "/Users?count=1", "", "Authorization", header)
		if opens := a.status == http.StatusOK; opens != slices.Contains(types, scheme) {
			w.t.Errorf("%s answered %d, and the schemes are %v", scheme, a.status, types)
		}
	}
}

// pages asks for more than a page, and waits with a cursor for too long.
func (w *world) pages(says map[string]any, most float64, wait func(time.Duration)) {
	w.t.Helper()
	number := func(name string) float64 { n, _ := says[name].(float64); return n }
	storetest.Crowd(w.t, w.admin, w.db, w.tenant(), int(most)+10)
	first := w.want(http.StatusOK, "GET", "/Users", "")
	if got := float64(len(first.resources())); got != number("defaultPageSize") || (first.at("startIndex") != nil) != (says["defaultPaginationMethod"] == "index") {
		w.t.Errorf("a page has %v", got)
	}
	all := w.want(http.StatusOK, "GET", "/Users?count=100000", "")
	if got := float64(len(all.resources())); got != number("maxPageSize") || got != most || all.at("itemsPerPage") != got {
		w.t.Errorf("the largest page has %v", got)
	}
	second := w.want(http.StatusOK, "GET", fmt.Sprintf("/Users?startIndex=%v&count=5", most+1), "")
	if indexed := len(second.resources()) == 5; indexed != (says["index"] == true) {
		w.t.Errorf("by index, the rest is %s", second.text)
	}
	walk := w.want(http.StatusOK, "GET", "/Users?cursor&count=5", "")
	next := walk.str("nextCursor")
	if (next != "") != (says["cursor"] == true) {
		w.t.Errorf("by cursor, the beginning is %s", walk.text)
	}
	life := time.Duration(number("cursorTimeout")) * time.Second
	on := "/Users?count=5&cursor=" + url.QueryEscape(next)
	wait(life - time.Minute)
	w.want(http.StatusOK, "GET", on, "")
	wait(2 * time.Minute)
	if late := w.want(http.StatusBadRequest, "GET", on, ""); late.str("scimType") != "expiredCursor" {
		w.t.Errorf("a cursor after its life answered %s", late.text)
	}
}

// TestWhatDiscoverySaysOfGroupsIsSo probes each claim about the attributes of groups.
//
// Conformance: S-4.2-01 S-4.2-03 S-2.3-06 S-2.4-06
func TestWhatDiscoverySaysOfGroupsIsSo(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ada, bob := w.create("ada@example.com"), w.create("bob@example.com")
		known := map[string]*described{}
		for _, a := range w.schemas()[directory.GroupURN].Attributes {
			for _, a := range append([]*described{a}, a.SubAttributes...) {
				known[a.local()] = a
			}
		}
		name := known["displayName"]
		made := w.want(http.StatusCreated, "POST", "/Groups", fmt.Sprintf(`{"displayName":"Sales","members":[{"$ref":"../Users/%s","display":"Somebody Else"}]}`, ada))
		at := "/Groups/" + made.str("id")
		for _, body := range []string{`{}`, `{"displayName":""}`, `{"displayName":null}`, `{"displayName":7}`} {
			if a := w.do("POST", "/Groups", body); name.Required && (a.status != http.StatusBadRequest || a.str("scimType") != "invalidValue") {
				t.Errorf("%s answered %s", body, a.text)
			}
		}
		for text, same := range map[string]bool{"Sales": true, "sALES": !name.CaseExact} {
			if a := w.do("POST", "/Groups", `{"displayName":"`+text+`"}`); (a.status == http.StatusConflict) != (same && name.Uniqueness == "server") {
				t.Errorf("a second %s answered %s", text, a.text)
			}
		}
		w.want(http.StatusOK, "PATCH", at+"?attributes=displayName", ops(`{"op":"replace","path":"displayName","value":"Sellers"}`))
		for spelling, a := range map[string]*described{"members": known["members"], "displayName": name} {
			if got := w.do("GET", at, "").body[spelling] != nil; got != (a.Returned == "default") {
				t.Errorf("whether %s is returned: %v", spelling, got)
			}
			if w.do("GET", at+"?excludedAttributes="+spelling, "").body[spelling] != nil {
				t.Errorf("%s is there though it was not wanted", spelling)
			}
		}
		member := w.do("GET", at, "").body["members"].([]any)[0].(map[string]any)
		if member["display"] == "Somebody Else" {
			t.Error("the display of a member was written")
		}
		for _, part := range []string{"value", "type", "$ref"} {
			a := w.do("PATCH", at, ops(fmt.Sprintf(`{"op":"replace","path":"members[value eq \"%s\"].%s","value":"%s"}`, ada, part, bob)))
			if known["members."+part].Mutability != "immutable" || a.status != http.StatusBadRequest || a.str("scimType") != "mutability" {
				t.Errorf("a change of %s answered %d %s", part, a.status, a.text)
			}
		}
		p := &prober{world: w}
		for _, path := range []string{"displayName", "members.value", "members.$ref", "members.type", "members.display"} {
			if p.a = known[path]; strings.HasPrefix(path, "members.") {
				p.askBoth("/Groups", made.str("id"), member[p.a.Name].(string))
			} else {
				p.askBoth("/Groups", made.str("id"), "Sellers")
			}
		}
		w.want(http.StatusNoContent, "PATCH", at, ops(fmt.Sprintf(`{"op":"remove","path":"members[value eq \"%s\"]"}`, strings.ToUpper(ada))))
		if left := w.do("GET", at, "").body["members"]; len(left.([]any)) != 0 {
			t.Errorf("left are %v", left)
		}
		for _, ref := range []string{bob, "/v2/Users/" + bob, "/Users/" + bob, w.server.URL + "/scim/v2/Users/" + bob, "https://elsewhere.example/Users/" + bob} {
			a := w.do("PATCH", at+"?attributes=members", ops(fmt.Sprintf(`{"op":"add","path":"members","value":[{"$ref":%q}]}`, ref)))
			if leads := strings.Contains(ref, "/") && !strings.Contains(ref, "elsewhere"); (a.status == http.StatusOK) != leads {
				t.Errorf("a member at %s answered %d %s", ref, a.status, a.text)
			}
		}
		if left := w.do("GET", at, "").body["members"]; len(left.([]any)) != 1 {
			t.Errorf("one person became the members %v", left)
		}
	})
}

// TestWhatDiscoverySaysOfSeatsAndLicensesIsSo looks at what nobody can write: the licenses, and how somebody stands with them.
func TestWhatDiscoverySaysOfSeatsAndLicensesIsSo(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		newWorld(t, db).probeSeats("request")
		newWorld(t, db, showSeats).probeSeats("default")
	})
}

func (w *world) probeSeats(returned string) {
	t := w.t
	t.Helper()
	license := w.license("Sales Navigator", 5)
	w.autoAssign(license.ID)
	at := "/Users/" + w.create("ada@example.com")
	known := w.schemas()
	for _, a := range known[seatURN].Attributes {
		if a.Returned != returned {
			t.Errorf("%s, where seats are returned %s", a.line(), returned)
		}
		for _, path := range []string{"", "?attributes=" + seatURN, "?attributes=" + seatURN + ":" + a.Name, "?attributes=userName"} {
			got := a.in(w.want(http.StatusOK, "GET", at+path, "").text)
			if want := strings.Contains(path, seatURN) || path == "" && a.Returned == "default"; (got != nil) != want {
				t.Errorf("%s with %q: %v, want %v", a.line(), path, got, want)
			}
		}
		for _, sub := range a.SubAttributes {
			if a := w.do("PATCH", at, ops(fmt.Sprintf(`{"op":"replace","path":"%s:%s[sku pr].%s","value":"x"}`, seatURN, a.Name, sub.Name))); sub.Mutability != "readOnly" || a.str("scimType") != "mutability" {
				t.Errorf("%s: a change answered %s", sub.line(), a.text)
			}
		}
	}
	listed := w.want(http.StatusOK, "GET", "/Licenses", "").resources()[0].(map[string]any)
	for _, a := range known["urn:okta:scim:schemas:core:1.0:Entitlement"].Attributes {
		if a.Mutability != "readOnly" || a.inside(listed) == nil {
			t.Errorf("%s: the license is %v", a.line(), listed)
		}
	}
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
		w.want(http.StatusMethodNotAllowed, method, "/Licenses/"+listed["id"].(string), "{}")
	}
}
