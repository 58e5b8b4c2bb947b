package reporting

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
)

const alertColumns = `a.id, a.kind, a.subject_id, a.crossed_at, a.over_at, a.data`

type alertData struct {
	Value int64 `json:"value"`
}

func scanAlert(rows *sql.Rows) (Alert, error) {
	var a Alert
	var key, text string
	var crossed, over when
	if err := rows.Scan(&a.ID, &key, &a.License, &crossed, &over, &text); err != nil {
		return a, err
	}
	a.Kind, a.Threshold = readKey(key)
	a.CrossedAt, a.OverAt = *crossed.at, over.at
	var data alertData
	if err := json.Unmarshal([]byte(text), &data); err != nil {
		return a, err
	}
	a.Value = data.Value
	return a, nil
}

func (s *Service) readAlerts(ctx context.Context, query string, args []any) ([]Alert, error) {
	var all []Alert
	err := s.each(ctx, "load alerts", query, args, func(rows *sql.Rows) error {
		a, err := scanAlert(rows)
		all = append(all, a)
		return err
	})
	return all, err
}

func (s *Service) openAlerts(ctx context.Context) ([]Alert, error) {
	q, err := begin(ctx)
	if err != nil {
		return nil, err
	}
	return s.readAlerts(ctx, `SELECT `+alertColumns+` FROM alerts a WHERE a.tenant_id = $1 AND a.over_at IS NULL ORDER BY a.id`, q.args)
}

// saveAlert opens or ends the alert of a threshold, and tells whether that changed anything. The license's row is held meanwhile, so that two
// who look at once do not both raise it.
func (s *Service) saveAlert(ctx context.Context, a *Alert, crossed bool, now time.Time) (bool, error) {
	tenant, err := caller.Tenant(ctx)
	if err != nil {
		return false, err
	}
	held, err := s.db.Exec(ctx, `UPDATE licenses SET granted = granted WHERE tenant_id = $1 AND id = $2`, tenant, a.License)
	if err != nil {
		return false, fmt.Errorf("hold a license: %w", err)
	}
	if held == 0 {
		return false, nil
	}
	if !crossed {
		ended, err := s.db.Exec(ctx, `UPDATE alerts SET over_at = $4 WHERE tenant_id = $1 AND kind = $2 AND subject_id = $3 AND over_at IS NULL`,
			tenant, a.key(), a.License, now)
		if err != nil {
			return false, fmt.Errorf("end an alert: %w", err)
		}
		return ended > 0, nil
	}
	var open id.ID
	err = s.db.QueryRow(ctx, `SELECT a.id FROM alerts a WHERE a.tenant_id = $1 AND a.kind = $2 AND a.subject_id = $3 AND a.over_at IS NULL`,
		tenant, a.key(), a.License).Scan(&open)
	if err == nil {
		return false, nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return false, fmt.Errorf("look for an alert: %w", err)
	}
	text, err := json.Marshal(alertData{Value: a.Value})
	if err != nil {
		return false, err
	}
	a.ID, a.CrossedAt = id.New(), now
	_, err = s.db.Exec(ctx, `INSERT INTO alerts (tenant_id, id, kind, subject_id, crossed_at, data) VALUES ($1, $2, $3, $4, $5, $6)`,
		tenant, a.ID, a.key(), a.License, now, string(text))
	if err != nil {
		return false, fmt.Errorf("raise an alert: %w", err)
	}
	return true, nil
}

func (q *statement) alerts(f AlertFilter) string {
	where := ` FROM alerts a WHERE a.tenant_id = $1`
	if f.License != nil {
		where += ` AND a.subject_id = ` + q.arg(*f.License)
	}
	if f.Open != nil {
		where += ` AND (a.over_at IS NULL) = ` + strconv.FormatBool(*f.Open)
	}
	return where
}

func (s *Service) listAlerts(ctx context.Context, f AlertFilter, cursor string, limit int, downwards bool) ([]Alert, error) {
	q, err := begin(ctx)
	if err != nil {
		return nil, err
	}
	query := `SELECT ` + alertColumns + q.alerts(f)
	compare, order := toward(downwards)
	if cursor != "" {
		parts, err := page.Decode(alertCursor, cursor, 1)
		if err != nil {
			return nil, err
		}
		of, err := uuid.Parse(parts[0])
		if err != nil {
			return nil, page.ErrCursor.Because(err)
		}
		query += ` AND a.id` + compare + q.arg(of)
	}
	return s.readAlerts(ctx, query+` ORDER BY a.id`+order+` LIMIT `+q.arg(limit), q.args)
}

func (s *Service) alertsByID(ctx context.Context, ids []id.ID) (map[id.ID]Alert, error) {
	q, err := begin(ctx)
	if err != nil {
		return nil, err
	}
	found, err := s.readAlerts(ctx, `SELECT `+alertColumns+` FROM alerts a WHERE a.tenant_id = $1 AND a.id = ANY(`+q.arg(ids)+`)`, q.args)
	all := make(map[id.ID]Alert, len(found))
	for _, a := range found {
		all[a.ID] = a
	}
	return all, err
}

func (s *Service) countAlerts(ctx context.Context, f AlertFilter) (n int64, err error) {
	q, err := begin(ctx)
	if err != nil {
		return 0, err
	}
	if err := s.db.QueryRow(ctx, `SELECT count(a.id)`+q.alerts(f), q.args...).Scan(&n); err != nil {
		return 0, fmt.Errorf("count alerts: %w", err)
	}
	return n, nil
}
