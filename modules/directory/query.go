package directory

import (
	"context"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/internal/store"
)

// Query returns the people whom a filter takes, as ready records in a lasting order, and how many there are in all.
//
// It answers eq on id, userName, externalId, emails.value, emails.type, active and manager, joined by and, as long as one of
// them is found by an index; anything else is ErrFilterUnsupported. People whom the calling configuration has let go are not
// there.
func (s *Service) Query(ctx context.Context, query UserQuery) (page.Page[Record], error) {
	none := page.Page[Record]{}
	q, err := scopeOf(ctx)
	if err != nil {
		return none, err
	}
	terms, err := termsOf(query.Where)
	if err != nil {
		return none, err
	}
	w := wanted{start: max(query.Start, 1), count: max(query.Count, 0)}
	if len(terms) == 0 {
		return s.walkUsers(ctx, q, w, query.Groups)
	}
	where, err := userWhere(q, terms)
	if err != nil || where.nobody {
		return none, err
	}
	return s.findUsers(ctx, where, w, query.Groups)
}

// QueryGroups is Query for groups. It answers eq on id, displayName, externalId and members.
func (s *Service) QueryGroups(ctx context.Context, query GroupQuery) (page.Page[Group], error) {
	none := page.Page[Group]{}
	q, err := scopeOf(ctx)
	if err != nil {
		return none, err
	}
	terms, err := termsOf(query.Where)
	if err != nil {
		return none, err
	}
	w := wanted{start: max(query.Start, 1), count: max(query.Count, 0)}
	if len(terms) == 0 {
		return s.walkGroups(ctx, q, w)
	}
	where, err := groupWhere(q, terms)
	if err != nil || where.nobody {
		return none, err
	}
	return s.findGroups(ctx, where, w)
}

// wanted is a piece of a list: count rows from start on, which counts from 1.
type wanted struct{ start, count int }

// beyond tells whether there is something after the piece of a list with a total.
func (w wanted) beyond(total int64, got int) bool { return int64(w.start-1+got) < total }

func (s *Service) walkUsers(ctx context.Context, q scope, w wanted, groups bool) (page.Page[Record], error) {
	p := page.Page[Record]{HasPrevious: w.start > 1}
	total, err := store.Count(ctx, s.db, usersCount)
	if err != nil {
		return p, err
	}
	hidden := int64(0)
	if q.provider() {
		if hidden, err = store.Count(ctx, s.db, leftCount(q.config)); err != nil {
			return p, err
		}
	}
	p.Total = total - hidden
	if w.count == 0 || int64(w.start) > p.Total {
		return p, nil
	}
	at := place{tenant: q.tenant, config: q.config, list: usersCount, start: w.start}
	before, err := s.before(at, hidden, func() (id.ID, error) { return s.userBefore(ctx, q, w.start, hidden > 0) })
	if err != nil {
		return p, err
	}
	if p.Items, err = s.recordsAfter(ctx, q, before, w.count); err != nil {
		return p, err
	}
	if got := len(p.Items); got > 0 {
		s.remember(at, p.Items[got-1].ID, got, hidden)
	}
	p.HasNext = w.beyond(p.Total, len(p.Items))
	if groups {
		err = s.fillGroups(ctx, q, p.Items)
	}
	return p, err
}

// fillGroups adds the groups of a page of people, each group's name once.
func (s *Service) fillGroups(ctx context.Context, q scope, page []Record) error {
	ids := make([]id.ID, len(page))
	for i := range page {
		ids[i] = page[i].ID
	}
	in, err := s.groupNamesOf(ctx, q, ids)
	for i := range page {
		page[i].Groups = in[page[i].ID]
	}
	return err
}

func (s *Service) walkGroups(ctx context.Context, q scope, w wanted) (page.Page[Group], error) {
	p := page.Page[Group]{HasPrevious: w.start > 1}
	var err error
	if p.Total, err = store.Count(ctx, s.db, groupsCount); err != nil || w.count == 0 || int64(w.start) > p.Total {
		return p, err
	}
	at := place{tenant: q.tenant, list: groupsCount, start: w.start}
	before, err := s.before(at, 0, func() (id.ID, error) { return s.groupBefore(ctx, q, w.start) })
	if err != nil {
		return p, err
	}
	if p.Items, err = s.groups(ctx, selectGroupsAfter, q.tenant, before, w.count); err != nil {
		return p, err
	}
	if got := len(p.Items); got > 0 {
		s.remember(at, p.Items[got-1].ID, got, 0)
	}
	p.HasNext = w.beyond(p.Total, len(p.Items))
	return p, nil
}

// before returns the row in front of a place: remembered from the page that ended there, or looked for.
func (s *Service) before(at place, hidden int64, look func() (id.ID, error)) (id.ID, error) {
	if at.start == 1 {
		return id.Nil, nil
	}
	if found, ok := s.positions.find(at, hidden, s.clock()); ok {
		return found, nil
	}
	return look()
}

func (s *Service) remember(at place, last id.ID, got int, hidden int64) {
	at.start += got
	s.positions.keep(at, position{before: last, hidden: hidden, at: s.clock()})
}
