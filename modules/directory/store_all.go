package directory

import (
	"context"
	"database/sql"
	"strings"

	"github.com/usherhq/usher/internal/id"
)

// findAll reads a piece of the people and the groups in one list: first which they are, then what is known of them.
func (s *Service) findAll(ctx context.Context, both bothLists) (Listed[Resource], error) {
	return bounded(ctx, s, both.users.p.slow || both.groups.p.slow, func(ctx context.Context) (Listed[Resource], error) {
		return s.pieceOfAll(ctx, both)
	})
}

// bothLists are the two halves of a list. They share their arguments, because they become one statement.
type bothLists struct{ users, groups *list }

func (s *Service) listsOf(ctx context.Context, query Query) (both bothLists, err error) {
	q, err := scopeOf(ctx)
	if err != nil {
		return both, err
	}
	people, err := s.fieldsFor(ctx, aUser)
	if err != nil {
		return both, err
	}
	sets, err := s.fieldsFor(ctx, aGroup)
	if err != nil {
		return both, err
	}
	both.users = &list{compiler: newCompiler(q, aUser, people, query.Base), query: query}
	both.groups = &list{compiler: newCompiler(q, aGroup, sets, query.Base), query: query}
	both.users.others, both.groups.others = sets, people
	both.groups.arguments = both.users.arguments
	if err := both.users.compileAll(); err != nil {
		return both, err
	}
	return both, both.groups.compileAll()
}

// lists are those that can have anything in them.
func (b bothLists) lists() []*list {
	var all []*list
	for _, l := range []*list{b.users, b.groups} {
		if l.p.where != no {
			all = append(all, l)
		}
	}
	return all
}

func (s *Service) pieceOfAll(ctx context.Context, both bothLists) (f Listed[Resource], err error) {
	q := both.users.query
	count := max(q.Count, 0)
	f.HasPrevious = q.After != nil || q.Start > 1
	for _, l := range both.lists() {
		some, err := s.totalOf(ctx, l)
		if err != nil {
			return f, err
		}
		f.Total += some
	}
	if count == 0 || f.Total == 0 || !q.Keyed && int64(q.Start) > f.Total {
		return f, nil
	}
	at := both.users.place()
	after, offset, err := s.begin(ctx, both.users, at, 0)
	if err != nil {
		return f, err
	}
	refs, err := s.refs(ctx, both, after, count+1, offset)
	if err != nil {
		return f, err
	}
	f.HasNext = len(refs) > count
	if f.HasNext {
		refs = refs[:count]
		f.End = &refs[count-1].mark
	}
	if got := len(refs); got > 0 && !q.Keyed {
		at.start += got
		s.positions.keep(at, position{before: refs[got-1].mark, at: s.clock()})
	}
	f.Items, err = s.resources(ctx, both.users.q, refs, q.Groups)
	return f, err
}

func (s *Service) totalOf(ctx context.Context, l *list) (int64, error) {
	if l.p.where != yes {
		return s.count(ctx, l)
	}
	total, _, err := s.everyone(ctx, l)
	return total, err
}

// ref names a person or a group and where it stands in a list of both.
type ref struct {
	isGroup bool
	mark    Mark
}

func (s *Service) refs(ctx context.Context, both bothLists, after *Mark, limit, offset int) (refs []ref, err error) {
	var withs, selects []string
	for _, l := range both.lists() {
		key, isGroup := "NULL::text"+byBytes, "0"
		if l.o.key != "" {
			key = l.o.key
		}
		if l.of == aGroup {
			isGroup = "1"
		}
		with, body := l.parts()
		if with != "" {
			withs = append(withs, with)
		}
		selects = append(selects, "SELECT "+isGroup+" AS is_group, "+l.of.row+".id AS id, "+key+" AS sorted"+body)
	}
	o := both.users.o
	if o.key != "" || both.groups.o.key != "" {
		o = order{key: "r.sorted", time: o.time, sure: o.sure && both.groups.o.sure, descending: o.descending}
	}
	columns := "r.is_group, r.id"
	if o.time {
		columns += ", r.sorted"
	}
	text, args := both.users.finish(strings.Join(withs, ", "), columns+o.column()+" FROM ("+strings.Join(selects, " UNION ALL ")+") r WHERE true", "r.id", o, after, limit, offset)
	err = s.each(ctx, func(row scanner) error {
		var one ref
		var of id.ID
		var key sql.NullString
		into := []any{&one.isGroup, &of}
		if o.key != "" {
			into = append(into, &key)
		}
		err := row.Scan(into...)
		one.mark = Mark{ID: of}
		if o.key != "" {
			one.mark = Mark{Missing: !key.Valid, Key: key.String, ID: of}
		}
		refs = append(refs, one)
		return err
	}, text, args...)
	return refs, err
}

const (
	severalRecords = ` AND u.id = ANY($3) AND l.ended_at IS NULL`
)

// resources loads what is known of people and groups, in the order in which they are named. Who has gone meanwhile is not there.
func (s *Service) resources(ctx context.Context, q scope, refs []ref, groups bool) ([]Resource, error) {
	var users, sets []id.ID
	for _, r := range refs {
		if r.isGroup {
			sets = append(sets, r.mark.ID)
		} else {
			users = append(users, r.mark.ID)
		}
	}
	found := make(map[id.ID]Resource, len(refs))
	if len(users) > 0 {
		people, err := s.records(ctx, groups, nil, `SELECT `+s.recordColumns(groups)+fromUsers+severalRecords, q.tenant, q.config, users)
		if err == nil {
			err = s.addIndirect(ctx, q, people)
		}
		if err != nil {
			return nil, err
		}
		for i := range people {
			found[people[i].ID] = Resource{User: &people[i]}
		}
	}
	if len(sets) > 0 {
		all, err := s.groups(ctx, selectSeveralGroups, q.tenant, sets)
		if err != nil {
			return nil, err
		}
		for i := range all {
			found[all[i].ID] = Resource{Group: &all[i]}
		}
	}
	items := make([]Resource, 0, len(refs))
	for _, r := range refs {
		if one, ok := found[r.mark.ID]; ok {
			items = append(items, one)
		}
	}
	return items, nil
}
