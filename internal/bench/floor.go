package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	_ "github.com/lib/pq"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	_ "modernc.org/sqlite"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/storetest"
)

const floorEnv = "USHER_BENCH_FLOOR"

// floorSettings is what the floor's process has to know.
type floorSettings struct {
	Address  string `json:"address"`
	Dialect  string `json:"dialect"`
	Database string `json:"database"`
	Tenant   id.ID  `json:"tenant"`
	License  id.ID  `json:"license"`
	Config   id.ID  `json:"config"`
	Auto     id.ID  `json:"auto"`
}

func (w *world) startFloor(ctx context.Context) (*process, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(floorSettings{
		Address: address, Dialect: w.dialect, Database: w.database, Tenant: w.tenant, License: w.license, Config: w.config, Auto: w.auto,
	})
	if err != nil {
		return nil, err
	}
	command := exec.Command(os.Args[0]) //nolint:noctx // stop ends it
	command.Env = append(os.Environ(), floorEnv+"="+string(text))
	return w.started(ctx, address, command)
}

// floor is the bare handler.
type floor struct {
	floorSettings

	reads, writes *sql.DB
	prepared      sync.Map
	bytes         []byte
}

func serveFloor(text string) error {
	f := &floor{bytes: []byte(strings.Repeat("x", 700))}
	if err := json.Unmarshal([]byte(text), &f.floorSettings); err != nil {
		return err
	}
	if err := f.open(); err != nil {
		return err
	}
	mux := http.NewServeMux()
	for path, act := range map[string]func(context.Context, *http.Request) (int, error){
		"/create": f.create, "/lookup": f.lookup, "/get": f.get, "/active": f.active, "/member": f.member, "/page": f.page, "/graph": f.graph,
		"/filter": f.filter, "/bulk": f.bulk, "/report": f.report, "/asof": f.asOf,
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			n, err := act(r.Context(), r)
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			for range max(n, 1) {
				_, _ = w.Write(f.bytes)
			}
		})
	}
	mux.HandleFunc("/members", f.members)
	mux.Handle("/metrics", promhttp.Handler())
	mux.HandleFunc("/readyz", func(http.ResponseWriter, *http.Request) {})
	return (&http.Server{Addr: f.Address, Handler: mux, ReadHeaderTimeout: time.Minute}).ListenAndServe()
}

const floorConns = 16

func (f *floor) open() error {
	var err error
	if f.Dialect == storetest.Postgres {
		if f.reads, err = sql.Open("postgres", f.Database); err != nil {
			return err
		}
		f.reads.SetMaxOpenConns(floorConns)
		f.reads.SetMaxIdleConns(floorConns)
		f.writes = f.reads
		return nil
	}
	path := "file:" + strings.TrimPrefix(f.Database, "sqlite:") + "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=cache_size(-16000)"
	f.writes, err = sql.Open("sqlite", path+"&_txlock=immediate&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)")
	if err != nil {
		return err
	}
	f.writes.SetMaxOpenConns(1)
	if f.reads, err = sql.Open("sqlite", path+"&_pragma=query_only(1)"); err != nil {
		return err
	}
	f.reads.SetMaxOpenConns(4)
	f.reads.SetMaxIdleConns(4)
	return nil
}

// statement prepares a text once.
func (f *floor) statement(ctx context.Context, on *sql.DB, text string) (*sql.Stmt, error) {
	if f.Dialect != storetest.Postgres {
		for n := 40; n > 0; n-- {
			text = strings.ReplaceAll(text, "$"+strconv.Itoa(n), "?"+strconv.Itoa(n))
		}
	}
	if known, ok := f.prepared.Load(text); ok {
		st, _ := known.(*sql.Stmt)
		return st, nil
	}
	st, err := on.PrepareContext(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", text, err)
	}
	f.prepared.Store(text, st)
	return st, nil
}

// value is an argument as the database keeps it.
func (f *floor) value(v any) any {
	at, ok := v.(time.Time)
	if ok && f.Dialect != storetest.Postgres {
		return at.UTC().Format("2006-01-02 15:04:05.000000-07:00")
	}
	return v
}

// change is one statement of a write.
type change struct {
	text string
	args []any
}

// apply makes a change in one round trip on PostgreSQL, and in one transaction on SQLite.
func (f *floor) apply(ctx context.Context, changes []change) error {
	if f.Dialect == storetest.Postgres {
		var text strings.Builder
		var args []any
		text.WriteString("WITH ")
		for i, c := range changes {
			for n := len(c.args); n > 0; n-- {
				c.text = strings.ReplaceAll(c.text, "$"+strconv.Itoa(n)+"~", "$"+strconv.Itoa(n+len(args)))
			}
			fmt.Fprintf(&text, "w%d AS (%s RETURNING 1), ", i, c.text)
			args = append(args, c.args...)
		}
		st, err := f.statement(ctx, f.writes, strings.TrimSuffix(text.String(), ", ")+" SELECT 1")
		if err != nil {
			return err
		}
		_, err = st.ExecContext(ctx, args...)
		return err
	}
	tx, err := f.writes.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	for _, c := range changes {
		for i := range c.args {
			c.args[i] = f.value(c.args[i])
		}
		text := strings.ReplaceAll(c.text, "~", "")
		for n := 40; n > 0; n-- {
			text = strings.ReplaceAll(text, "$"+strconv.Itoa(n), "?"+strconv.Itoa(n))
		}
		known, ok := f.prepared.Load(text)
		if !ok {
			st, err := tx.PrepareContext(ctx, text)
			if err != nil {
				return errors.Join(err, tx.Rollback())
			}
			known = st
			defer func() { _ = st.Close() }()
		}
		st, _ := known.(*sql.Stmt)
		if _, err := st.ExecContext(ctx, c.args...); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	return tx.Commit()
}

// read runs a query and counts its rows.
func (f *floor) read(ctx context.Context, text string, args ...any) (n int, err error) {
	st, err := f.statement(ctx, f.reads, text)
	if err != nil {
		return 0, err
	}
	rows, err := st.QueryContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		return 0, err
	}
	into := make([]any, len(columns))
	for i := range into {
		into[i] = new(sql.RawBytes)
	}
	for ; rows.Next(); n++ {
		if err := rows.Scan(into...); err != nil {
			return 0, err
		}
	}
	return n, rows.Err()
}
