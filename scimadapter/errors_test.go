package scimadapter_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/provisioning"
	"github.com/usherhq/usher/scimadapter"
)

// keywords are those of RFC 7644 table 9 and of RFC 9865 section 2.1, each with its status.
var keywords = map[string]int{
	"invalidFilter": 400, "tooMany": 400, "uniqueness": 409, "mutability": 400, "invalidSyntax": 400, "invalidPath": 400, "noTarget": 400, "invalidValue": 400,
	"invalidVers": 400, "sensitive": 403, "invalidCursor": 400, "expiredCursor": 400, "invalidCount": 400,
}

// refusesWell fails the test where an answer of 400 and more is no error of SCIM's, or has a keyword that does not belong there. It
// looks at the answers to every request of every test here.
func (w *world) refusesWell(what string, a answer) {
	w.t.Helper()
	kind := a.str("scimType")
	if a.status < 400 {
		return
	}
	if schemas, _ := a.at("schemas").([]any); len(schemas) != 1 || schemas[0] != "urn:ietf:params:scim:api:messages:2.0:Error" ||
		a.at("status") != strconv.Itoa(a.status) || a.str("detail") == "" || kind != "" && keywords[kind] != a.status {
		w.t.Errorf("%s was refused with %d %s", what, a.status, a.text)
	}
}

// failing is a database that has accidents with reads of memberships when it is told to.
func failing(t *testing.T, dialect string) (db *store.DB, fails *atomic.Bool) {
	t.Helper()
	fails = &atomic.Bool{}
	return storetest.Open(t, dialect, func(o *store.Options) {
		o.Watch = func(statement string) {
			if fails.Load() && strings.Contains(statement, "memberships") {
				panic("planted")
			}
		}
	}), fails
}

// TestEachStatusHasItsPlace has every status come that there is, and none that redirects.
//
// Conformance: P-3.12-02
func TestEachStatusHasItsPlace(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			db, fails := failing(t, dialect)
			now := startOfTalk
			w := newWorldAt(t, db, func() time.Time { return now })
			user := "/Users/" + w.create("ada@example.com")
			w.create("bo@example.com")
			tag := w.want(http.StatusOK, "GET", user, "").header.Get("ETag")
			reader := w.issue(w.config.ID, caller.ScopeSCIMRead)
			paused, err := w.provisioning.CreateConfig(w.admin, provisioning.NewConfig{Name: "Paused"})
			if err != nil {
				t.Fatal(err)
			}
			resting := w.issue(paused.ID, caller.ScopeSCIM)
			if _, err := w.provisioning.PauseConfig(w.admin, paused.ID); err != nil {
				t.Fatal(err)
			}
			title := ops(`{"op":"replace","path":"title","value":"Lead"}`)
			seen := map[int]bool{}
			for _, c := range []struct {
				status             int
				method, path, body string
				headers            []string
			}{
				{200, "GET", user, "", nil},
				{201, "POST", "/Users", oktaUser, nil},
				{204, "DELETE", "/Groups/" + w.group("Sales", ""), "", nil},
				{304, "GET", user, "", []string{"If-None-Match", tag}},
				{400, "POST", "/Users", "{", nil},
				{401, "GET", user, "", []string{"Authorization", "Bearer nonsense"}},
				{403, "PATCH", user, title, []string{"Authorization", reader}},
				{404, "GET", "/Users/nobody", "", nil},
				{405, "POST", user, "{}", nil},
				{406, "GET", user, "", []string{"Accept", "text/html"}},
				{409, "PATCH", user, ops(`{"op":"replace","path":"userName","value":"bo@example.com"}`), nil},
				{412, "PATCH", user, title, []string{"If-Match", `W/"77"`}},
				{413, "PATCH", user, ops(strings.TrimSuffix(strings.Repeat(`{"op":"remove","path":"title"},`, 1001), ",")), nil},
				{414, "GET", "/Users?filter=" + strings.Repeat("x", 26<<10), "", nil},
				{415, "POST", "/Users", oktaUser, []string{"Content-Type", "text/plain"}},
				{431, "GET", user, "", []string{"Cookie", strings.Repeat("x", 17<<10)}},
				{501, "GET", "/Me", "", nil},
				{503, "GET", user, "", []string{"Authorization", resting}},
			} {
				a := w.raw(c.method, c.path, c.body, without(c.headers, "Authorization")...)
				if slices.Contains(c.headers, "Authorization") {
					a = w.as(c.headers[1], c.method, c.path, c.body)
				}
				if seen[a.Code] = true; a.Code != c.status {
					t.Errorf("%s %.60s answered %d %s, want %d", c.method, c.path, a.Code, a.Body, c.status)
				}
				if a.Code >= 400 {
					refusal(t, c.method+" "+c.path, a, c.status)
				}
			}
			w.server = httptest.NewServer(scimadapter.New(scimadapter.Options{
				Provisioning: w.provisioning, Directory: w.directory, Seats: w.seats, Access: w.access, Clock: func() time.Time { return now }, Rate: 1,
			}))
			t.Cleanup(w.server.Close)
			for range 1000 {
				if a := w.raw("GET", user, ""); a.Code != http.StatusOK {
					refusal(t, "too much", a, http.StatusTooManyRequests)
					break
				}
			}
			now = now.Add(time.Minute)
			fails.Store(true)
			refusal(t, "an accident", w.raw("GET", "/Users", ""), http.StatusInternalServerError)
			fails.Store(false)
			for status := range seen {
				if status >= 300 && status < 400 && status != http.StatusNotModified {
					t.Errorf("somebody is sent elsewhere with %d", status)
				}
			}
		})
	}
}

// as sends a request with another token, or another header.
func (w *world) as(token, method, path, body string) *httptest.ResponseRecorder {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), method, scimadapter.Base+path, strings.NewReader(body))
	r.Header.Set("Authorization", token)
	recorded := httptest.NewRecorder()
	w.server.Config.Handler.ServeHTTP(recorded, r)
	return recorded
}

func without(headers []string, name string) []string {
	if len(headers) > 0 && headers[0] == name {
		return nil
	}
	return headers
}

// TestEachKeywordHasItsPlace has every keyword come but tooMany, which takes a tenant as large as the directory's own test has, and
// sensitive, which nothing here is. refusesWell looks that no other comes in any test.
//
// Conformance: P-3.12-03
func TestEachKeywordHasItsPlace(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var ahead atomic.Int64
		w := newWorldAt(t, db, func() time.Time { return clock.System()().Add(time.Duration(ahead.Load())) })
		user, group := "/Users/"+w.create("ada@example.com"), "/Groups/"+w.group("Sales", "")
		w.create("bo@example.com")
		next := url.QueryEscape(w.want(http.StatusOK, "GET", "/Users?cursor=&count=1", "").str("nextCursor"))
		seen := map[string]bool{}
		for _, c := range []struct{ kind, method, path, body string }{
			{"invalidFilter", "GET", filtered("/Users", `userName like "a"`), ""},
			{"invalidFilter", "GET", filtered("/Users", `active gt true`), ""},
			{"invalidFilter", "GET", filtered("/Users", `shoeSize eq 7`), ""},
			{"invalidFilter", "PATCH", user, ops(`{"op":"remove","path":"emails[type eq]"}`)},
			{"uniqueness", "POST", "/Users", `{"userName":"ADA@example.com"}`},
			{"uniqueness", "PUT", user, `{"userName":"bo@example.com"}`},
			{"uniqueness", "POST", "/Groups", `{"displayName":"sales"}`},
			{"mutability", "PATCH", user, ops(`{"op":"replace","path":"id","value":"x"}`)},
			{"mutability", "PATCH", group, ops(`{"op":"remove","path":"displayName"}`)},
			{"invalidSyntax", "POST", "/Users", `{"userName":`},
			{"invalidSyntax", "PATCH", user, `{"Operations":[]}`},
			{"invalidSyntax", "POST", "/Users/.search", `{}`},
			{"invalidSyntax", "POST", "/Bulk", `{}`},
			{"invalidSyntax", "POST", "/Users", `{"userName":"a","USERNAME":"b"}`},
			{"invalidPath", "PATCH", user, ops(`{"op":"replace","path":"shoe size","value":"x"}`)},
			{"invalidPath", "PATCH", user, ops(`{"op":"replace","path":"shoeSize","value":"x"}`)},
			{"noTarget", "PATCH", user, ops(`{"op":"remove"}`)},
			{"noTarget", "PATCH", user, ops(`{"op":"replace","path":"emails[value sw \"x\"]","value":{"value":"y"}}`)},
			{"invalidValue", "POST", "/Users", `{"userName":7}`},
			{"invalidValue", "POST", "/Users", `{}`},
			{"invalidValue", "GET", "/Users?startIndex=x", ""},
			{"invalidValue", "GET", "/Users?sortBy=shoeSize", ""},
			{"invalidCursor", "GET", "/Users?count=1&cursor=nonsense", ""},
			{"invalidCursor", "GET", "/Groups?count=1&cursor=" + next, ""},
			{"invalidCount", "GET", "/Users?count=2&cursor=" + next, ""},
			{"expiredCursor", "GET", "/Users?count=1&cursor=" + next, ""},
		} {
			if c.kind == "expiredCursor" {
				ahead.Add(int64(365 * 24 * time.Hour))
			}
			if a := w.want(keywords[c.kind], c.method, c.path, c.body); a.str("scimType") != c.kind {
				t.Errorf("%s %s %s was refused with %s, want %s", c.method, c.path, c.body, a.text, c.kind)
			}
			seen[c.kind] = true
		}
		if a := w.raw("GET", "/../v9/Users", ""); a.Code != http.StatusNotFound {
			t.Errorf("%d %s", a.Code, a.Body)
		}
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/scim/v9/Users", http.NoBody)
		r.Header.Set("Authorization", w.token)
		recorded := httptest.NewRecorder()
		w.server.Config.Handler.ServeHTTP(recorded, r)
		if body := refusal(t, "another version", recorded, keywords["invalidVers"]); body["scimType"] != "invalidVers" {
			t.Errorf("another version was refused with %v", body)
		}
		for _, path := range []string{"/Users/nobody", "/Nothing"} {
			if a := w.want(http.StatusNotFound, "GET", path, ""); a.at("scimType") != nil {
				t.Errorf("%s has the keyword of something else: %s", path, a.text)
			}
		}
	})
}

// payloads are what others have evaluated, or shown as it came. CVE-2021-21479: SCIMono put the id in /Schemas/{id} through a
// template engine.
var payloads = []string{
	"${1337*7331}", "{{1337*7331}}", "#{1337*7331}", "<%= 1337*7331 %>", "%{1337*7331}", "${jndi:ldap://127.0.0.1/x}", "<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`,
	"%s%d%v%!x", "'; DROP TABLE users; --", "' OR '1'='1", `\u003cscript\u003e`, "../../../../etc/passwd", "x\r\nSet-Cookie: a=b", "\x00", "\u202eevil",
}

// TestDetailsGiveNothingAway puts payloads into every segment and every parameter, and breaks the database. Answers evaluate
// nothing, are SCIM, carry no line that was sent into a header, and tell nothing of statements, sources or other tenants.
//
// Conformance: P-3.12-04
func TestDetailsGiveNothingAway(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			db, fails := failing(t, dialect)
			w, other := newWorld(t, db), newWorld(t, db)
			theirs := other.want(http.StatusCreated, "POST", "/Users", `{"userName":"canary@example.com","externalId":"canary"}`).str("id")
			other.group("canary", "", theirs)
			user, group := "/Users/"+w.create("ada@example.com"), "/Groups/"+w.group("Sales", "")
			look := func(what string, a *httptest.ResponseRecorder, sent string) {
				t.Helper()
				text := a.Body.String()
				for _, secret := range []string{"9801547", "canary", "goroutine", ".go:", "SELECT ", "INSERT ", "UPDATE ", "pq:", "sqlite", "SQLSTATE", "planted", "<script", "<img", w.token} {
					if strings.Contains(text, secret) && !strings.Contains(sent, secret) || strings.ContainsAny(secret, "<") && strings.Contains(text, secret) {
						t.Errorf("%s answered %d %s, which has %q", what, a.Code, text, secret)
					}
				}
				if kind := a.Header().Get("Content-Type"); a.Code >= 400 && !strings.HasSuffix(kind, "json") || a.Header().Get("Set-Cookie") != "" {
					t.Errorf("%s answered %v", what, a.Header())
				}
			}
			for _, payload := range payloads {
				in := url.PathEscape(payload)
				for _, path := range []string{
					"/" + in, "/Users/" + in, "/Groups/" + in, "/Schemas/" + in, "/ResourceTypes/" + in, "/Licenses/" + in, user + "/" + in, "/" + in + "/Users", "/Users/" + theirs + in, "/Bulk/" + in, "/Me/" + in,
				} {
					for _, method := range []string{"GET", "PUT", "PATCH", "DELETE", "POST"} {
						look(method+" "+path, w.raw(method, path, `{"userName":"x","displayName":"x"}`), payload)
					}
				}
				query := url.QueryEscape(payload)
				for _, name := range []string{"filter", "attributes", "excludedAttributes", "sortBy", "sortOrder", "startIndex", "count", "cursor", query} {
					for _, path := range []string{"/Users", user, "/Groups", group, "/Schemas", "/ServiceProviderConfig"} {
						look("GET "+path+"?"+name, w.raw("GET", path+"?"+name+"="+query, ""), payload)
					}
				}
				quoted := strconv.Quote(payload)
				for _, body := range []string{`{"userName":` + quoted + `,"active":` + quoted + `}`, `{` + quoted + `:1}`, ops(`{"op":` + quoted + `}`), ops(`{"op":"replace","path":` + quoted + `,"value":1}`), quoted} {
					look("POST "+body, w.raw("POST", "/Users", body), payload)
					look("PATCH "+body, w.raw("PATCH", user, body), payload)
				}
				for _, header := range []string{"Accept", "Content-Type", "If-Match", "If-None-Match", "If-Modified-Since", "User-Agent", "Content-Encoding", "Accept-Encoding", "X-Request-ID"} {
					look(header, w.raw("GET", user, "", header, payload), payload)
					look(header, w.raw("POST", "/Users", "{}", header, payload), payload)
				}
			}
			fails.Store(true)
			for _, path := range []string{"/Users", "/Groups", user, group} {
				look("an accident", w.raw("GET", path, ""), "")
			}
			gone, stop := context.WithCancel(t.Context())
			fails.Store(false)
			stop()
			r := httptest.NewRequestWithContext(gone, "GET", scimadapter.Base+user, http.NoBody)
			r.Header.Set("Authorization", w.token)
			recorded := httptest.NewRecorder()
			w.server.Config.Handler.ServeHTTP(recorded, r)
			look("a client that has gone", recorded, "")
		})
	}
}
