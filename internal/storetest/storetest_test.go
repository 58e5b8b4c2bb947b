package storetest_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
)

func tenants(t *testing.T, db *store.DB) (count int) {
	t.Helper()
	if err := db.QueryRow(t.Context(), "SELECT count(*) FROM tenants").Scan(&count); err != nil {
		t.Fatal(err)
	}
	return count
}

func TestEveryTestHasADatabaseOfItsOwn(t *testing.T) {
	t.Parallel()
	for range 2 {
		storetest.Each(t, func(t *testing.T, db *store.DB) {
			storetest.Tenant(t, db)
			if got := tenants(t, db); got != 1 {
				t.Errorf("%d tenants, want 1", got)
			}
		})
	}
}

func TestReplicasShareTheirDatabase(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		a, b := storetest.TwoReplicas(t, dialect)
		storetest.Tenant(t, a)
		if got := tenants(t, b); got != 1 {
			t.Errorf("%s: the other replica sees %d tenants", dialect, got)
		}
	}
}

const childVariable = "USHER_STORETEST_CHILD"

// TestMain lets a child process, started by the test below, do nothing but hold a server.
func TestMain(m *testing.M) {
	if os.Getenv(childVariable) == "" {
		m.Run()
		return
	}
	server, err := storetest.Start(context.Background(), storetest.ServerOptions{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(server.URL())
	select {}
}

func TestServerDoesNotOutliveAKilledProcess(t *testing.T) {
	t.Parallel()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), childVariable+"=1")
	output, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		_ = child.Wait()
		t.Skip("no server could be started: ", err)
	}
	address, err := url.Parse(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	folder := address.Query().Get("host")
	if _, err := os.Stat(folder); err != nil {
		t.Fatal(err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	limit := time.After(20 * time.Second)
	for {
		if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
			return
		}
		select {
		case <-look.C:
		case <-limit:
			t.Fatalf("%s is still there", folder)
		}
	}
}

func TestStoppedServerIsGone(t *testing.T) {
	t.Parallel()
	server, err := storetest.Start(t.Context(), storetest.ServerOptions{Durable: true})
	if errors.Is(err, storetest.ErrNoPostgres) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), store.Options{URL: server.URL()})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Close(), server.Stop(), server.Stop()); err != nil {
		t.Error(err)
	}
	if _, err := store.Open(t.Context(), store.Options{URL: server.URL()}); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("opened a server that was stopped: %v", err)
	}
}
