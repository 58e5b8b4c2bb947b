package store

import (
	"context"
	"slices"

	"github.com/google/uuid"
)

type countChange struct {
	tenant uuid.UUID
	name   string
	delta  int64
}

// AddCount changes a kept total of the caller's tenant, as part of the unit of work.
func AddCount(ctx context.Context, name string, delta int64) error {
	u := unitOf(ctx)
	if u == nil {
		return errNoUnit
	}
	tenant, err := tenantOf(ctx)
	if err != nil {
		return err
	}
	u.counts = append(u.counts, countChange{tenant: tenant, name: name, delta: delta})
	return nil
}

const insertDelta = `INSERT INTO count_deltas (id, tenant_id, name, delta) VALUES ($1, $2, $3, $4)`

// deferCounts adds what the unit has changed so far, one row for each total that has really changed.
func (u *unit) deferCounts(_ context.Context) {
	var sums []countChange
	for _, change := range u.counts {
		at := slices.IndexFunc(sums, func(s countChange) bool { return s.tenant == change.tenant && s.name == change.name })
		if at < 0 {
			sums = append(sums, change)
			continue
		}
		sums[at].delta += change.delta
	}
	u.counts = nil
	for _, sum := range sums {
		if sum.delta != 0 {
			u.writes = append(u.writes, Stmt{SQL: insertDelta, Args: []any{newID(), sum.tenant, sum.name, sum.delta}})
		}
	}
}

const readCount = `SELECT COALESCE((SELECT total FROM counts WHERE tenant_id = $1 AND name = $2), 0)
	+ COALESCE((SELECT SUM(delta) FROM count_deltas WHERE tenant_id = $1 AND name = $2), 0)`

// Count returns a kept total of the caller's tenant. It reads a counter and the few changes that nobody has folded yet.
func Count(ctx context.Context, db *DB, name string) (int64, error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return 0, err
	}
	var total int64
	err = db.QueryRow(ctx, readCount, tenant, name).Scan(&total)
	return total, err
}
