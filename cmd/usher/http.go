package main

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/scimadapter"
)

const requestHeader = "X-Request-ID"

// doors is everything that the server answers. Each address has a door, by whose name logs and metrics know it.
type doors struct {
	scim  http.Handler
	mux   *http.ServeMux
	names map[string]string // of the mux's patterns
}

func newDoors(scim http.Handler) *doors {
	return &doors{scim: scim, mux: http.NewServeMux(), names: map[string]string{}}
}

func (d *doors) add(name, pattern string, h http.Handler) {
	d.mux.Handle(pattern, h)
	d.names[pattern] = name
}

// ServeHTTP answers the request. What belongs to SCIM does not pass the mux, which would answer odd paths with HTML.
func (d *doors) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if scimadapter.Serves(r.URL.Path) {
		d.scim.ServeHTTP(w, r)
		return
	}
	d.mux.ServeHTTP(w, r)
}

// of is the door that a request came through, once it was served.
func (d *doors) of(r *http.Request) string {
	name, ok := d.names[r.Pattern]
	switch {
	case ok:
		return name
	case scimadapter.Serves(r.URL.Path):
		return "scim"
	default:
		return "none"
	}
}

// front stands before the doors: it gives each request an id, believes what trusted proxies say, and tells logs and metrics
// how each request ended, without anything of a person.
type front struct {
	doors   *doors
	log     *slog.Logger
	clock   clock.Clock
	metrics *metrics
	trusted []netip.Prefix
	leaving *atomic.Bool
}

// ServeHTTP answers one request and logs one line.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	started, request := f.clock(), id.New().String()
	if f.trusts(r) {
		if given := r.Header.Get(requestHeader); fit(given) {
			request = given
		}
		if host := r.Header.Get("X-Forwarded-Host"); host != "" {
			r.Host = host
		}
		r.URL.Scheme = r.Header.Get("X-Forwarded-Proto")
	}
	w.Header().Set(requestHeader, request)
	if f.leaving.Load() {
		w.Header().Set("Connection", "close")
	}
	seen, ctx := &watched{ResponseWriter: w}, caller.With(r.Context(), caller.Caller{RequestID: request})
	r = r.WithContext(ctx)
	f.serve(ctx, seen, r)
	door, took, method := f.doors.of(r), f.clock().Sub(started), known(r.Method)
	f.metrics.observe(door, method, seen.status, took)
	f.log.InfoContext(ctx, "request", "id", request, "method", method, "door", door, "status", seen.status, "took", took.Round(time.Microsecond))
}

// serve answers the request, also when a door panics. A door that ends an answer in the middle on purpose gets its way.
func (f *front) serve(ctx context.Context, w *watched, r *http.Request) {
	defer func() {
		accident := recover()
		switch accident {
		case nil:
		case http.ErrAbortHandler:
			panic(accident)
		default:
			f.log.ErrorContext(ctx, "a request panicked", "id", requestOf(ctx), "panic", accident, "stack", string(debug.Stack()))
			if w.status < http.StatusOK {
				plain(w, http.StatusInternalServerError, "internal error")
			}
		}
		w.status = max(w.status, http.StatusOK) // what net/http sends for a handler that has said nothing
	}()
	f.doors.ServeHTTP(w, r)
}

func requestOf(ctx context.Context) string {
	who, _ := caller.From(ctx)
	return who.RequestID
}

func (f *front) trusts(r *http.Request) bool {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	for _, network := range f.trusted {
		if network.Contains(from.Addr().Unmap()) {
			return true
		}
	}
	return false
}

// fit tells whether a request id of a proxy can be logged as it is.
func fit(given string) bool {
	const longest = 128
	if given == "" || len(given) > longest {
		return false
	}
	for _, r := range given {
		if r < '!' || r > '~' {
			return false
		}
	}
	return true
}

// known is the method of a request, in words of ours: a client can make up any.
func known(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	default:
		return "other"
	}
}

// watched remembers how a request was answered.
type watched struct {
	http.ResponseWriter

	status int // 0 until then
}

// WriteHeader remembers the status.
func (w *watched) WriteHeader(status int) {
	if w.status < http.StatusOK { // nothing yet, or only that more will come
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write is a success, unless the door has said otherwise.
func (w *watched) Write(body []byte) (int, error) {
	w.status = max(w.status, http.StatusOK)
	return w.ResponseWriter.Write(body)
}

// Unwrap lets the standard library find what the writer beneath can do.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }
