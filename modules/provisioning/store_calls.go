package provisioning

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/internal/store"
)

const callCursor = "call"

const (
	callColumns = `id, scim_config_id, token_id, at, method, path, status, scim_type, detail, duration_us, resource_type, resource_id, probe, user_agent, request_id`

	insertCallsSQL = `INSERT INTO scim_calls (tenant_id, ` + callColumns + `) VALUES `
	callValues     = 16
)

// pieces are the sizes in which calls are written, so that few statements have to be prepared.
var pieces = []int{64, 16, 4, 1}

func (s *Service) insertCalls(ctx context.Context, calls []Call) error {
	for _, size := range pieces {
		for len(calls) >= size {
			var args []any
			for _, c := range calls[:size] {
				args = append(args, c.values()...)
			}
			if _, err := s.db.Exec(ctx, insertCallsSQL+placeholders(size, callValues), args...); err != nil {
				return fmt.Errorf("log calls: %w", err)
			}
			calls = calls[size:]
		}
	}
	return nil
}

func (c Call) values() []any {
	var resource any
	if c.Resource != nil {
		resource = *c.Resource
	}
	return []any{
		c.Tenant, c.ID, c.Config, c.Token, c.At, c.Method, c.Path, c.Status, c.ScimType, c.Detail, c.Duration.Microseconds(), c.ResourceType,
		resource, c.Probe, c.UserAgent, c.RequestID,
	}
}

func placeholders(rows, columns int) string {
	var text strings.Builder
	for row := range rows {
		if row > 0 {
			text.WriteByte(',')
		}
		text.WriteByte('(')
		for column := range columns {
			if column > 0 {
				text.WriteByte(',')
			}
			text.WriteString("$" + strconv.Itoa(row*columns+column+1))
		}
		text.WriteByte(')')
	}
	return text.String()
}

func scanCall(from row) (Call, error) {
	var c Call
	var resource sql.Null[id.ID]
	var micros int64
	err := from.Scan(&c.ID, &c.Config, &c.Token, &c.At, &c.Method, &c.Path, &c.Status, &c.ScimType, &c.Detail, &micros, &c.ResourceType, &resource,
		&c.Probe, &c.UserAgent, &c.RequestID)
	if resource.Valid {
		c.Resource = &resource.V
	}
	c.At, c.Duration = c.At.UTC(), time.Duration(micros)*time.Microsecond
	return c, err
}

// The least statuses of answers that were refused, and of those that failed.
const (
	refused = 400
	failed  = 500
)

// wanted turns a filter into conditions; its arguments follow those that are given.
func (f CallFilter) wanted(args ...any) (conditions string, all []any) {
	and := func(condition string, value any) {
		args = append(args, value)
		conditions += " AND " + strings.ReplaceAll(condition, "?", "$"+strconv.Itoa(len(args)))
	}
	if f.Config != nil {
		and("scim_config_id = ?", *f.Config)
	}
	if f.Resource != nil {
		and("resource_id = ?", *f.Resource)
	}
	if f.Method != "" {
		and("method = ?", strings.ToUpper(f.Method))
	}
	if f.Path != "" {
		and("substr(path, 1, length(?)) = ?", f.Path) // LIKE knows case on one of the databases only
	}
	if f.Status != 0 {
		and("status = ?", f.Status)
	}
	switch f.Verdict {
	case CallDone:
		and("status < ?", refused)
	case CallRefused:
		and("status BETWEEN ? AND 499", refused)
	case CallFailed:
		and("status >= ?", failed)
	}
	if f.Refused {
		and("status >= ?", refused)
	}
	if f.Probe != nil {
		and("probe = ?", *f.Probe)
	}
	if f.Since != nil {
		and("at >= ?", *f.Since)
	}
	if f.Until != nil {
		and("at < ?", *f.Until)
	}
	return conditions, args
}

// callPiece is a part of a list of calls: behind a call, with limit rows and one more, which tells whether there are more.
type callPiece struct {
	behind    id.ID
	limit     int
	downwards bool
}

func (s *Service) listCalls(ctx context.Context, f CallFilter, from callPiece) ([]Call, error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return nil, err
	}
	conditions, values := f.wanted(tenant, from.behind, from.limit)
	query := store.BothWays(`SELECT ` + callColumns + ` FROM scim_calls WHERE tenant_id = $1 AND id {beyond} $2` + conditions + ` ORDER BY id {order} LIMIT $3`)
	found, err := many(ctx, s, scanCall, query.Query(from.downwards), values...)
	if err != nil {
		return nil, fmt.Errorf("list calls: %w", err)
	}
	return found, nil
}

// callsOf finds the last row of each configuration's piece first, so that a long log is not read to its end. CROSS JOIN tells SQLite
// the order.
func (s *Service) callsOf(ctx context.Context, configs []id.ID, f CallFilter, from callPiece) (map[id.ID][]Call, error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return nil, err
	}
	conditions, values := f.wanted(tenant, configs, from.behind, from.limit)
	query := store.BothWays(`WITH pieces AS MATERIALIZED (
		SELECT w.value AS config_id, COALESCE((
			SELECT id FROM scim_calls WHERE tenant_id = $1 AND scim_config_id = w.value AND id {beyond} $3` + conditions + `
			ORDER BY id {order} LIMIT 1 OFFSET $4), {end}) AS last
		FROM unnest($2::uuid[]) AS w(value))
		SELECT ` + callColumns + ` FROM pieces p CROSS JOIN scim_calls
		WHERE tenant_id = $1 AND scim_config_id = p.config_id AND id {beyond} $3 AND id {until} p.last` + conditions + `
		ORDER BY scim_config_id, id {order}`)
	all, err := many(ctx, s, scanCall, query.Query(from.downwards), values...)
	if err != nil {
		return nil, fmt.Errorf("list calls: %w", err)
	}
	found := make(map[id.ID][]Call, len(configs))
	for _, c := range all {
		found[c.Config] = append(found[c.Config], c)
	}
	return found, nil
}

func (s *Service) callCounts(ctx context.Context, configs []id.ID, f CallFilter) (map[id.ID]int64, error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return nil, err
	}
	counts := make(map[id.ID]int64, len(configs))
	conditions, values := f.wanted(tenant, configs)
	_, err = many(ctx, s, func(from row) (struct{}, error) {
		var of id.ID
		var n int64
		err := from.Scan(&of, &n)
		counts[of] = n
		return struct{}{}, err
	}, `SELECT scim_config_id, count(id) FROM scim_calls WHERE tenant_id = $1 AND scim_config_id = ANY($2)`+conditions+` GROUP BY scim_config_id`, values...)
	if err != nil {
		return nil, fmt.Errorf("count calls: %w", err)
	}
	return counts, nil
}

func callOf(cursor string) (id.ID, error) {
	parts, err := page.Decode(callCursor, cursor, 1)
	if err != nil {
		return id.Nil, err
	}
	of, err := uuid.Parse(parts[0])
	if err != nil {
		return id.Nil, page.ErrCursor.Because(err)
	}
	return of, nil
}

func (s *Service) countCalls(ctx context.Context, f CallFilter) (total int64, err error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return 0, err
	}
	conditions, values := f.wanted(tenant)
	if err := s.db.QueryRow(ctx, `SELECT count(id) FROM scim_calls WHERE tenant_id = $1`+conditions, values...).Scan(&total); err != nil {
		return 0, fmt.Errorf("count calls: %w", err)
	}
	return total, nil
}

func (s *Service) callsByID(ctx context.Context, ids []id.ID) (map[id.ID]Call, error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return nil, err
	}
	all, err := many(ctx, s, scanCall, `SELECT `+callColumns+` FROM scim_calls WHERE tenant_id = $1 AND id = ANY($2)`, tenant, ids)
	if err != nil {
		return nil, fmt.Errorf("load calls: %w", err)
	}
	found := make(map[id.ID]Call, len(all))
	for _, c := range all {
		found[c.ID] = c
	}
	return found, nil
}

func (s *Service) callsOfRequests(ctx context.Context, ids []string) (map[string]Call, error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return nil, err
	}
	all, err := many(ctx, s, scanCall, `SELECT `+callColumns+` FROM scim_calls WHERE tenant_id = $1 AND request_id = ANY($2) ORDER BY request_id, id LIMIT $3`,
		tenant, ids, MaxRequests)
	if err != nil {
		return nil, fmt.Errorf("load calls of requests: %w", err)
	}
	found := make(map[string]Call, len(all))
	for _, c := range all { // the first of each request comes first
		if _, there := found[c.RequestID]; !there {
			found[c.RequestID] = c
		}
	}
	return found, nil
}

// pruned is how many calls one transaction forgets.
const pruned = 5000

// PruneCalls forgets calls older than CallLife.
func (s *Service) PruneCalls(ctx context.Context) error {
	before := s.clock().Add(-CallLife)
	scan := func(from row) (id.ID, error) {
		var tenant id.ID
		err := from.Scan(&tenant)
		return tenant, err
	}
	tenants, err := many(ctx, s, scan, `SELECT DISTINCT tenant_id FROM scim_calls WHERE at < $1`, before)
	if err != nil {
		return fmt.Errorf("look for old calls: %w", err)
	}
	for _, tenant := range tenants {
		for gone := int64(pruned); gone == pruned; {
			worker := caller.With(ctx, caller.Caller{Tenant: tenant, Kind: caller.KindWorker})
			gone, err = store.InTx(worker, s.db, func(ctx context.Context) (int64, error) {
				return s.db.Exec(ctx, `DELETE FROM scim_calls WHERE tenant_id = $1 AND id IN
					(SELECT o.id FROM scim_calls o WHERE o.tenant_id = $1 AND o.at < $2 LIMIT $3)`, tenant, before, pruned)
			})
			if err != nil {
				return fmt.Errorf("forget old calls: %w", err)
			}
		}
	}
	return nil
}
