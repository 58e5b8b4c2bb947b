package graph

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"
)

// A batch ends when nobody has joined it for some moments in a row. A fixed wait would be too long on an idle machine and
// too short on a busy one, where it splits batches and makes statements grow with the number of parents.
const (
	moment   = 50 * time.Microsecond
	moments  = 3
	yields   = 64 // turns that everybody who can run gets within a moment
	maxBatch = 1000
)

// loader reads many keys at once and each key once. It lives as long as a request.
type loader[K comparable, V any] struct {
	fetch   func(context.Context, []K) (map[K]V, error)
	mu      sync.Mutex
	known   map[K]*loaded[V]
	pending []K
	waiting bool // somebody waits for the batch to end
}

// loaded is what a key comes to, once done is closed.
type loaded[V any] struct {
	done  chan struct{}
	value V
	err   error
}

// batch makes a loader of a verb that takes many keys. A key that is not in the answer has a zero value.
func batch[K comparable, V any](fetch func(context.Context, []K) (map[K]V, error)) *loader[K, V] {
	return &loader[K, V]{fetch: fetch, known: map[K]*loaded[V]{}}
}

// Load returns what a key comes to.
func (l *loader[K, V]) Load(ctx context.Context, key K) (V, error) { return l.LoadThunk(ctx, key)() }

// LoadThunk asks for a key, and returns a function that waits for it: ask for several before you wait for the first.
func (l *loader[K, V]) LoadThunk(ctx context.Context, key K) func() (V, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	one, asked := l.known[key]
	if !asked {
		one = &loaded[V]{done: make(chan struct{})}
		l.known[key], l.pending = one, append(l.pending, key)
		if !l.waiting {
			l.waiting = true
			go l.collect(ctx)
		}
	}
	return func() (V, error) {
		select {
		case <-one.done:
			return one.value, one.err
		case <-ctx.Done():
			var none V
			return none, ctx.Err()
		}
	}
}

// collect waits until the batch is quiet, and reads it.
func (l *loader[K, V]) collect(ctx context.Context) {
	for seen, quiet := 0, 0; quiet < moments; {
		for range yields {
			runtime.Gosched()
		}
		time.Sleep(moment)
		l.mu.Lock()
		now := len(l.pending)
		l.mu.Unlock()
		if now > seen && now < maxBatch {
			seen, quiet = now, 0
			continue
		}
		quiet++
	}
	l.mu.Lock()
	keys := l.pending
	l.pending, l.waiting = nil, false
	l.mu.Unlock()
	l.read(ctx, keys)
}

var errPanic = errors.New("a batch panicked")

func (l *loader[K, V]) read(ctx context.Context, keys []K) {
	var found map[K]V
	err := errPanic
	defer func() {
		if accident := recover(); accident != nil {
			err = fmt.Errorf("%w: %v", errPanic, accident)
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, key := range keys {
			one := l.known[key]
			one.value, one.err = found[key], err
			close(one.done)
		}
	}()
	found, err = l.fetch(ctx, keys)
}
