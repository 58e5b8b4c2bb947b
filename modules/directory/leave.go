package directory

import (
	"context"
	"fmt"
	"time"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/modules/events"
)

// Delete takes a person out of the caller's sight. A configuration's link ends, with the memberships that it has made; when
// that was the last open link the person is deleted. A person whom no configuration ever claimed is hidden from the deleting
// one and stays. For every other caller the person is deleted: attributes, links and memberships, at once.
//
// Refuses with ErrUserNotFound and ErrStaleVersion.
func (s *Service) Delete(ctx context.Context, of id.ID, expect *Expect) error {
	q, err := s.scope(ctx)
	if err != nil {
		return err
	}
	return store.Do(ctx, s.db, func(ctx context.Context) error {
		if err := s.lockToDelete(ctx, q, of); err != nil {
			return err
		}
		was, err := s.userForChange(ctx, q, selectForChange, of)
		switch {
		case err != nil:
			return err
		case was.link.EndedAt != nil:
			return ErrUserNotFound
		}
		if err := expect.Met(was.Version, was.UpdatedAt); err != nil {
			return err
		}
		if !q.provider() || was.link.Open() && !was.othersOpen {
			return s.remove(ctx, q, was)
		}
		return s.leave(ctx, q, was)
	})
}

// lockToDelete locks a person and, before her, the groups that she is in: who changes their members locks in that order, too.
func (s *Service) lockToDelete(ctx context.Context, q scope, of id.ID) error {
	groups, err := s.groupsOver(ctx, q, of)
	if err != nil {
		return err
	}
	if err := s.lockGroups(ctx, q, groups); err != nil {
		return err
	}
	return s.lockUser(ctx, of)
}

// leave ends the link of a configuration while the person stays.
func (s *Service) leave(ctx context.Context, q scope, was *loaded) error {
	now := s.clock()
	link, fresh := was.link, was.link.ID == id.Nil
	if fresh {
		link = newLink(q, &was.User, LinkAdopted)
		link.FirstWriteAt = now
	}
	link.Active, link.LastWriteAt, link.EndedAt = false, now, &now
	u := was.User
	u.UpdatedAt = now
	active := was.active
	if !fresh {
		active = was.othersAlive && !was.Blocked
	}
	if err := saveUser(ctx, q, was.Version, &u, active, nil); err != nil {
		return err
	}
	saved := updateLink
	if fresh {
		saved = insertLink
	}
	if err := saved(ctx, q, link); err != nil {
		return err
	}
	if err := store.AddCount(ctx, leftCount(q.config), 1); err != nil {
		return err
	}
	if err := s.withdraw(ctx, q, was.ID, now); err != nil {
		return err
	}
	if err := s.followers.Left(ctx, was.ID, q.config); err != nil {
		return fmt.Errorf("tell that a user has left: %w", err)
	}
	if was.active && !active {
		if err := s.followers.Deactivated(ctx, was.ID, id.Nil); err != nil {
			return fmt.Errorf("tell that a user is inactive: %w", err)
		}
	}
	return s.recordLeaving(ctx, q, was, active)
}

// leaving is what the journal keeps of a person whom a configuration has let go.
type leaving struct {
	Version    int64  `json:"version"`
	Active     bool   `json:"active"`
	Config     string `json:"scimConfig"`
	ExternalID string `json:"externalId,omitempty"`
}

func (s *Service) recordLeaving(ctx context.Context, q scope, was *loaded, active bool) error {
	data := leaving{Version: was.Version + 1, Active: active, Config: id.Config.Format(q.config), ExternalID: was.ExternalID}
	kinds := []string{"user.left"}
	if was.active && !active {
		kinds = append(kinds, "user.deactivated")
	}
	for _, kind := range kinds {
		if _, err := s.events.Record(ctx, events.Event{Kind: kind, Subject: was.ID, Data: data}); err != nil {
			return err
		}
	}
	return nil
}

// withdraw ends what the configuration has said of a person in groups. She stays where somebody else has put her, too.
func (s *Service) withdraw(ctx context.Context, q scope, user id.ID, now time.Time) error {
	in, err := s.heldIn(ctx, q, user)
	if err != nil {
		return err
	}
	v := voice{scope: q}
	var left []id.ID
	for _, m := range in {
		var c memberChange
		c.settle(v, leaver{of: user, was: m.why}, v.afterRemoval(m.why))
		if err := s.saveMembers(ctx, q, &Group{ID: m.group, UpdatedAt: now}, c); err != nil {
			return err
		}
		if err := s.recordMembers(ctx, q, m.group, net{}, c, 0); err != nil {
			return err
		}
		if c.moved() {
			left = append(left, m.group)
		}
	}
	if err := s.forgetKeptOut(ctx, q, user); err != nil {
		return err
	}
	return s.touchGroups(ctx, q, left, now)
}

// deletion is what the journal keeps of a person who is gone.
type deletion struct {
	UserName string   `json:"userName"`
	Groups   []string `json:"groups,omitempty"`
}

// remove deletes a person for everybody.
func (s *Service) remove(ctx context.Context, q scope, was *loaded) error {
	if err := s.followers.Deleted(ctx, was.ID); err != nil {
		return fmt.Errorf("tell that a user is deleted: %w", err)
	}
	groups, err := s.deleteUser(ctx, q, was.ID)
	if err != nil {
		return err
	}
	if err := s.touchGroups(ctx, q, groups, s.clock()); err != nil {
		return err
	}
	if err := store.AddCount(ctx, usersCount, -1); err != nil {
		return err
	}
	data := deletion{UserName: was.UserName}
	for _, group := range groups {
		data.Groups = append(data.Groups, id.Group.Format(group))
	}
	_, err = s.events.Record(ctx, events.Event{Kind: "user.deleted", Subject: was.ID, Data: data})
	return err
}
