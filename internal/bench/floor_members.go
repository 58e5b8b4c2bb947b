package main

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/lib/pq"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/storetest"
)

// members adds or takes out many members, blindly, and records their names.
func (f *floor) members(w http.ResponseWriter, r *http.Request) {
	var c crowdChange
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := f.changeMembers(r.Context(), c); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (f *floor) changeMembers(ctx context.Context, c crowdChange) error {
	at := now()
	pairs, names := make([]string, len(c.Members)), make([]string, len(c.Members))
	for i, of := range c.Members {
		names[i], pairs[i] = of.String(), id.New().String()+of.String()
	}
	data, err := json.Marshal(map[string]any{"members": names})
	if err != nil {
		return err
	}
	each, which := "json_each($5~) AS m", "IN (SELECT value FROM json_each($3~))"
	if f.Dialect == storetest.Postgres {
		each, which = "unnest($5~::text[]) AS m(value)", "= ANY((SELECT $3~::uuid[])::uuid[])"
	}
	write := change{`DELETE FROM memberships WHERE tenant_id = $1~ AND group_id = $2~ AND member_id ` + which, []any{c.Tenant, c.Group, f.list(names)}}
	if c.Adds {
		write = change{`INSERT INTO memberships (tenant_id, id, group_id, member_id, user_id, source, source_id, since)
			SELECT ` + f.as("$1~", "uuid") + `, ` + f.as("substr(m.value, 1, 36)", "uuid") + `, ` + f.as("$2~", "uuid") + `, ` + f.as("substr(m.value, 37)", "uuid") + `,
				` + f.as("substr(m.value, 37)", "uuid") + `, 'scim', ` + f.as("$3~", "uuid") + `, ` + f.as("$4~", "timestamptz") + ` FROM ` + each + ` WHERE true
			ON CONFLICT (tenant_id, group_id, member_id) DO NOTHING`, []any{c.Tenant, c.Group, c.Config, at, f.list(pairs)}}
	}
	return f.apply(ctx, []change{
		{`UPDATE groups SET version = version + 1, updated_at = $3~ WHERE tenant_id = $1~ AND id = $2~`, []any{c.Tenant, c.Group, at}},
		write,
		{`INSERT INTO events (tenant_id, id, kind, subject_id, actor_kind, actor_id, actor_name, data, transaction_id, request_id, at)
			VALUES ($1~, $2~, 'group.members_changed', $3~, 'scim', $4~, 'Bench', $5~, $6~, 'r', $7~)`, []any{c.Tenant, id.New(), c.Group, c.Config, string(data), id.New(), at}},
	})
}

// list is an argument of many texts.
func (f *floor) list(texts []string) any {
	if f.Dialect == storetest.Postgres {
		return pq.StringArray(texts)
	}
	return `["` + strings.Join(texts, `","`) + `"]` // ids need no escapes
}

// as tells PostgreSQL the type of an expression.
func (f *floor) as(expression, kind string) string {
	if f.Dialect == storetest.Postgres {
		return expression + "::" + kind
	}
	return expression
}
