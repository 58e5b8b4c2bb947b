package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

// world is a database full of people, and who may write to it.
type world struct {
	settings

	dialect, program, database, data string

	tenant, license, config, auto id.ID
	token, autoToken, admin       string
	people                        []id.ID
	groups                        map[int]id.ID // by how many members they have
	outsiders                     int           // people from here on are in none of them
	crowd                         *crowd        // nil where no row needs it
	towns                         []town        // the same
	books                         *books        // the same
	postmaster                    int           // the process of PostgreSQL
	facts                         []string      // what was seen besides figures
	patched                       atomic.Int64  // how many people were let in or out
}

var groupSizes = []int{100, 1000, 10_000}

// usherJSON runs a command of usher and reads what it prints.
func (w *world) usherJSON(ctx context.Context, into any, args ...string) error {
	args = append(args, "--json", "--database", w.database, "--data", w.data)
	command := exec.CommandContext(ctx, w.program, args...)
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		return fmt.Errorf("usher %s: %w", args[0], err)
	}
	return json.Unmarshal(out, into)
}

func (w *world) prepare(ctx context.Context) error {
	var tenant, license struct {
		ID, SKU string
	}
	var plain, auto, admin struct{ ID, Token string }
	for _, step := range []struct {
		into any
		args []string
	}{
		{&tenant, []string{"tenant", "create", "--name", "Bench", "--slug", "bench", "--plan", "advanced"}},
		{&license, []string{"license", "create", "--tenant", "bench", "--product", "Advanced", "--seats", "50000000"}},
		{&plain, []string{"scim", "create", "--tenant", "bench", "--name", "Plain"}},
		{&auto, []string{"scim", "create", "--tenant", "bench", "--name", "Auto", "--auto-assign", "--license", "advanced"}},
		{&admin, []string{"token", "create", "--tenant", "bench", "--name", "Bench", "--scope", "admin"}},
	} {
		if err := w.usherJSON(ctx, step.into, step.args...); err != nil {
			return err
		}
	}
	w.tenant, _ = id.Tenant.Parse(tenant.ID)
	w.license, _ = id.License.Parse(license.ID)
	w.config, _ = id.Config.Parse(plain.ID)
	w.auto, _ = id.Config.Parse(auto.ID)
	w.token, w.autoToken, w.admin = plain.Token, auto.Token, admin.Token
	if err := w.fill(ctx); err != nil {
		return err
	}
	if w.wants(crowdNames()...) {
		progressf("%s: a crowd moves in", w.dialect)
		if err := w.prepareCrowd(ctx); err != nil {
			return err
		}
	}
	if w.wants(townNames()...) {
		if err := w.prepareTowns(ctx); err != nil {
			return err
		}
	}
	if w.wants(bookNames()...) {
		return w.prepareBooks(ctx)
	}
	return nil
}

// wants tells whether any of some rows is to be measured.
func (s settings) wants(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return strings.Contains(name, s.Rows) })
}

// version tells which database it is.
func (w *world) version(ctx context.Context) (string, error) {
	db, err := store.Open(ctx, store.Options{URL: w.database})
	if err != nil {
		return "", err
	}
	defer func() { _ = db.Close() }()
	query, form := "SELECT sqlite_version()", "SQLite %s"
	if db.Postgres() {
		query, form = "SELECT split_part(version(), ' ', 2)", "PostgreSQL %s with real commits"
	}
	var version string
	err = db.QueryRow(ctx, query).Scan(&version)
	return fmt.Sprintf(form, version), err
}

// socketOf is the folder of the socket that the address of a PostgreSQL names.
func socketOf(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return parsed.Query().Get("host")
}
