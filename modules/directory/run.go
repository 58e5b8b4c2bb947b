package directory

import (
	"context"
	"log/slog"
	"sync"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
)

// unready are the tenants that have schemas to make ready or to clear away, as far as this replica has noticed.
type unready struct {
	mu      sync.Mutex
	tenants map[id.ID]bool
	kick    chan struct{}
}

func newUnready() *unready { return &unready{tenants: map[id.ID]bool{}, kick: make(chan struct{}, 1)} }

func (u *unready) add(tenant id.ID) {
	u.mu.Lock()
	u.tenants[tenant] = true
	u.mu.Unlock()
	select {
	case u.kick <- struct{}{}:
	default:
	}
}

func (u *unready) take() []id.ID {
	u.mu.Lock()
	defer u.mu.Unlock()
	all := make([]id.ID, 0, len(u.tenants))
	for tenant := range u.tenants {
		all = append(all, tenant)
	}
	clear(u.tenants)
	return all
}

// Run hears of schemas that other replicas have registered, changed or removed, and makes people findable by them, until ctx ends.
// A replica that ends before it is done is no harm: whichever serves the tenant next goes on.
func (s *Service) Run(ctx context.Context) error {
	news, cancel := s.db.Listen(SchemasChanged)
	defer cancel()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-news:
			s.known.forgetAll()
		case <-s.unready.kick:
		}
		for _, tenant := range s.unready.take() {
			who := caller.Caller{Tenant: tenant, Kind: caller.KindWorker, Name: "index"}
			if _, err := s.Index(caller.With(ctx, who)); err != nil && ctx.Err() == nil {
				slog.WarnContext(ctx, "schemas are not ready", "tenant", tenant, "error", err)
			}
		}
	}
}
