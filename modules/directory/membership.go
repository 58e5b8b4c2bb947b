package directory

import (
	"context"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/internal/store"
)

const (
	memberCursor = "member"
	groupCursor  = "membership"
	parkedCursor = "parked"
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

// MembersOf returns, for each of several groups, a page of its direct members in the order of their ids, with who they are, all read
// at once. Total is not counted: MemberCounts does that.
func (s *Service) MembersOf(ctx context.Context, groups []id.ID, args page.Args, way page.Way, detail Detail) (map[id.ID]page.Page[WholeMember], error) {
	q, err := s.scopeFor(ctx, detail)
	if err != nil {
		return nil, err
	}
	from, err := pieceOf(memberCursor, args, way)
	if err != nil {
		return nil, err
	}
	found, err := s.memberPieces(ctx, q, groups, from, detail)
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

// GroupNames returns the groups that somebody is a member of, directly or because a group is, ids and names alone.
func (s *Service) GroupNames(ctx context.Context, member id.ID) ([]GroupRef, error) {
	q, err := scopeOf(ctx)
	if err != nil {
		return nil, err
	}
	in, err := s.groupNamesOf(ctx, q, []id.ID{member})
	if err != nil {
		return nil, err
	}
	one := []Record{{ID: member, Groups: in[member]}}
	err = s.addIndirect(ctx, q, one)
	return one[0].Groups, err
}

// GroupPagesOf returns, for each of several people or groups, a page of the groups that it is a direct member of, in the order of
// their ids, all read at once. Total is not counted: GroupCounts does that.
func (s *Service) GroupPagesOf(ctx context.Context, members []id.ID, args page.Args, way page.Way, detail Detail) (map[id.ID]page.Page[MemberOf], error) {
	q, err := scopeOf(ctx)
	if err != nil {
		return nil, err
	}
	from, err := pieceOf(groupCursor, args, way)
	if err != nil {
		return nil, err
	}
	found, err := s.groupPieces(ctx, q, members, from, detail)
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

// ParkedPagesOf returns, for each of several groups, a page of who it waits for, in the order of their names, all read at once. Who is
// kept out is not there. Total is not counted: ParkedCounts does that.
func (s *Service) ParkedPagesOf(ctx context.Context, groups []id.ID, args page.Args) (map[id.ID]page.Page[ParkedMember], error) {
	q, err := scopeOf(ctx)
	if err != nil {
		return nil, err
	}
	limit, backward, err := args.Limit()
	if err != nil {
		return nil, err
	}
	from := piece[string]{limit: limit, descending: backward}
	if cursor := args.Cursor(); cursor != "" {
		parts, err := page.Decode(parkedCursor, cursor, 1)
		if err != nil {
			return nil, err
		}
		from.behind = parts[0]
	}
	found, err := s.parkedPieces(ctx, q, groups, from)
	if err != nil {
		return nil, err
	}
	return pagesOf(groups, found, args)
}

// ParkedCounts returns how many members some groups wait for.
func (s *Service) ParkedCounts(ctx context.Context, groups []id.ID) (map[id.ID]int64, error) {
	q, err := scopeOf(ctx)
	if err != nil {
		return nil, err
	}
	return s.countBy(ctx, countParked, q, groups, mark)
}

// MemberCursor returns the cursor of a member in the pages of MembersOf.
func MemberCursor(m WholeMember) string { return page.Encode(memberCursor, m.ID.String()) }

// MemberOfCursor returns the cursor of a group in the pages of GroupPagesOf.
func MemberOfCursor(m MemberOf) string { return page.Encode(groupCursor, m.Group.ID.String()) }

// ParkedCursor returns the cursor of a member in the pages of ParkedPagesOf.
func ParkedCursor(p ParkedMember) string { return page.Encode(parkedCursor, p.key) }

// pieceOf reads what page of each of several lists is wanted.
func pieceOf(kind string, args page.Args, way page.Way) (from piece[id.ID], err error) {
	if from.limit, from.descending, err = args.Toward(way); err != nil {
		return from, err
	}
	from.behind = store.Beginning(from.descending)
	if cursor := args.Cursor(); cursor != "" {
		from.behind, err = idCursor(kind, cursor)
	}
	return from, err
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
