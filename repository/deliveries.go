package repository

import (
	"context"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/fakturgate/fakturgate/faktur"
)

// DeliveryState is where a message stands on its way to one endpoint.
type DeliveryState string

// The states of a delivery. A message that was never tried has none.
const (
	Delivered DeliveryState = "delivered"
	Retrying  DeliveryState = "retrying" // the last try failed, another is due
	Failed    DeliveryState = "failed"   // every try failed
)

// Delivery is one message on its way to one endpoint, after its first try.
type Delivery struct {
	ID, Tenant, EndpointID string
	Position               int64 // of the event in the feed; 0 for a test
	MessageID, EventType   string
	DocumentID             string // "" for an event that is not about one
	State                  DeliveryState
	Tries                  int    // since it was last sent by hand, or since the first
	StatusCode             int    // of the last answer; 0 when there was none
	Error                  string // of the last try; "" when delivered
	FirstTryAt, LastTryAt  time.Time
	NextTryAt              time.Time // zero unless retrying
}

// ErrEndpointDisabled means that nothing is sent to an endpoint until it is enabled again.
var ErrEndpointDisabled = errors.New("the endpoint is disabled")

type deliveryRow struct {
	ID         string `db:"id"`
	Tenant     string `db:"tenant"`
	EndpointID string `db:"endpoint_id"`
	Position   int64  `db:"position"`
	MessageID  string `db:"message_id"`
	EventType  string `db:"event_type"`
	DocumentID string `db:"document_id"`
	State      string `db:"state"`
	Tries      int    `db:"tries"`
	StatusCode int    `db:"status_code"`
	Error      string `db:"error"`
	FirstTryAt int64  `db:"first_try_at"`
	LastTryAt  int64  `db:"last_try_at"`
	NextTryAt  int64  `db:"next_try_at"`
}

const deliveryColumns = `d.id, d.tenant, d.endpoint_id, d.position, d.message_id, d.event_type, d.document_id, d.state, d.tries,
	d.status_code, d.error, d.first_try_at, d.last_try_at, d.next_try_at`

func (r *deliveryRow) delivery() Delivery {
	return Delivery{ID: r.ID, Tenant: r.Tenant, EndpointID: r.EndpointID, Position: r.Position, MessageID: r.MessageID,
		EventType: r.EventType, DocumentID: r.DocumentID, State: DeliveryState(r.State), Tries: r.Tries, StatusCode: r.StatusCode,
		Error: r.Error, FirstTryAt: fromMicros(r.FirstTryAt), LastTryAt: fromMicros(r.LastTryAt), NextTryAt: fromMicros(r.NextTryAt)}
}

// Tried is what came of a batch of tries to one endpoint.
type Tried struct {
	First []Delivery // tried for the first time
	Again []Retried  // tried once more
	// Position is where the endpoint's cursor stands now.
	Position int64
	// Succeeded says whether any try did, FailedAt when the first one failed
	// after the last success; zero when none did.
	Succeeded bool
	FailedAt  time.Time
}

// Retried is a delivery after one more try.
type Retried struct {
	Delivery
	DueAt time.Time // NextTryAt as it was read before the try
}

// SaveTried stores a batch of tries under the endpoint's lease and gives since
// when the endpoint fails without a success (zero: it does not). A delivery that
// was made due by hand during its try stays due, whatever came of that one.
// ErrFenced means that nothing was stored.
func (db *DB) SaveTried(ctx context.Context, l EndpointLease, t Tried) (failingSince time.Time, err error) {
	err = db.inTx(ctx, func(tx *sqlx.Tx) error {
		failingSince, err = db.holdEndpoint(ctx, tx, l)
		if err != nil {
			return err
		}
		if t.Succeeded {
			failingSince = time.Time{}
		}
		if failingSince.IsZero() {
			failingSince = t.FailedAt
		}
		if len(t.First) > 0 {
			if _, err := db.insertMany(ctx, tx, "deliveries", append(deliveryNames(t.First), deliveryOutcomes(t.First)...), "id"); err != nil {
				return err
			}
		}
		if len(t.Again) > 0 {
			if err := db.saveAgain(ctx, tx, t.Again); err != nil {
				return err
			}
		}
		_, err := db.execIn(ctx, tx, `UPDATE webhook_endpoints SET position = ?, failing_since = ? WHERE id = ?`,
			t.Position, micros(failingSince), l.EndpointID)
		return err
	})
	return failingSince, wrap("save tries", err)
}

// saveAgain stores the outcomes of those that are due as they were read.
func (db *DB) saveAgain(ctx context.Context, tx *sqlx.Tx, list []Retried) error {
	outcomes, due := make([]Delivery, len(list)), make([]int64, len(list))
	for i := range list {
		outcomes[i], due[i] = list[i].Delivery, micros(list[i].DueAt)
	}
	match := []column{texts("id", outcomes, func(d *Delivery) string { return d.ID }), {name: "was_due_at", target: "next_try_at", values: due}}
	_, err := db.updateMany(ctx, tx, "deliveries", deliveryOutcomes(outcomes), match, "id")
	return err
}

func texts(name string, list []Delivery, of func(*Delivery) string) column {
	values := make([]string, len(list))
	for i := range list {
		values[i] = of(&list[i])
	}
	return column{name: name, values: values}
}

func numbers(name string, list []Delivery, of func(*Delivery) int64) column {
	values := make([]int64, len(list))
	for i := range list {
		values[i] = of(&list[i])
	}
	return column{name: name, values: values}
}

// deliveryNames are the columns that never change.
func deliveryNames(list []Delivery) []column {
	return []column{
		texts("id", list, func(d *Delivery) string { return d.ID }),
		texts("tenant", list, func(d *Delivery) string { return d.Tenant }),
		texts("endpoint_id", list, func(d *Delivery) string { return d.EndpointID }),
		numbers("position", list, func(d *Delivery) int64 { return d.Position }),
		texts("message_id", list, func(d *Delivery) string { return d.MessageID }),
		texts("event_type", list, func(d *Delivery) string { return d.EventType }),
		texts("document_id", list, func(d *Delivery) string { return d.DocumentID }),
		numbers("first_try_at", list, func(d *Delivery) int64 { return micros(d.FirstTryAt) }),
	}
}

// deliveryOutcomes are the columns that every try writes.
func deliveryOutcomes(list []Delivery) []column {
	return []column{
		texts("state", list, func(d *Delivery) string { return string(d.State) }),
		numbers("tries", list, func(d *Delivery) int64 { return int64(d.Tries) }),
		numbers("status_code", list, func(d *Delivery) int64 { return int64(d.StatusCode) }),
		texts("error", list, func(d *Delivery) string { return d.Error }),
		numbers("last_try_at", list, func(d *Delivery) int64 { return micros(d.LastTryAt) }),
		numbers("next_try_at", list, func(d *Delivery) int64 { return micros(d.NextTryAt) }),
	}
}

// AddTest stores the one try of a test, which has no place in the feed.
// ErrNotFound means that its endpoint was removed.
func (db *DB) AddTest(ctx context.Context, d Delivery) error {
	return wrap("add test", db.inTx(ctx, func(tx *sqlx.Tx) error {
		list := []Delivery{d}
		_, err := db.insertMany(ctx, tx, "deliveries", append(deliveryNames(list), deliveryOutcomes(list)...), "id")
		if isMissingOwner(err) {
			return ErrNotFound
		}
		return err
	}))
}

// Retry is a delivery to try again, and its event; a test's event is empty.
type Retry struct {
	Delivery Delivery
	Event    faktur.Event
}

// DueRetries gives an endpoint's deliveries whose next try is due, in the order
// in which they are, at most limit.
func (db *DB) DueRetries(ctx context.Context, endpointID string, now time.Time, limit int) ([]Retry, error) {
	var rows []struct {
		deliveryRow
		At       int64  `db:"at"`
		Sequence int64  `db:"sequence"`
		Data     string `db:"data"`
	}
	err := db.selectPrepared(ctx, &rows, `SELECT `+deliveryColumns+`, COALESCE(e.at, 0) AS at, COALESCE(e.sequence, 0) AS sequence,
		COALESCE(e.data, '') AS data FROM deliveries d LEFT JOIN events e ON e.position = d.position
		WHERE d.endpoint_id = ? AND d.state = 'retrying' AND d.next_try_at <= ? ORDER BY d.next_try_at, d.id LIMIT ?`,
		endpointID, micros(now), limit)
	if err != nil {
		return nil, wrap("due retries", err)
	}
	retries := make([]Retry, len(rows))
	for i := range rows {
		d := rows[i].delivery()
		retries[i] = Retry{d, faktur.Event{Position: d.Position, Tenant: d.Tenant, DocumentID: d.DocumentID, Sequence: rows[i].Sequence,
			Type: faktur.EventType(d.EventType), At: fromMicros(rows[i].At), Data: []byte(rows[i].Data)}}
	}
	return retries, nil
}

// NextRetry is when an endpoint's next try after now is due; zero when none is.
func (db *DB) NextRetry(ctx context.Context, endpointID string, now time.Time) (time.Time, error) {
	var due []int64
	err := db.selectPrepared(ctx, &due, `SELECT d.next_try_at FROM deliveries d WHERE d.endpoint_id = ? AND d.state = 'retrying'
		AND d.next_try_at > ? ORDER BY d.next_try_at LIMIT 1`, endpointID, micros(now))
	if err != nil || len(due) == 0 {
		return time.Time{}, wrap("next retry", err)
	}
	return fromMicros(due[0]), nil
}

// EndpointsDue gives the endpoints that a worker holds and that have a retry
// due: how it learns of those that a caller asked another process for.
func (db *DB) EndpointsDue(ctx context.Context, owner string, now time.Time) ([]string, error) {
	var ids []string
	err := db.selectPrepared(ctx, &ids, `SELECT e.id FROM webhook_endpoints e WHERE e.owner = ? AND EXISTS (SELECT 1 FROM deliveries d
		WHERE d.endpoint_id = e.id AND d.state = 'retrying' AND d.next_try_at <= ?)`, owner, micros(now))
	return ids, wrap("endpoints due", err)
}

// News is a tenant's newest event.
type News struct {
	Tenant   string `db:"tenant"`
	Position int64  `db:"position"`
}

// newsSpan bounds how many events one look for news covers; the next goes on
// where it ended. Without the bound both databases may choose to walk through
// the whole feed, ordered by tenant.
const newsSpan = 10_000

// NewsAfter gives the tenants that have events after a position, as far as newsSpan reaches.
func (db *DB) NewsAfter(ctx context.Context, position int64) ([]News, error) {
	var news []News
	err := db.selectPrepared(ctx, &news, `SELECT tenant, MAX(position) AS position
		FROM (SELECT tenant, position FROM events WHERE position > ? ORDER BY position LIMIT ?) AS news GROUP BY tenant`, position, newsSpan)
	return news, wrap("news", err)
}
