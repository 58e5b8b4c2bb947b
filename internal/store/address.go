package store

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/lib/pq"
	sqlitedriver "modernc.org/sqlite"
)

// What every PostgreSQL session is given unless the address says otherwise, in PostgreSQL's own spelling.
var sessionSettings = map[string]string{
	"statement_timeout":                   "30s",
	"lock_timeout":                        "10s",
	"idle_in_transaction_session_timeout": "60s",
	"timezone":                            "UTC",
	"application_name":                    "usher",
}

const connectTimeout = 5 * time.Second

// postgresAddress adds to a postgres:// address what lib/pq would leave open: time-outs, time zone, encryption. What the
// address says itself stays.
func postgresAddress(address string) (string, error) {
	parsed, err := url.Parse(address)
	if err != nil {
		return "", errors.New("the address of the database is not of the form postgres://user:password@host/database")
	}
	cfg, err := pq.NewConfig(address)
	if err != nil {
		return "", fmt.Errorf("read the address of the database: %w", withoutPassword(parsed, err))
	}
	settings := parsed.Query()
	for name, value := range sessionSettings {
		if !settings.Has(name) {
			settings.Set(name, value)
		}
	}
	if cfg.ConnectTimeout <= 0 {
		settings.Set("connect_timeout", strconv.Itoa(int(connectTimeout/time.Second)))
	}
	if !settings.Has("sslmode") && os.Getenv("PGSSLMODE") == "" {
		settings.Set("sslmode", "verify-full")
		if near(cfg) {
			settings.Set("sslmode", "disable")
		}
	}
	// With binary parameters JSON would reach the server as bytes.
	settings.Del("binary_parameters")
	parsed.RawQuery = settings.Encode()
	return parsed.String(), nil
}

// near tells whether every host of the address is this machine.
func near(cfg pq.Config) bool {
	hosts := append([]pq.ConfigMultihost{{Host: cfg.Host, Hostaddr: cfg.Hostaddr}}, cfg.Multi...)
	for _, host := range hosts {
		if host.Hostaddr.IsValid() {
			if !host.Hostaddr.IsLoopback() {
				return false
			}
			continue
		}
		ip := net.ParseIP(host.Host)
		socket := filepath.IsAbs(host.Host) || strings.HasPrefix(host.Host, "@")
		if !socket && host.Host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return false
		}
	}
	return true
}

func withoutPassword(address *url.URL, err error) error {
	if secret, has := address.User.Password(); has && secret != "" {
		return errors.New(strings.ReplaceAll(err.Error(), secret, "…"))
	}
	return err
}

func postgresConnector(address string, patience time.Duration) (*connector, error) {
	base, err := pq.NewConnector(address)
	if err != nil {
		return nil, fmt.Errorf("prepare connections: %w", err)
	}
	base.Dialer(&dialer{})
	return &connector{base: base, dialect: postgres, patience: patience}, nil
}

// The kinds of SQLite connections. Those that write take the lock of the file when a transaction begins, so that what it has
// read cannot change before it writes. A migration may rebuild a table that others refer to, which deletes their rows unless
// foreign keys are off; they are checked afterwards.
const (
	writing   = "&_txlock=immediate&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)"
	reading   = "&_txlock=deferred&_pragma=query_only(1)"
	migrating = "&_txlock=immediate&_pragma=synchronous(FULL)&_pragma=foreign_keys(0)"
)

func sqliteConnector(path, purpose string, patience time.Duration) (*connector, error) {
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() +
		"?_dqs=0&_timezone=UTC&_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=temp_store(MEMORY)&_pragma=cache_size(-16000)" + purpose
	base, err := sqlitedriver.NewConnector(dsn)
	if err != nil {
		return nil, fmt.Errorf("prepare connections to %s: %w", path, err)
	}
	return &connector{base: base, dialect: sqlite, patience: patience}, nil
}

// sqlitePath finds the file and makes its folder.
func sqlitePath(address string) (string, error) {
	path := strings.TrimPrefix(address, "sqlite:")
	path = strings.TrimPrefix(path, "//")
	if path == "" || strings.HasPrefix(path, ":memory:") || strings.ContainsRune(path, 0) {
		return "", fmt.Errorf("%q names no file; use sqlite:PATH", address)
	}
	full, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("find the database file %s: %w", path, err)
	}
	if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
		return "", fmt.Errorf("make the folder of the database file: %w", err)
	}
	// The file holds what is known of people: it is for its owner only.
	file, err := os.OpenFile(full, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the operator names the file
	if err != nil {
		return "", fmt.Errorf("open the database file: %w", err)
	}
	return full, file.Close()
}
