package store

import (
	"context"
	"database/sql"
	"fmt"

	ent "github.com/usherhq/usher/ent/generated"
)

// Ent returns the guarded client for a unit of work: its first statement begins the transaction and runs what was deferred.
// Outside of a unit it only reads.
func (db *DB) Ent(context.Context) *ent.Client { return db.now }

// Reader returns the guarded client for reads on hot paths: within a unit that has not begun a transaction it does not begin
// one. It does not see what is deferred, and it cannot write.
func (db *DB) Reader(context.Context) *ent.Client { return db.reader }

type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// source returns where reads of the context come from.
func (db *DB) source(ctx context.Context) querier {
	if u := unitOf(ctx); u != nil && u.db == db && u.tx != nil {
		return u.tx
	}
	return db.pool
}

// Query reads by raw SQL, in the unit's transaction if it has begun one. Read the rows to their end before the next
// statement of the unit.
func (db *DB) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	rows, err := db.source(ctx).QueryContext(ctx, query, args...)
	return rows, translate(ctx, err)
}

// Row is the one row that QueryRow expects.
type Row struct {
	rows *sql.Rows
	err  error
}

// Scan reads the row. It returns sql.ErrNoRows when there is none.
func (r Row) Scan(into ...any) error {
	if r.err != nil {
		return r.err
	}
	defer func() { _ = r.rows.Close() }()
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return err
		}
		return sql.ErrNoRows
	}
	if err := r.rows.Scan(into...); err != nil {
		return fmt.Errorf("read a row: %w", err)
	}
	return r.rows.Close()
}

// QueryRow is Query for one row.
func (db *DB) QueryRow(ctx context.Context, query string, args ...any) Row {
	rows, err := db.Query(ctx, query, args...) //nolint:rowserrcheck // Scan does
	return Row{rows: rows, err: err}
}

// Exec writes at once and returns the number of changed rows. It needs a unit of work.
func (db *DB) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	u, err := db.writing(ctx)
	if err != nil {
		return 0, err
	}
	result, err := u.tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, translate(ctx, err)
	}
	return result.RowsAffected()
}

// QueryNow is Exec for a statement that returns rows.
func (db *DB) QueryNow(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	u, err := db.writing(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := u.tx.QueryContext(ctx, query, args...)
	return rows, translate(ctx, err)
}

func (db *DB) writing(ctx context.Context) (*unit, error) {
	u := unitOf(ctx)
	if u == nil || u.db != db {
		return nil, errNoUnit
	}
	return u, u.write(ctx)
}
