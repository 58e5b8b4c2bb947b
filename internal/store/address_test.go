package store_test

import (
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/store"
)

func TestPostgresAddressLeavesNothingOpen(t *testing.T) {
	t.Setenv("PGSSLMODE", "") // put back at the end
	if err := os.Unsetenv("PGSSLMODE"); err != nil {
		t.Fatal(err)
	}
	usual := url.Values{
		"statement_timeout": {"30s"}, "lock_timeout": {"10s"}, "idle_in_transaction_session_timeout": {"60s"},
		"timezone": {"UTC"}, "application_name": {"usher"}, "connect_timeout": {"5"},
	}
	for address, own := range map[string]url.Values{
		"postgres://u:p@db.example.com/usher":                               {"sslmode": {"verify-full"}},
		"postgres://u@localhost/usher":                                      {"sslmode": {"disable"}},
		"postgres://u@127.0.0.1:5433/usher":                                 {"sslmode": {"disable"}},
		"postgresql:///usher?host=/var/run/postgresql":                      {"sslmode": {"disable"}, "host": {"/var/run/postgresql"}},
		"postgres://a,b.example.com/usher?target_session_attrs=read-write":  {"sslmode": {"verify-full"}, "target_session_attrs": {"read-write"}},
		"postgres://localhost,b.example.com/usher":                          {"sslmode": {"verify-full"}},
		"postgres://h/usher?sslmode=require&connect_timeout=2":              {"sslmode": {"require"}, "connect_timeout": {"2"}},
		"postgres://localhost/usher?statement_timeout=5s&lock_timeout=1s":   {"sslmode": {"disable"}, "statement_timeout": {"5s"}, "lock_timeout": {"1s"}},
		"postgres://localhost/usher?binary_parameters=yes&timezone=Etc/UTC": {"sslmode": {"disable"}, "timezone": {"Etc/UTC"}},
	} {
		want := url.Values{}
		for _, settings := range []url.Values{usual, own} {
			maps.Copy(want, settings)
		}
		got, err := store.PostgresAddress(address)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		parsed, err := url.Parse(got)
		if err != nil || !reflect.DeepEqual(parsed.Query(), want) {
			t.Errorf("%s became %s (%v), want %v", address, got, err, want)
		}
	}
}

func TestWrongAddressIsRefusedWithoutItsPassword(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"", "mysql://localhost/usher", "usher.db", "sqlite:", "sqlite::memory:", "sqlite:a\x00b",
		"postgres://u:hunter2@h/usher?sslmode=hunter2", "postgres://u:hunter2@h:port/usher",
	} {
		_, err := store.Open(t.Context(), store.Options{URL: address})
		if err == nil {
			t.Errorf("%q was opened", address)
		} else if strings.Contains(err.Error(), "u:hunter2") {
			t.Errorf("%q tells the password: %v", address, err)
		}
	}
}

func TestSQLiteFileMayHaveAnyName(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new folder", "us?h%er#1.db")
	for range 2 {
		db, err := store.Open(t.Context(), store.Options{URL: "sqlite:" + path})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v: %v", info, err)
	}
	if found, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); err != nil || len(found) != 1 {
		t.Errorf("files are %v: %v", found, err)
	}
}
