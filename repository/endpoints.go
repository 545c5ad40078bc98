package repository

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
)

// Endpoint is where a tenant wants its events sent.
type Endpoint struct {
	ID, Tenant, URL, Description string
	Events                       []string // the types it wants; "*" is every type
	Secret                       string   // sealed
	PreviousSecret               string   // sealed; "" when none was rotated out
	PreviousUntil                time.Time
	Position                     int64     // up to there every event's first try is done
	FailingSince                 time.Time // of the first failure since the last success; zero: none
	DisabledAt                   time.Time // zero: enabled
	DisabledReason               string
	CreatedAt, UpdatedAt         time.Time
}

// ErrTooManyEndpoints is the answer when a tenant has as many as it may.
var ErrTooManyEndpoints = errors.New("too many endpoints")

type endpointRow struct {
	ID             string `db:"id"`
	Tenant         string `db:"tenant"`
	URL            string `db:"url"`
	Description    string `db:"description"`
	Events         string `db:"events"`
	Secret         string `db:"secret"`
	PreviousSecret string `db:"previous_secret"`
	PreviousUntil  int64  `db:"previous_until"`
	Position       int64  `db:"position"`
	FailingSince   int64  `db:"failing_since"`
	DisabledAt     int64  `db:"disabled_at"`
	DisabledReason string `db:"disabled_reason"`
	CreatedAt      int64  `db:"created_at"`
	UpdatedAt      int64  `db:"updated_at"`
}

const endpointColumns = `id, tenant, url, description, events, secret, previous_secret, previous_until, position,
	failing_since, disabled_at, disabled_reason, created_at, updated_at`

func (r *endpointRow) endpoint() Endpoint {
	return Endpoint{ID: r.ID, Tenant: r.Tenant, URL: r.URL, Description: r.Description, Events: strings.Fields(r.Events),
		Secret: r.Secret, PreviousSecret: r.PreviousSecret, PreviousUntil: fromMicros(r.PreviousUntil), Position: r.Position,
		FailingSince: fromMicros(r.FailingSince), DisabledAt: fromMicros(r.DisabledAt), DisabledReason: r.DisabledReason,
		CreatedAt: fromMicros(r.CreatedAt), UpdatedAt: fromMicros(r.UpdatedAt)}
}

// AddEndpoint stores an endpoint whose cursor stands at the feed's end as this
// transaction sees it: what commits later is sent, what is there already is
// not. A tenant that has most of them gets ErrTooManyEndpoints; several at the
// same moment may overshoot by a few.
func (db *DB) AddEndpoint(ctx context.Context, e Endpoint, most int) (Endpoint, error) {
	err := db.inTx(ctx, func(tx *sqlx.Tx) error {
		var count int
		if err := tx.GetContext(ctx, &count, db.rebind(`SELECT COUNT(*) FROM webhook_endpoints WHERE tenant = ?`), e.Tenant); err != nil {
			return err
		}
		if count >= most {
			return ErrTooManyEndpoints
		}
		if err := tx.GetContext(ctx, &e.Position, `SELECT COALESCE(MAX(position), 0) FROM events`); err != nil {
			return err
		}
		_, err := db.execIn(ctx, tx, `INSERT INTO webhook_endpoints (id, tenant, url, description, events, secret, position, created_at, updated_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`, e.ID, e.Tenant, e.URL, e.Description, strings.Join(e.Events, " "), e.Secret,
			e.Position, micros(e.CreatedAt), micros(e.UpdatedAt))
		return err
	})
	return e, wrap("add endpoint", err)
}

// Endpoint gives a tenant's endpoint, or ErrNotFound.
func (db *DB) Endpoint(ctx context.Context, tenant, id string) (Endpoint, error) {
	var row endpointRow
	err := db.read.GetContext(ctx, &row, db.rebind(`SELECT `+endpointColumns+` FROM webhook_endpoints
		WHERE tenant = ? AND id = ?`), tenant, id)
	if err != nil {
		return Endpoint{}, wrap("endpoint", notFound(err))
	}
	return row.endpoint(), nil
}

// Endpoints lists a tenant's endpoints, newest first: those before the id
// before ("" begins at the newest), at most limit.
func (db *DB) Endpoints(ctx context.Context, tenant, before string, limit int) ([]Endpoint, error) {
	var rows []endpointRow
	err := db.read.SelectContext(ctx, &rows, db.rebind(`SELECT `+endpointColumns+` FROM webhook_endpoints
		WHERE tenant = ? AND (? = '' OR id < ?) ORDER BY id DESC LIMIT ?`), tenant, before, before, limit)
	if err != nil {
		return nil, wrap("list endpoints", err)
	}
	list := make([]Endpoint, len(rows))
	for i := range rows {
		list[i] = rows[i].endpoint()
	}
	return list, nil
}

// EndpointChange is what a caller changes; nil and "" leave a thing as it is.
type EndpointChange struct {
	URL, Description *string
	Events           []string
	Disabled         *bool
	DisabledReason   string // with Disabled
	// Secret, sealed, becomes the endpoint's secret, and the present one stays
	// valid beside it until PreviousUntil.
	Secret        string
	PreviousUntil time.Time
}

func (c *EndpointChange) apply(e *Endpoint, now time.Time) {
	if c.URL != nil && *c.URL != e.URL {
		e.URL, e.FailingSince = *c.URL, time.Time{} // it was the old one that failed
	}
	if c.Description != nil {
		e.Description = *c.Description
	}
	if c.Events != nil {
		e.Events = c.Events
	}
	if c.Secret != "" {
		e.PreviousSecret, e.PreviousUntil, e.Secret = e.Secret, c.PreviousUntil, c.Secret
	}
	if c.Disabled == nil || *c.Disabled == !e.DisabledAt.IsZero() {
		return
	}
	// The cursor stays where it is, so that an enabled one misses nothing.
	e.DisabledAt, e.DisabledReason, e.FailingSince = time.Time{}, "", time.Time{}
	if *c.Disabled {
		e.DisabledAt, e.DisabledReason = now, c.DisabledReason
	}
}

// ChangeEndpoint changes a tenant's endpoint and gives it as it is then, or ErrNotFound.
func (db *DB) ChangeEndpoint(ctx context.Context, tenant, id string, change EndpointChange, now time.Time) (Endpoint, error) {
	var e Endpoint
	err := db.inTx(ctx, func(tx *sqlx.Tx) error {
		var row endpointRow
		err := tx.GetContext(ctx, &row, db.rebind(`SELECT `+endpointColumns+` FROM webhook_endpoints
			WHERE tenant = ? AND id = ?`+db.dialect.forUpdate), tenant, id)
		if err != nil {
			return notFound(err)
		}
		e = row.endpoint()
		change.apply(&e, now)
		e.UpdatedAt = now
		_, err = db.execIn(ctx, tx, `UPDATE webhook_endpoints SET url = ?, description = ?, events = ?, secret = ?, previous_secret = ?,
			previous_until = ?, failing_since = ?, disabled_at = ?, disabled_reason = ?, updated_at = ? WHERE id = ?`,
			e.URL, e.Description, strings.Join(e.Events, " "), e.Secret, e.PreviousSecret, micros(e.PreviousUntil),
			micros(e.FailingSince), micros(e.DisabledAt), e.DisabledReason, micros(now), id)
		return err
	})
	return e, wrap("change endpoint", err)
}

// RemoveEndpoint removes a tenant's endpoint and its deliveries, or gives
// ErrNotFound. Deliveries can be millions, so they go piece by piece, and the
// endpoint last: after a crash in between it is still there, disabled.
func (db *DB) RemoveEndpoint(ctx context.Context, tenant, id string, now time.Time) error {
	yes := true
	if _, err := db.ChangeEndpoint(ctx, tenant, id, EndpointChange{Disabled: &yes, DisabledReason: "it is being removed"}, now); err != nil {
		return err
	}
	const piece = 5000
	for removed := int64(piece); removed == piece; {
		err := db.inTx(ctx, func(tx *sqlx.Tx) (err error) {
			// Its worker may still be saving: one after the other.
			if _, err := tx.ExecContext(ctx, db.rebind(`SELECT id FROM webhook_endpoints WHERE id = ?`+db.dialect.forUpdate), id); err != nil {
				return err
			}
			removed, err = db.execIn(ctx, tx, `DELETE FROM deliveries WHERE id IN
				(SELECT id FROM deliveries WHERE endpoint_id = ? LIMIT ?)`, id, piece)
			return err
		})
		if err != nil {
			return wrap("remove deliveries", err)
		}
	}
	return wrap("remove endpoint", db.inTx(ctx, func(tx *sqlx.Tx) error {
		_, err := db.execIn(ctx, tx, `DELETE FROM webhook_endpoints WHERE id = ?`, id)
		return err
	}))
}
