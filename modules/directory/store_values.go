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

	newValuesPostgres = insertValues + `v.attr, v.ord, v.lead, v."key", v.rest
		FROM jsonb_to_recordset($3::jsonb) AS v(attr integer, ord integer, lead boolean, "key" text, rest text)`
	newValuesSQLite = insertValues + `v.value ->> 'attr', v.value ->> 'ord', v.value ->> 'lead', v.value ->> 'key', v.value ->> 'rest'
		FROM json_each($3) v WHERE true`
	writeValuesPostgres = newValuesPostgres + overValues
	writeValuesSQLite   = newValuesSQLite + overValues

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
	if err := deferValues(ctx, q, of, write, written); err != nil {
		return err
	}
	return deferValues(ctx, q, of, drop, gone)
}

// addValues writes the rows of somebody who has none: the database need not look for them first.
func (s *Service) addValues(ctx context.Context, q scope, of id.ID, all []value) error {
	if s.db.Postgres() {
		return deferValues(ctx, q, of, newValuesPostgres, all)
	}
	return deferValues(ctx, q, of, newValuesSQLite, all)
}

func deferValues(ctx context.Context, q scope, of id.ID, statement string, rows []value) error {
	if len(rows) == 0 {
		return nil
	}
	text, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("write the values of a user: %w", err)
	}
	return store.Defer(ctx, store.Stmt{SQL: statement, Args: []any{q.tenant, of, string(text)}})
}
