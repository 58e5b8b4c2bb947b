package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"ariga.io/atlas/sql/migrate"

	"github.com/usherhq/usher/ent/migrations"
)

// migrationPatience bounds one statement of a migration: an index over millions of rows takes its time.
const migrationPatience = time.Hour

// ErrNewer says that the schema has gone on so far that this binary must not touch it.
var ErrNewer = errors.New("the database belongs to a newer Usher; start that one")

// migration is one file of ent/migrations.
type migration struct {
	version    string
	name       string
	oldest     string // the oldest version of the schema whose binaries may run beside this one
	statements []string
}

// partial identifies the first n statements, so that a file that was changed after it began to run is noticed.
func (m *migration) partial(n int) string {
	sum := sha256.New()
	for _, statement := range m.statements[:n] {
		sum.Write([]byte(statement))
		sum.Write([]byte{0})
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// Migrate brings the tables to what this binary knows. Several replicas may do so at once; one that is killed leaves off
// between two statements, and the next goes on there. It refuses with ErrNewer.
func (db *DB) Migrate(ctx context.Context) error {
	known, err := knownMigrations(db.Postgres())
	if err != nil {
		return err
	}
	m := &migrator{db: db, known: known}
	return m.run(ctx)
}

var oldestPattern = regexp.MustCompile(`(?m)^-- oldest binary: (\d+)$`)

func knownMigrations(postgres bool) ([]migration, error) {
	folder, err := migrations.SQLite()
	if postgres {
		folder, err = migrations.Postgres()
	}
	if err != nil {
		return nil, fmt.Errorf("find the migrations: %w", err)
	}
	names, err := fs.Glob(folder, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("list the migrations: %w", err)
	}
	slices.Sort(names)
	files := make([]migrate.File, len(names))
	known := make([]migration, len(names))
	for i, name := range names {
		text, err := fs.ReadFile(folder, name)
		if err != nil {
			return nil, fmt.Errorf("read the migration %s: %w", name, err)
		}
		file := migrate.NewLocalFile(name, text)
		files[i] = file
		if known[i], err = parseMigration(file); err != nil {
			return nil, fmt.Errorf("read the migration %s: %w", name, err)
		}
	}
	return known, checkSum(folder, files)
}

func parseMigration(file *migrate.LocalFile) (migration, error) {
	oldest := oldestPattern.FindSubmatch(file.Bytes())
	if oldest == nil {
		return migration{}, errors.New("it does not name the oldest binary")
	}
	statements, err := file.Stmts()
	return migration{version: file.Version(), name: file.Desc(), oldest: string(oldest[1]), statements: statements}, err
}

func checkSum(folder fs.FS, files []migrate.File) error {
	sum, err := migrate.NewHashFile(files)
	if err != nil {
		return fmt.Errorf("sum up the migrations: %w", err)
	}
	want, err := sum.MarshalText()
	if err != nil {
		return fmt.Errorf("sum up the migrations: %w", err)
	}
	got, err := fs.ReadFile(folder, migrate.HashFileName)
	if err != nil {
		return fmt.Errorf("read the sum of the migrations: %w", err)
	}
	if !bytes.Equal(got, want) {
		return errors.New("the migrations are not those that their sum was made of")
	}
	return nil
}

// migrator runs migrations statement by statement. A statement and the record of it are one transaction, which begins with a
// lock: that is all that several replicas, and a resumption, need.
type migrator struct {
	db     *DB
	known  []migration
	pool   *sql.DB
	before func(version string, statement int) error // called before a commit; tests stop there
}

const createRecords = `CREATE TABLE IF NOT EXISTS usher_migrations (
	version varchar(32) NOT NULL PRIMARY KEY, name varchar(200) NOT NULL, oldest varchar(32) NOT NULL,
	statements integer NOT NULL, applied integer NOT NULL, partial varchar(64) NOT NULL, changed_at varchar(40) NOT NULL)`

func (m *migrator) run(ctx context.Context) error {
	connections, err := m.connector()
	if err != nil {
		return err
	}
	m.pool = pool(connections, 1)
	defer func() { _ = m.pool.Close() }()
	for {
		done, err := m.step(ctx)
		switch {
		case err == nil && done:
			return nil
		case errors.Is(err, ErrBusy) && ctx.Err() == nil:
			if err := pause(ctx, maxAttempts); err != nil {
				return fmt.Errorf("migrate: %w", err)
			}
		case err != nil:
			return fmt.Errorf("migrate: %w", err)
		}
	}
}

func (m *migrator) connector() (*connector, error) {
	if !m.db.Postgres() {
		return sqliteConnector(m.db.path, migrating, migrationPatience)
	}
	address, err := url.Parse(m.db.address)
	if err != nil {
		return nil, fmt.Errorf("read the address of the database: %w", err)
	}
	settings := address.Query()
	settings.Set("statement_timeout", "0")
	// A table that is in use is left alone and tried again, so that nobody queues behind the lock for long.
	settings.Set("lock_timeout", "2s")
	address.RawQuery = settings.Encode()
	return postgresConnector(address.String(), migrationPatience)
}

// step runs one statement, if one is missing.
func (m *migrator) step(ctx context.Context) (done bool, err error) {
	tx, err := m.pool.BeginTx(ctx, nil)
	if err != nil {
		return false, err
	}
	defer func() { _ = tx.Rollback() }()
	if m.db.Postgres() {
		if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", lockKey("migrate")); err != nil {
			return false, err
		}
	}
	if _, err := tx.ExecContext(ctx, createRecords); err != nil {
		return false, fmt.Errorf("make the table of migrations: %w", err)
	}
	next, statement, err := m.next(ctx, tx)
	if err != nil {
		return false, err
	}
	if next == nil {
		return true, tx.Commit()
	}
	if err := m.apply(ctx, tx, next, statement); err != nil {
		return false, fmt.Errorf("version %s, statement %d: %w", next.version, statement+1, err)
	}
	return false, tx.Commit()
}

// record is what the database remembers of a migration.
type record struct {
	version, oldest, partial string
	applied                  int
}

// next finds the first statement that has not run.
func (m *migrator) next(ctx context.Context, tx *sql.Tx) (*migration, int, error) {
	records, err := readRecords(ctx, tx)
	if err != nil {
		return nil, 0, err
	}
	if err := m.allowed(records); err != nil {
		return nil, 0, err
	}
	for i := range m.known {
		known := &m.known[i]
		was := records[known.version]
		if was.applied > len(known.statements) || was.applied > 0 && was.partial != known.partial(was.applied) {
			return nil, 0, fmt.Errorf("version %s has been changed after it ran", known.version)
		}
		if was.applied < len(known.statements) {
			return known, was.applied, nil
		}
	}
	return nil, 0, nil
}

// allowed refuses when a migration that this binary does not know has left it behind.
func (m *migrator) allowed(records map[string]record) error {
	ours := ""
	if len(m.known) > 0 {
		ours = m.known[len(m.known)-1].version
	}
	for version, was := range records {
		if version > ours && was.oldest > ours {
			return fmt.Errorf("%w (version %s needs %s, this binary knows %s)", ErrNewer, version, was.oldest, ours)
		}
	}
	return nil
}

func readRecords(ctx context.Context, tx *sql.Tx) (map[string]record, error) {
	rows, err := tx.QueryContext(ctx, "SELECT version, oldest, partial, applied FROM usher_migrations")
	if err != nil {
		return nil, fmt.Errorf("read what has been migrated: %w", err)
	}
	defer func() { _ = rows.Close() }()
	records := map[string]record{}
	for rows.Next() {
		var was record
		if err := rows.Scan(&was.version, &was.oldest, &was.partial, &was.applied); err != nil {
			return nil, fmt.Errorf("read what has been migrated: %w", err)
		}
		records[was.version] = was
	}
	return records, rows.Err()
}

const writeRecord = `INSERT INTO usher_migrations (version, name, oldest, statements, applied, partial, changed_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7)
	ON CONFLICT (version) DO UPDATE SET applied = excluded.applied, partial = excluded.partial, changed_at = excluded.changed_at`

func (m *migrator) apply(ctx context.Context, tx *sql.Tx, next *migration, statement int) error {
	if _, err := tx.ExecContext(ctx, next.statements[statement]); err != nil {
		return err
	}
	applied := statement + 1
	_, err := tx.ExecContext(ctx, writeRecord, next.version, next.name, next.oldest, len(next.statements), applied,
		next.partial(applied), m.db.Now().Format(time.RFC3339))
	if err != nil {
		return fmt.Errorf("remember it: %w", err)
	}
	if applied == len(next.statements) && !m.db.Postgres() {
		if err := checkForeignKeys(ctx, tx); err != nil {
			return err
		}
	}
	if m.before != nil {
		return m.before(next.version, statement)
	}
	return nil
}

// checkForeignKeys looks whether a rebuilt table has left rows behind that nobody owns; the connection does not check itself.
func checkForeignKeys(ctx context.Context, tx *sql.Tx) error {
	rows, err := tx.QueryContext(ctx, "PRAGMA foreign_key_check")
	if err != nil {
		return fmt.Errorf("check foreign keys: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var orphans []string
	for rows.Next() {
		var table, parent string
		var row, key sql.NullInt64
		if err := rows.Scan(&table, &row, &parent, &key); err != nil {
			return fmt.Errorf("check foreign keys: %w", err)
		}
		orphans = append(orphans, fmt.Sprintf("%s row %d names no row of %s", table, row.Int64, parent))
	}
	if len(orphans) > 0 {
		return fmt.Errorf("foreign keys are broken: %s", strings.Join(orphans, "; "))
	}
	return rows.Err()
}
