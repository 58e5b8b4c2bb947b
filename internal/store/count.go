package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/usherhq/usher/internal/caller"
)

type countChange struct {
	tenant uuid.UUID
	name   string
	delta  int64
}

// AddCount changes a kept total of the caller's tenant, as part of the unit of work.
func AddCount(ctx context.Context, name string, delta int64) error {
	tenant, err := caller.Tenant(ctx)
	if err != nil {
		return err
	}
	return AddCountOf(ctx, tenant, name, delta)
}

// AddCountOf is AddCount for who works for every tenant.
func AddCountOf(ctx context.Context, tenant uuid.UUID, name string, delta int64) error {
	u := unitOf(ctx)
	if u == nil {
		return errNoUnit
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
	tenant, err := caller.Tenant(ctx)
	if err != nil {
		return 0, err
	}
	var total int64
	err = db.QueryRow(ctx, readCount, tenant, name).Scan(&total)
	return total, err
}

const readCounts = `SELECT COALESCE((SELECT total FROM counts WHERE tenant_id = $1 AND name = $2), 0)
	+ COALESCE((SELECT SUM(delta) FROM count_deltas WHERE tenant_id = $1 AND name = $2), 0),
	COALESCE((SELECT total FROM counts WHERE tenant_id = $1 AND name = $3), 0)
	+ COALESCE((SELECT SUM(delta) FROM count_deltas WHERE tenant_id = $1 AND name = $3), 0)`

// Counts is Count for two totals, as they are at one moment.
func Counts(ctx context.Context, db *DB, first, second string) (one, other int64, err error) {
	tenant, err := caller.Tenant(ctx)
	if err != nil {
		return 0, 0, err
	}
	err = db.QueryRow(ctx, readCounts, tenant, first, second).Scan(&one, &other)
	return one, other, err
}

// foldAtOnce bounds one transaction of FoldCounts.
const foldAtOnce = 5000

const takeDeltas = `DELETE FROM count_deltas WHERE (tenant_id, id) IN (SELECT tenant_id, id FROM count_deltas LIMIT $1)
	RETURNING tenant_id, name, delta`

const addTotal = `INSERT INTO counts (id, tenant_id, name, total) VALUES ($1, $2, $3, $4)
	ON CONFLICT (tenant_id, name) DO UPDATE SET total = counts.total + excluded.total`

// FoldCounts adds what has changed to the kept totals, until nothing is left to add. One worker at a time runs it.
func (db *DB) FoldCounts(ctx context.Context) error {
	for {
		taken, err := InTx(ctx, db, db.foldSome)
		if err != nil {
			return fmt.Errorf("fold counts: %w", err)
		}
		if taken < foldAtOnce {
			return nil
		}
	}
}

func (db *DB) foldSome(ctx context.Context) (taken int, err error) {
	rows, err := db.QueryNow(ctx, takeDeltas, foldAtOnce)
	if err != nil {
		return 0, err
	}
	defer func() { _ = rows.Close() }()
	type total struct {
		tenant uuid.UUID
		name   string
	}
	sums := map[total]int64{}
	for rows.Next() {
		var of total
		var delta int64
		if err := rows.Scan(&of.tenant, &of.name, &delta); err != nil {
			return 0, err
		}
		sums[of] += delta
		taken++
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return 0, err
	}
	for of, sum := range sums {
		if _, err := db.Exec(ctx, addTotal, newID(), of.tenant, of.name, sum); err != nil {
			return 0, err
		}
	}
	return taken, nil
}
