package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/storetest"
)

// TestEachDoorAnswersInItsOwnForm asks every door for something good and something bad: errors of SCIM are SCIM's, those of GraphQL
// are GraphQL's, and whatever has to do with a person or a token is stored nowhere on the way.
//
// Conformance: H-9111-01 H-9457-01
func TestEachDoorAnswersInItsOwnForm(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			at := []string{"--database", storetest.URL(t, dialect), "--data", t.TempDir()}
			printed(t, new(any), append([]string{"tenant", "create", "--name", "Own", "--slug", "own", "--plan", "advanced"}, at...)...)
			var config printedConfig
			var admin printedToken
			printed(t, &config, append([]string{"scim", "create", "--tenant", "own", "--name", "Okta"}, at...)...)
			printed(t, &admin, append([]string{"token", "create", "--tenant", "own", "--name", "A", "--scope", "admin"}, at...)...)
			s := serve(t, at...)
			defer s.stop()
			const scim, graphQL = "application/scim+json", "application/json; charset=utf-8"
			_, made := s.ask("POST", "/scim/v2/Users", `{"userName":"ada@example.com"}`, "Authorization", config.Token)
			var user struct {
				ID string `json:"id"`
			}
			if err := json.Unmarshal([]byte(made), &user); err != nil || user.ID == "" {
				t.Fatalf("made %s: %v", made, err)
			}
			one := "/scim/v2/Users/" + user.ID
			for _, c := range []struct {
				method, path, body, token, kind string
				status                          int
			}{
				{"GET", one, "", config.Token, scim, 200},
				{"PATCH", one, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[]}`, config.Token, "", 204},
				{"GET", "/scim/v2/Users", "", config.Token, scim, 200},
				{"POST", "/scim/v2/Users/.search", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]}`, config.Token, scim, 200},
				{"POST", "/scim/v2/Bulk", `{}`, config.Token, scim, 400},
				{"POST", "/scim/v2/Users", `{"userName":"ada@example.com"}`, config.Token, scim, 409},
				{"GET", "/scim/v2/Schemas", "", config.Token, scim, 200},
				{"GET", "/scim/v2/Users", "", "", scim, 401},
				{"GET", "/scim/v2/Users", "", "nonsense", scim, 401},
				{"GET", "/scim/v2/Users/nobody", "", config.Token, scim, 404},
				{"GET", "/scim/v2/nothing", "", config.Token, scim, 404},
				{"BREW", "/scim/v2/Users", "", config.Token, scim, 405},
				{"POST", "/graphql", `{"query":"{ tenant { users(first: 5) { nodes { userName } } } }"}`, admin.Token, graphQL, 200},
				{"POST", "/graphql", `{"query":"{ nothing }"}`, admin.Token, graphQL, 422},
				{"POST", "/graphql", `{"query":"{ tenant { name } }"}`, "nonsense", graphQL, 401},
				{"DELETE", one, "", config.Token, "", 204},
			} {
				response, text := s.ask(c.method, c.path, c.body, "Authorization", c.token, "Content-Type", "application/json")
				if response.StatusCode != c.status || response.Header.Get("Content-Type") != c.kind || response.Header.Get("Cache-Control") != "no-store" {
					t.Errorf("%s %s answered %d %v %s", c.method, c.path, response.StatusCode, response.Header, text)
				}
				isSCIM, isGraph := strings.Contains(text, "urn:ietf:params:scim:api:messages:2.0:Error"), strings.HasPrefix(text, `{"errors":[`)
				if bad := c.status >= http.StatusBadRequest; bad && isSCIM == (c.kind == graphQL) || bad && isGraph == (c.kind == scim) {
					t.Errorf("%s %s answered %d %s", c.method, c.path, response.StatusCode, text)
				}
			}
			for _, path := range []string{"/healthz", "/nothing"} {
				if response, text := s.ask("GET", path, ""); strings.Contains(response.Header.Get("Content-Type"), "scim") || strings.Contains(text, "urn:ietf") {
					t.Errorf("%s answered %v %s", path, response.Header, text)
				}
			}
		})
	}
}
