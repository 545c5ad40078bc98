package repository

// What metrics ask, for a look at how the databases answer it.
const (
	QueueDepthsQuery  = queueDepths
	EndpointLagsQuery = endpointLags
	FeedLock          = feedLock
)

// Rebind turns ? marks into what the database wants.
func (db *DB) Rebind(query string) string { return db.rebind(query) }
