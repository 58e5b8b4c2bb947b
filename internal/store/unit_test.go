package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"

	"github.com/usherhq/usher/ent/generated/user"
	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
)

const insertUser = `INSERT INTO users (id, tenant_id, created_at, updated_at, version, user_name, user_name_key, origin, attributes)
	VALUES ($1, $2, $3, $4, 1, $5, $6, 'test', '{}')`

func addUser(ctx context.Context, db *store.DB, name string) store.Stmt {
	who, _ := caller.From(ctx)
	now := db.Now()
	return store.Stmt{
		SQL: insertUser, Args: []any{uuid.Must(uuid.NewV7()), who.Tenant, now, now, name, name}, Rows: 1,
		Unique: map[string]error{"users_user_name": errTaken},
	}
}

var errTaken = errors.New("taken")

func names(ctx context.Context, t *testing.T, db *store.DB) []string {
	t.Helper()
	found, err := db.Reader(ctx).User.Query().Order(user.ByUserName()).Select(user.FieldUserName).Strings(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestDeferredWritesHappenTogether(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := storetest.Tenant(t, db)
		err := store.Do(ctx, db, func(ctx context.Context) error {
			return errors.Join(
				store.Defer(ctx, addUser(ctx, db, "ada")),
				store.Defer(ctx, addUser(ctx, db, "bob")),
				store.AddCount(ctx, "users", 2))
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := names(ctx, t, db); len(got) != 2 {
			t.Errorf("users: %v", got)
		}
		if got, err := store.Count(ctx, db, "users"); err != nil || got != 2 {
			t.Errorf("count: %d, %v", got, err)
		}
		err = store.Do(ctx, db, func(ctx context.Context) error {
			return errors.Join(store.Defer(ctx, addUser(ctx, db, "cleo")), store.Defer(ctx, addUser(ctx, db, "ada")), store.AddCount(ctx, "users", 2))
		})
		if !errors.Is(err, errTaken) {
			t.Errorf("second ada: %v", err)
		}
		if got := names(ctx, t, db); len(got) != 2 {
			t.Errorf("users after a failed unit: %v", got)
		}
	})
}
