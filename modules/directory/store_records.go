package directory

import (
	"context"
	"errors"
	"fmt"
)

// Lists of identity providers are long, so records take the few columns that they show.
const (
	recordColumns = `u.id, u.user_name, u.manager, u.version, u.created_at, u.updated_at, u.attributes, COALESCE(l.external_id, ''), COALESCE(l.active, u.active)`
	selectRecord  = `SELECT ` + recordColumns + fromUsers + `AND u.id = $3 AND l.ended_at IS NULL`
)

// records runs a query of recordColumns.
func (s *Service) records(ctx context.Context, query string, args ...any) ([]Record, error) {
	rows, err := s.db.Query(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("load users: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var found []Record
	var r Record
	into := []any{&r.ID, &r.UserName, &r.Manager, &r.Version, &r.CreatedAt, &r.UpdatedAt, &r.Attributes, &r.ExternalID, &r.Active}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, fmt.Errorf("load users: %w", err)
		}
		found = append(found, r)
		r.Attributes = nil
	}
	return found, errors.Join(rows.Err(), rows.Close())
}
