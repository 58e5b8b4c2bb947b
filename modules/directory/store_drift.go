package directory

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/usherhq/usher/internal/id"
)

// A member is drift unless the configuration that owns the group is among her reasons, or a hand has adopted her. All members
// of the group are looked at: no index knows the reasons of a few.
const (
	driftingMembers = ` FROM groups g JOIN memberships ms ON ms.tenant_id = g.tenant_id AND ms.group_id = g.id
		WHERE g.tenant_id = $1 AND g.id = ANY($2) AND g.scim_config_id IS NOT NULL
			AND ms.source_id IS DISTINCT FROM g.scim_config_id AND ms.source NOT LIKE '%' || g.scim_config_id::text || '%'
			AND ms.source NOT LIKE '%adopted%'`

	driftingParked = ` FROM groups g JOIN parked_members p ON p.tenant_id = g.tenant_id AND p.group_id = g.id
		WHERE g.tenant_id = $1 AND g.id = ANY($2) AND g.scim_config_id IS NOT NULL`

	// Members and who is parked, each in their order, in the columns of either.
	selectDrift = `WITH members AS (
		SELECT ms.group_id, ms.member_id, ms.subgroup_id, ms.source, ms.source_id, ms.since,
			row_number() OVER (PARTITION BY ms.group_id ORDER BY ms.member_id) AS place` + driftingMembers + ` AND ms.member_id > $3 AND $4),
		parked AS (
		SELECT ` + parkedColumns + `, row_number() OVER (PARTITION BY p.group_id ORDER BY p.value) AS place` + driftingParked + ` AND p.value > $5)
		SELECT 0 AS phase, group_id, place, member_id AS one, subgroup_id IS NOT NULL AS is_group, source AS what, '' AS display, source_id AS config, since
			FROM members WHERE place <= $6
		UNION ALL SELECT 1, group_id, place, id, FALSE, value, display, scim_config_id, since FROM parked WHERE place <= $6
		ORDER BY group_id, phase, place`

	countDrift = `SELECT g.id, count(*)` + driftingMembers + ` GROUP BY g.id
		UNION ALL SELECT g.id, count(*)` + driftingParked + ` GROUP BY g.id`
)

// driftOf returns the drift of some groups from a place on, up to a number for each.
func (s *Service) driftOf(ctx context.Context, q scope, groups []id.ID, after driftPlace, limit int) (map[id.ID][]Drift, error) {
	found := make(map[id.ID][]Drift, len(groups))
	err := s.each(ctx, func(row scanner) error {
		var r driftRow
		var of id.ID
		var place int64
		err := row.Scan(&r.phase, &of, &place, &r.one, &r.isGroup, &r.what, &r.display, &r.config, &r.since)
		if len(found[of]) < limit {
			found[of] = append(found[of], r.drift(of))
		}
		return err
	}, selectDrift, q.tenant, groups, after.member, after.phase == phaseMembers, after.value, limit)
	if err != nil {
		return nil, fmt.Errorf("load drift: %w", err)
	}
	return found, nil
}

// driftRow is a member or somebody parked.
type driftRow struct {
	phase         int
	one           id.ID
	isGroup       bool
	what, display string
	config        sql.Null[id.ID]
	since         time.Time
}

func (r driftRow) drift(group id.ID) Drift {
	if r.phase == phaseMembers {
		d := Drift{Member: r.one, IsGroup: r.isGroup, Value: typed(r.one, r.isGroup), Since: r.since.UTC(), why: reasonsOf(r.what, r.config.V)}
		d.Kind, d.Config = d.why.drift()
		return d
	}
	p := parked{id: r.one, group: group, config: r.config.V, since: r.since.UTC()}.reading(r.what, r.display)
	d := Drift{Kind: DriftParked, Value: p.given, Display: p.display, Config: &p.config, Since: p.since, parked: p}
	if p.keptOut {
		d.Kind, d.Member, d.IsGroup = DriftKeptOut, p.member, p.memberIsGroup
	}
	return d
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
