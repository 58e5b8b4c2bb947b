package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/internal/simulate"
	"github.com/usherhq/usher/modules/access"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/licensing"
	"github.com/usherhq/usher/modules/provisioning"
	"github.com/usherhq/usher/modules/tenancy"
	"github.com/usherhq/usher/scimadapter"
)

// The demo: a customer with two licenses, one of them too small for everybody.
const (
	demoSlug    = "demo"
	demoConfig  = "Okta (demo)"
	demoSeats   = 250
	demoUsers   = 24
	demoGroups  = 4
	demoLife    = 24 * time.Hour
	demoSecond  = 40
	demoSeed    = 2026 // another organization than the one that simulate plays by default
	demoProduct = "Sales Navigator Advanced"
)

// demo adds a tenant to look at, plays a small organization into it, and says what to look at.
func (s *serving) demo(ctx context.Context) error {
	inside, config, err := s.demoTenant(operator(ctx))
	if err != nil {
		return fmt.Errorf("make the demo: %w", err)
	}
	_, scim, err := s.provisioning.IssueToken(inside, config, access.Request{Name: "demo", Scopes: caller.Scopes{caller.ScopeSCIM}, Life: demoLife})
	if err != nil {
		return fmt.Errorf("make the demo: %w", err)
	}
	who, err := caller.Must(inside)
	if err != nil {
		return err
	}
	_, admin, err := s.access.Issue(inside, access.Request{
		Tenant: who.Tenant, SubjectKind: access.SubjectService, Name: "demo", Scopes: caller.Scopes{caller.ScopeAdmin}, Life: demoLife,
	})
	if err != nil {
		return fmt.Errorf("make the demo: %w", err)
	}
	if err := s.demoPeople(ctx, inside, scim.Reveal()); err != nil {
		return err
	}
	fmt.Fprintf(s.printer.out, `
The demo tenant is ready. Its tokens are shown this once and are good for a day.

Play an Okta organization of 300 people into it, with the token of its SCIM configuration:

  go run ./cmd/usher simulate okta --base %[1]s%[4]s --users 300 --groups 12 --token %[2]s

Look at people, groups and seats: open %[1]s/graphiql, and put the administrator's token in the field at the top:

%[3]s

Stop with Ctrl-C.
`, s.base, scim.Reveal(), admin.Reveal(), scimadapter.Base)
	return nil
}

// demoTenant makes the tenant with its licenses and configuration, or finds them.
func (s *serving) demoTenant(ctx context.Context) (context.Context, id.ID, error) {
	t, err := s.tenants.BySlug(ctx, demoSlug)
	if errors.Is(err, tenancy.ErrNotFound) {
		t, err = s.tenants.Create(ctx, tenancy.NewTenant{Name: "Fjordline (demo)", Slug: demoSlug, Plan: tenancy.AdvancedPlus})
	}
	if err != nil {
		return nil, id.Nil, err
	}
	ctx = caller.InTenant(ctx, t.ID)
	configs, err := s.provisioning.ListConfigs(ctx, page.Args{})
	if err != nil {
		return nil, id.Nil, err
	}
	for _, c := range configs.Items {
		if c.Name == demoConfig {
			return ctx, c.ID, nil
		}
	}
	l, err := s.seats.Buy(ctx, licensing.NewLicense{Product: demoProduct, Seats: demoSeats})
	if err != nil {
		return nil, id.Nil, err
	}
	if _, err := s.seats.Buy(ctx, licensing.NewLicense{Product: "TeamLink Extend", Seats: demoSecond}); err != nil {
		return nil, id.Nil, err
	}
	c, err := s.provisioning.CreateConfig(ctx, provisioning.NewConfig{
		Name: demoConfig, IdentityProvider: provisioning.Okta, AutoAssign: true, License: &l.ID,
	})
	return ctx, c.ID, err
}

// demoPeople plays a small organization, once.
func (s *serving) demoPeople(ctx, inside context.Context, token string) error {
	there, err := s.directory.ListUsers(inside, page.Args{First: 1}, directory.UserFilter{}, directory.UserOrder{})
	if err != nil || there.Total > 0 {
		return err
	}
	fmt.Fprintf(s.printer.out, "\nAn Okta organization of %d people moves in …\n", demoUsers)
	report, err := simulate.Okta(ctx, simulate.Options{
		BaseURL: s.base + scimadapter.Base, Token: token, Users: demoUsers, Groups: demoGroups, Concurrency: 2, Dialect: simulate.PATCH, Seed: demoSeed,
	})
	if err != nil {
		return fmt.Errorf("play the demo's organization: %w", err)
	}
	if !report.OK() {
		report.WriteText(s.printer.out)
	}
	return nil
}
