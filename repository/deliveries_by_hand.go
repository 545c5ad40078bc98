package repository

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"
)

// inState selects deliveries by state. A state is a literal, because partial
// indexes are found by it; one that does not exist selects like "".
var inState = map[DeliveryState]string{
	Delivered: ` AND d.state = 'delivered'`,
	Retrying:  ` AND d.state = 'retrying'`,
	Failed:    ` AND d.state = 'failed'`,
}

// Deliveries lists an endpoint's deliveries, newest first: those in a state (""
// is any), before the id before ("" begins at the newest), at most limit.
func (db *DB) Deliveries(ctx context.Context, tenant, endpointID string, state DeliveryState, before string, limit int) ([]Delivery, error) {
	var rows []deliveryRow
	err := db.read.SelectContext(ctx, &rows, db.rebind(`SELECT `+deliveryColumns+` FROM deliveries d
		WHERE d.endpoint_id = ? AND d.tenant = ? AND (? = '' OR d.id < ?)`+inState[state]+`
		ORDER BY d.id DESC LIMIT ?`), endpointID, tenant, before, before, limit)
	if err != nil {
		return nil, wrap("list deliveries", err)
	}
	list := make([]Delivery, len(rows))
	for i := range rows {
		list[i] = rows[i].delivery()
	}
	return list, nil
}

// lockEnabled keeps the endpoint's worker from saving until the transaction
// ends, so that both touch its deliveries one after the other.
func (db *DB) lockEnabled(ctx context.Context, tx *sqlx.Tx, tenant, endpointID string) error {
	var disabledAt int64
	err := tx.GetContext(ctx, &disabledAt, db.rebind(`SELECT disabled_at FROM webhook_endpoints
		WHERE tenant = ? AND id = ?`+db.dialect.forUpdate), tenant, endpointID)
	if err == nil && disabledAt != 0 {
		return ErrEndpointDisabled
	}
	return notFound(err)
}

// Redeliver makes a tenant's delivery due now, with all its tries before it
// again. It gives ErrNotFound, or ErrEndpointDisabled.
func (db *DB) Redeliver(ctx context.Context, tenant, id string, now time.Time) (Delivery, error) {
	var row deliveryRow
	err := db.inTx(ctx, func(tx *sqlx.Tx) error {
		var endpointID string
		err := tx.GetContext(ctx, &endpointID, db.rebind(`SELECT endpoint_id FROM deliveries WHERE tenant = ? AND id = ?`), tenant, id)
		if err != nil {
			return notFound(err)
		}
		if err := db.lockEnabled(ctx, tx, tenant, endpointID); err != nil {
			return err
		}
		if _, err := db.execIn(ctx, tx, `UPDATE deliveries SET state = 'retrying', tries = 0, next_try_at = ? WHERE id = ?`, micros(now), id); err != nil {
			return err
		}
		return notFound(tx.GetContext(ctx, &row, db.rebind(`SELECT `+deliveryColumns+` FROM deliveries d WHERE d.id = ?`), id))
	})
	return row.delivery(), wrap("redeliver", err)
}

// Recover makes every message due now whose last try failed at since or later,
// whether it was given up or waits, with all its tries before it again; tests
// stay as they are. It gives how many, or ErrNotFound, or ErrEndpointDisabled.
func (db *DB) Recover(ctx context.Context, tenant, endpointID string, since, now time.Time) (int, error) {
	var count int64
	err := db.inTx(ctx, func(tx *sqlx.Tx) error {
		if err := db.lockEnabled(ctx, tx, tenant, endpointID); err != nil {
			return err
		}
		count = 0
		for _, state := range []DeliveryState{Retrying, Failed} {
			n, err := db.execIn(ctx, tx, `UPDATE deliveries AS d SET state = 'retrying', tries = 0, next_try_at = ?
				WHERE d.endpoint_id = ?`+inState[state]+` AND d.last_try_at >= ? AND d.position > 0`, micros(now), endpointID, micros(since))
			if err != nil {
				return err
			}
			count += n
		}
		return nil
	})
	return int(count), wrap("recover", err)
}
