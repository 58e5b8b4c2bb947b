package simulate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// errUnreachable ends a simulation whose target never answered.
var errUnreachable = errors.New("the target does not answer")

// reply is what a call came to. A lost one has no status: nobody knows whether the target has done it.
type reply struct {
	status   int
	body     object
	media    string // the type of the body, as the target names it
	after    retryAfter
	repeated bool // an earlier try of the call was lost
}

func (r reply) lost() bool { return r.status == 0 }

func (r reply) ok() bool { return r.status >= 200 && r.status < 300 }

// unknown tells whether nobody knows if the target has done what it was asked.
func (r reply) unknown() bool { return r.lost() || r.status >= 500 }

// notNow tells whether the same call may fare better later.
func (r reply) notNow() bool { return r.unknown() || r.status == http.StatusTooManyRequests }

// manner is how a provider speaks HTTP.
type manner struct {
	agent       string // empty sends none
	accept      string
	charset     string // Accept-Charset; empty sends none
	contentType string
	patience    patience
}

// client sends a provider's calls and remembers how each went.
type client struct {
	Options

	manner manner
	mu     sync.Mutex
	calls  map[string]*tally
	medias map[string]int // how many answers had a body of each type
	total  int
}

// tally is how the calls of one kind went.
type tally struct {
	took     []time.Duration
	statuses map[int]int
}

func newClient(o Options, m manner) *client {
	return &client{Options: o, manner: m, calls: map[string]*tally{}, medias: map[string]int{}}
}

const (
	maxAnswer  = 64 << 20
	firstPause = 100 * time.Millisecond
	maxPause   = 2 * time.Second
)

// call sends one call of the provider and waits as the provider does.
func (c *client) call(ctx context.Context, kind, method, path string, body any) (reply, error) {
	return c.send(ctx, c.manner.patience, kind, method, path, body)
}

// look reads for the simulation itself, which waits as long as the target asks for.
func (c *client) look(ctx context.Context, kind, path string) (reply, error) {
	return c.send(ctx, readingPatience, kind, http.MethodGet, path, nil)
}

// send sends one call until it is answered, or gives up.
func (c *client) send(ctx context.Context, p patience, kind, method, path string, body any) (reply, error) {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return reply{}, fmt.Errorf("%s: %w", kind, err)
		}
	}
	waited, pause, refusals, failures := time.Duration(0), firstPause, 0, 0
	var first retryAfter
	for {
		started := c.Clock()
		answer, err := c.once(ctx, method, path, text)
		c.note(kind, answer, c.Clock().Sub(started))
		if ctx.Err() != nil {
			return reply{}, fmt.Errorf("%s: %w", kind, ctx.Err())
		}
		answer.repeated = failures > 0
		var wait time.Duration
		switch {
		case err == nil && answer.status == http.StatusTooManyRequests:
			if refusals++; refusals == 1 {
				first = answer.after
			}
			asked, again := p.next(refusals, first)
			if !again || c.MaxWait > 0 && waited+asked > c.MaxWait {
				return answer, nil
			}
			wait, waited = asked, waited+asked
		case err == nil && !unavailable(answer.status), failures >= c.Retries:
			return answer, nil // a lost call is an outcome, not an error of ours
		default:
			failures++
			wait, pause = pause, min(2*pause, maxPause)
		}
		if err := c.Wait(ctx, wait); err != nil {
			return reply{}, fmt.Errorf("%s: %w", kind, err)
		}
	}
}

func unavailable(status int) bool {
	return slices.Contains([]int{http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}, status)
}

func (c *client) once(ctx context.Context, method, path string, text []byte) (reply, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.BaseURL+path, bytes.NewReader(text))
	if err != nil {
		return reply{}, fmt.Errorf("%s %s: %w", method, path, err)
	}
	r.Header.Set("Authorization", "Bearer "+c.Token)
	r.Header.Set("Accept", c.manner.accept)
	r.Header.Set("User-Agent", c.manner.agent)
	if c.manner.charset != "" {
		r.Header.Set("Accept-Charset", c.manner.charset)
	}
	if text != nil {
		r.Header.Set("Content-Type", c.manner.contentType)
	}
	answer, err := c.HTTP.Do(r)
	if err != nil {
		return reply{}, fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer func() { _ = answer.Body.Close() }()
	read, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return reply{}, fmt.Errorf("%s %s: %w", method, path, err)
	}
	got := reply{status: answer.StatusCode, media: answer.Header.Get("Content-Type"), after: retryAfterOf(answer.Header)}
	if len(read) > 0 && json.Unmarshal(read, &got.body) != nil {
		got.body = nil // no JSON: what is expected of it will be missed
	}
	return got, nil
}

func (c *client) note(kind string, answer reply, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.calls[kind]
	if t == nil {
		t = &tally{statuses: map[int]int{}}
		c.calls[kind] = t
	}
	t.took, c.total = append(t.took, took), c.total+1
	t.statuses[answer.status]++
	if answer.media != "" && answer.status != http.StatusTooManyRequests && answer.status < 500 {
		c.medias[answer.media]++
	}
}

func (c *client) made() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.total
}
