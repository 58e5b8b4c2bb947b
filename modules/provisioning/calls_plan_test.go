package provisioning_test

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
)

// TestTheCallOfARequestIsFoundWithoutTheWholeLog looks at the plan that SQLite makes for it.
func TestTheCallOfARequestIsFoundWithoutTheWholeLog(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var statements []string
	db := storetest.Open(t, storetest.SQLite, func(o *store.Options) {
		o.Watch = func(statement string) {
			mu.Lock()
			defer mu.Unlock()
			statements = append(statements, statement)
		}
	})
	w := newWorld(t, db)
	w.provisioning.Log(w.call("req_1"))
	w.provisioning.Log(w.call("req_2"))
	w.provisioning.FlushCalls(t.Context())
	found, err := w.provisioning.CallsOfRequests(w.admin, []string{"req_1", "req_3"})
	if err != nil || len(found) != 1 || found["req_1"].RequestID != "req_1" {
		t.Fatalf("found %+v, %v", found, err)
	}
	mu.Lock()
	at := slices.IndexFunc(statements, func(s string) bool { return strings.Contains(s, "AND request_id") })
	var statement string
	if at >= 0 {
		statement = statements[at]
	}
	mu.Unlock()
	if at < 0 {
		t.Fatal("no statement looked for requests")
	}
	rows, err := db.Query(w.admin, "EXPLAIN QUERY PLAN "+statement, make([]any, 3)...)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	defer func() { _ = rows.Close() }()
	var steps []string
	for rows.Next() {
		var a, b, c int
		var step string
		if err := rows.Scan(&a, &b, &c, &step); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if all := strings.Join(steps, "\n"); !strings.Contains(all, "scim_calls_request (tenant_id=? AND request_id=?") {
		t.Errorf("%s\n  goes:\n%s", statement, all)
	}
}
