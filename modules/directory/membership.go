package directory

import (
	"context"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
)

const (
	memberCursor = "member"
	groupCursor  = "membership"
)

// Members returns up to limit direct members of a group, those after the given one in the order of their ids. A group that
// is not there has none. Read a large group in pieces.
func (s *Service) Members(ctx context.Context, group, after id.ID, limit int) ([]Member, error) {
	q, err := scopeOf(ctx)
	if err != nil {
		return nil, err
	}
	if limit < 1 {
		return nil, nil
	}
	found, err := s.membersOf(ctx, q, []id.ID{group}, after, limit-1)
	return found[group], err
}

// MembersOf returns, for each of several groups, a page of its direct members, all read at once. Total is not counted:
// MemberCounts does that.
func (s *Service) MembersOf(ctx context.Context, groups []id.ID, args page.Args) (map[id.ID]page.Page[Member], error) {
	q, after, limit, err := piece(ctx, memberCursor, args)
	if err != nil {
		return nil, err
	}
	found, err := s.membersOf(ctx, q, groups, after, limit)
	if err != nil {
		return nil, err
	}
	return pagesOf(groups, found, args)
}

// MemberCounts returns how many direct members some groups have.
func (s *Service) MemberCounts(ctx context.Context, groups []id.ID) (map[id.ID]int64, error) {
	q, err := scopeOf(ctx)
	if err != nil {
		return nil, err
	}
	return s.countBy(ctx, countMembers, q, groups)
}

// GroupsOf returns every group that some people or groups are direct members of.
func (s *Service) GroupsOf(ctx context.Context, members []id.ID) (map[id.ID][]GroupRef, error) {
	q, err := scopeOf(ctx)
	if err != nil {
		return nil, err
	}
	return s.groupsOf(ctx, selectGroupsOf, q.tenant, members)
}

// GroupNames returns the groups that somebody is a direct member of, ids and names alone.
func (s *Service) GroupNames(ctx context.Context, member id.ID) ([]GroupRef, error) {
	q, err := scopeOf(ctx)
	if err != nil {
		return nil, err
	}
	in, err := s.groupNamesOf(ctx, q, []id.ID{member})
	return in[member], err
}

// GroupPagesOf returns, for each of several people or groups, a page of the groups that it is a direct member of, all read at
// once. Total is not counted: GroupCounts does that.
func (s *Service) GroupPagesOf(ctx context.Context, members []id.ID, args page.Args) (map[id.ID]page.Page[GroupRef], error) {
	q, after, limit, err := piece(ctx, groupCursor, args)
	if err != nil {
		return nil, err
	}
	found, err := s.groupsOf(ctx, selectGroupPagesOf, q.tenant, members, after, limit)
	if err != nil {
		return nil, err
	}
	return pagesOf(members, found, args)
}

// GroupCounts returns of how many groups some people or groups are direct members.
func (s *Service) GroupCounts(ctx context.Context, members []id.ID) (map[id.ID]int64, error) {
	q, err := scopeOf(ctx)
	if err != nil {
		return nil, err
	}
	return s.countBy(ctx, countGroups, q, members)
}

// MemberCursor returns the cursor of a member in the pages of MembersOf.
func MemberCursor(m Member) string { return page.Encode(memberCursor, m.ID.String()) }

// GroupRefCursor returns the cursor of a group in the pages of GroupPagesOf.
func GroupRefCursor(g GroupRef) string { return page.Encode(groupCursor, g.ID.String()) }

// piece reads what page of each of several lists is wanted. They are read forward only.
func piece(ctx context.Context, kind string, args page.Args) (q scope, after id.ID, limit int, err error) {
	if q, err = scopeOf(ctx); err != nil {
		return q, after, 0, err
	}
	limit, backward, err := args.Limit()
	switch {
	case err != nil:
		return q, after, 0, err
	case backward:
		return q, after, 0, page.ErrArgs.Sayf("this list is read forward only: ask with first and after")
	case args.After == "":
		return q, id.Nil, limit, nil
	}
	after, err = idCursor(kind, args.After)
	return q, after, limit, err
}

func idCursor(kind, cursor string) (id.ID, error) {
	parts, err := page.Decode(kind, cursor, 1)
	if err != nil {
		return id.Nil, err
	}
	of, err := parseID(parts[0])
	if err != nil {
		return id.Nil, page.ErrCursor.Because(err)
	}
	return of, nil
}

func pagesOf[T any](of []id.ID, found map[id.ID][]T, args page.Args) (map[id.ID]page.Page[T], error) {
	pages := make(map[id.ID]page.Page[T], len(of))
	for _, one := range of {
		cut, err := page.Cut(found[one], args, 0)
		if err != nil {
			return nil, err
		}
		pages[one] = cut
	}
	return pages, nil
}
