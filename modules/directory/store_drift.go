package directory

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/usherhq/usher/internal/id"
)

// A member is drift unless the configuration that owns the group is among her reasons, or a hand has adopted her. All members
// of the group are looked at: no index knows the reasons of a few.
const (
	driftingMembers = ` FROM groups g JOIN memberships ms ON ms.tenant_id = g.tenant_id AND ms.group_id = g.id
		WHERE g.tenant_id = $1 AND g.id = ANY($2) AND g.scim_config_id IS NOT NULL
			AND ms.source_id IS DISTINCT FROM g.scim_config_id AND ms.source NOT LIKE '%' || g.scim_config_id::text || '%'
			AND ms.source NOT LIKE '%adopted%'`

	selectDriftingMembers = `WITH found AS (
		SELECT ms.group_id, ms.member_id, ms.subgroup_id, ms.source, ms.source_id, ms.since,
			row_number() OVER (PARTITION BY ms.group_id ORDER BY ms.member_id) AS place` + driftingMembers + ` AND ms.member_id > $3)
		SELECT group_id, member_id, subgroup_id IS NOT NULL, source, source_id, since FROM found
		WHERE place <= $4 ORDER BY group_id, member_id`

	driftingParked = ` FROM groups g JOIN parked_members p ON p.tenant_id = g.tenant_id AND p.group_id = g.id
		WHERE g.tenant_id = $1 AND g.id = ANY($2) AND g.scim_config_id IS NOT NULL`

	selectDriftingParked = `WITH found AS (
		SELECT ` + parkedColumns + `, row_number() OVER (PARTITION BY p.group_id ORDER BY p.value) AS place` + driftingParked + ` AND p.value > $3)
		SELECT id, group_id, scim_config_id, value, display, since FROM found WHERE place <= $4 ORDER BY group_id, value`

	countDrift = `SELECT g.id, count(*)` + driftingMembers + ` GROUP BY g.id
		UNION ALL SELECT g.id, count(*)` + driftingParked + ` GROUP BY g.id`
)

// driftOf returns the drift of some groups from a place on, up to a number for each.
func (s *Service) driftOf(ctx context.Context, q scope, groups []id.ID, after driftPlace, limit int) (map[id.ID][]Drift, error) {
	found := make(map[id.ID][]Drift, len(groups))
	if after.phase == phaseMembers {
		err := s.each(ctx, func(row scanner) error {
			var of id.ID
			var d Drift
			var source string
			var by sql.Null[id.ID]
			err := row.Scan(&of, &d.Member, &d.IsGroup, &source, &by, &d.Since)
			d.why, d.Value, d.Since = reasonsOf(source, by.V), typed(d.Member, d.IsGroup), d.Since.UTC()
			d.Kind, d.Config = d.why.drift()
			found[of] = append(found[of], d)
			return err
		}, selectDriftingMembers, q.tenant, groups, after.member, limit)
		if err != nil {
			return nil, fmt.Errorf("load drifting members: %w", err)
		}
	}
	waiting, err := s.readParked(ctx, selectDriftingParked, q.tenant, groups, after.value, limit)
	if err != nil {
		return nil, err
	}
	for _, p := range waiting {
		if len(found[p.group]) >= limit {
			continue
		}
		d := Drift{Kind: DriftParked, Value: p.given, Display: p.display, Config: &p.config, Since: p.since, parked: p}
		if p.keptOut {
			d.Kind, d.Member, d.IsGroup = DriftKeptOut, p.member, p.memberIsGroup
		}
		found[p.group] = append(found[p.group], d)
	}
	return found, nil
}

// drift names the kind that a member is who is not there for the owner.
func (r reasons) drift() (DriftKind, *id.ID) {
	if config, held := r.provider(); held {
		return DriftOtherProvider, &config
	}
	if r.byHand() {
		return DriftByHand, nil
	}
	return DriftByRule, nil
}

func (s *Service) driftCounts(ctx context.Context, q scope, groups []id.ID) (map[id.ID]int64, error) {
	counts := make(map[id.ID]int64, len(groups))
	err := s.each(ctx, func(row scanner) error {
		var of id.ID
		var n int64
		err := row.Scan(&of, &n)
		counts[of] += n
		return err
	}, countDrift, q.tenant, groups)
	if err != nil {
		return nil, fmt.Errorf("count drift: %w", err)
	}
	return counts, nil
}
