package events

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

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

// span is a piece of the journal: behind a number, upwards or downwards.
type span struct {
	from      int64
	downwards bool
	limit     int
}

func (s *Service) read(ctx context.Context, tenant id.ID, piece span, f Filter) ([]Event, error) {
	compare, direction := ">", "ASC"
	if piece.downwards {
		compare, direction = "<", "DESC"
	}
	conditions, args := f.wanted(tenant, piece.from)
	args = append(args, piece.limit)
	return s.all(ctx, `SELECT `+columns+` FROM events WHERE tenant_id = $1 AND number `+compare+` $2`+conditions+
		` ORDER BY number `+direction+` LIMIT $`+strconv.Itoa(len(args)), args...)
}

// wanted turns a filter into conditions; its arguments follow those that are given.
func (f Filter) wanted(args ...any) (conditions string, all []any) {
	if len(f.Kinds) > 0 {
		args = append(args, f.Kinds)
		conditions += fmt.Sprintf(` AND kind = ANY($%d)`, len(args))
	}
	if f.Subject != id.Nil {
		args = append(args, f.Subject)
		conditions += fmt.Sprintf(` AND subject_id = $%d`, len(args))
	}
	return conditions, args
}

func (s *Service) count(ctx context.Context, tenant id.ID, f Filter) (n int64, err error) {
	conditions, args := f.wanted(tenant)
	if err := s.db.QueryRow(ctx, `SELECT count(id) FROM events WHERE tenant_id = $1 AND number IS NOT NULL`+conditions, args...).Scan(&n); err != nil {
		return 0, fmt.Errorf("count events: %w", err)
	}
	return n, nil
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

const selectSome = `SELECT ` + columns + ` FROM events WHERE tenant_id = $1 AND id = ANY($2) AND number IS NOT NULL`

func (s *Service) some(ctx context.Context, tenant id.ID, ids []id.ID) (map[id.ID]Event, error) {
	all, err := s.all(ctx, selectSome, tenant, ids)
	found := make(map[id.ID]Event, len(all))
	for _, e := range all {
		found[e.ID] = e
	}
	return found, err
}

// CROSS JOIN tells SQLite the order. The bound of each subject is found first, so that the journal of a busy one is not read to its end.
var subjectPieces = store.BothWays(`WITH bounds AS MATERIALIZED (
	SELECT s.value AS subject_id, COALESCE((
		SELECT e.id FROM events e WHERE e.tenant_id = $1 AND e.subject_id = s.value AND e.id {beyond} $3 AND e.number IS NOT NULL
		ORDER BY e.id {order} LIMIT 1 OFFSET $4), {end}) AS last
	FROM unnest($2::uuid[]) AS s(value))
	SELECT e.id, e.number, e.kind, e.subject_id, e.actor_kind, e.actor_id, e.actor_name, e.data, e.transaction_id, e.request_id, e.at
	FROM bounds b CROSS JOIN events e WHERE e.tenant_id = $1 AND e.subject_id = b.subject_id AND e.id {until} b.last AND e.id {beyond} $3 AND e.number IS NOT NULL
	ORDER BY e.subject_id, e.id {order}`)

func (s *Service) readSubjects(ctx context.Context, tenant id.ID, subjects []id.ID, from id.ID, downwards bool, limit int) (map[id.ID][]Event, error) {
	all, err := s.all(ctx, subjectPieces.Query(downwards), tenant, subjects, from, limit)
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

const countOfSubjects = `SELECT subject_id, count(id) FROM events WHERE tenant_id = $1 AND subject_id = ANY($2) AND number IS NOT NULL GROUP BY subject_id`

func (s *Service) countSubjects(ctx context.Context, tenant id.ID, subjects []id.ID) (map[id.ID]int64, error) {
	rows, err := s.db.Query(ctx, countOfSubjects, tenant, subjects)
	if err != nil {
		return nil, fmt.Errorf("count events: %w", err)
	}
	defer func() { _ = rows.Close() }()
	counts := make(map[id.ID]int64, len(subjects))
	for rows.Next() {
		var of id.ID
		var n int64
		if err := rows.Scan(&of, &n); err != nil {
			return nil, fmt.Errorf("count events: %w", err)
		}
		counts[of] = n
	}
	return counts, errors.Join(rows.Err(), rows.Close())
}
