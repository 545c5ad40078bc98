package api

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// measures is what Prometheus is told of requests.
type measures struct{ duration *prometheus.HistogramVec }

func newMeasures(registry *prometheus.Registry) *measures {
	m := &measures{prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "fakturgate_http_request_duration_seconds",
		Help: "How long requests took, long-polls included, by route pattern, method and class of status.",
		// The upper ones are for GET /invoices/{id}/status?wait=60s.
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
	}, []string{"route", "method", "status"})}
	registry.MustRegister(m.duration)
	return m
}

func (m *measures) request(pattern, method string, status int, took time.Duration) {
	m.duration.WithLabelValues(pattern, knownMethod(method), strconv.Itoa(status/100)+"xx").Observe(took.Seconds())
}

// knownMethod keeps a caller from making up labels.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}
