package main

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are what Prometheus reads. Their labels are words of ours and statuses, never what a client has sent.
type metrics struct {
	registry *prometheus.Registry
	took     *prometheus.HistogramVec
}

func newMetrics(h *house) *metrics {
	m := &metrics{
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

func (m *metrics) observe(door, method string, status int, took time.Duration) {
	m.took.WithLabelValues(door, method, strconv.Itoa(status)).Observe(took.Seconds())
}
