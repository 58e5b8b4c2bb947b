package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"github.com/usherhq/usher/internal/id"
)

// ask is one request.
type ask struct{ method, path, body, token string }

// row is something that is measured, on both sides. n counts its requests from 0.
type row struct {
	name  string
	usher func(n int) ask
	floor func(n int) ask
	first func(ctx context.Context, base string) error // what has to have happened before
}

// side is how one side went.
type side struct {
	PerSecond   float64 `json:"perSecond"`
	P50         int64   `json:"p50Microseconds"`
	P99         int64   `json:"p99Microseconds"`
	Allocations float64 `json:"allocationsPerRequest"`
	Resident    int64   `json:"residentBytes"`
}

type result struct {
	Database    string  `json:"database"`
	Row         string  `json:"row"`
	Connections int     `json:"connections"`
	Usher       side    `json:"usher"`
	Floor       side    `json:"floor"`
	Ratio       float64 `json:"ratio"` // of throughput
}

var serial atomic.Int64 // makes what is created new, on either side

func (w *world) rows() []row {
	get := func(path string) ask { return ask{method: http.MethodGet, path: "/scim/v2" + path, token: w.token} }
	person := func(n int) id.ID { return w.people[(n*7919)%len(w.people)] }
	create := func(token string) func(int) ask {
		return func(int) ask {
			name := fmt.Sprintf("new%d@bench.example", serial.Add(1))
			return ask{http.MethodPost, "/scim/v2/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"` + name +
				`","name":{"givenName":"New","familyName":"Person"},"emails":[{"primary":true,"value":"` + name + `","type":"work"}],"displayName":"New Person","externalId":"` + name + `","active":true}`, token}
		}
	}
	floorGet := func(path string) ask { return ask{method: http.MethodGet, path: path} }
	all := []row{
		{name: "create", usher: create(w.token), floor: func(int) ask {
			return ask{method: http.MethodPost, path: fmt.Sprintf("/create?name=floor%d", serial.Add(1)), body: "{}"}
		}},
		{name: "create with auto-assign", usher: create(w.autoToken), floor: func(int) ask {
			return ask{method: http.MethodPost, path: fmt.Sprintf("/create?auto=1&name=floor%d", serial.Add(1)), body: "{}"}
		}},
		{name: "look-up by userName", usher: func(n int) ask {
			return get("/Users?startIndex=1&count=100&filter=" + url.QueryEscape(fmt.Sprintf(`userName eq "person%06d@bench.example"`, n*7919%len(w.people))))
		}, floor: func(n int) ask {
			return floorGet(fmt.Sprintf("/lookup?name=person%06d@bench.example", n*7919%len(w.people)))
		}},
		{name: "get", usher: func(n int) ask { return get("/Users/" + id.User.Format(person(n))) }, floor: func(n int) ask { return floorGet("/get?id=" + person(n).String()) }},
		{name: "PATCH of active", usher: func(n int) ask {
			return ask{http.MethodPatch, "/scim/v2/Users/" + id.User.Format(person(n)), `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","value":{"active":` +
				fmt.Sprint(n/len(w.people)%2 == 1) + `}}]}`, w.token}
		}, floor: func(n int) ask {
			return ask{method: http.MethodPatch, path: "/active?id=" + person(n).String(), body: "{}"}
		}},
	}
	for _, size := range groupSizes {
		size = min(size, w.People/2)
		group := w.groups[size]
		all = append(all, row{name: fmt.Sprintf("add a member to %d", size), usher: func(n int) ask {
			return ask{http.MethodPatch, "/scim/v2/Groups/" + id.Group.Format(group), `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"add","path":"members","value":[{"value":"` +
				id.User.Format(w.outsider()) + `"}]}]}`, w.token}
		}, floor: func(n int) ask {
			return ask{method: http.MethodPatch, path: "/member?group=" + group.String() + "&id=" + w.outsider().String(), body: "{}"}
		}})
	}
	last := (w.People-1)/100*100 + 1
	const graph = `{"query":"{ users(first: 50) { nodes { userName active seats { state license { product } } groups(first: 5) { nodes { displayName } } } } }"}`
	return append(all,
		row{name: "first page of 100", usher: func(int) ask { return get("/Users?startIndex=1&count=100") }, floor: func(int) ask { return floorGet("/page?after=" + id.Nil.String()) }},
		row{
			name: "last page of 100, walked to", usher: func(int) ask { return get(fmt.Sprintf("/Users?startIndex=%d&count=100", last)) },
			floor: func(int) ask { return floorGet("/page?after=" + w.people[last-2].String()) },
			first: func(ctx context.Context, base string) error {
				for start := 1; start <= last; start += 100 {
					if err := once(ctx, http.DefaultClient, base, get(fmt.Sprintf("/Users?startIndex=%d&count=100", start))); err != nil {
						return err
					}
				}
				return nil
			},
		},
		row{name: "GraphQL page of 50 with groups and seats", usher: func(int) ask { return ask{http.MethodPost, "/graphql", graph, w.admin} }, floor: func(int) ask { return ask{method: http.MethodPost, path: "/graph", body: graph} }},
	)
}

var lastOutsider atomic.Int64

// outsider is somebody who is in none of the groups yet.
func (w *world) outsider() id.ID {
	room := len(w.people) - w.outsiders
	return w.people[w.outsiders+int(lastOutsider.Add(1))%room]
}

func once(ctx context.Context, client *http.Client, base string, a ask) error {
	r, err := http.NewRequestWithContext(ctx, a.method, base+a.path, strings.NewReader(a.body))
	if err != nil {
		return err
	}
	if a.token != "" {
		r.Header.Set("Authorization", "Bearer "+a.token)
	}
	if a.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode >= http.StatusBadRequest || strings.Contains(string(text[:min(len(text), 20)]), `"errors"`) {
		return fmt.Errorf("%s %s was answered %d %.300s", a.method, a.path, answer.StatusCode, text)
	}
	return nil
}

// measure runs both sides, one after the other, twice each, and keeps the better time of each.
func (w *world) measure(ctx context.Context, of row, connections int, usher, floor *process) (result, error) {
	r := result{Database: w.dialect, Row: of.name, Connections: connections}
	if of.first != nil {
		if err := of.first(ctx, usher.base); err != nil {
			return r, err
		}
	}
	for range 2 {
		for _, one := range []struct {
			p    *process
			ask  func(int) ask
			into *side
		}{{floor, of.floor, &r.Floor}, {usher, of.usher, &r.Usher}} {
			got, err := load(ctx, one.p, one.ask, connections, time.Duration(w.Seconds/2*float64(time.Second)))
			if err != nil {
				return r, err
			}
			if got.PerSecond > one.into.PerSecond {
				*one.into = got
			}
		}
	}
	r.Ratio = r.Usher.PerSecond / r.Floor.PerSecond
	return r, nil
}

var asked atomic.Int64

func load(ctx context.Context, p *process, next func(int) ask, connections int, lasting time.Duration) (side, error) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections, DisableCompression: true}}
	defer client.CloseIdleConnections()
	if err := once(ctx, client, p.base, next(int(asked.Add(1)))); err != nil { // statements are prepared from now on
		return side{}, err
	}
	before := p.allocations(ctx)
	started := now()
	ends := started.Add(lasting)
	var all sync.WaitGroup
	took, failed := make([][]time.Duration, connections), make([]error, connections)
	for worker := range connections {
		all.Go(func() {
			for began := now(); began.Before(ends) && ctx.Err() == nil; began = now() {
				if failed[worker] = once(ctx, client, p.base, next(int(asked.Add(1)))); failed[worker] != nil {
					return
				}
				took[worker] = append(took[worker], now().Sub(began))
			}
		})
	}
	all.Wait()
	elapsed := now().Sub(started)
	for _, err := range failed {
		if err != nil {
			return side{}, err
		}
	}
	sorted := slices.Sorted(slices.Values(slices.Concat(took...)))
	n := len(sorted)
	return side{
		PerSecond: float64(n) / elapsed.Seconds(), P50: sorted[n/2].Microseconds(), P99: sorted[n*99/100].Microseconds(),
		Allocations: (p.allocations(ctx) - before) / float64(n), Resident: p.resident(),
	}, nil
}

func write(w io.Writer, all []result) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "database\tconns\trow\tusher/s\tfloor/s\tratio\tp50 µs\tfloor\tp99 µs\tfloor\tallocs\tfloor\tMB\t")
	for _, r := range all {
		fmt.Fprintf(table, "%s\t%d\t%s\t%.0f\t%.0f\t%.2f\t%d\t%d\t%d\t%d\t%.0f\t%.0f\t%d\t\n", r.Database, r.Connections, r.Row, r.Usher.PerSecond, r.Floor.PerSecond, r.Ratio,
			r.Usher.P50, r.Floor.P50, r.Usher.P99, r.Floor.P99, r.Usher.Allocations, r.Floor.Allocations, r.Usher.Resident>>20)
	}
	_ = table.Flush()
}
