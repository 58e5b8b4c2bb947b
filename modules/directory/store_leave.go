package directory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/usherhq/usher/ent/generated/link"
	"github.com/usherhq/usher/ent/generated/user"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

// lockUser keeps others from adding what refers to the person until the unit ends.
func (s *Service) lockUser(ctx context.Context, of id.ID) error {
	if !s.db.Postgres() {
		return nil // the only writer is alone
	}
	_, err := s.db.Ent(ctx).User.Query().Where(user.ID(of)).ForUpdate().IDs(ctx)
	return err
}

const deleteGivenMemberships = `DELETE FROM memberships WHERE tenant_id = $1 AND member_id = $2 AND source = 'scim' AND source_id = $3
	RETURNING group_id`

// deleteMembershipsFrom deletes what the configuration has given to a person and returns the groups.
func (s *Service) deleteMembershipsFrom(ctx context.Context, q scope, of id.ID) ([]id.ID, error) {
	groups, err := s.idsNow(ctx, deleteGivenMemberships, q.tenant, of, q.config)
	if err != nil {
		return nil, fmt.Errorf("delete memberships: %w", err)
	}
	return groups, nil
}

// idsNow runs a statement that writes and returns ids.
func (s *Service) idsNow(ctx context.Context, query string, args ...any) ([]id.ID, error) {
	rows, err := s.db.QueryNow(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var found []id.ID
	for rows.Next() {
		var one id.ID
		if err := rows.Scan(&one); err != nil {
			return nil, err
		}
		found = append(found, one)
	}
	return found, errors.Join(rows.Err(), rows.Close())
}

func (s *Service) touchGroups(ctx context.Context, q scope, groups []id.ID, now time.Time) error {
	if len(groups) == 0 {
		return nil
	}
	return store.Defer(ctx, store.Stmt{SQL: bumpSeveralGroups, Args: []any{q.tenant, groups, now}})
}

const deleteMembershipsOf = `DELETE FROM memberships WHERE tenant_id = $1 AND member_id = $2 RETURNING group_id`

// deleteUser deletes a person with everything of the directory that refers to her, and returns the groups that she was in.
func (s *Service) deleteUser(ctx context.Context, q scope, of id.ID) ([]id.ID, error) {
	groups, err := s.idsNow(ctx, deleteMembershipsOf, q.tenant, of)
	if err != nil {
		return nil, fmt.Errorf("delete memberships: %w", err)
	}
	if _, err := s.db.Exec(ctx, dropAllValues, q.tenant, of); err != nil {
		return nil, fmt.Errorf("delete the values of a user: %w", err)
	}
	tables := s.db.Ent(ctx)
	left, err := tables.Link.Query().Where(link.UserID(of), link.EndedAtNotNil()).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("load ended links: %w", err)
	}
	for _, l := range left {
		if err := store.AddCount(ctx, leftCount(l.ScimConfigID), -1); err != nil {
			return nil, err
		}
	}
	if _, err := tables.Link.Delete().Where(link.UserID(of)).Exec(ctx); err != nil {
		return nil, fmt.Errorf("delete links: %w", err)
	}
	if err := tables.User.DeleteOneID(of).Exec(ctx); err != nil {
		return nil, fmt.Errorf("delete a user: %w", err)
	}
	return groups, nil
}
