package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/access"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/licensing"
)

// doorRounds is how many races there are on each database: USHER_TEST_DOORS, or 25, so that each commit sees 50.
func doorRounds() int {
	if n, err := strconv.Atoi(os.Getenv("USHER_TEST_DOORS")); err == nil {
		return n
	}
	return 25
}

// street is a served house whose doors are knocked at without a network.
type street struct {
	*house

	later       *atomic.Int64 // how far its clock is ahead
	t           *testing.T
	handler     http.Handler
	ctx, okta   context.Context
	config      id.ID
	scim, admin string
}

func newStreet(t *testing.T, db *store.DB) *street {
	t.Helper()
	now, err := join(t.Context(), db, make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	later := &atomic.Int64{}
	h := assemble(db, now.access, func() time.Time { return db.Now().Add(time.Duration(later.Load())) })
	s := &serving{serveCommand: &serveCommand{}, house: h, log: slog.New(slog.DiscardHandler), base: "http://localhost"}
	w := &street{house: h, later: later, t: t, ctx: storetest.Tenant(t, db)}
	w.handler, _ = s.handler()
	w.config = storetest.Config(t, db, w.ctx)
	who, _ := caller.From(w.ctx)
	w.okta = caller.With(w.ctx, caller.Caller{Tenant: who.Tenant, Kind: caller.KindSCIM, Config: w.config, Name: "Okta", Scopes: caller.Scopes{caller.ScopeSCIM}})
	w.scim = w.token(access.Request{Tenant: who.Tenant, SubjectKind: access.SubjectConfig, Subject: w.config, Name: "Okta", Scopes: caller.Scopes{caller.ScopeSCIM}})
	w.admin = w.token(access.Request{Tenant: who.Tenant, SubjectKind: access.SubjectService, Name: "Admin", Scopes: caller.Scopes{caller.ScopeAdmin}})
	return w
}

func (w *street) token(r access.Request) string {
	w.t.Helper()
	_, secret, err := w.access.Issue(w.ctx, r)
	if err != nil {
		w.t.Fatal(err)
	}
	return secret.Reveal()
}

// knock sends a request, and tells unless it is answered with the status and without the word that says that it was refused.
func (w *street) knock(method, path, token, media, body string, status int) error {
	r := httptest.NewRequestWithContext(w.t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", media)
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, r)
	if answer.Code != status || strings.Contains(answer.Body.String(), `"errors"`) || strings.Contains(answer.Body.String(), rowRefused) {
		return fmt.Errorf("%s %s answered %d %s", method, path, answer.Code, answer.Body)
	}
	return nil
}

const scimMedia, tableMedia = "application/scim+json", "text/csv"

func (w *street) user(ctx context.Context, name string, active bool) string {
	w.t.Helper()
	u, err := w.directory.Create(ctx, directory.User{UserName: name, Active: active})
	if err != nil {
		w.t.Fatal(err)
	}
	return id.User.Format(u.ID)
}

func (w *street) rule(license id.ID, title string) {
	w.t.Helper()
	r, _, err := w.seats.CreateRule(w.ctx, licensing.NewRule{License: license, Name: title, Definition: licensing.Definition{Filter: fmt.Sprintf("title eq %q", title)}})
	if err == nil {
		_, _, err = w.seats.PublishRule(w.ctx, r.ID, nil)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// takenBack makes somebody whose seat was taken back, step by step, because she never came.
func (w *street) takenBack(license id.ID, name string) string {
	w.t.Helper()
	person := w.user(w.ctx, name, true)
	of, _ := id.User.Parse(person)
	who, _ := caller.From(w.ctx)
	product := caller.With(w.ctx, caller.Caller{Tenant: who.Tenant, Kind: caller.KindService, Name: "Product", Scopes: caller.Scopes{caller.ScopeEntitlementsWrite}})
	policy := func(p licensing.ReclaimPolicy) {
		w.t.Helper()
		if _, err := w.seats.Change(w.ctx, license, nil, func(l *licensing.License) error { l.Reclaim = p; return nil }); err != nil {
			w.t.Fatal(err)
		}
	}
	policy(licensing.ReclaimPolicy{Automatic: true, InvitedDays: 1, NoticeDays: 1, PauseDays: 1})
	if _, err := w.seats.Assign(w.ctx, license, of); err != nil {
		w.t.Fatal(err)
	}
	for range 3 {
		w.later.Add(int64(50 * time.Hour))
		if _, err := w.seats.RecordActivity(product, license, licensing.Source{Name: "product"}, nil); err != nil { // without news of use nothing is taken back
			w.t.Fatal(err)
		}
		if err := w.seats.DoWork(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
	}
	policy(licensing.ReclaimPolicy{})
	return person
}

// doors are all doors to a seat of a license, each with somebody before it.
func (w *street) doors(l licensing.License, round int) map[string]func() error {
	w.t.Helper()
	named := func(door string) string { return fmt.Sprintf("%s%d", door, round) }
	must := func(err error) {
		w.t.Helper()
		if err != nil {
			w.t.Fatal(err)
		}
	}
	must(w.seats.AutoAssign(w.ctx, w.config, nil))
	back := w.user(w.okta, named("unblocked"), true)
	of, _ := id.User.Parse(back)
	_, err := w.directory.Block(w.ctx, of, nil)
	must(err)
	put, patch, bulk := w.user(w.okta, named("put"), false), w.user(w.okta, named("patch"), false), w.user(w.okta, named("bulk"), false)
	hand, csv := w.user(w.ctx, named("hand"), true), w.user(w.ctx, named("csv"), true)
	w.rule(l.ID, named("titled"))
	undone := w.takenBack(l.ID, named("undone"))
	must(w.seats.AutoAssign(w.ctx, w.config, &l.ID))
	_, err = w.directory.Create(w.ctx, directory.User{UserName: named("ruled"), Title: named("late")})
	must(err)
	w.rule(l.ID, named("late"))
	license := id.License.Format(l.ID)
	const user = `"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":`
	const activate = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"active","value":true}]}`
	graphQL := func(mutation string) func() error {
		return func() error {
			return w.knock("POST", "/graphql", w.admin, "application/json", `{"query":`+strconv.Quote("mutation { "+mutation+" }")+`}`, http.StatusOK)
		}
	}
	bulkOf := func(operation string) string {
		return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[` + operation + `]}`
	}
	return map[string]func() error{
		"SCIM create": func() error {
			return w.knock("POST", "/scim/v2/Users", w.scim, scimMedia, "{"+user+strconv.Quote(named("created"))+"}", http.StatusCreated)
		},
		"SCIM PUT": func() error {
			return w.knock("PUT", "/scim/v2/Users/"+put, w.scim, scimMedia, "{"+user+strconv.Quote(named("put"))+`,"active":true}`, http.StatusOK)
		},
		"SCIM PATCH": func() error {
			return w.knock("PATCH", "/scim/v2/Users/"+patch, w.scim, scimMedia, activate, http.StatusOK)
		},
		"bulk create": func() error {
			return w.knock("POST", "/scim/v2/Bulk", w.scim, scimMedia, bulkOf(`{"method":"POST","path":"/Users","bulkId":"a","data":{`+user+strconv.Quote(named("bulked"))+`}}`), http.StatusOK)
		},
		"bulk reactivation": func() error {
			return w.knock("POST", "/scim/v2/Bulk", w.scim, scimMedia, bulkOf(`{"method":"PATCH","path":"/Users/`+bulk+`","data":`+activate+`}`), http.StatusOK)
		},
		"assignSeat":   graphQL(`assignSeat(input: {licenseId: "` + license + `", userId: "` + hand + `"}) { seat { id } }`),
		"unblockUser":  graphQL(`unblockUser(input: {id: "` + back + `"}) { user { id } }`),
		"createUser":   graphQL(`createUser(input: {userName: "` + named("made") + `", title: "` + named("titled") + `"}) { user { id } }`),
		"rule publish": func() error { return w.seats.DoWork(w.t.Context()) },
		"undoReclaim":  graphQL(`undoReclaim(input: {licenseId: "` + license + `", userId: "` + undone + `"}) { seat { id } }`),
		"CSV of seats": func() error {
			return w.knock("POST", "/import/seats?license="+license, w.admin, tableMedia, "userId,action\n"+csv+",assign\n", http.StatusOK)
		},
		"CSV of people": func() error {
			return w.knock("POST", "/import/people", w.admin, tableMedia, "userName,title\n"+named("imported")+","+named("titled")+"\n", http.StatusOK)
		},
	}
}

// inside names who sits or waits.
func (w *street) inside(license id.ID) (names []string) {
	found, err := w.seats.Seats(w.ctx, []id.ID{license}, "", page.Args{First: page.Max}, page.Ascending)
	if err != nil {
		w.t.Error(err)
	}
	shown, err := w.showSeats(w.ctx, found[license].Items)
	if err != nil {
		w.t.Error(err)
	}
	for _, seat := range shown {
		names = append(names, seat.UserName+" "+string(seat.State))
	}
	return names
}

// TestEveryDoorAtTheLastSeatOverHTTP has somebody at each door to a seat at once, with one seat free: SCIM's create, PUT, PATCH and bulk,
// GraphQL, both tables, a rule that is published, a reclaiming that is undone, somebody who may come back. In every round exactly one gets it, the others stand in
// line, and counter, rows and ledger agree.
func TestEveryDoorAtTheLastSeatOverHTTP(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newStreet(t, db)
		for round := range doorRounds() {
			l, err := w.seats.Buy(w.ctx, licensing.NewLicense{Product: fmt.Sprintf("Product %d", round), Seats: 1})
			if err != nil {
				t.Fatal(err)
			}
			doors := w.doors(l, round)
			w.later.Add(int64(10 * time.Second)) // a rule that is published waits until every replica knows
			start, errs := make(chan struct{}), make(chan error, len(doors))
			var all sync.WaitGroup
			for _, door := range doors {
				all.Go(func() {
					<-start
					errs <- door()
				})
			}
			close(start)
			all.Wait()
			close(errs)
			for err := range errs {
				if err != nil {
					t.Error(err)
				}
			}
			now, err := w.seats.Get(w.ctx, l.ID)
			if err := errors.Join(err, w.seats.Audit(w.ctx, l.ID)); err != nil || now.Taken != 1 || now.Waiting != int64(len(doors)-1) || t.Failed() {
				t.Fatalf("round %d: %d sit and %d wait behind %d doors: %v\nthey are %v", round, now.Taken, now.Waiting, len(doors), err, w.inside(l.ID))
			}
		}
	})
}
