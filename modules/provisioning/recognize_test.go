package provisioning_test

import (
	"strings"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/provisioning"
)

var (
	oktaName  = &provisioning.Sign{Provider: provisioning.Okta, Weight: provisioning.Sure}
	entraName = &provisioning.Sign{Provider: provisioning.Entra, Weight: provisioning.Sure}
	entraHint = &provisioning.Sign{Provider: provisioning.Entra, Weight: 4}
	entraLook = &provisioning.Sign{Provider: provisioning.Entra, Weight: 6}
)

// calls logs a call with some signs, and has the log written.
func (w *world) calls(config id.ID, signs ...*provisioning.Sign) provisioning.Config {
	w.t.Helper()
	who, _ := caller.From(w.admin)
	w.provisioning.Log(provisioning.Call{
		Tenant: who.Tenant, Config: config, Token: id.New(), At: w.now, Method: "GET", Path: "/Users", Status: 200, RequestID: "r", Signs: signs,
	})
	w.provisioning.FlushCalls(w.t.Context())
	c, err := w.provisioning.GetConfig(w.admin, config)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func TestAProviderIsRecognizedByWhatWeighsEnough(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		config := w.config("New").ID
		for range 5 {
			if c := w.calls(config, entraHint); c.Recognized != nil {
				t.Errorf("the same sign again and again was enough: %+v", c.Recognized)
			}
		}
		first := w.now
		c := w.calls(config, entraLook)
		if c.Recognized == nil || *c.Recognized != (provisioning.Recognition{Provider: provisioning.Entra, Since: first}) || c.Version != 1 {
			t.Fatalf("two signs made %+v", c.Recognized)
		}
		w.now = w.now.Add(time.Hour)
		if c = w.calls(config, entraName, entraLook); !c.Recognized.Since.Equal(first) {
			t.Errorf("who was known is new: %+v", c.Recognized)
		}
		if c = w.calls(config, oktaName); c.Recognized.Provider != provisioning.Entra {
			t.Errorf("two providers at once made %+v", c.Recognized)
		}
		w.now = w.now.Add(25 * time.Hour)
		if c = w.calls(config, oktaName); c.Recognized.Provider != provisioning.Okta || !c.Recognized.Since.Equal(w.now) {
			t.Errorf("a day later the other one made %+v", c.Recognized)
		}
		who, _ := caller.From(w.admin)
		if n := w.recorded(db, who.Tenant, "scim_config.recognized"); n != 2 {
			t.Errorf("%d events were recorded; want one for each change", n)
		}
		rename := func(c *provisioning.Config) error { c.Name = "Renamed"; return nil }
		if c, err := w.provisioning.ChangeConfig(w.admin, config, nil, rename); err != nil || c.Version != 2 || c.Recognized.Provider != provisioning.Okta {
			t.Errorf("renamed is %+v, %v", c, err)
		}
	})
}

// recorded counts the events of a kind.
func (w *world) recorded(db *store.DB, tenant id.ID, kind string) (n int) {
	w.t.Helper()
	row := db.QueryRow(w.admin, `SELECT count(id) FROM events WHERE tenant_id = $1 AND kind = $2`, tenant, kind)
	if err := row.Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

func TestAConfigurationWarnsWhereItsCallsDisagree(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		for _, c := range []struct {
			set    provisioning.IdentityProvider
			preset provisioning.Preset
			sign   *provisioning.Sign
			codes  string
		}{
			{provisioning.Okta, provisioning.PresetAuto, oktaName, ""},
			{provisioning.Okta, provisioning.PresetOkta, oktaName, ""},
			{provisioning.Okta, provisioning.PresetAuto, entraName, "provider_disagrees"},
			{provisioning.Okta, provisioning.PresetOkta, entraName, "provider_disagrees preset_disagrees"},
			{provisioning.Entra, provisioning.PresetOneLogin, entraName, "preset_disagrees"},
			{provisioning.Entra, provisioning.PresetStrict, entraName, "preset_refuses"},
			{provisioning.Other, provisioning.PresetAuto, entraName, "provider_disagrees"},
			{provisioning.Other, provisioning.PresetAuto, &provisioning.Sign{Provider: provisioning.JumpCloud, Weight: provisioning.Sure}, ""},
			{provisioning.Entra, provisioning.PresetStrict, entraHint, ""},
		} {
			made, err := w.provisioning.CreateConfig(w.admin, provisioning.NewConfig{Name: id.New().String(), IdentityProvider: c.set, Preset: c.preset})
			if err != nil {
				t.Fatal(err)
			}
			var codes []string
			for _, warning := range w.calls(made.ID, c.sign).Warnings() {
				codes = append(codes, warning.Code)
				if len(warning.Message) < 40 {
					t.Errorf("%s says only %q", warning.Code, warning.Message)
				}
			}
			if got := strings.Join(codes, " "); got != c.codes {
				t.Errorf("%s with the preset %s and calls of %s warns of %q, want %q", c.set, c.preset, c.sign.Provider, got, c.codes)
			}
		}
	})
}
