package service

import (
	"maps"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/fakturgate/fakturgate/faktur"
)

// counts are the service's metrics; no label holds a secret or a tenant's data.
type counts struct {
	commitSize prometheus.Histogram
	failures   *prometheus.CounterVec
	fenced     prometheus.Counter
	signing    *prometheus.HistogramVec
	calls      *prometheus.HistogramVec
	handedOver *prometheus.CounterVec
	tries      *prometheus.CounterVec
	endpoints  endpointFailures
}

func newCounts() *counts {
	return &counts{
		commitSize: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "fakturgate_commit_members",
			Help: "Invoices that shared a transaction at intake.", Buckets: prometheus.ExponentialBuckets(1, 2, 9)}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "fakturgate_worker_failures_total",
			Help: "Steps of workers that failed and were taken again."}, []string{"worker"}),
		fenced: prometheus.NewCounter(prometheus.CounterOpts{Name: "fakturgate_leases_lost_total",
			Help: "Saves that were refused because another process had taken the lease over."}),
		signing: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "fakturgate_signing_seconds",
			Help: "How long documents were in Signing In Progress, by how it ended.",
			// From a tenth of a second to about three days.
			Buckets: prometheus.ExponentialBuckets(0.1, 3, 14)}, []string{"outcome"}),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "fakturgate_channel_call_seconds",
			Help: "How long calls to a channel took, by what was called and whether it answered.",
			// From a millisecond to half a minute.
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}}, []string{"channel", "call", "outcome"}),
		handedOver: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "fakturgate_handed_over_total",
			Help: "Documents that were handed over, by what the hand-over's answer said of them."}, []string{"channel", "outcome"}),
		tries: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "fakturgate_webhook_tries_total",
			Help: "Webhook tries, by whether the receiver took the message."}, []string{"outcome"}),
	}
}

// signed counts documents that have left Signing In Progress by a step.
func (c *counts) signed(before *faktur.Document, after *faktur.Document) {
	if before.Status == faktur.SigningInProgress && after.Status != before.Status {
		c.signing.WithLabelValues(string(after.Status)).Observe(after.Work.StatusSince.Sub(before.Work.StatusSince).Seconds())
	}
}

// tried counts one webhook try.
func (c *counts) tried(delivered bool) {
	outcome := "failed"
	if delivered {
		outcome = "delivered"
	}
	c.tries.WithLabelValues(outcome).Inc()
}

// Collectors are the service's metrics and its database's, to be registered once.
func (s *Service) Collectors() []prometheus.Collector {
	c := s.counts
	waiting := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "fakturgate_intake_waiting",
		Help: "Invoices that wait for the transaction that stores them, in this process; with 4096 of them POST answers 429."},
		func() float64 { return float64(len(s.intake.queue)) })
	return append(s.DB.Collectors(), waiting, c.commitSize, c.failures, c.fenced, c.signing, c.calls, c.handedOver, c.tries,
		&c.endpoints, backlog{s})
}

// endpointFailures counts failed webhook tries by endpoint. An endpoint has a
// series from its first failure until another process takes it over, or it is
// disabled or removed; and there are at most mostFailing of them.
type endpointFailures struct {
	mu     sync.Mutex
	of     map[string]*endpointFailure
	others float64 // of endpoints that found no place
}

type endpointFailure struct {
	count float64
	last  time.Time
}

const (
	// mostFailing bounds the series; what finds no place is counted as endpoint="other".
	mostFailing = 200
	// failureMemory is how long an endpoint keeps its place when all are taken
	// and it fails no more.
	failureMemory = time.Hour
)

var failuresDesc = prometheus.NewDesc("fakturgate_webhook_failures_total",
	"Failed webhook tries, by the endpoint's id; other sums up endpoints beyond the first 200.", []string{"endpoint"}, nil)

// failed counts one failure of an endpoint.
func (f *endpointFailures) failed(endpoint string, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	known := f.of[endpoint]
	if known == nil && !f.hasPlace(now) {
		f.others++
		return
	}
	if known == nil {
		known = &endpointFailure{}
		f.of[endpoint] = known
	}
	known.count++
	known.last = now
}

// hasPlace says whether another endpoint may get a series, and makes room where
// one has not failed for long.
func (f *endpointFailures) hasPlace(now time.Time) bool {
	if f.of == nil {
		f.of = map[string]*endpointFailure{}
	}
	if len(f.of) >= mostFailing {
		maps.DeleteFunc(f.of, func(_ string, e *endpointFailure) bool { return now.Sub(e.last) > failureMemory })
	}
	return len(f.of) < mostFailing
}

// forget ends an endpoint's series: this process works for it no more.
func (f *endpointFailures) forget(endpoint string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.of, endpoint)
}

// Describe tells Prometheus which metric there is.
func (f *endpointFailures) Describe(descriptions chan<- *prometheus.Desc) {
	descriptions <- failuresDesc
}

// Collect gives what was counted.
func (f *endpointFailures) Collect(metrics chan<- prometheus.Metric) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for endpoint, e := range f.of {
		metrics <- prometheus.MustNewConstMetric(failuresDesc, prometheus.CounterValue, e.count, endpoint)
	}
	if f.others > 0 {
		metrics <- prometheus.MustNewConstMetric(failuresDesc, prometheus.CounterValue, f.others, "other")
	}
}
