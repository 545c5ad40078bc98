package service

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// backlog tells what waits in the whole database, whenever it is asked.
type backlog struct{ service *Service }

var (
	depthDesc = prometheus.NewDesc("fakturgate_documents", "Documents that are not approved yet, in the whole database; held are queued ones of paused sellers.",
		[]string{"channel", "status"}, nil)
	oldestDesc = prometheus.NewDesc("fakturgate_oldest_document_seconds", "How long the oldest of them has been in its status.",
		[]string{"channel", "status"}, nil)
	unknownDesc = prometheus.NewDesc("fakturgate_unknown_documents",
		"Documents that were handed over longer ago than a call takes and of which it is not known whether they arrived, in the whole database.",
		[]string{"channel"}, nil)
	endpointsDesc = prometheus.NewDesc("fakturgate_webhook_endpoints", "Webhook endpoints by how they are, in the whole database.", []string{"state"}, nil)
	lagDesc       = prometheus.NewDesc("fakturgate_webhook_lag_seconds",
		"How long the oldest event has waited for an endpoint's first try, of the 100 endpoints furthest behind, and by 5 seconds at least.",
		[]string{"endpoint"}, nil)
)

const (
	// backlogTimeout bounds each question; a scrape that runs into it shows the other metrics.
	backlogTimeout = 5 * time.Second
	// mostLagging bounds the series of endpoints that are behind, and leastLag
	// leaves out those to which a message is just under way.
	mostLagging = 100
	leastLag    = 5 * time.Second
)

// Describe tells Prometheus which metrics there are.
func (b backlog) Describe(descriptions chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{depthDesc, oldestDesc, unknownDesc, endpointsDesc, lagDesc} {
		descriptions <- d
	}
}

// Collect asks the database.
func (b backlog) Collect(metrics chan<- prometheus.Metric) {
	if err := b.documents(metrics); err != nil {
		metrics <- prometheus.NewInvalidMetric(depthDesc, err)
	}
	if err := b.endpoints(metrics); err != nil {
		metrics <- prometheus.NewInvalidMetric(endpointsDesc, err)
	}
}

func (b backlog) documents(metrics chan<- prometheus.Metric) error {
	ctx, cancel := context.WithTimeout(context.Background(), backlogTimeout)
	defer cancel()
	now := b.service.Now()
	depths, err := b.service.DB.QueueDepths(ctx, now.Add(-b.service.CallTimeout))
	if err != nil {
		return err
	}
	unknown := map[string]int64{}
	for _, c := range b.service.channels {
		unknown[string(c.Name())] = 0
	}
	for _, d := range depths {
		unknown[d.Channel] += d.Unknown
		age := now.Sub(time.UnixMicro(d.Oldest)).Seconds()
		metrics <- prometheus.MustNewConstMetric(depthDesc, prometheus.GaugeValue, float64(d.Count), d.Channel, d.Status)
		metrics <- prometheus.MustNewConstMetric(oldestDesc, prometheus.GaugeValue, age, d.Channel, d.Status)
	}
	for channel, n := range unknown {
		metrics <- prometheus.MustNewConstMetric(unknownDesc, prometheus.GaugeValue, float64(n), channel)
	}
	return nil
}

func (b backlog) endpoints(metrics chan<- prometheus.Metric) error {
	ctx, cancel := context.WithTimeout(context.Background(), backlogTimeout)
	defer cancel()
	counts, err := b.service.DB.EndpointCounts(ctx)
	if err != nil {
		return err
	}
	for state, n := range map[string]int64{"healthy": counts.Healthy, "failing": counts.Failing, "disabled": counts.Disabled} {
		metrics <- prometheus.MustNewConstMetric(endpointsDesc, prometheus.GaugeValue, float64(n), state)
	}
	now := b.service.Now()
	lags, err := b.service.DB.EndpointLags(ctx, now.Add(-leastLag), mostLagging)
	if err != nil {
		return err
	}
	for _, l := range lags {
		metrics <- prometheus.MustNewConstMetric(lagDesc, prometheus.GaugeValue, now.Sub(time.UnixMicro(l.Oldest)).Seconds(), l.EndpointID)
	}
	return nil
}
