// Command migrate writes the next migration: the difference between the migrations so far and the schema, for each database.
//
//	go run ./ent/migrate --name what_changes     writes the files, to be read before they are committed
//	go run ./ent/migrate --check                 fails when a migration is missing
//
// Run it from the root of the repository. It needs a PostgreSQL, which it finds or starts as the tests do.
package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"log"
	"path/filepath"
	"regexp"
	"strings"

	"ariga.io/atlas/sql/migrate"
	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	entschema "entgo.io/ent/dialect/sql/schema"
	_ "github.com/lib/pq" // the PostgreSQL on which migrations are replayed
	sqlitedriver "modernc.org/sqlite"

	"github.com/usherhq/usher/internal/storetest"
)

func main() {
	log.SetFlags(0)
	name := flag.String("name", "", "what the migration does, in lower case with underscores")
	check := flag.Bool("check", false, "fail when the schema and the migrations differ, and write nothing")
	flag.Parse()
	if err := run(context.Background(), *name, *check); err != nil {
		log.Fatalf("migrate: %v", err)
	}
}

func run(ctx context.Context, name string, check bool) error {
	if !check && !regexp.MustCompile(`^[a-z0-9_]+$`).MatchString(name) {
		return errors.New("say what changes: --name lower_case_with_underscores")
	}
	// Atlas looks for the pragma of foreign keys before it plans for SQLite.
	sql.Register("sqlite3", &sqlitedriver.Driver{})
	all, err := tables()
	if err != nil {
		return err
	}
	format := &formatter{version: migrate.NewVersion()}
	return errors.Join(
		onSQLite(ctx, func(db *sql.DB) error { return diff(ctx, dialect.SQLite, db, format, all, name, check) }),
		onPostgres(ctx, func(db *sql.DB) error { return diff(ctx, dialect.Postgres, db, format, all, name, check) }),
	)
}

func onSQLite(_ context.Context, use func(db *sql.DB) error) error {
	db, err := sql.Open("sqlite3", "file::memory:?_pragma=foreign_keys(1)")
	if err != nil {
		return fmt.Errorf("open SQLite: %w", err)
	}
	db.SetMaxOpenConns(1) // the database is the connection
	return errors.Join(use(db), db.Close())
}

func onPostgres(ctx context.Context, use func(db *sql.DB) error) error {
	address, drop, err := storetest.Scratch(ctx)
	if err != nil {
		return err
	}
	db, err := sql.Open("postgres", address)
	if err != nil {
		return fmt.Errorf("open PostgreSQL: %w", err)
	}
	return errors.Join(use(db), db.Close(), drop())
}

// diff replays the migrations of one database on an empty one and plans what is missing.
func diff(ctx context.Context, kind string, db *sql.DB, format *formatter, all []*entschema.Table, name string, check bool) error {
	folder, err := migrate.NewLocalDir(filepath.Join("ent", "migrations", kindFolder(kind)))
	if err != nil {
		return fmt.Errorf("open the migrations of %s: %w", kind, err)
	}
	memory := migrate.OpenMemDir(kind)
	defer func() { _ = memory.Close() }()
	files, err := folder.Files()
	if err != nil {
		return fmt.Errorf("read the migrations of %s: %w", kind, err)
	}
	if err := memory.CopyFiles(files); err != nil {
		return fmt.Errorf("read the migrations of %s: %w", kind, err)
	}
	var target migrate.Dir = folder
	if check {
		if err := migrate.Validate(folder); err != nil {
			return fmt.Errorf("the migrations of %s: %w", kind, err)
		}
		target = memory
	}
	if err := sum(target, files); err != nil {
		return err
	}
	plan, err := entschema.NewMigrate(entsql.OpenDB(kind, db),
		entschema.WithDir(target), entschema.WithFormatter(format.after(files)), entschema.WithMigrationMode(entschema.ModeReplay),
		entschema.WithDropColumn(true), entschema.WithDropIndex(true), entschema.WithErrNoPlan(true), entschema.WithIndent("  "))
	if err != nil {
		return fmt.Errorf("plan for %s: %w", kind, err)
	}
	collate(all, kind)
	err = plan.NamedDiff(ctx, name, all...)
	switch {
	case errors.Is(err, migrate.ErrNoPlan):
		return nil
	case err != nil:
		return fmt.Errorf("plan for %s: %w", kind, err)
	case check:
		return fmt.Errorf("the schema has changed without a migration for %s: run go run ./ent/migrate --name WHAT_CHANGES", kind)
	}
	log.Printf("wrote a migration for %s: read it, and raise its oldest binary if it removes or renames anything", kind)
	return nil
}

func kindFolder(kind string) string {
	if kind == dialect.SQLite {
		return "sqlite"
	}
	return "postgres"
}

func sum(dir migrate.Dir, files []migrate.File) error {
	hash, err := migrate.NewHashFile(files)
	if err != nil {
		return fmt.Errorf("sum up the migrations: %w", err)
	}
	return migrate.WriteSumFile(dir, hash)
}

// formatter writes both databases' migrations under one version, with the line about the oldest binary.
type formatter struct {
	version string
	oldest  string
}

var oldestPattern = regexp.MustCompile(`(?m)^-- oldest binary: (\d+)$`)

// after takes over the oldest binary of the last migration: most migrations only add.
func (f *formatter) after(files []migrate.File) *formatter {
	next := &formatter{version: f.version, oldest: f.version}
	if len(files) > 0 {
		if found := oldestPattern.FindSubmatch(files[len(files)-1].Bytes()); found != nil {
			next.oldest = string(found[1])
		}
	}
	return next
}

// Format is called by Atlas.
func (f *formatter) Format(plan *migrate.Plan) ([]migrate.File, error) {
	plan.Version = f.version
	files, err := migrate.DefaultFormatter.Format(plan)
	if err != nil {
		return nil, fmt.Errorf("write the migration: %w", err)
	}
	for i, file := range files {
		text := "-- oldest binary: " + f.oldest + "\n\n" + strings.TrimSpace(string(file.Bytes())) + "\n"
		files[i] = migrate.NewLocalFile(file.Name(), []byte(text))
	}
	return files, nil
}
