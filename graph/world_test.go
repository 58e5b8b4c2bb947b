package graph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/usherhq/usher/graph"
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
	"github.com/usherhq/usher/modules/reporting"
	"github.com/usherhq/usher/modules/tenancy"
)

// world is a GraphQL server, with the statements that it sends.
type world struct {
	t      testing.TB
	db     *store.DB
	r      *graph.Resolver
	server *graph.Server
	draft  string // the id of a rule of the town that is no more than drafted

	explained string // arguments that name a seat of the town

	mu         sync.Mutex
	statements []string
}

// each runs a test on both databases.
func each(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			w := &world{t: t}
			w.db = storetest.Open(t, dialect, func(o *store.Options) { o.Watch = w.watch })
			w.join()
			test(t, w)
		})
	}
}

func (w *world) watch(statement string) {
	if !strings.Contains(statement, "tenant_id") || strings.Contains(statement, "attribute_schemas") { // a setting, kept in memory for a moment
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.statements = append(w.statements, statement)
}

func (w *world) join() {
	w.t.Helper()
	journal, now := events.New(w.db), clock.System()
	tokens, err := access.New(w.db, journal, now, access.Options{WrappingKey: bytes.Repeat([]byte{1}, 32)})
	if err != nil {
		w.t.Fatal(err)
	}
	if err := tokens.Load(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	tenants, people := tenancy.New(w.db, journal, now), directory.New(w.db, journal, now)
	tokens.FindGroups(people.AreThere)
	seats := licensing.New(w.db, journal, now, people)
	people.Follow(seats)
	configs := provisioning.New(provisioning.Needs{
		DB: w.db, Events: journal, Clock: now, Tenants: tenants, Access: tokens, Directory: people, Seats: seats,
	})
	tenants.FollowPlans(configs)
	w.r = &graph.Resolver{
		Tenants: tenants, Access: tokens, Directory: people, Licensing: seats, Provisioning: configs, Events: journal, Reports: reporting.New(w.db, journal, now), ScimURL: "https://usher.example/scim/v2",
		ConsoleURL: "http://usher.example/console/",
	}
	w.server = graph.NewServer(w.r, slog.New(slog.DiscardHandler))
}

// tenant makes a tenant and a token of it.
func (w *world) tenant(scopes ...string) (admin context.Context, token string) {
	w.t.Helper()
	admin = storetest.Tenant(w.t, w.db)
	return admin, w.token(admin, scopes...)
}

func (w *world) token(admin context.Context, scopes ...string) string {
	w.t.Helper()
	who, _ := caller.From(admin)
	_, secret, err := w.r.Access.Issue(admin, access.Request{Tenant: who.Tenant, SubjectKind: access.SubjectService, Name: "Test", Scopes: scopes})
	if err != nil {
		w.t.Fatal(err)
	}
	return secret.Reveal()
}

func (w *world) operator() string {
	w.t.Helper()
	ctx := caller.With(w.t.Context(), caller.Caller{Kind: caller.KindOperator, Scopes: caller.Scopes{caller.ScopeOperator}})
	_, secret, err := w.r.Access.Issue(ctx, access.Request{SubjectKind: access.SubjectOperator, Name: "Operator", Scopes: caller.Scopes{caller.ScopeOperator}})
	if err != nil {
		w.t.Fatal(err)
	}
	return secret.Reveal()
}

// answer is what came back.
type answer struct {
	status int
	text   string
	Data   map[string]any `json:"data"`
	Errors []struct {
		Message    string         `json:"message"`
		Path       []any          `json:"path"`
		Extensions map[string]any `json:"extensions"`
	} `json:"errors"`
}

func (a answer) code() string {
	if len(a.Errors) == 0 {
		return ""
	}
	code, _ := a.Errors[0].Extensions["code"].(string)
	return code
}

// at reads a value of the answer by a path of names and places.
func (a answer) at(path ...any) any {
	var value any = a.Data
	for _, step := range path {
		switch step := step.(type) {
		case string:
			o, _ := value.(map[string]any)
			value = o[step]
		case int:
			all, _ := value.([]any)
			if step >= len(all) {
				return nil
			}
			value = all[step]
		}
	}
	return value
}

func (w *world) ask(token, query string, variables ...any) answer {
	w.t.Helper()
	sent := map[string]any{"query": query}
	if len(variables) > 0 {
		named := map[string]any{}
		for i := 0; i+1 < len(variables); i += 2 {
			named[fmt.Sprint(variables[i])] = variables[i+1]
		}
		sent["variables"] = named
	}
	body, err := json.Marshal(sent)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.post(token, string(body), "application/json")
}

func (w *world) post(token, body, media string) answer {
	w.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(body))
	r.Header.Set("Content-Type", media)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	got := httptest.NewRecorder()
	w.server.ServeHTTP(got, r)
	a := answer{status: got.Code, text: got.Body.String()}
	if err := json.Unmarshal(got.Body.Bytes(), &a); err != nil {
		w.t.Fatalf("answered %q: %v", got.Body, err)
	}
	return a
}

// want asks and fails the test when there are errors.
func (w *world) want(token, query string, variables ...any) answer {
	w.t.Helper()
	a := w.ask(token, query, variables...)
	if len(a.Errors) > 0 {
		w.t.Fatalf("%s answered %s", query, a.text)
	}
	return a
}

// sent counts the statements that something sends.
func (w *world) sent(act func()) []string {
	w.mu.Lock()
	w.statements = nil
	w.mu.Unlock()
	act()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.statements
}

func (w *world) people(ctx context.Context, n int) []id.ID {
	w.t.Helper()
	all := make([]id.ID, n)
	for i := range all {
		u, err := w.r.Directory.Create(ctx, directory.User{UserName: fmt.Sprintf("user%03d@example.com", i), Active: true})
		if err != nil {
			w.t.Fatal(err)
		}
		all[i] = u.ID
	}
	return all
}

func pageOf(first int) page.Args { return page.Args{First: first} }

// call logs a SCIM request of a configuration.
func (w *world) call(ctx context.Context, config, method, path string, status int) {
	w.t.Helper()
	who, _ := caller.From(ctx)
	of, ok := id.Config.Parse(config)
	if !ok {
		w.t.Fatalf("%q is no configuration", config)
	}
	w.r.Provisioning.Log(provisioning.Call{Tenant: who.Tenant, Config: of, At: w.db.Now(), Method: method, Path: path, Status: status, RequestID: "r"})
	w.r.Provisioning.FlushCalls(w.t.Context())
}
