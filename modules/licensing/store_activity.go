package licensing

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

// dayKey is a person's day; usedDay is when she has used a license on it.
type (
	dayKey struct {
		user id.ID
		day  int64
	}
	usedDay struct{ first, last time.Time }
)

// ensureSource returns the id of a source of a license, and makes it when it is new.
func (s *Service) ensureSource(ctx context.Context, license id.ID, source Source) (of id.ID, err error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return id.Nil, err
	}
	key := keyOf(source.Name)
	err = store.Do(ctx, s.db, func(ctx context.Context) error {
		_, err := s.db.Exec(ctx, `INSERT INTO activity_sources (tenant_id, id, name, name_key, license_id, lag_hours, silent_hours, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (tenant_id, license_id, name_key) DO NOTHING`,
			tenant, id.New(), source.Name, key, license, source.LagHours, source.SilentHours, s.clock())
		if err != nil {
			return err
		}
		return s.db.QueryRow(ctx, `SELECT id FROM activity_sources WHERE tenant_id = $1 AND license_id = $2 AND name_key = $3`, tenant, license, key).Scan(&of)
	})
	if err != nil {
		return id.Nil, fmt.Errorf("keep a source of activity: %w", err)
	}
	return of, nil
}

// sourceReported keeps that a source has told a whole batch.
func (s *Service) sourceReported(ctx context.Context, license, of id.ID, source Source) error {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return err
	}
	err = store.Do(ctx, s.db, func(ctx context.Context) error {
		_, err := s.db.Exec(ctx, `UPDATE activity_sources SET reported_at = $4, lag_hours = $5, silent_hours = $6
			WHERE tenant_id = $1 AND license_id = $2 AND id = $3`, tenant, license, of, s.clock(), source.LagHours, source.SilentHours)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep a source of activity: %w", err)
	}
	return nil
}

// Sources returns where news of the use of some licenses comes from, by license.
func (s *Service) Sources(ctx context.Context, licenses []id.ID) (map[id.ID][]Source, error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return nil, err
	}
	found := map[id.ID][]Source{}
	_, err = many(ctx, s, func(from row) (struct{}, error) {
		var license id.ID
		var one Source
		err := from.Scan(&license, &one.Name, &one.LagHours, &one.SilentHours, &one.ReportedAt)
		found[license] = append(found[license], one)
		return struct{}{}, err
	}, `SELECT license_id, name, lag_hours, silent_hours, reported_at FROM activity_sources WHERE tenant_id = $1 AND license_id = ANY($2)
		ORDER BY license_id, name_key`, tenant, licenses)
	if err != nil {
		return nil, fmt.Errorf("read the sources of activity: %w", err)
	}
	return found, nil
}

// daysOf returns what is known of the days that some rows are about.
func (s *Service) daysOf(ctx context.Context, license id.ID, told []toldUse) (map[dayKey]usedDay, error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return nil, err
	}
	users, first, last := make([]id.ID, len(told)), told[0].day, told[0].day
	for i, u := range told {
		users[i], first, last = u.user, min(first, u.day), max(last, u.day)
	}
	known := map[dayKey]usedDay{}
	_, err = many(ctx, s, func(from row) (struct{}, error) {
		var key dayKey
		var day usedDay
		err := from.Scan(&key.user, &key.day, &day.first, &day.last)
		known[key] = day
		return struct{}{}, err
	}, `SELECT user_id, day, first_at, last_at FROM activity_days WHERE tenant_id = $1 AND license_id = $2 AND user_id = ANY($3)
		AND day >= $4 AND day <= $5`, tenant, license, users, first, last)
	if err != nil {
		return nil, fmt.Errorf("read activity: %w", err)
	}
	return known, nil
}

// daysAtOnce is how many rows one statement writes.
const daysAtOnce = 50

// saveDays writes days that have changed. The license is locked: nobody else writes them meanwhile.
func (s *Service) saveDays(ctx context.Context, license, source id.ID, days map[dayKey]usedDay) error {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return err
	}
	args, rows := []any{tenant, license, source}, []string{}
	write := func() error {
		if len(rows) == 0 {
			return nil
		}
		_, err := s.db.Exec(ctx, `INSERT INTO activity_days (tenant_id, license_id, source_id, user_id, day, first_at, last_at) VALUES `+strings.Join(rows, ", ")+
			` ON CONFLICT (tenant_id, license_id, user_id, day) DO UPDATE SET first_at = excluded.first_at, last_at = excluded.last_at, source_id = excluded.source_id`, args...)
		args, rows = args[:3:3], nil
		return err
	}
	for key, day := range days {
		n := len(args)
		place := func(i int) string { return "$" + strconv.Itoa(n+i) }
		rows = append(rows, "($1, $2, $3, "+place(1)+"::uuid, "+place(2)+", "+place(3)+", "+place(4)+")")
		args = append(args, key.user, key.day, day.first, day.last)
		if len(rows) == daysAtOnce {
			if err := write(); err != nil {
				return fmt.Errorf("keep activity: %w", err)
			}
		}
	}
	if err := write(); err != nil {
		return fmt.Errorf("keep activity: %w", err)
	}
	return nil
}

// unusedSeats returns some seats that nobody has used for as long as the license's policy says, those after a person in the order of
// their holders.
func (s *Service) unusedSeats(ctx context.Context, l License, after id.ID, limit int) ([]Seat, error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return nil, err
	}
	now := s.clock()
	cut := func(days int64) time.Time {
		if days == 0 {
			days = 1000 * 366 // nobody has a seat for so long
		}
		return now.AddDate(0, 0, -int(days))
	}
	seats, err := many(ctx, s, plainSeat, `SELECT `+seatColumns+` FROM seats WHERE tenant_id = $1 AND license_id = $2 AND user_id > $3
		AND (state = 'activated' AND assigned_at <= $4 AND COALESCE(last_used_at, assigned_at) <= $4 AND COALESCE(activated_at, assigned_at) <= $4
			AND (noticed_at IS NULL OR reclaim_reason = 'kept' AND noticed_at <= $4)
		OR state = 'invited' AND assigned_at <= $5 AND COALESCE(last_used_at, assigned_at) <= $5
			AND (noticed_at IS NULL OR reclaim_reason = 'kept' AND noticed_at <= $5))
		ORDER BY user_id LIMIT $6`, tenant, l.ID, after, cut(l.Reclaim.IdleDays), cut(l.Reclaim.InvitedDays), limit)
	if err != nil {
		return nil, fmt.Errorf("look for unused seats: %w", err)
	}
	return seats, nil
}

// noticedSeats returns the seats of a license with which the next step of taking back is due.
func (s *Service) noticedSeats(ctx context.Context, l License, now time.Time) ([]Seat, error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return nil, err
	}
	seats, err := many(ctx, s, plainSeat, `SELECT `+seatColumns+` FROM seats WHERE tenant_id = $1 AND license_id = $2 AND reclaim_reason <> 'kept'
		AND (state = 'paused' AND valid_until <= $3 OR state IN ('invited', 'activated') AND noticed_at <= $4) ORDER BY user_id`,
		tenant, l.ID, now, now.AddDate(0, 0, -int(l.Reclaim.NoticeDays)))
	if err != nil {
		return nil, fmt.Errorf("look for noticed seats: %w", err)
	}
	return seats, nil
}
