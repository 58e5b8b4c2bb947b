package directory

import (
	"context"
	"fmt"
	"slices"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/events"
)

// parked is a place that a group keeps for somebody who had not come when a configuration named her.
type parked struct {
	id, group, config id.ID
	value             string
}

// spellings lists the values by which a parked member may mean the person.
func spellings(u *User) []string {
	all := []string{id.User.Format(u.ID), u.UserName, fold(u.UserName)}
	if u.ExternalID != "" {
		all = append(all, u.ExternalID)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// means tells whether a parked value means the person. An externalId counts within its own configuration only.
func (p parked) means(q scope, u *User) bool {
	return p.value == id.User.Format(u.ID) || fold(p.value) == fold(u.UserName) || p.config == q.config && p.value == u.ExternalID
}

// unpark makes the person a member of the groups that have waited for her.
func (s *Service) unpark(ctx context.Context, q scope, u *User, waiting []parked) error {
	waiting = slices.DeleteFunc(slices.Clone(waiting), func(p parked) bool { return !p.means(q, u) })
	if len(waiting) == 0 {
		return nil
	}
	if err := deleteParked(ctx, q, waiting); err != nil {
		return err
	}
	slices.SortFunc(waiting, func(a, b parked) int { return slices.Compare(a.group[:], b.group[:]) })
	waiting = slices.CompactFunc(waiting, func(a, b parked) bool { return a.group == b.group })
	for _, p := range waiting {
		if err := insertUnparked(ctx, q, p, u); err != nil {
			return err
		}
		if err := s.followers.MembershipChanged(ctx, p.group, []id.ID{u.ID}, nil); err != nil {
			return fmt.Errorf("tell of a member who has come: %w", err)
		}
		data := membersNews{Added: []string{id.User.Format(u.ID)}, AddedCount: 1, Awaited: true}
		if _, err := s.events.Record(ctx, events.Event{Kind: membersChanged, Subject: p.group, Data: data}); err != nil {
			return err
		}
	}
	u.Awaited = true
	return bumpGroups(ctx, q, waiting, u.UpdatedAt)
}

// ParkedMembers returns who some groups wait for, in the order of their values.
func (s *Service) ParkedMembers(ctx context.Context, groups []id.ID) (map[id.ID][]ParkedMember, error) {
	return s.parkedOf(ctx, groups)
}
