package scimadapter_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/access"
	"github.com/usherhq/usher/scimadapter"
)

// everyRequest lists a request of every kind, for what must be so of all of them.
func everyRequest(user, group string) [][3]string {
	return [][3]string{
		{"GET", "/Users"}, {"POST", "/Users", oktaUser}, {"GET", user}, {"PUT", user, oktaUser}, {"PATCH", user, ops(`{"op":"replace","path":"title","value":"x"}`)},
		{"DELETE", user}, {"HEAD", user}, {"OPTIONS", user}, {"GET", "/Groups"}, {"POST", "/Groups", `{"displayName":"New"}`}, {"GET", group},
		{"PUT", group, `{"displayName":"Put"}`}, {"PATCH", group, ops(`{"op":"replace","path":"displayName","value":"x"}`)}, {"DELETE", group},
		{"GET", "/Schemas"}, {"GET", "/Schemas/urn:ietf:params:scim:schemas:core:2.0:User"}, {"GET", "/ResourceTypes"}, {"GET", "/ResourceTypes/User"},
		{"POST", "/Bulk", "{}"}, {"POST", "/.search", "{}"}, {"GET", "/Me"}, {"GET", "/Nothing"}, {"TRACE", "/Users"},
	}
}

// TestNobodyComesInWithoutAToken sends every request without a token, with broken ones, and with tokens that open something
// else. CVE-2025-4210: Casdoor's SCIM asked for none. ToolJet 16217: an empty one opened what had no secret set.
//
// Conformance: P-7-04 P-2-01 P-2-02 P-2-04 P-2-05 P-3.12-01 B-6750-01 B-6750-02 B-6750-03 S-5-03 W-2 W-8
func TestNobodyComesInWithoutAToken(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		user := "/Users/" + w.create("ada@example.com")
		group := "/Groups/" + w.want(http.StatusCreated, "POST", "/Groups", `{"displayName":"Sales"}`).str("id")
		state := func() string {
			return w.want(http.StatusOK, "GET", "/Users", "").text + w.want(http.StatusOK, "GET", "/Groups", "").text
		}
		before := state()
		_, admin, err := w.access.Issue(w.admin, access.Request{
			Tenant: w.tenant(), SubjectKind: access.SubjectService, Name: "Product", Scopes: []string{"entitlements:read"},
		})
		if err != nil {
			t.Fatal(err)
		}
		revoked := w.issue(w.config.ID, "scim")
		if err := w.access.RevokeSubject(w.admin, w.config.ID); err != nil {
			t.Fatal(err)
		}
		w.token = w.issue(w.config.ID, "scim")
		const none, invalid, malformed = `Bearer realm="scim"`, `Bearer realm="scim", error="invalid_token"`, `Bearer realm="scim", error="invalid_request"`
		for _, c := range []struct {
			headers   []string
			query     string
			status    int
			challenge string
		}{
			{nil, "", 401, none},
			{[]string{""}, "", 401, none},
			{[]string{"Bearer"}, "", 401, none},
			{[]string{"Bearer   "}, "", 401, none},
			{[]string{"Basic dTpw"}, "", 401, none},
			{nil, "access_token=" + w.token, 401, none},
			{[]string{"Bearer x.y.z"}, "", 401, invalid},
			{[]string{"null"}, "", 401, invalid},
			{[]string{"Bearer undefined"}, "", 401, invalid},
			{[]string{"Bearer " + w.token + "x"}, "", 401, invalid},
			{[]string{"Bearer " + revoked}, "", 401, invalid},
			{[]string{"Bearer " + admin.Reveal()}, "", 401, invalid},
			{[]string{"Bearer " + strings.Repeat("x", 9000)}, "", 401, invalid},
			{[]string{"Bearer " + strings.Repeat(".", 8000)}, "", 401, invalid},
			{[]string{"Bearer " + w.token, "Bearer " + w.token}, "", 400, malformed},
			{[]string{"Bearer " + w.token, ""}, "", 400, malformed},
			{[]string{"Bearer " + w.token + ", Bearer " + w.token}, "", 400, malformed},
			{[]string{"Bearer " + w.token}, "access_token=" + w.token, 400, malformed},
		} {
			for _, request := range everyRequest(user, group) {
				path := request[1]
				if c.query != "" {
					path += "?" + c.query
				}
				r := httptest.NewRequestWithContext(t.Context(), request[0], scimadapter.Base+path, strings.NewReader(request[2]))
				for _, header := range c.headers {
					r.Header.Add("Authorization", header)
				}
				a := httptest.NewRecorder()
				w.server.Config.Handler.ServeHTTP(a, r)
				if request[0] != "HEAD" {
					refusal(t, request[0]+" "+request[1], a, c.status)
				}
				if a.Code != c.status || a.Header().Get("WWW-Authenticate") != c.challenge || strings.Contains(a.Body.String(), w.token) {
					t.Errorf("%s %s with %.40q answered %d %v %s", request[0], request[1], c.headers, a.Code, a.Header(), a.Body)
				}
			}
		}
		if after := state(); after != before {
			t.Errorf("strangers have changed\n%s to\n%s", before, after)
		}
		for _, header := range []string{"Bearer " + w.token, "bearer " + w.token, "BEARER  " + w.token, w.token} {
			w.want(http.StatusOK, "GET", "/Users", "", "Authorization", header)
		}
		r := httptest.NewRequestWithContext(t.Context(), "GET", scimadapter.Base+"/ServiceProviderConfig", nil)
		a := httptest.NewRecorder()
		w.server.Config.Handler.ServeHTTP(a, r)
		if mine := w.raw("GET", "/ServiceProviderConfig", ""); a.Code != http.StatusOK || a.Body.String() != mine.Body.String() {
			t.Errorf("a stranger reads the configuration as %d %s", a.Code, a.Body)
		}
	})
}

// TestAReaderChangesNothing
//
// Conformance: P-2-02 P-2-03 B-6750-03
func TestAReaderChangesNothing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		user := "/Users/" + w.create("ada@example.com")
		group := "/Groups/" + w.want(http.StatusCreated, "POST", "/Groups", `{"displayName":"Sales"}`).str("id")
		reader := w.issue(w.config.ID, "scim:read")
		for _, request := range everyRequest(user, group) {
			if request[0] == "GET" || request[0] == "HEAD" || request[0] == "OPTIONS" || request[0] == "TRACE" || strings.HasPrefix(request[1], "/.") || request[1] == "/Bulk" {
				continue
			}
			a := w.do(request[0], request[1], request[2], "Authorization", "Bearer "+reader)
			if a.status != http.StatusForbidden || a.header.Get("WWW-Authenticate") != `Bearer realm="scim", error="insufficient_scope", scope="scim"` || a.str("status") != "403" {
				t.Errorf("%s %s answered %d %v %s", request[0], request[1], a.status, a.header, a.text)
			}
		}
		for _, path := range []string{"/Users", user, "/Groups", group, "/Schemas"} {
			w.want(http.StatusOK, "GET", path, "", "Authorization", "Bearer "+reader)
		}
		if a := w.want(http.StatusOK, "GET", user, ""); a.str("meta", "version") != `W/"1"` {
			t.Errorf("a reader has changed somebody: %s", a.text)
		}
	})
}
