package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/storetest"
)

type printedSeat struct {
	UserName, State, Reason string
	Position                int64
}

// TestSeatsOnTheCommandLine buys seats, gives, moves and takes them, and changes the license.
func TestSeatsOnTheCommandLine(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			at := []string{"--database=" + storetest.URL(t, dialect), "--data=" + t.TempDir()}
			s := serve(t, at...)
			defer s.stop()
			run := func(into any, args ...string) { t.Helper(); printed(t, into, append(args, at...)...) }
			run(new(any), "tenant", "create", "--name", "Fjordline", "--slug", "fjordline", "--plan", "advanced")
			var config printedConfig
			run(&config, "scim", "create", "--tenant", "fjordline", "--name", "Okta")
			for _, name := range []string{"ada", "bob", "eva"} {
				if response, text := s.ask("POST", "/scim/v2/Users", `{"userName":"`+name+`"}`, "Authorization", "Bearer "+config.Token, "Content-Type", "application/json"); response.StatusCode != http.StatusCreated {
					t.Fatal(text)
				}
			}
			var license shownLicense
			run(&license, "license", "create", "--tenant", "fjordline", "--product", "Advanced", "--seats", "1", "--grace-days", "7", "--over", "none")
			if license.GraceDays != 7 || license.OverAssignment != "none" {
				t.Errorf("made %+v", license)
			}
			seat := func(verb string, args ...string) (seat printedSeat) {
				t.Helper()
				run(&seat, append([]string{"seat", verb, "--tenant", "fjordline", "--license", "advanced"}, args...)...)
				return seat
			}
			if a, b := seat("assign", "ada"), seat("assign", "bob"); a.State != "invited" || a.Reason != "hand" || b.State != "waiting" || b.Position != 1 {
				t.Errorf("assigned %+v and %+v", a, b)
			}
			if e := seat("assign", "eva", "--priority", "5"); e.Position != 1 {
				t.Errorf("somebody of a greater priority is at %d", e.Position)
			}
			var line []printedSeat
			run(&line, "seat", "list", "--tenant", "fjordline", "--license", "advanced", "--state", "waiting")
			if len(line) != 2 {
				t.Errorf("the line is %+v", line)
			}
			var why shownExplanation
			run(&why, "seat", "explain", "bob", "--tenant", "fjordline", "--license", "advanced")
			if why.Answer != "waiting" || why.Position != 2 || len(why.Reasons) != 1 || why.Reasons[0].Reason != "hand" || len(why.Steps) != 1 {
				t.Errorf("explained %+v", why)
			}
			if moved := seat("transfer", "ada", "bob"); moved.UserName != "bob" || moved.State != "invited" || moved.Reason != "transferred" {
				t.Errorf("moved %+v", moved)
			}
			if released := seat("release", "bob"); released.State != "released" {
				t.Errorf("released %+v", released)
			}
			run(&license, "license", "set", "advanced", "--tenant", "fjordline", "--seats", "2", "--over", "50%", "--price", "120000", "--currency", "USD")
			if license.Seats != 2 || license.OverAssignment != "50%" || license.GraceDays != 7 || license.Taken != 1 {
				t.Errorf("set %+v", license)
			}
			for _, bad := range []struct {
				args []string
				says string
			}{
				{[]string{"license", "set", "advanced", "--tenant", "fjordline", "--over", "some"}, "how many percent"},
				{[]string{"license", "set", "nothing", "--tenant", "fjordline", "--seats", "1"}, "no such license"},
				{[]string{"seat", "assign", "nobody", "--tenant", "fjordline", "--license", "advanced"}, "no such person"},
				{[]string{"seat", "list", "--tenant", "fjordline", "--license", ""}, "no such license"},
			} {
				if code, _, errs := usher(t, append(bad.args, at...)...); code != 1 || !strings.Contains(errs, bad.says) {
					t.Errorf("%v says %q (%d)", bad.args, errs, code)
				}
			}
		})
	}
}
