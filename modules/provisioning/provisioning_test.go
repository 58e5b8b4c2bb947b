package provisioning_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/access"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/events"
	"github.com/usherhq/usher/modules/licensing"
	"github.com/usherhq/usher/modules/provisioning"
	"github.com/usherhq/usher/modules/tenancy"
)

// world is an installation with one tenant.
type world struct {
	t            *testing.T
	admin        context.Context
	tenants      *tenancy.Service
	directory    *directory.Service
	seats        *licensing.Service
	provisioning *provisioning.Service
	now          time.Time
}

func newWorld(t *testing.T, db *store.DB) *world {
	t.Helper()
	w := &world{t: t, admin: storetest.Tenant(t, db), now: clock.System()()}
	journal, now := events.New(db), func() time.Time { return w.now }
	tokens, err := access.New(db, journal, now, access.Options{WrappingKey: bytes.Repeat([]byte{1}, 32)})
	if err == nil {
		err = tokens.Load(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	w.tenants, w.directory = tenancy.New(db, journal, now), directory.New(db, journal, now)
	w.seats = licensing.New(db, journal, now, w.directory)
	w.directory.Follow(w.seats)
	w.provisioning = provisioning.New(provisioning.Needs{
		DB: db, Events: journal, Clock: now, Tenants: w.tenants, Access: tokens, Directory: w.directory, Seats: w.seats,
	})
	w.tenants.FollowPlans(w.provisioning)
	return w
}

func (w *world) config(name string) provisioning.Config {
	w.t.Helper()
	c, err := w.provisioning.CreateConfig(w.admin, provisioning.NewConfig{Name: name})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) token(config id.ID) string {
	w.t.Helper()
	_, secret, err := w.provisioning.IssueToken(w.admin, config, access.Request{Name: "Test", Scopes: caller.Scopes{caller.ScopeSCIM}})
	if err != nil {
		w.t.Fatal(err)
	}
	return secret.Reveal()
}

func (w *world) plan(p tenancy.Plan) {
	w.t.Helper()
	who, _ := caller.From(w.admin)
	operator := caller.With(w.t.Context(), caller.Caller{Kind: caller.KindOperator, Scopes: caller.Scopes{caller.ScopeOperator}})
	if _, err := w.tenants.Change(operator, who.Tenant, nil, func(t *tenancy.Tenant) error { t.Plan = p; return nil }); err != nil {
		w.t.Fatal(err)
	}
}

func TestAPlanWithoutSCIMPausesAndOneWithItResumes(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		okta, entra := w.config("Okta"), w.config("Entra")
		secret := w.token(okta.ID)
		if _, err := w.provisioning.PauseConfig(w.admin, entra.ID); err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.provisioning.Authenticate(t.Context(), secret, "r"); err != nil {
			t.Fatal(err)
		}
		w.plan(tenancy.Core)
		if _, session, err := w.provisioning.Authenticate(t.Context(), secret, "r"); !errors.Is(err, provisioning.ErrPaused) || session.Config.PausedBy != provisioning.ByPlan {
			t.Errorf("on Core: %+v, %v", session, err)
		}
		if _, err := w.provisioning.CreateConfig(w.admin, provisioning.NewConfig{Name: "New"}); !errors.Is(err, provisioning.ErrNotInPlan) {
			t.Errorf("a new one on Core: %v", err)
		}
		if _, err := w.provisioning.ResumeConfig(w.admin, okta.ID); !errors.Is(err, provisioning.ErrNotInPlan) {
			t.Errorf("resuming on Core: %v", err)
		}
		w.plan(tenancy.Advanced)
		if _, _, err := w.provisioning.Authenticate(t.Context(), secret, "r"); err != nil {
			t.Errorf("on Advanced again: %v", err)
		}
		if c, err := w.provisioning.GetConfig(w.admin, entra.ID); err != nil || c.Status != provisioning.Paused || c.PausedBy != provisioning.ByAdministrator {
			t.Errorf("what an administrator has paused is %+v, %v", c, err)
		}
	})
}

func TestConfigurationsAreChangedAndDeleted(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		c := w.config("Okta")
		if _, err := w.provisioning.CreateConfig(w.admin, provisioning.NewConfig{Name: "OKTA"}); !errors.Is(err, provisioning.ErrConfigName) {
			t.Errorf("the same name: %v", err)
		}
		assign := func(c *provisioning.Config) error { c.AutoAssign = true; return nil }
		if _, err := w.provisioning.ChangeConfig(w.admin, c.ID, nil, assign); !errors.Is(err, provisioning.ErrInvalidConfig) {
			t.Errorf("auto-assign of nothing: %v", err)
		}
		ghost := id.New()
		if _, err := w.provisioning.CreateConfig(w.admin, provisioning.NewConfig{Name: "Ghost", AutoAssign: true, License: &ghost}); err == nil {
			t.Error("a license that nobody has was taken")
		}
		rename := func(c *provisioning.Config) error { c.Name = "Okta 2"; return nil }
		now, err := w.provisioning.ChangeConfig(w.admin, c.ID, &c.Version, rename)
		if err != nil || now.Version != 2 || now.Name != "Okta 2" {
			t.Errorf("renamed is %+v, %v", now, err)
		}
		if _, err := w.provisioning.ChangeConfig(w.admin, c.ID, &c.Version, rename); !errors.Is(err, provisioning.ErrStaleVersion) {
			t.Errorf("an old version: %v", err)
		}
		first, err := w.provisioning.ChangeConfig(w.admin, c.ID, nil, func(c *provisioning.Config) error { c.AutoAssignPriority = -7; return nil })
		if again, loading := w.provisioning.GetConfig(w.admin, c.ID); err != nil || loading != nil || first.Version != 3 || again.AutoAssignPriority != -7 {
			t.Errorf("with a priority it is %+v, %v, %v", again, err, loading)
		}
		tooFar := func(c *provisioning.Config) error { c.AutoAssignPriority = licensing.MaxPriority + 1; return nil }
		if _, err := w.provisioning.ChangeConfig(w.admin, c.ID, nil, tooFar); !errors.Is(err, provisioning.ErrInvalidConfig) {
			t.Errorf("a priority out of bounds: %v", err)
		}
		secret := w.token(c.ID)
		ctx, _, err := w.provisioning.Authenticate(t.Context(), secret, "r")
		if err != nil {
			t.Fatal(err)
		}
		u, err := w.provisioning.Join(ctx, directory.User{UserName: "ada", Active: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.provisioning.DeleteConfig(w.admin, c.ID); !errors.Is(err, provisioning.ErrConfigInUse) {
			t.Errorf("one that holds somebody: %v", err)
		}
		if err := w.provisioning.Leave(ctx, u.ID, nil); err != nil {
			t.Fatal(err)
		}
		if err := w.provisioning.DeleteConfig(w.admin, c.ID); err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.provisioning.Authenticate(t.Context(), secret, "r"); !errors.Is(err, access.ErrTokenRevoked) {
			t.Errorf("a token of a deleted one: %v", err)
		}
		if p, err := w.provisioning.ListConfigs(w.admin, page.Args{}, provisioning.ConfigFilter{}, provisioning.ConfigOrder{}); err != nil || len(p.Items) != 0 {
			t.Errorf("listed %+v, %v", p, err)
		}
		w.config("Okta 2") // the name is free again
	})
}

func TestOnlyTokensOfConfigurationsOpenSCIM(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		if _, err := w.provisioning.Join(w.admin, directory.User{UserName: "ada"}); err == nil {
			t.Error("an administrator came through the SCIM door")
		}
		if _, _, err := w.provisioning.Authenticate(t.Context(), "Bearer nonsense", "r"); !errors.Is(err, access.ErrTokenInvalid) {
			t.Errorf("nonsense: %v", err)
		}
	})
}

func TestTheLogIsFilteredPagedAndForgotten(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		c := w.config("Okta")
		who, _ := caller.From(w.admin)
		person := id.New()
		for i := range 90 {
			call := provisioning.Call{
				Tenant: who.Tenant, Config: c.ID, Token: id.New(), At: w.now.Add(time.Duration(i) * time.Second), Method: "GET", Path: "/Users", Status: 200,
				Probe: i%2 == 0, UserAgent: strings.Repeat("é\x00", 1000), RequestID: "r", Duration: 1500 * time.Microsecond,
			}
			if i%10 == 0 {
				call.Method, call.Status, call.Detail, call.Resource = "PATCH", 409, "taken", &person
			}
			w.provisioning.Log(call)
		}
		w.provisioning.FlushCalls(t.Context())
		if n := w.provisioning.Dropped(); n != 0 {
			t.Errorf("%d calls were dropped", n)
		}
		yes, since := true, w.now.Add(80*time.Second)
		for name, want := range map[string]struct {
			filter provisioning.CallFilter
			count  int64
		}{
			"all": {provisioning.CallFilter{}, 90}, "refused": {provisioning.CallFilter{Refused: true}, 9}, "a person's": {provisioning.CallFilter{Resource: &person}, 9},
			"probes": {provisioning.CallFilter{Probe: &yes}, 45}, "late": {provisioning.CallFilter{Since: &since, Config: &c.ID}, 10}, "patches": {provisioning.CallFilter{Method: "patch"}, 9},
			"of a status": {provisioning.CallFilter{Status: 409}, 9}, "of another": {provisioning.CallFilter{Status: 404}, 0},
			"done": {provisioning.CallFilter{Verdict: provisioning.CallDone}, 81}, "not taken": {provisioning.CallFilter{Verdict: provisioning.CallRefused}, 9},
			"failed": {provisioning.CallFilter{Verdict: provisioning.CallFailed}, 0}, "of a path": {provisioning.CallFilter{Path: "/Us"}, 90},
			"of no path": {provisioning.CallFilter{Path: "/us"}, 0}, "a pattern": {provisioning.CallFilter{Path: "%"}, 0},
		} {
			if n, err := w.provisioning.CountCalls(w.admin, want.filter); err != nil || n != want.count {
				t.Errorf("%s: %d, %v; want %d", name, n, err, want.count)
			}
		}
		walked, args := 0, page.Args{First: 40}
		for more := true; more; {
			p, err := w.provisioning.Calls(w.admin, args, provisioning.CallFilter{}, page.Descending)
			if err != nil {
				t.Fatal(err)
			}
			walked, more = walked+len(p.Items), p.HasNext
			args.After = provisioning.CallCursor(p.Items[len(p.Items)-1])
			if p.Items[0].Duration != 1500*time.Microsecond || len(p.Items[0].UserAgent) > 1000 {
				t.Errorf("a call is %+v", p.Items[0])
			}
		}
		if walked != 90 {
			t.Errorf("%d calls were walked", walked)
		}
		w.now = w.now.Add(provisioning.CallLife + 50*time.Second)
		if err := w.provisioning.PruneCalls(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n, err := w.provisioning.CountCalls(w.admin, provisioning.CallFilter{}); err != nil || n != 40 {
			t.Errorf("%d calls are left, %v; want 40", n, err)
		}
	})
}

// TestAConfigurationNamesALicenseOfItsTenant names one that nobody has and one of another tenant, to be assigned now or later.
func TestAConfigurationNamesALicenseOfItsTenant(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, other := newWorld(t, db), newWorld(t, db)
		foreign, err := other.seats.Buy(other.admin, licensing.NewLicense{Product: "Theirs", Seats: 1})
		if err != nil {
			t.Fatal(err)
		}
		there, err := w.provisioning.CreateConfig(w.admin, provisioning.NewConfig{Name: "There", IdentityProvider: provisioning.Okta})
		if err != nil {
			t.Fatal(err)
		}
		for _, license := range []id.ID{id.New(), foreign.ID} {
			for _, auto := range []bool{false, true} {
				_, err := w.provisioning.CreateConfig(w.admin, provisioning.NewConfig{Name: "New", IdentityProvider: provisioning.Okta, License: &license, AutoAssign: auto})
				if !errors.Is(err, licensing.ErrLicenseNotFound) {
					t.Errorf("created with auto-assign %v: %v", auto, err)
				}
				_, err = w.provisioning.ChangeConfig(w.admin, there.ID, nil, func(c *provisioning.Config) error {
					c.License, c.AutoAssign = &license, auto
					return nil
				})
				if !errors.Is(err, licensing.ErrLicenseNotFound) {
					t.Errorf("changed with auto-assign %v: %v", auto, err)
				}
			}
		}
		if again, err := w.provisioning.GetConfig(w.admin, there.ID); err != nil || again.Version != there.Version || again.License != nil {
			t.Errorf("it became %+v, %v", again, err)
		}
	})
}
