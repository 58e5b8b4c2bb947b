package tenancy

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/internal/store"
)

const cursorKind, bySlug = "tenant", "slug"

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
		bySlug: `SELECT ` + columns + ` FROM tenants WHERE slug = $1`,
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

// fits is met by tenants that a filter takes. Databases know case in ASCII alone: a name is found as it is written, too.
const fits = ` FROM tenants WHERE ($1 = '' OR plan = $1) AND ($2 = '' OR slug LIKE $2 ESCAPE '\' OR lower(name) LIKE $2 ESCAPE '\' OR name LIKE $3 ESCAPE '\')`

func (f Filter) values() []any {
	if f.Search == "" {
		return []any{string(f.Plan), "", ""}
	}
	return []any{string(f.Plan), beginning(strings.ToLower(f.Search)), beginning(f.Search)}
}

// beginning makes a pattern of what a text is to begin with.
func beginning(text string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text) + "%"
}

func (s *Service) list(ctx context.Context, args page.Args, f Filter, order Order) (page.Page[Tenant], error) {
	none := page.Page[Tenant]{}
	count, downwards, err := args.Toward(order.Way)
	if err != nil {
		return none, err
	}
	column, from := bySlug, any("")
	if order.ByAge {
		column, from = "id", store.Beginning(downwards)
	}
	cursor := args.Cursor()
	if cursor != "" {
		if from, err = tenantAt(cursor, order); err != nil {
			return none, err
		}
	}
	query := store.BothWays(`SELECT ` + columns + fits + ` AND ($5 OR ` + column + ` {beyond} $4) ORDER BY ` + column + ` {order} LIMIT $6`)
	rows, err := s.db.Query(ctx, query.Query(downwards), append(f.values(), from, cursor == "", count+1)...)
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
	return page.Cut(slices.Clip(found), args, 0)
}

// tenantAt reads the key of the tenant that a page starts behind.
func tenantAt(cursor string, order Order) (any, error) {
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

func (s *Service) count(ctx context.Context, f Filter) (total int64, err error) {
	if err := s.db.QueryRow(ctx, `SELECT count(id)`+fits, f.values()...).Scan(&total); err != nil {
		return 0, fmt.Errorf("count tenants: %w", err)
	}
	return total, nil
}
