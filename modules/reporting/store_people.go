package reporting

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/usherhq/usher/internal/id"
)

// nobody is a condition that holds for no one.
const nobody = `FALSE`

// Why a seat of holder h is reclaimable, in SQL.
type reasons struct{ idle, invited, left string }

func (q *statement) reasons(u Utilization) reasons {
	r := reasons{idle: nobody}
	r.invited = `h.state = 'invited' AND h.assigned_at <= ` + q.arg(u.At.AddDate(0, 0, -u.invitedDays()))
	if u.of.known(u.At, u.idleDays()) {
		begins := q.arg(u.At.AddDate(0, 0, -u.idleDays()))
		r.idle = `h.state = 'activated' AND ` + inactive(begins)
		r.invited = `h.state = 'invited' AND (h.assigned_at <= ` + begins + ` OR ` + r.invited + `)`
	}
	r.left = `h.state IN ('invited', 'activated', 'paused', 'grace') AND (u.id IS NULL OR NOT u.active)`
	return r
}

func (r reasons) any() string { return `(` + r.idle + `) OR (` + r.invited + `) OR (` + r.left + `)` }

// exempt writes who keeps her seat, whatever the reasons: the direct members of some groups.
func (q *statement) exempt(u Utilization) string {
	if len(u.of.reclaim.ExemptGroups) == 0 {
		return ``
	}
	return ` AND NOT EXISTS (SELECT 1 FROM memberships x WHERE x.tenant_id = $1 AND x.member_id = h.user_id AND x.group_id = ANY(` +
		q.arg(u.of.reclaim.ExemptGroups) + `))`
}

// wanted writes which holders h a list takes of a license; reasons are those of reclaimable seats.
func (q *statement) wanted(u Utilization, l Listing, license string) (condition string, r reasons) {
	r = reasons{idle: nobody, invited: nobody, left: nobody}
	states := plainStates[l.Figure]
	switch {
	case l.Figure == OfActive:
		condition = active(q.arg(u.At.AddDate(0, 0, -l.Days)))
	case l.Figure == OfInactive:
		condition = inactive(q.arg(u.At.AddDate(0, 0, -l.Days)))
	case l.Figure == OfNeverUsed:
		condition = never
	case len(states) == 0:
		r = q.reasons(u)
		condition = `(` + r.any() + `)` + q.exempt(u)
	default:
		names := make([]string, len(states))
		for i, state := range states {
			names[i] = `'` + string(state) + `'`
		}
		condition = `h.state IN (` + strings.Join(names, `, `) + `)`
	}
	return `h.license_id = ` + license + ` AND ` + condition, r
}

// narrowed writes a filter of holders h.
func (q *statement) narrowed(f Filter) string {
	var b strings.Builder
	if f.Group != nil {
		b.WriteString(` AND EXISTS (SELECT 1 FROM memberships m WHERE m.tenant_id = $1 AND m.group_id = ` + q.arg(*f.Group) + ` AND m.member_id = h.user_id)`)
	}
	if f.Config != nil {
		b.WriteString(` AND EXISTS (SELECT 1 FROM links k WHERE k.tenant_id = $1 AND k.user_id = h.user_id AND k.scim_config_id = ` + q.arg(*f.Config) +
			` AND k.ended_at IS NULL)`)
	}
	if f.Department != nil {
		b.WriteString(` AND COALESCE(u.department, '') = ` + q.arg(*f.Department))
	}
	if f.Manager != nil {
		b.WriteString(` AND COALESCE(u.manager, '') = ` + q.arg(*f.Manager))
	}
	return b.String()
}

// rows writes the rows of a list, FROM on, with the reasons of each license in a column of its own.
func (q *statement) rows(of []Utilization, l Listing) (columns, from string) {
	var conditions, idle, invited, left []string
	for _, u := range of {
		license := q.arg(u.License)
		condition, r := q.wanted(u, l, license)
		conditions = append(conditions, `(`+condition+`)`)
		own := ` WHEN h.license_id = ` + license + ` THEN `
		idle, invited, left = append(idle, own+flag(r.idle)), append(invited, own+flag(r.invited)), append(left, own+flag(r.left))
	}
	choose := func(of []string) string { return `CASE` + strings.Join(of, ``) + ` ELSE 0 END` }
	columns = choose(idle) + ` AS idle, ` + choose(invited) + ` AS not_activated, ` + choose(left) + ` AS gone`
	from = ` FROM holders h LEFT JOIN users u ON u.tenant_id = $1 AND u.id = h.user_id WHERE (` + strings.Join(conditions, ` OR `) + `)` + q.narrowed(l.Filter)
	return columns, from
}

func flag(condition string) string { return `(CASE WHEN ` + condition + ` THEN 1 ELSE 0 END)` }

// orders are what lists go by. Who has no such moment stands where time begins.
var orders = map[OrderField]string{
	BySince: `h.since`, ByAssigned: `COALESCE(h.assigned_at, {none}::timestamptz)`, ByLastUse: `COALESCE(h.used_at, {none}::timestamptz)`,
}

// timeBegins stands for a moment that never was, in orders.
var timeBegins = time.Unix(0, 0).UTC()

func (s *Service) readHoldersOf(ctx context.Context, of []Utilization, l Listing, from place) (map[id.ID][]Holder, error) {
	q, err := begin(ctx)
	if err != nil {
		return nil, err
	}
	query := q.holders(licensesOf(of), of[0].At, of[0].Past, WithUse)
	columns, rows := q.rows(of, l)
	key := orders[l.Order.field()]
	if strings.Contains(key, `{none}`) {
		key = strings.ReplaceAll(key, `{none}`, q.arg(timeBegins))
	}
	compare, direction := toward(from.downwards)
	order := `h.user_id` + direction
	if key != `` {
		order = key + direction + `, ` + order
	}
	if from.user != nil {
		user := q.arg(*from.user)
		if key == `` {
			rows += ` AND h.user_id` + compare + user
		} else {
			at := q.arg(from.at)
			rows += ` AND (` + key + compare + at + ` OR ` + key + ` = ` + at + ` AND h.user_id` + compare + user + `)`
		}
	}
	query += ` SELECT r.license_id, r.user_id, r.state, r.since, r.assigned_at, r.used_at, r.user_name, r.display_name, r.department,
		r.idle, r.not_activated, r.gone FROM (
		SELECT h.tenant_id, h.license_id, h.user_id, h.state, h.since, h.assigned_at, h.used_at, u.user_name, u.display_name, u.department, ` + columns + `,
		row_number() OVER (PARTITION BY h.license_id ORDER BY ` + order + `) AS place` + rows + `) r WHERE r.place <= ` + q.arg(from.limit) +
		` ORDER BY r.license_id, r.place`
	found := make(map[id.ID][]Holder, len(of))
	err = s.each(ctx, "list holders", query, q.args, func(rows *sql.Rows) error {
		h, err := scanHolder(rows, l.Order.field())
		found[h.License] = append(found[h.License], h)
		return err
	})
	return found, err
}

func scanHolder(rows *sql.Rows, order OrderField) (Holder, error) {
	var h Holder
	var since, assigned, used when
	var idle, invited, left int
	if err := rows.Scan(&h.License, &h.User, &h.State, &since, &assigned, &used, &h.UserName, &h.DisplayName, &h.Department, &idle, &invited, &left); err != nil {
		return h, err
	}
	h.AssignedAt, h.LastUsedAt, h.place = assigned.at, used.at, timeBegins
	if since.at != nil {
		h.Since = *since.at
	}
	if by := map[OrderField]*time.Time{BySince: since.at, ByAssigned: assigned.at, ByLastUse: used.at}[order]; by != nil {
		h.place = *by
	}
	for _, r := range []struct {
		is   int
		name string
	}{{idle, ReasonIdle}, {invited, ReasonNeverActivated}, {left, ReasonLeft}} {
		if r.is == 1 {
			h.Reasons = append(h.Reasons, r.name)
		}
	}
	return h, nil
}

func (s *Service) countHolders(ctx context.Context, of []Utilization, l Listing) (map[id.ID]int64, error) {
	q, err := begin(ctx)
	if err != nil {
		return nil, err
	}
	query := q.holders(licensesOf(of), of[0].At, of[0].Past, WithUse)
	_, rows := q.rows(of, l)
	counts := make(map[id.ID]int64, len(of))
	err = s.each(ctx, "count holders", query+` SELECT h.license_id, count(h.user_id)`+rows+` GROUP BY h.license_id`, q.args, func(rows *sql.Rows) error {
		var license id.ID
		var n int64
		err := rows.Scan(&license, &n)
		counts[license] = n
		return err
	})
	return counts, err
}

func (s *Service) countReclaimable(ctx context.Context, of []Utilization) (map[id.ID]Reclaimable, error) {
	q, err := begin(ctx)
	if err != nil {
		return nil, err
	}
	query := q.holders(licensesOf(of), of[0].At, of[0].Past, WithUse)
	columns, rows := q.rows(of, Listing{Figure: OfReclaimable})
	query += ` SELECT r.license_id, count(r.user_id), sum(r.idle), sum(r.not_activated), sum(r.gone) FROM (SELECT h.tenant_id, h.license_id, h.user_id, ` +
		columns + rows + `) r GROUP BY r.license_id`
	all := make(map[id.ID]Reclaimable, len(of))
	for _, u := range of {
		all[u.License] = Reclaimable{IdleDays: u.idleDays(), InvitedDays: u.invitedDays(), IdleKnown: u.of.known(u.At, u.idleDays())}
	}
	err = s.each(ctx, "count what is reclaimable", query, q.args, func(rows *sql.Rows) error {
		var license id.ID
		var n, idle, invited, left int64
		if err := rows.Scan(&license, &n, &idle, &invited, &left); err != nil {
			return err
		}
		r := all[license]
		r.Seats, r.Idle, r.NeverActivated, r.Left = n, idle, invited, left
		all[license] = r
		return nil
	})
	for _, u := range of {
		r := all[u.License]
		if u.of.PriceMinor != nil {
			worth := r.Seats * *u.of.PriceMinor
			r.WorthPerYear, r.Currency = &worth, u.of.Currency
		}
		all[u.License] = r
	}
	return all, err
}
