package reporting

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
)

// statement is SQL whose arguments are numbered as they come. Of a reader who is limited to groups it carries them: holders leaves
// everybody else out.
type statement struct {
	args    []any
	limited bool
	groups  []id.ID
}

func (q *statement) arg(value any) string {
	q.args = append(q.args, value)
	return "$" + strconv.Itoa(len(q.args))
}

// begin starts a statement of the caller's tenant, which is $1.
func begin(ctx context.Context) (*statement, error) {
	tenant, err := caller.Tenant(ctx)
	who, _ := caller.From(ctx)
	return &statement{args: []any{tenant}, limited: who.Limited(), groups: who.Groups}, err
}

// when reads a moment that may be missing. SQLite tells no type for what is computed: it comes as text then.
type when struct{ at *time.Time }

// Scan reads a time or its text.
func (w *when) Scan(value any) error {
	switch v := value.(type) {
	case nil:
		w.at = nil
	case time.Time:
		v = v.UTC()
		w.at = &v
	case string:
		return w.parse(v)
	case []byte:
		return w.parse(string(v))
	default:
		return fmt.Errorf("a time came as %T", value)
	}
	return nil
}

func (w *when) parse(text string) error {
	for _, layout := range []string{"2006-01-02 15:04:05.999999999-07:00", time.RFC3339Nano} {
		if at, err := time.Parse(layout, text); err == nil {
			at = at.UTC()
			w.at = &at
			return nil
		}
	}
	return fmt.Errorf("a time came as %q", text)
}

// each reads every row of a statement.
func (s *Service) each(ctx context.Context, what, query string, args []any, scan func(*sql.Rows) error) error {
	rows, err := s.db.Query(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	return errors.Join(rows.Err(), rows.Close())
}

// toward tells in SQL how a list goes on behind a row, and its order.
func toward(downwards bool) (compare, direction string) {
	if downwards {
		return ` < `, ` DESC`
	}
	return ` > `, ``
}

// terms are what a license says of its seats, as the journal remembers it.
type terms struct {
	Seats      int64      `json:"seats"`
	PriceMinor *int64     `json:"priceMinor"` // of one seat for a year
	Currency   string     `json:"currency"`
	TermEnd    *time.Time `json:"termEnd"`
}

// reclaim is what a license's policy of taking back says of who could lose her seat.
type reclaim struct {
	IdleDays     int     `json:"idleDays"`
	InvitedDays  int     `json:"invitedDays"`
	ExemptGroups []id.ID `json:"exemptGroups"`
}

// thresholds raise alerts.
type thresholds struct {
	TakenPercent     []int64 `json:"takenPercent"`
	Waiting          bool    `json:"waiting"`
	RunOutDays       int     `json:"runOutDays"`
	UtilizationUnder int64   `json:"utilizationUnder"`
}

// license is a license with what is known of its use, its terms as they were at a moment.
type license struct {
	terms

	ID           id.ID
	Product, SKU string
	createdAt    time.Time
	taken        int64 // as kept, now
	waiting      int64
	reclaim      reclaim
	alerts       thresholds
	sources      []Source
	firstDay     *int64         // on which any use is known
	zone         *time.Location // of the tenant
	nearest      *figures       // of a day that was over before the moment, if asked for and there
}

const licenseRows = `SELECT l.id, l.product, l.sku, l.seats, l.price_minor, l.currency, l.term_end, l.created_at, l.taken, l.waiting, l.reclaim, l.alerts,
	(SELECT min(a.day) FROM activity_days a WHERE a.tenant_id = l.tenant_id AND a.license_id = l.id),
	(SELECT t.time_zone FROM tenants t WHERE t.id = l.tenant_id),
	s.id, s.name, s.lag_hours, s.silent_hours, s.reported_at, s.latest_at, s.created_at, `

// termsAt finds what a license said of itself at a moment. It has few changes of its own.
const termsAt = `(SELECT e.data FROM events e WHERE e.tenant_id = l.tenant_id AND e.subject_id = l.id
	AND e.kind IN ('license.created', 'license.changed') AND e.at <= %s ORDER BY e.at DESC, e.id DESC LIMIT 1)`

// nearestTo finds the newest snapshot of a day that was over at a moment, whatever the time zone: it was over two days before in UTC.
const nearestTo = `(SELECT p.figures FROM snapshots p WHERE p.tenant_id = l.tenant_id AND p.license_id = l.id AND p.day <= %s
	ORDER BY p.day DESC LIMIT 1)`

// licenses returns some licenses, or all, in the order of their SKUs, with their terms of a moment and, for seats alone, the nearest
// snapshot before it. At a moment at which a license was not there it has no seats.
func (s *Service) licenses(ctx context.Context, of []id.ID, at time.Time, past bool, depth Depth) ([]license, error) {
	q, err := begin(ctx)
	if err != nil {
		return nil, err
	}
	then, nearest := `''`, `''`
	if past {
		then = fmt.Sprintf(termsAt, q.arg(at))
	}
	if past && depth == SeatsAlone {
		nearest = fmt.Sprintf(nearestTo, q.arg(string(dayAt(at, time.UTC).plus(-2))))
	}
	query := licenseRows + then + `, ` + nearest + ` FROM licenses l
		LEFT JOIN activity_sources s ON s.tenant_id = l.tenant_id AND s.license_id = l.id WHERE l.tenant_id = $1`
	if len(of) > 0 {
		query += ` AND l.id = ANY(` + q.arg(of) + `)`
	}
	var all []license
	err = s.each(ctx, "load licenses", query+` ORDER BY l.sku_key, l.id, s.name`, q.args, func(rows *sql.Rows) error {
		l, source, err := scanLicense(rows, past)
		if err != nil {
			return err
		}
		if n := len(all); n == 0 || all[n-1].ID != l.ID {
			all = append(all, l)
		}
		if source != nil {
			last := &all[len(all)-1]
			last.sources = append(last.sources, *source)
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case len(of) > 0 && len(all) != len(distinctIDs(of)):
		return nil, ErrLicenseNotFound
	case len(all) > MaxLicenses:
		return nil, ErrInvalidReport.Sayf("a report is about %d licenses at most: name some", MaxLicenses)
	}
	return all, nil
}

func scanLicense(rows *sql.Rows, past bool) (license, *Source, error) {
	var l license
	var source Source
	var of *id.ID
	var name, policy, alerts, zone, then, nearest sql.NullString
	var lag, silent sql.NullInt64
	var reported, latest, created, end, made when
	err := rows.Scan(&l.ID, &l.Product, &l.SKU, &l.Seats, &l.PriceMinor, &l.Currency, &end, &made, &l.taken, &l.waiting, &policy, &alerts, &l.firstDay, &zone,
		&of, &name, &lag, &silent, &reported, &latest, &created, &then, &nearest)
	if err != nil {
		return l, nil, err
	}
	l.TermEnd, l.createdAt = end.at, *made.at
	if err := errors.Join(json.Unmarshal([]byte(policy.String), &l.reclaim), json.Unmarshal([]byte(alerts.String), &l.alerts)); err != nil {
		return l, nil, fmt.Errorf("read the policies of a license: %w", err)
	}
	if past {
		l.terms = terms{}
		if then.String != "" {
			if err := json.Unmarshal([]byte(then.String), &l.terms); err != nil {
				return l, nil, fmt.Errorf("read what a license was: %w", err)
			}
		}
	}
	if nearest.String != "" {
		l.nearest = &figures{}
		if err := json.Unmarshal([]byte(nearest.String), l.nearest); err != nil {
			return l, nil, fmt.Errorf("read a snapshot: %w", err)
		}
	}
	if l.zone, err = time.LoadLocation(zone.String); err != nil {
		return l, nil, fmt.Errorf("load the time zone: %w", err)
	}
	if of == nil {
		return l, nil, nil
	}
	source.ID, source.Name, source.LagHours, source.SilentHours = *of, name.String, lag.Int64, silent.Int64
	source.ReportedAt, source.LatestAt, source.createdAt = reported.at, latest.at, *created.at
	return l, &source, nil
}

func distinctIDs(all []id.ID) map[id.ID]bool {
	set := make(map[id.ID]bool, len(all))
	for _, one := range all {
		set[one] = true
	}
	return set
}

// zone returns the tenant's time zone, which its days are of.
func (s *Service) zone(ctx context.Context) (*time.Location, error) {
	tenant, err := caller.Tenant(ctx)
	if err != nil {
		return nil, err
	}
	var name string
	err = s.db.QueryRow(ctx, `SELECT t.time_zone FROM (SELECT id AS tenant_id, time_zone FROM tenants) t WHERE t.tenant_id = $1`, tenant).Scan(&name)
	if err != nil {
		return nil, fmt.Errorf("load the time zone: %w", err)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("load the time zone: %w", err)
	}
	return zone, nil
}
