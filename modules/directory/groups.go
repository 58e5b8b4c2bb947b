package directory

import (
	"context"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/modules/events"
)

// CreateGroup adds a group with its first members. Refuses with ErrGroupNameTaken, without case, with ErrInvalidGroup, and
// with ErrInvalidMember as ChangeGroup does.
func (s *Service) CreateGroup(ctx context.Context, given NewGroup) (*Group, error) {
	q, err := scopeOf(ctx)
	if err != nil {
		return nil, err
	}
	return store.InTx(ctx, s.db, func(ctx context.Context) (*Group, error) {
		now := s.clock()
		g := &Group{
			ID: id.New(), DisplayName: given.DisplayName, ExternalID: given.ExternalID, Version: 1, CreatedAt: now, UpdatedAt: now,
		}
		if q.provider() {
			g.Config = &q.config
		}
		if err := g.check(); err != nil {
			return nil, err
		}
		net := foldEdits([]MemberEdit{{Op: AddMembers, Members: given.Members}})
		waiting, err := s.waitForGroup(ctx, q, g)
		if err != nil {
			return nil, err
		}
		members, err := s.membersOfNew(ctx, q, g, net, given.Strict)
		if err != nil {
			return nil, err
		}
		if err := insertGroup(ctx, q, g); err != nil {
			return nil, err
		}
		if err := store.AddCount(ctx, groupsCount, 1); err != nil {
			return nil, err
		}
		if err := s.saveMembers(ctx, q, g, members); err != nil {
			return nil, err
		}
		if _, err := s.unpark(ctx, q, g.newcomer(), waiting, g.UpdatedAt); err != nil {
			return nil, err
		}
		data := groupCreation{DisplayName: g.DisplayName, ExternalID: g.ExternalID, membersNews: members.news()}
		_, err = s.events.Record(ctx, events.Event{Kind: "group.created", Subject: g.ID, Data: data})
		return g, err
	})
}

// waitForGroup returns which groups wait for one that a configuration makes or links, or gives another externalId.
func (s *Service) waitForGroup(ctx context.Context, q scope, g *Group) ([]parked, error) {
	if !q.provider() || g.ExternalID == "" {
		return nil, nil
	}
	return s.waitFor(ctx, q, g.newcomer())
}

// groupCreation is what the journal keeps of a new group.
type groupCreation struct {
	membersNews

	DisplayName string `json:"displayName"`
	ExternalID  string `json:"externalId,omitempty"`
}

func (g *Group) check() error {
	if why := unfit(g.DisplayName); why != "" {
		return ErrInvalidGroup.At("displayName").Sayf("displayName %s", why)
	}
	if len(g.ExternalID) > maxName || !utf8.ValidString(g.ExternalID) || slices.Contains([]byte(g.ExternalID), 0) {
		return ErrInvalidGroup.At("externalId").Sayf("externalId is too long or not text")
	}
	return nil
}

// GetGroup returns one group, or ErrGroupNotFound.
func (s *Service) GetGroup(ctx context.Context, of id.ID) (*Group, error) {
	q, err := scopeOf(ctx)
	if err != nil {
		return nil, err
	}
	return s.group(ctx, selectGroup, q.tenant, of)
}

// GroupByName returns the group of that displayName, without case, or ErrGroupNotFound.
func (s *Service) GroupByName(ctx context.Context, displayName string) (*Group, error) {
	q, err := scopeOf(ctx)
	if err != nil {
		return nil, err
	}
	if unfit(displayName) != "" {
		return nil, ErrGroupNotFound
	}
	return s.group(ctx, selectGroupByName, q.tenant, fold(displayName))
}

// Groups returns those of some groups that exist, for who has their ids.
func (s *Service) Groups(ctx context.Context, ids []id.ID) (map[id.ID]*Group, error) {
	q, err := scopeOf(ctx)
	if err != nil {
		return nil, err
	}
	all, err := s.groups(ctx, selectSeveralGroups, q.tenant, ids)
	if err != nil {
		return nil, err
	}
	found := make(map[id.ID]*Group, len(all))
	for i := range all {
		found[all[i].ID] = &all[i]
	}
	return found, nil
}

// AreThere tells which of some groups the tenant has.
func (s *Service) AreThere(ctx context.Context, groups []id.ID) (map[id.ID]bool, error) {
	found, err := s.Groups(ctx, groups)
	there := make(map[id.ID]bool, len(found))
	for of := range found {
		there[of] = true
	}
	return there, err
}

// ChangeGroup edits a group and its direct members and tells whether that changed anything. The first edit by a configuration
// of a group that was made by hand links it to that configuration. However many members the group has, an edit costs what it
// changes, and edits by several at the same moment add up. The version that comes back is one above the one that was read;
// others may have changed the group besides.
//
// A member who is there for several reasons goes with the last of them; see docs/decisions/0009-memberships.md.
//
// Refuses with ErrGroupNotFound, ErrStaleVersion, ErrGroupNameTaken, ErrInvalidGroup and, for members that nobody knows and
// that cannot be parked, ErrInvalidMember.
func (s *Service) ChangeGroup(ctx context.Context, of id.ID, edit GroupEdit, expect *Expect) (*Group, bool, error) {
	q, err := scopeOf(ctx)
	if err != nil {
		return nil, false, err
	}
	changed := false
	g, err := store.InTx(ctx, s.db, func(ctx context.Context) (*Group, error) {
		p, err := s.plan(ctx, q, of, edit)
		if err != nil {
			return nil, err
		}
		if err := expect.Met(p.was.Version, p.was.UpdatedAt); err != nil {
			return nil, err
		}
		now, attributes, err := p.was.edited(q, edit)
		if err != nil {
			return nil, err
		}
		now.Suspect = len(p.suspects) > 0
		if changed = attributes || p.members.any(); !changed {
			return now, s.recordSuspects(ctx, q, p)
		}
		return now, s.saveChange(ctx, q, p, now, attributes, expect)
	})
	if err != nil {
		return nil, false, err
	}
	return g, changed, nil
}

func (s *Service) saveChange(ctx context.Context, q scope, p *plan, now *Group, attributes bool, expect *Expect) error {
	var waiting []parked
	if now.ExternalID != p.was.ExternalID || now.Config != p.was.Config {
		found, err := s.waitForGroup(ctx, q, now)
		if err != nil {
			return err
		}
		waiting = found
	}
	if attributes || p.members.moved() {
		now.Version, now.UpdatedAt = p.was.Version+1, s.clock()
		if err := saveGroup(ctx, q, p.was, now, attributes || expect != nil); err != nil {
			return err
		}
	}
	if err := s.saveMembers(ctx, q, now, p.members); err != nil {
		return err
	}
	if _, err := s.unpark(ctx, q, now.newcomer(), waiting, now.UpdatedAt); err != nil {
		return err
	}
	if attributes {
		if err := s.recordGroupChange(ctx, p.was, now); err != nil {
			return err
		}
	}
	if err := s.recordMembers(ctx, q, now.ID, p.net, p.members, p.before); err != nil {
		return err
	}
	return s.recordSuspects(ctx, q, p)
}

func (g *Group) edited(q scope, edit GroupEdit) (now *Group, changed bool, err error) {
	copied := *g
	now = &copied
	if edit.DisplayName != nil {
		now.DisplayName = *edit.DisplayName
	}
	if edit.ExternalID != nil && (!edit.KeepForeignID || g.Config == nil || *g.Config == q.config) {
		now.ExternalID = *edit.ExternalID
	}
	if q.provider() && g.Config == nil {
		now.Config = &q.config
	}
	if err := now.check(); err != nil {
		return nil, false, err
	}
	return now, now.DisplayName != g.DisplayName || now.ExternalID != g.ExternalID || now.Config != g.Config, nil
}

// groupNews is what the journal keeps of a changed group.
type groupNews struct {
	Version     int64  `json:"version"`
	DisplayName string `json:"displayName"`
	ExternalID  string `json:"externalId,omitempty"`
	WasName     string `json:"wasDisplayName,omitempty"`
	Linked      string `json:"linkedTo,omitempty"`
}

// recordGroupChange records what a group is called now apart from who is in it: who follows one rarely follows the other.
func (s *Service) recordGroupChange(ctx context.Context, was, now *Group) error {
	data := groupNews{Version: now.Version, DisplayName: now.DisplayName, ExternalID: now.ExternalID}
	if was.DisplayName != now.DisplayName {
		data.WasName = was.DisplayName
	}
	if was.Config == nil && now.Config != nil {
		data.Linked = id.Config.Format(*now.Config)
	}
	_, err := s.events.Record(ctx, events.Event{Kind: "group.changed", Subject: now.ID, Data: data})
	return err
}

// groupDeletion is what the journal keeps of a group that is gone.
type groupDeletion struct {
	DisplayName string `json:"displayName"`
	Members     int    `json:"members"`
}

// DeleteGroup deletes a group. Its members stay, whoever they are. A configuration deletes only groups that it has made or
// linked: others are ErrGroupOfOthers. Refuses with ErrGroupNotFound and ErrStaleVersion too.
func (s *Service) DeleteGroup(ctx context.Context, of id.ID, expect *Expect) error {
	q, err := scopeOf(ctx)
	if err != nil {
		return err
	}
	return store.Do(ctx, s.db, func(ctx context.Context) error {
		above, err := s.groupsOver(ctx, q, of)
		if err != nil {
			return err
		}
		if err := s.lockGroupsToDelete(ctx, q, append(above, of)); err != nil {
			return err
		}
		g, err := s.group(ctx, selectGroup, q.tenant, of)
		if err != nil {
			return err
		}
		if q.provider() && (g.Config == nil || *g.Config != q.config) {
			return ErrGroupOfOthers
		}
		if err := expect.Met(g.Version, g.UpdatedAt); err != nil {
			return err
		}
		members, parents, err := s.deleteGroup(ctx, q, of)
		if err != nil {
			return err
		}
		if err := s.tellDeletedGroup(ctx, of, members, parents); err != nil {
			return err
		}
		if err := s.touchGroups(ctx, q, parents, s.clock()); err != nil {
			return err
		}
		if err := store.AddCount(ctx, groupsCount, -1); err != nil {
			return err
		}
		data := groupDeletion{DisplayName: g.DisplayName, Members: len(members)}
		_, err = s.events.Record(ctx, events.Event{Kind: "group.deleted", Subject: of, Data: data})
		return err
	})
}

func (s *Service) tellDeletedGroup(ctx context.Context, of id.ID, members, parents []id.ID) error {
	if len(members) > 0 {
		if err := s.followers.MembershipChanged(ctx, of, nil, members); err != nil {
			return fmt.Errorf("tell that members have gone: %w", err)
		}
	}
	for _, parent := range parents {
		if err := s.followers.MembershipChanged(ctx, parent, nil, []id.ID{of}); err != nil {
			return fmt.Errorf("tell that a group has gone: %w", err)
		}
	}
	return nil
}
