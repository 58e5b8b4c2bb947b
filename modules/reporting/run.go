package reporting

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/events"
)

const (
	lookEvery = time.Minute     // whether a day is over, and at thresholds that time alone crosses
	heedEvery = 2 * time.Second // at most, when something has changed
	worker    = "reporting"
)

// Run writes snapshots and raises alerts in every tenant, until ctx ends. Of several replicas one does it at a time; what it leaves undone,
// the next one does. Days that were missed are caught up.
func (s *Service) Run(ctx context.Context) error {
	changed, cancel := s.db.Listen(events.Numbered)
	defer cancel()
	look, heed := time.NewTicker(lookEvery), time.NewTicker(heedEvery)
	defer look.Stop()
	defer heed.Stop()
	work := func(whole bool) {
		if err := s.DoWork(ctx, whole); err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "reports were not gone over; trying again", "error", err)
		}
	}
	work(true)
	for news := false; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
			news = true
		case <-heed.C:
			if news {
				news = false
				work(false)
			}
		case <-look.C:
			work(true)
		}
	}
}

// DoWork does once what Run does again and again: the whole of it, or only those alerts that a change can raise. While another replica
// is at it, it does nothing. What fails in one tenant stops no other.
func (s *Service) DoWork(ctx context.Context, whole bool) error {
	_, err := s.db.Exclusively(ctx, worker, func(ctx context.Context) error {
		tenants, err := s.withWork(ctx, whole)
		if err != nil {
			return err
		}
		for _, tenant := range tenants {
			inside := caller.With(ctx, caller.Caller{Tenant: tenant, Kind: caller.KindWorker, Name: worker})
			if err := s.workIn(inside, whole); err != nil {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				slog.WarnContext(ctx, "the reports of a tenant were not gone over; trying again", "tenant", id.Tenant.Format(tenant), "error", err)
			}
		}
		return nil
	})
	return err
}

func (s *Service) workIn(ctx context.Context, whole bool) error {
	if whole {
		if _, err := s.Snap(ctx); err != nil {
			return err
		}
	}
	_, err := s.Alert(ctx, whole)
	return err
}

// The tenants that have anything to report on, and those that a change can concern: with thresholds, or with an alert that lasts.
const (
	withLicenses   = `SELECT DISTINCT l.tenant_id FROM licenses l ORDER BY l.tenant_id`
	withThresholds = `SELECT l.tenant_id FROM licenses l WHERE l.alerts <> '{}' UNION SELECT a.tenant_id FROM alerts a WHERE a.over_at IS NULL`
)

// withWork returns the tenants that have to be gone over.
func (s *Service) withWork(ctx context.Context, whole bool) ([]id.ID, error) {
	query := withThresholds
	if whole {
		query = withLicenses
	}
	var all []id.ID
	err := s.each(ctx, "look for tenants", query, nil, func(rows *sql.Rows) error {
		var of id.ID
		err := rows.Scan(&of)
		all = append(all, of)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("find who has licenses: %w", err)
	}
	return all, nil
}
