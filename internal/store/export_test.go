package store

import "context"

// Begun tells tests whether the unit of the context has opened a transaction.
func Begun(ctx context.Context) bool {
	u := unitOf(ctx)
	return u != nil && u.tx != nil
}

// MigrateUntil runs migrations and stops with the error that stop returns, as if the process had been killed there: before
// the commit of a statement.
func MigrateUntil(ctx context.Context, db *DB, stop func(version string, statement int) error) error {
	known, err := knownMigrations(db.Postgres())
	if err != nil {
		return err
	}
	m := &migrator{db: db, known: known, before: stop}
	return m.run(ctx)
}

// Migration is what tests make up to stand for the next release.
type Migration struct {
	Version, Oldest string
	Statements      []string
}

// MigrateOn runs the known migrations and then the made up ones.
func MigrateOn(ctx context.Context, db *DB, more ...Migration) error {
	known, err := knownMigrations(db.Postgres())
	if err != nil {
		return err
	}
	for _, next := range more {
		known = append(known, migration{version: next.Version, name: "made_up", oldest: next.Oldest, statements: next.Statements})
	}
	m := &migrator{db: db, known: known}
	return m.run(ctx)
}

// StatementsOf counts the statements of the known migrations.
func StatementsOf(db *DB) (int, error) {
	known, err := knownMigrations(db.Postgres())
	count := 0
	for _, each := range known {
		count += len(each.statements)
	}
	return count, err
}

// The parts that are tested by themselves.
var (
	PostgresAddress = postgresAddress
	Composed        = composed
)

// ForSQLite rewrites raw SQL.
func ForSQLite(text string) string { return sqlite.rewrite(text) }
