package directory

import (
	"context"
	"strings"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/internal/store"
)

const usersCursor, groupsCursor = "users", "groups"

// ListUsers returns a page of people in an order of their own. Total is not counted: CountUsers does that.
func (s *Service) ListUsers(ctx context.Context, args page.Args, f UserFilter, order UserOrder) (page.Page[*User], error) {
	return s.pageOfUsers(ctx, args, f, order, Whole)
}

// OutlineUsers is ListUsers for who needs no more than an Outline of each person.
func (s *Service) OutlineUsers(ctx context.Context, args page.Args, f UserFilter, order UserOrder) (page.Page[*User], error) {
	return s.pageOfUsers(ctx, args, f, order, Outline)
}

func (s *Service) pageOfUsers(ctx context.Context, args page.Args, f UserFilter, order UserOrder, detail Detail) (page.Page[*User], error) {
	none := page.Page[*User]{}
	q, err := s.scopeFor(ctx, detail)
	if err != nil {
		return none, err
	}
	found, err := s.listUsers(ctx, q, args, f, order, detail)
	if err != nil {
		return none, err
	}
	users := make([]*User, len(found))
	for i, u := range found {
		if detail == Whole {
			err = u.understand(q.own)
		}
		if err != nil {
			return none, err
		}
		users[i] = &u.User
	}
	return page.Cut(users, args, 0)
}

// CountUsers returns how many people a filter takes: without one, a kept total.
func (s *Service) CountUsers(ctx context.Context, f UserFilter) (int64, error) {
	q, err := scopeOf(ctx)
	if err != nil {
		return 0, err
	}
	if f == (UserFilter{}) && !q.provider() {
		return store.Count(ctx, s.db, usersCount)
	}
	return s.countUsers(ctx, q, f)
}

// UserCursor returns the cursor of a person in a list of that order.
func UserCursor(u *User, order UserOrder) string {
	return page.Encode(usersCursor+order.name(), order.key(u.UserName), u.ID.String())
}

func (o UserOrder) name() string {
	if o.By == UsersByCreatedAt {
		return ":created"
	}
	return ":name"
}

// key is what the list is ordered by besides the id; ids grow with time.
func (o UserOrder) key(userName string) string {
	if o.By == UsersByCreatedAt {
		return ""
	}
	return fold(userName)
}

// ListGroups returns a page of groups in an order of their own. Total is not counted: CountGroups does that.
func (s *Service) ListGroups(ctx context.Context, args page.Args, f GroupFilter, order GroupOrder) (page.Page[*Group], error) {
	none := page.Page[*Group]{}
	q, err := scopeOf(ctx)
	if err != nil {
		return none, err
	}
	found, err := s.listGroups(ctx, q, args, f, order)
	if err != nil {
		return none, err
	}
	groups := make([]*Group, len(found))
	for i := range found {
		groups[i] = &found[i]
	}
	return page.Cut(groups, args, 0)
}

// CountGroups returns how many groups a filter takes: without one, a kept total.
func (s *Service) CountGroups(ctx context.Context, f GroupFilter) (int64, error) {
	q, err := scopeOf(ctx)
	if err != nil {
		return 0, err
	}
	if f == (GroupFilter{}) {
		return store.Count(ctx, s.db, groupsCount)
	}
	return s.countGroups(ctx, q, f)
}

// GroupCursor returns the cursor of a group in a list of that order.
func GroupCursor(g *Group, order GroupOrder) string {
	return page.Encode(groupsCursor+order.name(), order.key(g.DisplayName), g.ID.String())
}

func (o GroupOrder) name() string {
	if o.By == GroupsByCreatedAt {
		return ":created"
	}
	return ":name"
}

func (o GroupOrder) key(displayName string) string {
	if o.By == GroupsByCreatedAt {
		return ""
	}
	return fold(displayName)
}

// stand is the row that a page starts from.
type stand struct {
	key string
	of  id.ID
}

func standOf(kind, cursor string) (*stand, error) {
	if cursor == "" {
		return nil, nil //nolint:nilnil // the page starts from an end of the list
	}
	parts, err := page.Decode(kind, cursor, 2)
	if err != nil {
		return nil, err
	}
	of, err := parseID(parts[1])
	if err != nil || strings.ContainsRune(parts[0], 0) {
		return nil, page.ErrCursor.Because(err)
	}
	return &stand{key: parts[0], of: of}, nil
}
