package provisioning_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/provisioning"
)

var bothWays = []page.Way{page.Ascending, page.Descending}

// ends are ways to ask for the same list: from its first and from its last item.
var ends = []page.Args{{First: 2}, {Last: 2}, {First: 1}, {Last: 1}, {First: 100}}

func turned[T any](all []T, way page.Way) []T {
	all = slices.Clone(all)
	if way == page.Descending {
		slices.Reverse(all)
	}
	return all
}

func TestCallsGoBothWaysForSeveralConfigurations(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		okta, entra := w.config("Okta"), w.config("Entra")
		who, _ := caller.From(w.admin)
		for i := range 12 {
			config := []id.ID{okta.ID, entra.ID, okta.ID}[i%3]
			w.provisioning.Log(provisioning.Call{
				Tenant: who.Tenant, Config: config, At: w.now.Add(time.Duration(i) * time.Second), Method: "GET", Path: fmt.Sprintf("/Users/%d", i),
				Status: []int{200, 404, 503}[i%3], RequestID: "r",
			})
		}
		w.provisioning.FlushCalls(t.Context())
		path := func(all []provisioning.Call) (paths []string) {
			for _, c := range all {
				paths = append(paths, c.Path)
			}
			return paths
		}
		for filter, want := range map[provisioning.CallFilter][]string{
			{}:                                  {"/Users/0", "/Users/2", "/Users/3", "/Users/5", "/Users/6", "/Users/8", "/Users/9", "/Users/11"},
			{Verdict: provisioning.CallFailed}:  {"/Users/2", "/Users/5", "/Users/8", "/Users/11"},
			{Verdict: provisioning.CallRefused}: nil,
			{Path: "/Users/1"}:                  {"/Users/11"},
			{Status: 200, Path: "/Users/", Method: "get"}: {"/Users/0", "/Users/3", "/Users/6", "/Users/9"},
		} {
			for _, way := range bothWays {
				for _, args := range ends {
					got, err := page.Walk(args, func(args page.Args) (page.Page[provisioning.Call], error) {
						pages, err := w.provisioning.CallsOf(w.admin, []id.ID{entra.ID, okta.ID, id.New()}, args, filter, way)
						return pages[okta.ID], err
					}, provisioning.CallCursor)
					if err != nil || !slices.Equal(path(got), turned(want, way)) {
						t.Errorf("%+v, descending %v, by %+v: %v, %v; want %v", filter, way, args, path(got), err, want)
					}
					narrowed := filter
					narrowed.Config = &okta.ID
					all, err := page.Walk(args, func(args page.Args) (page.Page[provisioning.Call], error) {
						return w.provisioning.Calls(w.admin, args, narrowed, way)
					}, provisioning.CallCursor)
					if err != nil || !slices.Equal(path(all), turned(want, way)) {
						t.Errorf("all %+v, descending %v, by %+v: %v, %v; want %v", filter, way, args, path(all), err, want)
					}
				}
			}
			counts, err := w.provisioning.CallCounts(w.admin, []id.ID{okta.ID, entra.ID}, filter)
			if err != nil || counts[okta.ID] != int64(len(want)) {
				t.Errorf("%+v counts %v, %v; want %d", filter, counts, err, len(want))
			}
		}
	})
}

func TestConfigurationsAreListedInTheirOrders(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		if _, err := w.provisioning.CreateConfig(w.admin, provisioning.NewConfig{Name: "b", IdentityProvider: provisioning.Okta}); err != nil {
			t.Fatal(err)
		}
		c := w.config("C")
		w.config("a")
		if _, err := w.provisioning.PauseConfig(w.admin, c.ID); err != nil {
			t.Fatal(err)
		}
		for filter, want := range map[provisioning.ConfigFilter][]string{
			{}: {"b", "C", "a"}, {Status: provisioning.Paused}: {"C"}, {Status: provisioning.Active}: {"b", "a"},
			{IdentityProvider: provisioning.Okta}: {"b"}, {Status: provisioning.Paused, IdentityProvider: provisioning.Okta}: nil,
		} {
			byName := slices.Clone(want)
			slices.SortFunc(byName, func(a, b string) int { return int(a[0]|0x20) - int(b[0]|0x20) })
			for _, order := range []provisioning.ConfigOrder{{}, {Way: page.Descending}, {ByAge: true}, {ByAge: true, Way: page.Descending}} {
				want := turned(byName, order.Way)
				if order.ByAge {
					want = turned(filtered(want, []string{"b", "C", "a"}), order.Way)
				}
				for _, args := range ends {
					got, err := page.Walk(args, func(args page.Args) (page.Page[provisioning.Config], error) {
						return w.provisioning.ListConfigs(w.admin, args, filter, order)
					}, func(c provisioning.Config) string { return provisioning.ConfigCursor(c, order) })
					var names []string
					for _, c := range got {
						names = append(names, c.Name)
					}
					if err != nil || !slices.Equal(names, want) {
						t.Errorf("%+v in %+v by %+v: %v, %v; want %v", filter, order, args, names, err, want)
					}
				}
			}
			if n, err := w.provisioning.CountConfigs(w.admin, filter); err != nil || n != int64(len(want)) {
				t.Errorf("%+v counts %d, %v; want %d", filter, n, err, len(want))
			}
		}
		for _, cursor := range []string{"x", page.Encode("scim_config:created", "a")} {
			for _, order := range []provisioning.ConfigOrder{{}, {ByAge: true}} {
				if _, err := w.provisioning.ListConfigs(w.admin, page.Args{After: cursor}, provisioning.ConfigFilter{}, order); !errors.Is(err, page.ErrCursor) {
					t.Errorf("%q in %+v: %v", cursor, order, err)
				}
			}
		}
	})
}

// filtered returns those of all that are among some, in the order of all.
func filtered(some, all []string) (kept []string) {
	for _, one := range all {
		if slices.Contains(some, one) {
			kept = append(kept, one)
		}
	}
	return kept
}
