package store

import (
	"context"
	"fmt"

	"github.com/usherhq/usher/internal/caller"
)

// A unit that brings somebody in looks who waits for her; a unit that waits for somebody looks whether she is there. When both
// look at the same moment neither sees the other, unless they meet. They meet at the row of the tenant: who brings shares it,
// who waits takes it for itself. SQLite's units are alone anyway.

// Arriving is for a unit that brings somebody in, before it looks who waits for her. It waits for units that have called
// Awaiting, and those wait for it.
func (db *DB) Arriving(ctx context.Context) error {
	return db.meet(ctx, "SELECT id FROM tenants WHERE id = $1 FOR SHARE")
}

// Awaiting is for a unit that is about to note that somebody is missing, before it looks for her. It waits for units that bring
// somebody in. Those that have looked before it and write after it notice, by Arrivals, and run again.
func (db *DB) Awaiting(ctx context.Context) error {
	// The row stays as it is, but it is another row from now on: a statement that has seen the old one can tell.
	return db.meet(ctx, "UPDATE tenants SET version = version WHERE id = $1")
}

func (db *DB) meet(ctx context.Context, statement string) error {
	if !db.Postgres() {
		return nil
	}
	tenant, err := caller.Tenant(ctx)
	if err != nil {
		return err
	}
	if _, err := db.Exec(ctx, statement, tenant); err != nil {
		return fmt.Errorf("meet at the tenant: %w", err)
	}
	return nil
}

// Arrivals are the parts of an INSERT … SELECT … that brings somebody in and looks who waits for her in one statement: what it
// selects from, its condition and its lock. The tenant is its first argument. It inserts nothing when another unit has called
// Awaiting since the statement began.
type Arrivals struct{ From, Where, Lock string }

// Arrivals returns the parts for this database.
func (db *DB) Arrivals() Arrivals {
	if !db.Postgres() {
		return Arrivals{Where: "true"}
	}
	// Another version of the row is met by its lock only, and only then is the condition looked at again; the inner SELECT still
	// sees the version that the statement began with. xmin, because a plan by ctid does not look again.
	return Arrivals{
		From:  " FROM tenants here",
		Where: "here.id = $1 AND here.xmin = (SELECT seen.xmin FROM tenants seen WHERE seen.id = $1)",
		Lock:  " FOR SHARE OF here",
	}
}
