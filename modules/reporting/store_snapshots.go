package reporting

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

// late is a license with the first day of which a snapshot has to be written.
type late struct {
	of   id.ID
	from Day
}

const lateLicenses = `SELECT l.id, l.created_at, (SELECT max(s.day) FROM snapshots s WHERE s.tenant_id = l.tenant_id AND s.license_id = l.id),
	(SELECT s.figures FROM snapshots s WHERE s.tenant_id = l.tenant_id AND s.license_id = l.id ORDER BY s.day DESC LIMIT 1),
	(SELECT max(a.reported_at) FROM activity_sources a WHERE a.tenant_id = l.tenant_id AND a.license_id = l.id),
	(SELECT min(e.at) FROM ledger e WHERE e.tenant_id = l.tenant_id AND e.license_id = l.id)
	FROM licenses l WHERE l.tenant_id = $1 ORDER BY l.id`

// due returns the licenses of which snapshots are to be written, up to yesterday.
func (s *Service) due(ctx context.Context, yesterday Day, zone *time.Location, now time.Time) ([]late, error) {
	q, err := begin(ctx)
	if err != nil {
		return nil, err
	}
	var all []late
	err = s.each(ctx, "look for missing snapshots", lateLicenses, q.args, func(rows *sql.Rows) error {
		var of id.ID
		var made, reported, first when
		var last, text sql.NullString
		if err := rows.Scan(&of, &made, &last, &text, &reported, &first); err != nil {
			return err
		}
		begins := *made.at
		if first.at != nil && first.at.Before(begins) {
			begins = *first.at
		}
		from := dayAt(begins, zone)
		if last.Valid {
			var f figures
			if err := json.Unmarshal([]byte(text.String), &f); err != nil {
				return err
			}
			next := Day(last.String).plus(1)
			fresh := next > yesterday
			if fresh && (reported.at == nil || !reported.at.After(f.Written) || now.Sub(f.Written) < again) {
				return nil
			}
			from = max(from, min(next, yesterday.plus(1-unsettled)))
		}
		if from <= yesterday {
			all = append(all, late{of: of, from: from})
		}
		return nil
	})
	return all, err
}

// snapshotDays returns the first and the last day of which a license has a snapshot; empty while it has none.
func (s *Service) snapshotDays(ctx context.Context, of id.ID) (first, last Day, err error) {
	q, err := begin(ctx)
	if err != nil {
		return "", "", err
	}
	query := `SELECT min(day), max(day) FROM snapshots WHERE tenant_id = $1 AND license_id = ` + q.arg(of)
	err = s.each(ctx, "look for the days of snapshots", query, q.args, func(rows *sql.Rows) error {
		var least, greatest sql.NullString
		err := rows.Scan(&least, &greatest)
		first, last = Day(least.String), Day(greatest.String)
		return err
	})
	return first, last, err
}

// termsChange is what a license said of itself from a moment on.
type termsChange struct {
	terms

	at time.Time
}

// termsUntil returns how the terms of a license have changed, in order.
func (s *Service) termsUntil(ctx context.Context, of id.ID, until time.Time) ([]termsChange, error) {
	q, err := begin(ctx)
	if err != nil {
		return nil, err
	}
	query := `SELECT e.at, e.data FROM events e WHERE e.tenant_id = $1 AND e.subject_id = ` + q.arg(of) +
		` AND e.kind IN ('license.created', 'license.changed') AND e.at <= ` + q.arg(until) + ` ORDER BY e.at, e.id`
	var all []termsChange
	err = s.each(ctx, "load the changes of a license", query, q.args, func(rows *sql.Rows) error {
		var at when
		var text string
		if err := rows.Scan(&at, &text); err != nil {
			return err
		}
		change := termsChange{at: *at.at}
		if err := json.Unmarshal([]byte(text), &change.terms); err != nil {
			return err
		}
		all = append(all, change)
		return nil
	})
	return all, err
}

// readHolders tells who stood where with a license at a moment, and when everybody last used it, whether she has a seat or not.
func (s *Service) readHolders(ctx context.Context, of id.ID, at time.Time, stand func(user id.ID, state State, assigned, used *time.Time)) error {
	q, err := begin(ctx)
	if err != nil {
		return err
	}
	held, onDay := q.holders([]id.ID{of}, at, true, SeatsAlone), q.arg(dayOf(at))
	query := held + ` SELECT h.user_id, h.state, h.assigned_at, NULL FROM holders h
		UNION ALL SELECT a.user_id, '', NULL, max(CASE WHEN a.last_at <= $3 THEN a.last_at ELSE a.first_at END) FROM activity_days a
		WHERE a.tenant_id = $1 AND a.license_id = ANY($2) AND a.day <= ` + onDay + ` AND a.first_at <= $3 GROUP BY a.user_id`
	type place struct {
		state          State
		assigned, used *time.Time
	}
	places := map[id.ID]place{}
	err = s.each(ctx, "load holders", query, q.args, func(rows *sql.Rows) error {
		var user id.ID
		var state State
		var assigned, used when
		if err := rows.Scan(&user, &state, &assigned, &used); err != nil {
			return err
		}
		p := places[user]
		if state != "" {
			p.state, p.assigned = state, assigned.at
		}
		if used.at != nil {
			p.used = used.at
		}
		places[user] = p
		return nil
	})
	for user, p := range places {
		stand(user, p.state, p.assigned, p.used)
	}
	return err
}

// readSteps returns the steps of licenses after a moment, up to another, in the order in which they happened.
func (s *Service) readSteps(ctx context.Context, of []id.ID, after, until time.Time) ([]step, error) {
	q, err := begin(ctx)
	if err != nil {
		return nil, err
	}
	query := `SELECT e.license_id, e.user_id, e.was, e.now, e.at FROM ledger e WHERE e.tenant_id = $1 AND e.license_id = ANY(` + q.arg(of) +
		`) AND e.at > ` + q.arg(after) + ` AND e.at <= ` + q.arg(until) + ` ORDER BY e.at, e.id`
	var all []step
	err = s.each(ctx, "read the ledger", query, q.args, func(rows *sql.Rows) error {
		var one step
		var at when
		if err := rows.Scan(&one.license, &one.user, &one.was, &one.now, &at); err != nil {
			return err
		}
		one.at = *at.at
		all = append(all, one)
		return nil
	})
	return all, err
}

// readUses returns the use of a license from one day in UTC to another, day by day.
func (s *Service) readUses(ctx context.Context, of id.ID, from, to int64) ([]use, error) {
	q, err := begin(ctx)
	if err != nil {
		return nil, err
	}
	query := `SELECT a.user_id, a.day, a.first_at, a.last_at FROM activity_days a WHERE a.tenant_id = $1 AND a.license_id = ` + q.arg(of) +
		` AND a.day >= ` + q.arg(from) + ` AND a.day <= ` + q.arg(to) + ` ORDER BY a.day`
	var all []use
	err = s.each(ctx, "read the activity", query, q.args, func(rows *sql.Rows) error {
		var one use
		var first, last when
		if err := rows.Scan(&one.user, &one.day, &first, &last); err != nil {
			return err
		}
		one.first, one.last = *first.at, *last.at
		all = append(all, one)
		return nil
	})
	return all, err
}

const upsertSnapshot = `INSERT INTO snapshots (tenant_id, id, license_id, day, figures) VALUES ($1, $2, $3, $4, $5)
	ON CONFLICT (tenant_id, license_id, day) DO UPDATE SET figures = excluded.figures`

func (s *Service) write(ctx context.Context, snapshots []Snapshot) error {
	tenant, err := caller.Tenant(ctx)
	if err != nil {
		return err
	}
	for _, one := range snapshots {
		text, err := json.Marshal(one.figures)
		if err != nil {
			return err
		}
		if err := store.Defer(ctx, store.Stmt{SQL: upsertSnapshot, Args: []any{tenant, id.New(), one.License, string(one.Day), string(text)}}); err != nil {
			return err
		}
	}
	return nil
}

// readSnapshots returns the snapshots of licenses from one day to another, in the order of the days.
func (s *Service) readSnapshots(ctx context.Context, of []id.ID, from, to Day) ([]Snapshot, error) {
	q, err := begin(ctx)
	if err != nil {
		return nil, err
	}
	query := `SELECT p.license_id, p.day, p.figures FROM snapshots p WHERE p.tenant_id = $1 AND p.license_id = ANY(` + q.arg(of) +
		`) AND p.day >= ` + q.arg(string(from)) + ` AND p.day <= ` + q.arg(string(to)) + ` ORDER BY p.license_id, p.day`
	var all []Snapshot
	err = s.each(ctx, "load snapshots", query, q.args, func(rows *sql.Rows) error {
		var one Snapshot
		var text string
		if err := rows.Scan(&one.License, &one.Day, &text); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(text), &one.figures); err != nil {
			return fmt.Errorf("read the snapshot of %s: %w", one.Day, err)
		}
		all = append(all, one)
		return nil
	})
	return all, err
}

// talliesSince counts the seats of licenses at a moment, without their use: the nearest snapshot before it and the steps after that.
// A license without one is counted from its first step on.
func (s *Service) talliesSince(ctx context.Context, of []license, at time.Time) (map[id.ID]*tally, error) {
	all := make(map[id.ID]*tally, len(of))
	since := make(map[id.ID]time.Time, len(of))
	for _, l := range of {
		if l.nearest != nil {
			all[l.ID], since[l.ID] = l.nearest.tally(), l.nearest.Ends
		}
	}
	return all, s.countSteps(ctx, of, since, at, all)
}

// countSteps adds the steps after a moment of each license, up to one of all.
func (s *Service) countSteps(ctx context.Context, of []license, since map[id.ID]time.Time, until time.Time, into map[id.ID]*tally) error {
	q, err := begin(ctx)
	if err != nil {
		return err
	}
	end, pieces := q.arg(until), make([]string, len(of))
	for i, l := range of {
		pieces[i] = `SELECT e.license_id, e.was, e.now, count(e.id) FROM ledger e WHERE e.tenant_id = $1 AND e.license_id = ` + q.arg(l.ID) +
			` AND e.at > ` + q.arg(since[l.ID]) + ` AND e.at <= ` + end + ` GROUP BY e.license_id, e.was, e.now`
	}
	return s.each(ctx, "count steps", strings.Join(pieces, ` UNION ALL `), q.args, func(rows *sql.Rows) error {
		var of id.ID
		var was, now State
		var n int64
		if err := rows.Scan(&of, &was, &now, &n); err != nil {
			return err
		}
		if into[of] == nil {
			into[of] = &tally{}
		}
		into[of].add(now, n)
		into[of].add(was, -n)
		return nil
	})
}
