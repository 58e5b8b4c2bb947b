package provisioning

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/internal/store"
)

// CallLife is how long the log keeps a call.
const CallLife = 30 * 24 * time.Hour

const (
	maxQueued    = 8192 // calls that wait to be written; more are dropped and counted
	maxBatch     = 256
	flushEvery   = 250 * time.Millisecond
	pruneEvery   = time.Hour
	maxLogged    = 1000 // characters of a text in the log
	stopPatience = 5 * time.Second
)

// Call is one SCIM request as it was answered.
type Call struct {
	ID           id.ID
	Tenant       id.ID
	Config       id.ID // id.Nil where the token is not one of a configuration
	Token        id.ID
	At           time.Time
	Method       string
	Path         string // without the values of its query
	Status       int
	ScimType     string
	Detail       string
	Duration     time.Duration
	ResourceType string // User or Group, where one was touched
	Resource     *id.ID
	Probe        bool // it only tested the connection
	UserAgent    string
	RequestID    string
	Signs        []*Sign // of the provider who sent it; not kept
}

// CallFilter narrows the log. Its zero value takes everything.
type CallFilter struct {
	Config   *id.ID
	Resource *id.ID
	Method   string
	Path     string // its beginning
	Status   int    // 0 for any
	Verdict  Verdict
	Refused  bool // only answers of 400 and above
	Probe    *bool
	Since    *time.Time
	Until    *time.Time
}

// Verdict is what became of a call, in one word.
type Verdict string

// The verdicts: a call was done, refused as it stood (4xx), or failed for reasons of ours (5xx; a paused configuration too).
const (
	CallDone    Verdict = "done"
	CallRefused Verdict = "refused"
	CallFailed  Verdict = "failed"
)

// Verdict tells what became of the call.
func (c Call) Verdict() Verdict {
	switch {
	case c.Status < refused:
		return CallDone
	case c.Status < failed:
		return CallRefused
	default:
		return CallFailed
	}
}

// callLog is what waits to be written. One writer at a time takes from it.
type callLog struct {
	queue   chan Call
	dropped atomic.Int64

	writer sync.Mutex
	held   []Call // taken from the queue by the writer, and not written yet
}

func newCallLog() *callLog { return &callLog{queue: make(chan Call, maxQueued)} }

// Log remembers a call that was answered. It never waits: when the writer is far behind, the call is dropped and counted.
func (s *Service) Log(c Call) {
	c.ID = id.New()
	c.Method, c.Path, c.Detail = short(c.Method), short(c.Path), short(c.Detail)
	c.UserAgent, c.RequestID = short(c.UserAgent), short(c.RequestID)
	select {
	case s.calls.queue <- c:
	default:
		s.calls.dropped.Add(1)
	}
}

// Dropped tells how many calls the log has lost since the start.
func (s *Service) Dropped() int64 { return s.calls.dropped.Load() }

func short(text string) string {
	if len(text) > maxLogged {
		text = text[:maxLogged]
		for !utf8.ValidString(text) && len(text) > maxLogged-utf8.UTFMax {
			text = text[:len(text)-1]
		}
	}
	clean := []rune(text)
	for i, r := range clean {
		if r == 0 || r == utf8.RuneError {
			clean[i] = '?'
		}
	}
	return string(clean)
}

// Run writes the log until ctx ends, and then what is left. It forgets calls older than CallLife.
func (s *Service) Run(ctx context.Context) error {
	flush := time.NewTicker(flushEvery)
	defer flush.Stop()
	prune := time.NewTicker(pruneEvery)
	defer prune.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopPatience)
			defer cancel()
			s.FlushCalls(last)
			return nil
		case <-flush.C:
			s.FlushCalls(ctx)
		case <-prune.C:
			if err := s.PruneCalls(ctx); err != nil {
				slog.WarnContext(ctx, "old SCIM calls were not forgotten", "error", err)
			}
		}
	}
}

// FlushCalls writes the calls that wait. While the database cannot be written to they go on waiting; a call that cannot be
// written for its own sake is dropped and counted, and takes no other with it.
func (s *Service) FlushCalls(ctx context.Context) {
	log := s.calls
	log.writer.Lock()
	defer log.writer.Unlock()
	for log.fill(); len(log.held) > 0; log.fill() {
		batch := log.held
		var err error
		if log.held, err = s.writeCalls(ctx, batch); err != nil {
			slog.WarnContext(ctx, "SCIM calls wait to be logged", "error", err)
			return
		}
		s.recognizeFrom(ctx, batch)
	}
}

// fill takes from the queue until a batch is full or nobody waits. The writer calls it.
func (l *callLog) fill() {
	for len(l.held) < maxBatch {
		select {
		case c := <-l.queue:
			l.held = append(l.held, c)
		default:
			return
		}
	}
}

// writeCalls writes a batch, and returns what has to wait with the reason. Where one call cannot be written, its half of the
// batch is tried again by halves, so that it is found.
func (s *Service) writeCalls(ctx context.Context, batch []Call) ([]Call, error) {
	worker := caller.With(ctx, caller.Caller{Tenant: batch[0].Tenant, Kind: caller.KindWorker})
	err := store.Do(worker, s.db, func(ctx context.Context) error { return s.insertCalls(ctx, batch) })
	half := len(batch) / 2
	switch {
	case err == nil:
		return nil, nil
	case ctx.Err() != nil || notNow(err):
		return batch, err
	case half == 0:
		s.calls.dropped.Add(1)
		slog.WarnContext(ctx, "a SCIM call was not logged", "request", batch[0].RequestID, "error", err)
		return nil, nil
	}
	left, err := s.writeCalls(ctx, batch[:half])
	if err != nil {
		return slices.Concat(left, batch[half:]), err
	}
	return s.writeCalls(ctx, batch[half:])
}

func notNow(err error) bool {
	f, ok := fault.As(err)
	return ok && f.Kind == fault.Unavailable
}

// Calls returns a page of the tenant's log, in the order in which the calls came. Total is not counted: CountCalls does that.
func (s *Service) Calls(ctx context.Context, args page.Args, f CallFilter, way page.Way) (page.Page[Call], error) {
	from, err := callsFrom(args, way)
	if err != nil {
		return page.Page[Call]{}, err
	}
	from.limit++
	found, err := s.listCalls(ctx, f, from)
	if err != nil {
		return page.Page[Call]{}, err
	}
	return page.Cut(found, args, 0)
}

// CallsOf is Calls for each of several configurations, all read at once. CallCounts counts them.
func (s *Service) CallsOf(ctx context.Context, configs []id.ID, args page.Args, f CallFilter, way page.Way) (map[id.ID]page.Page[Call], error) {
	from, err := callsFrom(args, way)
	if err != nil {
		return nil, err
	}
	found, err := s.callsOf(ctx, configs, f, from)
	if err != nil {
		return nil, err
	}
	pages := make(map[id.ID]page.Page[Call], len(configs))
	for _, config := range configs {
		if pages[config], err = page.Cut(found[config], args, 0); err != nil {
			return nil, err
		}
	}
	return pages, nil
}

// CallCounts tells how many calls a filter takes of some configurations.
func (s *Service) CallCounts(ctx context.Context, configs []id.ID, f CallFilter) (map[id.ID]int64, error) {
	return s.callCounts(ctx, configs, f)
}

// callsFrom reads where a page of calls starts; their ids grow with time.
func callsFrom(args page.Args, way page.Way) (from callPiece, err error) {
	if from.limit, from.downwards, err = args.Toward(way); err != nil {
		return from, err
	}
	from.behind = store.Beginning(from.downwards)
	if cursor := args.Cursor(); cursor != "" {
		from.behind, err = callOf(cursor)
	}
	return from, err
}

// CountCalls tells how many calls a filter takes.
func (s *Service) CountCalls(ctx context.Context, f CallFilter) (int64, error) {
	return s.countCalls(ctx, f)
}

// CallsByID returns those of some calls that the tenant's log has.
func (s *Service) CallsByID(ctx context.Context, ids []id.ID) (map[id.ID]Call, error) {
	return s.callsByID(ctx, ids)
}

// MaxRequests is how many requests CallsOfRequests is asked about at once.
const MaxRequests = 1000

// CallsOfRequests returns the calls of some requests that the log still has, by the id of the request; of several with one id the
// first. Of more than MaxRequests ids only the first are looked for.
func (s *Service) CallsOfRequests(ctx context.Context, ids []string) (map[string]Call, error) {
	if len(ids) == 0 {
		return map[string]Call{}, nil
	}
	return s.callsOfRequests(ctx, ids[:min(len(ids), MaxRequests)])
}

// CallCursor returns the cursor of a call in Calls.
func CallCursor(c Call) string { return page.Encode(callCursor, c.ID.String()) }
