package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/storetest"
)

type printedToken struct {
	ID, Token string
	ExpiresAt time.Time
}

type printedConfig struct {
	ID, BaseURL, Token string
	ExpiresAt          time.Time
}

// TestATokenIsChangedWithoutAGap does what docs/operations.md says, beside a running server: the second token of a
// configuration, then the end of the first.
func TestATokenIsChangedWithoutAGap(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			at := []string{"--database=" + storetest.URL(t, dialect), "--data=" + t.TempDir()}
			s := serve(t, at...)
			defer s.stop()
			run := func(into any, args ...string) { t.Helper(); printed(t, into, append(args, at...)...) }
			status := func(token, method string) int {
				t.Helper()
				response, _ := s.ask(method, "/scim/v2/Users", `{"userName":"ada@example.com"}`, "Authorization", "Bearer "+token, "Content-Type", "application/json")
				return response.StatusCode
			}
			run(new(any), "tenant", "create", "--name", "Fjordline", "--slug", "fjordline", "--plan", "advanced")
			var config printedConfig
			run(&config, "scim", "create", "--tenant", "fjordline", "--name", "Okta", "--days", "30")
			var second, reader, later printedToken
			run(&second, "token", "create", "--tenant", "fjordline", "--scim", "okta", "--name", "Autumn", "--scope", "scim")
			run(&reader, "token", "create", "--tenant", "fjordline", "--scim", config.ID, "--name", "Audit", "--scope", "scim:read", "--days", "1")
			for name, life := range map[string][2]time.Duration{
				"scim create --days 30": {time.Until(config.ExpiresAt), 30 * day}, "token create": {time.Until(second.ExpiresAt), 730 * day},
				"token create --days 1": {time.Until(reader.ExpiresAt), day},
			} {
				if off := life[1] - life[0]; off < 0 || off > time.Hour {
					t.Errorf("%s made a token that lives %v", name, life[0])
				}
			}
			if a, b, c := status(config.Token, "GET"), status(second.Token, "POST"), status(reader.Token, "POST"); a != http.StatusOK || b != http.StatusCreated || c != http.StatusForbidden {
				t.Errorf("the first reads %d, the second writes %d, the reader writes %d", a, b, c)
			}
			var tokens []struct{ ID, ScimConfigID, Name string }
			run(&tokens, "token", "list", "--tenant", "fjordline")
			if len(tokens) != 3 || tokens[0].ScimConfigID != config.ID {
				t.Fatalf("listed %+v", tokens)
			}
			run(new(any), "token", "revoke", "--tenant", "fjordline", tokens[2].ID)
			s.until(func() bool { return status(config.Token, "GET") == http.StatusUnauthorized })
			if got := status(second.Token, "GET"); got != http.StatusOK {
				t.Errorf("the second token reads %d", got)
			}
			run(&later, "token", "create", "--name", "Night shift", "--scope", "operator")
			var shown struct {
				Tenants struct {
					TotalCount int `json:"totalCount"`
				}
			}
			if s.graphQL(later.Token, `{ tenants { totalCount } }`, &shown); shown.Tenants.TotalCount != 1 {
				t.Errorf("the operator sees %+v", shown)
			}
			var own []struct{ ID, Name string }
			run(&own, "token", "list")
			if len(own) != 2 || own[0].Name != "Night shift" || own[1].Name != "operator" {
				t.Errorf("the operator's own tokens are %+v", own)
			}
			run(new(any), "token", "revoke", later.ID)
			s.until(func() bool {
				response, _ := s.ask("POST", "/graphql", `{"query":"{ tenants { totalCount } }"}`, "Authorization", later.Token, "Content-Type", "application/json")
				return response.StatusCode == http.StatusUnauthorized
			})
		})
	}
}

// TestTheSigningKeyIsRotatedBesideAServer rotates from the command line, and looks at what the running server does.
func TestTheSigningKeyIsRotatedBesideAServer(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			at := []string{"--database=" + storetest.URL(t, dialect), "--data=" + t.TempDir()}
			s := serve(t, at...)
			defer s.stop()
			published := func() string { _, text := s.ask("GET", "/.well-known/jwks.json", ""); return text }
			type key struct {
				Kid                      string
				RetiredAt, VerifiesUntil *time.Time
			}
			var before, after []key
			var rotated key
			printed(t, &before, append([]string{"key", "list"}, at...)...)
			printed(t, &rotated, append([]string{"key", "rotate"}, at...)...)
			printed(t, &after, append([]string{"key", "list"}, at...)...)
			if len(before) != 1 || len(after) != 2 || after[0].Kid != rotated.Kid || after[0].RetiredAt != nil || after[1].RetiredAt == nil || after[1].VerifiesUntil == nil {
				t.Fatalf("keys were %+v and are %+v", before, after)
			}
			s.until(func() bool { return strings.Contains(published(), rotated.Kid) })
			if text := published(); !strings.Contains(text, before[0].Kid) {
				t.Errorf("the retired key is not published: %s", text)
			}
			var again struct {
				RotateSigningKey struct {
					SigningKey struct{ Kid string } `json:"signingKey"`
				} `json:"rotateSigningKey"`
			}
			const rotate = `mutation { rotateSigningKey { signingKey { kid createdAt retiredAt verifiesUntil } } }`
			s.graphQL(s.operator(), rotate, &again) // with a token of the first key
			if kid := again.RotateSigningKey.SigningKey.Kid; kid == rotated.Kid || !strings.Contains(published(), kid) || !strings.Contains(published(), before[0].Kid) {
				t.Errorf("rotated to %q, published are %s", kid, published())
			}
			printed(t, new(any), append([]string{"tenant", "create", "--name", "Own", "--slug", "own", "--plan", "core"}, at...)...)
			var admin printedToken
			printed(t, &admin, append([]string{"token", "create", "--tenant", "own", "--name", "A", "--scope", "admin"}, at...)...)
			_, text := s.ask("POST", "/graphql", `{"query":"`+rotate+`"}`, "Authorization", admin.Token, "Content-Type", "application/json")
			if !strings.Contains(text, `"forbidden"`) || strings.Contains(text, `"kid"`) {
				t.Errorf("an administrator rotating the key got %s", text)
			}
		})
	}
}
