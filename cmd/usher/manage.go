package main

import (
	"context"
	"io"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/modules/tenancy"
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
	return page.Walk(page.Args{First: page.Max}, read, cursor)
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
		found, err := all(func(a page.Args) (page.Page[tenancy.Tenant], error) {
			return h.tenants.List(ctx, a, tenancy.Filter{}, tenancy.Order{})
		}, func(t tenancy.Tenant) string { return tenancy.Cursor(t, tenancy.Order{}) })
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
