package storetest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	"github.com/google/uuid"
	"github.com/lib/pq"

	"github.com/usherhq/usher/ent/migrations"
	"github.com/usherhq/usher/internal/store"
)

// host is the PostgreSQL where this process makes its databases.
type host struct {
	admin    *sql.DB
	address  *url.URL
	template string
}

// theHost is the PostgreSQL of this process with its template.
var theHost = sync.OnceValues(func() (*host, error) {
	h, err := aServer()
	if err != nil {
		return nil, err
	}
	return h, h.makeTemplate(context.Background())
})

// aServer finds or starts the PostgreSQL of this process, once.
var aServer = sync.OnceValues(func() (*host, error) {
	ctx := context.Background()
	address := os.Getenv("USHER_TEST_POSTGRES")
	if address == "" {
		server, err := Start(ctx, ServerOptions{})
		if err != nil {
			return nil, err
		}
		address = server.URL()
	}
	parsed, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("read USHER_TEST_POSTGRES: %w", err)
	}
	admin, err := sql.Open("postgres", address)
	if err != nil {
		return nil, fmt.Errorf("open PostgreSQL: %w", err)
	}
	admin.SetMaxIdleConns(1)
	return &host{admin: admin, address: parsed}, nil
})

func ping(ctx context.Context, address string) error {
	db, err := sql.Open("postgres", address)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	return db.PingContext(ctx)
}

func (h *host) urlOf(database string) string {
	address := *h.address
	address.Path = "/" + database
	return address.String()
}

// makeTemplate makes the migrated, empty database that tests get copies of. Its name tells its migrations, so that several
// processes can share one server.
func (h *host) makeTemplate(ctx context.Context) error {
	sum, err := sumOfMigrations()
	if err != nil {
		return err
	}
	h.template = "usher_template_" + sum
	conn, err := h.admin.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock(hashtext('usher_template'))"); err != nil {
		return fmt.Errorf("lock the template: %w", err)
	}
	defer func() { _, _ = conn.ExecContext(ctx, "SELECT pg_advisory_unlock(hashtext('usher_template'))") }()
	var there bool
	err = conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", h.template).Scan(&there)
	if err != nil || there {
		return err
	}
	making := h.template + "_making"
	if _, err := conn.ExecContext(ctx, "DROP DATABASE IF EXISTS "+making); err != nil {
		return fmt.Errorf("make the template: %w", err)
	}
	if _, err := conn.ExecContext(ctx, "CREATE DATABASE "+making+" TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'"); err != nil {
		return fmt.Errorf("make the template: %w", err)
	}
	if err := migrated(ctx, h.urlOf(making)); err != nil {
		return err
	}
	_, err = conn.ExecContext(ctx, "ALTER DATABASE "+making+" RENAME TO "+h.template)
	return err
}

func migrated(ctx context.Context, address string) error {
	db, err := store.Open(ctx, store.Options{URL: address, MaxConns: 2})
	if err != nil {
		return fmt.Errorf("open the template: %w", err)
	}
	return errors.Join(db.Migrate(ctx), db.Close())
}

// sumOfMigrations names a set of migrations.
func sumOfMigrations() (string, error) {
	folder, err := migrations.Postgres()
	if err != nil {
		return "", err
	}
	text, err := fs.ReadFile(folder, "atlas.sum")
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:6]), err
}

// create makes a database like the template and returns how to drop it. An empty template makes an empty one.
func (h *host) create(ctx context.Context, template string) (name string, drop func() error, err error) {
	name = "usher_test_" + hex.EncodeToString(newSuffix())
	drop = func() error {
		_, err := h.admin.ExecContext(context.WithoutCancel(ctx), "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
		return err
	}
	command := "CREATE DATABASE " + name + " TEMPLATE " + template
	_, err = h.admin.ExecContext(ctx, command+" STRATEGY file_copy")
	if server, ok := errors.AsType[*pq.Error](err); ok && server.Code == "42601" {
		_, err = h.admin.ExecContext(ctx, command) // before PostgreSQL 15 there was one strategy, and no word for it
	}
	if err != nil {
		return "", nil, fmt.Errorf("make a database: %w", err)
	}
	return name, drop, nil
}

func newSuffix() []byte {
	id := uuid.New()
	return id[:8]
}

// theFile makes the migrated, empty SQLite file that tests get copies of, once, and returns its bytes.
var theFile = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "usher-sqlite-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for SQLite: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	path := filepath.Join(folder, "template.db")
	if err := migrated(context.Background(), "sqlite:"+path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// Scratch makes an empty PostgreSQL database for a tool that is no test, and returns how to drop it.
func Scratch(ctx context.Context) (address string, drop func() error, err error) {
	h, err := aServer()
	if err != nil {
		return "", nil, err
	}
	name, drop, err := h.create(ctx, "template0")
	if err != nil {
		return "", nil, err
	}
	return h.urlOf(name), drop, nil
}
