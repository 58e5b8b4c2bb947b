package scimadapter_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/provisioning"
	"github.com/usherhq/usher/scimadapter"
)

// TestOneConfigurationThatRunsWildIsToldToWait: it gets 429 with whole seconds, which are enough; nobody else does; and 25
// requests a second pass for ever, whatever lower rate is set. How fast they are answered, make bench tells.
//
// Conformance: W-13 W-14 W-15 H-15.5-02 I-ENTRA-18
func TestOneConfigurationThatRunsWildIsToldToWait(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		now := startOfTalk
		w := newWorldAt(t, db, func() time.Time { return now })
		other, err := w.provisioning.CreateConfig(w.admin, provisioning.NewConfig{Name: "Other"})
		if err != nil {
			t.Fatal(err)
		}
		quiet := w.issue(other.ID, caller.ScopeSCIM)
		w.server = httptest.NewServer(scimadapter.New(scimadapter.Options{
			Provisioning: w.provisioning, Directory: w.directory, Seats: w.seats, Access: w.access, Clock: func() time.Time { return now }, Rate: 1, // is 25
		}))
		t.Cleanup(w.server.Close)
		look := func(token string) answer { return w.do("GET", "/Users?count=0", "", "Authorization", token) }
		served := 0
		for look(w.token).status == http.StatusOK {
			served++
		}
		if served != 10*scimadapter.MinRate {
			t.Errorf("%d requests passed at once; want those of ten seconds", served)
		}
		refused := look(w.token)
		wait, err := strconv.Atoi(refused.header.Get("Retry-After"))
		if refused.status != http.StatusTooManyRequests || err != nil || wait < 1 || wait > 30 || refused.str("status") != "429" || !strings.Contains(refused.str("detail"), "25") {
			t.Errorf("who runs wild got %d %v %s", refused.status, refused.header, refused.text)
		}
		if a := look(quiet); a.status != http.StatusOK {
			t.Errorf("another configuration got %d %s", a.status, a.text)
		}
		now = now.Add(time.Duration(wait) * time.Second)
		for range 60 {
			for range scimadapter.MinRate {
				if a := look(w.token); a.status != http.StatusOK {
					t.Fatalf("at 25 a second: %d %s", a.status, a.text)
				}
			}
			now = now.Add(time.Second)
		}
	})
}

// TestWhoIsToldToComeAgainDependsOnWhoWouldDoSo: Okta tries again after a 429 and nothing else, everybody else gets HTTP's own word.
//
// Conformance: W-14
func TestWhoIsToldToComeAgainDependsOnWhoWouldDoSo(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const okta = "Okta SCIM Client 1.0.0"
		for _, c := range []struct {
			preset provisioning.Preset
			agent  string
			status int
		}{
			{provisioning.PresetAuto, okta, http.StatusTooManyRequests},
			{provisioning.PresetAuto, "Go", http.StatusServiceUnavailable},
			{provisioning.PresetOkta, "Go", http.StatusTooManyRequests},
			{provisioning.PresetEntra, okta, http.StatusServiceUnavailable},
			{provisioning.PresetStrict, okta, http.StatusServiceUnavailable},
		} {
			w := newWorld(t, db, func(n *provisioning.NewConfig) { n.Preset = c.preset })
			if _, err := w.provisioning.PauseConfig(w.admin, w.config.ID); err != nil {
				t.Fatal(err)
			}
			a := w.do("POST", "/Users", oktaUser, "User-Agent", c.agent)
			wait, err := strconv.Atoi(a.header.Get("Retry-After"))
			if a.status != c.status || err != nil || wait < 1 || a.status == http.StatusTooManyRequests && wait > 30 || a.str("status") != strconv.Itoa(c.status) {
				t.Errorf("%s from %s got %d %v %s", c.preset, c.agent, a.status, a.header, a.text)
			}
		}
	})
}
