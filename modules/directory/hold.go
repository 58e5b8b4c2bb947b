package directory

import (
	"context"
	"errors"
	"fmt"

	"github.com/usherhq/usher/internal/id"
)

// HoldActive tells whether a person exists and is active. If she is, and does not stay so until the caller's unit of work
// ends, the unit runs again: what is given to her now is given to somebody active. Her version grows, for what she is given
// is a change of hers.
func (s *Service) HoldActive(ctx context.Context, of id.ID) (active, exists bool, err error) {
	q, err := scopeOf(ctx)
	if err != nil {
		return false, false, err
	}
	q.own = noSchemas // her attributes do not matter
	was, err := s.userForChange(ctx, q, selectForChange, of)
	switch {
	case errors.Is(err, ErrUserNotFound):
		return false, false, nil
	case err != nil:
		return false, false, err
	case !was.active:
		return false, true, nil
	}
	now := was.User
	now.UpdatedAt = s.clock()
	return true, true, saveUser(ctx, q, was.Version, &now, true, nil)
}

// HoldAll keeps some people as they are until the caller's unit of work ends: who changes one of them waits. Unlike HoldActive it
// is no change of theirs.
func (s *Service) HoldAll(ctx context.Context, people []id.ID) error {
	q, err := scopeOf(ctx)
	if err != nil || len(people) == 0 || !s.db.Postgres() {
		return err // SQLite's only writer is alone
	}
	if _, err := s.idsNow(ctx, `SELECT id FROM users WHERE tenant_id = $1 AND id = ANY($2) ORDER BY id FOR NO KEY UPDATE`, q.tenant, people); err != nil {
		return fmt.Errorf("hold people: %w", err)
	}
	return nil
}

// Person names somebody the way an outsider knows her. One of the three is given.
type Person struct {
	ID         id.ID
	UserName   string
	ExternalID string // as any SCIM configuration that still holds her spells it
}

// Found is who a Person is: nobody, one, or more than one.
type Found struct {
	ID        id.ID // id.Nil unless exactly one
	Active    bool
	Ambiguous bool
}

// Find returns who is meant by some people, in their order, with at most one statement for each way of naming.
func (s *Service) Find(ctx context.Context, people []Person) ([]Found, error) {
	q, err := scopeOf(ctx)
	if err != nil {
		return nil, err
	}
	var ids []id.ID
	var names, externals []string
	for _, p := range people {
		switch {
		case p.ID != id.Nil:
			ids = append(ids, p.ID)
		case p.UserName != "":
			names = append(names, fold(p.UserName))
		case p.ExternalID != "":
			externals = append(externals, p.ExternalID)
		}
	}
	known := spelled{}
	if err := s.collect(ctx, known, q, ids, names, externals); err != nil {
		return nil, err
	}
	found := make([]Found, len(people))
	for i, p := range people {
		switch {
		case p.ID != id.Nil:
			found[i] = known[spelling{by: pathID, text: p.ID.String()}]
		case p.UserName != "":
			found[i] = known[spelling{by: pathUserName, text: fold(p.UserName)}]
		default:
			found[i] = known[spelling{by: pathExternalID, text: p.ExternalID}]
		}
	}
	return found, nil
}

// spelling is one way to name somebody, spelled who each one is.
type (
	spelling struct{ by, text string }
	spelled  map[spelling]Found
)

func (k spelled) add(by, text string, of id.ID, active bool) {
	at := spelling{by: by, text: text}
	if was, there := k[at]; there && was.ID != of {
		k[at] = Found{Ambiguous: true}
		return
	}
	k[at] = Found{ID: of, Active: active}
}

// Held tells whether a configuration holds anybody.
func (s *Service) Held(ctx context.Context, config id.ID) (bool, error) {
	q, err := scopeOf(ctx)
	if err != nil {
		return false, err
	}
	return s.held(ctx, q, config)
}
