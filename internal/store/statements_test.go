package store_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
)

func oneConnection(options *store.Options) { options.MaxConns = 1 }

func preparedBy(ctx context.Context, t *testing.T, db *store.DB) (count int) {
	t.Helper()
	if err := db.QueryRow(ctx, "SELECT count(*) FROM pg_prepared_statements").Scan(&count); err != nil {
		t.Fatal(err)
	}
	return count
}

func TestSameVerbsArePreparedOnce(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, storetest.Postgres, oneConnection)
	ctx := storetest.Tenant(t, db)
	before := preparedBy(ctx, t, db)
	for i := range 20 {
		name := fmt.Sprintf("user%d", i)
		err := store.Do(ctx, db, func(ctx context.Context) error {
			expect := len(people(ctx, t, db))
			if expect != i {
				t.Errorf("%d people, want %d", expect, i)
			}
			return errors.Join(deferring(addUser(ctx, db, name))(ctx), store.AddCount(ctx, "people", 1))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if now := preparedBy(ctx, t, db); now != before+2 {
		t.Errorf("%d statements were prepared for two texts", now-before)
	}
}

func TestKeptStatementsAreBounded(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		if db.Postgres() {
			db = storetest.Open(t, storetest.Postgres, oneConnection)
		}
		for i := range 600 {
			var got int
			query := fmt.Sprintf("SELECT %d + $1::integer", i)
			if err := db.QueryRow(t.Context(), query, 1).Scan(&got); err != nil || got != i+1 {
				t.Fatalf("%s: %d, %v", query, got, err)
			}
		}
		if db.Postgres() {
			if kept := preparedBy(t.Context(), t, db); kept > 256 {
				t.Errorf("%d statements are kept", kept)
			}
		}
	})
}

func TestLookUpsByKeyStayLookUpsWhileATenantGrows(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, storetest.Postgres, oneConnection)
	ctx := storetest.Tenant(t, db)
	const grown = 1500
	for range grown {
		if err := store.Do(ctx, db, func(ctx context.Context) error { return deferring(created(ctx, db)...)(ctx) }); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.QueryRow(ctx, "SELECT 1 FROM pg_stat_force_next_flush()").Scan(new(int)); err != nil {
		t.Skipf("this server keeps its statistics to itself for a while: %v", err)
	}
	var read int
	const query = "SELECT sum(idx_tup_read)::bigint FROM pg_stat_user_indexes WHERE relname = 'users'"
	if err := db.QueryRow(ctx, query).Scan(&read); err != nil {
		t.Fatal(err)
	}
	if read > 150*grown {
		t.Errorf("%d entries of the index were read for %d checks of a foreign key", read, grown)
	}
}

func TestRowsOfOneStatementAreReadTwiceAtOnceOnSQLite(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, storetest.SQLite)
	ctx := storetest.Tenant(t, db)
	do(ctx, t, db, addUser(ctx, db, "ada"), addUser(ctx, db, "bob"))
	const query = "SELECT user_name FROM users WHERE tenant_id = $1 ORDER BY user_name"
	read := func(ctx context.Context, inner func()) (got []string) {
		rows, err := db.Query(ctx, query, tenant(ctx))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				t.Fatal(err)
			}
			got = append(got, name)
			inner()
		}
		return got
	}
	err := store.Do(ctx, db, func(ctx context.Context) error {
		want := []string{"ada", "bob"}
		outer := read(ctx, func() {
			if got := read(ctx, func() {}); !reflect.DeepEqual(got, want) {
				t.Errorf("inner %v", got)
			}
		})
		if !reflect.DeepEqual(outer, want) {
			t.Errorf("outer %v", outer)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestChangedColumnIsPlannedAnew(t *testing.T) {
	t.Parallel()
	other, db := storetest.TwoReplicas(t, storetest.Postgres, oneConnection)
	ctx := storetest.Tenant(t, db)
	read := func(ctx context.Context) error {
		var name string
		return db.QueryRow(ctx, "SELECT name FROM tenants WHERE id = $1", tenant(ctx)).Scan(&name)
	}
	change := func(kind string) {
		err := store.Do(ctx, other, func(ctx context.Context) error {
			_, err := other.Exec(ctx, "ALTER TABLE tenants ALTER COLUMN name TYPE "+kind)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, kind := range []string{"text", "varchar(300)"} {
		if err := errors.Join(read(ctx), read(ctx)); err != nil {
			t.Fatal(err)
		}
		change(kind)
	}
	if err := read(ctx); err != nil {
		t.Errorf("a read outside of a unit: %v", err)
	}
	change("varchar")
	runs := 0
	err := store.Do(ctx, db, func(ctx context.Context) error {
		runs++
		if _, err := db.Exec(ctx, "SELECT 1"); err != nil {
			return err
		}
		return read(ctx)
	})
	if err != nil || runs != 2 {
		t.Errorf("a unit with a spoiled plan: %d runs, %v", runs, err)
	}
}

// spread runs the same thing several times at once, so that several connections do it.
func spread(t *testing.T, times int, run func() error) {
	t.Helper()
	var all sync.WaitGroup
	for range times {
		all.Go(func() {
			if err := run(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

func TestConnectionsThatTheServerEndedAreNotUsed(t *testing.T) {
	t.Parallel()
	db, other := storetest.TwoReplicas(t, storetest.Postgres)
	ctx := storetest.Tenant(t, db)
	endAll := func() {
		const terminate = `SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid()`
		if err := other.QueryRow(ctx, terminate).Scan(new(int)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 5 {
		spread(t, 4, func() error { _, err := store.Count(ctx, db, "people"); return err })
		endAll()
		do(ctx, t, db, addUser(ctx, db, fmt.Sprint("user", i)))
	}
	err := store.Do(ctx, db, func(ctx context.Context) error {
		if _, err := db.Exec(ctx, "SELECT 1"); err != nil {
			return err
		}
		endAll()
		return db.QueryRow(ctx, "SELECT 1").Scan(new(int))
	})
	if !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a unit whose connection ended: %v", err)
	}
	if got := len(people(ctx, t, db)); got != 5 {
		t.Errorf("%d people, want 5", got)
	}
}

// hole is a network in front of PostgreSQL that can swallow everything.
type hole struct {
	net.Listener

	open chan struct{} // closed when nothing passes any more
}

func newHole(t *testing.T, address string) (through string, shut func()) {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	socket := ".s.PGSQL.5432"
	folder := t.TempDir()
	listener, err := net.Listen("unix", filepath.Join(folder, socket))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	h := &hole{open: make(chan struct{}), Listener: listener}
	settings := parsed.Query()
	go h.serve(filepath.Join(settings.Get("host"), socket))
	settings.Set("host", folder)
	parsed.RawQuery = settings.Encode()
	return parsed.String(), func() { close(h.open) }
}

func (h *hole) serve(target string) {
	for {
		client, err := h.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("unix", target)
		if err != nil {
			_ = client.Close()
			return
		}
		go h.pass(client, server)
		go h.pass(server, client)
	}
}

func (h *hole) pass(from, to net.Conn) {
	buffer := make([]byte, 1<<16)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			_ = to.Close()
			return
		}
		select {
		case <-h.open:
			continue
		default:
		}
		_, _ = to.Write(buffer[:n])
	}
}

func TestSilentServerIsGivenUpAtTheDeadline(t *testing.T) {
	t.Parallel()
	address := storetest.URL(t, storetest.Postgres)
	if !strings.Contains(address, "host=") {
		t.Skip("the server is not on a socket of this machine")
	}
	through, shut := newHole(t, address)
	db, err := store.Open(t.Context(), store.Options{URL: through})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	ctx := storetest.Tenant(t, db)
	shut()
	for name, work := range map[string]func(ctx context.Context) error{
		"read":  func(ctx context.Context) error { return db.QueryRow(ctx, "SELECT $1::integer", 1).Scan(new(int)) },
		"write": func(ctx context.Context) error { return store.Do(ctx, db, deferring(addUser(ctx, db, "ada"))) },
	} {
		limited, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
		begun := time.Now()
		err := work(limited)
		cancel()
		if !errors.Is(err, store.ErrBusy) && !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
		if took := time.Since(begun); took > time.Second {
			t.Errorf("%s took %v", name, took)
		}
	}
}

func TestValuesComeBackAsTheyWent(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := storetest.Tenant(t, db)
		at := time.Date(2026, 11, 24, 13, 14, 15, 123456789, time.FixedZone("east", 3600))
		var want []any
		var ids []uuid.UUID
		for i, shift := range []time.Duration{0, time.Second, 876544 * time.Microsecond} {
			write := addUser(ctx, db, fmt.Sprint("user", i))
			write.Args[2], write.Args[3] = at.Add(shift), at.Add(shift)
			do(ctx, t, db, write)
			ids = append(ids, write.Args[0].(uuid.UUID))
			want = append(want, ids[i], clock.Cut(at.Add(shift)), true)
		}
		const query = `SELECT id, created_at, active FROM users WHERE tenant_id = $1 AND id = ANY($2) AND created_at >= $3 AND active ORDER BY id`
		rows, err := db.Query(ctx, query, tenant(ctx), ids, at)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = rows.Close() }()
		var got []any
		for rows.Next() {
			var id uuid.UUID
			var created time.Time
			var active bool
			if err := rows.Scan(&id, &created, &active); err != nil {
				t.Fatal(err)
			}
			got = append(got, id, created, active)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("read %#v, want %#v", got, want)
		}
	})
}

func TestListsInsertAndDeleteManyRowsAtOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := storetest.Tenant(t, db)
		const insert = `INSERT INTO count_deltas (id, tenant_id, name, delta)
			SELECT m.value, $1::uuid, $3, 1 FROM unnest($2::uuid[]) AS m(value) WHERE m.value <> $4::uuid ON CONFLICT DO NOTHING`
		ids := []uuid.UUID{uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())}
		for range 2 {
			do(ctx, t, db, store.Stmt{SQL: insert, Args: []any{tenant(ctx), ids, "people", ids[1]}})
		}
		if got, err := store.Count(ctx, db, "people"); err != nil || got != 2 {
			t.Errorf("count %d: %v", got, err)
		}
		do(ctx, t, db, store.Stmt{SQL: "DELETE FROM count_deltas WHERE tenant_id = $1 AND id <> ALL($2)", Args: []any{tenant(ctx), ids[2:]}, Rows: 1})
		if got, err := store.Count(ctx, db, "people"); err != nil || got != 1 {
			t.Errorf("count %d: %v", got, err)
		}
	})
}

func TestRawWordsMeanTheSameOnBothDatabases(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"SELECT a FROM b WHERE c = $1 AND d = $12":            "SELECT a FROM b WHERE c = ?1 AND d = ?12",
		"WHERE id = ANY((SELECT $3::uuid[])::uuid[])":         "WHERE id IN (SELECT value FROM json_each(?3))",
		"WHERE id = ANY($3) AND x <> ALL($4)":                 "WHERE id IN (SELECT value FROM json_each(?3)) AND x NOT IN (SELECT value FROM json_each(?4))",
		"SELECT $1::uuid, $2::timestamptz, m.value":           "SELECT ?1, ?2, m.value",
		"FROM unnest($2::uuid[]) AS m(value) WHERE m.value":   "FROM json_each(?2) AS m WHERE m.value",
		`WHERE strpos(a, $1) > 0 AND b COLLATE "C" < $2`:      "WHERE instr(a, ?1) > 0 AND b COLLATE BINARY < ?2",
		"FROM a x /* INDEXED BY y */ WHERE b = $1":            "FROM a x INDEXED BY y WHERE b = ?1",
		"SELECT name FROM tenants -- nothing to be rewritten": "SELECT name FROM tenants -- nothing to be rewritten",
	} {
		if got := store.ForSQLite(raw); got != want {
			t.Errorf("%s became %s, want %s", raw, got, want)
		}
	}
}

func TestClockIsCut(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 1, 2, 3, 999, time.UTC)
	db := storetest.Open(t, storetest.SQLite, func(options *store.Options) { options.Clock = clock.Fixed(at) })
	if got := db.Now(); !got.Equal(at.Truncate(time.Microsecond)) {
		t.Errorf("now is %v", got)
	}
}
