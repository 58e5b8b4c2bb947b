package store_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
)

// shape describes every table, column, index and constraint of a database.
func shape(t *testing.T, db *store.DB) (lines []string) {
	t.Helper()
	query := `SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name <> 'usher_migrations' ORDER BY sql`
	if db.Postgres() {
		query = `SELECT line FROM (
			SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || COALESCE(column_default, '') AS line
				FROM information_schema.columns WHERE table_schema = 'public'
			UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
			UNION ALL SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
				WHERE connamespace = 'public'::regnamespace) AS described ORDER BY line`
	}
	rows, err := db.Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}

func expectShape(t *testing.T, db *store.DB, dialect string) {
	t.Helper()
	got, want := shape(t, db), shape(t, storetest.Open(t, dialect))
	if !reflect.DeepEqual(got, want) || len(got) < 60 {
		t.Errorf("the tables are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func openURL(t *testing.T, address string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: address})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// onEmpty runs the test on an empty database of each kind.
func onEmpty(t *testing.T, test func(t *testing.T, dialect, address string)) {
	t.Helper()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			test(t, dialect, storetest.EmptyURL(t, dialect))
		})
	}
}

func TestFourReplicasMigrateAtOnce(t *testing.T) {
	t.Parallel()
	onEmpty(t, func(t *testing.T, dialect, address string) {
		var replicas sync.WaitGroup
		for range 4 {
			replicas.Go(func() {
				db, err := store.Open(t.Context(), store.Options{URL: address})
				if err != nil {
					t.Error(err)
					return
				}
				if err := errors.Join(db.Migrate(t.Context()), db.Close()); err != nil {
					t.Error(err)
				}
			})
		}
		replicas.Wait()
		expectShape(t, openURL(t, address), dialect)
	})
}

func TestMigrationGoesOnWhereItWasKilled(t *testing.T) {
	t.Parallel()
	onEmpty(t, func(t *testing.T, dialect, address string) {
		db := openURL(t, address)
		statements, err := store.StatementsOf(db)
		if err != nil {
			t.Fatal(err)
		}
		ran := 0
		for range statements {
			inThisLife := 0
			err := store.MigrateUntil(t.Context(), db, func(string, int) error {
				if inThisLife++; inThisLife == 2 {
					return errOops
				}
				ran++
				return nil
			})
			if err != nil && !errors.Is(err, errOops) {
				t.Fatalf("after %d statements: %v", ran, err)
			}
		}
		if ran != statements {
			t.Errorf("%d of %d statements ran", ran, statements)
		}
		expectShape(t, db, dialect)
	})
}

const farVersion = "99990101000000"

func TestDatabaseOfANewerUsherIsRefusedOnlyWhenItMustBe(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		additive := store.Migration{Version: farVersion, Oldest: "20200101000000", Statements: []string{"CREATE TABLE later (id integer)"}}
		breaking := store.Migration{Version: farVersion + "1", Oldest: farVersion, Statements: []string{"DROP TABLE later"}}
		if err := store.MigrateOn(t.Context(), db, additive); err != nil {
			t.Fatal(err)
		}
		if err := db.Migrate(t.Context()); err != nil {
			t.Errorf("beside a migration that only adds: %v", err)
		}
		if err := store.MigrateOn(t.Context(), db, additive, breaking); err != nil {
			t.Fatal(err)
		}
		if err := db.Migrate(t.Context()); !errors.Is(err, store.ErrNewer) {
			t.Errorf("beside a migration that breaks: %v", err)
		}
		if err := store.MigrateOn(t.Context(), db, additive); err != nil {
			t.Errorf("the oldest that may run is refused: %v", err)
		}
	})
}

func TestChangedMigrationIsRefused(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		was := store.Migration{Version: farVersion, Oldest: farVersion, Statements: []string{"CREATE TABLE later (id integer)"}}
		now := store.Migration{Version: farVersion, Oldest: farVersion, Statements: []string{"CREATE TABLE other (id integer)", "DROP TABLE other"}}
		if err := store.MigrateOn(t.Context(), db, was); err != nil {
			t.Fatal(err)
		}
		if err := store.MigrateOn(t.Context(), db, now); err == nil || !strings.Contains(err.Error(), "changed after it ran") {
			t.Errorf("got %v", err)
		}
	})
}

func TestRebuiltTableKeepsTheRowsThatReferToIt(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, storetest.SQLite)
	ctx := t.Context()
	made := store.Migration{Version: farVersion, Oldest: farVersion, Statements: []string{
		"CREATE TABLE parents (id integer PRIMARY KEY)",
		"CREATE TABLE children (id integer PRIMARY KEY, parent integer REFERENCES parents (id) ON DELETE CASCADE)",
		"INSERT INTO parents VALUES (1)", "INSERT INTO children VALUES (1, 1)",
	}}
	rebuilt := store.Migration{Version: farVersion + "1", Oldest: farVersion, Statements: []string{
		"PRAGMA foreign_keys = off",
		"CREATE TABLE new_parents (id integer PRIMARY KEY, name text)",
		"INSERT INTO new_parents (id) SELECT id FROM parents", "DROP TABLE parents",
		"ALTER TABLE new_parents RENAME TO parents", "PRAGMA foreign_keys = on",
	}}
	broken := store.Migration{Version: farVersion + "2", Oldest: farVersion, Statements: []string{"DELETE FROM parents"}}
	if err := store.MigrateOn(ctx, db, made, rebuilt); err != nil {
		t.Fatal(err)
	}
	children := func() (count int) {
		if err := db.QueryRow(ctx, "SELECT count(*) FROM children").Scan(&count); err != nil {
			t.Fatal(err)
		}
		return count
	}
	if got := children(); got != 1 {
		t.Errorf("%d children are left", got)
	}
	if err := store.MigrateOn(ctx, db, made, rebuilt, broken); err == nil || !strings.Contains(err.Error(), "children row 1 names no row of parents") {
		t.Errorf("left an orphan behind: %v", err)
	}
	if got := children(); got != 1 {
		t.Errorf("%d children are left", got)
	}
}

func TestMigrationWaitsForATableInUse(t *testing.T) {
	t.Parallel()
	db, other := storetest.TwoReplicas(t, storetest.Postgres)
	ctx := storetest.Tenant(t, db)
	held, release := make(chan struct{}), make(chan struct{})
	var user sync.WaitGroup
	user.Go(func() {
		err := store.Do(ctx, other, func(ctx context.Context) error {
			_, err := other.Exec(ctx, "LOCK TABLE tenants IN ACCESS SHARE MODE")
			close(held)
			<-release
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-held
	done := make(chan error, 1)
	go func() {
		done <- store.MigrateOn(ctx, db, store.Migration{
			Version: farVersion, Oldest: farVersion, Statements: []string{"ALTER TABLE tenants ADD COLUMN later integer"},
		})
	}()
	waiting := 0
	for waiting == 0 {
		const query = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'tenants'::regclass"
		if err := db.QueryRow(ctx, query).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
	}
	close(release)
	user.Wait()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
