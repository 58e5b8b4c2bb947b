package directory

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/usherhq/usher/internal/id"
)

// list is a list that is asked for, compiled.
type list struct {
	*compiler

	query Query
	p     clause
	o     order
}

// fieldsFor returns what filters and sorts of the caller's tenant can name.
func (s *Service) fieldsFor(ctx context.Context, of *resource) (*fieldSet, error) {
	if of == aGroup {
		return groupFields, nil
	}
	own, err := s.Schemas(ctx)
	if err != nil {
		return nil, err
	}
	return own.fields, nil
}

func (s *Service) listOf(ctx context.Context, of *resource, query Query) (*list, error) {
	q, err := scopeOf(ctx)
	if err != nil {
		return nil, err
	}
	fields, err := s.fieldsFor(ctx, of)
	if err != nil {
		return nil, err
	}
	l := &list{compiler: newCompiler(q, of, fields, query.Base), query: query}
	return l, l.compileAll()
}

func (l *list) compileAll() (err error) {
	if l.p, err = l.compile(l.query.Where); err != nil {
		return err
	}
	l.o, err = l.order(l.query.Sort)
	return err
}

// place names the list for who remembers where its pieces have ended.
func (l *list) place() place {
	at := place{tenant: l.q.tenant, config: l.q.config, list: l.of.table, start: max(l.query.Start, 1)}
	if l.query.Where != nil || l.query.Sort.By.Name != "" || l.others != nil {
		text := fmt.Sprint(l.query.Where, "\x00", l.query.Sort, l.others != nil)
		sum := sha256.Sum256([]byte(text))
		at.list += ":" + hex.EncodeToString(sum[:12])
	}
	return at
}

// join ties a person to the link of the calling configuration.
func (c *compiler) join() string {
	switch {
	case c.of == aGroup:
		return ""
	case c.q.provider():
		return " LEFT JOIN links l ON l.tenant_id = u.tenant_id AND l.user_id = u.id AND l.scim_config_id = $2"
	default:
		return " LEFT JOIN links l ON false AND l.scim_config_id = $2"
	}
}

func (c *compiler) seen() condition {
	if c.of == aGroup {
		return yes
	}
	return "l.ended_at IS NULL"
}

// parts returns what the list's statements are made of: the ids that an index finds, under a name, and the rows. Ids that are
// found by an index are found first and whole, because PostgreSQL would rather walk along the order in the hope of meeting them
// soon.
func (l *list) parts() (with, body string) {
	row := l.of.row
	if l.p.drive == "" || l.p.rank == rankUnique {
		return "", " FROM " + l.of.table + " " + row + l.join() + l.o.join + " WHERE " + row + ".tenant_id = $1 AND " + string(allOf(l.seen(), l.p.where))
	}
	found := "few_" + row
	return found + "(id) AS MATERIALIZED (" + l.p.drive + ")",
		" FROM " + l.of.table + " " + row + l.join() + l.o.join + " WHERE " + row + ".tenant_id = $1 AND " + row + ".id IN (SELECT " + found + ".id FROM " +
			found + ") AND " + string(allOf(l.seen(), l.p.rest))
}

// statement reads a piece of the list: columns, and behind them the value that the list is ordered by.
func (l *list) statement(columns string, after *Mark, limit, offset int) (string, []any) {
	with, body := l.parts()
	return l.finish(with, columns+l.o.column()+body, l.of.row+".id", l.o, after, limit, offset)
}

func (l *list) finish(with, rows, idColumn string, o order, after *Mark, limit, offset int) (string, []any) {
	a := arguments{values: slices.Clone(l.values)}
	text := "SELECT " + rows
	if with != "" {
		text = "WITH " + with + " " + text
	}
	if after != nil {
		text += " AND " + string(o.after(&a, idColumn, *after))
	}
	text += o.orderBy(idColumn) + " LIMIT " + a.add(limit)
	if offset > 0 {
		text += " OFFSET " + a.add(offset)
	}
	return a.used(text)
}

// column is the value that a list is ordered by, where the rows do not show it anyway.
func (o order) column() string {
	if o.key == "" || o.time {
		return ""
	}
	return ", " + o.key
}

// count counts the list.
func (s *Service) count(ctx context.Context, l *list) (total int64, err error) {
	with, body := l.parts()
	if with != "" {
		with = "WITH " + with + " "
	}
	text, args := l.used(with + "SELECT count(*)" + body)
	if err := s.db.QueryRow(ctx, text, args...).Scan(&total); err != nil {
		return 0, fmt.Errorf("count what a filter takes: %w", err)
	}
	return total, nil
}

// byValue tells whether the whole list is ordered by a field of user_values: then it is read along the index, and those
// without a value are read apart.
func (l *list) byValue() bool { return l.p.where == yes && l.o.number != 0 }

// valued and missing read the two parts of such a list.
func (l *list) valued(columns string, after *Mark, limit, offset int) (string, []any) {
	o := order{key: "s.key", sure: true, descending: l.o.descending}
	return l.finish("", columns+", s.key"+l.withValue(), "s.user_id", o, after, limit, offset)
}

func (l *list) withValue() string {
	return " FROM user_values s CROSS JOIN users u" + l.join() + " WHERE s.tenant_id = $1 AND s.attr = " + strconv.Itoa(int(l.o.number)) +
		" AND s.lead AND u.tenant_id = $1 AND u.id = s.user_id AND " + string(l.seen())
}

func (l *list) missing(columns string, after *Mark, limit, offset int) (string, []any) {
	o := order{descending: l.o.descending}
	body := " FROM users u" + l.join() + " WHERE u.tenant_id = $1 AND " + string(l.seen()) +
		" AND NOT EXISTS (SELECT 1 FROM user_values s WHERE s.tenant_id = $1 AND s.user_id = u.id AND s.attr = " + strconv.Itoa(int(l.o.number)) + " AND s.lead)"
	return l.finish("", columns+", NULL::text"+body, "u.id", o, after, limit, offset)
}

func (s *Service) countValued(ctx context.Context, l *list) (count int, err error) {
	text, args := l.used("SELECT count(*)" + l.withValue())
	if err := s.db.QueryRow(ctx, text, args...).Scan(&count); err != nil {
		return 0, fmt.Errorf("count who has a value: %w", err)
	}
	return count, nil
}

// mark is where a person or a group stands in the list.
func (o order) mark(of id.ID, key sql.NullString, times ...string) Mark {
	switch {
	case o.key == "":
		return Mark{ID: of}
	case o.time:
		return Mark{Key: times[o.timeAt()], ID: of}
	default:
		return Mark{Missing: !key.Valid, Key: key.String, ID: of}
	}
}

const (
	// These touch nothing but an index.
	selectUserBefore        = `SELECT u.id FROM users u WHERE u.tenant_id = $1 ORDER BY u.id LIMIT 1 OFFSET $2`
	selectVisibleUserBefore = `SELECT u.id FROM users u WHERE u.tenant_id = $1 AND NOT EXISTS (SELECT 1 FROM links l
		WHERE l.tenant_id = $1 AND l.user_id = u.id AND l.scim_config_id = $3 AND l.ended_at IS NOT NULL)
		ORDER BY u.id LIMIT 1 OFFSET $2`
	selectGroupBefore = `SELECT g.id FROM groups g WHERE g.tenant_id = $1 ORDER BY g.id LIMIT 1 OFFSET $2`
)

// rowBefore returns the one in front of a place in the list of everybody, which counts from 1. It returns the greatest id where
// the list has become shorter meanwhile: nothing comes after it.
func (s *Service) rowBefore(ctx context.Context, l *list, hidden int64) (Mark, error) {
	query, args := selectGroupBefore, []any{l.q.tenant, l.query.Start - 2}
	switch {
	case l.of == aUser && hidden > 0:
		query, args = selectVisibleUserBefore, append(args, l.q.config)
	case l.of == aUser:
		query = selectUserBefore
	}
	var m Mark
	err := s.db.QueryRow(ctx, query, args...).Scan(&m.ID)
	if errors.Is(err, sql.ErrNoRows) {
		for i := range m.ID {
			m.ID[i] = 0xff
		}
		return m, nil
	}
	if err != nil {
		return m, fmt.Errorf("find a place in a list: %w", err)
	}
	return m, nil
}
