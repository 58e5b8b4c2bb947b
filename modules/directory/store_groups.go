package directory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

const groupColumns = `g.id, g.display_name, g.external_id, g.scim_config_id, g.version, g.created_at, g.updated_at`

const (
	selectGroup         = `SELECT ` + groupColumns + ` FROM groups g WHERE g.tenant_id = $1 AND g.id = $2`
	selectGroupByName   = `SELECT ` + groupColumns + ` FROM groups g WHERE g.tenant_id = $1 AND g.display_name_key = $2`
	selectSeveralGroups = `SELECT ` + groupColumns + ` FROM groups g WHERE g.tenant_id = $1 AND g.id = ANY($2)`
)

// scanGroup reads groupColumns and whatever columns follow them.
func scanGroup(row scanner, more ...any) (Group, error) {
	var g Group
	var config sql.Null[id.ID]
	into := []any{&g.ID, &g.DisplayName, &g.ExternalID, &config, &g.Version, &g.CreatedAt, &g.UpdatedAt}
	err := row.Scan(append(into, more...)...)
	if config.Valid {
		g.Config = &config.V
	}
	g.CreatedAt, g.UpdatedAt = g.CreatedAt.UTC(), g.UpdatedAt.UTC()
	return g, err
}

func (s *Service) group(ctx context.Context, query string, args ...any) (*Group, error) {
	g, err := scanGroup(s.db.QueryRow(ctx, query, args...))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, ErrGroupNotFound
	case err != nil:
		return nil, fmt.Errorf("load a group: %w", err)
	}
	return &g, nil
}

func (s *Service) groups(ctx context.Context, query string, args ...any) ([]Group, error) {
	var found []Group
	err := s.each(ctx, func(row scanner) error {
		g, err := scanGroup(row)
		found = append(found, g)
		return err
	}, query, args...)
	if err != nil {
		return nil, fmt.Errorf("load groups: %w", err)
	}
	return found, nil
}

const insertGroupRow = `INSERT INTO groups (tenant_id, id, created_at, updated_at, version, display_name, display_name_key, external_id,
	scim_config_id) VALUES ($1, $2, $3, $3, 1, $4, $5, $6, $7)`

func insertGroup(ctx context.Context, q scope, g *Group) error {
	return store.Defer(ctx, store.Stmt{
		SQL:    insertGroupRow,
		Args:   []any{q.tenant, g.ID, g.CreatedAt, g.DisplayName, fold(g.DisplayName), g.ExternalID, configOf(g)},
		Unique: map[string]error{"groups_display_name": ErrGroupNameTaken},
	})
}

func configOf(g *Group) any {
	if g.Config == nil {
		return nil
	}
	return *g.Config
}

// A change of members only does not expect a version: those of several callers add up.
const (
	bumpGroup   = `UPDATE groups SET version = version + 1, updated_at = $3 WHERE tenant_id = $1 AND id = $2`
	updateGroup = `UPDATE groups SET version = version + 1, updated_at = $3, display_name = $5, display_name_key = $6, external_id = $7,
		scim_config_id = $8 WHERE tenant_id = $1 AND id = $2 AND version = $4`
)

func saveGroup(ctx context.Context, q scope, was, now *Group, whole bool) error {
	write := store.Stmt{SQL: bumpGroup, Rows: 1, Args: []any{q.tenant, now.ID, now.UpdatedAt}}
	if whole {
		write.SQL = updateGroup
		write.Args = append(write.Args, was.Version, now.DisplayName, fold(now.DisplayName), now.ExternalID, configOf(now))
		write.Unique = map[string]error{"groups_display_name": ErrGroupNameTaken}
	}
	return store.Defer(ctx, write)
}

const (
	deleteMembersOfGroup = `DELETE FROM memberships WHERE tenant_id = $1 AND group_id = $2 RETURNING member_id`
	deleteParkedOfGroup  = `DELETE FROM parked_members WHERE tenant_id = $1 AND group_id = $2`
	deleteGroupRow       = `DELETE FROM groups WHERE tenant_id = $1 AND id = $2`
)

// deleteGroup deletes a group with everything that refers to it. It returns who was in it and the groups that it was in.
func (s *Service) deleteGroup(ctx context.Context, q scope, of id.ID) (members, parents []id.ID, err error) {
	if members, err = s.idsNow(ctx, deleteMembersOfGroup, q.tenant, of); err != nil {
		return nil, nil, fmt.Errorf("delete the members of a group: %w", err)
	}
	if parents, err = s.idsNow(ctx, deleteMembershipsOf, q.tenant, of); err != nil {
		return nil, nil, fmt.Errorf("delete the memberships of a group: %w", err)
	}
	if err := s.forgetParked(ctx, q, of, true); err != nil {
		return nil, nil, err
	}
	for _, statement := range []string{deleteParkedOfGroup, deleteGroupRow} {
		if _, err := s.db.Exec(ctx, statement, q.tenant, of); err != nil {
			return nil, nil, fmt.Errorf("delete a group: %w", err)
		}
	}
	return members, parents, nil
}
