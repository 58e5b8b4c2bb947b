package store_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
)

const (
	childURL    = "USHER_STORE_TEST_URL"
	childTenant = "USHER_STORE_TEST_TENANT"
	perProcess  = 150
)

// TestMain lets a child process, started by the test below, work on the database of its parent.
func TestMain(m *testing.M) {
	if os.Getenv(childURL) == "" {
		m.Run()
		return
	}
	if err := workAsChild(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func workAsChild(ctx context.Context) error {
	db, err := store.Open(ctx, store.Options{URL: os.Getenv(childURL)})
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	of, err := uuid.Parse(os.Getenv(childTenant))
	if err != nil {
		return err
	}
	return addMany(caller.With(ctx, caller.Caller{Tenant: of, Kind: caller.KindWorker}), db)
}

// addMany adds people one by one and counts them in a row that everybody changes, by reading it first.
func addMany(ctx context.Context, db *store.DB) error {
	for range perProcess {
		err := store.Do(ctx, db, func(ctx context.Context) error {
			var version int64
			row := db.QueryRow(ctx, "SELECT version FROM tenants WHERE id = $1", tenant(ctx))
			if err := row.Scan(&version); err != nil {
				return err
			}
			const update = "UPDATE tenants SET version = $1 WHERE id = $2 AND version = $3"
			return deferring(
				store.Stmt{SQL: update, Args: []any{version + 1, tenant(ctx), version}, Rows: 1},
				addUser(ctx, db, uuid.NewString()))(ctx)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func TestTwoProcessesShareOneDatabase(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			address := storetest.URL(t, dialect)
			db := openURL(t, address)
			ctx := storetest.Tenant(t, db)
			child := exec.CommandContext(t.Context(), os.Args[0])
			child.Env = append(os.Environ(), childURL+"="+address, childTenant+"="+tenant(ctx).String())
			child.Stderr = os.Stderr
			if err := child.Start(); err != nil {
				t.Fatal(err)
			}
			if err := addMany(ctx, db); err != nil {
				t.Error(err)
			}
			if err := child.Wait(); err != nil {
				t.Error(err)
			}
			var version int
			if err := db.QueryRow(ctx, "SELECT version FROM tenants WHERE id = $1", tenant(ctx)).Scan(&version); err != nil {
				t.Fatal(err)
			}
			if got := len(people(ctx, t, db)); got != 2*perProcess || version != 2*perProcess+1 {
				t.Errorf("%d people, version %d", got, version)
			}
		})
	}
}

// Whoever comes first turns a new file of SQLite to write-ahead logging; for as long as this takes SQLite refuses the others
// at once, whatever they are ready to wait.
func TestManyOpenOneNewFileAtOnce(t *testing.T) {
	t.Parallel()
	for range 30 {
		address := "sqlite:" + filepath.Join(t.TempDir(), "usher.db")
		var opening sync.WaitGroup
		for range 8 {
			opening.Go(func() {
				db, err := store.Open(t.Context(), store.Options{URL: address})
				if err != nil {
					t.Error(err)
					return
				}
				_ = db.Close()
			})
		}
		opening.Wait()
	}
}
