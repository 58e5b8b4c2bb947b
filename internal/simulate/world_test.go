package simulate_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/simulate"
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

// provider plays one of them.
type provider func(context.Context, simulate.Options) (*simulate.Report, error)

// target is a SCIM endpoint that does what it says, with whatever a test puts in front of it.
func target(t *testing.T, db *store.DB, wrap func(http.Handler) http.Handler) simulate.Options {
	t.Helper()
	journal, now := events.New(db), clock.System()
	tokens, err := access.New(db, journal, now, access.Options{WrappingKey: bytes.Repeat([]byte{1}, 32)})
	if err == nil {
		err = tokens.Load(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	people := directory.New(db, journal, now)
	seats := licensing.New(db, journal, now, people)
	people.Follow(seats)
	p := provisioning.New(provisioning.Needs{
		DB: db, Events: journal, Clock: now, Tenants: tenancy.New(db, journal, now), Access: tokens, Directory: people, Seats: seats,
	})
	ctx := storetest.Tenant(t, db)
	config, err := p.CreateConfig(ctx, provisioning.NewConfig{Name: "Test"})
	if err != nil {
		t.Fatal(err)
	}
	_, secret, err := p.IssueToken(ctx, config.ID, access.Request{Name: "Test", Scopes: caller.Scopes{caller.ScopeSCIM}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := people.CreateGroup(ctx, directory.NewGroup{DisplayName: "Made by hand"}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(wrap(scimadapter.New(scimadapter.Options{Provisioning: p, Directory: people, Access: tokens, Clock: now})))
	t.Cleanup(server.Close)
	return simulate.Options{BaseURL: server.URL + scimadapter.Base, Token: secret.Reveal(), Users: 30, Groups: 3, Seed: 5}
}

func honest(next http.Handler) http.Handler { return next }

// played plays and returns the report with its text.
func played(t *testing.T, play provider, o simulate.Options) (*simulate.Report, string) {
	t.Helper()
	report, err := play(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	report.WriteText(&said)
	return report, said.String()
}

// altered lets a test change the body of requests or of answers.
func altered(request, answer func(r *http.Request, body string) string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			changed := request(r, string(body))
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(changed)), int64(len(changed))
			r.Header.Del("Accept-Encoding")
			got := httptest.NewRecorder()
			next.ServeHTTP(got, r)
			text := answer(r, got.Body.String())
			maps.Copy(w.Header(), got.Header())
			if got.Code != http.StatusNoContent {
				w.Header().Set("Content-Length", strconv.Itoa(len(text)))
			}
			w.WriteHeader(got.Code)
			_, _ = io.WriteString(w, text)
		})
	}
}

func same(_ *http.Request, body string) string { return body }

// operations lets a test change the operations of each PATCH of a kind of resource. No operations are sent on as none.
func operations(path string, change func(op map[string]any) []map[string]any) func(http.Handler) http.Handler {
	return altered(func(r *http.Request, body string) string {
		var message map[string]any
		if r.Method != http.MethodPatch || !strings.Contains(r.URL.Path, path) || json.Unmarshal([]byte(body), &message) != nil {
			return body
		}
		all, _ := message["Operations"].([]any)
		ops := []map[string]any{}
		for _, one := range all {
			ops = append(ops, change(one.(map[string]any))...)
		}
		message["Operations"] = ops
		return asText(message)
	}, same)
}

func asText(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// instead does something else than the target on some requests; what returns false is the target's to do.
func instead(do func(w http.ResponseWriter, r *http.Request, next http.Handler) bool) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !do(w, r, next) {
				next.ServeHTTP(w, r)
			}
		})
	}
}

// ask sends a request of a test's own to the target behind the door.
func ask(next http.Handler, r *http.Request, method, path, body string) map[string]any {
	own := httptest.NewRequestWithContext(r.Context(), method, scimadapter.Base+path, strings.NewReader(body))
	own.Header.Set("Authorization", r.Header.Get("Authorization"))
	own.Header.Set("Content-Type", "application/scim+json")
	got := httptest.NewRecorder()
	next.ServeHTTP(got, own)
	var read map[string]any
	_ = json.Unmarshal(got.Body.Bytes(), &read)
	return read
}

// onlyAbout holds it against a report when it tells nothing, or of anything but what a pattern describes.
func onlyAbout(t *testing.T, report *simulate.Report, pattern string) {
	t.Helper()
	about := regexp.MustCompile(pattern)
	if report.OK() {
		t.Errorf("nothing was noticed that is about %s", pattern)
	}
	for _, d := range report.Differences {
		if !about.MatchString(d.String()) {
			t.Errorf("told %q, want only what is about %s", d, pattern)
		}
	}
}

// waits remembers how long somebody wanted to wait, and does not wait.
type waits struct {
	mu  sync.Mutex
	all []time.Duration
}

func (w *waits) wait(ctx context.Context, d time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = append(w.all, d)
	return ctx.Err()
}

// recorded plays and returns every call that was made, without what the target has made up.
func recorded(t *testing.T, play provider, change func(*simulate.Options)) []string {
	t.Helper()
	var mu sync.Mutex
	var calls []string
	names := map[string]string{}
	made := regexp.MustCompile(`(usr|grp)_[0-9a-z]+|http://127\.0\.0\.1:\d+|"(created|lastModified)":"[^"]*"`)
	o := target(t, storetest.Open(t, storetest.SQLite), altered(func(r *http.Request, body string) string {
		mu.Lock()
		defer mu.Unlock()
		calls = append(calls, made.ReplaceAllStringFunc(r.Method+" "+r.URL.RequestURI()+" "+body, func(word string) string {
			if names[word] == "" {
				names[word] = "name" + strconv.Itoa(len(names))
			}
			return names[word]
		}))
		return body
	}, same))
	o.Concurrency = 1
	change(&o)
	if _, err := play(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	return calls
}
