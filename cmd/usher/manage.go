package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/modules/access"
	"github.com/usherhq/usher/modules/licensing"
	"github.com/usherhq/usher/modules/provisioning"
	"github.com/usherhq/usher/modules/tenancy"
	"github.com/usherhq/usher/scimadapter"
)

// with runs a command inside an installation.
func with(ctx context.Context, p place, act func(ctx context.Context, h *house) error) (err error) {
	h, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if closing := h.close(); err == nil {
			err = closing
		}
	}()
	return act(operator(ctx), h)
}

// inside is with, within the tenant of a slug.
func inside(ctx context.Context, p place, slug string, act func(ctx context.Context, h *house) error) error {
	return with(ctx, p, func(ctx context.Context, h *house) error {
		t, err := h.tenants.BySlug(ctx, slug)
		if err != nil {
			return err
		}
		return act(caller.InTenant(ctx, t.ID), h)
	})
}

// all reads a list to its end, page by page.
func all[T any](read func(page.Args) (page.Page[T], error), cursor func(T) string) ([]T, error) {
	args, items := page.Args{First: page.Max}, []T{}
	for {
		p, err := read(args)
		if err != nil {
			return nil, err
		}
		items = append(items, p.Items...)
		if !p.HasNext {
			return items, nil
		}
		args.After = cursor(items[len(items)-1])
	}
}

type migrateCommand struct {
	place
	format
}

// Run migrates the database.
func (c *migrateCommand) Run(ctx context.Context, p *printer) error {
	return with(ctx, c.place, func(context.Context, *house) error {
		return p.show(c.format, map[string]bool{"migrated": true}, func(w io.Writer) { line(w, "The database has this version's schema.") })
	})
}

type tenantCommands struct {
	Create tenantCreate `cmd:"" help:"Make a tenant."`
	List   tenantList   `cmd:"" help:"List all tenants."`
}

type tenantCreate struct {
	place
	format

	Name string `help:"What the customer is called." required:"" env:"USHER_TENANT_NAME"`
	Slug string `help:"The short name, in lower case." required:"" env:"USHER_TENANT_SLUG"`
	Plan string `help:"core, advanced or advanced-plus." enum:"core,advanced,advanced-plus" required:"" env:"USHER_TENANT_PLAN"`
}

type shownTenant struct {
	ID   string       `json:"id"`
	Name string       `json:"name"`
	Slug string       `json:"slug"`
	Plan tenancy.Plan `json:"plan"`
}

func showTenant(t tenancy.Tenant) shownTenant {
	return shownTenant{ID: id.Tenant.Format(t.ID), Name: t.Name, Slug: t.Slug, Plan: t.Plan}
}

// Run makes a tenant.
func (c *tenantCreate) Run(ctx context.Context, p *printer) error {
	return with(ctx, c.place, func(ctx context.Context, h *house) error {
		t, err := h.tenants.Create(ctx, tenancy.NewTenant{Name: c.Name, Slug: c.Slug, Plan: tenancy.Plan(c.Plan)})
		if err != nil {
			return err
		}
		return p.show(c.format, showTenant(t), func(w io.Writer) { line(w, "id", id.Tenant.Format(t.ID)); line(w, "slug", t.Slug) })
	})
}

type tenantList struct {
	place
	format
}

// Run lists all tenants.
func (c *tenantList) Run(ctx context.Context, p *printer) error {
	return with(ctx, c.place, func(ctx context.Context, h *house) error {
		found, err := all(func(a page.Args) (page.Page[tenancy.Tenant], error) { return h.tenants.List(ctx, a) }, tenancy.Cursor)
		if err != nil {
			return err
		}
		shown := []shownTenant{}
		for _, t := range found {
			shown = append(shown, showTenant(t))
		}
		return p.show(c.format, shown, func(w io.Writer) {
			line(w, "SLUG", "PLAN", "NAME", "ID")
			for _, t := range shown {
				line(w, t.Slug, t.Plan, t.Name, t.ID)
			}
		})
	})
}

type licenseCommands struct {
	Create licenseCreate `cmd:"" help:"Make a license."`
	List   licenseList   `cmd:"" help:"List the licenses of a tenant."`
}

type licenseCreate struct {
	place
	format

	Tenant  string `help:"Slug of the tenant." required:"" env:"USHER_TENANT"`
	Product string `help:"What was bought." required:"" env:"USHER_LICENSE_PRODUCT"`
	SKU     string `name:"sku" help:"The product's number; made from its name when not given." env:"USHER_LICENSE_SKU"`
	Seats   int64  `help:"How many seats were bought." required:"" env:"USHER_LICENSE_SEATS"`
}

type shownLicense struct {
	ID      string `json:"id"`
	Product string `json:"product"`
	SKU     string `json:"sku"`
	Seats   int64  `json:"seats"`
	Taken   int64  `json:"taken"`
	Free    int64  `json:"free"`
	Waiting int64  `json:"waiting"`
}

func showLicense(l licensing.License) shownLicense {
	return shownLicense{ID: id.License.Format(l.ID), Product: l.Product, SKU: l.SKU, Seats: l.Seats, Taken: l.Taken, Free: l.Free(), Waiting: l.Waiting}
}

// Run makes a license.
func (c *licenseCreate) Run(ctx context.Context, p *printer) error {
	return inside(ctx, c.place, c.Tenant, func(ctx context.Context, h *house) error {
		l, err := h.seats.Buy(ctx, licensing.NewLicense{Product: c.Product, SKU: c.SKU, Seats: c.Seats})
		if err != nil {
			return err
		}
		return p.show(c.format, showLicense(l), func(w io.Writer) {
			line(w, "id", id.License.Format(l.ID))
			line(w, "sku", l.SKU)
			line(w, "seats", l.Seats)
		})
	})
}

type licenseList struct {
	place
	format

	Tenant string `help:"Slug of the tenant." required:"" env:"USHER_TENANT"`
}

// Run lists the licenses of a tenant.
func (c *licenseList) Run(ctx context.Context, p *printer) error {
	return inside(ctx, c.place, c.Tenant, func(ctx context.Context, h *house) error {
		found, err := all(func(a page.Args) (page.Page[licensing.License], error) { return h.seats.List(ctx, a) }, licensing.Cursor)
		if err != nil {
			return err
		}
		shown := []shownLicense{}
		for _, l := range found {
			shown = append(shown, showLicense(l))
		}
		return p.show(c.format, shown, func(w io.Writer) {
			line(w, "SKU", "SEATS", "TAKEN", "FREE", "WAITING", "PRODUCT", "ID")
			for _, l := range shown {
				line(w, l.SKU, l.Seats, l.Taken, l.Free, l.Waiting, l.Product, l.ID)
			}
		})
	})
}

type scimCommands struct {
	Create scimCreate `cmd:"" help:"Make a SCIM configuration, with an access token for the identity provider."`
	List   scimList   `cmd:"" help:"List the SCIM configurations of a tenant."`
}

type scimCreate struct {
	place
	format

	Tenant     string `help:"Slug of the tenant." required:"" env:"USHER_TENANT"`
	Name       string `help:"What to call the configuration." required:"" env:"USHER_SCIM_NAME"`
	Provider   string `help:"okta, entra, onelogin or other." enum:"okta,entra,onelogin,other" default:"other" env:"USHER_SCIM_PROVIDER"`
	Preset     string `help:"auto, okta, entra, onelogin or strict." enum:"auto,okta,entra,onelogin,strict" default:"auto" env:"USHER_SCIM_PRESET"`
	AutoAssign bool   `help:"Give a seat to everybody who comes through it." env:"USHER_SCIM_AUTO_ASSIGN"`
	License    string `help:"SKU or id of the license to give." env:"USHER_SCIM_LICENSE"`
	ShowSeats  bool   `help:"Show people with their seats to the identity provider even where it does not ask." env:"USHER_SCIM_SHOW_SEATS"`
	PublicURL  string `name:"public-url" help:"Scheme and host that the identity provider sees." env:"USHER_PUBLIC_URL" default:"http://localhost:8080"`
}

type shownConfig struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	BaseURL   string    `json:"baseUrl"`
	Token     string    `json:"token"`
	ExpiresAt time.Time `json:"expiresAt"`
}

// Run makes a SCIM configuration.
func (c *scimCreate) Run(ctx context.Context, p *printer) error {
	return inside(ctx, c.place, c.Tenant, func(ctx context.Context, h *house) error {
		license, err := h.licenseOf(ctx, c.License)
		if err != nil {
			return err
		}
		made, err := h.provisioning.CreateConfig(ctx, provisioning.NewConfig{
			Name: c.Name, IdentityProvider: provisioning.IdentityProvider(c.Provider), Preset: provisioning.Preset(c.Preset), AutoAssign: c.AutoAssign,
			License: license, ShowSeats: c.ShowSeats,
		})
		if err != nil {
			return err
		}
		token, secret, err := h.provisioning.IssueToken(ctx, made.ID, access.Request{Name: c.Name, Scopes: caller.Scopes{caller.ScopeSCIM}})
		if err != nil {
			return err
		}
		shown := shownConfig{
			ID: id.Config.Format(made.ID), Name: made.Name, BaseURL: c.PublicURL + scimadapter.Base, Token: secret.Reveal(), ExpiresAt: token.ExpiresAt,
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
	AutoAssign bool                          `json:"autoAssign"`
	Status     provisioning.Status           `json:"status"`
}

// Run lists the SCIM configurations of a tenant.
func (c *scimList) Run(ctx context.Context, p *printer) error {
	return inside(ctx, c.place, c.Tenant, func(ctx context.Context, h *house) error {
		found, err := all(func(a page.Args) (page.Page[provisioning.Config], error) { return h.provisioning.ListConfigs(ctx, a) }, provisioning.ConfigCursor)
		if err != nil {
			return err
		}
		shown := []listedConfig{}
		for _, f := range found {
			shown = append(shown, listedConfig{
				ID: id.Config.Format(f.ID), Name: f.Name, Provider: f.IdentityProvider, Preset: f.Preset, AutoAssign: f.AutoAssign, Status: f.Status,
			})
		}
		return p.show(c.format, shown, func(w io.Writer) {
			line(w, "NAME", "PROVIDER", "PRESET", "AUTO-ASSIGN", "STATUS", "ID")
			for _, s := range shown {
				line(w, s.Name, s.Provider, s.Preset, s.AutoAssign, s.Status, s.ID)
			}
		})
	})
}
