package provisioning_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/events"
	"github.com/usherhq/usher/modules/provisioning"
)

func (w *world) provider(config id.ID) context.Context {
	who, _ := caller.From(w.admin)
	return caller.With(w.admin, caller.Caller{Tenant: who.Tenant, Kind: caller.KindSCIM, Config: config, Name: "Okta", Scopes: caller.Scopes{caller.ScopeSCIM}})
}

// pushNow makes the members of a group those of a list.
func (w *world) pushNow(ctx context.Context, group id.ID, who ...id.ID) {
	w.t.Helper()
	edit := directory.GroupEdit{Members: []directory.MemberEdit{{Op: directory.ReplaceMembers}}}
	for _, of := range who {
		edit.Members[0].Members = append(edit.Members[0].Members, directory.MemberRef{Value: id.User.Format(of)})
	}
	if _, _, err := w.provisioning.ChangeGroup(ctx, group, edit, nil); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) members(group id.ID) (ids []id.ID) {
	w.t.Helper()
	found, err := w.directory.Members(w.admin, group, id.Nil, 1000)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, m := range found {
		ids = append(ids, m.ID)
	}
	return ids
}

// TestTheMemberModeOfAConfigurationDecides changes the mode of a configuration between two pushes of the whole list.
func TestTheMemberModeOfAConfigurationDecides(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		if c := w.config("Okta"); c.MemberMode != provisioning.Authoritative {
			t.Errorf("the default is %q", c.MemberMode)
		}
		if _, err := w.provisioning.CreateConfig(w.admin, provisioning.NewConfig{Name: "x", MemberMode: "nonsense"}); !errors.Is(err, provisioning.ErrInvalidConfig) {
			t.Errorf("nonsense: %v", err)
		}
		c, err := w.provisioning.CreateConfig(w.admin, provisioning.NewConfig{Name: "Additive", MemberMode: provisioning.Additive})
		if err != nil {
			t.Fatal(err)
		}
		okta, people := w.provider(c.ID), storetest.People(t, db, w.admin, 3)
		g, err := w.provisioning.CreateGroup(okta, directory.NewGroup{DisplayName: "Sales"})
		if err != nil {
			t.Fatal(err)
		}
		byHand := directory.GroupEdit{Strict: true, Members: []directory.MemberEdit{{Op: directory.AddMembers, Members: []directory.MemberRef{{Value: id.User.Format(people[0])}}}}}
		if _, _, err := w.directory.ChangeGroup(w.admin, g.ID, byHand, nil); err != nil {
			t.Fatal(err)
		}
		w.pushNow(okta, g.ID, people[1])
		if got := w.members(g.ID); !slices.Equal(got, people[:2]) {
			t.Errorf("additive: the members are %v", got)
		}
		keep := directory.Settle{As: directory.SettleByHand}
		if _, n, err := w.provisioning.SettleDrift(w.admin, g.ID, keep, nil); err != nil || n != 1 {
			t.Errorf("kept by hand are %d, %v", n, err)
		}
		if _, _, err := w.provisioning.SettleDrift(okta, g.ID, keep, nil); err == nil {
			t.Error("a provider has settled drift")
		}
		change := func(c *provisioning.Config) error { c.MemberMode = provisioning.Authoritative; return nil }
		if _, err := w.provisioning.ChangeConfig(w.admin, c.ID, nil, change); err != nil {
			t.Fatal(err)
		}
		w.pushNow(okta, g.ID, people[1:]...)
		if got := w.members(g.ID); !slices.Equal(got, people[1:]) {
			t.Errorf("authoritative: the members are %v", got)
		}
		if modes := w.recordedModes(db, c.ID); !slices.Equal(modes, []string{"additive", "authoritative"}) {
			t.Errorf("the journal has the modes %v", modes)
		}
	})
}

func (w *world) recordedModes(db *store.DB, config id.ID) (modes []string) {
	w.t.Helper()
	journal := events.New(db)
	if _, err := journal.Number(w.admin); err != nil {
		w.t.Fatal(err)
	}
	p, err := journal.List(w.admin, page.Args{First: 50}, events.Filter{Subject: config})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range p.Items {
		var data struct {
			MemberMode string `json:"memberMode"`
		}
		text, _ := e.Data.(json.RawMessage)
		if err := json.Unmarshal(text, &data); err != nil {
			w.t.Fatal(err)
		}
		modes = append(modes, data.MemberMode)
	}
	return modes
}

// TestADeletedConfigurationLeavesItsGroupsAsTheyAre deletes one that has made groups and holds nobody.
func TestADeletedConfigurationLeavesItsGroupsAsTheyAre(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		c, next := w.config("Okta"), w.config("Entra")
		okta, people := w.provider(c.ID), storetest.People(t, db, w.admin, 2)
		g, err := w.provisioning.CreateGroup(okta, directory.NewGroup{DisplayName: "Sales"})
		if err != nil {
			t.Fatal(err)
		}
		w.pushNow(okta, g.ID, people...)
		if err := w.provisioning.DeleteConfig(w.admin, c.ID); err != nil {
			t.Fatal(err)
		}
		if now, err := w.directory.GetGroup(w.admin, g.ID); err != nil || now.Config != nil || !slices.Equal(w.members(g.ID), people) {
			t.Errorf("the group is %+v, %v, its members are %v", now, err, w.members(g.ID))
		}
		w.pushNow(w.provider(next.ID), g.ID, people[1])
		if now, err := w.directory.GetGroup(w.admin, g.ID); err != nil || *now.Config != next.ID || !slices.Equal(w.members(g.ID), people[1:]) {
			t.Errorf("after the next one's list the group is %+v, %v, its members are %v", now, err, w.members(g.ID))
		}
	})
}
