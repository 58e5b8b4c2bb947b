package scimadapter_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/access"
	"github.com/usherhq/usher/modules/provisioning"
)

// calls returns what the tenant's log has, the newest first.
func (w *world) calls() []provisioning.Call {
	w.t.Helper()
	w.provisioning.FlushCalls(w.t.Context())
	p, err := w.provisioning.Calls(w.admin, pageOf(100), provisioning.CallFilter{}, page.Descending)
	if err != nil {
		w.t.Fatal(err)
	}
	return p.Items
}

// TestEveryCallOfATokenOfOursIsKept makes one call with each kind of token that this installation has issued, whatever it opens,
// and looks for it in the log; a token of nobody has no tenant whose log could have it.
func TestEveryCallOfATokenOfOursIsKept(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		who, err := caller.Must(w.admin)
		if err != nil {
			t.Fatal(err)
		}
		issue := func(r access.Request) (access.Token, string) {
			t.Helper()
			r.Tenant, r.Name = who.Tenant, "Test"
			token, secret, err := w.access.Issue(w.admin, r)
			if err != nil {
				t.Fatal(err)
			}
			return token, secret.Reveal()
		}
		good, _ := issue(access.Request{SubjectKind: access.SubjectConfig, Subject: w.config.ID, Scopes: caller.Scopes{caller.ScopeSCIM}})
		admin, adminSecret := issue(access.Request{SubjectKind: access.SubjectService, Scopes: caller.Scopes{caller.ScopeAdmin}})
		revoked, revokedSecret := issue(access.Request{SubjectKind: access.SubjectConfig, Subject: w.config.ID, Scopes: caller.Scopes{caller.ScopeSCIM}})
		if _, err := w.access.Revoke(w.admin, revoked.ID); err != nil {
			t.Fatal(err)
		}
		expired, expiredSecret := w.expired(w.config.ID)
		for _, c := range []struct {
			name, secret string
			config       id.ID
			token        id.ID
			status       int
		}{
			{"an administrator's token", adminSecret, id.Nil, admin.ID, http.StatusUnauthorized},
			{"a revoked token", revokedSecret, w.config.ID, revoked.ID, http.StatusUnauthorized},
			{"an expired token that was never seen", expiredSecret, w.config.ID, expired, http.StatusUnauthorized},
			{"an expired token that was seen", expiredSecret, w.config.ID, expired, http.StatusUnauthorized},
		} {
			w.want(c.status, "GET", "/Users?startIndex=1&count=2", "", "Authorization", "Bearer "+c.secret, "User-Agent", c.name)
			got := w.calls()[0]
			if got.UserAgent != c.name || got.Config != c.config || got.Token != c.token || got.Status != c.status || got.Path != "/Users?startIndex&count" || !got.Probe || got.Detail == "" {
				t.Errorf("%s is in the log as %+v", c.name, got)
			}
		}
		before := len(w.calls())
		w.want(http.StatusUnauthorized, "GET", "/Users", "", "Authorization", "Bearer nonsense")
		w.want(http.StatusUnauthorized, "GET", "/Users", "", "Authorization", good.ID.String())
		if after := len(w.calls()); after != before {
			t.Errorf("%d calls of nobody were logged", after-before)
		}
		w.want(http.StatusNotFound, "GET", "/Nothing", "")
		w.want(http.StatusBadRequest, "GET", "/Users?filter=nonsense", "")
		if _, err := w.provisioning.PauseConfig(w.admin, w.config.ID); err != nil {
			t.Fatal(err)
		}
		w.want(http.StatusServiceUnavailable, "GET", "/Users", "")
		var statuses []int
		for _, c := range w.calls()[:3] {
			statuses = append(statuses, c.Status)
		}
		if fmt.Sprint(statuses) != "[503 400 404]" {
			t.Errorf("the last calls were logged as %v", statuses)
		}
	})
}

// expired issues a token of a configuration whose time is over, from another replica whose clock is an hour late.
func (w *world) expired(config id.ID) (token id.ID, secret string) {
	w.t.Helper()
	late := replica(w.t, w.db, func() time.Time { return w.db.Now().Add(-time.Hour) })
	who, _ := caller.From(w.admin)
	t, s, err := late.Issue(w.admin, access.Request{
		Tenant: who.Tenant, SubjectKind: access.SubjectConfig, Subject: config, Name: "Old", Scopes: caller.Scopes{caller.ScopeSCIM}, Life: time.Minute,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return t.ID, s.Reveal()
}

// TestTheLogHasNothingOfAPerson sends canaries wherever a client can put a person's attributes or a secret, and looks for them
// in every column of the log.
func TestTheLogHasNothingOfAPerson(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		const canary = "canary"
		user := "/Users/" + w.create(canary+"@example.com")
		for _, c := range []struct{ method, path, body string }{
			{"POST", "/Users", `{"userName":"canary2","password":"canary","name":{"givenName":"canary"},"emails":[{"value":"canary@example.com"}],"externalId":"canary"}`},
			{"POST", "/Users", `{"userName":"canary2"}`},
			{"POST", "/Users", `{"userName":"b","active":"canary"}`},
			{"POST", "/Users", `{"userName":["canary"]}`},
			{"POST", "/Users", `{"userName":"canary`},
			{"PATCH", user, ops(`{"op":"replace","path":"emails[value eq \"canary\"].value","value":"canary"}`)},
			{"PATCH", user, ops(`{"op":"canary","path":"title","value":"canary"}`)},
			{"PUT", user, `{"userName":"canary","title":7}`},
			{"GET", filtered("/Users", `userName eq "canary"`), ""},
			{"GET", filtered("/Users", `userName eq "canary`), ""},
			{"GET", filtered("/Users", `userName gt 7 and title eq "canary"`), ""},
			{"GET", "/Users?count=canary&startIndex=canary&sortBy=canary&sortOrder=canary&attributes=canary&cursor=canary", ""},
			{"GET", "/Users?canary=canary", ""},
			{"GET", "/Users/canary@example.com", ""},
			{"GET", "/canary@example.com", ""},
			{"GET", "/Schemas/canary@example.com", ""},
			{"GET", "/ResourceTypes/canary", ""},
			{"POST", "/Groups", `{"displayName":"Sales","members":[{"value":"usr_canary","display":"canary"}]}`},
			{"GET", filtered("/Groups", `displayName eq "canary"`), ""},
		} {
			w.do(c.method, c.path, c.body, "Cookie", canary, "From", canary, "Referer", "https://"+canary)
		}
		w.do("GET", "/Users", "", "Authorization", "Basic "+canary)
		calls := w.calls()
		if len(calls) < 15 {
			t.Fatalf("the log has %d calls only", len(calls))
		}
		for _, c := range calls {
			if text := fmt.Sprintf("%+v", c); strings.Contains(text, canary) || strings.Contains(text, w.token) {
				t.Errorf("the log shows a person: %s", text)
			}
		}
	})
}

// TestALogThatCannotBeWrittenSlowsNoCall locks the log's table away from its writer while an identity provider goes on.
func TestALogThatCannotBeWrittenSlowsNoCall(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			db, other := storetest.TwoReplicas(t, dialect)
			w := newWorld(t, db)
			user := w.create("ada@example.com")
			w.calls()
			locked, release, released := make(chan struct{}), make(chan struct{}), make(chan error, 1)
			go func() { released <- lockLog(w.admin, other, locked, release) }()
			<-locked
			writing, stop := context.WithCancel(t.Context())
			stopped := make(chan struct{})
			go func() {
				defer close(stopped)
				w.provisioning.FlushCalls(writing)
			}()
			const calls = 50
			for range calls {
				started := time.Now()
				w.want(http.StatusOK, "GET", "/Users/"+user, "")
				if took := time.Since(started); took > 2*time.Second {
					t.Fatalf("a call took %v behind the log", took)
				}
			}
			close(release)
			if err := <-released; err != nil {
				t.Error(err)
			}
			stop()
			<-stopped
			if got := w.calls(); len(got) != calls+1 || w.provisioning.Dropped() != 0 {
				t.Errorf("the log has %d calls, %d were dropped", len(got), w.provisioning.Dropped())
			}
		})
	}
}

// lockLog keeps everybody from writing to the log until it is released.
func lockLog(ctx context.Context, db *store.DB, locked chan<- struct{}, release <-chan struct{}) error {
	return store.Do(ctx, db, func(ctx context.Context) error {
		statement, args := `DELETE FROM scim_calls WHERE tenant_id = $1`, []any{id.New()} // SQLite lets one write at a time
		if db.Postgres() {
			statement, args = `LOCK TABLE scim_calls IN ACCESS EXCLUSIVE MODE`, nil
		}
		if _, err := db.Exec(ctx, statement, args...); err != nil {
			return err
		}
		close(locked)
		<-release
		return nil
	})
}
