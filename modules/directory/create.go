package directory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/modules/events"
)

// Create adds a person. A configuration gets a link to her, which counts as her creator; Active and ExternalID are the link's.
// A person made by anybody else is active.
//
// Refuses with ErrUserNameTaken, without case, and with ErrInvalidUser. A configuration whose link to the person of that
// userName has ended takes her back instead: same id, attributes as given now.
func (s *Service) Create(ctx context.Context, given User) (*User, error) {
	q, err := s.scope(ctx)
	if err != nil {
		return nil, err
	}
	return store.InTx(ctx, s.db, func(ctx context.Context) (*User, error) {
		u, text, err := s.newUser(q, &given)
		if err != nil {
			return nil, err
		}
		if store.Attempt(ctx) <= 1 {
			return s.add(ctx, q, u, text, nil, hopefully)
		}
		there, err := s.userForChange(ctx, q, selectForRejoin, fold(u.UserName))
		switch {
		case err == nil:
			return s.takeBack(ctx, q, there, u)
		case !errors.Is(err, ErrUserNotFound):
			return nil, err
		}
		waiting, err := s.waitFor(ctx, q, u.newcomer())
		if err != nil {
			return nil, err
		}
		return s.add(ctx, q, u, text, waiting, knowingly)
	})
}

func (s *Service) newUser(q scope, given *User) (*User, []byte, error) {
	u := given.copied()
	now := s.clock()
	u.ID, u.Version, u.CreatedAt, u.UpdatedAt, u.Origin, u.Blocked = id.New(), 1, now, now, q.origin(), false
	if !q.provider() {
		u.Active, u.ExternalID = true, ""
	}
	q.own.spell(u.Extra)
	text, err := u.normalize()
	return u, text, err
}

// How a new person is saved: hoping that no group waits for her, or knowing which ones do.
const (
	hopefully = true
	knowingly = false
)

// add saves a new person. waiting are the members that groups have parked for her.
func (s *Service) add(ctx context.Context, q scope, u *User, text []byte, waiting []parked, hoping bool) (*User, error) {
	if err := q.own.judge(q, nil, u); err != nil {
		return nil, err
	}
	if err := s.agreed(ctx, q, u); err != nil {
		return nil, err
	}
	if err := s.insertUser(ctx, q, u, text, u.Active, hoping); err != nil {
		return nil, err
	}
	link := Link{}
	if q.provider() {
		link = newLink(q, u, LinkCreated)
		if err := insertLink(ctx, q, link); err != nil {
			return nil, err
		}
	}
	if err := store.AddCount(ctx, usersCount, 1); err != nil {
		return nil, err
	}
	awaited, err := s.unpark(ctx, q, u.newcomer(), waiting, u.UpdatedAt)
	if err != nil {
		return nil, err
	}
	u.Awaited = awaited
	if err := s.followers.Joined(ctx, u, link); err != nil {
		return nil, fmt.Errorf("tell that a user has joined: %w", err)
	}
	shown, err := q.own.public(text)
	if err != nil {
		return nil, err
	}
	_, err = s.events.Record(ctx, events.Event{Kind: "user.created", Subject: u.ID, Data: created(q, u, shown)})
	return u, err
}

func newLink(q scope, u *User, how string) Link {
	return Link{
		ID: id.New(), User: u.ID, Config: q.config, ExternalID: u.ExternalID, Active: u.Active, How: how,
		FirstWriteAt: u.UpdatedAt, LastWriteAt: u.UpdatedAt,
	}
}

// creation is what the journal keeps of a new person.
type creation struct {
	Version    int64           `json:"version"`
	Active     bool            `json:"active"`
	Config     string          `json:"scimConfig,omitempty"`
	ExternalID string          `json:"externalId,omitempty"`
	Attributes json.RawMessage `json:"attributes"`
}

func created(q scope, u *User, text []byte) creation {
	c := creation{Version: u.Version, Active: u.Active, ExternalID: u.ExternalID, Attributes: text}
	if q.provider() {
		c.Config = id.Config.Format(q.config)
	}
	return c
}

// takeBack opens the ended link of a configuration again. Everybody else finds the userName taken.
func (s *Service) takeBack(ctx context.Context, q scope, there *loaded, given *User) (*User, error) {
	if there.link.EndedAt == nil {
		return nil, ErrUserNameTaken
	}
	now := given.copied()
	now.ID, now.Version, now.CreatedAt, now.Origin, now.Blocked = there.ID, there.Version, there.CreatedAt, there.Origin, there.Blocked
	if err := q.own.carry(q, &there.User, now, keepFixed); err != nil {
		return nil, err
	}
	if err := store.AddCount(ctx, leftCount(q.config), -1); err != nil {
		return nil, err
	}
	back, _, err := s.apply(ctx, q, there, now)
	return back, err
}
