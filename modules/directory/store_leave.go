package directory

import (
	"context"
	"database/sql"
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

// placed is a group that somebody is in, and why.
type placed struct {
	group id.ID
	why   reasons
}

const selectHeldIn = `SELECT group_id, source, source_id FROM memberships
	WHERE tenant_id = $1 AND member_id = $2 AND (source_id = $3 OR source LIKE $4) ORDER BY group_id`

// heldIn returns the groups in which the configuration holds somebody.
func (s *Service) heldIn(ctx context.Context, q scope, of id.ID) ([]placed, error) {
	var found []placed
	err := s.each(ctx, func(row scanner) error {
		var p placed
		var source string
		var by sql.Null[id.ID]
		err := row.Scan(&p.group, &source, &by)
		p.why = reasonsOf(source, by.V)
		if p.why.heldBy(q.config) {
			found = append(found, p)
		}
		return err
	}, selectHeldIn, q.tenant, of, q.config, "%"+q.config.String()+"%")
	if err != nil {
		return nil, fmt.Errorf("load memberships: %w", err)
	}
	return found, nil
}

const deleteKeptOut = `DELETE FROM parked_members WHERE tenant_id = $1 AND value = $2 AND scim_config_id = $3`

// forgetKeptOut ends that somebody is kept out of groups in which the configuration lists her.
func (s *Service) forgetKeptOut(ctx context.Context, q scope, user id.ID) error {
	return store.Defer(ctx, store.Stmt{SQL: deleteKeptOut, Args: []any{q.tenant, mark + id.User.Format(user), q.config}})
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

const bumpSeveralGroups = `UPDATE groups SET version = version + 1, updated_at = $3 WHERE tenant_id = $1 AND id = ANY($2)`

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
	if err := s.forgetParked(ctx, q, of, false); err != nil {
		return nil, err
	}
	for _, statement := range []string{dropAllValues, giveAllUniques} {
		if _, err := s.db.Exec(ctx, statement, q.tenant, of); err != nil {
			return nil, fmt.Errorf("delete the values of a user: %w", err)
		}
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
