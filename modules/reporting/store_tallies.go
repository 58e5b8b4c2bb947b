package reporting

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/usherhq/usher/internal/id"
)

// holdersNow are who stands anywhere with a license, as the seats say.
const holdersNow = `holders AS (SELECT s.tenant_id, s.license_id, s.user_id, s.state, s.since, s.assigned_at, s.last_used_at AS used_at
	FROM seats s WHERE s.tenant_id = $1 AND s.license_id = ANY(%s) AND s.state <> 'released'%s)`

// holdersThen are who stood anywhere with a license at a moment. The steps of each seat add up to its state, see letter; the last of
// them that took a seat told when it was given. One pass over an index of the ledger that has all of it.
const holdersThen = `steps AS (
	SELECT e.tenant_id, e.license_id, e.user_id, sum({e.now} - {e.was}) AS state, max(e.at) AS since,
		max(e.at) FILTER (WHERE e.was IN ('', 'waiting', 'released') AND e.now NOT IN ('waiting', 'released')) AS assigned_at
	FROM ledger e WHERE e.tenant_id = $1 AND e.license_id = ANY(%[1]s) AND e.at <= %[2]s%[6]s GROUP BY e.tenant_id, e.license_id, e.user_id),
	standing AS (SELECT t.tenant_id, t.license_id, t.user_id, {{t.state}} AS state, t.since, t.assigned_at FROM steps t),
	holders AS %[5]s (SELECT t.tenant_id, t.license_id, t.user_id, t.state, t.since, t.assigned_at, %[4]s AS used_at
	FROM standing t WHERE t.state NOT IN ('', 'released'))`

// reach are the members of some groups as they are now, and those of the groups in them, and so on. UNION ends a circle. It costs what
// is in these groups, over an index of the memberships.
const reach = `reach(id) AS (SELECT w.value FROM unnest(%s::uuid[]) AS w(value)
	UNION SELECT m.member_id FROM reach CROSS JOIN memberships m WHERE m.tenant_id = $1 AND m.group_id = reach.id), `

// usedThen is when somebody had last used the license at a moment. It is looked up once for each holder, however often it is spoken of.
const usedThen = `CASE WHEN t.state IN ('invited', 'activated') THEN (
		SELECT CASE WHEN a.last_at <= %[2]s THEN a.last_at ELSE a.first_at END FROM activity_days a
		WHERE a.tenant_id = $1 AND a.license_id = t.license_id AND a.user_id = t.user_id AND a.day <= %[3]s AND a.first_at <= %[2]s
		ORDER BY a.day DESC LIMIT 1) END`

// holdersOfPast is holdersThen with the letters of states in it.
var holdersOfPast = func() string {
	text := strings.NewReplacer("{e.now}", `COALESCE(ascii(e.now), 0)`, "{e.was}", `COALESCE(ascii(e.was), 0)`).Replace(holdersThen)
	var names strings.Builder
	for _, state := range stateNames {
		fmt.Fprintf(&names, ` WHEN %d THEN '%s'`, letter(state), state)
	}
	return strings.ReplaceAll(text, "{{t.state}}", `CASE t.state`+names.String()+` END`)
}()

// holders writes WITH holders …, who stood where at a moment, and when they had last used it if that is wanted of the past too.
func (q *statement) holders(of []id.ID, at time.Time, past bool, depth Depth) string {
	licenses := q.arg(of)
	with := `WITH `
	within := func(string) string { return `` }
	if q.limited {
		with = `WITH RECURSIVE ` + fmt.Sprintf(reach, q.arg(q.groups))
		within = func(column string) string { return ` AND ` + column + ` IN (SELECT reach.id FROM reach)` }
	}
	if !past {
		return with + fmt.Sprintf(holdersNow, licenses, within(`s.user_id`))
	}
	moment := q.arg(at)
	if depth == SeatsAlone { // without the day, which nothing of the statement would name: PostgreSQL refuses that
		return with + fmt.Sprintf(holdersOfPast, licenses, moment, ``, `NULL::timestamptz`, ``, within(`e.user_id`))
	}
	onDay := q.arg(dayOf(at))
	return with + fmt.Sprintf(holdersOfPast, licenses, moment, onDay, fmt.Sprintf(usedThen, licenses, moment, onDay), `MATERIALIZED`, within(`e.user_id`))
}

// counts writes what is counted of holders h: all, for each window the active and the inactive, and those who never used.
func (q *statement) counts(at time.Time) string {
	var b strings.Builder
	b.WriteString(`count(h.user_id)`)
	for _, days := range Windows {
		begins := q.arg(at.AddDate(0, 0, -days))
		b.WriteString(`, count(h.user_id) FILTER (WHERE ` + active(begins) + `), count(h.user_id) FILTER (WHERE ` + inactive(begins) + `)`)
	}
	b.WriteString(`, count(h.user_id) FILTER (WHERE ` + never + `)`)
	return b.String()
}

const never = `h.state IN ('invited', 'activated') AND h.used_at IS NULL`

func active(begins string) string { return `h.state = 'activated' AND h.used_at > ` + begins }

func inactive(begins string) string {
	return `h.state IN ('invited', 'activated') AND h.assigned_at <= ` + begins +
		` AND (h.state = 'invited' OR h.used_at IS NULL OR h.used_at <= ` + begins + `)`
}

// counted reads what counts has written, behind other columns.
func counted(rows *sql.Rows, t *tally, before ...any) error {
	var state State
	var n, never int64
	var active, inactive [windows]int64
	into := append(slices.Clone(before), &state, &n)
	for i := range windows {
		into = append(into, &active[i], &inactive[i])
	}
	if err := rows.Scan(append(into, &never)...); err != nil {
		return err
	}
	t.add(state, n)
	for i := range windows {
		t.active[i] += active[i]
		t.inactive[i] += inactive[i]
	}
	t.never += never
	return nil
}

// talliesOf counts the seats of licenses holder by holder, with their use: at a moment of the past, or for a reader who sees some of
// the holders alone.
func (s *Service) talliesOf(ctx context.Context, of []license, at time.Time, past bool) (map[id.ID]*tally, error) {
	q, err := begin(ctx)
	if err != nil {
		return nil, err
	}
	depth := WithUse
	if past {
		depth = SeatsAlone
	}
	for _, l := range of {
		if l.firstDay != nil && *l.firstDay <= dayOf(at) {
			depth = WithUse // somebody had used one of them by then
		}
	}
	query := q.holders(idsOf(of), at, past, depth) + ` SELECT h.license_id, h.state, ` + q.counts(at) + ` FROM holders h GROUP BY h.license_id, h.state`
	all := make(map[id.ID]*tally, len(of))
	err = s.each(ctx, "count seats", query, q.args, func(rows *sql.Rows) error {
		var license id.ID
		var one tally
		if err := counted(rows, &one, &license); err != nil {
			return err
		}
		if all[license] == nil {
			all[license] = &tally{}
		}
		all[license].merge(one)
		return nil
	})
	return all, err
}

func (t *tally) merge(other tally) {
	for state, n := range other.states {
		t.add(state, n)
	}
	for i := range windows {
		t.active[i] += other.active[i]
		t.inactive[i] += other.inactive[i]
	}
	t.never += other.never
}

func (s *Service) distinct(ctx context.Context, of []id.ID, at time.Time, past bool) (people, seats int64, err error) {
	q, err := begin(ctx)
	if err != nil {
		return 0, 0, err
	}
	query := q.holders(of, at, past, SeatsAlone) + ` SELECT count(DISTINCT h.user_id), count(h.user_id) FROM holders h WHERE h.tenant_id = $1 AND h.state IN ('invited', 'activated')`
	if err := s.db.QueryRow(ctx, query, q.args...).Scan(&people, &seats); err != nil {
		return 0, 0, fmt.Errorf("count people: %w", err)
	}
	return people, seats, nil
}
