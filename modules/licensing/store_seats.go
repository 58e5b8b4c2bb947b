package licensing

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

const seatColumns = `id, license_id, user_id, state, priority, position, since, activated_at, valid_until, resume, waiting_since, assigned_at,
	last_used_at, noticed_at, reclaim_reason`

// scanSeat reads seatColumns and whatever columns follow them.
func scanSeat(from row, more ...any) (Seat, error) {
	var s Seat
	into := []any{&s.ID, &s.License, &s.User, &s.State, &s.Priority, &s.Position, &s.Since, &s.ActivatedAt, &s.ValidUntil, &s.Resume,
		&s.WaitingSince, &s.AssignedAt, &s.LastUsedAt, &s.NoticedAt, &s.ReclaimReason}
	err := from.Scan(append(into, more...)...)
	s.Since = s.Since.UTC()
	return s, err
}

// find returns the person's seat row of the license, whatever its state.
func (s *Service) find(ctx context.Context, license, user id.ID) (Seat, bool, error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return Seat{}, false, err
	}
	rows, err := s.db.QueryNow(ctx, `SELECT `+seatColumns+` FROM seats WHERE tenant_id = $1 AND license_id = $2 AND user_id = $3`, tenant, license, user)
	if err != nil {
		return Seat{}, false, fmt.Errorf("find seat: %w", err)
	}
	defer func() { _ = rows.Close() }()
	if !rows.Next() {
		return Seat{}, false, rows.Err()
	}
	seat, err := scanSeat(rows)
	if err != nil {
		return Seat{}, false, fmt.Errorf("find seat: %w", err)
	}
	return seat, true, rows.Close()
}

func (s *Service) seat(ctx context.Context, license, user id.ID) (Seat, error) {
	seat, found, err := s.find(ctx, license, user)
	if err == nil && !found {
		return Seat{}, ErrNoSeatHeld
	}
	return seat, err
}

func (s *Service) firstInLine(ctx context.Context, license id.ID) (Seat, error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return Seat{}, err
	}
	rows, err := s.db.QueryNow(ctx, `SELECT `+seatColumns+` FROM seats WHERE tenant_id = $1 AND license_id = $2 AND state = 'waiting'
		ORDER BY priority DESC, position LIMIT 1`, tenant, license)
	if err != nil {
		return Seat{}, fmt.Errorf("find the first in line: %w", err)
	}
	defer func() { _ = rows.Close() }()
	if !rows.Next() {
		return Seat{}, errors.Join(errCountsDiffer, rows.Err())
	}
	seat, err := scanSeat(rows)
	if err != nil {
		return Seat{}, fmt.Errorf("find the first in line: %w", err)
	}
	return seat, rows.Close()
}

const (
	insertSeat = `INSERT INTO seats (tenant_id, id, license_id, user_id, state, priority, position, since, activated_at, valid_until, created_at,
		resume, waiting_since, assigned_at, last_used_at, noticed_at, reclaim_reason)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $8, $11, $12, $13, $14, $15, $16)`
	updateSeat = `UPDATE seats SET state = $5, priority = $6, position = $7, since = $8, activated_at = $9, valid_until = $10,
		resume = $11, waiting_since = $12, assigned_at = $13, last_used_at = $14, noticed_at = $15, reclaim_reason = $16
		WHERE tenant_id = $1 AND id = $2 AND license_id = $3 AND user_id = $4`
)

func saveSeat(ctx context.Context, seat Seat, isNew bool) error {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return err
	}
	query := updateSeat
	if isNew {
		query = insertSeat
	}
	return store.Defer(ctx, store.Stmt{SQL: query, Rows: 1, Args: []any{
		tenant, seat.ID, seat.License, seat.User, string(seat.State), seat.Priority, seat.Position, seat.Since, moment(seat.ActivatedAt),
		moment(seat.ValidUntil), string(seat.Resume), moment(seat.WaitingSince), moment(seat.AssignedAt), moment(seat.LastUsedAt),
		moment(seat.NoticedAt), seat.ReclaimReason,
	}})
}

func (s *Service) insertLedger(ctx context.Context, seat Seat, was State, cause string, event id.ID) error {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return err
	}
	return store.Defer(ctx, store.Stmt{
		SQL: `INSERT INTO ledger (tenant_id, id, license_id, user_id, was, now, cause, event_id, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		Args: []any{
			tenant, id.New(), seat.License, seat.User, string(was), string(seat.State), cause, event, seat.Since,
		},
	})
}

const insertClaimSQL = `INSERT INTO claims (tenant_id, id, license_id, user_id, reason, reason_id, since, priority) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`

func (s *Service) insertClaim(ctx context.Context, c Claim) error {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return err
	}
	_, err = s.db.Exec(ctx, insertClaimSQL+` ON CONFLICT (tenant_id, user_id, license_id, reason, reason_id) DO UPDATE SET priority = excluded.priority`,
		tenant, id.New(), c.License, c.User, c.Reason, c.ReasonID, c.Since, c.Priority)
	if store.ForeignKey(err) {
		return ErrUserNotFound
	}
	if err != nil {
		return fmt.Errorf("insert claim: %w", err)
	}
	return nil
}

// greatestPriority returns the greatest priority of a person's claims on a license.
func (s *Service) greatestPriority(ctx context.Context, license, user id.ID) (priority int, err error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return 0, err
	}
	rows, err := s.db.QueryNow(ctx, `SELECT COALESCE(max(priority), 0) FROM claims WHERE tenant_id = $1 AND user_id = $2 AND license_id = $3`, tenant, user, license)
	if err != nil {
		return 0, fmt.Errorf("read priorities: %w", err)
	}
	defer func() { _ = rows.Close() }()
	if rows.Next() {
		err = rows.Scan(&priority)
	}
	return priority, errors.Join(err, rows.Err(), rows.Close())
}

func deferClaim(ctx context.Context, c Claim) error {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return err
	}
	return store.Defer(ctx, store.Stmt{SQL: insertClaimSQL, Args: []any{tenant, id.New(), c.License, c.User, c.Reason, c.ReasonID, c.Since, c.Priority}})
}

const otherClaims = `(SELECT count(c.id) FROM claims c WHERE c.tenant_id = $1 AND c.user_id = $3 AND c.license_id = $2
	AND NOT (c.reason = $4 AND c.reason_id = $5))`

// standing returns the seat of who has a claim, without an id where there is none, and how many other claims she has.
func (s *Service) standing(ctx context.Context, c Claim) (seat Seat, others int64, err error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return Seat{}, 0, err
	}
	rows, err := s.db.QueryNow(ctx, `SELECT `+seatColumns+`, `+otherClaims+` FROM seats WHERE tenant_id = $1 AND license_id = $2 AND user_id = $3`,
		tenant, c.License, c.User, c.Reason, c.ReasonID)
	if err != nil {
		return Seat{}, 0, fmt.Errorf("find seat: %w", err)
	}
	defer func() { _ = rows.Close() }()
	if rows.Next() {
		if seat, err = scanSeat(rows, &others); err != nil {
			return Seat{}, 0, fmt.Errorf("find seat: %w", err)
		}
	}
	return seat, others, errors.Join(rows.Err(), rows.Close())
}

func deleteClaim(ctx context.Context, c Claim) error {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return err
	}
	return store.Defer(ctx, store.Stmt{
		SQL:  `DELETE FROM claims WHERE tenant_id = $1 AND user_id = $2 AND license_id = $3 AND reason = $4 AND reason_id = $5`,
		Args: []any{tenant, c.User, c.License, c.Reason, c.ReasonID},
	})
}

func (s *Service) deleteClaims(ctx context.Context, license, user id.ID) error {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return err
	}
	if _, err := s.db.Exec(ctx, `DELETE FROM claims WHERE tenant_id = $1 AND user_id = $2 AND license_id = $3`, tenant, user, license); err != nil {
		return fmt.Errorf("end claims: %w", err)
	}
	return nil
}

func scanClaim(from row) (Claim, error) {
	var c Claim
	err := from.Scan(&c.License, &c.User, &c.Reason, &c.ReasonID, &c.Since, &c.Priority)
	c.Since = c.Since.UTC()
	return c, err
}

// claimsOf returns a person's claims: those of one configuration, or with id.Nil all.
func (s *Service) claimsOf(ctx context.Context, user, config id.ID) ([]Claim, error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return nil, err
	}
	query, args := `SELECT license_id, user_id, reason, reason_id, since, priority FROM claims WHERE tenant_id = $1 AND user_id = $2`, []any{tenant, user}
	if config != id.Nil {
		query += ` AND reason IN ('configuration', 'requested') AND reason_id = $3`
		args = append(args, config)
	}
	claims, err := many(ctx, s, scanClaim, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read claims: %w", err)
	}
	return claims, nil
}

func loadAssigned(ctx context.Context, db *store.DB, config id.ID) (found assigned, err error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return assigned{}, err
	}
	err = db.QueryRow(ctx, `SELECT license_id, priority FROM rules WHERE tenant_id = $1 AND kind = 'auto_assign' AND source_id = $2`,
		tenant, config).Scan(&found.license, &found.priority)
	if errors.Is(err, sql.ErrNoRows) {
		return assigned{}, nil
	}
	if err != nil {
		return assigned{}, fmt.Errorf("load rule: %w", err)
	}
	return found, nil
}

func (s *Service) saveRule(ctx context.Context, config id.ID, license *id.ID, priority int) error {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return err
	}
	if _, err := s.db.Exec(ctx, `DELETE FROM rules WHERE tenant_id = $1 AND kind = 'auto_assign' AND source_id = $2`, tenant, config); err != nil {
		return fmt.Errorf("clear rule: %w", err)
	}
	if license == nil {
		return nil
	}
	now := s.clock()
	if _, err := s.db.Exec(ctx, `INSERT INTO rules (tenant_id, id, license_id, kind, source_id, priority, definition, version, created_at, updated_at)
		VALUES ($1, $2, $3, 'auto_assign', $4, $6, '{}', 1, $5, $5)`, tenant, id.New(), *license, config, now, priority); err != nil {
		return fmt.Errorf("save rule: %w", err)
	}
	return nil
}
