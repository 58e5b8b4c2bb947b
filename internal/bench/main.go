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
	"strings"
	"time"

	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/storetest"
)

// settings say what is measured.
type settings struct {
	People    int
	Seconds   float64
	Databases string
	JSON      bool
	Rows      string
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
	flag.Float64Var(&s.Seconds, "seconds", 2, "how long each row is measured, on each side")
	flag.StringVar(&s.Databases, "databases", "sqlite,postgres", "which databases")
	flag.BoolVar(&s.JSON, "json", false, "print JSON")
	flag.StringVar(&s.Rows, "rows", "", "only rows that have this in their names")
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
	var all []result
	for dialect := range strings.SplitSeq(s.Databases, ",") {
		found, err := measureOn(ctx, s, dialect, program, filepath.Join(folder, dialect))
		if err != nil {
			return fmt.Errorf("%s: %w", dialect, err)
		}
		all = append(all, found...)
	}
	if s.JSON {
		text, err := json.MarshalIndent(all, "", "  ")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(os.Stdout, string(text))
		return err
	}
	write(os.Stdout, all)
	return nil
}

func measureOn(ctx context.Context, s settings, dialect, program, folder string) ([]result, error) {
	database := "sqlite:" + filepath.Join(folder, "usher.db")
	if dialect == storetest.Postgres {
		server, err := storetest.Start(ctx, storetest.ServerOptions{Durable: true})
		if err != nil {
			return nil, err
		}
		defer func() { _ = server.Stop() }()
		database = server.URL()
	}
	progressf("%s: %d people move in", dialect, s.People)
	w := &world{settings: s, dialect: dialect, program: program, database: database, data: filepath.Join(folder, "data")}
	if err := w.prepare(ctx); err != nil {
		return nil, err
	}
	usher, err := w.startUsher(ctx)
	if err != nil {
		return nil, err
	}
	defer usher.stop()
	floor, err := w.startFloor(ctx)
	if err != nil {
		return nil, err
	}
	defer floor.stop()
	var all []result
	for _, connections := range []int{1, 16} {
		for _, row := range append(w.rows(), w.crowd.rows(connections)...) {
			if !strings.Contains(row.name, s.Rows) {
				continue
			}
			progressf("%s, %d connections: %s", dialect, connections, row.name)
			r, err := w.measure(ctx, row, connections, usher, floor)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", row.name, err)
			}
			all = append(all, r)
		}
	}
	return all, nil
}

func progressf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%s  %s\n", now().Format(time.TimeOnly), fmt.Sprintf(format, args...))
}
