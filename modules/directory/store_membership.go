package directory

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/google/uuid"

	"github.com/usherhq/usher/internal/id"
)

func parseID(text string) (id.ID, error) { return uuid.Parse(text) }

// CROSS JOIN tells SQLite the order: it would rather walk the tenant. The last row of each group's piece is found first, so that a large group is not read to its end.
const selectMembersOf = `WITH pieces AS MATERIALIZED (
	SELECT w.value AS group_id, COALESCE((
		SELECT b.member_id FROM memberships b WHERE b.tenant_id = $1 AND b.group_id = w.value AND b.member_id > $3
		ORDER BY b.member_id LIMIT 1 OFFSET $4), 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid) AS last
	FROM unnest($2::uuid[]) AS w(value))
	SELECT ms.group_id, ms.member_id, ms.subgroup_id IS NOT NULL, u.user_name, u.display_name, g.display_name, ms.source, ms.source_id, ms.since
	FROM pieces p CROSS JOIN memberships ms
	LEFT JOIN users u ON u.tenant_id = $1 AND u.id = ms.user_id
	LEFT JOIN groups g ON g.tenant_id = $1 AND g.id = ms.subgroup_id
	WHERE ms.tenant_id = $1 AND ms.group_id = p.group_id AND ms.member_id > $3 AND ms.member_id <= p.last
	ORDER BY ms.group_id, ms.member_id`

// membersOf returns the members after one, up to the one that lies beyond the given number.
func (s *Service) membersOf(ctx context.Context, q scope, groups []id.ID, after id.ID, beyond int) (map[id.ID][]Member, error) {
	found := make(map[id.ID][]Member, len(groups))
	err := s.each(ctx, func(row scanner) error {
		var of id.ID
		var m Member
		var userName, userDisplay, groupDisplay sql.NullString
		var by sql.Null[id.ID]
		err := row.Scan(&of, &m.ID, &m.IsGroup, &userName, &userDisplay, &groupDisplay, &m.Source, &by, &m.Since)
		m.Display = UserRef{UserName: userName.String, DisplayName: userDisplay.String}.Display()
		if m.IsGroup {
			m.Display = groupDisplay.String
		}
		if by.Valid {
			m.SourceID = &by.V
		}
		m.Reasons = reasonsOf(m.Source, by.V)
		m.Source = firstSource(m.Source)
		m.Since = m.Since.UTC()
		found[of] = append(found[of], m)
		return err
	}, selectMembersOf, q.tenant, groups, after, beyond)
	if err != nil {
		return nil, fmt.Errorf("load members: %w", err)
	}
	return found, nil
}

const refColumns = `ms.member_id, g.id, g.display_name, ms.source, ms.source_id, ms.since`

const selectGroupsOf = `SELECT ` + refColumns + `
	FROM memberships ms JOIN groups g ON g.tenant_id = ms.tenant_id AND g.id = ms.group_id
	WHERE ms.tenant_id = $1 AND ms.member_id = ANY($2) ORDER BY ms.member_id, ms.group_id`

func (s *Service) groupsOf(ctx context.Context, query string, args ...any) (map[id.ID][]GroupRef, error) {
	found := map[id.ID][]GroupRef{}
	err := s.each(ctx, func(row scanner) error {
		var of id.ID
		var g GroupRef
		var by sql.Null[id.ID]
		err := row.Scan(&of, &g.ID, &g.DisplayName, &g.Source, &by, &g.Since)
		if by.Valid {
			g.SourceID = &by.V
		}
		g.Source = firstSource(g.Source)
		g.Since = g.Since.UTC()
		found[of] = append(found[of], g)
		return err
	}, query, args...)
	if err != nil {
		return nil, fmt.Errorf("load groups of members: %w", err)
	}
	return found, nil
}

const selectGroupNamesOf = `SELECT ms.member_id, g.id, g.display_name
	FROM memberships ms JOIN groups g ON g.tenant_id = ms.tenant_id AND g.id = ms.group_id
	WHERE ms.tenant_id = $1 AND ms.member_id = ANY($2) ORDER BY ms.member_id, ms.group_id`

// groupNamesOf keeps one text for a group's name however many people are in the group.
func (s *Service) groupNamesOf(ctx context.Context, q scope, members []id.ID) (map[id.ID][]GroupRef, error) {
	found, names := make(map[id.ID][]GroupRef, len(members)), map[id.ID]string{}
	var of, group id.ID
	var name sql.RawBytes
	into := []any{&of, &group, &name}
	err := s.each(ctx, func(row scanner) error {
		if err := row.Scan(into...); err != nil {
			return err
		}
		shown, known := names[group]
		if !known {
			shown = string(name)
			names[group] = shown
		}
		found[of] = append(found[of], GroupRef{ID: group, DisplayName: shown})
		return nil
	}, selectGroupNamesOf, q.tenant, members)
	if err != nil {
		return nil, fmt.Errorf("load groups of members: %w", err)
	}
	return found, nil
}

const (
	countMembers = `SELECT group_id, count(*) FROM memberships WHERE tenant_id = $1 AND group_id = ANY($2) GROUP BY group_id`
	countParked  = `SELECT group_id, count(*) FROM parked_members WHERE tenant_id = $1 AND group_id = ANY($2) AND substr(value, 1, 1) <> $3 GROUP BY group_id`
	countGroups  = `SELECT member_id, count(*) FROM memberships WHERE tenant_id = $1 AND member_id = ANY($2) GROUP BY member_id`
)

func (s *Service) countBy(ctx context.Context, query string, q scope, of []id.ID, more ...any) (map[id.ID]int64, error) {
	counts := make(map[id.ID]int64, len(of))
	err := s.each(ctx, func(row scanner) error {
		var one id.ID
		var count int64
		err := row.Scan(&one, &count)
		counts[one] = count
		return err
	}, query, append([]any{q.tenant, of}, more...)...)
	if err != nil {
		return nil, fmt.Errorf("count memberships: %w", err)
	}
	return counts, nil
}
