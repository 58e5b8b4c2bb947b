// Package main measures Usher against a floor: a bare net/http handler that does the same reads and writes in the fewest round
// trips, with prepared plain SQL over the same tables and indexes, the same driver and the same number of connections, and
// answers with ready bytes.
//
// Invariants: both run in the same minute, on the same database, in processes of their own, with real commits; a ratio says
// more than a figure. Load stays on loopback, is bounded in connections and time, and stops by itself.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/storetest"
)

// settings say what is measured.
type settings struct {
	People    int     `json:"people"`
	Seconds   float64 `json:"seconds"`
	Databases string  `json:"databases"`
	JSON      bool    `json:"-"`
	Rows      string  `json:"rows,omitempty"`
	Only      int     `json:"connections,omitempty"` // 0 for one and many
	Record    bool    `json:"-"`                     // in docs/evidence.md
}

// now is the one clock.
var now = clock.System()

func main() {
	if address := os.Getenv(floorEnv); address != "" {
		if err := serveFloor(address); err != nil {
			fmt.Fprintln(os.Stderr, "floor:", err)
			os.Exit(1)
		}
		return
	}
	var s settings
	flag.IntVar(&s.People, "people", 100_000, "users in the directory")
	flag.Float64Var(&s.Seconds, "seconds", 1.5, "how long each row is measured, on each side")
	flag.StringVar(&s.Databases, "databases", "sqlite,postgres", "which databases")
	flag.BoolVar(&s.JSON, "json", false, "print JSON")
	flag.StringVar(&s.Rows, "rows", "", "only rows that have this in their names")
	flag.IntVar(&s.Only, "connections", 0, "only with so many connections: 1 or 16")
	flag.BoolVar(&s.Record, "record", false, "write the run into "+evidence)
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, s)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings) error {
	began := now()
	folder, err := os.MkdirTemp("", "usher-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	program := filepath.Join(folder, "usher")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "./cmd/usher")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build usher: %w", err)
	}
	r := &report{Settings: s, Commit: commit(ctx)}
	var versions []string
	for dialect := range strings.SplitSeq(s.Databases, ",") {
		version, err := r.measureOn(ctx, s, dialect, program, filepath.Join(folder, dialect))
		if err != nil {
			return fmt.Errorf("%s: %w", dialect, err)
		}
		versions = append(versions, version)
	}
	if s.wants(readingRow) {
		if r.Readings, err = readFilters(); err != nil {
			return err
		}
	}
	r.Machine = machine(ctx, versions...)
	r.judge()
	progressf("done in %s", now().Sub(began).Round(time.Second))
	return r.tell()
}

// tell says what the run has found where the settings want it.
func (r *report) tell() error {
	if r.Settings.JSON {
		text, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(os.Stdout, string(text)); err != nil {
			return err
		}
	} else {
		r.write(os.Stdout)
	}
	if !r.Settings.Record {
		return nil
	}
	return r.record()
}

// measureOn measures every row on one database, and returns which it is.
func (r *report) measureOn(ctx context.Context, s settings, dialect, program, folder string) (string, error) {
	w := &world{settings: s, dialect: dialect, program: program, database: "sqlite:" + filepath.Join(folder, "usher.db"), data: filepath.Join(folder, "data")}
	if dialect == storetest.Postgres {
		server, err := storetest.Start(ctx, storetest.ServerOptions{Durable: true})
		if err != nil {
			return "", err
		}
		defer func() { _ = server.Stop() }()
		w.database, w.postmaster = server.URL(), postmasterOf(socketOf(server.URL()))
	}
	progressf("%s: %d people move in", dialect, s.People)
	if err := w.prepare(ctx); err != nil {
		return "", err
	}
	usher, err := w.startUsher(ctx)
	if err != nil {
		return "", err
	}
	defer usher.stop()
	floor, err := w.startFloor(ctx)
	if err != nil {
		return "", err
	}
	defer floor.stop()
	for _, connections := range []int{1, many} {
		if s.Only != 0 && s.Only != connections {
			continue
		}
		found, err := w.measureAll(ctx, connections, usher, floor)
		r.Results = append(r.Results, found...)
		if err != nil {
			return "", err
		}
	}
	if w.wants(publishing) {
		progressf("%s: %s", dialect, publishing)
		p, err := w.books.publish(ctx, dialect, usher.base)
		if err != nil {
			return "", fmt.Errorf("%s: %w", publishing, err)
		}
		r.Published = append(r.Published, p)
		r.Facts = append(r.Facts, p.fact())
	}
	r.Facts = append(r.Facts, w.facts...)
	return w.version(ctx)
}

func (w *world) measureAll(ctx context.Context, connections int, usher, floor *process) ([]result, error) {
	rows := slices.Concat(w.rows(), w.listRows(), w.townRows(), w.crowd.rows(connections), w.bookRows())
	rows = slices.DeleteFunc(rows, func(of row) bool { return !w.wants(of.name) || of.single && connections > 1 })
	var all []result
	for i, of := range rows {
		progressf("%s, %d connections, row %d of %d: %s", w.dialect, connections, i+1, len(rows), of.name)
		found, err := w.measure(ctx, of, connections, usher, floor)
		if err != nil {
			return all, fmt.Errorf("%s: %w", of.name, err)
		}
		all = append(all, found)
	}
	return all, nil
}

func progressf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%s  %s\n", now().Format(time.TimeOnly), fmt.Sprintf(format, args...))
}
