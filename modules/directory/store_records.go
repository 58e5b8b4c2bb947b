package directory

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
)

// Lists of identity providers are long, so records take the few columns that they show.
const (
	recordColumns  = `u.id, u.user_name, u.manager, u.version, u.created_at, u.updated_at, u.attributes, COALESCE(l.external_id, ''), COALESCE(l.active, u.active)`
	selectedRecord = `AND u.id = $3 AND l.ended_at IS NULL`

	// The groups of a person in the same statement, for a few people. The two databases call a list in JSON differently.
	groupsOfRecord   = ` FROM memberships ms JOIN groups g ON g.tenant_id = ms.tenant_id AND g.id = ms.group_id WHERE ms.tenant_id = u.tenant_id AND ms.member_id = u.id)`
	groupsInPostgres = `, (SELECT json_agg(json_build_array(g.id, g.display_name) ORDER BY g.id)` + groupsOfRecord
	groupsInSQLite   = `, (SELECT json_group_array(json_array(g.id, g.display_name) ORDER BY g.id)` + groupsOfRecord
)

func (s *Service) recordColumns(groups bool) string {
	switch {
	case !groups:
		return recordColumns
	case s.db.Postgres():
		return recordColumns + groupsInPostgres
	default:
		return recordColumns + groupsInSQLite
	}
}

// records runs a query of recordColumns, with groups of those too, and with keys of one more text, which may be NULL.
func (s *Service) records(ctx context.Context, groups bool, keys *[]sql.NullString, query string, args ...any) ([]Record, error) {
	rows, err := s.db.Query(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("load users: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var found []Record
	var r Record
	var in sql.RawBytes
	var key sql.NullString
	into := []any{&r.ID, &r.UserName, &r.Manager, &r.Version, &r.CreatedAt, &r.UpdatedAt, &r.Attributes, &r.ExternalID, &r.Active}
	if groups {
		into = append(into, &in)
	}
	if keys != nil {
		into = append(into, &key)
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, fmt.Errorf("load users: %w", err)
		}
		if r.Groups, err = groupRefs(in); err != nil {
			return nil, err
		}
		if keys != nil {
			*keys = append(*keys, key)
		}
		found = append(found, r)
		r.Attributes = nil
	}
	return found, errors.Join(rows.Err(), rows.Close())
}

// groupRefs reads [["id","name"],…]; nothing and [] are no groups.
func groupRefs(text []byte) ([]GroupRef, error) {
	const none = `[]`
	if len(text) <= len(none) {
		return nil, nil
	}
	var pairs [][2]string
	if err := json.Unmarshal(text, &pairs); err != nil {
		return nil, fmt.Errorf("read the groups of a user: %w", err)
	}
	refs := make([]GroupRef, len(pairs))
	for i, pair := range pairs {
		of, err := parseID(pair[0])
		if err != nil {
			return nil, fmt.Errorf("read the groups of a user: %w", err)
		}
		refs[i] = GroupRef{ID: of, DisplayName: pair[1]}
	}
	return refs, nil
}
