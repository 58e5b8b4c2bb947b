package directory

import (
	"context"
	"errors"
	"time"

	"github.com/usherhq/usher/internal/filter"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/internal/store"
)

// Query asks for a piece of a list: the resources that a filter takes, in an order. No filter takes all of them.
type Query struct {
	Where filter.Node
	Sort  Sort

	Count int
	Start int   // from 1: the piece begins there; or
	After *Mark // the piece begins behind where another has ended
	Keyed bool  // the piece is one of a walk by marks, and begins the list where After is nil

	Groups bool   // with the groups of each person
	Base   string // what addresses begin with, as meta.location has them
}

// Listed is a piece of a list, with the exact total.
type Listed[T any] struct {
	page.Page[T]

	End *Mark // of the last item; nil where nothing comes behind it
}

// Resource is a person or a group.
type Resource struct {
	User  *Record
	Group *Group
}

// slowest is how long a query may look at everybody.
const slowest = 2 * time.Second

// Query returns the people whom a filter takes, as ready records in a lasting order. People whom the calling configuration has
// let go are not there.
//
// eq, sw, gt, ge, lt, le and pr are answered by indexes. What has to look at every person or every value is given two seconds
// and then refused with ErrFilterTooCostly. A filter that names what is not there, or compares what cannot be compared so, is
// ErrFilterUnsupported; such a sort is ErrSortUnsupported.
func (s *Service) Query(ctx context.Context, query Query) (Listed[Record], error) {
	l, err := s.listOf(ctx, aUser, query)
	if err != nil {
		return Listed[Record]{}, err
	}
	return find(ctx, s, l, s.userRows(l))
}

// QueryGroups is Query for groups.
func (s *Service) QueryGroups(ctx context.Context, query Query) (Listed[Group], error) {
	l, err := s.listOf(ctx, aGroup, query)
	if err != nil {
		return Listed[Group]{}, err
	}
	return find(ctx, s, l, s.groupRows(l))
}

// QueryAll is Query for people and groups together. An attribute that only one of the two has is without a value on the other.
func (s *Service) QueryAll(ctx context.Context, query Query) (Listed[Resource], error) {
	both, err := s.listsOf(ctx, query)
	if err != nil {
		return Listed[Resource]{}, err
	}
	return s.findAll(ctx, both)
}

// bounded gives a list that may have to look at everybody no more than its time.
func bounded[T any](ctx context.Context, s *Service, slow bool, read func(context.Context) (T, error)) (T, error) {
	if !slow {
		return read(ctx)
	}
	limited, release := context.WithTimeout(ctx, s.slowest)
	defer release()
	found, err := read(limited)
	if err != nil && errors.Is(limited.Err(), context.DeadlineExceeded) && ctx.Err() == nil {
		var none T
		return none, ErrFilterTooCostly.Because(err)
	}
	return found, err
}

// everyone returns how many are in the list of everybody, and how many of them the caller does not see.
func (s *Service) everyone(ctx context.Context, l *list) (total, hidden int64, err error) {
	if l.of == aGroup {
		total, err = store.Count(ctx, s.db, groupsCount)
		return total, 0, err
	}
	if !l.q.provider() {
		total, err = store.Count(ctx, s.db, usersCount)
		return total, 0, err
	}
	total, hidden, err = store.Counts(ctx, s.db, usersCount, leftCount(l.q.config))
	return total - hidden, hidden, err
}
