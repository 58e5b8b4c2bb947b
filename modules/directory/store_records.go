package directory

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// Lists of identity providers are long, so records take the few columns that they show.
const (
	recordColumns  = `u.id, u.user_name, u.manager, u.version, u.created_at, u.updated_at, u.attributes, COALESCE(l.external_id, ''), COALESCE(l.active, u.active)`
	selectedRecord = `AND u.id = $3 AND l.ended_at IS NULL`

	// The groups of a person in the same statement. The two databases call a list in JSON differently.
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
	names := groupNames{}
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
		if r.Groups, err = names.read(in); err != nil {
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

// groupNames are the names of groups that were read: each is one text, however many people are in the group.
type groupNames map[string]string

// read reads [["id","name"],…]; nothing and [] are no groups.
func (n groupNames) read(text []byte) ([]GroupRef, error) {
	const none = `[]`
	if len(text) <= len(none) {
		return nil, nil
	}
	if bytes.IndexByte(text, '\\') >= 0 {
		return escapedGroups(text)
	}
	refs := make([]GroupRef, 0, bytes.Count(text, []byte(`"`))/4)
	for {
		of, rest, ok := betweenQuotes(text)
		if !ok {
			return refs, nil
		}
		name, rest, ok := betweenQuotes(rest)
		if !ok {
			return nil, errGroupRefs
		}
		ref := GroupRef{}
		var err error
		if ref.ID, err = uuid.ParseBytes(of); err != nil {
			return nil, errors.Join(errGroupRefs, err)
		}
		if ref.DisplayName, ok = n[string(name)]; !ok {
			ref.DisplayName = string(name)
			n[ref.DisplayName] = ref.DisplayName
		}
		refs, text = append(refs, ref), rest
	}
}

var errGroupRefs = errors.New("read the groups of a user: they are not pairs of an id and a name")

// betweenQuotes returns what stands between the next two quotation marks of a JSON text without escapes, and what follows.
func betweenQuotes(text []byte) (inside, rest []byte, ok bool) {
	_, text, ok = bytes.Cut(text, []byte(`"`))
	if !ok {
		return nil, nil, false
	}
	return bytes.Cut(text, []byte(`"`))
}

// escapedGroups is groupNames.read for names that JSON spells with escapes.
func escapedGroups(text []byte) ([]GroupRef, error) {
	var pairs [][2]string
	if err := json.Unmarshal(text, &pairs); err != nil {
		return nil, errors.Join(errGroupRefs, err)
	}
	refs := make([]GroupRef, len(pairs))
	for i, pair := range pairs {
		of, err := parseID(pair[0])
		if err != nil {
			return nil, errors.Join(errGroupRefs, err)
		}
		refs[i] = GroupRef{ID: of, DisplayName: pair[1]}
	}
	return refs, nil
}
