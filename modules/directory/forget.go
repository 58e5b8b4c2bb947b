package directory

import (
	"context"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

// Forget ends what a configuration has said of groups, for who deletes it. Its groups are nobody's, to be linked by another one;
// whom it has put in stays, by hand, so that nobody loses a membership because a connection ends; whom it waits for is waited
// for no more.
func (s *Service) Forget(ctx context.Context, config id.ID) error {
	q, err := scopeOf(ctx)
	if err != nil {
		return err
	}
	return store.Do(ctx, s.db, func(ctx context.Context) error {
		in, err := s.allHeldBy(ctx, q, config)
		if err != nil {
			return err
		}
		mine := func(r Reason) bool { return r.Source == SourceSCIM && r.By == config }
		for group, members := range in {
			for i := range members {
				members[i].now = members[i].was.without(mine).with(Reason{Source: SourceHand})
			}
			if err := restateMembers(ctx, q, group, members); err != nil {
				return err
			}
		}
		return s.disown(ctx, q, config)
	})
}
