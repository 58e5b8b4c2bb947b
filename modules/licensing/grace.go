package licensing

import (
	"context"
	"fmt"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

// endedAtOnce is how many seats one unit of work frees.
const endedAtOnce = 100

// EndGraces frees the tenant's seats whose days of grace are over, and returns how many they were. Running it twice, on two
// replicas or after a crash, frees nothing twice.
func (s *Service) EndGraces(ctx context.Context) (int, error) {
	for total := 0; ; {
		due, err := s.gracesDue(ctx, s.clock(), endedAtOnce)
		if err != nil {
			return total, err
		}
		for _, seat := range due {
			ended, err := store.InTx(ctx, s.db, func(ctx context.Context) (bool, error) { return s.endGrace(ctx, seat) })
			if err != nil {
				return total, fmt.Errorf("end a grace: %w", err)
			}
			if ended {
				total++
			}
		}
		if len(due) < endedAtOnce {
			return total, nil
		}
	}
}

func (s *Service) endGrace(ctx context.Context, due Seat) (bool, error) {
	l, err := s.lock(ctx, due.License)
	if err != nil {
		return false, err
	}
	seat, found, err := s.find(ctx, due.License, due.User)
	if err != nil || !found || seat.State != Grace || seat.ValidUntil == nil || seat.ValidUntil.After(s.clock()) {
		return false, err
	}
	return true, s.release(ctx, l, seat, "grace ended")
}

// releaseKept frees what is kept for a person who will not come back: seats in grace, for which there is no claim any more.
func (s *Service) releaseKept(ctx context.Context, user id.ID, cause string) error {
	seats, err := s.SeatsOf(ctx, []id.ID{user})
	if err != nil {
		return err
	}
	for _, kept := range seats[user] {
		if kept.State != Grace {
			continue
		}
		l, err := s.lock(ctx, kept.License)
		if err != nil {
			return err
		}
		if err := s.release(ctx, l, kept, cause); err != nil {
			return err
		}
	}
	return nil
}
