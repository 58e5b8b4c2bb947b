package directory

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

// Rows of values travel as one argument, a list in JSON, which the two databases read differently.
const (
	insertValues = `INSERT INTO user_values (tenant_id, user_id, attr, ord, lead, "key", rest) SELECT $1::uuid, $2::uuid, `
	overValues   = ` ON CONFLICT (tenant_id, user_id, attr, ord) DO UPDATE SET lead = excluded.lead, "key" = excluded."key", rest = excluded.rest`

	writeValuesPostgres = insertValues + `v.attr, v.ord, v.lead, v."key", v.rest
		FROM jsonb_to_recordset($3::jsonb) AS v(attr integer, ord integer, lead boolean, "key" text, rest text)` + overValues
	writeValuesSQLite = insertValues + `v.value ->> 'attr', v.value ->> 'ord', v.value ->> 'lead', v.value ->> 'key', v.value ->> 'rest'
		FROM json_each($3) v WHERE true` + overValues

	dropValuesPostgres = `DELETE FROM user_values WHERE tenant_id = $1 AND user_id = $2
		AND (attr, ord) IN (SELECT v.attr, v.ord FROM jsonb_to_recordset($3::jsonb) AS v(attr integer, ord integer))`
	dropValuesSQLite = `DELETE FROM user_values WHERE tenant_id = $1 AND user_id = $2
		AND (attr, ord) IN (SELECT v.value ->> 'attr', v.value ->> 'ord' FROM json_each($3) v)`

	dropAllValues = `DELETE FROM user_values WHERE tenant_id = $1 AND user_id = $2`
	dropOwnValues = `DELETE FROM user_values WHERE tenant_id = $1 AND user_id = $2 AND (attr IN (1, 2) OR attr >= 10000)` // see fields.go
)

// saveValues brings a person's rows from what they were to what they are to be; only those that differ are touched.
func (s *Service) saveValues(ctx context.Context, q scope, of id.ID, was, now []value) error {
	write, drop := writeValuesSQLite, dropValuesSQLite
	if s.db.Postgres() {
		write, drop = writeValuesPostgres, dropValuesPostgres
	}
	written, gone := changedValues(was, now)
	for _, part := range []struct {
		statement string
		rows      []value
	}{{write, written}, {drop, gone}} {
		if len(part.rows) == 0 {
			continue
		}
		text, err := json.Marshal(part.rows)
		if err != nil {
			return fmt.Errorf("write the values of a user: %w", err)
		}
		if err := store.Defer(ctx, store.Stmt{SQL: part.statement, Args: []any{q.tenant, of, string(text)}}); err != nil {
			return err
		}
	}
	return nil
}
