package directory

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

// No index knows whom a configuration holds: the memberships of the tenant are walked. It happens once in the life of one.
const (
	selectSharedBy = `SELECT group_id, member_id, subgroup_id IS NOT NULL, source, source_id FROM memberships
		WHERE tenant_id = $1 AND source LIKE '%+%' AND (source_id = $2 OR source LIKE $3)`
	handOver     = `UPDATE memberships SET source = 'hand', source_id = NULL WHERE tenant_id = $1 AND source = 'scim' AND source_id = $2`
	disownGroups = `UPDATE groups SET scim_config_id = NULL, version = version + 1, updated_at = $3 WHERE tenant_id = $1 AND scim_config_id = $2`
	stopWaiting  = `DELETE FROM parked_members WHERE tenant_id = $1 AND scim_config_id = $2`
)

// allHeldBy returns the members, by group, whom a configuration holds and somebody else does too.
func (s *Service) allHeldBy(ctx context.Context, q scope, config id.ID) (map[id.ID][]restated, error) {
	found := map[id.ID][]restated{}
	err := s.each(ctx, func(row scanner) error {
		var group id.ID
		var m restated
		var source string
		var by sql.Null[id.ID]
		err := row.Scan(&group, &m.of, &m.isGroup, &source, &by)
		m.was = reasonsOf(source, by.V)
		if m.was.heldBy(config) {
			found[group] = append(found[group], m)
		}
		return err
	}, selectSharedBy, q.tenant, config, "%"+config.String()+"%")
	if err != nil {
		return nil, fmt.Errorf("load whom a configuration holds: %w", err)
	}
	return found, nil
}

// disown writes the rest of Forget: what the configuration alone has said.
func (s *Service) disown(ctx context.Context, q scope, config id.ID) error {
	for _, write := range []store.Stmt{
		{SQL: handOver, Args: []any{q.tenant, config}},
		{SQL: disownGroups, Args: []any{q.tenant, config, s.clock()}},
		{SQL: stopWaiting, Args: []any{q.tenant, config}},
	} {
		if err := store.Defer(ctx, write); err != nil {
			return err
		}
	}
	return nil
}
