package access

import (
	"context"
	"fmt"
	"strings"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

const administratorColumns = `id, name, email, role, version, created_at, updated_at`

func scanAdministrator(from row) (Administrator, error) {
	var a Administrator
	err := from.Scan(&a.ID, &a.Name, &a.Email, &a.Role, &a.Version, &a.CreatedAt, &a.UpdatedAt)
	a.CreatedAt, a.UpdatedAt = a.CreatedAt.UTC(), a.UpdatedAt.UTC()
	return a, err
}

func (s *Service) administrators(ctx context.Context, condition string, args ...any) ([]Administrator, error) {
	who, err := caller.Must(ctx)
	if err != nil {
		return nil, err
	}
	all, err := many(ctx, s, scanAdministrator, `SELECT `+administratorColumns+` FROM administrators WHERE tenant_id = $1`+condition+` ORDER BY id`,
		append([]any{who.Tenant}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("load administrators: %w", err)
	}
	return all, nil
}

// lockFull locks the full administrators of the tenant and counts them but for one.
func (s *Service) lockFull(ctx context.Context, besides id.ID) (int, error) {
	who, err := caller.Must(ctx)
	if err != nil {
		return 0, err
	}
	if _, err := s.db.Exec(ctx, `UPDATE administrators SET role = role WHERE tenant_id = $1 AND role = 'full'`, who.Tenant); err != nil {
		return 0, fmt.Errorf("lock administrators: %w", err)
	}
	others, err := s.administrators(ctx, ` AND role = 'full' AND id <> $2`, besides)
	return len(others), err
}

func insertAdministrator(ctx context.Context, a Administrator) error {
	who, err := caller.Must(ctx)
	if err != nil {
		return err
	}
	return store.Defer(ctx, store.Stmt{
		SQL: `INSERT INTO administrators (tenant_id, id, name, email, email_key, role, version, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $7)`,
		Args:   []any{who.Tenant, a.ID, a.Name, a.Email, strings.ToLower(a.Email), string(a.Role), a.CreatedAt},
		Unique: map[string]error{"administrators_email": ErrEmailTaken},
	})
}

func updateAdministrator(ctx context.Context, a Administrator) error {
	who, err := caller.Must(ctx)
	if err != nil {
		return err
	}
	return store.Defer(ctx, store.Stmt{
		SQL: `UPDATE administrators SET name = $3, email = $4, email_key = $5, role = $6, version = $7, updated_at = $8
			WHERE tenant_id = $1 AND id = $2 AND version = $7 - 1`,
		Args: []any{who.Tenant, a.ID, a.Name, a.Email, strings.ToLower(a.Email), string(a.Role), a.Version, a.UpdatedAt}, Rows: 1,
		Unique: map[string]error{"administrators_email": ErrEmailTaken},
	})
}

func deleteAdministrator(ctx context.Context, a Administrator) error {
	who, err := caller.Must(ctx)
	if err != nil {
		return err
	}
	return store.Defer(ctx, store.Stmt{
		SQL: `DELETE FROM administrators WHERE tenant_id = $1 AND id = $2 AND version = $3`, Args: []any{who.Tenant, a.ID, a.Version}, Rows: 1,
	})
}
