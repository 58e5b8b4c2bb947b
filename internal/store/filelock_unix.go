//go:build unix

package store

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// withFileLock runs fn while this process holds a lock on a file beside the database. The system takes the lock back when the
// process ends.
func (db *DB) withFileLock(name string, fn func() error) (ran bool, err error) {
	file, err := os.OpenFile(db.path+"-lock-"+name, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // beside the database, by a name of ours
	if err != nil {
		return false, fmt.Errorf("lock %s: %w", name, err)
	}
	defer func() { _ = file.Close() }()
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("lock %s: %w", name, err)
	}
	return true, fn()
}
