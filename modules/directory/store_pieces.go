package directory

import (
	"context"
	"database/sql"
	"slices"
)

// rows reads a piece of a list with where each item stands in it.
type rows[T any] func(ctx context.Context, after *Mark, limit, offset int) ([]T, []Mark, error)

// find reads a piece. Of the list of everybody the total is kept; of others it is counted, unless what was read tells it.
func find[T any](ctx context.Context, s *Service, l *list, read rows[T]) (Listed[T], error) {
	return bounded(ctx, s, l.p.slow, func(ctx context.Context) (Listed[T], error) { return findPiece(ctx, s, l, read) })
}

func findPiece[T any](ctx context.Context, s *Service, l *list, read rows[T]) (f Listed[T], err error) {
	q, all := l.query, l.p.where == yes
	start, count := max(q.Start, 1), max(q.Count, 0)
	f.HasPrevious = q.After != nil || start > 1
	var hidden int64
	if all {
		if f.Total, hidden, err = s.everyone(ctx, l); err != nil {
			return f, err
		}
	}
	switch {
	case l.p.where == no, all && (count == 0 || !q.Keyed && int64(start) > f.Total):
		return f, nil
	case count == 0:
		f.Total, err = s.count(ctx, l)
		return f, err
	}
	at := l.place()
	after, offset, err := s.begin(ctx, l, at, hidden)
	if err != nil {
		return f, err
	}
	items, marks, err := read(ctx, after, count+1, offset)
	if err != nil {
		return f, err
	}
	f.HasNext, f.Items = len(items) > count, items[:min(len(items), count)]
	if f.HasNext {
		f.End = &marks[count-1]
	}
	if got := len(f.Items); got > 0 && !q.Keyed {
		at.start += got
		s.positions.keep(at, position{before: marks[got-1], hidden: hidden, at: s.clock()})
	}
	switch {
	case all:
	case !f.HasNext && after == nil && (len(items) > 0 || offset == 0):
		f.Total = int64(offset + len(items))
	default:
		f.Total, err = s.count(ctx, l)
	}
	return f, err
}

// begin tells where a piece begins: behind a row, or a number of rows into the list.
func (s *Service) begin(ctx context.Context, l *list, at place, hidden int64) (after *Mark, offset int, err error) {
	if l.query.Keyed || at.start == 1 {
		return l.query.After, 0, nil
	}
	if m, ok := s.positions.find(at, hidden, s.clock()); ok {
		return &m, 0, nil
	}
	if l.p.where != yes || l.o != (order{}) || l.others != nil {
		return nil, at.start - 1, nil
	}
	m, err := s.rowBefore(ctx, l, hidden)
	return &m, 0, err
}

// userRows reads people.
func (s *Service) userRows(l *list) rows[Record] {
	if l.byValue() {
		return func(ctx context.Context, after *Mark, limit, offset int) ([]Record, []Mark, error) {
			return s.inTwoParts(ctx, l, after, limit, offset)
		}
	}
	return func(ctx context.Context, after *Mark, limit, offset int) ([]Record, []Mark, error) {
		return s.recordRows(ctx, l, l.statement, after, limit, offset)
	}
}

type statementOf func(columns string, after *Mark, limit, offset int) (string, []any)

// recordRows reads people, with their groups in the same statement.
func (s *Service) recordRows(ctx context.Context, l *list, statement statementOf, after *Mark, limit, offset int) ([]Record, []Mark, error) {
	text, args := statement(s.recordColumns(l.query.Groups), after, limit, offset)
	var keys []sql.NullString
	into := &keys
	if l.o.column() == "" {
		into = nil
	}
	people, err := s.records(ctx, l.query.Groups, into, text, args...)
	if err != nil {
		return nil, nil, err
	}
	if err := s.addIndirect(ctx, l.q, people); err != nil {
		return nil, nil, err
	}
	marks := make([]Mark, len(people))
	for i, u := range people {
		var key sql.NullString
		if into != nil {
			key = keys[i]
		}
		marks[i] = l.o.mark(u.ID, key, markTime(u.CreatedAt), markTime(u.UpdatedAt))
	}
	return people, marks, nil
}

// inTwoParts reads those with a value in the order of their index, and those without apart from them: behind them, or in front
// of them where the order descends.
func (s *Service) inTwoParts(ctx context.Context, l *list, after *Mark, limit, offset int) (people []Record, marks []Mark, err error) {
	parts := []statementOf{l.valued, l.missing}
	if l.o.descending {
		slices.Reverse(parts)
	}
	if after != nil && after.Missing != l.o.descending {
		parts = parts[1:]
	}
	for i, part := range parts {
		some, ends, err := s.recordRows(ctx, l, part, after, limit, offset)
		if err != nil {
			return nil, nil, err
		}
		people, marks, limit, after = append(people, some...), append(marks, ends...), limit-len(some), nil
		if limit == 0 || i == len(parts)-1 {
			break
		}
		if offset, err = s.offsetInRest(ctx, l, offset, len(some)); err != nil {
			return nil, nil, err
		}
	}
	return people, marks, nil
}

// offsetInRest tells how far into the second part a piece begins that has found some in the first one.
func (s *Service) offsetInRest(ctx context.Context, l *list, offset, found int) (int, error) {
	if offset == 0 || found > 0 {
		return 0, nil
	}
	first, err := s.countValued(ctx, l)
	if l.o.descending && err == nil {
		var all int64
		all, _, err = s.everyone(ctx, l)
		first = int(all) - first
	}
	return max(offset-first, 0), err
}

func (s *Service) groupRows(l *list) rows[Group] {
	return func(ctx context.Context, after *Mark, limit, offset int) (found []Group, marks []Mark, err error) {
		text, args := l.statement(groupColumns, after, limit, offset)
		err = s.each(ctx, func(row scanner) error {
			var key sql.NullString
			var more []any
			if l.o.column() != "" {
				more = append(more, &key)
			}
			g, err := scanGroup(row, more...)
			found, marks = append(found, g), append(marks, l.o.mark(g.ID, key, markTime(g.CreatedAt), markTime(g.UpdatedAt)))
			return err
		}, text, args...)
		return found, marks, err
	}
}
