package reporting

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/usherhq/usher/internal/id"
)

// move says in SQL which steps e a figure counts, and of those that took time how each began.
type move struct {
	counted string
	began   string // '' where nothing takes time
}

var moves = map[MoveFigure]move{
	MovesIn:   {counted: givenStep},
	MovesOut:  {counted: freedStep},
	MovesBack: {counted: recoveredStep},
	MovesSeated: {
		counted: paren(seatedNowStep) + ` OR ` + paren(seatedStep),
		began:   `CASE WHEN ` + seatedNowStep + ` THEN e.at ELSE ` + beganWith(`b.was IN ('', 'released')`) + ` END`,
	},
	MovesRecovered: {
		counted: paren(leftNowStep) + ` OR ` + paren(leftStep),
		began:   `CASE WHEN ` + leftNowStep + ` THEN e.at ELSE ` + beganWith(`b.now = 'grace'`) + ` END`,
	},
}

// beganWith finds the last step b before e, or e itself, that meets a condition.
func beganWith(condition string) string {
	return `(SELECT max(b.at) FROM ledger b WHERE b.tenant_id = $1 AND b.license_id = e.license_id AND b.user_id = e.user_id AND b.at <= e.at AND ` + condition + `)`
}

// within writes the steps e of a figure in a period, FROM on.
func (q *statement) within(figure MoveFigure, license string, since, until time.Time) string {
	return ` FROM ledger e LEFT JOIN users u ON u.tenant_id = e.tenant_id AND u.id = e.user_id WHERE e.tenant_id = $1 AND e.license_id = ` + license +
		` AND e.at > ` + q.arg(since) + ` AND e.at <= ` + q.arg(until) + ` AND ` + paren(moves[figure].counted)
}

// readMoves reads a page of each license, each from the index of its ledger by time.
func (s *Service) readMoves(ctx context.Context, of []id.ID, figure MoveFigure, since, until time.Time, from mark) (map[id.ID][]Move, error) {
	q, err := begin(ctx)
	if err != nil {
		return nil, err
	}
	compare, direction := toward(from.downwards)
	began := moves[figure].began
	if began == `` {
		began = `NULL::timestamptz`
	}
	limit, pieces := q.arg(from.limit), make([]string, len(of))
	for i, license := range of {
		rows := q.within(figure, q.arg(license), since, until)
		if from.of != nil {
			at, step := q.arg(from.at), q.arg(*from.of)
			rows += ` AND (e.at` + compare + at + ` OR e.at = ` + at + ` AND e.id` + compare + step + `)`
		}
		pieces[i] = `SELECT p.license_id, p.id, p.user_id, p.was, p.now, p.cause, p.event_id, p.at, p.began, p.user_name FROM (
			SELECT e.tenant_id, e.license_id, e.id, e.user_id, e.was, e.now, e.cause, e.event_id, e.at, ` + began + ` AS began, u.user_name` + rows +
			` ORDER BY e.at` + direction + `, e.id` + direction + ` LIMIT ` + limit + `) p`
	}
	query := strings.Join(pieces, ` UNION ALL `) + ` ORDER BY license_id, at` + direction + `, id` + direction
	all := make(map[id.ID][]Move, len(of))
	err = s.each(ctx, "list the steps of a flow", query, q.args, func(rows *sql.Rows) error {
		var m Move
		var at, began when
		if err := rows.Scan(&m.License, &m.ID, &m.User, &m.Was, &m.Now, &m.Cause, &m.Event, &at, &began, &m.UserName); err != nil {
			return err
		}
		m.At = *at.at
		if began.at != nil {
			took := m.At.Sub(*began.at)
			m.Took = &took
		}
		all[m.License] = append(all[m.License], m)
		return nil
	})
	return all, err
}

func (s *Service) countMoves(ctx context.Context, of []id.ID, figure MoveFigure, since, until time.Time) (map[id.ID]int64, error) {
	q, err := begin(ctx)
	if err != nil {
		return nil, err
	}
	query := `SELECT e.license_id, count(e.id)` + q.within(figure, `ANY(`+q.arg(of)+`)`, since, until) + ` GROUP BY e.license_id`
	counts := make(map[id.ID]int64, len(of))
	err = s.each(ctx, "count the steps of a flow", query, q.args, func(rows *sql.Rows) error {
		var license id.ID
		var n int64
		err := rows.Scan(&license, &n)
		counts[license] = n
		return err
	})
	return counts, err
}
