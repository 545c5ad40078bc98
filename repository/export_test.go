package repository

import (
	"context"

	"github.com/jmoiron/sqlx"
)

// FeedLock is the lock that transactions wait for before they append to the feed.
const FeedLock = feedLock

// QueueDepthsQuery is what metrics ask of documents, for a look at how it is answered.
func (db *DB) QueueDepthsQuery() string { return db.rebind(queueDepths) }

// EndpointLagsQuery is what metrics ask of endpoints.
func (db *DB) EndpointLagsQuery() string { return db.rebind(db.endpointLags()) }

// WithSettings is the address that PostgreSQL's driver gets.
func WithSettings(databaseURL string) string { return withSettings(databaseURL) }

// InTx is a transaction that a test writes itself.
func (db *DB) InTx(ctx context.Context, do func(tx *sqlx.Tx) error) error { return db.inTx(ctx, do) }

// DocumentsQuery is what a list asks, and its arguments.
func (db *DB) DocumentsQuery(tenant string, f DocumentFilter) (string, []any) {
	return db.documentsQuery(tenant, f)
}
