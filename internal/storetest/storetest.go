// Package storetest gives tests real databases: migrated, empty, of their own, on SQLite and on PostgreSQL.
//
// PostgreSQL is the server that USHER_TEST_POSTGRES names, or one that the test process starts itself from local binaries, as
// root too, and that ends with it. Where there is none, tests on PostgreSQL are skipped with a loud word; with CI set that is
// a failure.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/store"
)

// The databases of the tests.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// Dialects are all databases that Usher runs on.
var Dialects = []string{SQLite, Postgres}

// Each runs the test on every database, each time with a fresh one, in parallel subtests.
func Each(t *testing.T, test func(t *testing.T, db *store.DB)) {
	t.Helper()
	for _, dialect := range Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			test(t, Open(t, dialect))
		})
	}
}

// Open opens a fresh database: migrated and empty, closed and removed at the end of the test.
func Open(t testing.TB, dialect string, change ...func(*store.Options)) *store.DB {
	t.Helper()
	return open(t, URL(t, dialect), change)
}

// TwoReplicas opens one fresh database twice, as two processes would.
func TwoReplicas(t testing.TB, dialect string, change ...func(*store.Options)) (a, b *store.DB) {
	t.Helper()
	address := URL(t, dialect)
	return open(t, address, change), open(t, address, change)
}

func open(t testing.TB, address string, change []func(*store.Options)) *store.DB {
	t.Helper()
	options := store.Options{URL: address}
	for _, apply := range change {
		apply(&options)
	}
	db, err := store.Open(t.Context(), options)
	if err != nil {
		t.Fatalf("open %s: %v", address, err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close %s: %v", address, err)
		}
	})
	return db
}

// URL returns the address of a fresh database, migrated and empty, for tests that open it themselves or start a process on it.
func URL(t testing.TB, dialect string) string {
	t.Helper()
	if dialect == Postgres {
		return postgresURL(t, func(h *host) string { return h.template })
	}
	file, err := theFile()
	if err != nil {
		t.Fatalf("make a database file: %v", err)
	}
	path := filepath.Join(t.TempDir(), "usher.db")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatalf("make a database file: %v", err)
	}
	return "sqlite:" + path
}

// EmptyURL returns the address of a database without any table.
func EmptyURL(t testing.TB, dialect string) string {
	t.Helper()
	if dialect == Postgres {
		return postgresURL(t, func(*host) string { return "template0" })
	}
	return "sqlite:" + filepath.Join(t.TempDir(), "usher.db")
}

var complain = sync.OnceFunc(func() {
	fmt.Fprintf(os.Stderr, "\n*** NOT TESTED ON POSTGRESQL ***\n%v\n\n", ErrNoPostgres)
})

func postgresURL(t testing.TB, template func(*host) string) string {
	t.Helper()
	h, err := theHost()
	switch {
	case err == nil:
	case os.Getenv("CI") != "":
		t.Fatalf("tests need PostgreSQL here: %v", err)
	case errors.Is(err, ErrNoPostgres):
		complain()
		t.Skip(err)
	default:
		t.Fatalf("find PostgreSQL: %v", err)
	}
	name, drop, err := h.create(t.Context(), template(h))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := drop(); err != nil {
			t.Errorf("drop %s: %v", name, err)
		}
	})
	return h.urlOf(name)
}

// Tenant makes a tenant and returns a context in which one of its administrators acts.
func Tenant(t testing.TB, db *store.DB) context.Context {
	t.Helper()
	tenant := uuid.Must(uuid.NewV7())
	now := db.Now()
	err := store.Do(t.Context(), db, func(ctx context.Context) error {
		return store.Defer(ctx, store.Stmt{
			SQL: `INSERT INTO tenants (id, name, slug, plan, time_zone, settings, created_at, updated_at, version)
				VALUES ($1, $2, $3, 'advanced-plus', 'UTC', '{}', $4, $5, 1)`,
			Args: []any{tenant, "Tenant " + tenant.String(), "tenant-" + tenant.String(), now, now},
		})
	})
	if err != nil {
		t.Fatalf("make a tenant: %v", err)
	}
	return caller.With(t.Context(), caller.Caller{
		Tenant: tenant, Kind: caller.KindAdmin, Admin: uuid.Must(uuid.NewV7()), Name: "Test Administrator",
		Scopes: caller.Scopes{caller.ScopeAdmin},
	})
}

// Config makes a SCIM configuration of the caller's tenant and returns its id.
func Config(t testing.TB, db *store.DB, ctx context.Context) uuid.UUID {
	t.Helper()
	who, err := caller.Must(ctx)
	if err != nil {
		t.Fatal(err)
	}
	config, now := uuid.Must(uuid.NewV7()), db.Now()
	err = store.Do(ctx, db, func(ctx context.Context) error {
		return store.Defer(ctx, store.Stmt{
			SQL: `INSERT INTO scim_configs (tenant_id, id, name, name_key, identity_provider, preset, auto_assign, status, paused_by, created_at, updated_at, version)
				VALUES ($1, $2, $3, $4, 'okta', 'auto', false, 'active', '', $5, $6, 1)`,
			Args: []any{who.Tenant, config, "Configuration " + config.String(), config.String(), now, now},
		})
	})
	if err != nil {
		t.Fatalf("make a SCIM configuration: %v", err)
	}
	return config
}

// People makes many people of the caller's tenant at once, in the order of their ids, with an id for a userName and nothing else.
func People(t testing.TB, db *store.DB, ctx context.Context, n int) []uuid.UUID {
	t.Helper()
	people := make([]uuid.UUID, n)
	for i := range people {
		people[i] = uuid.Must(uuid.NewV7())
	}
	atOnce(t, db, ctx, people, `INSERT INTO users (tenant_id, id, created_at, updated_at, version, user_name, user_name_key, blocked, active, origin, attributes, indexed)
		SELECT $1::uuid, m.value, $2::timestamptz, $2::timestamptz, 1, m.value::text, '' || m.value::text, false, true, 'scim', '{"userName":"' || m.value::text || '"}', true
		FROM unnest($3::uuid[]) AS m(value)`)
	return people
}

// Members puts many people into a group at once, for a SCIM configuration.
func Members(t testing.TB, db *store.DB, ctx context.Context, group, config uuid.UUID, people []uuid.UUID) {
	t.Helper()
	pairs := make([]string, len(people))
	for i, who := range people {
		pairs[i] = uuid.Must(uuid.NewV7()).String() + who.String()
	}
	atOnce(t, db, ctx, pairs, `INSERT INTO memberships (tenant_id, id, group_id, member_id, user_id, source, source_id, since)
		SELECT $1::uuid, substr(m.value, 1, 36)::uuid, $4::uuid, substr(m.value, 37)::uuid, substr(m.value, 37)::uuid, 'scim', $5::uuid, $2::timestamptz
		FROM unnest($3::text[]) AS m(value)`, group, config)
}

// atOnce inserts a row for each of many values.
func atOnce[T any](t testing.TB, db *store.DB, ctx context.Context, all []T, statement string, more ...any) {
	t.Helper()
	who, err := caller.Must(ctx)
	if err != nil {
		t.Fatal(err)
	}
	err = store.Do(ctx, db, func(ctx context.Context) error {
		if db.Postgres() { // no foreign key is looked at, row by row
			if _, err := db.Exec(ctx, "SET LOCAL session_replication_role = replica"); err != nil {
				return err
			}
		}
		_, err := db.Exec(ctx, statement, append([]any{who.Tenant, db.Now(), all}, more...)...)
		return err
	})
	if err != nil {
		t.Fatalf("insert %d rows: %v", len(all), err)
	}
}
