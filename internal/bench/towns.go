package main

import (
	"context"
	"fmt"
	"net/url"

	"github.com/usherhq/usher/internal/id"
)

// town is a tenant of its own that has nothing but people, so that a look-up can be compared between a small and a very large one.
type town struct {
	tenant, config id.ID
	token          string
	people         []id.ID
}

var townSizes = []int{10_000, 1_000_000}

func townRow(size int) string { return fmt.Sprintf("userName eq among %d", size) }

func townNames() (all []string) {
	for _, size := range townSizes {
		all = append(all, townRow(size))
	}
	return all
}

func (w *world) prepareTowns(ctx context.Context) error {
	for i, size := range townSizes {
		progressf("%s: a town of %d moves in", w.dialect, size)
		t, err := w.newTown(ctx, fmt.Sprintf("town%d", i), size)
		if err != nil {
			return err
		}
		w.towns = append(w.towns, t)
	}
	return nil
}

func (w *world) newTown(ctx context.Context, slug string, size int) (t town, err error) {
	if t.tenant, t.config, t.token, err = w.newTenant(ctx, slug); err != nil {
		return t, err
	}
	for range size {
		t.people = append(t.people, id.New())
	}
	f, err := w.filler(ctx, t.tenant)
	if err != nil {
		return t, err
	}
	defer f.close()
	if err := f.named(t.people); err != nil {
		return t, err
	}
	return t, f.done(size, 0)
}

// newTenant makes a tenant with one SCIM configuration.
func (w *world) newTenant(ctx context.Context, slug string) (tenant, config id.ID, token string, err error) {
	var made struct{ ID string }
	if err := w.usherJSON(ctx, &made, "tenant", "create", "--name", slug, "--slug", slug, "--plan", "advanced"); err != nil {
		return tenant, config, "", err
	}
	var connected struct{ ID, Token string }
	if err := w.usherJSON(ctx, &connected, "scim", "create", "--tenant", slug, "--name", slug); err != nil {
		return tenant, config, "", err
	}
	tenant, _ = id.Tenant.Parse(made.ID)
	config, _ = id.Config.Parse(connected.ID)
	return tenant, config, connected.Token, nil
}

func (w *world) townRows() (all []row) {
	for i, t := range w.towns {
		person := func(n int) string { return t.people[n*7919%len(t.people)].String() }
		all = append(all, row{
			name: townRow(townSizes[i]),
			usher: func(n int) ask {
				return scimGet("/Users?filter="+url.QueryEscape(`userName eq "`+person(n)+`"`), t.token)
			},
			floor: func(n int) ask {
				return floorGet("/lookup?tenant=" + t.tenant.String() + "&config=" + t.config.String() + "&name=" + person(n))
			},
		})
	}
	return all
}
