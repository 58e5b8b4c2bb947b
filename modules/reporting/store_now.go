package reporting

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
	"time"

	"github.com/usherhq/usher/internal/id"
)

// The parts into which seats fall by their last use: after the last window began, between two of them, before the first one, and never.
// Each is a piece of an index, so that no seat is looked at twice and none is read from its table.
const (
	beforeAll = windows
	noUse     = windows + 1
)

// usedWithin tells in SQL whether a seat was last used in a part.
func usedWithin(part int, begins [windows]string) string {
	switch part {
	case 0:
		return `s.last_used_at > ` + begins[0]
	case beforeAll:
		return `s.last_used_at <= ` + begins[windows-1]
	case noUse:
		return `s.last_used_at IS NULL`
	default:
		return `s.last_used_at > ` + begins[part] + ` AND s.last_used_at <= ` + begins[part-1]
	}
}

// talliesNow counts the seats of licenses as they are, with their use, in one statement: what tallies counts of them, over an index alone.
func (s *Service) talliesNow(ctx context.Context, of []license, at time.Time) (map[id.ID]*tally, error) {
	q, err := begin(ctx)
	if err != nil {
		return nil, err
	}
	var begins [windows]string
	var old strings.Builder
	licenses := q.arg(idsOf(of))
	for i, days := range Windows {
		begins[i] = q.arg(at.AddDate(0, 0, -days))
		old.WriteString(`, count(*) FILTER (WHERE s.assigned_at <= ` + begins[i] + `)`)
	}
	from := ` FROM seats s WHERE s.tenant_id = $1 AND s.license_id = ANY(` + licenses + `) AND s.state `
	piece := func(state State, part int) string {
		return `SELECT s.license_id, '` + string(state) + `', ` + strconv.Itoa(part) + `, count(*)` + old.String() + from + `= '` + string(state) + `' AND ` +
			usedWithin(part, begins) + ` GROUP BY s.license_id`
	}
	pieces := []string{`SELECT s.license_id, s.state, ` + strconv.Itoa(noUse) + `, count(*)` + strings.Repeat(`, 0`, windows) + from +
		`IN ('waiting', 'consent_pending', 'paused', 'grace') GROUP BY s.license_id, s.state`}
	for _, state := range []State{Activated, Invited} {
		for part := range noUse + 1 {
			pieces = append(pieces, piece(state, part))
		}
	}
	all := make(map[id.ID]*tally, len(of))
	err = s.each(ctx, "count seats", strings.Join(pieces, ` UNION ALL `), q.args, func(rows *sql.Rows) error {
		var license id.ID
		var state State
		var part int
		var n int64
		var old [windows]int64
		into := []any{&license, &state, &part, &n}
		for i := range old {
			into = append(into, &old[i])
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		if all[license] == nil {
			all[license] = &tally{}
		}
		all[license].addPart(state, part, n, old)
		return nil
	})
	return all, err
}

// addPart adds n seats in a state that were last used in a part; old are those of them that were given before each window began.
func (t *tally) addPart(state State, part int, n int64, old [windows]int64) {
	t.add(state, n)
	if !state.assigned() {
		return
	}
	if part == noUse {
		t.never += n
	}
	for i := range windows {
		switch {
		case state == Activated && part <= i:
			t.active[i] += n
		default:
			t.inactive[i] += old[i]
		}
	}
}
