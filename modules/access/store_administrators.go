package access

import (
	"context"
	"fmt"
	"strings"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

const administratorColumns = `id, name, email, role, group_ids, version, created_at, updated_at`

func scanAdministrator(from row) (Administrator, error) {
	var a Administrator
	var groups string
	err := from.Scan(&a.ID, &a.Name, &a.Email, &a.Role, &groups, &a.Version, &a.CreatedAt, &a.UpdatedAt)
	if err == nil {
		a.Groups, err = readGroups(groups)
	}
	a.CreatedAt, a.UpdatedAt = a.CreatedAt.UTC(), a.UpdatedAt.UTC()
	return a, err
}

func (s *Service) administrators(ctx context.Context, condition string, args ...any) ([]Administrator, error) {
	tenant, err := caller.Tenant(ctx)
	if err != nil {
		return nil, err
	}
	all, err := many(ctx, s, scanAdministrator, `SELECT `+administratorColumns+` FROM administrators WHERE tenant_id = $1`+condition+` ORDER BY id`,
		append([]any{tenant}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("load administrators: %w", err)
	}
	return all, nil
}

// lockAdministrators locks an administrator and, in the same statement, every full one of the tenant.
func (s *Service) lockAdministrators(ctx context.Context, of id.ID) error {
	return s.lock(ctx, ` AND (id = $2 OR role = 'full')`, of)
}

func (s *Service) lockAdministrator(ctx context.Context, of id.ID) error {
	return s.lock(ctx, ` AND id = $2`, of)
}

func (s *Service) lock(ctx context.Context, condition string, of id.ID) error {
	tenant, err := caller.Tenant(ctx)
	if err != nil {
		return err
	}
	if _, err := s.db.Exec(ctx, `UPDATE administrators SET role = role WHERE tenant_id = $1`+condition, tenant, of); err != nil {
		return fmt.Errorf("lock administrators: %w", err)
	}
	return nil
}

func insertAdministrator(ctx context.Context, a Administrator) error {
	tenant, err := caller.Tenant(ctx)
	if err != nil {
		return err
	}
	groups, err := written(a.Groups)
	if err != nil {
		return err
	}
	return store.Defer(ctx, store.Stmt{
		SQL: `INSERT INTO administrators (tenant_id, id, name, email, email_key, role, version, created_at, updated_at, group_ids)
			VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $7, $8)`,
		Args:   []any{tenant, a.ID, a.Name, a.Email, strings.ToLower(a.Email), string(a.Role), a.CreatedAt, groups},
		Unique: map[string]error{"administrators_email": ErrEmailTaken},
	})
}

func updateAdministrator(ctx context.Context, a Administrator) error {
	tenant, err := caller.Tenant(ctx)
	if err != nil {
		return err
	}
	groups, err := written(a.Groups)
	if err != nil {
		return err
	}
	return store.Defer(ctx, store.Stmt{
		SQL: `UPDATE administrators SET name = $3, email = $4, email_key = $5, role = $6, version = $7, updated_at = $8, group_ids = $9
			WHERE tenant_id = $1 AND id = $2 AND version = $7 - 1`,
		Args: []any{tenant, a.ID, a.Name, a.Email, strings.ToLower(a.Email), string(a.Role), a.Version, a.UpdatedAt, groups}, Rows: 1,
		Unique: map[string]error{"administrators_email": ErrEmailTaken},
	})
}

func deleteAdministrator(ctx context.Context, a Administrator) error {
	tenant, err := caller.Tenant(ctx)
	if err != nil {
		return err
	}
	return store.Defer(ctx, store.Stmt{
		SQL: `DELETE FROM administrators WHERE tenant_id = $1 AND id = $2 AND version = $3`, Args: []any{tenant, a.ID, a.Version}, Rows: 1,
	})
}
