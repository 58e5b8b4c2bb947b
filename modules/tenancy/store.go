package tenancy

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/internal/store"
)

const cursorKind = "tenant"

const columns = `id, name, slug, plan, time_zone, version, created_at, updated_at`

func insert(ctx context.Context, t Tenant) error {
	return store.Defer(ctx, store.Stmt{
		SQL:    `INSERT INTO tenants (id, name, slug, plan, time_zone, settings, version, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, '{}', 1, $6, $7)`,
		Args:   []any{t.ID, t.Name, t.Slug, string(t.Plan), t.TimeZone, t.CreatedAt, t.UpdatedAt},
		Unique: map[string]error{"tenants_slug": ErrSlugTaken},
	})
}

func update(ctx context.Context, t Tenant) error {
	return store.Defer(ctx, store.Stmt{
		SQL:  `UPDATE tenants SET name = $3, plan = $4, time_zone = $5, version = $6, updated_at = $7 WHERE id = $1 AND version = $2`,
		Args: []any{t.ID, t.Version - 1, t.Name, string(t.Plan), t.TimeZone, t.Version, t.UpdatedAt},
		Rows: 1,
	})
}

func (s *Service) load(ctx context.Context, column string, value any) (Tenant, error) {
	query := map[string]string{
		"id":   `SELECT ` + columns + ` FROM tenants WHERE id = $1`,
		"slug": `SELECT ` + columns + ` FROM tenants WHERE slug = $1`,
	}[column]
	if column == "id" && store.Locking(ctx) {
		query += " FOR UPDATE"
	}
	t, err := scan(s.db.QueryRow(ctx, query, value))
	if errors.Is(err, sql.ErrNoRows) {
		return Tenant{}, ErrNotFound
	}
	if err != nil {
		return Tenant{}, fmt.Errorf("load tenant by %s: %w", column, err)
	}
	return t, nil
}

func scan(row interface{ Scan(into ...any) error }) (Tenant, error) {
	var t Tenant
	err := row.Scan(&t.ID, &t.Name, &t.Slug, &t.Plan, &t.TimeZone, &t.Version, &t.CreatedAt, &t.UpdatedAt)
	t.CreatedAt, t.UpdatedAt = t.CreatedAt.UTC(), t.UpdatedAt.UTC()
	return t, err
}

func (s *Service) list(ctx context.Context, args page.Args) (page.Page[Tenant], error) {
	none := page.Page[Tenant]{}
	count, backward, err := args.Limit()
	if err != nil {
		return none, err
	}
	from := ""
	if cursor := args.Cursor(); cursor != "" {
		key, err := page.Decode(cursorKind, cursor, 1)
		if err != nil {
			return none, err
		}
		from = key[0]
	}
	query := `SELECT ` + columns + ` FROM tenants WHERE slug > $1 ORDER BY slug LIMIT $2`
	if backward {
		query = `SELECT ` + columns + ` FROM tenants WHERE slug < $1 OR $1 = '' ORDER BY slug DESC LIMIT $2`
	}
	rows, err := s.db.Query(ctx, query, from, count+1)
	if err != nil {
		return none, fmt.Errorf("list tenants: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var found []Tenant
	for rows.Next() {
		t, err := scan(rows)
		if err != nil {
			return none, fmt.Errorf("list tenants: %w", err)
		}
		found = append(found, t)
	}
	if err := rows.Err(); err != nil {
		return none, fmt.Errorf("list tenants: %w", err)
	}
	var total int64
	if err := s.db.QueryRow(ctx, `SELECT count(id) FROM tenants`).Scan(&total); err != nil {
		return none, fmt.Errorf("count tenants: %w", err)
	}
	return page.Cut(slices.Clip(found), args, total)
}
