package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/simulate"
	"github.com/usherhq/usher/internal/storetest"
)

// plays are what make simulate plays against a served Usher, each over what the former ones have left.
var plays = [][]string{
	{"okta", "--dialect", "put"}, {"okta", "--dialect", "patch"},
	{"entra", "--dialect", "default"}, {"entra", "--dialect", "scim062020", "--match", "externalId"}, {"entra", "--dialect", "mixed", "--match", "workEmail"},
	{"onelogin", "--dialect", "v2-enterprise"}, {"onelogin", "--dialect", "v2-core", "--delete", "delete"},
	{"onelogin", "--dialect", "v1.1", "--delete", "nothing"}, {"onelogin", "--dialect", "mixed"},
}

// TestEveryProviderIsPlayedAgainstAServedUsher runs the commands against a server in a process of its own.
// USHER_SIMULATE_USERS and USHER_SIMULATE_GROUPS make the organizations larger.
func TestEveryProviderIsPlayedAgainstAServedUsher(t *testing.T) {
	t.Parallel()
	size := func(name, otherwise string) string {
		if set := os.Getenv(name); set != "" {
			return set
		}
		return otherwise
	}
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			at := []string{"--database=" + storetest.URL(t, dialect), "--data=" + t.TempDir()}
			printed(t, &struct{}{}, append([]string{"tenant", "create", "--name", "Simulated", "--slug", "simulated", "--plan", "advanced"}, at...)...)
			tokens := map[string]string{}
			for _, provider := range []string{"okta", "entra", "onelogin"} {
				var config struct{ Token string }
				printed(t, &config, append([]string{"scim", "create", "--tenant", "simulated", "--name", provider}, at...)...)
				tokens[provider] = config.Token
			}
			s := serve(t, at...)
			for i, args := range plays {
				var report simulate.Report
				args = append([]string{"simulate"}, args...)
				printed(t, &report, append(args, "--base", s.said.BaseURL, "--token", tokens[args[1]], "--seed", fmt.Sprint(100+i),
					"--users", size("USHER_SIMULATE_USERS", "25"), "--groups", size("USHER_SIMULATE_GROUPS", "3"))...)
				if !report.OK() || report.Provider != args[1] || string(report.Dialect) != args[3] {
					t.Errorf("%v: %+v", args, report.Differences)
				}
				t.Logf("%s: %d people, %.1f s", strings.Join(args[1:], " "), report.Users, report.Took)
			}
		})
	}
}

func TestADifferenceEndsASimulationWithOne(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/scim+json")
		if r.Method != http.MethodGet {
			w.WriteHeader(http.StatusForbidden)
		}
		fmt.Fprint(w, `{"totalResults":0,"Resources":[],"detail":"nobody writes here"}`)
	}))
	t.Cleanup(server.Close)
	for _, provider := range []string{"okta", "entra", "onelogin"} {
		args := []string{"simulate", provider, "--base", server.URL, "--token", "t", "--users", "2", "--groups", "1"}
		code, out, errs := usher(t, args...)
		if code != 1 || !strings.Contains(out, "403 nobody writes here") || errs != "" {
			t.Errorf("%v: exit %d, %s%s", args, code, out, errs)
		}
		var report simulate.Report
		code, out, _ = usher(t, append(args, "--json")...)
		if err := json.Unmarshal([]byte(out), &report); err != nil || code != 1 || report.Different == 0 {
			t.Errorf("%v --json: exit %d, %v, %s", args, code, err, out)
		}
	}
}

// TestProgressIsALineEveryFewSecondsWhereNobodyWatches tells how far a simulation is without a terminal.
func TestProgressIsALineEveryFewSecondsWhereNobodyWatches(t *testing.T) {
	t.Parallel()
	var errs bytes.Buffer
	at := time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC)
	show, done := (&printer{errs: &errs}).progress(func() time.Time { return at })
	for i := range 13 {
		show(simulate.Progress{Stage: "people join", Done: i, Total: 13, Calls: 2 * i})
		at = at.Add(time.Second)
	}
	done()
	if lines := strings.Split(strings.TrimSpace(errs.String()), "\n"); len(lines) != 2 || !strings.Contains(lines[0], "5/13") || !strings.Contains(lines[1], "10/13  20 calls") {
		t.Errorf("said %q", errs.String())
	}
}
