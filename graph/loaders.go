package graph

import (
	"context"
	"sync"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/modules/access"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/events"
	"github.com/usherhq/usher/modules/licensing"
	"github.com/usherhq/usher/modules/provisioning"
)

// pieceOf asks for a page of a list that belongs to something.
type pieceOf struct {
	of    id.ID
	args  page.Args
	state licensing.State
}

// loaders read edges in batches, for one request in one tenant.
type loaders struct {
	users        *loader[id.ID, *directory.User]
	groups       *loader[id.ID, *directory.Group]
	links        *loader[id.ID, []directory.Link]
	memberPages  *loader[pieceOf, page.Page[directory.Member]]
	memberCounts *loader[id.ID, int64]
	groupPages   *loader[pieceOf, page.Page[directory.GroupRef]]
	groupCounts  *loader[id.ID, int64]
	parked       *loader[id.ID, []directory.ParkedMember]
	driftPages   *loader[pieceOf, page.Page[directory.Drift]]
	driftCounts  *loader[id.ID, int64]
	suspects     *loader[id.ID, bool]
	licenses     *loader[id.ID, *licensing.License]
	seats        *loader[id.ID, []licensing.Seat]
	seatPages    *loader[pieceOf, page.Page[licensing.Seat]]
	seatCounts   *loader[pieceOf, int64]
	claims       *loader[id.ID, []licensing.Claim]
	places       *loader[licensing.Seat, int64]
	ledgers      *loader[pieceOf, page.Page[licensing.Entry]]
	configs      *loader[id.ID, *provisioning.Config]
	tokens       *loader[id.ID, []access.Token]
	eventsOf     *loader[pieceOf, page.Page[events.Event]]
	calls        *loader[id.ID, *provisioning.Call]
	seatsByID    *loader[id.ID, *licensing.Seat]
}

type loadersKey struct{}

// perTenant holds the loaders of a request. An operator may look into several tenants at once.
type perTenant struct {
	mu  sync.Mutex
	all map[id.ID]*loaders
	r   *Resolver
}

func withLoaders(ctx context.Context, r *Resolver) context.Context {
	return context.WithValue(ctx, loadersKey{}, &perTenant{all: map[id.ID]*loaders{}, r: r})
}

func load(ctx context.Context) *loaders {
	held, _ := ctx.Value(loadersKey{}).(*perTenant)
	who, _ := caller.From(ctx)
	held.mu.Lock()
	defer held.mu.Unlock()
	found := held.all[who.Tenant]
	if found == nil {
		found = newLoaders(held.r)
		held.all[who.Tenant] = found
	}
	return found
}

func newLoaders(r *Resolver) *loaders {
	return &loaders{
		users:  batch(r.Directory.Users),
		groups: batch(r.Directory.Groups),
		links:  batch(r.Directory.Links),
		memberPages: batchPages(func(ctx context.Context, of []id.ID, p pieceOf) (map[id.ID]page.Page[directory.Member], error) {
			return r.Directory.MembersOf(ctx, of, p.args)
		}),
		memberCounts: batch(r.Directory.MemberCounts),
		groupPages: batchPages(func(ctx context.Context, of []id.ID, p pieceOf) (map[id.ID]page.Page[directory.GroupRef], error) {
			return r.Directory.GroupPagesOf(ctx, of, p.args)
		}),
		groupCounts: batch(r.Directory.GroupCounts),
		parked:      batch(r.Directory.ParkedMembers),
		driftPages: batchPages(func(ctx context.Context, of []id.ID, p pieceOf) (map[id.ID]page.Page[directory.Drift], error) {
			return r.Directory.DriftOf(ctx, of, p.args)
		}),
		driftCounts: batch(r.Directory.DriftCounts),
		suspects: batch(func(ctx context.Context, of []id.ID) (map[id.ID]bool, error) {
			return r.Events.Seen(ctx, of, directory.SuspiciousReplace)
		}),
		licenses: batch(pointed(r.Licensing.Licenses)),
		seats:    batch(r.Licensing.SeatsOf),
		seatPages: batchPages(func(ctx context.Context, of []id.ID, p pieceOf) (map[id.ID]page.Page[licensing.Seat], error) {
			return r.Licensing.Seats(ctx, of, p.state, p.args)
		}),
		seatCounts: batchPages(func(ctx context.Context, of []id.ID, p pieceOf) (map[id.ID]int64, error) {
			return r.Licensing.SeatCounts(ctx, of, p.state)
		}),
		claims: batch(r.Licensing.ClaimsOf),
		places: batchPlaces(r),
		ledgers: batchPages(func(ctx context.Context, of []id.ID, p pieceOf) (map[id.ID]page.Page[licensing.Entry], error) {
			return r.Licensing.Ledger(ctx, of, p.args)
		}),
		configs: batch(pointed(r.Provisioning.Configs)),
		tokens:  batch(r.Access.Tokens),
		eventsOf: batchPages(func(ctx context.Context, of []id.ID, p pieceOf) (map[id.ID]page.Page[events.Event], error) {
			return r.Events.OfSubjects(ctx, of, p.args)
		}),
		calls:     batch(pointed(r.Provisioning.CallsByID)),
		seatsByID: batch(pointed(r.Licensing.SeatsByID)),
	}
}

// batchPages reads pages of many lists: one call for all lists that are asked for the same page.
func batchPages[V any](fetch func(context.Context, []id.ID, pieceOf) (map[id.ID]V, error)) *loader[pieceOf, V] {
	return batch(func(ctx context.Context, keys []pieceOf) (map[pieceOf]V, error) {
		same := map[pieceOf][]id.ID{}
		for _, key := range keys {
			alike := key
			alike.of = id.Nil
			same[alike] = append(same[alike], key.of)
		}
		all := make(map[pieceOf]V, len(keys))
		for alike, of := range same {
			found, err := fetch(ctx, of, alike)
			if err != nil {
				return nil, err
			}
			for one, v := range found {
				key := alike
				key.of = one
				all[key] = v
			}
		}
		return all, nil
	})
}

func batchPlaces(r *Resolver) *loader[licensing.Seat, int64] {
	return batch(func(ctx context.Context, seats []licensing.Seat) (map[licensing.Seat]int64, error) {
		found, err := r.Licensing.Places(ctx, seats)
		places := make(map[licensing.Seat]int64, len(seats))
		for _, seat := range seats {
			places[seat] = found[seat.ID]
		}
		return places, err
	})
}

func pointed[K comparable, V any](fetch func(context.Context, []K) (map[K]V, error)) func(context.Context, []K) (map[K]*V, error) {
	return func(ctx context.Context, keys []K) (map[K]*V, error) {
		found, err := fetch(ctx, keys)
		all := make(map[K]*V, len(found))
		for key, v := range found {
			all[key] = &v
		}
		return all, err
	}
}
