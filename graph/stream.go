package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/internal/id"
)

// Bounds of streams, on each replica.
const (
	maxStreams      = 1000 // of everybody
	maxStreamsOfOne = 8    // of one session or token: the tabs of a browser
	beatEvery       = 15 * time.Second
	writeTime       = 30 * time.Second // for one event to reach a client
)

var (
	errNoStream       = fault.New(fault.Invalid, "stream_only", "a subscription is a stream: ask with \"Accept: text/event-stream\"")
	errTooManyStreams = fault.New(fault.Unavailable, "too_many_streams", "too many streams are open; close one and try again").After(beatEvery)
)

// streams are the answers that go on: server-sent events, as the protocol "GraphQL over SSE" has them in its mode of distinct
// connections. One ends when its client goes, its session or token ends or opens something else, or the server stops.
type streams struct {
	clock clock.Clock
	beat  time.Duration

	mu      sync.Mutex
	open    map[id.ID]int // by session or token
	total   int
	closing chan struct{}
	closed  bool
}

func newStreams() *streams {
	return &streams{clock: clock.System(), beat: beatEvery, open: map[id.ID]int{}, closing: make(chan struct{})}
}

// Close ends all streams and takes no new ones: clients come again, and find another replica.
func (s *Server) Close() {
	s.streams.mu.Lock()
	defer s.streams.mu.Unlock()
	if !s.streams.closed {
		s.streams.closed = true
		close(s.streams.closing)
	}
}

// enter counts a stream of a caller until leave is called.
func (s *streams) enter(who caller.Caller) (leave func(), err error) {
	of := who.Token
	if of == id.Nil {
		of = who.Session
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.total >= maxStreams || s.open[of] >= maxStreamsOfOne {
		return nil, errTooManyStreams
	}
	s.open[of]++
	s.total++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.total--
		if s.open[of]--; s.open[of] == 0 {
			delete(s.open, of)
		}
	}, nil
}

// wantsStream tells whether to answer with server-sent events: what asks for nothing else, and a subscription of who takes them
// beside JSON, as libraries do with every request.
func (s *Server) wantsStream(r *http.Request, params *graphql.RawParams) bool {
	takesEvents, takesJSON := false, false
	for part := range strings.SplitSeq(r.Header.Get("Accept"), ",") {
		media, _, err := mime.ParseMediaType(part)
		switch {
		case err != nil:
		case media == "text/event-stream":
			takesEvents = true
		case strings.HasPrefix(media, "application/") || media == "*/*":
			takesJSON = true
		}
	}
	return takesEvents && (!takesJSON || s.checked.subscribes(r.Context(), params.Query))
}

// stream answers with server-sent events: a subscription as long as it goes on, anything else with its one answer.
func (s *Server) stream(ctx context.Context, w http.ResponseWriter, r *http.Request, params *graphql.RawParams) {
	who, err := caller.Must(ctx)
	if err == nil {
		err = s.checked.check(ctx, params.Query)
	}
	if err != nil {
		s.refuse(w, statusOf(err), err)
		return
	}
	leave, err := s.streams.enter(who)
	if err != nil {
		s.refuse(w, http.StatusTooManyRequests, err)
		return
	}
	defer leave()
	ctx, cancel := context.WithCancel(graphql.StartOperationTrace(ctx))
	operation, errs := s.exec.CreateOperationContext(ctx, params)
	if errs != nil {
		cancel()
		s.answer(w, http.StatusUnprocessableEntity, &graphql.Response{Errors: coded(errs)})
		return
	}
	came := s.responses(ctx, operation)
	defer func() {
		cancel()
		for range came { // until who answers has ended
		}
	}()
	out := newSent(w, s.streams.clock)
	if err = out.open(); err == nil {
		err = s.pump(ctx, r, who, out, came)
	}
	if err != nil {
		s.log.DebugContext(ctx, "a stream was broken off", "error", err)
	}
}

// responses runs an operation and returns its answers as they come. The channel is closed after the last.
func (s *Server) responses(ctx context.Context, operation *graphql.OperationContext) <-chan *graphql.Response {
	came := make(chan *graphql.Response)
	go func() {
		defer close(came)
		defer func() {
			if accident := recover(); accident != nil {
				s.log.ErrorContext(ctx, "a graphql stream panicked", "panic", accident, "stack", string(debug.Stack()), "request", requestID(ctx))
			}
		}()
		next, ctx := s.exec.DispatchOperation(ctx, operation)
		for response := next(ctx); response != nil; response = next(ctx) {
			response.Data = bytes.Clone(response.Data) // the next answer is written into the same bytes
			select {
			case came <- response:
			case <-ctx.Done():
				return
			}
			if operation.Operation.Operation != ast.Subscription {
				return
			}
		}
	}()
	return came
}

// pump sends answers until there are no more, and looks now and then whether the caller is still who she was.
func (s *Server) pump(ctx context.Context, r *http.Request, who caller.Caller, out *sent, came <-chan *graphql.Response) error {
	beat := time.NewTicker(s.streams.beat)
	defer beat.Stop()
	news, deaf := s.resolver.Access.Listen()
	defer deaf()
	for {
		var err error
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.streams.closing:
			return out.complete()
		case response, more := <-came:
			if !more {
				return out.complete()
			}
			err = out.next(response)
		case <-news:
			if !s.still(ctx, r, who) {
				return out.complete()
			}
		case <-beat.C:
			if !s.still(ctx, r, who) {
				return out.complete()
			}
			err = out.write(":\n\n")
		}
		if err != nil {
			return err
		}
	}
}

// still tells whether who asked may go on as she began: with the same tenant and the same scopes.
func (s *Server) still(ctx context.Context, r *http.Request, was caller.Caller) bool {
	ctx, cancel := context.WithTimeout(ctx, writeTime)
	defer cancel()
	ctx, err := s.resolver.identify(ctx, r, s.resolver.Access.WhoIs)
	now, ok := caller.From(ctx)
	return err == nil && ok && now.Tenant == was.Tenant && slices.Equal(now.Scopes, was.Scopes)
}

// sent writes server-sent events.
type sent struct {
	w       http.ResponseWriter
	control *http.ResponseController
	clock   clock.Clock
}

func newSent(w http.ResponseWriter, now clock.Clock) *sent {
	return &sent{w: w, control: http.NewResponseController(w), clock: now}
}

// open begins the answer. A stream may be silent for longer than a request may take.
func (s *sent) open() error {
	_ = s.control.SetReadDeadline(time.Time{}) // a writer that has none needs none
	header := s.w.Header()
	header.Set("Content-Type", "text/event-stream; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no") // nginx would keep events back
	s.w.WriteHeader(http.StatusOK)
	return s.write(":\n\n")
}

func (s *sent) next(response *graphql.Response) error {
	text, err := json.Marshal(response)
	if err != nil {
		return fmt.Errorf("write an event as JSON: %w", err)
	}
	return s.write("event: next\ndata: " + string(text) + "\n\n")
}

func (s *sent) complete() error { return s.write("event: complete\ndata:\n\n") }

func (s *sent) write(text string) error {
	_ = s.control.SetWriteDeadline(s.clock().Add(writeTime)) // as above
	if _, err := io.WriteString(s.w, text); err != nil {
		return err
	}
	return s.control.Flush()
}
