package directory

import (
	"context"
	"strings"

	"github.com/usherhq/usher/internal/id"
)

// Get returns one person as the caller sees her, or ErrUserNotFound.
func (s *Service) Get(ctx context.Context, of id.ID) (*User, error) {
	q, err := s.scope(ctx)
	if err != nil {
		return nil, err
	}
	u, err := s.user(ctx, q, selectUser, of)
	return understood(q, u, err)
}

// ByUserName returns the person of that name, without case, or ErrUserNotFound.
func (s *Service) ByUserName(ctx context.Context, userName string) (*User, error) {
	q, err := s.scope(ctx)
	if err != nil {
		return nil, err
	}
	if unfit(userName) != "" {
		return nil, ErrUserNotFound
	}
	u, err := s.user(ctx, q, selectUserByName, fold(userName))
	return understood(q, u, err)
}

func understood(q scope, u *loaded, err error) (*User, error) {
	if err != nil {
		return nil, err
	}
	if err := u.understand(q.own); err != nil {
		return nil, err
	}
	return &u.User, nil
}

// GetRecord returns one person with ready attributes and, if asked, her groups, or ErrUserNotFound: Get for who only passes her
// on. It is one statement, and one more where she is in a group.
func (s *Service) GetRecord(ctx context.Context, of id.ID, groups bool) (Record, error) {
	q, err := scopeOf(ctx)
	if err != nil {
		return Record{}, err
	}
	found, err := s.records(ctx, groups, nil, `SELECT `+s.recordColumns(groups)+fromUsers+selectedRecord, q.tenant, q.config, of)
	switch {
	case err != nil:
		return Record{}, err
	case len(found) == 0:
		return Record{}, ErrUserNotFound
	}
	err = s.addIndirect(ctx, q, found)
	return found[0], err
}

// Users returns those of some people that the caller sees, for who has their ids.
func (s *Service) Users(ctx context.Context, ids []id.ID, detail Detail) (map[id.ID]*User, error) {
	q, err := s.scopeFor(ctx, detail)
	if err != nil {
		return nil, err
	}
	var all []*loaded
	if q.provider() {
		all, err = s.users(ctx, selectSeveralUsers, q.tenant, q.config, ids)
	} else {
		all, err = s.ownUsers(ctx, detail, ` AND u.id = ANY($2)`, q.tenant, ids)
	}
	if err != nil {
		return nil, err
	}
	found := make(map[id.ID]*User, len(all))
	for _, u := range all {
		if u.link.EndedAt != nil {
			continue
		}
		if u.text != "" {
			err = u.understand(q.own)
		}
		if err != nil {
			return nil, err
		}
		found[u.ID] = &u.User
	}
	return found, nil
}

// Managers finds out who is meant by what stands in Enterprise.Manager of some people: an id (usr_…) or a userName. Those whom
// nobody knows, and whom the calling configuration has let go, are not in the answer.
func (s *Service) Managers(ctx context.Context, values []string) (map[string]UserRef, error) {
	q, err := scopeOf(ctx)
	if err != nil {
		return nil, err
	}
	var ids []id.ID
	var keys []string
	for _, value := range values {
		if of, ok := id.User.Parse(value); ok {
			ids = append(ids, of)
		} else if unfit(value) == "" {
			keys = append(keys, fold(value))
		}
	}
	byID, byName, err := s.names(ctx, q, ids, keys)
	if err != nil {
		return nil, err
	}
	found := make(map[string]UserRef, len(values))
	for _, value := range values {
		ref, ok := byName[fold(value)]
		if of, isID := id.User.Parse(value); isID {
			ref, ok = byID[of]
		}
		if ok {
			found[value] = ref
		}
	}
	return found, nil
}

// Display is what to call the person: her displayName, or her userName where there is none.
func (r UserRef) Display() string {
	if strings.TrimSpace(r.DisplayName) != "" {
		return r.DisplayName
	}
	return r.UserName
}

// Links returns all links of some people, the oldest first, ended ones too.
func (s *Service) Links(ctx context.Context, users []id.ID) (map[id.ID][]Link, error) {
	return s.linksOf(ctx, users)
}
