package provisioning_test

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/provisioning"
)

// call is one that the log can keep, with a request id to know it by.
func (w *world) call(request string) provisioning.Call {
	who, _ := caller.From(w.admin)
	return provisioning.Call{Tenant: who.Tenant, Token: id.New(), At: w.now, Method: "GET", Path: "/Users", Status: 200, RequestID: request}
}

// logged returns the request ids of the calls that the log has, sorted.
func (w *world) logged() []string {
	w.t.Helper()
	requests, args := []string{}, page.Args{First: page.Max}
	for {
		p, err := w.provisioning.Calls(w.admin, args, provisioning.CallFilter{}, page.Descending)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, c := range p.Items {
			requests = append(requests, c.RequestID)
			args.After = provisioning.CallCursor(c)
		}
		if !p.HasNext {
			slices.Sort(requests)
			return requests
		}
	}
}

// TestOneBadCallTakesNoOtherWithIt plants an index that two of many calls cannot both satisfy.
func TestOneBadCallTakesNoOtherWithIt(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.schema(db, `CREATE UNIQUE INDEX only_once ON scim_calls (request_id)`)
		want := []string{}
		for n := range 300 {
			request := strconv.Itoa(1000 + n)
			w.provisioning.Log(w.call(request))
			want = append(want, request)
			if n == 7 || n == 290 {
				w.provisioning.Log(w.call(request))
			}
		}
		w.provisioning.FlushCalls(t.Context())
		if got := w.logged(); !slices.Equal(got, want) {
			t.Errorf("the log has %d calls: %v", len(got), got)
		}
		if n := w.provisioning.Dropped(); n != 2 {
			t.Errorf("%d were dropped, want the 2 that cannot be kept", n)
		}
	})
}

// TestCallsWaitForADatabaseThatIsAway has the writer run into a deadline: everything is kept for the next time, in order, and
// what comes meanwhile behind it.
func TestCallsWaitForADatabaseThatIsAway(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		away, stop := context.WithCancel(t.Context())
		stop()
		want := []string{}
		for n := range 400 {
			want = append(want, strconv.Itoa(1000+n))
			w.provisioning.Log(w.call(want[n]))
			if n%100 == 0 {
				w.provisioning.FlushCalls(away)
			}
		}
		if got := w.logged(); len(got) > 0 || w.provisioning.Dropped() > 0 {
			t.Fatalf("%d were written and %d dropped without a database", len(got), w.provisioning.Dropped())
		}
		w.provisioning.FlushCalls(t.Context())
		if got := w.logged(); !slices.Equal(got, want) || w.provisioning.Dropped() > 0 {
			t.Errorf("the log has %d calls, %d were dropped", len(got), w.provisioning.Dropped())
		}
	})
}

// TestCallsWaitForADiskThatIsFull has the database refuse every write for want of space, and then not any more.
func TestCallsWaitForADiskThatIsFull(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		fill, free := []string{`PRAGMA max_page_count = 1`}, `PRAGMA max_page_count = 1073741823`
		if db.Postgres() {
			fill = []string{
				`CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = '53100'; END $$`,
				`CREATE TRIGGER full_disk BEFORE INSERT ON scim_calls FOR EACH ROW EXECUTE FUNCTION full_disk()`,
			}
			free = `DROP TRIGGER full_disk ON scim_calls`
		}
		for _, statement := range fill {
			w.schema(db, statement)
		}
		want := []string{}
		for n := range 200 {
			c := w.call(strconv.Itoa(1000 + n))
			c.UserAgent = strings.Repeat("okta", 250)
			w.provisioning.Log(c)
			want = append(want, c.RequestID)
		}
		for range 2 {
			w.provisioning.FlushCalls(t.Context())
		}
		if got := w.logged(); len(got) > 0 || w.provisioning.Dropped() > 0 {
			t.Fatalf("%d were written and %d dropped on a full disk", len(got), w.provisioning.Dropped())
		}
		w.schema(db, free)
		w.provisioning.FlushCalls(t.Context())
		if got := w.logged(); !slices.Equal(got, want) || w.provisioning.Dropped() > 0 {
			t.Errorf("the log has %d calls, %d were dropped", len(got), w.provisioning.Dropped())
		}
	})
}

// TestAFullLogNeverMakesACallWait logs more than the queue holds while nobody writes: Log must come back each time, or the test
// would not end.
func TestAFullLogNeverMakesACallWait(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		const more = 300
		for range provisioning.MaxQueued + more {
			w.provisioning.Log(w.call("r"))
		}
		if n := w.provisioning.Dropped(); n != more {
			t.Errorf("%d were dropped, want %d", n, more)
		}
		w.provisioning.FlushCalls(t.Context())
		if n, err := w.provisioning.CountCalls(w.admin, provisioning.CallFilter{}); err != nil || n != provisioning.MaxQueued {
			t.Errorf("the log has %d calls, %v", n, err)
		}
	})
}

// schema changes the database in a way that no release does.
func (w *world) schema(db *store.DB, statement string) {
	w.t.Helper()
	err := store.Do(w.admin, db, func(ctx context.Context) error {
		_, err := db.Exec(ctx, statement)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}
