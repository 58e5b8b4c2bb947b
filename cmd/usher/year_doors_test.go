package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/access"
	"github.com/usherhq/usher/modules/events"
)

// allDoors are everything that Usher answers, in this process, at a time that the test moves. Every request comes a moment after the one before.
type allDoors struct {
	*house

	t        testing.TB
	now      *atomic.Int64 // in microseconds
	handler  http.Handler
	operator string
	admin    string
	product  string
	inside   caller.Caller // the tenant's worker
	requests int
}

const betweenRequests = 20 * time.Millisecond

func openDoors(t *testing.T, dialect string, begins time.Time) *allDoors {
	t.Helper()
	d := &allDoors{t: t, now: &atomic.Int64{}}
	d.now.Store(begins.UnixMicro())
	db := storetest.Open(t, dialect, func(o *store.Options) { o.Clock = d.tell })
	tokens, err := access.New(db, events.New(db), d.tell, access.Options{WrappingKey: bytes.Repeat([]byte{1}, 32)})
	if err != nil {
		t.Fatal(err)
	}
	if err := tokens.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.house = assemble(db, tokens, d.tell)
	s := &serving{
		serveCommand: &serveCommand{PublicURL: "https://usher.example"}, house: d.house, log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
		base: "https://usher.example", lived: make(chan struct{}),
	}
	handler, graphql := s.handler()
	t.Cleanup(graphql.Close)
	d.handler = handler
	d.operator = d.token(access.Request{SubjectKind: access.SubjectOperator, Name: "operator", Scopes: caller.Scopes{caller.ScopeOperator}})
	return d
}

func (d *allDoors) tell() time.Time { return time.UnixMicro(d.now.Load()).UTC() }

// until moves the clock on.
func (d *allDoors) until(at time.Time) {
	d.t.Helper()
	if at.Before(d.tell()) {
		d.t.Fatalf("the clock would go back from %s to %s", d.tell(), at)
	}
	d.now.Store(at.UnixMicro())
}

func (d *allDoors) token(r access.Request) string {
	d.t.Helper()
	r.Life = 3 * 365 * 24 * time.Hour
	_, secret, err := d.access.Issue(operator(d.t.Context()), r)
	if err != nil {
		d.t.Fatal(err)
	}
	return secret.Reveal()
}

func (d *allDoors) send(method, path, token, media string, body any) (int, []byte) {
	d.t.Helper()
	d.now.Add(betweenRequests.Microseconds())
	d.requests++
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			d.t.Fatal(err)
		}
	}
	r := httptest.NewRequestWithContext(d.t.Context(), method, path, bytes.NewReader(text))
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", media)
	got := httptest.NewRecorder()
	d.handler.ServeHTTP(got, r)
	return got.Code, got.Body.Bytes()
}

// scim sends a request of an identity provider, and returns the id in the answer.
func (d *allDoors) scim(token, method, path string, body any) string {
	d.t.Helper()
	status, text := d.send(method, "/scim/v2"+path, token, "application/scim+json", body)
	var answer struct {
		ID string `json:"id"`
	}
	if status >= http.StatusBadRequest {
		d.t.Fatalf("%s %s answered %d %s", method, path, status, text)
	}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &answer); err != nil {
			d.t.Fatal(err)
		}
	}
	return answer.ID
}

// ask asks GraphQL with an administrator's token, and returns a part of the answer.
func (d *allDoors) ask(query string, variables map[string]any, path ...string) any {
	d.t.Helper()
	return d.askAs(d.admin, query, variables, path...)
}

func (d *allDoors) askAs(token, query string, variables map[string]any, path ...string) any {
	d.t.Helper()
	status, text := d.send(http.MethodPost, "/graphql", token, "application/json", map[string]any{"query": query, "variables": variables})
	var answer struct {
		Data   map[string]any `json:"data"`
		Errors []struct {
			Message string `json:"message"`
		} `json:"errors"`
	}
	if err := json.Unmarshal(text, &answer); err != nil || status != http.StatusOK {
		d.t.Fatalf("%s answered %d %.2000s", query, status, text)
	}
	for _, e := range answer.Errors {
		if !strings.Contains(e.Message, "nothing is known") {
			d.t.Fatalf("%s answered %.2000s", query, text)
		}
	}
	var at any = answer.Data
	for _, step := range path {
		in, _ := at.(map[string]any)
		at = in[step]
	}
	return at
}

func (d *allDoors) askText(query string, variables map[string]any, path ...string) string {
	d.t.Helper()
	text, ok := d.ask(query, variables, path...).(string)
	if !ok {
		d.t.Fatalf("%s has no %v", query, path)
	}
	return text
}

// found makes the tenant, through the operator's door.
func (d *allDoors) found(zone string) {
	d.t.Helper()
	made := d.askAs(d.operator, `mutation($in: CreateTenantInput!) { createTenant(input: $in) { tenant { id } } }`, map[string]any{
		"in": map[string]any{"name": "Simulated", "slug": "simulated", "plan": "ADVANCED_PLUS", "timeZone": zone},
	}, "createTenant", "tenant", "id")
	tenant, ok := id.Tenant.Parse(fmt.Sprint(made))
	if !ok {
		d.t.Fatalf("the tenant is %v", made)
	}
	d.inside = caller.Caller{Tenant: tenant, Kind: caller.KindWorker, Name: "worker"}
	issue := func(scope string) string {
		return d.token(access.Request{Tenant: tenant, SubjectKind: access.SubjectService, Name: scope, Scopes: caller.Scopes{scope}})
	}
	d.admin, d.product = issue(caller.ScopeAdmin), issue(caller.ScopeEntitlementsWrite)
}

// night has the workers do what is due, whom a clock that is moved does not wake.
func (d *allDoors) night() {
	d.t.Helper()
	ctx := caller.With(d.t.Context(), d.inside)
	_, err := d.house.seats.EndGraces(ctx)
	if err == nil {
		err = d.house.seats.RunRules(ctx)
	}
	if err == nil {
		_, err = d.house.seats.Reclaim(ctx)
	}
	if err == nil {
		err = d.db.FoldCounts(ctx)
	}
	if err != nil {
		d.t.Fatal(err)
	}
}

// snap has the worker write the snapshots that are missing.
func (d *allDoors) snap() {
	d.t.Helper()
	if _, err := d.house.reports.Snap(caller.With(d.t.Context(), d.inside)); err != nil {
		d.t.Fatal(err)
	}
}
