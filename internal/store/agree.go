package store

import (
	"context"
	"fmt"
)

// Share lets the unit of work go on side by side with others that share a name, and waits for one that has it Alone. From then on
// the unit's reads see what that one has committed. It lasts until the unit ends.
//
// Units of SQLite are alone anyway.
func (db *DB) Share(ctx context.Context, name string) error {
	return db.agree(ctx, "SELECT pg_advisory_xact_lock_shared($1)", name)
}

// Alone waits until no other unit of work has a name, shared or alone, and keeps it until the unit ends: whoever shares the
// name has committed before, or begins after.
func (db *DB) Alone(ctx context.Context, name string) error {
	return db.agree(ctx, "SELECT pg_advisory_xact_lock($1)", name)
}

func (db *DB) agree(ctx context.Context, statement, name string) error {
	if unitOf(ctx) == nil {
		return errNoUnit
	}
	if !db.Postgres() {
		return nil
	}
	if _, err := db.Exec(ctx, statement, lockKey("unit/"+name)); err != nil {
		return fmt.Errorf("wait for %s: %w", name, err)
	}
	return nil
}
