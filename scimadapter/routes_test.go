package scimadapter_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/scimadapter"
)

// TestEveryAddressBelowSCIMIsAnsweredBySCIM sends addresses that a mux would clean, redirect or not find.
//
// Conformance: P-3.13-01
func TestEveryAddressBelowSCIMIsAnsweredBySCIM(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		user := w.create("ada@example.com")
		for _, c := range []struct {
			target, scimType string
			status           int
		}{
			{"/scim/v2/Users", "", 200},
			{"/scim/v2/Users/", "", 200},
			{"/scim/v2//Users", "", 200},
			{"//scim/v2/Users", "", 200},
			{"/scim//v2///Users//" + user, "", 200},
			{"/scim/v2/Users/../Groups", "", 404},
			{"/scim/v2/Users/%2e%2e/Groups", "", 404},
			{"/scim/v2/./Users", "", 404},
			{"/scim/../scim/v2/Users", "", 404},
			{"/x/../scim/v2/Users", "", 404},
			{"/scim/../graphql", "", 404},
			{"/scim", "", 404},
			{"/scim/", "", 404},
			{"/scim/v2", "", 200}, // people and groups together
			{"/scim/Users", "", 404},
			{"/scim/version/Users", "", 404},
			{"/scim/v1/Users", "invalidVers", 400},
			{"/scim/v2x", "invalidVers", 400},
			{"/scim/v2.1/Users", "invalidVers", 400},
			{"/scim/v3/Users/" + user, "invalidVers", 400},
		} {
			address, err := url.ParseRequestURI(c.target) // as a server does it: two slashes at the front begin no host
			if err != nil {
				t.Fatal(err)
			}
			if !scimadapter.Serves(address.Path) {
				t.Errorf("%s is not SCIM's", c.target)
				continue
			}
			for _, token := range []string{w.token, "nonsense"} {
				status, scimType := c.status, c.scimType
				if token != w.token { // strangers do not learn what is where
					status, scimType = http.StatusUnauthorized, ""
				}
				r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
				r.URL = address
				r.Header.Set("Authorization", "Bearer "+token)
				got := httptest.NewRecorder()
				w.server.Config.Handler.ServeHTTP(got, r)
				var body struct {
					ScimType string `json:"scimType"`
				}
				if err := json.Unmarshal(got.Body.Bytes(), &body); err != nil || got.Code != status || body.ScimType != scimType || got.Header().Get("Content-Type") != "application/scim+json" {
					t.Errorf("%s answered %d %v %s, want %d %s", c.target, got.Code, got.Header(), got.Body, status, scimType)
				}
			}
		}
		for _, other := range []string{"/", "/scimitar", "/graphql", "/scim.json", "*", ""} {
			if scimadapter.Serves(other) {
				t.Errorf("%q is SCIM's", other)
			}
		}
	})
}
