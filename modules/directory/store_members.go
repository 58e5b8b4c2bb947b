package directory

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

const (
	factColumns = `m.value, u.id IS NOT NULL, s.id IS NOT NULL, ms.source`
	factJoins   = `
		LEFT JOIN users u ON u.tenant_id = $1 AND u.id = m.value
		LEFT JOIN groups s ON s.tenant_id = $1 AND s.id = m.value
		LEFT JOIN memberships ms ON ms.tenant_id = $1 AND ms.group_id = $2 AND ms.member_id = m.value`

	selectFacts = `SELECT ` + factColumns + ` FROM unnest($3::uuid[]) AS m(value)` + factJoins

	// The group and all that is known of those whom an edit names, in one look: as many rows as names, and one without any.
	selectGroupWithFacts = `SELECT ` + groupColumns + `,
		EXISTS (SELECT 1 FROM parked_members p WHERE p.tenant_id = $1 AND p.group_id = $2), ` + factColumns + `
		FROM groups g LEFT JOIN unnest($3::uuid[]) AS m(value) ON true` + factJoins + `
		WHERE g.tenant_id = $1 AND g.id = $2`
)

// groupForChange loads a group and decides what the edits change about its members.
func (s *Service) groupForChange(ctx context.Context, q scope, of id.ID, n net, strict bool) (*Group, memberChange, error) {
	var none memberChange
	if n.empty() {
		g, err := s.group(ctx, selectGroup, q.tenant, of)
		return g, none, err
	}
	who, err := s.candidatesOf(ctx, q, n)
	if err != nil {
		return nil, none, err
	}
	g, facts, hasParked, err := s.groupWithFacts(ctx, q, of, who.ids())
	if err != nil {
		return nil, none, err
	}
	c, unknown, err := n.decide(who, facts, strict || !q.provider())
	if err != nil {
		return nil, none, err
	}
	if n.reset {
		if err := s.emptyBut(ctx, q, of, n.staying(who, facts), &c); err != nil {
			return nil, none, err
		}
	}
	var there []parked
	if hasParked {
		if there, err = s.parkedIn(ctx, q, of); err != nil {
			return nil, none, err
		}
	}
	n.settleParked(&c, there, unknown)
	return g, c, nil
}

// staying lists who is named by a new whole list and is there already.
func (n net) staying(who candidates, facts map[id.ID]fact) []id.ID {
	var ids []id.ID
	for _, m := range n.add {
		if of, ok := who[m.Value]; ok && facts[of].member && fits(m.Value, facts[of]) {
			ids = append(ids, of)
		}
	}
	return ids
}

// membersOfNew decides who the members of a group are that is being made.
func (s *Service) membersOfNew(ctx context.Context, q scope, g *Group, n net, strict bool) (memberChange, error) {
	if n.empty() {
		return memberChange{}, nil
	}
	who, err := s.candidatesOf(ctx, q, n)
	if err != nil {
		return memberChange{}, err
	}
	facts := map[id.ID]fact{}
	err = s.each(ctx, func(row scanner) error { return scanFact(row, facts) }, selectFacts, q.tenant, g.ID, who.ids())
	if err != nil {
		return memberChange{}, fmt.Errorf("look who is to be a member: %w", err)
	}
	c, unknown, err := n.decide(who, facts, strict || !q.provider())
	c.park = unknown
	return c, err
}

func scanFact(row scanner, into map[id.ID]fact, before ...any) error {
	var of sql.Null[id.ID]
	var f fact
	var source sql.NullString
	if err := row.Scan(append(before, &of, &f.isUser, &f.isGroup, &source)...); err != nil {
		return err
	}
	f.member, f.source = source.Valid, source.String
	if of.Valid {
		into[of.V] = f
	}
	return nil
}

func (s *Service) groupWithFacts(ctx context.Context, q scope, of id.ID, who []id.ID) (*Group, map[id.ID]fact, bool, error) {
	var found *Group
	hasParked := false
	facts := make(map[id.ID]fact, len(who))
	err := s.each(ctx, func(row scanner) error {
		return scanFact(scanning(func(more ...any) error {
			g, err := scanGroup(row, more...)
			found = &g
			return err
		}), facts, &hasParked)
	}, selectGroupWithFacts, q.tenant, of, who)
	switch {
	case err != nil:
		return nil, nil, false, fmt.Errorf("load a group: %w", err)
	case found == nil:
		return nil, nil, false, ErrGroupNotFound
	}
	return found, facts, hasParked, nil
}

// scanning is a scanner that a func is.
type scanning func(into ...any) error

func (s scanning) Scan(into ...any) error { return s(into...) }

const selectMembersBeside = `SELECT member_id, subgroup_id IS NOT NULL, source FROM memberships
	WHERE tenant_id = $1 AND group_id = $2 AND member_id <> ALL($3) ORDER BY member_id`

// emptyBut finds out who leaves when some are to be all that stay.
func (s *Service) emptyBut(ctx context.Context, q scope, of id.ID, those []id.ID, c *memberChange) error {
	err := s.each(ctx, func(row scanner) error {
		var one id.ID
		f := fact{member: true}
		err := row.Scan(&one, &f.isGroup, &f.source)
		c.leave(one, f)
		return err
	}, selectMembersBeside, q.tenant, of, those)
	if err != nil {
		return fmt.Errorf("load who leaves a group: %w", err)
	}
	return nil
}

const (
	selectNamed = `SELECT u.id, u.user_name_key FROM users u WHERE u.tenant_id = $1 AND u.user_name_key = ANY($2)`
	selectKnown = `SELECT l.user_id, l.external_id FROM links l
		WHERE l.tenant_id = $1 AND l.scim_config_id = $2 AND l.external_id = ANY($3) AND l.ended_at IS NULL`
)

// named looks up people by userName or by the configuration's externalId. An externalId that several have names nobody.
func (s *Service) named(ctx context.Context, q scope, names []string) (map[string]id.ID, error) {
	found := map[string]id.ID{}
	err := s.each(ctx, func(row scanner) error {
		var of id.ID
		var external string
		err := row.Scan(&of, &external)
		if _, twice := found[external]; twice {
			of = id.Nil
		}
		found[external] = of
		return err
	}, selectKnown, q.tenant, q.config, names)
	if err != nil {
		return nil, fmt.Errorf("look up externalIds: %w", err)
	}
	keys := make([]string, len(names))
	for i, name := range names {
		keys[i] = fold(name)
	}
	byKey := map[string]id.ID{}
	err = s.each(ctx, func(row scanner) error {
		var of id.ID
		var key string
		err := row.Scan(&of, &key)
		byKey[key] = of
		return err
	}, selectNamed, q.tenant, keys)
	if err != nil {
		return nil, fmt.Errorf("look up userNames: %w", err)
	}
	for i, name := range names {
		if of, ok := byKey[keys[i]]; ok {
			found[name] = of
		}
	}
	return found, nil
}

const deleteMemberRows = `DELETE FROM memberships WHERE tenant_id = $1 AND group_id = $2 AND member_id = ANY($3)`

func (s *Service) deleteMembers(ctx context.Context, q scope, group id.ID, gone []id.ID) error {
	if len(gone) == 0 {
		return nil
	}
	return store.Defer(ctx, store.Stmt{SQL: deleteMemberRows, Rows: len(gone), Args: []any{q.tenant, group, gone}})
}

// Each value is the id of the membership to make and the id of the member, one behind the other. The lock lets somebody who
// is being deleted at this moment count as gone, not as an error.
const (
	insertUserMembers = `INSERT INTO memberships (tenant_id, id, group_id, member_id, user_id, source, source_id, since)
		SELECT $1::uuid, substr(m.value, 1, 36)::uuid, $2::uuid, u.id, u.id, $3, $4::uuid, $5::timestamptz
		FROM unnest($6::text[]) AS m(value) CROSS JOIN users u WHERE u.tenant_id = $1 AND u.id = substr(m.value, 37)::uuid`
	insertGroupMembers = `INSERT INTO memberships (tenant_id, id, group_id, member_id, subgroup_id, source, source_id, since)
		SELECT $1::uuid, substr(m.value, 1, 36)::uuid, $2::uuid, u.id, u.id, $3, $4::uuid, $5::timestamptz
		FROM unnest($6::text[]) AS m(value) CROSS JOIN groups u WHERE u.tenant_id = $1 AND u.id = substr(m.value, 37)::uuid`
	lockMembers   = ` FOR KEY SHARE OF u`
	unlessMembers = ` ON CONFLICT (tenant_id, group_id, member_id) DO NOTHING`
)

func (s *Service) insertMembers(ctx context.Context, q scope, g *Group, c memberChange) error {
	lock := ""
	if s.db.Postgres() {
		lock = lockMembers
	}
	source, by := SourceHand, any(nil)
	if q.provider() {
		source = SourceSCIM
	}
	if q.who != id.Nil {
		by = q.who
	}
	for _, part := range []struct {
		statement string
		come      []id.ID
	}{{insertUserMembers, c.users}, {insertGroupMembers, c.groups}} {
		if len(part.come) == 0 {
			continue
		}
		pairs := make([]string, len(part.come))
		for i, of := range part.come {
			pairs[i] = id.New().String() + of.String()
		}
		err := store.Defer(ctx, store.Stmt{
			SQL: part.statement + lock + unlessMembers, Rows: len(pairs),
			Args: []any{q.tenant, g.ID, source, by, g.UpdatedAt, pairs},
		})
		if err != nil {
			return err
		}
	}
	return nil
}
