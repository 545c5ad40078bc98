package service

import "github.com/prometheus/client_golang/prometheus"

// counts are the service's metrics; no label holds a secret or a tenant's data.
type counts struct {
	commitSize prometheus.Histogram
	failures   *prometheus.CounterVec
}

func newCounts() *counts {
	return &counts{
		commitSize: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "fakturgate_commit_members",
			Help: "Invoices that shared a transaction at intake.", Buckets: prometheus.ExponentialBuckets(1, 2, 9)}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "fakturgate_worker_failures_total",
			Help: "Steps of workers that failed and were taken again."}, []string{"worker"}),
	}
}

// Collectors are the service's metrics, to be registered once.
func (s *Service) Collectors() []prometheus.Collector {
	return []prometheus.Collector{s.counts.commitSize, s.counts.failures}
}
