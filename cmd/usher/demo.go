package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
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
	demoAdmin   = "demo@example.com"
)

// shownDemo is what a person or a program needs to look at the demo. Its tokens are made at each start and good for a day.
type shownDemo struct {
	Tenant shownTenant `json:"tenant"`
	Scim   shownConfig `json:"scim"`
	Admin  issuedToken `json:"admin"`
	Link   string      `json:"link"` // signs in to the console, once
}

// demo adds a tenant to look at, and plays a small organization into it.
func (s *serving) demo(ctx context.Context, lines io.Writer) (shownDemo, error) {
	inside, shown, err := s.demoTenant(operator(ctx))
	if err == nil {
		err = s.demoTokens(inside, &shown)
	}
	if err != nil {
		return shownDemo{}, fmt.Errorf("make the demo: %w", err)
	}
	return shown, s.demoPeople(ctx, inside, shown.Scim.Token, lines)
}

// demoTokens issues the tokens of this start.
func (s *serving) demoTokens(inside context.Context, shown *shownDemo) error {
	config, _ := id.Config.Parse(shown.Scim.ID)
	scim, secret, err := s.provisioning.IssueToken(inside, config, access.Request{Name: "demo", Scopes: caller.Scopes{caller.ScopeSCIM}, Life: demoLife})
	if err != nil {
		return err
	}
	shown.Scim.TokenID, shown.Scim.Token, shown.Scim.ExpiresAt = id.Token.Format(scim.ID), secret.Reveal(), scim.ExpiresAt
	who, err := caller.Must(inside)
	if err != nil {
		return err
	}
	admin, secret, err := s.access.Issue(inside, access.Request{
		Tenant: who.Tenant, SubjectKind: access.SubjectService, Name: "demo", Scopes: caller.Scopes{caller.ScopeAdmin}, Life: demoLife,
	})
	if err != nil {
		return err
	}
	shown.Admin = issuedToken{ID: id.Token.Format(admin.ID), Token: secret.Reveal(), ExpiresAt: admin.ExpiresAt}
	made, err := (&consoleCommand{Admin: demoAdmin, Name: "Demo", Role: string(access.Full), PublicURL: s.base}).administrator(inside, s.house)
	shown.Link = made.Link
	return err
}

func (d shownDemo) write(w io.Writer, at welcome) {
	fmt.Fprintf(w, `
The demo tenant is ready. Its tokens are shown this once and are good for a day.

Play an Okta organization of 300 people into it, with the token of its SCIM configuration:

  go run ./cmd/usher simulate okta --base %[1]s --users 300 --groups 12 --token %[2]s

They join the %[5]d people who are here already: there are %[6]d then, for %[7]d seats of %[8]s,
so that all seats are taken and some people wait. Repeat it with --dialect patch, and the same people come back.

Look at people, groups and seats in the console: open this link, which signs in once.

%[9]s

Or ask over GraphQL: open %[4]s, and put the administrator's token in the field at the top:

%[3]s

Stop with Ctrl-C.
`, at.BaseURL, d.Scim.Token, d.Admin.Token, at.GraphiQLURL, demoUsers, demoUsers+300, demoSeats, demoProduct, d.Link)
}

// demoTenant makes the tenant with its licenses and configuration, or finds them.
func (s *serving) demoTenant(ctx context.Context) (context.Context, shownDemo, error) {
	t, err := s.tenants.BySlug(ctx, demoSlug)
	if errors.Is(err, tenancy.ErrNotFound) {
		t, err = s.tenants.Create(ctx, tenancy.NewTenant{Name: "Fjordline (demo)", Slug: demoSlug, Plan: tenancy.AdvancedPlus})
	}
	if err != nil {
		return nil, shownDemo{}, err
	}
	ctx = caller.InTenant(ctx, t.ID)
	c, err := s.provisioning.ConfigNamed(ctx, demoConfig)
	if errors.Is(err, provisioning.ErrConfigNotFound) {
		c, err = s.demoConfig(ctx)
	}
	return ctx, shownDemo{Tenant: showTenant(t), Scim: shownConfig{ID: id.Config.Format(c.ID), Name: c.Name, BaseURL: s.base + scimadapter.Base}}, err
}

func (s *serving) demoConfig(ctx context.Context) (provisioning.Config, error) {
	l, err := s.seats.Buy(ctx, licensing.NewLicense{Product: demoProduct, Seats: demoSeats})
	if err != nil {
		return provisioning.Config{}, err
	}
	if _, err := s.seats.Buy(ctx, licensing.NewLicense{Product: "TeamLink Extend", Seats: demoSecond}); err != nil {
		return provisioning.Config{}, err
	}
	return s.provisioning.CreateConfig(ctx, provisioning.NewConfig{
		Name: demoConfig, IdentityProvider: provisioning.Okta, AutoAssign: true, License: &l.ID,
	})
}

// demoPeople plays a small organization, once.
func (s *serving) demoPeople(ctx, inside context.Context, token string, lines io.Writer) error {
	there, err := s.directory.CountUsers(inside, directory.UserFilter{})
	if err != nil || there > 0 {
		return err
	}
	fmt.Fprintf(lines, "\nAn Okta organization of %d people moves in …\n", demoUsers)
	report, err := simulate.Okta(ctx, simulate.Options{
		BaseURL: s.itself() + scimadapter.Base, HTTP: s.client(), Token: token, Users: demoUsers, Groups: demoGroups, Concurrency: 2,
		Dialect: simulate.PATCH, Seed: demoSeed,
	})
	if err != nil {
		return fmt.Errorf("play the demo's organization: %w", err)
	}
	if !report.OK() {
		report.WriteText(lines)
	}
	return nil
}

// itself is how the server reaches itself, whatever name and proxy clients come through.
func (s *serving) itself() string {
	if s.TLSCert != "" {
		return "https://" + s.address
	}
	return "http://" + s.address
}

// client takes the server's own certificate, whatever names it has and whoever has signed it, and no other.
func (s *serving) client() *http.Client {
	return &http.Client{Timeout: patience.write, Transport: &http.Transport{TLSClientConfig: &tls.Config{
		InsecureSkipVerify: true, //nolint:gosec // the certificate is compared below
		VerifyConnection: func(state tls.ConnectionState) error {
			own, err := tls.LoadX509KeyPair(s.TLSCert, s.TLSKey)
			if err != nil {
				return fmt.Errorf("read the server's certificate: %w", err)
			}
			if !bytes.Equal(own.Certificate[0], state.PeerCertificates[0].Raw) {
				return errors.New("another server answers at " + s.address)
			}
			return nil
		},
	}}}
}
