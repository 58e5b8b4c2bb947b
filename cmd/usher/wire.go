package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/modules/access"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/events"
	"github.com/usherhq/usher/modules/licensing"
	"github.com/usherhq/usher/modules/provisioning"
	"github.com/usherhq/usher/modules/reporting"
	"github.com/usherhq/usher/modules/tenancy"
)

// place says where an installation keeps its things.
type place struct {
	Database string `help:"Where the data is: sqlite:PATH or postgres://…. Without it, SQLite in the data folder." env:"USHER_DATABASE" placeholder:"URL"`
	Data     string `help:"Folder of this installation's files." env:"USHER_DATA" default:"data" placeholder:"DIR"`
}

// house is every module of an installation, joined.
type house struct {
	db           *store.DB
	clock        clock.Clock
	events       *events.Service
	tenants      *tenancy.Service
	access       *access.Service
	directory    *directory.Service
	seats        *licensing.Service
	provisioning *provisioning.Service
	reports      *reporting.Service
}

const private = 0o700

// open opens the database, brings it to this version's schema, and joins the modules over it.
func (p place) open(ctx context.Context) (*house, error) {
	if err := os.MkdirAll(p.Data, private); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	key, err := wrappingKey(filepath.Join(p.Data, "wrapping.key"))
	if err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, store.Options{URL: p.url(), Clock: clock.System()})
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	h, err := join(ctx, db, key)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return h, nil
}

func (p place) url() string {
	if p.Database != "" {
		return p.Database
	}
	return "sqlite:" + filepath.Join(p.Data, "usher.db")
}

func join(ctx context.Context, db *store.DB, key []byte) (*house, error) {
	if err := db.Migrate(ctx); err != nil {
		return nil, fmt.Errorf("migrate the database: %w", err)
	}
	now := clock.System()
	tokens, err := access.New(db, events.New(db), now, access.Options{WrappingKey: key})
	if err != nil {
		return nil, err
	}
	if err := tokens.Load(ctx); err != nil {
		return nil, err
	}
	return assemble(db, tokens, now), nil
}

// assemble joins the modules over a database, at the time that a clock tells.
func assemble(db *store.DB, tokens *access.Service, now clock.Clock) *house {
	h := &house{db: db, clock: now, events: events.New(db), access: tokens}
	h.tenants = tenancy.New(db, h.events, now)
	h.directory = directory.New(db, h.events, now)
	h.access.FindGroups(h.directory.AreThere)
	h.seats = licensing.New(db, h.events, now, h.directory)
	h.directory.Follow(h.seats)
	h.provisioning = provisioning.New(provisioning.Needs{
		DB: db, Events: h.events, Clock: now, Tenants: h.tenants, Access: h.access, Directory: h.directory, Seats: h.seats,
	})
	h.tenants.FollowPlans(h.provisioning)
	h.reports = reporting.New(db, h.events, now)
	return h
}

// index makes everybody findable whom an older Usher has kept.
func (h *house) index(ctx context.Context) error {
	for args := (page.Args{First: page.Max}); ; {
		tenants, err := h.tenants.List(operator(ctx), args, tenancy.Filter{}, tenancy.Order{})
		if err != nil {
			return fmt.Errorf("list the tenants: %w", err)
		}
		for _, t := range tenants.Items {
			who := caller.Caller{Tenant: t.ID, Kind: caller.KindWorker, Name: "index"}
			if _, err := h.directory.Index(caller.With(ctx, who)); err != nil {
				return fmt.Errorf("make the people of %s findable: %w", t.Slug, err)
			}
			args.After = tenancy.Cursor(t, tenancy.Order{})
		}
		if !tenants.HasNext {
			return nil
		}
	}
}

// wrappingKey is the key that wraps signing keys: from the environment, or from a file that only its owner reads, made at the
// first start.
func wrappingKey(path string) ([]byte, error) {
	if text := os.Getenv("USHER_WRAPPING_KEY"); text != "" {
		key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
		if err != nil {
			return nil, fmt.Errorf("read USHER_WRAPPING_KEY: it is 32 bytes in base64: %w", err)
		}
		return key, nil
	}
	const keySize = 32
	fresh := make([]byte, keySize)
	if _, err := rand.Read(fresh); err != nil {
		return nil, fmt.Errorf("make the wrapping key: %w", err)
	}
	err := createPrivate(path, base64.StdEncoding.EncodeToString(fresh)+"\n")
	if err == nil {
		return fresh, nil
	}
	if !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("make the wrapping key: %w", err)
	}
	text, err := readPrivate(path)
	if err != nil {
		return nil, err
	}
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("read %s: it is 32 bytes in base64: %w", path, err)
	}
	return key, nil
}

const ownerOnly = 0o600

// createPrivate writes a file that was not there, whole or not at all, for its owner's eyes only.
func createPrivate(path, text string) error {
	draft, err := os.CreateTemp(filepath.Dir(path), ".draft-*") // made for its owner only
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(draft.Name()) }()
	_, err = draft.WriteString(text)
	if err := errors.Join(err, draft.Sync(), draft.Close()); err != nil {
		return err
	}
	return os.Link(draft.Name(), path)
}

// readPrivate reads a file that nobody else may read.
func readPrivate(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	if info.Mode().Perm()&^ownerOnly != 0 {
		return "", fmt.Errorf("%s can be read by others: make it yours alone with chmod 600", path)
	}
	text, err := os.ReadFile(path) //nolint:gosec // the operator names the folder
	if err != nil {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	return strings.TrimSpace(string(text)), nil
}

func (h *house) close() error {
	if err := h.db.Close(); err != nil {
		return fmt.Errorf("close the database: %w", err)
	}
	return nil
}

// operator acts for who runs the command.
func operator(ctx context.Context) context.Context {
	return caller.With(ctx, caller.Caller{Kind: caller.KindOperator, Name: "command line", Scopes: caller.Scopes{caller.ScopeOperator}})
}
