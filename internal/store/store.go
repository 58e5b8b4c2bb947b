// Package store opens the database and keeps the promises that every module leans on.
//
// A verb that writes runs in a unit of work (Do, InTx): all of it happens or nothing, and it runs again by itself when
// somebody else was faster. Statements are prepared once per connection. A guard on the ent client keeps tenants apart and
// fails closed without a caller. Migrations, kept totals, news between replicas and locks for workers are here too, so that
// what one of the two databases lacks is nobody else's concern.
//
// Raw SQL is written once, in PostgreSQL's words, and names its columns: placeholders are $1, $2, ...; casts ($1::uuid),
// "= ANY($1)" and "unnest($1) AS alias(value)" over a []uuid.UUID or []string, strpos, ascii and COLLATE "C" are rewritten for SQLite.
// So is "= ANY((SELECT $1::uuid[])::uuid[])", which keeps PostgreSQL from counting the list: it would rather read all of a table
// than look for a thousand by an index. What stands in /* INDEXED BY index */ is said to SQLite alone, which plans without having
// counted. The guard does not see raw SQL: it always carries the tenant itself.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	ent "github.com/usherhq/usher/ent/generated"
	"github.com/usherhq/usher/internal/clock"
)

const (
	defaultConns    = 16
	defaultPoll     = 5 * time.Second
	sideConns       = 4
	sqliteReaders   = 4
	connLifetime    = 5 * time.Minute
	connIdleTimeout = 5 * time.Minute
)

// Options say which database to open.
type Options struct {
	URL      string      // sqlite:PATH or postgres://...
	Clock    clock.Clock // the machine's, when nil
	MaxConns int         // of PostgreSQL, besides five for news and locks; 16 when 0. More make contended writes slower

	Poll time.Duration // how often listeners are woken in any case; 5 s when 0

	Watch func(statement string) // is told each statement that is sent for a caller, from many goroutines; nil for nobody
}

// DB is an open database.
type DB struct {
	dialect kind
	clock   clock.Clock
	poll    time.Duration
	path    string // of SQLite
	address string // of PostgreSQL, with everything that lib/pq would leave open

	pool   *sql.DB // reads; on PostgreSQL writes too
	writer *sql.DB // the one connection of SQLite that writes; pool on PostgreSQL
	side   *sql.DB // of PostgreSQL, for what must not wait for the pool: news and locks of workers

	now    *ent.Client // runs in the transaction of the unit
	reader *ent.Client // reads without beginning one
	news   *news
	locks  locks
}

// Open opens the database and looks whether it answers. It does not migrate.
func Open(ctx context.Context, options Options) (*DB, error) {
	db := &DB{clock: options.Clock, poll: options.Poll}
	if db.clock == nil {
		db.clock = clock.System()
	}
	if db.poll <= 0 {
		db.poll = defaultPoll
	}
	var err error
	switch {
	case strings.HasPrefix(options.URL, "postgres://"), strings.HasPrefix(options.URL, "postgresql://"):
		db.dialect = postgres
		err = db.openPostgres(options)
	case strings.HasPrefix(options.URL, "sqlite:"):
		err = db.openSQLite(options)
	default:
		err = errors.New("the database is sqlite:PATH or postgres://user@host/name")
	}
	if err != nil {
		return nil, err
	}
	db.now, db.reader = db.guarded(true), db.guarded(false)
	db.news = newNews(db)
	// The writer goes first: it makes the file of SQLite.
	if err := errors.Join(db.writer.PingContext(ctx), db.Ping(ctx)); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("open the database: %w", err)
	}
	return db, nil
}

func (db *DB) openPostgres(options Options) error {
	address, err := postgresAddress(options.URL)
	if err != nil {
		return err
	}
	connections, err := postgresConnector(address, patience)
	if err != nil {
		return err
	}
	beside, err := postgresConnector(address, patience) // not watched: news go out when they can, whatever is asked meanwhile
	if err != nil {
		return err
	}
	connections.watch = options.Watch
	size := options.MaxConns
	if size <= 0 {
		size = defaultConns
	}
	db.address = address
	db.pool = pool(connections, size)
	db.writer = db.pool
	db.side = pool(beside, sideConns)
	return nil
}

func (db *DB) openSQLite(options Options) error {
	path, err := sqlitePath(options.URL)
	if err != nil {
		return err
	}
	writers, err := sqliteConnector(path, writing, patience)
	if err != nil {
		return err
	}
	readers, err := sqliteConnector(path, reading, patience)
	if err != nil {
		return err
	}
	writers.watch, readers.watch = options.Watch, options.Watch
	db.path = path
	db.writer = pool(writers, 1)
	db.pool = pool(readers, sqliteReaders+1) // one of them watches for other processes
	db.side = db.pool
	return nil
}

func pool(connections *connector, size int) *sql.DB {
	opened := sql.OpenDB(connections)
	opened.SetMaxOpenConns(size)
	opened.SetMaxIdleConns(size)
	if connections.dialect == postgres {
		// Connections leave a primary that has been demoted.
		opened.SetConnMaxLifetime(connLifetime)
		opened.SetConnMaxIdleTime(connIdleTimeout)
	}
	return opened
}

// Close ends every connection. It waits for the statements that run.
func (db *DB) Close() error {
	db.news.close()
	return errors.Join(db.side.Close(), db.pool.Close(), db.writer.Close())
}

// Ping tells whether the database answers and, on PostgreSQL, whether it is a primary. It waits for no other work.
func (db *DB) Ping(ctx context.Context) error {
	if !db.Postgres() {
		return db.pool.PingContext(ctx)
	}
	var standby bool
	if err := db.side.QueryRowContext(ctx, "SELECT pg_is_in_recovery()").Scan(&standby); err != nil {
		return err
	}
	if standby {
		return ErrUnavailable.Because(errors.New("it is a standby"))
	}
	return nil
}

// Postgres tells whether the database is PostgreSQL; otherwise it is SQLite.
func (db *DB) Postgres() bool { return db.dialect == postgres }

// Now reads the clock that the database was opened with.
func (db *DB) Now() time.Time { return db.clock() }
