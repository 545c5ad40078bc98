package repository

import (
	"context"

	"github.com/jmoiron/sqlx"
)

// Draw takes numbers out of one of a taxpayer's ranges.
type Draw struct {
	Tenant, TaxpayerNPWP string
	First                int64 // names the range
	From, Next           int64 // the next free number as it was read, and as it is afterwards
}

// draw takes numbers, or gives errMoved when a range is not as it was read.
func (db *DB) draw(ctx context.Context, tx *sqlx.Tx, draws []Draw) error {
	for _, d := range draws {
		n, err := db.execIn(ctx, tx, `UPDATE nsfp_ranges SET next = ? WHERE tenant = ? AND taxpayer_npwp = ? AND first = ? AND next = ? AND last >= ?`,
			d.Next, d.Tenant, d.TaxpayerNPWP, d.First, d.From, d.Next-1)
		if err != nil {
			return err
		}
		if n == 0 {
			return errMoved
		}
	}
	return nil
}
