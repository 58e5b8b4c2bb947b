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

// wanted turns a filter into conditions.
func (f CallFilter) wanted(tenant id.ID) (conditions string, args []any) {
	args = []any{tenant}
	and := func(condition string, value any) {
		args = append(args, value)
		conditions += " AND " + condition + " $" + strconv.Itoa(len(args))
	}
	if f.Config != nil {
		and("scim_config_id =", *f.Config)
	}
	if f.Resource != nil {
		and("resource_id =", *f.Resource)
	}
	if f.Method != "" {
		and("method =", strings.ToUpper(f.Method))
	}
	if f.Refused {
		and("status >=", 400)
	}
	if f.Probe != nil {
		and("probe =", *f.Probe)
	}
	if f.Since != nil {
		and("at >=", *f.Since)
	}
	if f.Until != nil {
		and("at <", *f.Until)
	}
	return conditions, args
}

func (s *Service) listCalls(ctx context.Context, args page.Args, f CallFilter) (page.Page[Call], error) {
	none := page.Page[Call]{}
	tenant, err := tenantOf(ctx)
	if err != nil {
		return none, err
	}
	count, backward, err := args.Limit()
	if err != nil {
		return none, err
	}
	conditions, values := f.wanted(tenant)
	order := " ORDER BY id DESC"
	compare := " AND id < $"
	if backward {
		order, compare = " ORDER BY id", " AND id > $"
	}
	if cursor := args.Cursor(); cursor != "" {
		from, err := callOf(cursor)
		if err != nil {
			return none, err
		}
		values = append(values, from)
		conditions += compare + strconv.Itoa(len(values))
	}
	values = append(values, count+1)
	query := `SELECT ` + callColumns + ` FROM scim_calls WHERE tenant_id = $1` + conditions + order + ` LIMIT $` + strconv.Itoa(len(values))
	found, err := many(ctx, s, scanCall, query, values...)
	if err != nil {
		return none, fmt.Errorf("list calls: %w", err)
	}
	return page.Cut(found, args, 0)
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
