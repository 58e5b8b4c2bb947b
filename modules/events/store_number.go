package events

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

// theHead is the id of the one row that remembers the last number.
var theHead = id.ID{15: 1}

// lockHead takes the row for this transaction, so that two that number do it one after the other.
const (
	makeHead = `INSERT INTO journal_heads (id, last) VALUES ($1, 0) ON CONFLICT (id) DO NOTHING`
	lockHead = `UPDATE journal_heads SET last = last WHERE id = $1 RETURNING last`
	moveHead = `UPDATE journal_heads SET last = last + $2 WHERE id = $1`
)

// Ids grow with time and, within a process, with cause: they are the order of what has been committed since the last time.
const numberEvents = `UPDATE events SET number = $1 + fresh.place
	FROM (SELECT waiting.tenant_id, waiting.id, row_number() OVER (ORDER BY waiting.id) AS place
		FROM (SELECT tenant_id, id FROM events WHERE number IS NULL ORDER BY id LIMIT $2) AS waiting) AS fresh
	WHERE events.tenant_id = fresh.tenant_id AND events.id = fresh.id AND events.number IS NULL
	RETURNING events.tenant_id`

// kept is the name of the kept total of a tenant's numbered events.
const kept = "events"

func (s *Service) numberSome(ctx context.Context) (int, error) {
	last, err := s.head(ctx)
	if err != nil {
		return 0, err
	}
	numbered, err := s.perTenant(ctx, numberEvents, last, atOnce)
	if err != nil || len(numbered) == 0 {
		return 0, err
	}
	total := 0
	for tenant, n := range numbered {
		total += n
		if err := store.AddCountOf(ctx, tenant, kept, int64(n)); err != nil {
			return 0, err
		}
	}
	if _, err := s.db.Exec(ctx, moveHead, theHead, total); err != nil {
		return 0, err
	}
	return total, nil
}

// perTenant writes, and counts the rows of each tenant.
func (s *Service) perTenant(ctx context.Context, query string, args ...any) (map[id.ID]int, error) {
	rows, err := s.db.QueryNow(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	counted := map[id.ID]int{}
	for rows.Next() {
		var tenant id.ID
		if err := rows.Scan(&tenant); err != nil {
			return nil, err
		}
		counted[tenant]++
	}
	return counted, errors.Join(rows.Err(), rows.Close())
}

const anyWaiting = `SELECT 1 FROM events WHERE number IS NULL LIMIT 1`

// someWait looks before anything is locked: most looks find nothing.
func (s *Service) someWait(ctx context.Context) (bool, error) {
	var one int
	err := s.db.QueryRow(ctx, anyWaiting).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

func (s *Service) head(ctx context.Context) (last int64, err error) {
	last, err = s.lockedHead(ctx)
	if !errors.Is(err, sql.ErrNoRows) {
		return last, err
	}
	if _, err := s.db.Exec(ctx, makeHead, theHead); err != nil {
		return 0, fmt.Errorf("make the head of the journal: %w", err)
	}
	return s.lockedHead(ctx)
}

func (s *Service) lockedHead(ctx context.Context) (last int64, err error) {
	rows, err := s.db.QueryNow(ctx, lockHead, theHead)
	if err != nil {
		return 0, err
	}
	defer func() { _ = rows.Close() }()
	if !rows.Next() {
		return 0, errors.Join(rows.Err(), sql.ErrNoRows)
	}
	return last, errors.Join(rows.Scan(&last), rows.Close())
}

const (
	sumKept = `SELECT COALESCE((SELECT SUM(total) FROM counts WHERE name = $1), 0) + COALESCE((SELECT SUM(delta) FROM count_deltas WHERE name = $1), 0)`

	// Totals that differ are corrected by what they differ by, which folding in between does not disturb.
	differences = `SELECT e.tenant_id, e.total - COALESCE((SELECT c.total FROM counts c WHERE c.tenant_id = e.tenant_id AND c.name = $1), 0)
			- COALESCE((SELECT SUM(d.delta) FROM count_deltas d WHERE d.tenant_id = e.tenant_id AND d.name = $1), 0)
		FROM (SELECT tenant_id, count(id) AS total FROM events WHERE number IS NOT NULL GROUP BY tenant_id) AS e`
)

// keptSum adds up the kept totals of all tenants.
func (s *Service) keptSum(ctx context.Context) (sum int64, err error) {
	err = s.db.QueryRow(ctx, sumKept, kept).Scan(&sum)
	return sum, err
}

// countAnew corrects the kept totals. The head of the journal is locked.
func (s *Service) countAnew(ctx context.Context) error {
	rows, err := s.db.Query(ctx, differences, kept)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var tenant id.ID
		var difference int64
		if err := rows.Scan(&tenant, &difference); err != nil {
			return err
		}
		if err := store.AddCountOf(ctx, tenant, kept, difference); err != nil {
			return err
		}
	}
	return errors.Join(rows.Err(), rows.Close())
}
