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
	"github.com/usherhq/usher/modules/tenancy"
	"github.com/usherhq/usher/scimadapter"
)

// The demo: a customer who has had two licenses for a year, one of them too small for everybody who comes.
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
	People int64       `json:"people"`
}

// demo adds a tenant with a year behind it, and plays a small organization into it.
func (s *serving) demo(ctx context.Context, lines io.Writer) (shownDemo, error) {
	t, fresh, err := s.demoTenant(operator(ctx), lines)
	if err != nil {
		return shownDemo{}, fmt.Errorf("make the demo: %w", err)
	}
	inside := caller.InTenant(operator(ctx), t.ID)
	shown, err := s.showDemo(inside, t)
	if err != nil {
		return shownDemo{}, fmt.Errorf("show the demo: %w", err)
	}
	if fresh {
		if err := s.demoPeople(ctx, shown.Scim.Token, lines); err != nil {
			return shownDemo{}, err
		}
	}
	shown.People, err = s.directory.CountUsers(inside, directory.UserFilter{})
	return shown, err
}

// showDemo finds the configuration, and issues the tokens of this start.
func (s *serving) showDemo(inside context.Context, t tenancy.Tenant) (shownDemo, error) {
	c, err := s.provisioning.ConfigNamed(inside, demoConfig)
	if err != nil {
		return shownDemo{}, err
	}
	scim, secret, err := s.provisioning.IssueToken(inside, c.ID, access.Request{Name: "demo", Scopes: caller.Scopes{caller.ScopeSCIM}, Life: demoLife})
	if err != nil {
		return shownDemo{}, err
	}
	shown := shownDemo{Tenant: showTenant(t), Scim: shownConfig{
		ID: id.Config.Format(c.ID), Name: c.Name, BaseURL: s.base + scimadapter.Base,
		TokenID: id.Token.Format(scim.ID), Token: secret.Reveal(), ExpiresAt: scim.ExpiresAt,
	}}
	admin, secret, err := s.access.Issue(inside, access.Request{
		Tenant: t.ID, SubjectKind: access.SubjectService, Name: "demo", Scopes: caller.Scopes{caller.ScopeAdmin}, Life: demoLife,
	})
	if err != nil {
		return shownDemo{}, err
	}
	shown.Admin = issuedToken{ID: id.Token.Format(admin.ID), Token: secret.Reveal(), ExpiresAt: admin.ExpiresAt}
	made, err := (&consoleCommand{Admin: demoAdmin, Name: "Demo", Role: string(access.Full), PublicURL: s.base}).administrator(inside, s.house)
	shown.Link = made.Link
	return shown, err
}

func (d shownDemo) write(w io.Writer, at welcome) {
	fmt.Fprintf(w, `
The demo tenant is ready. Its tokens are shown this once and are good for a day.

Play an Okta organization of 300 people into it, with the token of its SCIM configuration:

  go run ./cmd/usher simulate okta --base %[1]s --users 300 --groups 12 --token %[2]s

They join the %[5]d people who are here already: there are %[6]d then, for %[7]d seats of %[8]s,
so that all seats are taken and many people wait. Repeat it with --dialect patch, and the same people come back.

There is a year behind it. Open the console by this link, which signs in once:

%[9]s

and look at Reports: how the seats ran out and were enlarged, when unused ones were taken back, what is idle and what that costs,
the add-on that waits for people's consent, thresholds that were crossed, any day "as of".

Or ask over GraphQL: open %[4]s, and put the administrator's token in the field at the top:

%[3]s

Stop with Ctrl-C.
`, at.BaseURL, d.Scim.Token, d.Admin.Token, at.GraphiQLURL, d.People, d.People+300, demoSeats, demoProduct, d.Link)
}

// demoTenant finds the tenant, or has it live a year.
func (s *serving) demoTenant(ctx context.Context, lines io.Writer) (t tenancy.Tenant, fresh bool, err error) {
	t, err = s.tenants.BySlug(ctx, demoSlug)
	if errors.Is(err, tenancy.ErrNotFound) {
		fresh = true
		t, err = s.demoYear(ctx, lines)
	}
	if err != nil {
		return t, fresh, err
	}
	close(s.lived)
	if t.Name == demoHalf {
		fmt.Fprint(lines, "\nThe demo was interrupted while its year was written, and has only a part of it. For a whole one, start with another --data or --database.\n")
	}
	return t, fresh, nil
}

// demoYear writes the year before today. Meanwhile the workers that look at the clock rest.
func (s *serving) demoYear(ctx context.Context, lines io.Writer) (tenancy.Tenant, error) {
	y, err := newYear(ctx, s.url(), s.access, s.clock(), demoSeed)
	if err != nil {
		return tenancy.Tenant{}, err
	}
	fmt.Fprint(lines, "\nA customer lives the year before today, which takes some seconds …")
	if isTerminal(lines) {
		y.progress = func(day int) {
			fmt.Fprintf(lines, "\r\x1b[KA customer lives the year before today … %s", y.tell().Format("January 2006"))
		}
	}
	t, err := y.live(ctx)
	fmt.Fprintln(lines)
	return t, errors.Join(err, y.house.close())
}

// demoPeople plays a small organization.
func (s *serving) demoPeople(ctx context.Context, token string, lines io.Writer) error {
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
