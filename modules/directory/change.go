package directory

import (
	"bytes"
	"context"
	"fmt"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/modules/events"
)

// Change edits a person and tells whether that changed anything. edit gets her as the caller sees her and may run more than
// once; what it does to the id, the version, the times, the origin and Blocked is ignored. The first change of a
// configuration makes its link, even if nothing else changes.
//
// Refuses with ErrUserNotFound, ErrStaleVersion, ErrUserNameTaken and ErrInvalidUser; with the last also when a caller who is
// no configuration edits Active, which Block and Unblock do, or ExternalID.
func (s *Service) Change(ctx context.Context, of id.ID, edit func(*User) error, expect *Expect) (*User, bool, error) {
	q, err := s.scope(ctx)
	if err != nil {
		return nil, false, err
	}
	changed := false
	now, err := store.InTx(ctx, s.db, func(ctx context.Context) (*User, error) {
		was, groups, err := s.userInGroups(ctx, q, of)
		if err != nil {
			return nil, err
		}
		now, err := was.edited(q, edit, expect)
		if err != nil {
			return nil, err
		}
		if now, changed, err = s.apply(ctx, q, was, now); err != nil {
			return nil, err
		}
		now.Groups = groups
		return now, nil
	})
	if err != nil {
		return nil, false, err
	}
	return now, changed, nil
}

func (u *loaded) edited(q scope, edit func(*User) error, expect *Expect) (*User, error) {
	if u.link.EndedAt != nil {
		return nil, ErrUserNotFound
	}
	if err := expect.Met(u.Version, u.UpdatedAt); err != nil {
		return nil, err
	}
	now := u.User.copied()
	if err := edit(now); err != nil {
		return nil, err
	}
	now.ID, now.Version, now.CreatedAt, now.UpdatedAt = u.ID, u.Version, u.CreatedAt, u.UpdatedAt
	now.Origin, now.Blocked = u.Origin, u.Blocked
	if !q.provider() && (now.Active != u.User.Active || now.ExternalID != u.ExternalID) {
		return nil, ErrInvalidUser.At("active").Sayf("active and externalId belong to a SCIM configuration; block the user instead")
	}
	return now, nil
}

// change is the difference between a person as she was and as she is to be.
type change struct {
	was        *loaded
	now        *User
	text       []byte // the attributes, nil when they stay
	link       Link   // as it is to be
	newLink    bool
	reopened   bool
	active     bool // of the person, from now on
	linkActive bool // the link's activity changes, or begins
}

// apply saves, tells and records a change of a person, if it is one.
func (s *Service) apply(ctx context.Context, q scope, was *loaded, now *User) (*User, bool, error) {
	c, err := s.difference(q, was, now)
	if err != nil || c == nil {
		return &was.User, false, err
	}
	if c.text != nil && !sameExtra(&was.User, now) {
		if err := s.agreed(ctx, q, now); err != nil {
			return nil, false, err
		}
	}
	if err := s.save(ctx, q, c); err != nil {
		return nil, false, err
	}
	if err := s.tell(ctx, c); err != nil {
		return nil, false, err
	}
	if err := s.recordChange(ctx, q, c); err != nil {
		return nil, false, err
	}
	return c.now, true, nil
}

// difference decides what changes; nil is nothing.
func (s *Service) difference(q scope, was *loaded, now *User) (*change, error) {
	q.own.spell(now.Extra)
	if err := q.own.carry(q, &was.User, now, keepNone); err != nil {
		return nil, err
	}
	text, err := now.normalize()
	if err != nil {
		return nil, err
	}
	if err := q.own.judge(q, &was.User, now); err != nil {
		return nil, err
	}
	c := &change{was: was, now: now, link: was.link}
	if same, err := was.renders(text); err != nil || !same {
		c.text = text
		if err != nil {
			return nil, err
		}
	}
	linked := false
	if q.provider() {
		c.newLink, c.reopened = was.link.ID == id.Nil, was.link.EndedAt != nil
		c.linkActive = was.link.Active != now.Active || c.newLink || c.reopened
		linked = c.linkActive || was.link.ExternalID != now.ExternalID
	}
	c.active = was.activeWith(q, now.Active) && !now.Blocked
	if c.text == nil && !linked && now.Blocked == was.Blocked {
		return nil, nil //nolint:nilnil // nothing changes: nothing to describe
	}
	now.Version, now.UpdatedAt = was.Version+1, s.clock()
	if linked {
		c.link.ExternalID, c.link.Active, c.link.EndedAt = now.ExternalID, now.Active, nil
	}
	if c.newLink {
		c.link = newLink(q, now, LinkAdopted)
	}
	c.link.LastWriteAt = now.UpdatedAt
	if !q.provider() {
		now.Active = c.active
	}
	return c, nil
}

// renders tells whether the attributes are those of the given text.
func (u *loaded) renders(text []byte) (bool, error) {
	if u.text == string(text) {
		return true, nil
	}
	again, err := u.User.render() // it may have been kept by an older renderer
	return bytes.Equal(again, text), err
}

// activeWith tells whether the person is active, but for a block, when the calling configuration's link has the given activity.
func (u *loaded) activeWith(q scope, linkActive bool) bool {
	if q.provider() {
		return linkActive || u.othersAlive
	}
	return u.othersAlive || !u.othersOpen
}

func (s *Service) save(ctx context.Context, q scope, c *change) error {
	var waiting []parked
	var err error
	if c.renamed() {
		if waiting, err = s.waitFor(ctx, q, c.now.newcomer()); err != nil {
			return err
		}
	}
	if err := saveUser(ctx, q, c.was.Version, c.now, c.active, c.text); err != nil {
		return err
	}
	if c.text != nil {
		if err := s.saveValues(ctx, q, c.now.ID, valuesOf(&c.was.User, q.own), valuesOf(c.now, q.own)); err != nil {
			return err
		}
		if err := s.saveUniques(ctx, q, c.now.ID, uniquesOf(&c.was.User, q.own), uniquesOf(c.now, q.own)); err != nil {
			return err
		}
	}
	if err := s.saveLink(ctx, q, c); err != nil {
		return err
	}
	awaited, err := s.unpark(ctx, q, c.now.newcomer(), waiting, c.now.UpdatedAt)
	c.now.Awaited = awaited
	return err
}

// renamed tells whether somebody may wait for the person under what she is called from now on.
func (c *change) renamed() bool {
	return c.was.UserName != c.now.UserName || c.was.ExternalID != c.now.ExternalID || c.reopened
}

func (s *Service) saveLink(ctx context.Context, q scope, c *change) error {
	switch {
	case !q.provider():
		return nil
	case c.newLink:
		return insertLink(ctx, q, c.link)
	default:
		return updateLink(ctx, q, c.link)
	}
}

// tell lets the followers know, what takes away before what gives.
func (s *Service) tell(ctx context.Context, c *change) error {
	for _, follower := range c.following(s.followers) {
		if err := follower(ctx); err != nil {
			return fmt.Errorf("tell of a changed user: %w", err)
		}
	}
	return nil
}

func (c *change) following(f Followers) []func(context.Context) error {
	var calls []func(context.Context) error
	call := func(when bool, what func(context.Context) error) {
		if when {
			calls = append(calls, what)
		}
	}
	config, joined := c.link.Config, c.newLink || c.reopened
	call(c.text != nil, func(ctx context.Context) error { return f.Changed(ctx, &c.was.User, c.now) })
	call(c.linkActive && !c.link.Active && !joined && (c.active || !c.was.active), func(ctx context.Context) error { return f.Deactivated(ctx, c.now.ID, config) })
	call(c.was.active && !c.active, func(ctx context.Context) error { return f.Deactivated(ctx, c.now.ID, id.Nil) })
	call(!c.was.active && c.active, func(ctx context.Context) error { return f.Reactivated(ctx, c.now, id.Nil) })
	call(joined, func(ctx context.Context) error { return f.Joined(ctx, c.now, c.link) })
	call(c.linkActive && c.link.Active && !joined, func(ctx context.Context) error { return f.Reactivated(ctx, c.now, config) })
	return calls
}

func (s *Service) recordChange(ctx context.Context, q scope, c *change) error {
	data, err := c.data(q)
	if err != nil {
		return err
	}
	for _, kind := range c.kinds() {
		if _, err := s.events.Record(ctx, events.Event{Kind: kind, Subject: c.now.ID, Data: data}); err != nil {
			return err
		}
	}
	return nil
}

// kinds names the change. Who has adopted a person and whether she may come in are two different news.
func (c *change) kinds() []string {
	var kinds []string
	if c.newLink || c.reopened {
		kinds = append(kinds, "user.adopted")
	}
	switch {
	case c.now.Blocked && !c.was.Blocked:
		kinds = append(kinds, "user.blocked")
	case !c.now.Blocked && c.was.Blocked:
		kinds = append(kinds, "user.unblocked")
	case c.was.active && !c.active:
		kinds = append(kinds, "user.deactivated")
	case !c.was.active && c.active:
		kinds = append(kinds, "user.reactivated")
	case len(kinds) == 0:
		kinds = append(kinds, "user.changed")
	}
	return kinds
}
