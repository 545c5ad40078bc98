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
}

var sqlite = dialect{name: "sqlite", driver: "sqlite", bind: sqlx.QUESTION,
	now:    "CAST(unixepoch('subsec') * 1000000 AS INTEGER)",
	totals: "json_extract(b.assessment, '$.totals')", lines: "json_array_length(b.assessment, '$.lines')"}

var postgres = dialect{name: "postgres", driver: "postgres", bind: sqlx.DOLLAR,
	forUpdate: " FOR UPDATE",
	now:       "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
	totals:    "(b.assessment::json->'totals')::text", lines: "json_array_length(b.assessment::json->'lines')"}

func (d dialect) rebind(query string) string { return sqlx.Rebind(d.bind, query) }

func (d dialect) isPostgres() bool { return d.name == postgres.name }

// array makes one PostgreSQL array argument of a column's values.
func array(values any) any { return pq.Array(values) }
