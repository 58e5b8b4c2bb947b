package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"hash/fnv"
	"sync"
	"time"
)

const lookAtLock = time.Second

// locks are the names that this process works on exclusively.
type locks struct {
	mu   sync.Mutex
	held map[string]bool
}

func (l *locks) take(name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held[name] {
		return false
	}
	if l.held == nil {
		l.held = map[string]bool{}
	}
	l.held[name] = true
	return true
}

func (l *locks) give(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.held, name)
}

// Exclusively runs fn unless another replica or goroutine is running something of that name. It does not wait: ran tells
// whether fn has run. The lock ends with the process that holds it. fn is not in a unit of work by itself;
// its context ends when the lock is lost.
func (db *DB) Exclusively(ctx context.Context, name string, fn func(ctx context.Context) error) (ran bool, err error) {
	if !db.locks.take(name) {
		return false, nil
	}
	defer db.locks.give(name)
	if !db.Postgres() {
		return db.withFileLock(name, func() error { return fn(ctx) })
	}
	conn, err := db.side.Conn(ctx)
	if err != nil {
		return false, translate(ctx, fmt.Errorf("lock %s: %w", name, err))
	}
	defer func() { _ = conn.Close() }()
	key := lockKey(name)
	if err := conn.QueryRowContext(ctx, "SELECT pg_try_advisory_lock($1)", key).Scan(&ran); err != nil || !ran {
		return false, translate(ctx, err)
	}
	defer unlock(ctx, conn, key)
	return true, whileAlive(ctx, conn, fn)
}

// whileAlive cancels the work when the connection that holds its lock has gone: another replica may have it now.
func whileAlive(ctx context.Context, conn *sql.Conn, fn func(ctx context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() {
		look := time.NewTicker(lookAtLock)
		defer look.Stop()
		for {
			select {
			case <-done:
				return
			case <-look.C:
			}
			limited, release := context.WithTimeout(context.WithoutCancel(ctx), lookAtLock)
			err := conn.PingContext(limited)
			release()
			if err != nil {
				cancel(ErrUnavailable.Because(err))
				return
			}
		}
	})
	err := fn(ctx)
	close(done)
	watcher.Wait()
	if cause := context.Cause(ctx); err != nil && errors.Is(cause, ErrUnavailable) {
		err = cause
	}
	cancel(nil)
	return err
}

func unlock(ctx context.Context, conn *sql.Conn, key int64) {
	_, err := conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", key)
	if err != nil {
		// Whoever still holds the lock is this connection: end it.
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	}
}

func lockKey(name string) int64 {
	sum := fnv.New64a()
	_, _ = sum.Write([]byte("usher/" + name))
	return int64(sum.Sum64()) //nolint:gosec // any 64 bits will do
}
