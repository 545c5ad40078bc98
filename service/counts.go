package service

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
)

// counts are the service's metrics; no label holds a secret or a tenant's data.
type counts struct {
	commitSize prometheus.Histogram
	failures   *prometheus.CounterVec
	fenced     prometheus.Counter
	signing    *prometheus.HistogramVec
	tries      *prometheus.CounterVec
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

// Collectors are the service's metrics, to be registered once.
func (s *Service) Collectors() []prometheus.Collector {
	c := s.counts
	return []prometheus.Collector{c.commitSize, c.failures, c.fenced, c.signing, c.tries, queueDepths{s.DB, s.Now}}
}

// queueDepths counts the documents that are on their way, whenever it is asked.
type queueDepths struct {
	db  *repository.DB
	now func() time.Time
}

var (
	depthDesc = prometheus.NewDesc("fakturgate_documents", "Documents that are not approved yet, in the whole database; held are queued ones of paused sellers.",
		[]string{"channel", "status"}, nil)
	oldestDesc = prometheus.NewDesc("fakturgate_oldest_document_seconds", "How long the oldest of them has been in its status.",
		[]string{"channel", "status"}, nil)
)

// depthTimeout bounds the count; a scrape that runs into it shows the other metrics.
const depthTimeout = 5 * time.Second

// Describe tells Prometheus which metrics there are.
func (q queueDepths) Describe(descriptions chan<- *prometheus.Desc) {
	descriptions <- depthDesc
	descriptions <- oldestDesc
}

// Collect asks the database.
func (q queueDepths) Collect(metrics chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), depthTimeout)
	defer cancel()
	depths, err := q.db.QueueDepths(ctx)
	if err != nil {
		metrics <- prometheus.NewInvalidMetric(depthDesc, err)
		return
	}
	for _, d := range depths {
		age := q.now().Sub(time.UnixMicro(d.Oldest)).Seconds()
		metrics <- prometheus.MustNewConstMetric(depthDesc, prometheus.GaugeValue, float64(d.Count), d.Channel, d.Status)
		metrics <- prometheus.MustNewConstMetric(oldestDesc, prometheus.GaugeValue, age, d.Channel, d.Status)
	}
}
