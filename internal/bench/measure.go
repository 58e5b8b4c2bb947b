package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// ask is one request.
type ask struct{ method, path, body, token string }

// row is something that is measured, on both sides. n counts the requests of the whole run.
type row struct {
	name   string
	usher  func(n int) ask
	floor  func(n int) ask
	walk   func() walker                                // instead of usher, where what is asked depends on what was answered
	first  func(ctx context.Context, base string) error // what has to have happened before
	single bool                                         // by one connection only
}

// walker asks for one thing after the other.
type walker interface {
	next() ask
	learn(answer []byte)
}

// each is a walker who learns nothing.
type each func(n int) ask

func (e each) next() ask  { return e(int(asked.Add(1))) }
func (each) learn([]byte) {}

// side is how one side went.
type side struct {
	PerSecond   float64 `json:"perSecond"`
	P50         int64   `json:"p50Microseconds"`
	P99         int64   `json:"p99Microseconds"`
	CPU         float64 `json:"cpuMicrosecondsPerRequest"` // of the server and of the database, if that has a process of its own
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

var (
	serial atomic.Int64 // makes what is created new, on either side
	asked  atomic.Int64
)

// once asks and returns the answer, which is an error from 400 on, and for GraphQL where it begins with errors.
func once(ctx context.Context, client *http.Client, base string, a ask) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, a.method, base+a.path, strings.NewReader(a.body))
	if err != nil {
		return nil, err
	}
	if a.token != "" {
		r.Header.Set("Authorization", "Bearer "+a.token)
	}
	if a.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode >= http.StatusBadRequest || strings.Contains(string(text[:min(len(text), 20)]), `"errors"`) {
		return nil, fmt.Errorf("%s %s was answered %d %.300s", a.method, a.path, answer.StatusCode, text)
	}
	return text, nil
}

// rounds is how often each side is measured; the better one of its rounds counts.
const rounds = 3

// measure runs both sides in turn.
func (w *world) measure(ctx context.Context, of row, connections int, usher, floor *process) (result, error) {
	r := result{Database: w.dialect, Row: of.name, Connections: connections}
	if of.first != nil {
		if err := of.first(ctx, usher.base); err != nil {
			return r, err
		}
	}
	if of.walk == nil {
		of.walk = func() walker { return each(of.usher) }
	}
	lasting := time.Duration(w.Seconds / rounds * float64(time.Second))
	for range rounds {
		for _, one := range []struct {
			p    *process
			walk func() walker
			into *side
		}{{floor, func() walker { return each(of.floor) }, &r.Floor}, {usher, of.walk, &r.Usher}} {
			got, err := load(ctx, one.p, one.walk, connections, lasting)
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

func load(ctx context.Context, p *process, walk func() walker, connections int, lasting time.Duration) (side, error) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections, DisableCompression: true}}
	defer client.CloseIdleConnections()
	if _, err := once(ctx, client, p.base, walk().next()); err != nil { // statements are prepared from now on
		return side{}, err
	}
	allocations, busy := p.allocations(ctx), p.busy()
	started := now()
	ends := started.Add(lasting)
	var all sync.WaitGroup
	took, failed := make([][]time.Duration, connections), make([]error, connections)
	for worker := range connections {
		all.Go(func() {
			who := walk()
			for began := now(); began.Before(ends) && ctx.Err() == nil; began = now() {
				answer, err := once(ctx, client, p.base, who.next())
				if err != nil {
					failed[worker] = err
					return
				}
				took[worker] = append(took[worker], now().Sub(began))
				who.learn(answer)
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
	if len(sorted) == 0 {
		return side{}, ctx.Err()
	}
	n := float64(len(sorted))
	return side{
		PerSecond: n / elapsed.Seconds(), P50: sorted[len(sorted)/2].Microseconds(), P99: sorted[len(sorted)*99/100].Microseconds(),
		CPU: float64((p.busy() - busy).Microseconds()) / n, Allocations: (p.allocations(ctx) - allocations) / n, Resident: p.resident(),
	}, nil
}
