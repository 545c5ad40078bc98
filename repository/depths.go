package repository

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// QueueDepth is how much of a channel is in one status, and since when its oldest is.
type QueueDepth struct {
	Channel string `db:"channel"`
	Status  string `db:"status"`
	Count   int64  `db:"count"`
	Oldest  int64  `db:"oldest"`  // microseconds
	Unknown int64  `db:"unknown"` // of Count: submitting for so long that no hand-over is under way any more
}

// queueDepths is answered by the index documents_by_status alone, so that it costs by
// what is open and not by what there is.
const queueDepths = `SELECT channel, CASE WHEN status = 'queued' AND held THEN 'held' ELSE status END AS status,
		COUNT(*) AS count, MIN(status_since) AS oldest,
		SUM(CASE WHEN status = 'submitting' AND status_since < ? THEN 1 ELSE 0 END) AS unknown
	FROM documents WHERE status <> 'approved' AND status IN ('queued', 'submitting', 'awaiting_upload', 'signing_in_progress', 'saved_invalid')
	GROUP BY 1, 2`

// QueueDepths counts the open documents by channel and status, for metrics.
// Queued ones whose taxpayer is paused have the status held. What has been
// submitting since before a moment counts as unknown.
func (db *DB) QueueDepths(ctx context.Context, before time.Time) ([]QueueDepth, error) {
	var depths []QueueDepth
	err := db.selectPrepared(ctx, &depths, queueDepths, micros(before))
	return depths, wrap("queue depths", err)
}

// EndpointLag is an endpoint that is behind its tenant's feed.
type EndpointLag struct {
	EndpointID string `db:"id"`
	Oldest     int64  `db:"at"` // microseconds: of the oldest event of which no try has ended
}

// endpointLags looks one event behind each cursor.
func (db *DB) endpointLags() string {
	return `SELECT e.id, v.at FROM webhook_endpoints e JOIN events v ON v.tenant = e.tenant
			AND v.position = (SELECT n.position ` + db.dialect.nextEvent + `)
		WHERE e.disabled_at = 0 AND v.at < ? ORDER BY v.at, e.id LIMIT ?`
}

// EndpointLags gives the enabled endpoints whose oldest untried event is from
// before a moment, the furthest behind first, at most limit.
func (db *DB) EndpointLags(ctx context.Context, before time.Time, limit int) ([]EndpointLag, error) {
	var lags []EndpointLag
	err := db.selectPrepared(ctx, &lags, db.endpointLags(), micros(before), limit)
	return lags, wrap("endpoint lags", err)
}

// EndpointCounts is how many endpoints of all tenants there are.
type EndpointCounts struct {
	Healthy  int64 `db:"healthy"`
	Failing  int64 `db:"failing"` // enabled, and failing since their last success
	Disabled int64 `db:"disabled"`
}

// EndpointCounts counts the endpoints of all tenants by how they are.
func (db *DB) EndpointCounts(ctx context.Context) (EndpointCounts, error) {
	var counts []EndpointCounts
	err := db.selectPrepared(ctx, &counts, `SELECT
			COALESCE(SUM(CASE WHEN disabled_at = 0 AND failing_since = 0 THEN 1 ELSE 0 END), 0) AS healthy,
			COALESCE(SUM(CASE WHEN disabled_at = 0 AND failing_since > 0 THEN 1 ELSE 0 END), 0) AS failing,
			COALESCE(SUM(CASE WHEN disabled_at > 0 THEN 1 ELSE 0 END), 0) AS disabled FROM webhook_endpoints`)
	if err != nil {
		return EndpointCounts{}, wrap("count endpoints", err)
	}
	return counts[0], nil
}

// newFeedWait makes the measure of the waits for the feed's lock.
func newFeedWait() prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{Name: "fakturgate_feed_lock_wait_seconds",
		Help: "How long transactions waited to append to the feed, on PostgreSQL; by its own clock.",
		// From 20 microseconds to about 10 seconds.
		Buckets: prometheus.ExponentialBuckets(0.00002, 3, 13)})
}

// Collectors are the database's metrics, to be registered once.
func (db *DB) Collectors() []prometheus.Collector { return []prometheus.Collector{db.feedWait} }
