package directory

import (
	"context"
	"fmt"

	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

var errNotForProviders = fault.New(fault.Forbidden, "forbidden", "an identity provider cannot block people; it deactivates them")

// Block makes a person inactive whatever identity providers say, until Unblock. Blocking twice changes nothing. Refuses with
// ErrUserNotFound and ErrStaleVersion.
func (s *Service) Block(ctx context.Context, of id.ID, expect *Expect) (*User, error) {
	return s.setBlocked(ctx, of, true, expect)
}

// Unblock takes a block away: the person is active again if her configurations say so. Refuses as Block does.
func (s *Service) Unblock(ctx context.Context, of id.ID, expect *Expect) (*User, error) {
	return s.setBlocked(ctx, of, false, expect)
}

func (s *Service) setBlocked(ctx context.Context, of id.ID, blocked bool, expect *Expect) (*User, error) {
	q, err := s.scope(ctx)
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
		if err := expect.Met(was.Version, was.UpdatedAt); err != nil {
			return nil, err
		}
		now := was.User.copied()
		now.Blocked = blocked
		now, changed, err := s.apply(ctx, q, was, now)
		if err != nil || blocked || !changed {
			return now, err
		}
		return now, s.tellUnblocked(ctx, now)
	})
}

// tellUnblocked tells of every configuration that holds the person active: each may have something to give back to her.
func (s *Service) tellUnblocked(ctx context.Context, now *User) error {
	links, err := s.linksOf(ctx, []id.ID{now.ID})
	if err != nil {
		return err
	}
	for _, link := range links[now.ID] {
		if !link.Open() || !link.Active {
			continue
		}
		if err := s.followers.Reactivated(ctx, now, link.Config); err != nil {
			return fmt.Errorf("tell of an unblocked user: %w", err)
		}
	}
	return nil
}
