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
	"strconv"
	"sync"
	"time"
)

// errUnreachable ends a simulation whose target never answered.
var errUnreachable = errors.New("the target does not answer")

// object is a JSON object of the target.
type object = map[string]any

// reply is what a call came to. A lost one has no status: nobody knows whether the target has done it.
type reply struct {
	status   int
	body     object
	repeated bool // an earlier try of the call was lost
}

func (r reply) lost() bool { return r.status == 0 }

func (r reply) ok() bool { return r.status >= 200 && r.status < 300 }

// client sends a provider's calls and remembers how each went.
type client struct {
	Options

	mu    sync.Mutex
	calls map[string]*tally
	total int
}

// tally is how the calls of one kind went.
type tally struct {
	took     []time.Duration
	statuses map[int]int
}

func newClient(o Options) *client { return &client{Options: o, calls: map[string]*tally{}} }

const (
	maxAnswer  = 64 << 20
	firstPause = 100 * time.Millisecond
	maxPause   = 2 * time.Second
)

// call sends one call until it is answered, waits where the target asks for it, or gives up.
func (c *client) call(ctx context.Context, kind, method, path string, body any) (reply, error) {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return reply{}, fmt.Errorf("%s: %w", kind, err)
		}
	}
	waited, pause, repeated := time.Duration(0), firstPause, false
	for tries := 0; ; {
		started := c.Clock()
		answer, after, err := c.once(ctx, method, path, text)
		c.note(kind, answer.status, c.Clock().Sub(started))
		answer.repeated = repeated
		switch {
		case ctx.Err() != nil:
			return reply{}, fmt.Errorf("%s: %w", kind, ctx.Err())
		case err == nil && answer.status != http.StatusTooManyRequests && !unavailable(answer.status):
			return answer, nil
		case after > 0 && waited+after <= c.MaxWait:
			waited += after
			if err := c.wait(ctx, after); err != nil {
				return reply{}, err
			}
			continue
		case tries >= c.Retries:
			if err == nil {
				return answer, nil
			}
			return reply{}, nil // a lost call is an outcome, not an error of ours
		}
		tries, repeated = tries+1, repeated || err != nil || answer.status != http.StatusTooManyRequests
		if err := c.wait(ctx, pause); err != nil {
			return reply{}, err
		}
		pause = min(2*pause, maxPause)
	}
}

func unavailable(status int) bool {
	return slices.Contains([]int{http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}, status)
}

func (c *client) once(ctx context.Context, method, path string, text []byte) (reply, time.Duration, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.BaseURL+path, bytes.NewReader(text))
	if err != nil {
		return reply{}, 0, fmt.Errorf("%s %s: %w", method, path, err)
	}
	r.Header.Set("Authorization", "Bearer "+c.Token)
	r.Header.Set("Accept", "application/scim+json")
	r.Header.Set("Accept-Charset", "utf-8")
	r.Header.Set("User-Agent", "Okta SCIM Client 1.0.0")
	if text != nil {
		r.Header.Set("Content-Type", "application/scim+json; charset=utf-8")
	}
	answer, err := c.HTTP.Do(r)
	if err != nil {
		return reply{}, 0, fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer func() { _ = answer.Body.Close() }()
	read, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return reply{}, 0, fmt.Errorf("%s %s: %w", method, path, err)
	}
	got := reply{status: answer.StatusCode}
	if len(read) > 0 && json.Unmarshal(read, &got.body) != nil {
		got.body = nil // no JSON: what is expected of it will be missed
	}
	seconds, err := strconv.Atoi(answer.Header.Get("Retry-After"))
	if err != nil || got.status != http.StatusTooManyRequests && got.status != http.StatusServiceUnavailable {
		seconds = 0
	}
	return got, time.Duration(seconds) * time.Second, nil
}

func (c *client) note(kind string, status int, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.calls[kind]
	if t == nil {
		t = &tally{statuses: map[int]int{}}
		c.calls[kind] = t
	}
	t.took, c.total = append(t.took, took), c.total+1
	t.statuses[status]++
}

func (c *client) made() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.total
}

// str reads a text of an object by a path of names.
func str(o object, path ...string) string {
	var value any = o
	for _, name := range path {
		inner, _ := value.(object)
		value = inner[name]
	}
	text, _ := value.(string)
	return text
}

// items reads the objects of a list.
func items(o object, name string) []object {
	all, _ := o[name].([]any)
	var found []object
	for _, one := range all {
		if item, ok := one.(object); ok {
			found = append(found, item)
		}
	}
	return found
}

// total reads the totalResults of a list, or -1.
func total(o object) int {
	n, ok := o["totalResults"].(float64)
	if !ok {
		return -1
	}
	return int(n)
}
