package directory

import (
	"context"
	"fmt"
	"strings"

	"github.com/usherhq/usher/internal/page"
)

// where collects the conditions of a list. Its first argument is the tenant; in lists of people, the second is the configuration.
type where struct {
	arguments

	text strings.Builder
}

func newWhere(q scope) *where { return &where{arguments: arguments{values: []any{q.tenant, q.config}}} }

func (w *where) and(condition string) { w.text.WriteString(" AND " + condition) }

func (w *where) String() string { return w.text.String() }

// listing is the order of a list in SQL: a name that is unique, or the id.
type listing struct {
	key        string // the column, or empty
	id         string
	descending bool
}

// cut adds to a query where a page starts, how it is ordered and where it ends. One row more than asked tells whether there
// are more.
func (l listing) cut(w *where, from *stand, backward bool, limit int) {
	compare, direction := ">", "ASC"
	if l.descending != backward {
		compare, direction = "<", "DESC"
	}
	switch {
	case from == nil:
	case l.key == "":
		w.and(l.id + " " + compare + " " + w.add(from.of))
	default:
		w.and(l.key + " " + compare + " " + w.add(from.key))
	}
	by := l.key
	if by == "" {
		by = l.id
	}
	w.text.WriteString(" ORDER BY " + by + " " + direction + " LIMIT " + w.add(limit+1))
}

const (
	countGroupsWhere  = `SELECT count(*) FROM groups g WHERE g.tenant_id = $1`
	selectGroupsWhere = `SELECT ` + groupColumns + ` FROM groups g WHERE g.tenant_id = $1`
)

func (s *Service) listUsers(ctx context.Context, q scope, args page.Args, f UserFilter, order UserOrder, detail Detail) ([]*loaded, error) {
	count, backward, err := args.Limit()
	if err != nil {
		return nil, err
	}
	from, err := standOf(usersCursor+order.name(), args.Cursor())
	if err != nil {
		return nil, err
	}
	w := usersIn(q, f)
	l := listing{key: "u.user_name_key", id: "u.id", descending: order.Descending}
	if order.By == UsersByCreatedAt {
		l.key = ""
	}
	l.cut(w, from, backward, count)
	if !q.provider() {
		return s.ownUsers(ctx, detail, w.String(), w.values...)
	}
	return s.users(ctx, `SELECT `+userColumns+fromUsers+w.String(), w.values...)
}

// Who is no configuration sees people without any link: a plan with a join that finds nothing would walk the links for each of them.
const (
	ownOutline = `u.id, u.user_name, u.manager, u.version, u.created_at, u.updated_at, u.blocked, u.active, u.origin`
	fromOwn    = ` FROM users u WHERE u.tenant_id = $1`
)

// ownUsers runs a query of people for who is no configuration.
func (s *Service) ownUsers(ctx context.Context, detail Detail, conditions string, args ...any) ([]*loaded, error) {
	var found []*loaded
	columns := ownOutline
	if detail == Whole {
		columns += `, u.attributes`
	}
	err := s.each(ctx, func(row scanner) error {
		u := &loaded{}
		into := []any{&u.ID, &u.UserName, &u.Enterprise.Manager, &u.Version, &u.CreatedAt, &u.UpdatedAt, &u.Blocked, &u.active, &u.Origin}
		if detail == Whole {
			into = append(into, &u.text)
		}
		err := row.Scan(into...)
		u.CreatedAt, u.UpdatedAt, u.User.Active = u.CreatedAt.UTC(), u.UpdatedAt.UTC(), u.active
		found = append(found, u)
		return err
	}, `SELECT `+columns+fromOwn+conditions, args...)
	if err != nil {
		return nil, fmt.Errorf("load users: %w", err)
	}
	return found, nil
}

func (s *Service) countUsers(ctx context.Context, q scope, f UserFilter) (total int64, err error) {
	w, from := usersIn(q, f), fromOwn
	if q.provider() {
		from = fromUsers
	}
	if err := s.db.QueryRow(ctx, `SELECT count(*)`+from+w.String(), w.values...).Scan(&total); err != nil {
		return 0, fmt.Errorf("count users: %w", err)
	}
	return total, nil
}

const linkOf = "SELECT 1 FROM links x WHERE x.tenant_id = $1 AND x.user_id = u.id"

func usersIn(q scope, f UserFilter) *where {
	w := &where{arguments: arguments{values: []any{q.tenant}}}
	if q.provider() {
		w = newWhere(q)
		w.and("l.ended_at IS NULL")
	}
	if f.Search != "" {
		key := w.add(beginning(fold(f.Search)))
		w.and("(u.user_name_key LIKE " + key + ` ESCAPE '\' OR lower(u.display_name) LIKE ` + key + ` ESCAPE '\' OR u.display_name LIKE ` +
			w.add(beginning(f.Search)) + ` ESCAPE '\')`)
	}
	if f.Active != nil {
		active := (&compiler{q: q}).active()
		if !*f.Active {
			active = notOf(active)
		}
		w.and(string(active))
	}
	if f.Department != nil {
		w.and("u.department = " + w.add(*f.Department))
	}
	if f.Group != nil {
		w.and("u.id IN (SELECT ms.member_id FROM memberships ms WHERE ms.tenant_id = $1 AND ms.group_id = " + w.add(*f.Group) + ")")
	}
	if f.Config != nil {
		w.and("EXISTS (" + linkOf + " AND x.scim_config_id = " + w.add(*f.Config) + " AND x.ended_at IS NULL)")
	}
	switch f.Claimed {
	case ClaimedAny:
	case ClaimedCreated:
		w.and("EXISTS (" + linkOf + " AND x.how = '" + LinkCreated + "')")
	case ClaimedAdopted:
		w.and("EXISTS (" + linkOf + " AND x.how = '" + LinkAdopted + "')")
	case ClaimedNever:
		w.and("NOT EXISTS (" + linkOf + ")")
	}
	return w
}

// beginning makes a pattern of what a text is to begin with.
func beginning(text string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`, "\x00", "").Replace(strings.ToValidUTF8(text, "")) + "%"
}

func (s *Service) listGroups(ctx context.Context, q scope, args page.Args, f GroupFilter, order GroupOrder) ([]Group, error) {
	count, backward, err := args.Limit()
	if err != nil {
		return nil, err
	}
	from, err := standOf(groupsCursor+order.name(), args.Cursor())
	if err != nil {
		return nil, err
	}
	w := groupsIn(q, f)
	l := listing{key: "g.display_name_key", id: "g.id", descending: order.Descending}
	if order.By == GroupsByCreatedAt {
		l.key = ""
	}
	l.cut(w, from, backward, count)
	return s.groups(ctx, selectGroupsWhere+w.String(), w.values...)
}

func (s *Service) countGroups(ctx context.Context, q scope, f GroupFilter) (total int64, err error) {
	w := groupsIn(q, f)
	if err := s.db.QueryRow(ctx, countGroupsWhere+w.String(), w.values...).Scan(&total); err != nil {
		return 0, fmt.Errorf("count groups: %w", err)
	}
	return total, nil
}

func groupsIn(q scope, f GroupFilter) *where {
	w := &where{arguments: arguments{values: []any{q.tenant}}}
	if f.Search != "" {
		w.and("g.display_name_key LIKE " + w.add(beginning(fold(f.Search))) + ` ESCAPE '\'`)
	}
	if f.Config != nil {
		w.and("g.scim_config_id = " + w.add(*f.Config))
	}
	return w
}
