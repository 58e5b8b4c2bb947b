package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/usherhq/usher/internal/caller"
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
	if err := w.fill(ctx); err != nil || !w.wantsCrowd() {
		return err
	}
	return w.prepareCrowd(ctx)
}

// fill puts the people and groups in, many rows at a time.
func (w *world) fill(ctx context.Context) error {
	db, err := store.Open(ctx, store.Options{URL: w.database})
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	ctx = caller.With(ctx, caller.Caller{Tenant: w.tenant, Kind: caller.KindWorker})
	for range w.People {
		w.people = append(w.people, id.New())
	}
	now := db.Now()
	insert := func(table, columns string, n int, row func(i int) []any) error {
		const piece = 500
		for from := 0; from < n; from += piece {
			var args []any
			var text strings.Builder
			for i := from; i < min(n, from+piece); i++ {
				values := row(i)
				if i > from {
					text.WriteByte(',')
				}
				text.WriteByte('(')
				for j := range values {
					if j > 0 {
						text.WriteByte(',')
					}
					text.WriteString("$" + strconv.Itoa(len(args)+j+1))
				}
				text.WriteByte(')')
				args = append(args, values...)
			}
			err := store.Do(ctx, db, func(ctx context.Context) error {
				_, err := db.Exec(ctx, "INSERT INTO "+table+" ("+columns+") VALUES "+text.String(), args...)
				return err
			})
			if err != nil {
				return fmt.Errorf("fill %s: %w", table, err)
			}
		}
		return nil
	}
	name := func(i int) string { return fmt.Sprintf("person%06d@bench.example", i) }
	if err := insert("users", "tenant_id, id, created_at, updated_at, version, user_name, user_name_key, display_name, given_name, family_name, active, origin, attributes, indexed", w.People, func(i int) []any {
		return []any{w.tenant, w.people[i], now, now, 1, name(i), name(i), "Person", "Per", "Son", true, "scim",
			`{"userName":"` + name(i) + `","name":{"familyName":"Son","givenName":"Per"},"displayName":"Person","emails":[{"value":"` + name(i) + `","type":"work","primary":true}]}`, true}
	}); err != nil {
		return err
	}
	if err := w.fillValues(name, insert); err != nil {
		return err
	}
	if err := insert("links", "tenant_id, id, user_id, scim_config_id, external_id, active, how, first_write_at, last_write_at", w.People, func(i int) []any {
		return []any{w.tenant, id.New(), w.people[i], w.config, "00u" + strconv.Itoa(i), true, "created", now, now}
	}); err != nil {
		return err
	}
	if err := w.fillGroups(now, insert); err != nil {
		return err
	}
	analyze := func(ctx context.Context) error { // as autovacuum does within a minute
		_, err := db.Exec(ctx, "ANALYZE")
		return err
	}
	if err := store.Do(ctx, db, analyze); err != nil {
		return err
	}
	return store.Do(ctx, db, func(ctx context.Context) error {
		if err := store.AddCount(ctx, "users", int64(w.People)); err != nil {
			return err
		}
		return store.AddCount(ctx, "groups", int64(len(w.groups)))
	})
}

// fillValues makes the people findable, as Usher would.
func (w *world) fillValues(name func(int) string, insert func(table, columns string, rows int, row func(int) []any) error) error {
	always := func(key string) func(int) string { return func(int) string { return key } }
	for attr, key := range map[int]func(int) string{
		11: always("son"), 12: always("per"), 20: always("person"), 100: name, 102: always("work"), 103: always("true"),
	} {
		row := func(i int) []any { return []any{w.tenant, w.people[i], attr, 0, true, key(i)} }
		if err := insert("user_values", `tenant_id, user_id, attr, ord, lead, "key"`, w.People, row); err != nil {
			return err
		}
	}
	return nil
}

// fillGroups makes the groups and their members.
func (w *world) fillGroups(now time.Time, insert func(table, columns string, n int, row func(i int) []any) error) error {
	w.groups = map[int]id.ID{}
	for i, size := range groupSizes {
		size = min(size, w.People/2)
		group := id.New()
		w.groups[size] = group
		w.outsiders = max(w.outsiders, size)
		title := fmt.Sprintf("Group %d, of %d", i, size)
		if err := insert("groups", "tenant_id, id, created_at, updated_at, version, display_name, display_name_key, scim_config_id", 1, func(int) []any {
			return []any{w.tenant, group, now, now, 1, title, strings.ToLower(title), w.config}
		}); err != nil {
			return err
		}
		if err := insert("memberships", "tenant_id, id, group_id, member_id, user_id, source, source_id, since", size, func(i int) []any {
			return []any{w.tenant, id.New(), group, w.people[i], w.people[i], "scim", w.config, now}
		}); err != nil {
			return err
		}
	}
	return nil
}

// process is a server under load.
type process struct {
	base    string
	command *exec.Cmd
}

func (p *process) stop() {
	_ = p.command.Process.Kill()
	_ = p.command.Wait()
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is closed at once
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func (w *world) startUsher(ctx context.Context) (*process, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	return started(ctx, address, exec.Command(w.program, "serve", "--listen", address, "--database", w.database, "--data", w.data)) //nolint:noctx // stop ends it
}

func started(ctx context.Context, address string, command *exec.Cmd) (*process, error) {
	var said bytes.Buffer
	command.Stderr = &said
	if err := command.Start(); err != nil {
		return nil, err
	}
	p := &process{base: "http://" + address, command: command}
	for range 400 {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.base+"/readyz", nil)
		if err != nil {
			return nil, err
		}
		if answer, err := http.DefaultClient.Do(r); err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return p, nil
			}
		}
		time.Sleep(25 * time.Millisecond)
	}
	p.stop()
	return nil, fmt.Errorf("%s is not ready: %s", command.Path, said.String())
}

// resident is the memory that a process holds, in bytes (Linux).
func (p *process) resident() int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.command.Process.Pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			if err != nil {
				return 0
			}
			return n << 10
		}
	}
	return 0
}

// allocations is how often a process has allocated since its start.
func (p *process) allocations(ctx context.Context) float64 {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.base+"/metrics", nil)
	if err != nil {
		return 0
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0
	}
	defer func() { _ = answer.Body.Close() }()
	var text bytes.Buffer
	_, _ = text.ReadFrom(answer.Body)
	for line := range strings.Lines(text.String()) {
		if rest, ok := strings.CutPrefix(line, "go_memstats_mallocs_total "); ok {
			n, err := strconv.ParseFloat(strings.TrimSpace(rest), 64)
			if err != nil {
				return 0
			}
			return n
		}
	}
	return 0
}
