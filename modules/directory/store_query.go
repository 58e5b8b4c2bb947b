package directory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
)

// where collects the conditions of a query. Its first argument is the tenant; in queries of people, the second is the
// configuration.
type where struct {
	text    strings.Builder
	args    []any
	indexed bool // some condition is found by an index
	nobody  bool // some condition can never be met
}

func newWhere(q scope) *where { return &where{args: []any{q.tenant, q.config}} }

// arg adds an argument and returns its placeholder.
func (w *where) arg(value any) string {
	w.args = append(w.args, value)
	return "$" + strconv.Itoa(len(w.args))
}

func (w *where) and(condition string, indexed bool) {
	w.text.WriteString(" AND " + condition)
	w.indexed = w.indexed || indexed
}

func (w *where) String() string { return w.text.String() }

func userWhere(q scope, terms []term) (*where, error) {
	w := newWhere(q)
	for _, t := range terms {
		switch t.field {
		case fieldID:
			w.id(id.User, "u.id", t.text)
		case fieldUserName:
			w.and("u.user_name_key = "+w.arg(fold(t.text)), true)
		case fieldExternalID:
			w.externalID(q, t.text)
		case fieldEmails:
			if err := w.email(t.element); err != nil {
				return nil, err
			}
		case fieldEmailValue, fieldEmailType:
			if err := w.email([]term{t}); err != nil {
				return nil, err
			}
		case fieldActive:
			w.active(q, t.flag)
		case fieldManager:
			w.and("u.manager = "+w.arg(t.text)+" AND u.manager <> ''", true)
		default:
			return nil, ErrFilterUnsupported.Sayf("users cannot be filtered by %s", t.field)
		}
	}
	if !w.indexed {
		return nil, ErrFilterUnsupported
	}
	w.text.WriteString(" AND l.ended_at IS NULL")
	return w, nil
}

func (w *where) id(kind id.Kind, column, text string) {
	of, ok := kind.Parse(text)
	w.nobody = w.nobody || !ok
	w.and(column+" = "+w.arg(of), true)
}

// externalID is the link's. Who is no configuration means anybody's.
func (w *where) externalID(q scope, text string) {
	if q.provider() {
		w.and("u.id IN (SELECT x.user_id FROM links x WHERE x.tenant_id = $1 AND x.external_id = "+w.arg(text)+
			" AND x.external_id <> '' AND x.scim_config_id = $2 AND x.ended_at IS NULL)", true)
		return
	}
	w.and("u.id IN (SELECT x.user_id FROM links x WHERE x.tenant_id = $1 AND x.external_id = "+w.arg(text)+" AND x.ended_at IS NULL)", true)
}

// email is met by one and the same address. A type alone is not found by an index.
func (w *where) email(element []term) error {
	condition, indexed := "u.id IN (SELECT e.user_id FROM user_values e WHERE e.tenant_id = $1", false
	for _, t := range element {
		switch t.field {
		case fieldEmailValue:
			key, rest := keyed(fold(t.text))
			condition, indexed = condition+fmt.Sprintf(" AND e.attr = %d AND e.key = %s AND e.rest = %s", numberEmails, w.arg(key), w.arg(rest)), true
		case fieldEmailType:
			key, _ := keyed(fold(t.text))
			condition += fmt.Sprintf(` AND EXISTS (SELECT 1 FROM user_values t WHERE t.tenant_id = $1 AND t.user_id = e.user_id
				AND t.attr = %d AND t.ord = e.ord AND t.key = %s)`, numberEmails+2, w.arg(key))
		default:
			return ErrFilterUnsupported.Sayf("emails can be filtered by value and type")
		}
	}
	w.and(condition+")", indexed)
	return nil
}

// active is the link's for a configuration that has one, the person's otherwise.
func (w *where) active(q scope, want bool) {
	column := "u.active"
	if q.provider() {
		column = "COALESCE(l.active, u.active)"
	}
	if !want {
		column = "NOT " + column
	}
	w.and(column, false)
}

func groupWhere(q scope, terms []term) (*where, error) {
	w := &where{args: []any{q.tenant}}
	for _, t := range terms {
		switch t.field {
		case fieldID:
			w.id(id.Group, "g.id", t.text)
		case fieldDisplayName:
			w.and("g.display_name_key = "+w.arg(fold(t.text)), true)
		case fieldExternalID:
			w.and("g.external_id = "+w.arg(t.text)+" AND g.external_id <> ''", true)
		case fieldMembers:
			kind, of, ok := id.KindOf(t.text)
			w.nobody = w.nobody || !ok || kind != id.User && kind != id.Group
			w.and("g.id IN (SELECT ms.group_id FROM memberships ms WHERE ms.tenant_id = $1 AND ms.member_id = "+w.arg(of)+")", true)
		default:
			return nil, ErrFilterUnsupported.Sayf("groups cannot be filtered by %s", t.field)
		}
	}
	return w, nil
}

const (
	countUsersWhere = `SELECT count(*)` + fromUsers

	countGroupsWhere  = `SELECT count(*) FROM groups g WHERE g.tenant_id = $1`
	selectGroupsWhere = `SELECT ` + groupColumns + ` FROM groups g WHERE g.tenant_id = $1`
)

func (s *Service) findUsers(ctx context.Context, w *where, piece wanted, groups bool) (page.Page[Record], error) {
	return find(ctx, s, w, piece, countUsersWhere, func(limit string, args []any) ([]Record, error) {
		return s.records(ctx, groups, s.recordsQuery(groups)+w.String()+` ORDER BY u.id`+limit, args...)
	})
}

func (s *Service) findGroups(ctx context.Context, w *where, piece wanted) (page.Page[Group], error) {
	return find(ctx, s, w, piece, countGroupsWhere, func(limit string, args []any) ([]Group, error) {
		return s.groups(ctx, selectGroupsWhere+w.String()+` ORDER BY g.id`+limit, args...)
	})
}

// find reads a piece and counts only when what was read does not tell the total.
func find[T any](ctx context.Context, s *Service, w *where, piece wanted, count string,
	read func(limit string, args []any) ([]T, error),
) (page.Page[T], error) {
	p := page.Page[T]{HasPrevious: piece.start > 1}
	if piece.count > 0 {
		next := len(w.args)
		limit := fmt.Sprintf(" LIMIT $%d OFFSET $%d", next+1, next+2)
		found, err := read(limit, append(w.args[:next:next], piece.count+1, piece.start-1))
		if err != nil {
			return p, err
		}
		p.HasNext = len(found) > piece.count
		p.Items = found[:min(len(found), piece.count)]
		if !p.HasNext && (len(p.Items) > 0 || piece.start == 1) {
			p.Total = int64(piece.start - 1 + len(p.Items))
			return p, nil
		}
	}
	if err := s.db.QueryRow(ctx, count+w.String(), w.args...).Scan(&p.Total); err != nil {
		return p, fmt.Errorf("count what a filter takes: %w", err)
	}
	return p, nil
}

const (
	selectUsersAfter  = `SELECT ` + recordColumns + fromUsers + `AND u.id > $3 AND l.ended_at IS NULL ORDER BY u.id LIMIT $4`
	selectGroupsAfter = `SELECT ` + groupColumns + ` FROM groups g WHERE g.tenant_id = $1 AND g.id > $2 ORDER BY g.id LIMIT $3`

	// These touch nothing but an index.
	selectUserBefore        = `SELECT u.id FROM users u WHERE u.tenant_id = $1 ORDER BY u.id LIMIT 1 OFFSET $2`
	selectVisibleUserBefore = `SELECT u.id FROM users u WHERE u.tenant_id = $1 AND NOT EXISTS (SELECT 1 FROM links l
		WHERE l.tenant_id = $1 AND l.user_id = u.id AND l.scim_config_id = $3 AND l.ended_at IS NOT NULL)
		ORDER BY u.id LIMIT 1 OFFSET $2`
	selectGroupBefore = `SELECT g.id FROM groups g WHERE g.tenant_id = $1 ORDER BY g.id LIMIT 1 OFFSET $2`
)

func (s *Service) recordsAfter(ctx context.Context, q scope, before id.ID, count int) ([]Record, error) {
	return s.records(ctx, false, selectUsersAfter, q.tenant, q.config, before, count)
}

// userBefore returns the person in front of the one at a place, which counts from 1.
func (s *Service) userBefore(ctx context.Context, q scope, start int, some bool) (id.ID, error) {
	if some {
		return s.rowBefore(ctx, selectVisibleUserBefore, q.tenant, start-2, q.config)
	}
	return s.rowBefore(ctx, selectUserBefore, q.tenant, start-2)
}

func (s *Service) groupBefore(ctx context.Context, q scope, start int) (id.ID, error) {
	return s.rowBefore(ctx, selectGroupBefore, q.tenant, start-2)
}

// rowBefore returns the greatest id where the list has become shorter meanwhile: nothing comes after it.
func (s *Service) rowBefore(ctx context.Context, query string, args ...any) (id.ID, error) {
	var of id.ID
	err := s.db.QueryRow(ctx, query, args...).Scan(&of)
	if errors.Is(err, sql.ErrNoRows) {
		for i := range of {
			of[i] = 0xff
		}
		return of, nil
	}
	if err != nil {
		return id.Nil, fmt.Errorf("find a place in a list: %w", err)
	}
	return of, nil
}
