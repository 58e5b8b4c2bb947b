package licensing

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

const (
	// Work is the topic of store's news that wakes the worker: something is to be done now.
	Work = "licensing.work"

	workEvery = 5 * time.Second
	workers   = "licensing"
)

// Run does what time asks for in every tenant, until ctx ends: it ends graces. One replica at a time does it; what a replica
// leaves undone when it ends, the next one does.
func (s *Service) Run(ctx context.Context) error {
	news, cancel := s.db.Listen(Work)
	defer cancel()
	tick := time.NewTicker(workEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-news:
		}
		if err := s.DoWork(ctx); err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "seats were not gone over; trying again", "error", err)
		}
	}
}

// DoWork does once what Run does again and again. While another replica is at it, it does nothing. What fails in one tenant
// stops no other.
func (s *Service) DoWork(ctx context.Context) error {
	_, err := s.db.Exclusively(ctx, workers, func(ctx context.Context) error {
		tenants, err := s.tenantsWithWork(ctx, s.clock())
		if err != nil {
			return fmt.Errorf("look for work: %w", err)
		}
		for _, tenant := range tenants {
			inside := caller.With(ctx, caller.Caller{Tenant: tenant, Kind: caller.KindWorker, Name: workers})
			if err := s.workIn(inside); err != nil {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				slog.WarnContext(ctx, "the seats of a tenant were not gone over; trying again", "tenant", id.Tenant.Format(tenant), "error", err)
			}
		}
		return nil
	})
	return err
}

func (s *Service) workIn(ctx context.Context) error {
	if _, err := s.EndGraces(ctx); err != nil {
		return err
	}
	if err := s.goOver(ctx); err != nil {
		return err
	}
	if err := s.RunRules(ctx); err != nil {
		return err
	}
	return s.reclaimAtTimes(ctx)
}

// reclaimAtTimes takes seats back no more often than makes sense.
func (s *Service) reclaimAtTimes(ctx context.Context) error {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return err
	}
	now := s.clock()
	s.reclaimed.mu.Lock()
	last, known := s.reclaimed.at[tenant]
	s.reclaimed.mu.Unlock()
	if known && now.Sub(last) < reclaimEvery {
		return nil
	}
	if _, err := s.Reclaim(ctx); err != nil {
		return err
	}
	s.reclaimed.mu.Lock()
	defer s.reclaimed.mu.Unlock()
	s.reclaimed.at[tenant] = now
	return nil
}

// lastTimes is when something was done last in each tenant, by this replica.
type lastTimes struct {
	mu sync.Mutex
	at map[id.ID]time.Time
}

// wake has the worker look now, wherever it runs, once the unit of work is done.
func (s *Service) wake(ctx context.Context) { store.AfterCommit(ctx, func() { s.db.Notify(Work) }) }
