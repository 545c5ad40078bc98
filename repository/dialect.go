package repository

import (
	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// dialect is the few places where the two databases differ.
type dialect struct {
	name   string
	driver string
	bind   int
	// forUpdate locks the rows of a SELECT for this transaction. SQLite has one
	// writer at a time anyway.
	forUpdate string
	// now is the database's own clock in microseconds: the one clock that leases keep.
	now string
	// totals and lines are the totals in an assessment, and how many lines it has.
	totals, lines string
	// nextEvent is "FROM events n ..." for the event behind the cursor of e, by one
	// step in events_tenant. PostgreSQL would otherwise walk along the whole feed in
	// search of one tenant's next event; SQLite would when pairs are compared.
	nextEvent string
}

var sqlite = dialect{name: "sqlite", driver: "sqlite", bind: sqlx.QUESTION,
	now:    "CAST(unixepoch('subsec') * 1000000 AS INTEGER)",
	totals: "json_extract(b.assessment, '$.totals')", lines: "json_array_length(b.assessment, '$.lines')",
	nextEvent: "FROM events n INDEXED BY events_tenant WHERE n.tenant = e.tenant AND n.position > e.position ORDER BY n.position LIMIT 1"}

var postgres = dialect{name: "postgres", driver: "postgres", bind: sqlx.DOLLAR,
	forUpdate: " FOR UPDATE",
	now:       "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
	totals:    "(b.assessment::json->'totals')::text", lines: "json_array_length(b.assessment::json->'lines')",
	nextEvent: "FROM events n WHERE (n.tenant, n.position) > (e.tenant, e.position) ORDER BY n.tenant, n.position LIMIT 1"}

func (d dialect) rebind(query string) string { return sqlx.Rebind(d.bind, query) }

func (d dialect) isPostgres() bool { return d.name == postgres.name }

// array makes one PostgreSQL array argument of a column's values.
func array(values any) any { return pq.Array(values) }
