package directory

import (
	"context"

	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

var errNotForProviders = fault.New(fault.Forbidden, "forbidden", "an identity provider cannot block people; it deactivates them")

// Block makes a person inactive whatever identity providers say, until Unblock. Blocking twice changes nothing. Refuses with
// ErrUserNotFound and ErrStaleVersion.
func (s *Service) Block(ctx context.Context, of id.ID, expect Expect) (*User, error) {
	return s.setBlocked(ctx, of, true, expect)
}

// Unblock takes a block away: the person is active again if her configurations say so. Refuses as Block does.
func (s *Service) Unblock(ctx context.Context, of id.ID, expect Expect) (*User, error) {
	return s.setBlocked(ctx, of, false, expect)
}

func (s *Service) setBlocked(ctx context.Context, of id.ID, blocked bool, expect Expect) (*User, error) {
	q, err := scopeOf(ctx)
	switch {
	case err != nil:
		return nil, err
	case q.provider():
		return nil, errNotForProviders
	}
	return store.InTx(ctx, s.db, func(ctx context.Context) (*User, error) {
		was, err := s.userForChange(ctx, q, selectForChange, of)
		if err != nil {
			return nil, err
		}
		if err := expect.met(was.Version); err != nil {
			return nil, err
		}
		now := was.User.copied()
		now.Blocked = blocked
		now, _, err = s.apply(ctx, q, was, now)
		return now, err
	})
}
