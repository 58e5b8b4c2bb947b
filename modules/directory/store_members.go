package directory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

// What is known of those whom an edit names comes as one text: for each the id, u or g for a user or a group, h for who is
// hidden, and why she is a member. Each is asked for by an index; a join would let the planner read all of a large group, or of
// the tenant, because a thousand are named.
const (
	factsColumn = `(SELECT string_agg(m.value::text
		|| CASE WHEN (SELECT u.id FROM users u WHERE u.tenant_id = $1 AND u.id = m.value) IS NOT NULL THEN 'u'
			WHEN (SELECT s.id FROM groups s WHERE s.tenant_id = $1 AND s.id = m.value) IS NOT NULL THEN 'g' ELSE '-' END
		|| CASE WHEN (SELECT l.ended_at FROM links l WHERE l.tenant_id = $1 AND l.user_id = m.value AND l.scim_config_id = $4) IS NOT NULL
			THEN 'h' ELSE '-' END
		|| COALESCE((SELECT ms.source || ' ' || COALESCE(ms.source_id::text, '') FROM memberships ms
			WHERE ms.tenant_id = $1 AND ms.group_id = $2 AND ms.member_id = m.value), ''), ';') FROM unnest($3::uuid[]) AS m(value))`

	selectFacts = `SELECT ` + factsColumn

	// The group and all that is known of those whom an edit names, in one look.
	selectGroupWithFacts = `SELECT ` + groupColumns + `,
		EXISTS (SELECT 1 FROM parked_members p WHERE p.tenant_id = $1 AND p.group_id = $2),
		(SELECT count(*) FROM (SELECT 1 FROM memberships b WHERE b.tenant_id = $1 AND b.group_id = $2
			ORDER BY b.member_id LIMIT $5) AS few), ` + factsColumn + `
		FROM groups g WHERE g.tenant_id = $1 AND g.id = $2`
)

// lookAt reads what a change of members depends on.
func (s *Service) lookAt(ctx context.Context, q scope, of id.ID, n net) (*look, error) {
	who, err := s.candidatesOf(ctx, q, n)
	if err != nil {
		return nil, err
	}
	l := &look{who: who, facts: make(map[id.ID]fact, len(who))}
	count := 0 // to tell whether very many go
	if len(n.remove) > 1 && q.provider() {
		count = 2*len(n.remove) + 1
	}
	var facts sql.NullString
	g, err := scanGroup(s.db.QueryRow(ctx, selectGroupWithFacts, q.tenant, of, who.ids(), q.config, count), &l.anyParked, &l.members, &facts)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, ErrGroupNotFound
	case err != nil:
		return nil, fmt.Errorf("load a group: %w", err)
	}
	l.group = &g
	if err := l.learn(facts.String); err != nil {
		return nil, err
	}
	if l.anyParked {
		l.parked, err = s.parkedFor(ctx, q, of, n, l)
	}
	return l, err
}

// lookAtNew is lookAt for a group that is being made.
func (s *Service) lookAtNew(ctx context.Context, q scope, g *Group, n net) (*look, error) {
	who, err := s.candidatesOf(ctx, q, n)
	if err != nil {
		return nil, err
	}
	l := &look{group: g, who: who, facts: make(map[id.ID]fact, len(who))}
	var facts sql.NullString
	if err := s.db.QueryRow(ctx, selectFacts, q.tenant, g.ID, who.ids(), q.config).Scan(&facts); err != nil {
		return nil, fmt.Errorf("look who is to be a member: %w", err)
	}
	return l, l.learn(facts.String)
}

const (
	idLength   = 36
	factLength = idLength + 2 // of who is no member
)

// learn reads facts. Most members of a group are there for the same reasons.
func (l *look) learn(text string) error {
	alike := map[string]reasons{}
	for text != "" {
		var one string
		one, text, _ = strings.Cut(text, ";")
		if len(one) < factLength {
			return fmt.Errorf("a fact about a member is %q", one) //nolint:err113 // a broken invariant
		}
		of, err := parseID(one[:idLength])
		if err != nil {
			return fmt.Errorf("read a fact about a member: %w", err)
		}
		f := fact{isUser: one[idLength] == 'u', isGroup: one[idLength] == 'g', hidden: one[idLength+1] == 'h'}
		if why := one[factLength:]; why != "" {
			known, ok := alike[why]
			if !ok {
				source, by, _ := strings.Cut(why, " ")
				who, _ := parseID(by) // nobody, where there is none
				known = reasonsOf(source, who)
				alike[why] = known
			}
			f.why = known
		}
		l.facts[of] = f
	}
	return nil
}

const (
	selectMembersBeside = `SELECT member_id, subgroup_id IS NOT NULL, source, source_id FROM memberships
		WHERE tenant_id = $1 AND group_id = $2 AND member_id <> ALL($3)`

	// Those whom a configuration holds; its id stands in one of the two columns.
	heldBeside = ` AND (source_id = $4 OR source LIKE $5)`
)

// takeOutBeside decides who goes when some are all whom a whole list names.
func (s *Service) takeOutBeside(ctx context.Context, v voice, of id.ID, those []id.ID, c *memberChange) error {
	query, args := selectMembersBeside, []any{v.tenant, of, those}
	if v.ownOnly() {
		query, args = query+heldBeside, append(args, v.config, "%"+v.config.String()+"%")
	}
	err := s.each(ctx, func(row scanner) error {
		var m leaver
		var source string
		var by sql.Null[id.ID]
		err := row.Scan(&m.of, &m.isGroup, &source, &by)
		m.was = reasonsOf(source, by.V)
		c.settle(v, m, v.afterList(m.was))
		return err
	}, query, args...)
	if err != nil {
		return fmt.Errorf("load who leaves a group: %w", err)
	}
	return nil
}

const selectGroupsOver = `SELECT group_id FROM memberships WHERE tenant_id = $1 AND member_id = $2`

// groupsOver returns the groups that somebody is a direct member of.
func (s *Service) groupsOver(ctx context.Context, q scope, member id.ID) ([]id.ID, error) {
	var found []id.ID
	err := s.each(ctx, func(row scanner) error {
		var one id.ID
		err := row.Scan(&one)
		found = append(found, one)
		return err
	}, selectGroupsOver, q.tenant, member)
	if err != nil {
		return nil, fmt.Errorf("load the groups of a member: %w", err)
	}
	return found, nil
}

const selectReasonsIn = `SELECT group_id, source, source_id FROM memberships WHERE tenant_id = $1 AND member_id = $2 AND group_id = ANY($3)`

// reasonsIn returns why somebody is in the groups that have parked her already, where she is.
func (s *Service) reasonsIn(ctx context.Context, q scope, of id.ID, waiting []parked) (map[id.ID]reasons, error) {
	groups := make([]id.ID, len(waiting))
	for i, p := range waiting {
		groups[i] = p.group
	}
	found := map[id.ID]reasons{}
	err := s.each(ctx, func(row scanner) error {
		var group id.ID
		var source string
		var by sql.Null[id.ID]
		err := row.Scan(&group, &source, &by)
		found[group] = reasonsOf(source, by.V)
		return err
	}, selectReasonsIn, q.tenant, of, groups)
	if err != nil {
		return nil, fmt.Errorf("load memberships: %w", err)
	}
	return found, nil
}

const (
	selectNamed = `SELECT u.id, u.user_name_key FROM users u WHERE u.tenant_id = $1 AND u.user_name_key = ANY($2)`
	selectKnown = `SELECT l.user_id, l.external_id FROM links l
		WHERE l.tenant_id = $1 AND l.scim_config_id = $2 AND l.external_id = ANY($3) AND l.ended_at IS NULL`
	selectKnownGroups = `SELECT g.id, g.external_id FROM groups g
		WHERE g.tenant_id = $1 AND g.scim_config_id = $2 AND g.external_id = ANY($3)`
)

// named looks up people by userName, and people and groups by the configuration's externalId. An externalId that several have
// names nobody.
func (s *Service) named(ctx context.Context, q scope, names []string) (map[string]id.ID, error) {
	found := map[string]id.ID{}
	for _, query := range []string{selectKnownGroups, selectKnown} { // people come before groups, and userNames before both
		these := map[string]id.ID{}
		if err := s.byText(ctx, these, query, q.tenant, q.config, names); err != nil {
			return nil, fmt.Errorf("look up externalIds: %w", err)
		}
		maps.Copy(found, these)
	}
	keys := make([]string, len(names))
	for i, name := range names {
		keys[i] = fold(name)
	}
	byKey := map[string]id.ID{}
	if err := s.byText(ctx, byKey, selectNamed, q.tenant, keys); err != nil {
		return nil, fmt.Errorf("look up userNames: %w", err)
	}
	for i, name := range names {
		if of, ok := byKey[keys[i]]; ok {
			found[name] = of
		}
	}
	return found, nil
}

// byText reads ids by a text. One that comes twice is nobody's.
func (s *Service) byText(ctx context.Context, into map[string]id.ID, query string, args ...any) error {
	return s.each(ctx, func(row scanner) error {
		var of id.ID
		var text string
		err := row.Scan(&of, &text)
		if _, twice := into[text]; twice {
			of = id.Nil
		}
		into[text] = of
		return err
	}, query, args...)
}

// lockGroups keeps some groups, and who is in them, as they are until the unit ends, in an order that all keep to. Groups are
// locked before people.
func (s *Service) lockGroups(ctx context.Context, q scope, groups []id.ID) error {
	return s.lockGroupsFor(ctx, q, groups, `SELECT id FROM groups WHERE tenant_id = $1 AND id = ANY($2) ORDER BY id FOR NO KEY UPDATE`)
}

// lockGroupsToDelete is lockGroups, and nobody else can refer to them besides.
func (s *Service) lockGroupsToDelete(ctx context.Context, q scope, groups []id.ID) error {
	return s.lockGroupsFor(ctx, q, groups, `SELECT id FROM groups WHERE tenant_id = $1 AND id = ANY($2) ORDER BY id FOR UPDATE`)
}

func (s *Service) lockGroupsFor(ctx context.Context, q scope, groups []id.ID, statement string) error {
	if !s.db.Postgres() || len(groups) == 0 {
		return nil // the only writer is alone
	}
	if _, err := s.idsNow(ctx, statement, q.tenant, groups); err != nil {
		return fmt.Errorf("lock groups: %w", err)
	}
	return nil
}

// The order is the index's.
const countSomeMembers = `SELECT count(*) FROM (SELECT 1 FROM memberships WHERE tenant_id = $1 AND group_id = $2 ORDER BY member_id LIMIT $3) AS few`

// someMembers counts the members of a group, no further than to a limit.
func (s *Service) someMembers(ctx context.Context, q scope, group id.ID, limit int) (n int, err error) {
	if err := s.db.QueryRow(ctx, countSomeMembers, q.tenant, group, limit).Scan(&n); err != nil {
		return 0, fmt.Errorf("count some members: %w", err)
	}
	return n, nil
}

const deleteMemberRows = `DELETE FROM memberships WHERE tenant_id = $1 AND group_id = $2 AND member_id = ANY((SELECT $3::uuid[])::uuid[])`

func deleteMembers(ctx context.Context, q scope, group id.ID, gone []id.ID) error {
	if len(gone) == 0 {
		return nil
	}
	return store.Defer(ctx, store.Stmt{SQL: deleteMemberRows, Rows: len(gone), Args: []any{q.tenant, group, gone}})
}

// Each value is the id of the membership to make and the id of the member, one behind the other. That all of them come is
// counted, and that they are there is the foreign key's to say.
const (
	memberPairs = `, $3, $4::uuid, $5::timestamptz FROM unnest($6::text[]) AS m(value) WHERE true
		ON CONFLICT (tenant_id, group_id, member_id) DO NOTHING`
	insertUserMembers = `INSERT INTO memberships (tenant_id, id, group_id, member_id, user_id, source, source_id, since)
		SELECT $1::uuid, substr(m.value, 1, 36)::uuid, $2::uuid, substr(m.value, 37)::uuid, substr(m.value, 37)::uuid` + memberPairs
	insertGroupMembers = `INSERT INTO memberships (tenant_id, id, group_id, member_id, subgroup_id, source, source_id, since)
		SELECT $1::uuid, substr(m.value, 1, 36)::uuid, $2::uuid, substr(m.value, 37)::uuid, substr(m.value, 37)::uuid` + memberPairs
)

// alike are members who come for the same reasons.
type alike struct {
	isGroup bool
	source  string
	by      any
}

func insertMembers(ctx context.Context, q scope, g *Group, come []comer) error {
	var order []alike
	pairs := map[alike][]string{}
	for _, one := range come {
		source, by := one.why.columns()
		like := alike{isGroup: one.isGroup, source: source, by: by}
		if pairs[like] == nil {
			order = append(order, like)
		}
		pairs[like] = append(pairs[like], id.New().String()+one.of.String())
	}
	for _, like := range order {
		statement := insertUserMembers
		if like.isGroup {
			statement = insertGroupMembers
		}
		err := store.Defer(ctx, store.Stmt{
			SQL: statement, Rows: len(pairs[like]), Refers: true,
			Args: []any{q.tenant, g.ID, like.source, like.by, g.UpdatedAt, pairs[like]},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

const restateRows = `UPDATE memberships SET source = $4, source_id = $5
	WHERE tenant_id = $1 AND group_id = $2 AND member_id = ANY((SELECT $3::uuid[])::uuid[]) AND source = $6`

// restateMembers writes why some stay, from now on. All who change in the same way are one statement.
func restateMembers(ctx context.Context, q scope, group id.ID, all []restated) error {
	type turn struct {
		was, now string
		by       any
	}
	var order []turn
	members := map[turn][]id.ID{}
	for _, one := range all {
		was, _ := one.was.columns()
		now, by := one.now.columns()
		same := turn{was: was, now: now, by: by}
		if members[same] == nil {
			order = append(order, same)
		}
		members[same] = append(members[same], one.of)
	}
	for _, same := range order {
		err := store.Defer(ctx, store.Stmt{
			SQL: restateRows, Rows: len(members[same]), Args: []any{q.tenant, group, members[same], same.now, same.by, same.was},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// bumpGroupNow counts a change of members, of a group that is locked.
func bumpGroupNow(ctx context.Context, q scope, group id.ID, now time.Time) error {
	return store.Defer(ctx, store.Stmt{SQL: bumpGroup, Rows: 1, Args: []any{q.tenant, group, now}})
}
