package directory

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

// piece is the same part of several lists: what lies behind a key, and one row more than it has, which tells whether there are more.
type piece[K any] struct {
	behind     K
	limit      int
	descending bool
}

// CROSS JOIN tells SQLite the order: it would rather walk the tenant. The last row of each list's piece is found first, so that a
// long list is not read to its end.
var (
	memberPieces = store.BothWays(`WITH pieces AS MATERIALIZED (
		SELECT w.value AS group_id, COALESCE((
			SELECT b.member_id FROM memberships b WHERE b.tenant_id = $1 AND b.group_id = w.value AND b.member_id {beyond} $3
			ORDER BY b.member_id {order} LIMIT 1 OFFSET $4), {end}) AS last
		FROM unnest($2::uuid[]) AS w(value))
		SELECT ms.group_id, ms.member_id, ms.subgroup_id IS NOT NULL, ms.source, ms.source_id, ms.since,
			u.user_name, u.manager, u.version, u.created_at, u.updated_at, u.blocked, u.active, u.origin, CASE WHEN $5 THEN u.attributes END,
			g.display_name, g.external_id, g.scim_config_id, g.version, g.created_at, g.updated_at
		FROM pieces p CROSS JOIN memberships ms
		LEFT JOIN users u ON u.tenant_id = $1 AND u.id = ms.user_id
		LEFT JOIN groups g ON g.tenant_id = $1 AND g.id = ms.subgroup_id
		WHERE ms.tenant_id = $1 AND ms.group_id = p.group_id AND ms.member_id {beyond} $3 AND ms.member_id {until} p.last
		ORDER BY ms.group_id, ms.member_id {order}`)

	groupPieces = map[Detail]store.Ways{
		Whole:   groupPiecesWith(`, g.external_id, g.scim_config_id, g.version, g.created_at, g.updated_at, ms.source, ms.source_id, ms.since`),
		Outline: groupPiecesWith(``),
	}

	// Who is kept out is not awaited. A value is never empty.
	parkedPieces = store.BothWays(`WITH pieces AS MATERIALIZED (
		SELECT w.value AS group_id, (
			SELECT b.value FROM parked_members b WHERE b.tenant_id = $1 AND b.group_id = w.value AND substr(b.value, 1, 1) <> $5 AND ($3 = '' OR b.value {beyond} $3)
			ORDER BY b.value {order} LIMIT 1 OFFSET $4) AS last
		FROM unnest($2::uuid[]) AS w(value))
		SELECT pm.group_id, pm.value, pm.display, pm.scim_config_id, pm.since FROM pieces p CROSS JOIN parked_members pm
		WHERE pm.tenant_id = $1 AND pm.group_id = p.group_id AND substr(pm.value, 1, 1) <> $5 AND ($3 = '' OR pm.value {beyond} $3) AND (p.last IS NULL OR pm.value {until} p.last)
		ORDER BY pm.group_id, pm.value {order}`)
)

func groupPiecesWith(columns string) store.Ways {
	return store.BothWays(`WITH pieces AS MATERIALIZED (
		SELECT w.value AS member_id, COALESCE((
			SELECT b.group_id FROM memberships b WHERE b.tenant_id = $1 AND b.member_id = w.value AND b.group_id {beyond} $3
			ORDER BY b.group_id {order} LIMIT 1 OFFSET $4), {end}) AS last
		FROM unnest($2::uuid[]) AS w(value))
		SELECT ms.member_id, g.id, g.display_name` + columns + `
		FROM pieces p CROSS JOIN memberships ms CROSS JOIN groups g
		WHERE ms.tenant_id = $1 AND ms.member_id = p.member_id AND ms.group_id {beyond} $3 AND ms.group_id {until} p.last
			AND g.tenant_id = $1 AND g.id = ms.group_id
		ORDER BY ms.member_id, ms.group_id {order}`)
}

func (s *Service) memberPieces(ctx context.Context, q scope, groups []id.ID, from piece[id.ID], detail Detail) (map[id.ID][]WholeMember, error) {
	found := make(map[id.ID][]WholeMember, len(groups))
	err := s.each(ctx, func(row scanner) error {
		of, m, err := scanMember(q, row)
		found[of] = append(found[of], m)
		return err
	}, memberPieces.Query(from.descending), q.tenant, groups, from.behind, from.limit, detail == Whole)
	if err != nil {
		return nil, fmt.Errorf("load members: %w", err)
	}
	return found, nil
}

// scanMember reads a member with the person or the group that it is.
func scanMember(q scope, row scanner) (of id.ID, m WholeMember, err error) {
	var u struct {
		name, manager, origin, text sql.NullString
		version                     sql.NullInt64
		created, updated            sql.NullTime
		blocked, active             sql.NullBool
	}
	var g struct {
		name, external   sql.NullString
		config           sql.Null[id.ID]
		version          sql.NullInt64
		created, updated sql.NullTime
	}
	var by sql.Null[id.ID]
	if err := row.Scan(&of, &m.ID, &m.IsGroup, &m.Source, &by, &m.Since, &u.name, &u.manager, &u.version, &u.created, &u.updated, &u.blocked,
		&u.active, &u.origin, &u.text, &g.name, &g.external, &g.config, &g.version, &g.created, &g.updated); err != nil {
		return of, m, err
	}
	m.SourceID, m.Since, m.Reasons = optional(by), m.Since.UTC(), reasonsOf(m.Source, by.V)
	m.Source = firstSource(m.Source)
	if m.IsGroup {
		m.Display = g.name.String
		m.Group = &Group{
			ID: m.ID, DisplayName: g.name.String, ExternalID: g.external.String, Config: optional(g.config), Version: g.version.Int64,
			CreatedAt: g.created.Time.UTC(), UpdatedAt: g.updated.Time.UTC(),
		}
		return of, m, nil
	}
	whole := loaded{User: User{
		ID: m.ID, UserName: u.name.String, Active: u.active.Bool, Blocked: u.blocked.Bool, Origin: u.origin.String, Version: u.version.Int64,
		CreatedAt: u.created.Time.UTC(), UpdatedAt: u.updated.Time.UTC(), Enterprise: Enterprise{Manager: u.manager.String},
	}, text: u.text.String}
	if u.text.Valid {
		err = whole.understand(q.own)
	}
	m.User, m.Display = &whole.User, UserRef{UserName: whole.UserName, DisplayName: whole.DisplayName}.Display()
	return of, m, err
}

func optional(of sql.Null[id.ID]) *id.ID {
	if !of.Valid {
		return nil
	}
	return &of.V
}

func (s *Service) groupPieces(ctx context.Context, q scope, members []id.ID, from piece[id.ID], detail Detail) (map[id.ID][]MemberOf, error) {
	found, names := make(map[id.ID][]MemberOf, len(members)), map[id.ID]string{}
	var of id.ID
	var m MemberOf
	var name sql.RawBytes
	var by, config sql.Null[id.ID]
	g := &m.Group
	into := []any{&of, &g.ID, &name}
	if detail == Whole {
		into = append(into, &g.ExternalID, &config, &g.Version, &g.CreatedAt, &g.UpdatedAt, &m.Source, &by, &m.Since)
	}
	err := s.each(ctx, func(row scanner) error {
		if err := row.Scan(into...); err != nil {
			return err
		}
		shown, known := names[g.ID]
		if !known { // one text for a group's name, however many people are in it
			shown = string(name)
			names[g.ID] = shown
		}
		g.DisplayName, m.SourceID, g.Config = shown, optional(by), optional(config)
		if detail == Whole {
			m.Reasons, m.Source = reasonsOf(m.Source, by.V), firstSource(m.Source)
		}
		m.Since, g.CreatedAt, g.UpdatedAt = m.Since.UTC(), g.CreatedAt.UTC(), g.UpdatedAt.UTC()
		found[of] = append(found[of], m)
		return nil
	}, groupPieces[detail].Query(from.descending), q.tenant, members, from.behind, from.limit)
	if err != nil {
		return nil, fmt.Errorf("load groups of members: %w", err)
	}
	return found, nil
}

func (s *Service) parkedPieces(ctx context.Context, q scope, groups []id.ID, from piece[string]) (map[id.ID][]ParkedMember, error) {
	found := make(map[id.ID][]ParkedMember, len(groups))
	err := s.each(ctx, func(row scanner) error {
		var p ParkedMember
		var display string
		err := row.Scan(&p.Group, &p.key, &display, &p.Config, &p.Since)
		read := (parked{}).reading(p.key, display)
		p.Value, p.Display, p.Since = read.given, read.display, p.Since.UTC()
		found[p.Group] = append(found[p.Group], p)
		return err
	}, parkedPieces.Query(from.descending), q.tenant, groups, from.behind, from.limit, mark)
	if err != nil {
		return nil, fmt.Errorf("load parked members: %w", err)
	}
	return found, nil
}
