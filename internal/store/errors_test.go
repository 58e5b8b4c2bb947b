package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
)

// Both databases give the same answer to a text that PostgreSQL cannot keep, wherever it stands.
func TestTextsThatCannotBeKeptAreTheClientsFault(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := storetest.Tenant(t, db)
		for _, text := range []string{"a\x00", "\xff", "a\xed\xa0\x80"} {
			for what, act := range map[string]func(ctx context.Context) error{
				"a read": func(ctx context.Context) error {
					rows, err := db.Query(ctx, `SELECT id FROM users WHERE tenant_id = $1 AND user_name_key = $2`, tenant(ctx), text)
					if err == nil {
						for rows.Next() { // PostgreSQL may say it with the rows
						}
						err = errors.Join(rows.Err(), rows.Close())
					}
					return err
				},
				"a list": func(ctx context.Context) error {
					rows, err := db.Query(ctx, `SELECT id FROM users WHERE tenant_id = $1 AND user_name_key = ANY($2)`, tenant(ctx), []string{"b", text})
					if err == nil {
						for rows.Next() {
						}
						err = errors.Join(rows.Err(), rows.Close())
					}
					return err
				},
				"a write": func(ctx context.Context) error {
					return store.Do(ctx, db, func(ctx context.Context) error {
						_, err := db.Exec(ctx, `UPDATE users SET title = $2 WHERE tenant_id = $1`, tenant(ctx), text)
						return err
					})
				},
				"a deferred write": func(ctx context.Context) error {
					return store.Do(ctx, db, func(ctx context.Context) error { return store.Defer(ctx, addUser(ctx, db, text)) })
				},
			} {
				if err := act(ctx); !errors.Is(err, store.ErrText) {
					t.Errorf("%s of %q: %v", what, text, err)
				}
			}
		}
		expectPeople(ctx, t, db)
	})
}
