package main

import (
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/id"
)

const requestHeader = "X-Request-ID"

// around gives each request an id, believes what trusted proxies say, and logs the request without anything of a person.
func (s *serving) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := s.clock()
		request := id.New().String()
		if s.trusts(r) {
			if given := r.Header.Get(requestHeader); fit(given) {
				request = given
			}
			if host := r.Header.Get("X-Forwarded-Host"); host != "" {
				r.Host = host
			}
			r.URL.Scheme = r.Header.Get("X-Forwarded-Proto")
		}
		w.Header().Set(requestHeader, request)
		seen := &watched{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(seen, r.WithContext(caller.With(r.Context(), caller.Caller{RequestID: request})))
		level := slog.LevelDebug
		if seen.status >= http.StatusInternalServerError {
			level = slog.LevelWarn
		}
		s.log.Log(r.Context(), level, "request", "id", request, "method", r.Method, "door", r.Pattern, "status", seen.status, "took", s.clock().Sub(started))
	})
}

func (s *serving) trusts(r *http.Request) bool {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	for _, network := range s.TrustedProxy {
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

// watched remembers how a request was answered.
type watched struct {
	http.ResponseWriter

	status int
}

// WriteHeader remembers the status.
func (w *watched) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets the standard library find what the writer beneath can do.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// metrics are what Prometheus reads.
type metrics struct {
	clock    clock.Clock
	registry *prometheus.Registry
	took     *prometheus.HistogramVec
}

func newMetrics(h *house) *metrics {
	m := &metrics{
		clock:    h.clock,
		registry: prometheus.NewRegistry(),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "usher_request_seconds", Help: "How long requests took, by door, method and status.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"door", "method", "status"}),
	}
	dropped := prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "usher_scim_calls_dropped_total", Help: "SCIM calls that the log has lost because its writer was far behind.",
	}, func() float64 { return float64(h.provisioning.Dropped()) })
	m.registry.MustRegister(m.took, dropped, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

var methods = map[string]bool{
	http.MethodGet: true, http.MethodPost: true, http.MethodPut: true, http.MethodPatch: true, http.MethodDelete: true, http.MethodHead: true,
}

// door measures the requests of a door.
func (m *metrics) door(name string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := m.clock()
		seen := &watched{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(seen, r)
		method := r.Method
		if !methods[method] {
			method = "other"
		}
		m.took.WithLabelValues(name, method, strconv.Itoa(seen.status)).Observe(m.clock().Sub(started).Seconds())
	})
}
