package storetest

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/uuid"

	"github.com/usherhq/usher/internal/store"
)

// The numbers of fields that a crowd is found by, as modules/directory gives them.
const (
	familyNameNumber = 11
	titleNumber      = 23
	emailNumber      = 100
	emailTypeNumber  = 102
)

// Crowd puts many people into the caller's tenant at once, past every rule and event, for tests of what large tenants cost. The
// i-th is person00001@example.com, with that address at work and a title that 50 others have; every third has no family name.
func Crowd(t testing.TB, ctx context.Context, db *store.DB, tenant uuid.UUID, n int) []uuid.UUID {
	t.Helper()
	// Each value is an id with what goes with it behind.
	const (
		people = `INSERT INTO users (tenant_id, id, created_at, updated_at, version, user_name, user_name_key, active, origin, attributes, indexed)
			SELECT $1::uuid, substr(m.value, 1, 36)::uuid, $2::timestamptz, $2::timestamptz, 1, substr(m.value, 37)::jsonb ->> 'userName',
				substr(m.value, 37)::jsonb ->> 'userName', true, 'scim', substr(m.value, 37), true FROM unnest($3::text[]) AS m(value)`
		values = `INSERT INTO user_values (tenant_id, user_id, attr, ord, lead, "key", rest)
			SELECT $1::uuid, substr(m.value, 1, 36)::uuid, $2::integer, 0, true, substr(m.value, 37), '' FROM unnest($3::text[]) AS m(value)`
	)
	ids, rows, found := make([]uuid.UUID, n), make([]string, n), map[int][]string{}
	for i := range ids {
		ids[i] = uuid.Must(uuid.NewV7())
		own, name, title := ids[i].String(), fmt.Sprintf("person%05d@example.com", i), fmt.Sprintf("title %d", i%max(n/50, 1))
		family := ""
		if i%3 > 0 {
			family = fmt.Sprintf("family %05d", (i*7919)%n)
			found[familyNameNumber] = append(found[familyNameNumber], own+family)
		}
		rows[i] = own + fmt.Sprintf(`{"userName":%q,"name":{"familyName":%q},"title":%q,"emails":[{"value":%q,"type":"work"}]}`, name, family, title, name)
		found[titleNumber] = append(found[titleNumber], own+title)
		found[emailNumber] = append(found[emailNumber], own+name)
		found[emailTypeNumber] = append(found[emailTypeNumber], own+"work")
	}
	err := store.Do(ctx, db, func(ctx context.Context) error {
		if _, err := db.Exec(ctx, people, tenant, db.Now(), rows); err != nil {
			return err
		}
		for number, texts := range found {
			if _, err := db.Exec(ctx, values, tenant, number, texts); err != nil {
				return err
			}
		}
		return store.AddCount(ctx, "users", int64(n))
	})
	if err == nil {
		err = Analyze(ctx, db)
	}
	if err != nil {
		t.Fatalf("make a crowd: %v", err)
	}
	return ids
}

// Analyze has PostgreSQL count the tables of the directory, as it does by itself after a while, so that its plans are those of a
// running installation.
func Analyze(ctx context.Context, db *store.DB) error {
	if !db.Postgres() {
		return nil
	}
	return store.Do(ctx, db, func(ctx context.Context) error {
		_, err := db.Exec(ctx, "ANALYZE users, user_values, links, groups, memberships")
		return err
	})
}
