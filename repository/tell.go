package repository

import (
	"context"

	"github.com/jmoiron/sqlx"

	"github.com/fakturgate/fakturgate/faktur"
)

// Tell appends events to the feed that no document's step brings with it.
func (db *DB) Tell(ctx context.Context, events ...faktur.Event) error {
	return wrap("tell", db.inTx(ctx, func(tx *sqlx.Tx) error { return db.insertEvents(ctx, tx, events) }))
}
