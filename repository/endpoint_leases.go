package repository

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/fault"
)

// EndpointLease is a worker's hold on one endpoint. Its token is new with every
// holder, so that a save by an earlier one is recognised.
type EndpointLease struct {
	EndpointID string `db:"id"`
	Tenant     string `db:"tenant"`
	Token      int64  `db:"token"`
}

// endpointFree says which endpoints nobody works for. It stands twice in
// TakeEndpoints, see there.
func (db *DB) endpointFree(alias string) string {
	return alias + ".disabled_at = 0 AND (" + alias + ".owner = '' OR " + alias + ".lease_until < " + db.dialect.now + ")"
}

// RenewEndpoints prolongs all leases of a worker and gives them. A lease that
// ran out, but that nobody took, goes on under its old token, for nobody else
// can have saved anything.
func (db *DB) RenewEndpoints(ctx context.Context, owner string, lease time.Duration) ([]EndpointLease, error) {
	var held []EndpointLease
	err := db.inTx(ctx, func(tx *sqlx.Tx) error {
		held = nil
		return db.selectIn(ctx, tx, &held, `UPDATE webhook_endpoints SET lease_until = `+db.dialect.now+` + ?
			WHERE owner = ? AND disabled_at = 0 RETURNING id, tenant, token`, lease.Microseconds(), owner)
	})
	return held, wrap("renew endpoints", err)
}

// TakeEndpoints leases free endpoints to a worker, up to its fair share among
// those that SeeWorker saw; surplus says how many it holds beyond that and
// should give back.
//
// A lease is taken at most once because the rows are locked before they are
// counted out (SKIP LOCKED passes over those that another is just taking) and
// looked at again when they are written: with only the inner condition, 8
// workers took up to 94 % of rows twice.
func (db *DB) TakeEndpoints(ctx context.Context, owner string, lease time.Duration) (taken []EndpointLease, surplus int, err error) {
	var counts []struct {
		Enabled int `db:"enabled"`
		Mine    int `db:"mine"`
		Free    int `db:"free"`
		Workers int `db:"workers"`
	}
	err = db.selectPrepared(ctx, &counts, `SELECT COUNT(*) AS enabled, COALESCE(SUM(CASE WHEN e.owner = ? THEN 1 ELSE 0 END), 0) AS mine,
		COALESCE(SUM(CASE WHEN `+db.endpointFree("e")+` THEN 1 ELSE 0 END), 0) AS free,
		(SELECT COUNT(*) FROM workers WHERE seen_until >= `+db.dialect.now+`) AS workers FROM webhook_endpoints e WHERE e.disabled_at = 0`, owner)
	if err != nil {
		return nil, 0, wrap("count endpoints", err)
	}
	workers := max(counts[0].Workers, 1)
	want := (counts[0].Enabled+workers-1)/workers - counts[0].Mine
	if want <= 0 || counts[0].Free == 0 {
		return nil, max(-want, 0), nil
	}
	lock := db.dialect.forUpdate
	if db.dialect.isPostgres() {
		lock += " SKIP LOCKED"
	}
	err = db.inTx(ctx, func(tx *sqlx.Tx) error {
		taken = nil
		return db.selectIn(ctx, tx, &taken, `WITH free AS MATERIALIZED (SELECT f.id AS free_id FROM webhook_endpoints f WHERE `+db.endpointFree("f")+`
				ORDER BY f.lease_until, f.id LIMIT ?`+lock+`)
			UPDATE webhook_endpoints AS e SET owner = ?, token = e.token + 1, lease_until = `+db.dialect.now+` + ?
			FROM free WHERE e.id = free_id AND `+db.endpointFree("e")+` RETURNING id, tenant, token`, want, owner, lease.Microseconds())
	})
	return taken, 0, wrap("take endpoints", err)
}

// ReleaseEndpoint gives a lease back, so that another worker need not wait for
// its end. A lease that has passed to another stays there.
func (db *DB) ReleaseEndpoint(ctx context.Context, l EndpointLease) error {
	return wrap("release endpoint", db.inTx(ctx, func(tx *sqlx.Tx) error {
		_, err := db.execIn(ctx, tx, `UPDATE webhook_endpoints SET owner = '', lease_until = 0 WHERE id = ? AND token = ?`, l.EndpointID, l.Token)
		return err
	}))
}

// HeldEndpoint gives an endpoint as it is now, or ErrFenced when its lease has
// passed to another or it is removed.
func (db *DB) HeldEndpoint(ctx context.Context, l EndpointLease) (Endpoint, error) {
	var rows []endpointRow
	err := db.selectPrepared(ctx, &rows, `SELECT `+endpointColumns+` FROM webhook_endpoints WHERE id = ? AND token = ?`, l.EndpointID, l.Token)
	if err != nil {
		return Endpoint{}, wrap("held endpoint", err)
	}
	if len(rows) == 0 {
		return Endpoint{}, ErrFenced
	}
	return rows[0].endpoint(), nil
}

// holdEndpoint keeps the lease until the transaction ends and gives since when
// the endpoint fails; ErrFenced when the lease has passed to another. A plain
// SELECT would race with the takeover.
func (db *DB) holdEndpoint(ctx context.Context, tx *sqlx.Tx, l EndpointLease) (failingSince time.Time, err error) {
	var rows []struct {
		FailingSince int64 `db:"failing_since"`
		Token        int64 `db:"token"`
	}
	err = db.selectIn(ctx, tx, &rows, `SELECT failing_since, token FROM webhook_endpoints WHERE id = ?`+db.dialect.forUpdate, l.EndpointID)
	if err != nil {
		return time.Time{}, err
	}
	if len(rows) == 0 || rows[0].Token != l.Token && !fault.Planted(fault.NoFencing) {
		return time.Time{}, ErrFenced
	}
	return fromMicros(rows[0].FailingSince), nil
}

// DisableEndpoint switches a held endpoint off, tells it in the feed, and says
// that it did. One that is disabled already, or is at another URL by now, stays
// as it is.
func (db *DB) DisableEndpoint(ctx context.Context, l EndpointLease, url, reason string, event faktur.Event) (disabled bool, err error) {
	err = db.inTx(ctx, func(tx *sqlx.Tx) error {
		if _, err := db.holdEndpoint(ctx, tx, l); err != nil {
			return err
		}
		n, err := db.execIn(ctx, tx, `UPDATE webhook_endpoints SET disabled_at = ?, disabled_reason = ?, updated_at = ?
			WHERE id = ? AND url = ? AND disabled_at = 0`, micros(event.At), reason, micros(event.At), l.EndpointID, url)
		disabled = n > 0
		if err != nil || !disabled {
			return err
		}
		return db.insertEvents(ctx, tx, []faktur.Event{event})
	})
	return disabled, wrap("disable endpoint", err)
}
