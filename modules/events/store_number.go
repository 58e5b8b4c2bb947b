package events

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/usherhq/usher/internal/id"
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
	WHERE events.tenant_id = fresh.tenant_id AND events.id = fresh.id AND events.number IS NULL`

func (s *Service) numberSome(ctx context.Context) (int, error) {
	last, err := s.head(ctx)
	if err != nil {
		return 0, err
	}
	numbered, err := s.db.Exec(ctx, numberEvents, last, atOnce)
	if err != nil || numbered == 0 {
		return 0, err
	}
	if _, err := s.db.Exec(ctx, moveHead, theHead, numbered); err != nil {
		return 0, err
	}
	return int(numbered), nil
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
