package directory

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

const (
	parkedColumns = `p.id, p.group_id, p.scim_config_id, p.value, p.display, p.since`

	selectWaiting       = `SELECT ` + parkedColumns + ` FROM parked_members p WHERE p.tenant_id = $1 AND p.value = ANY($2)`
	selectParkedOfGroup = `SELECT ` + parkedColumns + ` FROM parked_members p WHERE p.tenant_id = $1 AND p.group_id = $2`
	selectParkedNamed   = selectParkedOfGroup + ` AND p.value = ANY($3)`
	selectParkedOf      = `SELECT ` + parkedColumns + ` FROM parked_members p
		WHERE p.tenant_id = $1 AND p.group_id = ANY($2) ORDER BY p.group_id, p.value`
)

func (s *Service) readParked(ctx context.Context, query string, args ...any) ([]parked, error) {
	var found []parked
	err := s.each(ctx, func(row scanner) error {
		var p parked
		var value, display string
		err := row.Scan(&p.id, &p.group, &p.config, &value, &display, &p.since)
		p.since = p.since.UTC()
		found = append(found, p.reading(value, display))
		return err
	}, query, args...)
	if err != nil {
		return nil, fmt.Errorf("load parked members: %w", err)
	}
	return found, nil
}

// waitingFor returns what is parked under some values.
func (s *Service) waitingFor(ctx context.Context, q scope, values []string) ([]parked, error) {
	return s.readParked(ctx, selectWaiting, q.tenant, values)
}

// parkedFor returns what a group has parked of those whom an edit may be about.
func (s *Service) parkedFor(ctx context.Context, q scope, group id.ID, n net, l *look) ([]parked, error) {
	if n.reset {
		return s.readParked(ctx, selectParkedOfGroup, q.tenant, group)
	}
	return s.readParked(ctx, selectParkedNamed, q.tenant, group, l.keysOf(n))
}

const deleteParkedRows = `DELETE FROM parked_members WHERE tenant_id = $1 AND id = ANY($2)`

func deleteParked(ctx context.Context, q scope, those []parked) error {
	if len(those) == 0 {
		return nil
	}
	ids := make([]id.ID, len(those))
	for i, p := range those {
		ids[i] = p.id
	}
	return store.Defer(ctx, store.Stmt{SQL: deleteParkedRows, Rows: len(ids), Args: []any{q.tenant, ids}})
}

// Each value is an id, the configuration, the length of the column value in five digits, that, and the column display.
const insertParkedRows = `INSERT INTO parked_members (tenant_id, id, group_id, scim_config_id, value, display, since)
	SELECT $1::uuid, substr(m.value, 1, 36)::uuid, $2::uuid, substr(m.value, 37, 36)::uuid,
		substr(m.value, 78, substr(m.value, 73, 5)::int), substr(m.value, 78 + substr(m.value, 73, 5)::int), $3::timestamptz
	FROM unnest($4::text[]) AS m(value) WHERE true
	ON CONFLICT (tenant_id, group_id, value) DO NOTHING`

func insertParked(ctx context.Context, q scope, g *Group, all []parked) error {
	if len(all) == 0 {
		return nil
	}
	rows := make([]string, len(all))
	for i, p := range all {
		value, display := p.columns()
		rows[i] = fmt.Sprintf("%s%s%05d%s%s", id.New(), p.config, utf8.RuneCountInString(value), value, display)
	}
	return store.Defer(ctx, store.Stmt{SQL: insertParkedRows, Args: []any{q.tenant, g.ID, g.UpdatedAt, rows}, Refers: true})
}

// text is what the databases keep of any string: no U+0000, no broken UTF-8, no more than a name.
func text(given string) string {
	clean := strings.ReplaceAll(strings.ToValidUTF8(given, ""), "\x00", "")
	if len(clean) > maxName {
		clean = strings.ToValidUTF8(clean[:maxName], "")
	}
	return clean
}

// parkedOf returns who is awaited, not who is kept out.
func (s *Service) parkedOf(ctx context.Context, groups []id.ID) (map[id.ID][]ParkedMember, error) {
	q, err := scopeOf(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := s.readParked(ctx, selectParkedOf, q.tenant, groups)
	if err != nil {
		return nil, err
	}
	found := make(map[id.ID][]ParkedMember, len(groups))
	for _, p := range rows {
		if p.keptOut {
			continue
		}
		found[p.group] = append(found[p.group], ParkedMember{
			Group: p.group, Value: p.given, Display: p.display, Config: p.config, Since: p.since,
		})
	}
	return found, nil
}

const deleteParkedAs = `DELETE FROM parked_members WHERE tenant_id = $1 AND value = ANY($2)`

// forgetParked ends what groups keep for somebody who is being deleted.
func (s *Service) forgetParked(ctx context.Context, q scope, of id.ID, isGroup bool) error {
	name := typed(of, isGroup)
	return store.Defer(ctx, store.Stmt{SQL: deleteParkedAs, Args: []any{q.tenant, []string{name, mark + name}}})
}
