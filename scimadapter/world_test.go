package scimadapter_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/access"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/events"
	"github.com/usherhq/usher/modules/licensing"
	"github.com/usherhq/usher/modules/provisioning"
	"github.com/usherhq/usher/modules/tenancy"
	"github.com/usherhq/usher/scimadapter"
)

// world is a server with one tenant and one SCIM configuration, seen through HTTP.
type world struct {
	t            *testing.T
	db           *store.DB
	admin        context.Context // an administrator of the tenant
	server       *httptest.Server
	token        string
	config       provisioning.Config
	provisioning *provisioning.Service
	directory    *directory.Service
	seats        *licensing.Service
	access       *access.Service
	events       *events.Service
	heard        int64 // the last event that news told of
}

func newWorld(t *testing.T, db *store.DB, settings ...func(*provisioning.NewConfig)) *world {
	t.Helper()
	return newWorldAt(t, db, clock.System(), settings...)
}

func newWorldAt(t *testing.T, db *store.DB, now clock.Clock, settings ...func(*provisioning.NewConfig)) *world {
	t.Helper()
	w := &world{t: t, db: db, admin: storetest.Tenant(t, db)}
	w.open(now)
	n := provisioning.NewConfig{Name: "Okta", IdentityProvider: provisioning.Okta}
	for _, set := range settings {
		set(&n)
	}
	var err error
	if w.config, err = w.provisioning.CreateConfig(w.admin, n); err != nil {
		t.Fatal(err)
	}
	w.token = w.issue(w.config.ID, caller.ScopeSCIM)
	return w
}

// replica is the access of one more process on the database.
func replica(t *testing.T, db *store.DB, now clock.Clock) *access.Service {
	t.Helper()
	s, err := access.New(db, events.New(db), now, access.Options{WrappingKey: bytes.Repeat([]byte{1}, 32)})
	if err == nil {
		err = s.Load(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// open starts a server over the world's database.
func (w *world) open(now clock.Clock) {
	w.t.Helper()
	journal := events.New(w.db)
	w.events = journal
	tenants := tenancy.New(w.db, journal, now)
	w.access = replica(w.t, w.db, now)
	w.directory = directory.New(w.db, journal, now)
	w.seats = licensing.New(w.db, journal, now, w.directory)
	w.directory.Follow(w.seats)
	w.provisioning = provisioning.New(provisioning.Needs{
		DB: w.db, Events: journal, Clock: now, Tenants: tenants, Access: w.access, Directory: w.directory, Seats: w.seats,
	})
	tenants.FollowPlans(w.provisioning)
	w.server = httptest.NewServer(scimadapter.New(scimadapter.Options{Provisioning: w.provisioning, Directory: w.directory, Seats: w.seats, Access: w.access, Clock: now}))
	w.t.Cleanup(w.server.Close)
}

// replica is the same world seen through another server, which shares nothing with the first but the database.
func (w *world) replica() *world {
	w.t.Helper()
	other := *w
	other.open(clock.System())
	return &other
}

// raw sends a request past the client, which would not send or not show everything.
func (w *world) raw(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), method, scimadapter.Base+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+w.token)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	recorded := httptest.NewRecorder()
	w.server.Config.Handler.ServeHTTP(recorded, r)
	return recorded
}

// news is what has happened in the tenant since they were asked for last.
func (w *world) news() []events.Event {
	w.t.Helper()
	if _, err := w.events.Number(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	var all []events.Event
	for {
		p, err := w.events.After(w.admin, w.heard, 100, events.Filter{})
		if err != nil {
			w.t.Fatal(err)
		}
		for _, e := range p.Items {
			w.heard = e.Number
		}
		if all = append(all, p.Items...); !p.HasNext {
			return all
		}
	}
}

func (w *world) tenant() id.ID {
	w.t.Helper()
	who, err := caller.Must(w.admin)
	if err != nil {
		w.t.Fatal(err)
	}
	return who.Tenant
}

func strict(n *provisioning.NewConfig) { n.Preset = provisioning.PresetStrict }

func (w *world) issue(config id.ID, scopes ...string) string {
	w.t.Helper()
	_, secret, err := w.provisioning.IssueToken(w.admin, config, access.Request{Name: "Test", Scopes: scopes})
	if err != nil {
		w.t.Fatal(err)
	}
	return secret.Reveal()
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	text   string
	body   map[string]any
}

func (a answer) str(path ...string) string {
	text, _ := a.at(path...).(string)
	return text
}

func (a answer) at(path ...string) any {
	var value any = a.body
	for _, name := range path {
		o, _ := value.(map[string]any)
		value = o[name]
	}
	return value
}

func (a answer) resources() []any {
	all, _ := a.body["Resources"].([]any)
	return all
}

func (w *world) do(method, path, body string, headers ...string) answer {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.server.URL+scimadapter.Base+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+w.token)
	if body != "" {
		r.Header.Set("Content-Type", "application/scim+json; charset=utf-8")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := w.server.Client().Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	a := answer{status: response.StatusCode, header: response.Header, text: string(text)}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &a.body); err != nil {
			w.t.Fatalf("%s %s answered %q: %v", method, path, text, err)
		}
		w.refusesWell(method+" "+path, a)
	}
	return a
}

// want does a request and fails the test unless the answer has the status.
func (w *world) want(status int, method, path, body string, headers ...string) answer {
	w.t.Helper()
	a := w.do(method, path, body, headers...)
	if a.status != status {
		w.t.Fatalf("%s %s %s answered %d %s, want %d", method, path, body, a.status, a.text, status)
	}
	return a
}

func (w *world) create(userName string) string {
	w.t.Helper()
	return w.want(http.StatusCreated, "POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"`+userName+`","active":true}`).str("id")
}

func ops(operations string) string {
	return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` + operations + `]}`
}

// journaled counts what the journal has of the tenant.
func (w *world) journaled() (n int) {
	w.t.Helper()
	who, _ := caller.From(w.admin)
	if err := w.db.QueryRow(w.admin, `SELECT count(*) FROM events WHERE tenant_id = $1`, who.Tenant).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

func (w *world) license(product string, seats int64) licensing.License {
	w.t.Helper()
	l, err := w.seats.Buy(w.admin, licensing.NewLicense{Product: product, Seats: seats})
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

func (w *world) autoAssign(license id.ID) {
	w.t.Helper()
	_, err := w.provisioning.ChangeConfig(w.admin, w.config.ID, nil, func(c *provisioning.Config) error {
		c.AutoAssign, c.License = true, &license
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) seatStates(license id.ID, users ...string) []string {
	w.t.Helper()
	var ids []id.ID
	for _, user := range users {
		of, ok := id.User.Parse(user)
		if !ok {
			w.t.Fatalf("%q is no id", user)
		}
		ids = append(ids, of)
	}
	seats, err := w.seats.SeatsOf(w.admin, ids)
	if err != nil {
		w.t.Fatal(err)
	}
	var states []string
	for _, of := range ids {
		for _, seat := range seats[of] {
			if seat.License == license {
				states = append(states, string(seat.State))
			}
		}
	}
	return states
}

func pageOf(first int) page.Args { return page.Args{First: first} }

// at asks for an address from the root of the host on.
func (w *world) at(method, path, authorization string) *httptest.ResponseRecorder {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), method, path, nil)
	r.Header.Set("Authorization", authorization)
	recorded := httptest.NewRecorder()
	w.server.Config.Handler.ServeHTTP(recorded, r)
	return recorded
}
