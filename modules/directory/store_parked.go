package directory

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/usherhq/usher/ent/generated/parkedmember"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

const selectWaiting = `SELECT id, group_id, scim_config_id, value FROM parked_members WHERE tenant_id = $1 AND value = ANY($2)`

// waitingFor returns what is parked under some values; it is never nil.
func (s *Service) waitingFor(ctx context.Context, q scope, values []string) ([]parked, error) {
	found := []parked{}
	err := s.each(ctx, func(row scanner) error {
		var p parked
		err := row.Scan(&p.id, &p.group, &p.config, &p.value)
		found = append(found, p)
		return err
	}, selectWaiting, q.tenant, values)
	if err != nil {
		return nil, fmt.Errorf("look who waits for a user: %w", err)
	}
	return found, nil
}

const deleteParkedRows = `DELETE FROM parked_members WHERE tenant_id = $1 AND id = ANY($2)`

func deleteParked(ctx context.Context, q scope, those []parked) error {
	ids := make([]id.ID, len(those))
	for i, p := range those {
		ids[i] = p.id
	}
	return store.Defer(ctx, store.Stmt{SQL: deleteParkedRows, Rows: len(ids), Args: []any{q.tenant, ids}})
}

const insertUnparkedMember = `INSERT INTO memberships (tenant_id, id, group_id, member_id, user_id, source, source_id, since)
	VALUES ($1, $2, $3, $4, $4, 'scim', $5, $6) ON CONFLICT (tenant_id, group_id, member_id) DO NOTHING`

func insertUnparked(ctx context.Context, q scope, p parked, u *User) error {
	return store.Defer(ctx, store.Stmt{SQL: insertUnparkedMember, Args: []any{q.tenant, id.New(), p.group, u.ID, p.config, u.UpdatedAt}})
}

const bumpSeveralGroups = `UPDATE groups SET version = version + 1, updated_at = $3 WHERE tenant_id = $1 AND id = ANY($2)`

func bumpGroups(ctx context.Context, q scope, of []parked, now time.Time) error {
	groups := make([]id.ID, len(of))
	for i, p := range of {
		groups[i] = p.group
	}
	return store.Defer(ctx, store.Stmt{SQL: bumpSeveralGroups, Rows: len(groups), Args: []any{q.tenant, groups, now}})
}

// Each value is an id, the length of what the provider called the member in five digits, that, and how it displays it.
const insertParkedRows = `INSERT INTO parked_members (tenant_id, id, group_id, value, display, scim_config_id, since)
	SELECT $1::uuid, substr(m.value, 1, 36)::uuid, $2::uuid, substr(m.value, 42, substr(m.value, 37, 5)::int),
		substr(m.value, 42 + substr(m.value, 37, 5)::int), $3::uuid, $4::timestamptz
	FROM unnest($5::text[]) AS m(value) WHERE true
	ON CONFLICT (tenant_id, group_id, value) DO NOTHING`

const selectParkedOfGroup = `SELECT id, group_id, scim_config_id, value FROM parked_members WHERE tenant_id = $1 AND group_id = $2`

func insertParked(ctx context.Context, q scope, g *Group, members []MemberRef) error {
	rows := make([]string, len(members))
	for i, m := range members {
		rows[i] = fmt.Sprintf("%s%05d%s%s", id.New(), utf8.RuneCountInString(m.Value), m.Value, text(m.Display))
	}
	return store.Defer(ctx, store.Stmt{SQL: insertParkedRows, Args: []any{q.tenant, g.ID, q.config, g.UpdatedAt, rows}})
}

// text is what the databases keep of any string: no U+0000, no broken UTF-8, no more than a name.
func text(given string) string {
	clean := strings.ReplaceAll(strings.ToValidUTF8(given, ""), "\x00", "")
	if len(clean) > maxName {
		clean = strings.ToValidUTF8(clean[:maxName], "")
	}
	return clean
}

func (s *Service) parkedIn(ctx context.Context, q scope, group id.ID) ([]parked, error) {
	var found []parked
	err := s.each(ctx, func(row scanner) error {
		var p parked
		err := row.Scan(&p.id, &p.group, &p.config, &p.value)
		found = append(found, p)
		return err
	}, selectParkedOfGroup, q.tenant, group)
	if err != nil {
		return nil, fmt.Errorf("load parked members: %w", err)
	}
	return found, nil
}

func (s *Service) parkedOf(ctx context.Context, groups []id.ID) (map[id.ID][]ParkedMember, error) {
	rows, err := s.db.Reader(ctx).ParkedMember.Query().
		Where(parkedmember.GroupIDIn(groups...)).Order(parkedmember.ByGroupID(), parkedmember.ByValue()).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("load parked members: %w", err)
	}
	found := make(map[id.ID][]ParkedMember, len(groups))
	for _, row := range rows {
		found[row.GroupID] = append(found[row.GroupID], ParkedMember{
			Group: row.GroupID, Value: row.Value, Display: row.Display, Config: row.ScimConfigID, Since: row.Since.UTC(),
		})
	}
	return found, nil
}
