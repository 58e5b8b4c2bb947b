package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
)

// asProgram makes the test's binary behave as usher itself, with these arguments.
const asProgram = "USHER_TEST_ARGUMENTS"

func TestMain(m *testing.M) {
	text := os.Getenv(asProgram)
	if text == "" {
		m.Run()
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, strings.Split(text, "\n"), os.Stdout, os.Stderr)) //nolint:gocritic // nothing is left to stop
}

// usher runs a command within the test.
func usher(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), args, &o, &e)
	return code, o.String(), e.String()
}

// printed runs a command that must succeed and reads its JSON.
func printed(t *testing.T, into any, args ...string) {
	t.Helper()
	code, out, errs := usher(t, append(args, "--json")...)
	if code != 0 {
		t.Fatalf("usher %s: exit %d: %s", strings.Join(args, " "), code, errs)
	}
	if err := json.Unmarshal([]byte(out), into); err != nil {
		t.Fatalf("usher %s printed %q: %v", strings.Join(args, " "), out, err)
	}
}

func TestACustomerIsSetUpFromTheCommandLine(t *testing.T) {
	t.Parallel()
	data := "--data=" + t.TempDir()
	var tenant struct{ ID, Slug string }
	printed(t, &tenant, "tenant", "create", data, "--name", "Fjordline", "--slug", "fjordline", "--plan", "advanced")
	var license struct {
		ID, SKU string
		Seats   int
	}
	printed(t, &license, "license", "create", data, "--tenant", "fjordline", "--product", "Sales Navigator", "--seats", "7")
	var config struct{ ID, BaseURL, Token, ExpiresAt string }
	printed(t, &config, "scim", "create", data, "--tenant", "fjordline", "--name", "Okta", "--auto-assign", "--license", license.SKU, "--public-url", "https://usher.example",
		"--member-mode", "additive")
	var token struct{ ID, Token, ExpiresAt string }
	printed(t, &token, "token", "create", data, "--tenant", "fjordline", "--name", "console", "--scope", "admin:read,reports:read", "--days", "30")
	if !strings.HasPrefix(tenant.ID, "ten_") || license.Seats != 7 || config.BaseURL != "https://usher.example/scim/v2" || config.Token == "" || config.ExpiresAt == "" || token.Token == "" {
		t.Errorf("made %+v, %+v, %+v, %+v", tenant, license, config, token)
	}
	var tenants []struct{ Slug string }
	var licenses []struct{ Free int }
	var configs []struct{ Name, Status, MemberMode string }
	printed(t, &tenants, "tenant", "list", data)
	printed(t, &licenses, "license", "list", data, "--tenant", "fjordline")
	printed(t, &configs, "scim", "list", data, "--tenant", "fjordline")
	if len(tenants) != 1 || len(licenses) != 1 || licenses[0].Free != 7 || len(configs) != 1 || configs[0].Status != "active" || configs[0].MemberMode != "additive" {
		t.Errorf("listed %+v, %+v, %+v", tenants, licenses, configs)
	}
	code, out, _ := usher(t, "token", "revoke", data, "--tenant", "fjordline", token.ID)
	if code != 0 || !strings.Contains(out, "revoked") {
		t.Errorf("revoking: exit %d, %s", code, out)
	}
	var tokens []struct {
		ID        string
		RevokedAt *string
	}
	printed(t, &tokens, "token", "list", data, "--tenant", "fjordline")
	if len(tokens) != 2 || tokens[0].ID != token.ID || tokens[0].RevokedAt == nil || tokens[1].RevokedAt != nil {
		t.Errorf("tokens are %+v", tokens)
	}
	if info, err := os.Stat(strings.TrimPrefix(data, "--data=") + "/wrapping.key"); err != nil || info.Mode().Perm() != ownerOnly {
		t.Errorf("the wrapping key's file is %v, %v", info.Mode(), err)
	}
}

// TestWrongCommandLinesSayWhatToDo
//
// Conformance: P-1.3-01
func TestWrongCommandLinesSayWhatToDo(t *testing.T) {
	t.Parallel()
	data := "--data=" + t.TempDir()
	printed(t, new(any), "tenant", "create", data, "--name", "Own", "--slug", "own", "--plan", "advanced")
	printed(t, new(any), "scim", "create", data, "--tenant", "own", "--name", "Okta")
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"nonsense"}, 2, "--help"},
		{[]string{"tenant", "create", data, "--slug", "a", "--plan", "core"}, 2, "--name"},
		{[]string{"tenant", "create", data, "--name", "A", "--slug", "a", "--plan", "gold"}, 2, "advanced-plus"},
		{[]string{"tenant", "create", data, "--name", "A", "--slug", "A b", "--plan", "core"}, 1, "slug"},
		{[]string{"license", "create", data, "--tenant", "nobody", "--product", "A", "--seats", "1"}, 1, "no such tenant"},
		{[]string{"token", "revoke", data, "--tenant", "nobody", "x"}, 1, "no such tenant"},
		{[]string{"token", "revoke", data, "x"}, 1, "begins with tok_"},
		{[]string{"token", "create", data, "--name", "A", "--scope", "admin"}, 1, "--tenant is missing"},
		{[]string{"token", "create", data, "--name", "A", "--scope", "operator", "--tenant", "own"}, 1, "leave --tenant away"},
		{[]string{"token", "create", data, "--name", "A", "--scope", "scim", "--tenant", "own"}, 1, "--scim is missing"},
		{[]string{"token", "create", data, "--name", "A", "--scope", "scim", "--tenant", "own", "--scim", "Nothing"}, 1, "no such SCIM configuration"},
		{[]string{"token", "create", data, "--name", "A", "--scope", "scim,admin", "--tenant", "own", "--scim", "Okta"}, 1, "--scope: this token can open scim, scim:read"},
		{[]string{"token", "create", data, "--name", "A", "--scope", "everything", "--tenant", "own"}, 1, "--scope: this token can open admin"},
		{[]string{"token", "create", data, "--name", "A", "--scope", "admin", "--tenant", "own", "--days", "0"}, 1, "--days is 0"},
		{[]string{"token", "create", data, "--name", " ", "--scope", "admin", "--tenant", "own"}, 1, "--name: a token's name"},
		{[]string{"scim", "create", data, "--tenant", "own", "--name", "B", "--auto-assign"}, 1, "--license: say which license"},
		{[]string{"scim", "create", data, "--tenant", "own", "--name", "B", "--auto-assign", "--license", "none"}, 1, "no such license"},
		{[]string{"scim", "create", data, "--tenant", "own", "--name", "okta"}, 1, "--name: another SCIM configuration"},
		{[]string{"scim", "create", data, "--tenant", "own", "--name", "B", "--days", "4000"}, 1, "--days is 4000"},
		{[]string{"console", data, "--admin", "ada@example.com"}, 1, "--tenant is missing"},
		{[]string{"console", data, "--tenant", "own"}, 1, "--admin is missing"},
		{[]string{"console", data, "--tenant", "own", "--admin", "ada"}, 1, "--admin: this is no e-mail address"},
		{[]string{"serve", data, "--log-level", "loud"}, 2, "--log-level"},
		{[]string{"serve", data, "--tls-cert", "main.go"}, 1, "both --tls-cert and --tls-key"},
		{[]string{"serve", data, "--public-url", "https://usher.example?x=y"}, 1, "--public-url is the scheme and the host"},
		{[]string{"serve", data, "--public-url", "https://usher.example/?"}, 1, "without ? and #"},
		{[]string{"serve", data, "--public-url", "https://usher.example#scim"}, 1, "without ? and #"},
		{[]string{"serve", data, "--public-url", "usher.example"}, 1, "https://usher.example.com"},
		{[]string{"serve", data, "--listen", "0.0.0.0:0"}, 1, "--plain-http"},
		{[]string{"serve", data, "--listen", ":0"}, 1, "--plain-http"},
		{[]string{"serve", data, "--public-url", "ftp://usher.example"}, 1, "https://usher.example.com"},
		{[]string{"scim", "create", data, "--tenant", "own", "--name", "B", "--public-url", "https://usher.example?x"}, 1, "without ? and #"},
		{[]string{"migrate", data, "--database", "mysql://x"}, 1, "sqlite:PATH or postgres://"},
		{[]string{"simulate", "okta", "--base", "nonsense", "--token", "x"}, 1, "http://"},
		{[]string{"simulate", "okta", "--base", "http://localhost:1", "--token", "x", "--users", "0"}, 1, "users"},
	} {
		code, out, errs := usher(t, c.args...)
		if code != c.code || !strings.Contains(errs, c.says) {
			t.Errorf("usher %v: exit %d, %s%s; want %d and %q", c.args, code, out, errs, c.code, c.says)
		}
	}
	if code, out, _ := usher(t, "version"); code != 0 || !strings.HasPrefix(out, "usher ") {
		t.Errorf("version: exit %d, %s", code, out)
	}
	if code, out, _ := usher(t, "--help"); code != 0 || !strings.Contains(out, "simulate") {
		t.Errorf("help: exit %d, %s", code, out)
	}
}
