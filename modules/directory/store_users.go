package directory

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

// loaded is a person with what decides about her: the link of the calling configuration and what the others say.
type loaded struct {
	User

	link        Link // zero when the configuration has none
	active      bool // of the person
	othersOpen  bool // some other configuration holds her
	othersAlive bool // and holds her active
	text        string
}

const userColumns = `u.id, u.user_name, u.manager, u.version, u.created_at, u.updated_at, u.blocked, u.active, u.origin, u.attributes,
	l.id, l.external_id, l.active, l.how, l.first_write_at, l.last_write_at, l.ended_at`

const fromUsers = ` FROM users u LEFT JOIN links l ON l.tenant_id = u.tenant_id AND l.user_id = u.id AND l.scim_config_id = $2
	WHERE u.tenant_id = $1 `

const (
	selectUser = `SELECT ` + userColumns + fromUsers + `AND u.id = $3`

	othersColumns = `,
	EXISTS (SELECT 1 FROM links o WHERE o.tenant_id = $1 AND o.user_id = u.id AND o.scim_config_id <> $2 AND o.ended_at IS NULL),
	EXISTS (SELECT 1 FROM links o WHERE o.tenant_id = $1 AND o.user_id = u.id AND o.scim_config_id <> $2 AND o.ended_at IS NULL AND o.active)`

	selectedForChange  = fromUsers + `AND u.id = $3`
	selectForChange    = `SELECT ` + userColumns + othersColumns + selectedForChange
	selectForRejoin    = `SELECT ` + userColumns + othersColumns + fromUsers + `AND u.user_name_key = $3`
	lockUser           = ` FOR UPDATE OF u`
	selectUserByName   = `SELECT ` + userColumns + fromUsers + `AND u.user_name_key = $3`
	selectSeveralUsers = `SELECT ` + userColumns + fromUsers + `AND u.id = ANY($3)`
	notLetGo           = ` AND NOT EXISTS (SELECT 1 FROM links l WHERE l.tenant_id = $1 AND l.user_id = u.id AND l.scim_config_id = $3 AND l.ended_at IS NOT NULL)`
	selectNamesByID    = `SELECT u.id, u.user_name, u.display_name FROM users u WHERE u.tenant_id = $1 AND u.id = ANY($2)` + notLetGo
	selectNamesByName  = `SELECT u.id, u.user_name, u.display_name, u.user_name_key FROM users u WHERE u.tenant_id = $1 AND u.user_name_key = ANY($2)` + notLetGo
)

type scanner interface{ Scan(into ...any) error }

// scanUser reads userColumns and whatever columns follow them.
func scanUser(row scanner, more ...any) (*loaded, error) {
	u := &loaded{}
	var link struct {
		id            sql.Null[id.ID]
		external, how sql.NullString
		active        sql.NullBool
		first, last   sql.NullTime
		ended         sql.NullTime
	}
	into := []any{
		&u.ID, &u.UserName, &u.Enterprise.Manager, &u.Version, &u.CreatedAt, &u.UpdatedAt, &u.Blocked, &u.active, &u.Origin, &u.text,
		&link.id, &link.external, &link.active, &link.how, &link.first, &link.last, &link.ended,
	}
	if err := row.Scan(append(into, more...)...); err != nil {
		return nil, err
	}
	u.CreatedAt, u.UpdatedAt, u.User.Active = u.CreatedAt.UTC(), u.UpdatedAt.UTC(), u.active
	if link.id.Valid {
		u.link = Link{
			ID: link.id.V, User: u.ID, ExternalID: link.external.String, Active: link.active.Bool, How: link.how.String,
			FirstWriteAt: link.first.Time.UTC(), LastWriteAt: link.last.Time.UTC(),
		}
		if link.ended.Valid {
			ended := link.ended.Time.UTC()
			u.link.EndedAt = &ended
		}
		u.User.Active, u.ExternalID = u.link.Active, u.link.ExternalID
	}
	return u, nil
}

// understand fills the attributes of the person in from what is stored. Data of the tenant's schemas is in their spelling then,
// whatever it was sent in before they were registered.
func (u *loaded) understand(own *SchemaSet) error {
	if err := json.Unmarshal([]byte(u.text), &u.User); err != nil {
		return fmt.Errorf("user %s: %w", u.ID, err)
	}
	own.spell(u.Extra)
	return nil
}

// userForChange loads one person with what other configurations say of her, and whatever columns a query has behind these. Nobody is ErrUserNotFound; a person whose link has
// ended is returned with it.
func (s *Service) userForChange(ctx context.Context, q scope, query string, key any, more ...any) (*loaded, error) {
	if store.Locking(ctx) {
		query += lockUser
	}
	var open, alive bool
	u, err := scanUser(s.db.QueryRow(ctx, query, q.tenant, q.config, key), append([]any{&open, &alive}, more...)...)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, ErrUserNotFound
	case err != nil:
		return nil, fmt.Errorf("load a user: %w", err)
	}
	u.link.Config, u.othersOpen, u.othersAlive = q.config, open, alive
	return u, u.understand(q.own)
}

// userInGroups is userForChange by id, with the groups that she is a member of, directly or because a group is.
func (s *Service) userInGroups(ctx context.Context, q scope, of id.ID) (*loaded, []GroupRef, error) {
	columns := groupsInSQLite
	if s.db.Postgres() {
		columns = groupsInPostgres
	}
	var in []byte
	u, err := s.userForChange(ctx, q, `SELECT `+userColumns+othersColumns+columns+selectedForChange, of, &in)
	if err != nil {
		return nil, nil, err
	}
	one := []Record{{ID: of}}
	if one[0].Groups, err = (groupNames{}).read(in); err != nil {
		return nil, nil, err
	}
	err = s.addIndirect(ctx, q, one)
	return u, one[0].Groups, err
}

// user loads one person whom the caller sees, not yet understood. Nobody is ErrUserNotFound.
func (s *Service) user(ctx context.Context, q scope, query string, key any) (*loaded, error) {
	u, err := scanUser(s.db.QueryRow(ctx, query, q.tenant, q.config, key))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, ErrUserNotFound
	case err != nil:
		return nil, fmt.Errorf("load a user: %w", err)
	case u.link.EndedAt != nil:
		return nil, ErrUserNotFound
	}
	u.link.Config = q.config
	return u, nil
}

// users runs a query of userColumns.
func (s *Service) users(ctx context.Context, query string, args ...any) ([]*loaded, error) {
	rows, err := s.db.Query(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("load users: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var found []*loaded
	for rows.Next() {
		u, err := scanUser(rows)
		if err != nil {
			return nil, fmt.Errorf("load users: %w", err)
		}
		found = append(found, u)
	}
	return found, errors.Join(rows.Err(), rows.Close())
}

// The first try takes it that nobody has the name and that no group waits for the person, or is about to. Otherwise the
// statement changes no row, the unit runs again, and then it looks first.
const (
	userValues = `INSERT INTO users (tenant_id, id, created_at, updated_at, version, user_name, user_name_key, display_name,
		given_name, family_name, title, department, employee_number, manager, blocked, active, origin, attributes, indexed)
	SELECT $1::uuid, $2::uuid, $3::timestamptz, $3::timestamptz, 1, $4, $5, $6, $7, $8, $9, $10, $11, $12, false, $13::boolean, $14, $15, true`
	unlessParked = ` AND NOT EXISTS (SELECT 1 FROM parked_members p WHERE p.tenant_id = $1 AND p.value = ANY($16))`
	unlessTaken  = ` ON CONFLICT (tenant_id, user_name_key) DO NOTHING`
)

func (s *Service) insertUser(ctx context.Context, q scope, u *User, text []byte, active, hoping bool) error {
	write := store.Stmt{SQL: userValues + ` WHERE true` + unlessTaken, Rows: 1, Args: []any{
		q.tenant, u.ID, u.CreatedAt, u.UserName, fold(u.UserName), u.DisplayName, u.Name.GivenName, u.Name.FamilyName, u.Title,
		u.Enterprise.Department, u.Enterprise.EmployeeNumber, u.Enterprise.Manager, active, u.Origin, string(text),
	}}
	if hoping {
		with := s.db.Arrivals()
		write.SQL = userValues + with.From + ` WHERE ` + with.Where + unlessParked + with.Lock + unlessTaken
		write.Args = append(write.Args, u.newcomer().keys())
	}
	if err := store.Defer(ctx, write); err != nil {
		return err
	}
	if err := s.addValues(ctx, q, u.ID, valuesOf(u, q.own)); err != nil {
		return err
	}
	return s.saveUniques(ctx, q, u.ID, nil, uniquesOf(u, q.own))
}

// Both expect the version that was read, so that a change never overwrites another.
const (
	touchUser = `UPDATE users SET version = version + 1, updated_at = $4, active = $5, blocked = $6
		WHERE tenant_id = $1 AND id = $2 AND version = $3`
	updateUser = `UPDATE users SET version = version + 1, updated_at = $4, active = $5, blocked = $6, user_name = $7, user_name_key = $8,
		display_name = $9, given_name = $10, family_name = $11, title = $12, department = $13, employee_number = $14, manager = $15,
		attributes = $16, indexed = true
		WHERE tenant_id = $1 AND id = $2 AND version = $3`
)

// saveUser writes a person over the version that was read. A nil text leaves the attributes alone.
func saveUser(ctx context.Context, q scope, was int64, u *User, active bool, text []byte) error {
	write := store.Stmt{SQL: touchUser, Rows: 1, Args: []any{q.tenant, u.ID, was, u.UpdatedAt, active, u.Blocked}}
	if text != nil {
		write.SQL = updateUser
		write.Args = append(write.Args, u.UserName, fold(u.UserName), u.DisplayName, u.Name.GivenName, u.Name.FamilyName, u.Title,
			u.Enterprise.Department, u.Enterprise.EmployeeNumber, u.Enterprise.Manager, string(text))
		write.Unique = map[string]error{"users_user_name": ErrUserNameTaken}
	}
	return store.Defer(ctx, write)
}

// names returns people by a list of ids or of folded userNames.
func (s *Service) names(ctx context.Context, q scope, ids []id.ID, keys []string) (map[id.ID]UserRef, map[string]UserRef, error) {
	byID, byName := map[id.ID]UserRef{}, map[string]UserRef{}
	if len(ids) > 0 {
		err := s.each(ctx, func(row scanner) error {
			var ref UserRef
			err := row.Scan(&ref.ID, &ref.UserName, &ref.DisplayName)
			byID[ref.ID] = ref
			return err
		}, selectNamesByID, q.tenant, ids, q.config)
		if err != nil {
			return nil, nil, fmt.Errorf("load names of users: %w", err)
		}
	}
	if len(keys) > 0 {
		err := s.each(ctx, func(row scanner) error {
			var ref UserRef
			var key string
			err := row.Scan(&ref.ID, &ref.UserName, &ref.DisplayName, &key)
			byName[key] = ref
			return err
		}, selectNamesByName, q.tenant, keys, q.config)
		if err != nil {
			return nil, nil, fmt.Errorf("load names of users: %w", err)
		}
	}
	return byID, byName, nil
}

// each reads the rows of a query one by one.
func (s *Service) each(ctx context.Context, read func(scanner) error, query string, args ...any) error {
	rows, err := s.db.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := read(rows); err != nil {
			return err
		}
	}
	return errors.Join(rows.Err(), rows.Close())
}
