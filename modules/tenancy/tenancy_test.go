package tenancy_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/events"
	"github.com/usherhq/usher/modules/tenancy"
)

func operator(ctx context.Context) context.Context {
	return caller.With(ctx, caller.Caller{Kind: caller.KindOperator, Token: id.New(), Scopes: caller.Scopes{caller.ScopeOperator}})
}

// told remembers whose plan changed to what.
type told map[id.ID]tenancy.Plan

func (t told) PlanChanged(_ context.Context, now tenancy.Tenant) error {
	t[now.ID] = now.Plan
	return nil
}

func TestATenantIsMadeOnceAndFoundBySlug(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := tenancy.New(db, events.New(db), clock.System())
		ctx := operator(t.Context())
		made, err := s.Create(ctx, tenancy.NewTenant{Name: " Fjordline ", Slug: "fjordline", Plan: tenancy.Advanced})
		if err != nil {
			t.Fatal(err)
		}
		if made.Name != "Fjordline" || made.TimeZone != "UTC" || made.Version != 1 {
			t.Errorf("got %+v", made)
		}
		if found, err := s.BySlug(ctx, "fjordline"); err != nil || found != made {
			t.Errorf("found %+v, %v; want %+v", found, err, made)
		}
		if _, err := s.Create(ctx, tenancy.NewTenant{Name: "Other", Slug: "fjordline", Plan: tenancy.Core}); !errors.Is(err, tenancy.ErrSlugTaken) {
			t.Errorf("a taken slug got %v", err)
		}
	})
}

func TestInvalidTenantsAreRefusedWithTheFieldAtFault(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := tenancy.New(db, events.New(db), clock.System())
		for field, n := range map[string]tenancy.NewTenant{
			"name":     {Name: " ", Slug: "a", Plan: tenancy.Core},
			"slug":     {Name: "A", Slug: "-a", Plan: tenancy.Core},
			"plan":     {Name: "A", Slug: "a", Plan: "gold"},
			"timeZone": {Name: "A", Slug: "a", Plan: tenancy.Core, TimeZone: "Mars/Base"},
		} {
			_, err := s.Create(operator(t.Context()), n)
			if f, ok := fault.As(err); !ok || f.Field != field || !errors.Is(err, tenancy.ErrInvalid) {
				t.Errorf("%+v got %v", n, err)
			}
		}
	})
}

func TestWhoIsNoOperatorSeesHerOwnTenantOnly(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := tenancy.New(db, events.New(db), clock.System())
		mine, theirs := storetest.Tenant(t, db), storetest.Tenant(t, db)
		other, err := s.Own(theirs)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Get(mine, other.ID); !errors.Is(err, tenancy.ErrNotFound) {
			t.Errorf("another tenant got %v", err)
		}
		for name, verb := range map[string]func() error{
			"list":   func() error { _, err := s.List(mine, page.Args{}, tenancy.Filter{}, tenancy.Order{}); return err },
			"slug":   func() error { _, err := s.BySlug(mine, other.Slug); return err },
			"create": func() error { _, err := s.Create(mine, tenancy.NewTenant{}); return err },
			"plan": func() error {
				own, err := s.Own(mine)
				if err != nil {
					return err
				}
				_, err = s.Change(mine, own.ID, nil, func(t *tenancy.Tenant) error { t.Plan = tenancy.Core; return nil })
				return err
			},
		} {
			if f, ok := fault.As(verb()); !ok || f.Kind != fault.Forbidden {
				t.Errorf("%s got %v", name, f)
			}
		}
	})
}

func TestAChangedPlanIsToldAndAStaleVersionRefused(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := tenancy.New(db, events.New(db), clock.System())
		heard := told{}
		s.FollowPlans(heard)
		ctx := operator(t.Context())
		made, err := s.Create(ctx, tenancy.NewTenant{Name: "A", Slug: "a", Plan: tenancy.Advanced})
		if err != nil {
			t.Fatal(err)
		}
		toCore := func(t *tenancy.Tenant) error { t.Plan = tenancy.Core; return nil }
		now, err := s.Change(ctx, made.ID, &made.Version, toCore)
		if err != nil || now.Version != 2 || heard[made.ID] != tenancy.Core {
			t.Fatalf("got %+v, %v; told %v", now, err, heard)
		}
		if _, err := s.Change(ctx, made.ID, &made.Version, toCore); !errors.Is(err, tenancy.ErrStaleVersion) {
			t.Errorf("a stale version got %v", err)
		}
		if again, err := s.Change(ctx, made.ID, nil, toCore); err != nil || again != now {
			t.Errorf("the same change again got %+v, %v; want %+v", again, err, now)
		}
	})
}

func TestTenantsAreListedInTheirOrders(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := tenancy.New(db, events.New(db), clock.System())
		ctx := operator(t.Context())
		for _, slug := range []string{"c", "a", "b"} {
			if _, err := s.Create(ctx, tenancy.NewTenant{Name: "Name of " + slug, Slug: slug, Plan: map[string]tenancy.Plan{"c": tenancy.Core, "a": tenancy.Advanced, "b": tenancy.Core}[slug]}); err != nil {
				t.Fatal(err)
			}
		}
		for filter, want := range map[tenancy.Filter][]string{
			{}: {"a", "b", "c"}, {Plan: tenancy.Core}: {"b", "c"}, {Search: "NAME OF a"}: {"a"}, {Search: "B"}: {"b"}, {Search: "%"}: nil, {Search: "name", Plan: tenancy.AdvancedPlus}: nil,
		} {
			for _, order := range []tenancy.Order{{}, {Way: page.Descending}, {ByAge: true}, {ByAge: true, Way: page.Descending}} {
				all := []string{"a", "b", "c"}
				if order.ByAge {
					all = []string{"c", "a", "b"}
				}
				all = slices.DeleteFunc(all, func(slug string) bool { return !slices.Contains(want, slug) })
				if order.Way == page.Descending {
					slices.Reverse(all)
				}
				for _, args := range []page.Args{{First: 1}, {First: 2}, {Last: 1}, {Last: 2}} {
					found, err := page.Walk(args, func(args page.Args) (page.Page[tenancy.Tenant], error) { return s.List(ctx, args, filter, order) },
						func(t tenancy.Tenant) string { return tenancy.Cursor(t, order) })
					var slugs []string
					for _, t := range found {
						slugs = append(slugs, t.Slug)
					}
					if err != nil || strings.Join(slugs, " ") != strings.Join(all, " ") {
						t.Errorf("%+v in %+v by %+v: %v, %v; want %v", filter, order, args, slugs, err, all)
					}
				}
			}
			if n, err := s.Count(ctx, filter); err != nil || n != int64(len(want)) {
				t.Errorf("%+v counts %d, %v; want %d", filter, n, err, len(want))
			}
		}
		for _, cursor := range []string{"x", page.Encode("tenant:created", "a")} {
			for _, order := range []tenancy.Order{{}, {ByAge: true}} {
				if _, err := s.List(ctx, page.Args{After: cursor}, tenancy.Filter{}, order); !errors.Is(err, page.ErrCursor) {
					t.Errorf("%q in %+v: %v", cursor, order, err)
				}
			}
		}
	})
}
