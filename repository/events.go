package repository

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/fault"
)

// feedLock is the advisory lock under which PostgreSQL gives positions. Without
// it they become visible out of order, and a reader who follows them misses some.
const feedLock = 0x66656564 // "feed"

// insertEvents appends to the feed. It must be the last statement before COMMIT:
// on PostgreSQL it holds the feed's lock until then.
func (db *DB) insertEvents(ctx context.Context, tx *sqlx.Tx, events []faktur.Event) error {
	if len(events) == 0 {
		return nil
	}
	columns := eventColumns(events)
	const names = "(tenant, document_id, sequence, type, at, data)"
	if !db.dialect.isPostgres() {
		_, err := db.eachRow(ctx, tx, "INSERT INTO events "+names+" VALUES (?, ?, ?, ?, ?, ?) RETURNING ''", columns)
		return wrap("store events", err)
	}
	values, args := unnest(columns)
	if fault.Planted(fault.UnlockedFeed) {
		_, err := db.execIn(ctx, tx, "INSERT INTO events "+names+" SELECT v.* FROM "+values, args...)
		return wrap("store events", err)
	}
	// The row of l is made once, column by column, before anything is inserted.
	var waited []int64
	err := db.selectIn(ctx, tx, &waited, `WITH l AS MATERIALIZED (SELECT clock_timestamp() AS asked,
			pg_advisory_xact_lock(`+fmt.Sprint(feedLock)+`), clock_timestamp() AS held),
		stored AS (INSERT INTO events `+names+` SELECT v.* FROM l CROSS JOIN LATERAL `+values+`)
		SELECT (extract(epoch FROM held - asked) * 1000000)::bigint FROM l`, args...)
	if err != nil {
		return wrap("store events", err)
	}
	db.feedWait.Observe(float64(max(waited[0], 0)) / 1e6) // that clock may be set back
	return nil
}

func eventColumns(events []faktur.Event) []column {
	n := len(events)
	tenants, ids, types, datas := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	sequences, ats := make([]int64, n), make([]int64, n)
	for i, e := range events {
		tenants[i], ids[i], types[i], datas[i] = e.Tenant, e.DocumentID, string(e.Type), string(e.Data)
		sequences[i], ats[i] = e.Sequence, micros(e.At)
	}
	return []column{{name: "tenant", values: tenants}, {name: "document_id", values: ids}, {name: "sequence", values: sequences},
		{name: "type", values: types}, {name: "at", values: ats}, {name: "data", values: datas}}
}

type eventRow struct {
	Position   int64  `db:"position"`
	Tenant     string `db:"tenant"`
	DocumentID string `db:"document_id"`
	Sequence   int64  `db:"sequence"`
	Type       string `db:"type"`
	At         int64  `db:"at"`
	Data       string `db:"data"`
}

const eventRowColumns = "e.position, e.tenant, e.document_id, e.sequence, e.type, e.at, e.data"

func (r *eventRow) event() faktur.Event {
	return faktur.Event{Position: r.Position, Tenant: r.Tenant, DocumentID: r.DocumentID, Sequence: r.Sequence,
		Type: faktur.EventType(r.Type), At: fromMicros(r.At), Data: []byte(r.Data)}
}

func allEvents(rows []eventRow) []faktur.Event {
	events := make([]faktur.Event, len(rows))
	for i := range rows {
		events[i] = rows[i].event()
	}
	return events
}

// History gives every event of a tenant's document, oldest first; none is ErrNotFound.
func (db *DB) History(ctx context.Context, tenant, documentID string) ([]faktur.Event, error) {
	var rows []eventRow
	err := db.read.SelectContext(ctx, &rows, db.rebind(`SELECT `+eventRowColumns+` FROM events e
		WHERE e.document_id = ? AND e.document_id <> '' AND e.tenant = ? ORDER BY e.sequence`), documentID, tenant)
	if err != nil {
		return nil, fmt.Errorf("history of %s: %w", documentID, err)
	}
	if len(rows) == 0 {
		return nil, ErrNotFound
	}
	return allEvents(rows), nil
}

// Feed gives a tenant's events after a position, oldest first, at most limit.
func (db *DB) Feed(ctx context.Context, tenant string, after int64, limit int) ([]faktur.Event, error) {
	var rows []eventRow
	err := db.selectPrepared(ctx, &rows, `SELECT `+eventRowColumns+` FROM events e
		WHERE e.tenant = ? AND e.position > ? ORDER BY e.position LIMIT ?`, tenant, after, limit)
	if err != nil {
		return nil, fmt.Errorf("feed: %w", err)
	}
	return allEvents(rows), nil
}

// Heading is what the long-polls need of an event: whose it is and how far it goes.
type Heading struct {
	Position   int64  `db:"position"`
	DocumentID string `db:"document_id"`
	Sequence   int64  `db:"sequence"`
}

// Headings gives the headings of all tenants' events after a position, oldest first.
func (db *DB) Headings(ctx context.Context, after int64, limit int) ([]Heading, error) {
	var headings []Heading
	err := db.read.SelectContext(ctx, &headings, db.rebind(`SELECT position, document_id, sequence FROM events
		WHERE position > ? ORDER BY position LIMIT ?`), after, limit)
	return headings, wrap("headings", err)
}

// LastPosition is the feed's newest position, 0 when it is empty.
func (db *DB) LastPosition(ctx context.Context) (int64, error) {
	var position int64
	err := db.read.GetContext(ctx, &position, `SELECT COALESCE(MAX(position), 0) FROM events`)
	return position, wrap("last position", err)
}
