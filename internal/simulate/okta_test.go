package simulate_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
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
	config, err := p.CreateConfig(ctx, provisioning.NewConfig{Name: "Okta"})
	if err != nil {
		t.Fatal(err)
	}
	_, secret, err := p.IssueToken(ctx, config.ID, access.Request{Name: "Test", Scopes: caller.Scopes{caller.ScopeSCIM}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(wrap(scimadapter.New(scimadapter.Options{Provisioning: p, Directory: people, Clock: now})))
	t.Cleanup(server.Close)
	return simulate.Options{BaseURL: server.URL + scimadapter.Base, Token: secret.Reveal(), Users: 30, Groups: 3, Seed: 5}
}

func honest(next http.Handler) http.Handler { return next }

func TestARightTargetMakesNoDifference(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := target(t, db, honest)
		for i, dialect := range []simulate.Dialect{simulate.PUT, simulate.PATCH, simulate.PATCH, simulate.PUT} {
			o.Dialect, o.Seed = dialect, uint64(7+min(i, 1)) // the later ones play over what the second has left
			o.Users = []int{30, 30, 30, 50}[i]
			report, err := simulate.Okta(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			var said strings.Builder
			report.WriteText(&said)
			if !report.OK() || report.Users != o.Users || report.Groups != 3 || !strings.Contains(said.String(), "No difference") {
				t.Errorf("%s: %s", dialect, said.String())
			}
		}
	})
}

// altered lets a test change the body of requests or of answers.
func altered(request, answer func(r *http.Request, body string) string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			changed := request(r, string(body))
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(changed)), int64(len(changed))
			got := httptest.NewRecorder()
			next.ServeHTTP(got, r)
			text := answer(r, got.Body.String())
			maps.Copy(w.Header(), got.Header())
			w.Header().Set("Content-Length", strconv.Itoa(len(text)))
			w.WriteHeader(got.Code)
			_, _ = io.WriteString(w, text)
		})
	}
}

func same(_ *http.Request, body string) string { return body }

func TestADefectOfTheTargetIsADifference(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		wrap func(http.Handler) http.Handler
		says string
	}{
		"it loses a member": {altered(func(r *http.Request, body string) string {
			if r.Method == http.MethodPatch && strings.Contains(body, `"path":"members"`) {
				return dropFirstMember(body)
			}
			return body
		}, same), "members"},
		"it ignores deactivations": {altered(func(_ *http.Request, body string) string {
			return strings.ReplaceAll(body, `"active":false`, `"active":true`)
		}, same), "active"},
		"it drops an attribute": {altered(func(_ *http.Request, body string) string {
			return strings.ReplaceAll(body, `"title":`, `"nickName":`)
		}, same), "title"},
		"it counts wrong": {altered(same, func(r *http.Request, body string) string {
			if strings.Contains(r.URL.RawQuery, "count=100") {
				return strings.Replace(body, `"totalResults":3`, `"totalResults":9`, 1)
			}
			return body
		}), "totalResults"},
		"it finds nobody twice": {altered(same, func(r *http.Request, body string) string {
			if r.URL.Path == scimadapter.Base+"/Users/00u-nobody" {
				return `{"status":"404"}`
			}
			return body
		}), "does not exist"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := target(t, storetest.Open(t, storetest.SQLite), c.wrap)
			o.Dialect = simulate.PATCH
			report, err := simulate.Okta(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if report.OK() || !slices.ContainsFunc(report.Differences, func(d simulate.Difference) bool { return strings.Contains(d.String(), c.says) }) {
				t.Errorf("differences are %v, want one about %s", report.Differences, c.says)
			}
		})
	}
}

// dropFirstMember takes the first member out of a list of several.
func dropFirstMember(body string) string {
	from := strings.Index(body, `"value":[{`)
	if from < 0 {
		return body
	}
	end := strings.Index(body[from:], `},{`)
	if end < 0 {
		return body
	}
	return body[:from] + `"value":[{` + body[from+end+len(`},{`):]
}

func TestTheSameSeedSendsTheSameCalls(t *testing.T) {
	t.Parallel()
	record := func() []string {
		var mu sync.Mutex
		var calls []string
		ids := map[string]string{}
		o := target(t, storetest.Open(t, storetest.SQLite), altered(func(r *http.Request, body string) string {
			mu.Lock()
			defer mu.Unlock()
			line := r.Method + " " + r.URL.RequestURI() + " " + body
			for _, word := range strings.FieldsFunc(line, func(c rune) bool { return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789_", c) }) {
				if strings.HasPrefix(word, "usr_") || strings.HasPrefix(word, "grp_") {
					if ids[word] == "" {
						ids[word] = "id" + strconv.Itoa(len(ids))
					}
					line = strings.ReplaceAll(line, word, ids[word])
				}
			}
			calls = append(calls, line[:strings.IndexByte(line+`"meta"`, 'm')]) // times differ
			return body
		}, same))
		o.Concurrency, o.Dialect = 1, simulate.PATCH
		if _, err := simulate.Okta(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		return calls
	}
	first, second := record(), record()
	if len(first) < 100 || !slices.Equal(first, second) {
		t.Errorf("%d calls and %d calls differ", len(first), len(second))
	}
}

func TestATargetThatAsksToWaitIsWaitedFor(t *testing.T) {
	t.Parallel()
	var refused atomic.Int32
	o := target(t, storetest.Open(t, storetest.SQLite), func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost && refused.CompareAndSwap(0, 1) {
				w.Header().Set("Retry-After", "1")
				w.WriteHeader(http.StatusTooManyRequests)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	started := time.Now()
	report, err := simulate.Okta(t.Context(), o)
	if err != nil || !report.OK() || time.Since(started) < time.Second {
		t.Errorf("after %v: %+v, %v", time.Since(started), report, err)
	}
}

func TestATargetThatIsNotThereIsAnError(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	if report, err := simulate.Okta(t.Context(), simulate.Options{BaseURL: server.URL, Token: "t", Users: 1}); err == nil {
		t.Errorf("got %+v", report)
	}
	if _, err := simulate.Okta(t.Context(), simulate.Options{BaseURL: "ftp://x", Users: 0}); err == nil {
		t.Error("senseless options were taken")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	o := target(t, storetest.Open(t, storetest.SQLite), honest)
	if _, err := simulate.Okta(ended, o); !errors.Is(err, context.Canceled) {
		t.Errorf("a canceled simulation ended with %v", err)
	}
}
