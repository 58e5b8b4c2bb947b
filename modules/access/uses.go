package access

import (
	"context"
	"sync"
	"time"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

// uses remembers, to the minute, when tokens were last used until that is written down.
type uses struct {
	mu   sync.Mutex
	last map[id.ID]time.Time
}

func newUses() *uses { return &uses{last: map[id.ID]time.Time{}} }

func (u *uses) note(token id.ID, at time.Time) {
	at = at.Truncate(time.Minute)
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.last[token].Before(at) {
		u.last[token] = at
	}
}

func (u *uses) drain() map[id.ID]time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	last := u.last
	u.last = map[id.ID]time.Time{}
	return last
}

// FlushUses writes down when tokens were last used, all that were used in the same minute with one statement. What could not
// be written waits for the next time.
func (s *Service) FlushUses(ctx context.Context) error {
	last := s.uses.drain()
	if len(last) == 0 {
		return nil
	}
	minutes := map[time.Time][]id.ID{}
	for token, at := range last {
		minutes[at] = append(minutes[at], token)
	}
	err := store.Do(asWorker(ctx), s.db, func(ctx context.Context) error {
		for at, tokens := range minutes {
			if err := noteUses(ctx, tokens, at); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		for token, at := range last {
			s.uses.note(token, at)
		}
	}
	return err
}
