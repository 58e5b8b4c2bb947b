package events

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/usherhq/usher/internal/store"
)

const (
	atOnce = 5000                  // events numbered in one transaction
	rest   = 20 * time.Millisecond // between two looks, so that a busy journal is numbered in handfuls
)

// Run numbers events until the context ends: soon after each commit, and now and then in any case. Of several replicas one
// does it; the others stand by.
func (s *Service) Run(ctx context.Context) error {
	recorded, cancel := s.db.Listen(Recorded)
	defer cancel()
	for {
		_, err := s.db.Exclusively(ctx, "events.number", func(ctx context.Context) error {
			if err := s.recount(ctx); err != nil {
				return err
			}
			return s.keepNumbering(ctx, recorded)
		})
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			slog.WarnContext(ctx, "numbering events stopped; trying again", "error", err)
		}
		select { // a stand-by looks again with the next news
		case <-ctx.Done():
			return nil
		case <-recorded:
		}
	}
}

// recount makes the kept totals anew when they do not add up to the last number: numbers are given without a gap, and an event
// never goes away.
func (s *Service) recount(ctx context.Context) error {
	ctx = store.AcrossTenants(ctx, "one journal counts the events of every tenant")
	err := store.Do(ctx, s.db, func(ctx context.Context) error {
		last, err := s.head(ctx)
		if err != nil {
			return err
		}
		sum, err := s.keptSum(ctx)
		if err != nil || sum == last {
			return err
		}
		return s.countAnew(ctx)
	})
	if err != nil {
		return fmt.Errorf("count the journal: %w", err)
	}
	return nil
}

func (s *Service) keepNumbering(ctx context.Context, recorded <-chan struct{}) error {
	pause := time.NewTimer(rest)
	defer pause.Stop()
	for {
		if _, err := s.Number(ctx); err != nil {
			return err
		}
		pause.Reset(rest)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-pause.C:
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-recorded:
		}
	}
}

// Number numbers every event that has been committed and has no number, and returns how many it was. Run does it by itself.
// Several at the same time take turns.
func (s *Service) Number(ctx context.Context) (int, error) {
	ctx = store.AcrossTenants(ctx, "one journal numbers the events of every tenant")
	waiting, err := s.someWait(ctx)
	if err != nil || !waiting {
		return 0, err
	}
	total := 0
	for {
		numbered, err := store.InTx(ctx, s.db, s.numberSome)
		if err != nil {
			return total, fmt.Errorf("number events: %w", err)
		}
		total += numbered
		if numbered > 0 {
			s.db.Notify(Numbered)
		}
		if numbered < atOnce {
			return total, nil
		}
	}
}
