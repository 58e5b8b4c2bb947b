package main

import (
	"context"
	"net/http"
	"time"
)

// report counts the seats of a license with their use and reads the snapshots of its last year.
func (f *floor) report(ctx context.Context, r *http.Request) (int, error) {
	query, at := r.URL.Query(), now()
	begins := []any{query.Get("tenant"), query.Get("license")}
	for _, days := range []int{30, 60, 90} {
		begins = append(begins, f.value(at.AddDate(0, 0, -days)))
	}
	n, err := f.read(ctx, `SELECT s.state, count(*), count(*) FILTER (WHERE s.last_used_at > $3), count(*) FILTER (WHERE s.last_used_at > $4), count(*) FILTER (WHERE s.last_used_at > $5),
		count(*) FILTER (WHERE s.last_used_at IS NULL) FROM seats s WHERE s.tenant_id = $1 AND s.license_id = $2 GROUP BY s.state`, begins...)
	if err != nil {
		return 0, err
	}
	days, err := f.read(ctx, `SELECT p.day, p.figures FROM snapshots p WHERE p.tenant_id = $1 AND p.license_id = $2 AND p.day >= $3 ORDER BY p.day`,
		query.Get("tenant"), query.Get("license"), at.AddDate(-1, 0, 0).Format(time.DateOnly))
	return min(n+days, 12), err
}

// asOf counts who stood where at a moment, by the last step of each.
func (f *floor) asOf(ctx context.Context, r *http.Request) (int, error) {
	query := r.URL.Query()
	at, err := time.Parse(time.RFC3339Nano, query.Get("at"))
	if err != nil {
		return 0, err
	}
	return f.read(ctx, `SELECT x.now, count(*) FROM (SELECT e.now, row_number() OVER (PARTITION BY e.user_id ORDER BY e.at DESC, e.id DESC) AS place FROM ledger e
		WHERE e.tenant_id = $1 AND e.license_id = $2 AND e.at <= $3) x WHERE x.place = 1 GROUP BY x.now`, query.Get("tenant"), query.Get("license"), f.value(at))
}
