package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/storetest"
)

type printedLink struct {
	AdministratorID, Email, Link string
	ExpiresAt                    time.Time
}

// TestAnAdministratorIsInvitedFromTheCommandLine makes links beside a running server, and signs in with them as a browser does.
func TestAnAdministratorIsInvitedFromTheCommandLine(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			at := []string{"--database=" + storetest.URL(t, dialect), "--data=" + t.TempDir()}
			s := serve(t, at...)
			defer s.stop()
			run := func(into any, args ...string) { t.Helper(); printed(t, into, append(args, at...)...) }
			run(new(any), "tenant", "create", "--name", "Fjordline", "--slug", "fjordline", "--plan", "advanced")
			var first, second, operator printedLink
			run(&first, "console", "--tenant", "fjordline", "--admin", "ada@example.com", "--name", "Ada", "--public-url", "https://usher.example/")
			run(&second, "console", "--tenant", "fjordline", "--admin", "ADA@example.com")
			run(&operator, "console")
			if !strings.HasPrefix(first.Link, "https://usher.example/console/#/sign-in/") || first.AdministratorID != second.AdministratorID || second.Email != "ada@example.com" {
				t.Errorf("printed %+v and %+v", first, second)
			}
			if left := time.Until(second.ExpiresAt); left > 72*time.Hour || left < 71*time.Hour {
				t.Errorf("a link is good for %v", left)
			}
			signIn := func(link string) *http.Response {
				t.Helper()
				_, secret, _ := strings.Cut(link, "#/sign-in/")
				response, _ := s.ask("POST", "/console/session", `{"link":"`+secret+`"}`, "Content-Type", "application/json", "Sec-Fetch-Site", "same-origin")
				return response
			}
			if response := signIn(first.Link); response.StatusCode != http.StatusUnauthorized {
				t.Errorf("the link before the last answered %d", response.StatusCode)
			}
			for link, want := range map[string]string{second.Link: `"name":"Ada"`, operator.Link: `"kind":"operator"`} {
				cookie, _, _ := strings.Cut(signIn(link).Header.Get("Set-Cookie"), ";")
				_, text := s.ask("POST", "/graphql", `{"query":"{ viewer { kind name } }"}`, "Content-Type", "application/json", "Sec-Fetch-Site", "same-origin", "Cookie", cookie)
				if !strings.Contains(text, want) {
					t.Errorf("signed in is %s, want %s", text, want)
				}
				for site, status := range map[string]int{"": http.StatusOK, "same-origin": http.StatusOK, "cross-site": http.StatusForbidden, "same-site": http.StatusForbidden} {
					if strings.Contains(want, "operator") && status == http.StatusOK {
						status = http.StatusBadRequest // she has entered no tenant
					}
					if response, text := s.ask("GET", "/export/utilization.csv", "", "Sec-Fetch-Site", site, "Cookie", cookie); response.StatusCode != status {
						t.Errorf("%s: a table answered %d %s to a page of %q", want, response.StatusCode, text, site)
					}
				}
				if strings.Contains(s.logged.String(), strings.SplitN(link, "#/sign-in/", 2)[1]) {
					t.Error("the link is in the log")
				}
			}
		})
	}
}
