package provisioning

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/internal/store"
)

const configCursor = "scim_config"

const configColumns = `id, name, identity_provider, preset, auto_assign, license_id, status, paused_by, version, created_at, updated_at, show_seats, member_mode,
	recognized, recognized_at, auto_assign_priority`

type row interface{ Scan(into ...any) error }

func scanConfig(from row) (Config, error) {
	var c Config
	var license sql.Null[id.ID]
	var recognized Recognition
	var since sql.NullTime
	err := from.Scan(&c.ID, &c.Name, &c.IdentityProvider, &c.Preset, &c.AutoAssign, &license, &c.Status, &c.PausedBy, &c.Version, &c.CreatedAt, &c.UpdatedAt,
		&c.ShowSeats, &c.MemberMode, &recognized.Provider, &since, &c.AutoAssignPriority)
	if recognized.Provider != "" {
		recognized.Since = since.Time.UTC()
		c.Recognized = &recognized
	}
	if license.Valid {
		c.License = &license.V
	}
	c.CreatedAt, c.UpdatedAt = c.CreatedAt.UTC(), c.UpdatedAt.UTC()
	return c, err
}

func keyOf(name string) string { return strings.ToLower(name) }

func (c Config) key() string {
	if c.Status == deleted {
		return c.ID.String() // the name is free again
	}
	return keyOf(c.Name)
}

func tenantOf(ctx context.Context) (id.ID, error) { return caller.Tenant(ctx) }

func licenseOf(c Config) any {
	if c.License == nil {
		return nil
	}
	return *c.License
}

func insertConfig(ctx context.Context, c Config) error {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return err
	}
	return store.Defer(ctx, store.Stmt{
		SQL: `INSERT INTO scim_configs (tenant_id, id, name, name_key, identity_provider, preset, auto_assign, license_id, status, paused_by, created_at, updated_at, version,
				show_seats, member_mode, auto_assign_priority)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', $10, $10, 1, $11, $12, $13)`,
		Args: []any{
			tenant, c.ID, c.Name, c.key(), string(c.IdentityProvider), string(c.Preset), c.AutoAssign, licenseOf(c), string(c.Status), c.CreatedAt, c.ShowSeats,
			string(c.MemberMode), c.AutoAssignPriority,
		},
		Unique: map[string]error{"scim_configs_name": ErrConfigName},
	})
}

func updateConfig(ctx context.Context, c Config) error {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return err
	}
	return store.Defer(ctx, store.Stmt{
		SQL: `UPDATE scim_configs SET name = $3, name_key = $4, identity_provider = $5, preset = $6, auto_assign = $7, license_id = $8, status = $9,
			paused_by = $10, updated_at = $11, version = $12, show_seats = $13, member_mode = $14, auto_assign_priority = $15
			WHERE tenant_id = $1 AND id = $2 AND version = $12 - 1`,
		Args: []any{
			tenant, c.ID, c.Name, c.key(), string(c.IdentityProvider), string(c.Preset), c.AutoAssign, licenseOf(c), string(c.Status), c.PausedBy,
			c.UpdatedAt, c.Version, c.ShowSeats, string(c.MemberMode), c.AutoAssignPriority,
		},
		Rows:   1,
		Unique: map[string]error{"scim_configs_name": ErrConfigName},
	})
}

// saveRecognition is no change of an administrator's: the version stays.
func saveRecognition(ctx context.Context, of id.ID, provider IdentityProvider, at time.Time) error {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return err
	}
	return store.Defer(ctx, store.Stmt{
		SQL:  `UPDATE scim_configs SET recognized = $3, recognized_at = $4 WHERE tenant_id = $1 AND id = $2`,
		Args: []any{tenant, of, string(provider), at},
		Rows: 1,
	})
}

func (s *Service) load(ctx context.Context, of id.ID) (Config, error) { return s.one(ctx, "id", of) }

// one reads the configuration that has the value in a column of its own.
func (s *Service) one(ctx context.Context, column string, value any) (Config, error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return Config{}, err
	}
	c, err := scanConfig(s.db.QueryRow(ctx, `SELECT `+configColumns+` FROM scim_configs WHERE tenant_id = $1 AND `+column+` = $2 AND status <> 'deleted'`, tenant, value))
	if errors.Is(err, sql.ErrNoRows) {
		return Config{}, ErrConfigNotFound
	}
	if err != nil {
		return Config{}, fmt.Errorf("load SCIM configuration: %w", err)
	}
	return c, nil
}

func (s *Service) several(ctx context.Context, ids []id.ID) (map[id.ID]Config, error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return nil, err
	}
	all, err := many(ctx, s, scanConfig, `SELECT `+configColumns+` FROM scim_configs WHERE tenant_id = $1 AND id = ANY($2)`, tenant, ids)
	if err != nil {
		return nil, fmt.Errorf("load SCIM configurations: %w", err)
	}
	found := make(map[id.ID]Config, len(all))
	for _, c := range all {
		found[c.ID] = c
	}
	return found, nil
}

func (s *Service) allConfigs(ctx context.Context) ([]Config, error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return nil, err
	}
	all, err := many(ctx, s, scanConfig, `SELECT `+configColumns+` FROM scim_configs WHERE tenant_id = $1 AND status <> 'deleted' ORDER BY id`, tenant)
	if err != nil {
		return nil, fmt.Errorf("load SCIM configurations: %w", err)
	}
	return all, nil
}

const liveConfigs = ` FROM scim_configs WHERE tenant_id = $1 AND status <> 'deleted' AND ($2 = '' OR status = $2) AND ($3 = '' OR identity_provider = $3)`

func (s *Service) list(ctx context.Context, args page.Args, f ConfigFilter, order ConfigOrder) (page.Page[Config], error) {
	none := page.Page[Config]{}
	tenant, err := tenantOf(ctx)
	if err != nil {
		return none, err
	}
	count, downwards, err := args.Toward(order.Way)
	if err != nil {
		return none, err
	}
	column, from := "name_key", any("")
	if order.ByAge {
		column, from = "id", store.Beginning(downwards)
	}
	cursor := args.Cursor()
	if cursor != "" {
		if from, err = configAt(cursor, order); err != nil {
			return none, err
		}
	}
	query := store.BothWays(`SELECT ` + configColumns + liveConfigs + ` AND ($5 OR ` + column + ` {beyond} $4) ORDER BY ` + column + ` {order} LIMIT $6`)
	found, err := many(ctx, s, scanConfig, query.Query(downwards), tenant, string(f.Status), string(f.IdentityProvider), from, cursor == "", count+1)
	if err != nil {
		return none, fmt.Errorf("list SCIM configurations: %w", err)
	}
	return page.Cut(found, args, 0)
}

// configAt reads the key of the configuration that a page starts behind.
func configAt(cursor string, order ConfigOrder) (any, error) {
	key, err := page.Decode(order.kind(), cursor, 1)
	if err != nil || !order.ByAge {
		return append(key, "")[0], err
	}
	of, err := uuid.Parse(key[0])
	if err != nil {
		return nil, page.ErrCursor.Because(err)
	}
	return of, nil
}

func (s *Service) countConfigs(ctx context.Context, f ConfigFilter) (total int64, err error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return 0, err
	}
	if err := s.db.QueryRow(ctx, `SELECT count(id)`+liveConfigs, tenant, string(f.Status), string(f.IdentityProvider)).Scan(&total); err != nil {
		return 0, fmt.Errorf("count SCIM configurations: %w", err)
	}
	return total, nil
}

// holds tells whether the configuration has an open link to anybody. The rule of auto-assign says nothing about that.
func (s *Service) holds(ctx context.Context, config id.ID) (bool, error) {
	held, err := s.directory.Held(ctx, config)
	if err != nil {
		return false, fmt.Errorf("look whom a SCIM configuration holds: %w", err)
	}
	return held, nil
}

// many reads all rows of a query.
func many[T any](ctx context.Context, s *Service, scan func(row) (T, error), query string, args ...any) ([]T, error) {
	rows, err := s.db.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var all []T
	for rows.Next() {
		next, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, next)
	}
	return all, rows.Err()
}
