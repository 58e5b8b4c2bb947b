package graph_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/modules/directory"
)

// product is the vendor's product: it keeps its own copy of what happens, by what events(after:) delivers.
type product struct {
	w      *world
	token  string
	cursor string
	seen   []string // ids of events, in the order in which they came
	last   float64  // number of the last one
}

// catchUp reads on from the last cursor until nothing is left, and returns how much came.
func (p *product) catchUp(t *testing.T) int {
	t.Helper()
	came := 0
	for {
		after := any(nil)
		if p.cursor != "" {
			after = p.cursor
		}
		a := p.w.want(p.token, `query($after: String) { events(first: 7, after: $after) { edges { cursor node { id number kind subjectId data } } pageInfo { hasNextPage } } }`, "after", after)
		edges, _ := a.at("events", "edges").([]any)
		for i := range edges {
			of, _ := a.at("events", "edges", i, "node", "id").(string)
			number, _ := a.at("events", "edges", i, "node", "number").(float64)
			if number <= p.last {
				t.Errorf("number %v came after %v", number, p.last)
			}
			p.seen, p.last = append(p.seen, of), number
			p.cursor, _ = a.at("events", "edges", i, "cursor").(string)
		}
		came += len(edges)
		if a.at("events", "pageInfo", "hasNextPage") != true {
			return came
		}
	}
}

// TestEveryChangeComesOnceInOrder lets many write while a product reads on from its last cursor with a token that opens
// entitlements only. At the end it has every event of its tenant, each once, in the order of their numbers, and none of another.
func TestEveryChangeComesOnceInOrder(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, admin := w.tenant(caller.ScopeAdmin)
		other, _ := w.tenant(caller.ScopeAdmin)
		p := &product{w: w, token: w.token(ctx, caller.ScopeEntitlementsRead)}
		working, stop := context.WithCancel(t.Context())
		numbering := make(chan error, 1)
		go func() { numbering <- w.r.Events.Run(working) }()
		const writers, each = 4, 12
		var writing sync.WaitGroup
		for n := range writers {
			for _, of := range []context.Context{ctx, other} {
				writing.Go(func() {
					for i := range each {
						if _, err := w.r.Directory.Create(of, directory.User{UserName: fmt.Sprintf("p%d-%d@example.com", n, i), Active: true}); err != nil {
							t.Error(err)
						}
					}
				})
			}
		}
		done := make(chan struct{})
		go func() { writing.Wait(); close(done) }()
		for running := true; running; {
			select {
			case <-done:
				running = false
			default:
			}
			p.catchUp(t)
		}
		limit := time.Now().Add(20 * time.Second)
		for p.catchUp(t); len(p.seen) < writers*each+2; p.catchUp(t) { // the two tokens are events, too
			if time.Now().After(limit) {
				t.Fatalf("only %d events came", len(p.seen))
			}
		}
		stop()
		if err := <-numbering; err != nil {
			t.Error(err)
		}
		if p.catchUp(t) != 0 {
			t.Error("more came than has happened")
		}
		var all []string
		a := w.want(admin, `{ events(first: 1000) { totalCount nodes { id } } }`)
		nodes, _ := a.at("events", "nodes").([]any)
		for i := range nodes {
			of, _ := a.at("events", "nodes", i, "id").(string)
			all = append(all, of)
		}
		if !slices.Equal(p.seen, all) || a.at("events", "totalCount") != float64(len(all)) {
			t.Errorf("the product has %d events, the journal %d and counts %v", len(p.seen), len(all), a.at("events", "totalCount"))
		}
		if unique := slices.Compact(slices.Sorted(slices.Values(p.seen))); len(unique) != len(p.seen) {
			t.Errorf("%d of %d events came twice", len(p.seen)-len(unique), len(p.seen))
		}
	})
}

// The token of a product opens the questions that a product asks, and nothing else.
func TestAProductsTokenOpensEventsAndAccessOnly(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, _ := w.tenant(caller.ScopeAdmin)
		w.household(ctx, "own")
		if _, err := w.r.Events.Number(ctx); err != nil {
			t.Fatal(err)
		}
		token := w.token(ctx, caller.ScopeEntitlementsRead)
		a := w.want(token, `{ events(last: 1, filter: {kinds: ["seat.invited"]}) { totalCount nodes { kind subjectId data } } tenant { slug events(first: 1) { totalCount } } access(product: "own product", people: [{userName: "own@example.com"}]) { allowed } }`)
		if a.at("events", "totalCount") != 1.0 || a.at("events", "nodes", 0, "kind") != "seat.invited" {
			t.Errorf("the product sees %s", a.text)
		}
		if data, err := json.Marshal(a.at("events", "nodes", 0, "data")); err != nil || len(data) < 10 {
			t.Errorf("the event says %s, %v", data, err)
		}
		for _, query := range []string{
			`{ users { totalCount } }`, `{ licenses { totalCount } }`, `{ tenant { calls { totalCount } } }`, `{ tenant { tokens { totalCount } } }`, `{ node(id: "x") { id } }`,
			`mutation { releaseSeat(input: {licenseId: "x", userId: "x"}) { seat { id } } }`, `{ __schema { types { name } } }`,
		} {
			if a := w.ask(token, query); a.code() != "forbidden" {
				t.Errorf("%s answered %s", query, a.text)
			}
		}
		if a := w.ask(w.token(ctx, caller.ScopeReportsRead), `{ events { totalCount } }`); a.code() != "forbidden" {
			t.Errorf("a token of reports read events: %s", a.text)
		}
	})
}

func TestAnAdministratorReleasesASeatThatAConfigurationHolds(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, admin := w.tenant(caller.ScopeAdmin)
		w.town(ctx)
		release := `mutation($l: ID!, $u: ID!) { releaseSeat(input: {licenseId: $l, userId: $u}) { seat { state claims { reason } } license { taken waiting } } }`
		who := w.want(admin, `{ user(userName: "user000@example.com") { id } license(sku: "!first") { id taken waiting seats(first: 1, state: WAITING) { nodes { user { userName } } } } }`)
		a := w.want(admin, release, "l", who.at("license", "id"), "u", who.at("user", "id"))
		if a.at("releaseSeat", "seat", "state") != "RELEASED" || a.at("releaseSeat", "license", "taken") != 40.0 || a.at("releaseSeat", "license", "waiting") != 59.0 {
			t.Errorf("released is %s of %s", a.text, who.text)
		}
		first, _ := who.at("license", "seats", "nodes", 0, "user", "userName").(string)
		next := w.want(admin, `query($n: String!) { user(userName: $n) { seats { state license { sku } } } license(sku: "!first") { ledger(first: 2) { nodes { cause now } } } }`, "n", first)
		if next.at("user", "seats", 0, "state") != "INVITED" || next.at("license", "ledger", "nodes", 1, "cause") != "released by hand" {
			t.Errorf("the first in line is %s", next.text)
		}
	})
}
