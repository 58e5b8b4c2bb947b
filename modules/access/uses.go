package access

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

// uses remembers, to the minute, when tokens were last used until that is written down, which it is once for each token and minute.
type uses struct {
	mu            sync.Mutex
	last, written map[id.ID]time.Time
}

func newUses() *uses { return &uses{last: map[id.ID]time.Time{}, written: map[id.ID]time.Time{}} }

func (u *uses) note(token id.ID, at time.Time) {
	at = at.Truncate(time.Minute)
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.last[token].Before(at) && u.written[token].Before(at) {
		u.last[token] = at
	}
}

// drain hands over what is to be written, and remembers that much of it as keeps it from being written again in its minute.
func (u *uses) drain() map[id.ID]time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	var newest time.Time
	for _, at := range u.last {
		if at.After(newest) {
			newest = at
		}
	}
	maps.DeleteFunc(u.written, func(_ id.ID, at time.Time) bool { return at.Before(newest) })
	last := u.last
	maps.Copy(u.written, last)
	u.last = map[id.ID]time.Time{}
	return last
}

// undo takes back what could not be written.
func (u *uses) undo(last map[id.ID]time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for token, at := range last {
		if u.written[token].Equal(at) {
			delete(u.written, token)
		}
		if u.last[token].Before(at) {
			u.last[token] = at
		}
	}
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
		s.uses.undo(last)
	}
	return err
}
