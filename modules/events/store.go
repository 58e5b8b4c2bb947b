package events

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

const insertEvent = `INSERT INTO events
	(tenant_id, id, kind, subject_id, actor_kind, actor_id, actor_name, data, transaction_id, request_id, at)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`

func insert(ctx context.Context, tenant id.ID, e Event, data []byte) error {
	var actor any
	if e.Actor.ID != id.Nil {
		actor = e.Actor.ID
	}
	return store.Defer(ctx, store.Stmt{SQL: insertEvent, Args: []any{
		tenant, e.ID, e.Kind, e.Subject, e.Actor.Kind, actor, e.Actor.Name, string(data), e.TransactionID, e.RequestID, e.At,
	}})
}

const columns = `id, number, kind, subject_id, actor_kind, actor_id, actor_name, data, transaction_id, request_id, at`

func scan(rows *sql.Rows) (Event, error) {
	var e Event
	var actor sql.Null[id.ID]
	var data string
	err := rows.Scan(&e.ID, &e.Number, &e.Kind, &e.Subject, &e.Actor.Kind, &actor, &e.Actor.Name, &data, &e.TransactionID,
		&e.RequestID, &e.At)
	e.Actor.ID, e.Data = actor.V, json.RawMessage(data)
	return e, err
}

// span is a piece of the journal: from a number on, upwards or downwards; 0 is the end where reading starts.
type span struct {
	from     int64
	backward bool
	limit    int
}

func (s *Service) read(ctx context.Context, tenant id.ID, piece span, f Filter) ([]Event, error) {
	compare, direction := ">", "ASC"
	if piece.backward {
		compare, direction = "<", "DESC"
		if piece.from == 0 {
			piece.from = math.MaxInt64
		}
	}
	var text strings.Builder
	text.WriteString(`SELECT ` + columns + ` FROM events WHERE tenant_id = $1 AND number ` + compare + ` $2`)
	args := []any{tenant, piece.from}
	if len(f.Kinds) > 0 {
		args = append(args, f.Kinds)
		fmt.Fprintf(&text, ` AND kind = ANY($%d)`, len(args))
	}
	if f.Subject != id.Nil {
		args = append(args, f.Subject)
		fmt.Fprintf(&text, ` AND subject_id = $%d`, len(args))
	}
	args = append(args, piece.limit)
	fmt.Fprintf(&text, ` ORDER BY number %s LIMIT $%d`, direction, len(args))
	return s.all(ctx, text.String(), args...)
}

func (s *Service) all(ctx context.Context, query string, args ...any) ([]Event, error) {
	rows, err := s.db.Query(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var found []Event
	for rows.Next() {
		e, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("read an event: %w", err)
		}
		found = append(found, e)
	}
	return found, errors.Join(rows.Err(), rows.Close())
}

const selectOne = `SELECT ` + columns + ` FROM events WHERE tenant_id = $1 AND id = $2 AND number IS NOT NULL`

func (s *Service) one(ctx context.Context, tenant, of id.ID) (Event, bool, error) {
	found, err := s.all(ctx, selectOne, tenant, of)
	if err != nil || len(found) == 0 {
		return Event{}, false, err
	}
	return found[0], true, nil
}

// CROSS JOIN tells SQLite the order. The bound of each subject is found first, so that the journal of a busy one is not read to its end.
const selectSubjects = `WITH bounds AS MATERIALIZED (
	SELECT s.value AS subject_id, (
		SELECT e.id FROM events e WHERE e.tenant_id = $1 AND e.subject_id = s.value AND e.number < $3
		ORDER BY e.id DESC LIMIT 1 OFFSET $4) AS beyond
	FROM unnest($2::uuid[]) AS s(value))
	SELECT e.id, e.number, e.kind, e.subject_id, e.actor_kind, e.actor_id, e.actor_name, e.data, e.transaction_id, e.request_id, e.at
	FROM bounds b CROSS JOIN events e WHERE e.tenant_id = $1 AND e.subject_id = b.subject_id
		AND e.id > COALESCE(b.beyond, '00000000-0000-0000-0000-000000000000'::uuid) AND e.number < $3
	ORDER BY e.subject_id, e.id DESC`

func (s *Service) readSubjects(ctx context.Context, tenant id.ID, subjects []id.ID, before int64, limit int) (map[id.ID][]Event, error) {
	if before == 0 {
		before = math.MaxInt64
	}
	all, err := s.all(ctx, selectSubjects, tenant, subjects, before, limit)
	if err != nil {
		return nil, err
	}
	found := make(map[id.ID][]Event, len(subjects))
	for _, e := range all {
		found[e.Subject] = append(found[e.Subject], e)
	}
	return found, nil
}

const selectSeen = `SELECT s.value FROM unnest($2::uuid[]) AS s(value) WHERE EXISTS (
	SELECT 1 FROM (SELECT e.kind, e.number FROM events e WHERE e.tenant_id = $1 AND e.subject_id = s.value
		ORDER BY e.id DESC LIMIT $4) AS few
	WHERE few.kind = $3 AND few.number IS NOT NULL)`

func (s *Service) readSeen(ctx context.Context, tenant id.ID, subjects []id.ID, kind string) (map[id.ID]bool, error) {
	rows, err := s.db.Query(ctx, selectSeen, tenant, subjects, kind, recent)
	if err != nil {
		return nil, fmt.Errorf("look for events of a kind: %w", err)
	}
	defer func() { _ = rows.Close() }()
	seen := map[id.ID]bool{}
	for rows.Next() {
		var of id.ID
		if err := rows.Scan(&of); err != nil {
			return nil, fmt.Errorf("look for events of a kind: %w", err)
		}
		seen[of] = true
	}
	return seen, errors.Join(rows.Err(), rows.Close())
}
