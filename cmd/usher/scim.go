package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/modules/access"
	"github.com/usherhq/usher/modules/licensing"
	"github.com/usherhq/usher/modules/provisioning"
	"github.com/usherhq/usher/scimadapter"
)

type scimCommands struct {
	Create scimCreate `cmd:"" help:"Make a SCIM configuration, with an access token for the identity provider."`
	List   scimList   `cmd:"" help:"List the SCIM configurations of a tenant."`
}

type scimCreate struct {
	place
	format
	life

	Tenant     string `help:"Slug of the tenant." required:"" env:"USHER_TENANT"`
	Name       string `help:"What to call the configuration." required:"" env:"USHER_SCIM_NAME"`
	Provider   string `help:"okta, entra, onelogin or other." enum:"okta,entra,onelogin,other" default:"other" env:"USHER_SCIM_PROVIDER"`
	Preset     string `help:"auto, okta, entra, onelogin or strict." enum:"auto,okta,entra,onelogin,strict" default:"auto" env:"USHER_SCIM_PRESET"`
	AutoAssign bool   `help:"Give a seat to everybody who comes through it." env:"USHER_SCIM_AUTO_ASSIGN"`
	License    string `help:"SKU or id of the license to give." env:"USHER_SCIM_LICENSE"`
	Priority   int    `name:"auto-assign-priority" help:"Priority of these people where they have to wait; the greatest goes first." env:"USHER_SCIM_AUTO_ASSIGN_PRIORITY"`
	ShowSeats  bool   `help:"Show people with their seats to the identity provider even where it does not ask." env:"USHER_SCIM_SHOW_SEATS"`
	MemberMode string `help:"authoritative: a pushed list of members is the whole list. additive: members by hand stay." enum:"authoritative,additive" default:"authoritative" env:"USHER_SCIM_MEMBER_MODE"`
	PublicURL  string `name:"public-url" help:"Scheme and host that the identity provider sees." env:"USHER_PUBLIC_URL" default:"http://localhost:8080"`
}

type shownConfig struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	BaseURL   string    `json:"baseUrl"`
	TokenID   string    `json:"tokenId"`
	Token     string    `json:"token"`
	ExpiresAt time.Time `json:"expiresAt"`
}

// Run makes a SCIM configuration.
func (c *scimCreate) Run(ctx context.Context, p *printer) error {
	days, err := c.duration()
	if err != nil {
		return err
	}
	if err := checkPublicURL(c.PublicURL); err != nil {
		return err
	}
	return inside(ctx, c.place, c.Tenant, func(ctx context.Context, h *house) error {
		license, err := h.licenseOf(ctx, c.License)
		if err != nil {
			return err
		}
		made, err := h.provisioning.CreateConfig(ctx, provisioning.NewConfig{
			Name: c.Name, IdentityProvider: provisioning.IdentityProvider(c.Provider), Preset: provisioning.Preset(c.Preset), AutoAssign: c.AutoAssign,
			License: license, AutoAssignPriority: c.Priority, ShowSeats: c.ShowSeats, MemberMode: provisioning.MemberMode(c.MemberMode),
		})
		if err != nil {
			return err
		}
		token, secret, err := h.provisioning.IssueToken(ctx, made.ID, access.Request{Name: c.Name, Scopes: caller.Scopes{caller.ScopeSCIM}, Life: days})
		if err != nil {
			return err
		}
		shown := shownConfig{
			ID: id.Config.Format(made.ID), Name: made.Name, BaseURL: strings.TrimRight(c.PublicURL, "/") + scimadapter.Base,
			TokenID: id.Token.Format(token.ID), Token: secret.Reveal(), ExpiresAt: token.ExpiresAt,
		}
		return p.show(c.format, shown, func(w io.Writer) {
			line(w, "id", shown.ID)
			line(w, "base URL", shown.BaseURL)
			line(w, "token", shown.Token)
			line(w, "", "Paste both into the identity provider. The token is shown this once and ends on "+token.ExpiresAt.Format(time.DateOnly)+".")
		})
	})
}

// licenseOf finds a license by its id or SKU; no text is no license.
func (h *house) licenseOf(ctx context.Context, text string) (*id.ID, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // none was asked for
	}
	if of, ok := id.License.Parse(text); ok {
		return &of, nil
	}
	l, err := h.seats.BySKU(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("find license %q: %w", text, err)
	}
	return &l.ID, nil
}

// theLicense finds a license by its id or SKU.
func (h *house) theLicense(ctx context.Context, text string) (id.ID, error) {
	of, err := h.licenseOf(ctx, text)
	if err != nil {
		return id.Nil, err
	}
	if of == nil {
		return id.Nil, licensing.ErrLicenseNotFound
	}
	return *of, nil
}

// configOf finds a SCIM configuration by its id or name.
func (h *house) configOf(ctx context.Context, text string) (provisioning.Config, error) {
	if of, ok := id.Config.Parse(text); ok {
		return h.provisioning.GetConfig(ctx, of)
	}
	return h.provisioning.ConfigNamed(ctx, text)
}

type scimList struct {
	place
	format

	Tenant string `help:"Slug of the tenant." required:"" env:"USHER_TENANT"`
}

type listedConfig struct {
	ID         string                        `json:"id"`
	Name       string                        `json:"name"`
	Provider   provisioning.IdentityProvider `json:"identityProvider"`
	Preset     provisioning.Preset           `json:"preset"`
	MemberMode provisioning.MemberMode       `json:"memberMode"`
	AutoAssign bool                          `json:"autoAssign"`
	Priority   int                           `json:"autoAssignPriority,omitempty"`
	Status     provisioning.Status           `json:"status"`
	Recognized provisioning.IdentityProvider `json:"recognized,omitempty"` // by its calls
	Warnings   []string                      `json:"warnings,omitempty"`
}

func listConfig(c provisioning.Config) listedConfig {
	listed := listedConfig{
		ID: id.Config.Format(c.ID), Name: c.Name, Provider: c.IdentityProvider, Preset: c.Preset, MemberMode: c.MemberMode,
		AutoAssign: c.AutoAssign, Priority: c.AutoAssignPriority, Status: c.Status,
	}
	if c.Recognized != nil {
		listed.Recognized = c.Recognized.Provider
	}
	for _, warning := range c.Warnings() {
		listed.Warnings = append(listed.Warnings, warning.Message)
	}
	return listed
}

// Run lists the SCIM configurations of a tenant.
func (c *scimList) Run(ctx context.Context, p *printer) error {
	return inside(ctx, c.place, c.Tenant, func(ctx context.Context, h *house) error {
		found, err := all(func(a page.Args) (page.Page[provisioning.Config], error) {
			return h.provisioning.ListConfigs(ctx, a, provisioning.ConfigFilter{}, provisioning.ConfigOrder{})
		}, func(c provisioning.Config) string { return provisioning.ConfigCursor(c, provisioning.ConfigOrder{}) })
		if err != nil {
			return err
		}
		shown := []listedConfig{}
		for _, f := range found {
			shown = append(shown, listConfig(f))
		}
		return p.show(c.format, shown, func(w io.Writer) {
			line(w, "NAME", "PROVIDER", "RECOGNIZED", "PRESET", "MEMBERS", "AUTO-ASSIGN", "STATUS", "ID", "WARNINGS")
			for _, s := range shown {
				line(w, s.Name, s.Provider, cmp.Or(s.Recognized, "-"), s.Preset, s.MemberMode, s.AutoAssign, s.Status, s.ID, strings.Join(s.Warnings, "; "))
			}
		})
	})
}
