package graph_test

import (
	"log/slog"
	"testing"

	"github.com/usherhq/usher/graph"
	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/storetest"
)

// FuzzRequest sends any document with any variables as an administrator: what comes back is GraphQL, each error has a code, and
// nothing is an accident.
func FuzzRequest(f *testing.F) {
	w := &world{t: f, db: storetest.Open(f, storetest.SQLite)}
	w.join()
	log := &told{}
	w.server = graph.NewServer(w.r, slog.New(log))
	ctx, token := w.tenant(caller.ScopeAdmin)
	for _, s := range w.good(ctx, token, "own") {
		f.Add(s.query, s.variables)
	}
	for _, document := range costly() {
		if len(document) < 1<<10 {
			f.Add(document, `{}`)
		}
	}
	f.Fuzz(func(t *testing.T, query, variables string) {
		w.t = t
		if variables == "" {
			variables = `{}`
		}
		a := w.deliver(token, sent{query: query, variables: variables}.body(), "application/json")
		for _, e := range a.Errors {
			if code, _ := e.Extensions["code"].(string); code == "internal" || code == "" {
				t.Fatalf("%q with %q was answered %s\n%s", query, variables, a.text, *log.last.Load())
			}
		}
		if a.status >= 500 || log.errors.Load() > 0 {
			t.Fatalf("%q with %q was answered %d %s", query, variables, a.status, a.text)
		}
	})
}
