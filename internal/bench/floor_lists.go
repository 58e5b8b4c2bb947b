package main

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/usherhq/usher/internal/storetest"
)

// total reads the kept total of people that a page of everybody shows.
const total = `, (SELECT COALESCE(sum(t.total), 0) FROM counts t WHERE t.tenant_id = $1 AND t.name = 'users')
	+ (SELECT COALESCE(sum(d.delta), 0) FROM count_deltas d WHERE d.tenant_id = $1 AND d.name = 'users')`

// Of each kind of filter: how those whom it takes are found, in the order that CROSS JOIN tells SQLite. $3 and $4 are what the request brings.
var fewOf = map[string]string{
	"eq": `SELECT v.user_id FROM user_values v WHERE v.tenant_id = $1 AND v.attr = 11 AND v."key" = $3 AND $4 = ''`,
	"sw": `SELECT v.user_id FROM user_values v WHERE v.tenant_id = $1 AND v.attr = 11 AND v."key" >= $3 AND v."key" < $4`,
	"gt": `SELECT v.user_id FROM user_values v WHERE v.tenant_id = $1 AND v.attr = 11 AND v."key" >= $3 AND v."key" < $4`,
	"pr": `SELECT v.user_id FROM user_values v WHERE v.tenant_id = $1 AND v.attr = 23 AND v."key" >= $3 AND v."key" < $4`,
	"co": `SELECT p.id FROM users p WHERE p.tenant_id = $1 AND %s(p.user_name_key, $3) > 0 AND $4 = ''`,
	"element": `SELECT v.user_id FROM user_values v CROSS JOIN user_values y WHERE y.tenant_id = v.tenant_id AND y.user_id = v.user_id AND y.attr = 102 AND y.ord = v.ord AND y."key" = 'work'
		AND v.tenant_id = $1 AND v.attr = 100 AND v."key" >= $3 AND v."key" < $4`,
	"and": `SELECT v.user_id FROM user_values v CROSS JOIN user_values y WHERE y.tenant_id = v.tenant_id AND y.user_id = v.user_id AND y.attr = 23
		AND v.tenant_id = $1 AND v.attr = 11 AND v."key" = $3 AND $4 = ''`,
	"or": `SELECT p.id FROM users p WHERE p.tenant_id = $1 AND p.user_name_key = $3
		UNION SELECT v.user_id FROM user_values v WHERE v.tenant_id = $1 AND v.attr = 100 AND v."key" = $4`,
}

// filter answers a filter with its exact total and the first hundred in one round trip.
func (f *floor) filter(ctx context.Context, r *http.Request) (int, error) {
	query := r.URL.Query()
	kind := query.Get("kind")
	if kind == "sort" {
		return f.read(ctx, f.userWith(total, ` JOIN user_values s ON s.tenant_id = u.tenant_id AND s.user_id = u.id AND s.attr = 11 AND s.lead`)+
			`s.tenant_id = $1 ORDER BY s."key", s.user_id LIMIT 100`, f.Tenant, f.Config)
	}
	few, ok := fewOf[kind]
	if !ok {
		return 0, fmt.Errorf("there is no kind of filter %q", kind)
	}
	if kind == "co" {
		few = fmt.Sprintf(few, map[bool]string{true: "strpos", false: "instr"}[f.Dialect == storetest.Postgres])
	}
	return f.read(ctx, `WITH few(id) AS MATERIALIZED (`+few+`) `+f.userWith(`, (SELECT count(*) FROM few)`, "")+`u.id IN (SELECT few.id FROM few) ORDER BY u.id LIMIT 100`,
		f.Tenant, f.Config, query.Get("first"), query.Get("second"))
}

// bulk creates a thousand people, each in a transaction of her own: an operation that fails must not undo the others.
func (f *floor) bulk(ctx context.Context, r *http.Request) (int, error) {
	from, err := strconv.Atoi(r.URL.Query().Get("from"))
	if err != nil {
		return 0, err
	}
	for i := range bulkOps {
		if err := f.apply(ctx, f.creation(fmt.Sprintf("zfloor%d.%d", from, i), false)); err != nil {
			return 0, err
		}
	}
	return 1, nil
}
