package reporting

import (
	"context"
	"database/sql"
	"time"

	"github.com/usherhq/usher/internal/id"
)

// Kinds of steps that are counted.
const (
	stepGiven     = "given"
	stepFreed     = "freed"
	stepSeated    = "seated"    // somebody who waited or was asked got a seat that lets her in
	stepRecovered = "recovered" // a seat was taken back
	stepLeft      = "left"      // a leaver's seat, kept in grace until now, was freed
	stepLeftNow   = "left_now"  // a leaver's seat was freed at once
	stepSeatedNow = "seated_now"
)

// takesIn tells in SQL whether a state takes a seat.
func takesIn(column string) string { return column + ` NOT IN ('', 'waiting', 'released')` }

// What a step is, in SQL. A leaver is somebody who was deactivated, was deleted, or whose configuration let go of her.
var (
	givenStep     = `NOT ` + paren(takesIn(`e.was`)) + ` AND ` + takesIn(`e.now`)
	freedStep     = takesIn(`e.was`) + ` AND NOT ` + paren(takesIn(`e.now`))
	seatedNowStep = `e.was IN ('', 'released') AND e.now = 'invited'`
	seatedStep    = `e.was IN ('waiting', 'consent_pending') AND e.now = 'invited'`
	leftNowStep   = `e.was IN ('consent_pending', 'invited', 'activated', 'paused') AND e.now = 'released' AND e.cause IN ('deactivated', 'deleted', 'left')`
	leftStep      = `e.was = 'grace' AND e.now = 'released'`
	recoveredStep = `e.was = 'paused' AND e.now = 'released' AND e.cause LIKE 'reclaimed: %'`
)

func paren(condition string) string { return `(` + condition + `)` }

// readFlows reads the steps of licenses in a period: what can be counted is counted, and what took time comes row by row with when it began.
func (s *Service) readFlows(ctx context.Context, of []id.ID, since, until time.Time) (map[id.ID]*passed, error) {
	q, err := begin(ctx)
	if err != nil {
		return nil, err
	}
	within := ` FROM ledger e WHERE e.tenant_id = $1 AND e.license_id = ANY(` + q.arg(of) + `) AND e.at > ` + q.arg(since) + ` AND e.at <= ` + q.arg(until)
	one := func(kind, condition, began string) string {
		return ` UNION ALL SELECT '` + kind + `', e.license_id, 1, e.at, ` + began + within + ` AND ` + condition
	}
	count := func(kind, condition string) string {
		return `SELECT '` + kind + `' AS kind, e.license_id, count(e.id) AS n, max(e.at) AS at, max(e.at) AS began` + within + ` AND ` + condition + ` GROUP BY e.license_id`
	}
	query := count(stepGiven, givenStep) + ` UNION ALL ` + count(stepFreed, freedStep) + ` UNION ALL ` + count(stepSeatedNow, seatedNowStep) +
		` UNION ALL ` + count(stepLeftNow, leftNowStep) + one(stepSeated, seatedStep, beganWith(`b.was IN ('', 'released')`)) +
		one(stepLeft, leftStep, beganWith(`b.now = 'grace'`)) + one(stepRecovered, recoveredStep, `e.at`)
	all := make(map[id.ID]*passed, len(of))
	err = s.each(ctx, "read the flow of seats", query, q.args, func(rows *sql.Rows) error {
		var kind string
		var license id.ID
		var n int64
		var at, began when
		if err := rows.Scan(&kind, &license, &n, &at, &began); err != nil {
			return err
		}
		if all[license] == nil {
			all[license] = &passed{}
		}
		all[license].take(kind, n, at.at, began.at)
		return nil
	})
	return all, err
}

func (p *passed) take(kind string, n int64, at, began *time.Time) {
	took := func() time.Duration {
		if at == nil || began == nil {
			return 0
		}
		return at.Sub(*began)
	}
	switch kind {
	case stepGiven:
		p.assigned += n
	case stepFreed:
		p.removed += n
	case stepSeatedNow:
		p.atOnce += n
	case stepLeftNow:
		p.freedAtOnce += n
	case stepSeated:
		p.waited = append(p.waited, took())
	case stepLeft:
		p.kept = append(p.kept, took())
	case stepRecovered:
		p.recovered = append(p.recovered, *at)
	}
}
