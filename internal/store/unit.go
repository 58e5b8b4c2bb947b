package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
)

const (
	maxAttempts = 10
	lockingFrom = 3 // the attempt from which on a unit locks what it loads
)

// unit is one unit of work: what Do and InTx run, once more if need be.
//
// On PostgreSQL its transaction begins with the first write that cannot wait. Until then reads run on the pool, which promises
// them exactly what a READ COMMITTED transaction would. Writes that can wait are collected; if nothing has begun a transaction
// by the end, they go as one statement, which is a transaction by itself and one round trip. On SQLite the transaction begins
// at once, with the lock of the writer.
type unit struct {
	db       *DB
	id       uuid.UUID
	tx       *sql.Tx
	attempt  int
	oneByOne bool // deferred writes run singly, to know which of them fails
	done     bool

	writes []Stmt
	counts []countChange
	after  []func()
	wrote  int   // immediate writes so far
	broken error // why the unit can no longer commit
}

type unitKey struct{}

// unitOf returns the open unit of the context.
func unitOf(ctx context.Context) *unit {
	if u, ok := ctx.Value(unitKey{}).(*unit); ok && !u.done {
		return u
	}
	return nil
}

// Do runs fn as a unit of work: everything that it writes happens, or nothing. Within another unit of the same database it
// joins that one. fn may run up to ten times and must change nothing but the database.
func Do(ctx context.Context, db *DB, fn func(ctx context.Context) error) error {
	if u := unitOf(ctx); u != nil && u.db == db {
		return u.nested(ctx, fn)
	}
	return db.run(ctx, fn)
}

// InTx is Do for an fn that returns a value.
func InTx[T any](ctx context.Context, db *DB, fn func(ctx context.Context) (T, error)) (T, error) {
	var value T
	err := Do(ctx, db, func(ctx context.Context) error {
		got, err := fn(ctx)
		value = got
		return err
	})
	return value, err
}

// Locking tells whether the unit has lost against others before, so that its loads should lock their rows with FOR UPDATE.
// It is never true on SQLite, whose units are alone anyway.
func Locking(ctx context.Context) bool {
	u := unitOf(ctx)
	return u != nil && u.locking()
}

// Attempt tells how often the unit has been tried, this time included, so that a verb may hope for the best at first and look
// before it writes when that has failed. It is 0 outside of a unit.
func Attempt(ctx context.Context) int {
	u := unitOf(ctx)
	if u == nil {
		return 0
	}
	return u.attempt
}

func (u *unit) locking() bool { return u.db.Postgres() && u.attempt >= lockingFrom }

// InUnit tells whether the caller is in a unit of work.
func InUnit(ctx context.Context) bool { return unitOf(ctx) != nil }

// AfterCommit calls fn once the unit has committed, or at once outside of a unit. fn must not fail and not wait.
func AfterCommit(ctx context.Context, fn func()) {
	if u := unitOf(ctx); u != nil {
		u.after = append(u.after, fn)
		return
	}
	fn()
}

// TransactionID names the unit of work: everything recorded in it shares the id. It is uuid.Nil outside of a unit.
func TransactionID(ctx context.Context) uuid.UUID {
	u := unitOf(ctx)
	if u == nil {
		return uuid.Nil
	}
	if u.id == uuid.Nil {
		u.id = newID()
	}
	return u.id
}

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

func (db *DB) run(ctx context.Context, fn func(ctx context.Context) error) error {
	if _, has := ctx.Deadline(); !has {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	u := &unit{db: db}
	for {
		u = &unit{db: db, attempt: u.attempt + 1, oneByOne: u.oneByOne}
		err := u.do(ctx, fn)
		if err == nil {
			u.tell()
			return nil
		}
		if !passing(err) {
			return err
		}
		if u.attempt == maxAttempts {
			return ErrBusy.Because(err)
		}
		u.oneByOne = u.oneByOne || errors.Is(err, errMismatch)
		if err := pause(ctx, u.attempt); err != nil {
			return ErrBusy.Because(err)
		}
	}
}

// pause lets the others finish: not at all the first time, then a random while that grows.
func pause(ctx context.Context, attempt int) error {
	if attempt == 1 {
		return ctx.Err()
	}
	most := time.Millisecond << min(attempt, 6)
	timer := time.NewTimer(rand.N(most))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (u *unit) do(ctx context.Context, fn func(ctx context.Context) error) error {
	ctx = context.WithValue(ctx, unitKey{}, u)
	defer u.end()
	if !u.db.Postgres() || u.locking() {
		if err := u.begin(ctx); err != nil {
			return err
		}
	}
	if err := fn(ctx); err != nil {
		return err
	}
	if u.broken != nil {
		return u.broken
	}
	return u.commit(ctx)
}

// nested runs a verb within the unit of another. When it fails, what it deferred is taken back; what it has already written
// cannot be, so the whole unit fails with it.
func (u *unit) nested(ctx context.Context, fn func(ctx context.Context) error) error {
	writes, counts, after, wrote := len(u.writes), len(u.counts), len(u.after), u.wrote
	err := fn(ctx)
	if err == nil {
		return nil
	}
	if u.wrote != wrote || passing(err) {
		u.fail(err)
		return err
	}
	u.writes, u.counts, u.after = u.writes[:writes], u.counts[:counts], u.after[:after]
	return err
}

func (u *unit) fail(err error) {
	if u.broken == nil {
		u.broken = err
	}
}

// begin opens the transaction, if it is not open yet.
func (u *unit) begin(ctx context.Context) error {
	if u.tx != nil {
		return nil
	}
	opened, err := u.db.writer.BeginTx(ctx, nil)
	for errors.Is(err, ErrBusy) && !u.db.Postgres() && ctx.Err() == nil {
		// Another process holds the file. SQLite's patience has an end, and its waiting is not fair: the unit's own counts.
		opened, err = u.db.writer.BeginTx(ctx, nil)
	}
	if err != nil {
		return translate(ctx, fmt.Errorf("begin: %w", err))
	}
	u.tx = opened
	return nil
}

// write prepares for a write that cannot wait: what was deferred goes first.
func (u *unit) write(ctx context.Context) error {
	u.wrote++
	if err := u.begin(ctx); err != nil {
		return err
	}
	return u.flush(ctx)
}

func (u *unit) commit(ctx context.Context) error {
	if u.tx == nil && u.oneByOne {
		if err := u.begin(ctx); err != nil {
			return err
		}
	}
	if err := u.flush(ctx); err != nil {
		return err
	}
	if u.tx == nil {
		return nil
	}
	err := u.tx.Commit()
	u.tx = nil
	if err != nil {
		return translate(ctx, fmt.Errorf("commit: %w", err))
	}
	return nil
}

func (u *unit) end() {
	u.done = true
	if u.tx != nil {
		_ = u.tx.Rollback()
		u.tx = nil
	}
}

func (u *unit) tell() {
	for _, fn := range u.after {
		fn()
	}
}
