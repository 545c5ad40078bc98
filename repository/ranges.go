package repository

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/fakturgate/fakturgate/faktur"
)

// ErrRangeInUse means that a range would lose numbers that were drawn from it.
var ErrRangeInUse = errors.New("numbers were drawn from the range")

type rangeRow struct {
	First int64 `db:"first"`
	Last  int64 `db:"last"`
	Next  int64 `db:"next"`
}

func allRanges(rows []rangeRow) []faktur.NumberRange {
	ranges := make([]faktur.NumberRange, len(rows))
	for i, r := range rows {
		ranges[i] = faktur.NumberRange(r)
	}
	return ranges
}

// Ranges gives a taxpayer's ranges of numbers by their first.
func (db *DB) Ranges(ctx context.Context, tenant, npwp string) ([]faktur.NumberRange, error) {
	var rows []rangeRow
	err := db.selectPrepared(ctx, &rows, `SELECT first, last, next FROM nsfp_ranges WHERE tenant = ? AND taxpayer_npwp = ? ORDER BY first`, tenant, npwp)
	return allRanges(rows), wrap("find ranges", err)
}

// RangeChange replaces a taxpayer's ranges.
type RangeChange struct {
	Tenant, TaxpayerNPWP string
	Ranges               []faktur.NumberRange // their Next is that of a new range
	Audit                faktur.AuditEntry
	At                   time.Time
}

// SaveRanges replaces a taxpayer's ranges and gives them as stored: one that
// was there goes on where it was. ErrRangeInUse when numbers that were drawn
// would be forgotten. What waits for a number is due at once.
func (db *DB) SaveRanges(ctx context.Context, c RangeChange) ([]faktur.NumberRange, error) {
	var merged []faktur.NumberRange
	err := db.inTx(ctx, func(tx *sqlx.Tx) error {
		if err := db.lockRanges(ctx, tx, c.Tenant, c.TaxpayerNPWP); err != nil {
			return err
		}
		var rows []rangeRow
		if err := db.selectIn(ctx, tx, &rows, `SELECT first, last, next FROM nsfp_ranges
			WHERE tenant = ? AND taxpayer_npwp = ? ORDER BY first`+db.dialect.forUpdate, c.Tenant, c.TaxpayerNPWP); err != nil {
			return err
		}
		var err error
		if merged, err = mergeRanges(allRanges(rows), c.Ranges); err != nil {
			return err
		}
		if _, err := db.execIn(ctx, tx, `DELETE FROM nsfp_ranges WHERE tenant = ? AND taxpayer_npwp = ?`, c.Tenant, c.TaxpayerNPWP); err != nil {
			return err
		}
		for _, r := range merged {
			if _, err := db.execIn(ctx, tx, `INSERT INTO nsfp_ranges (tenant, taxpayer_npwp, first, last, next, created_at, updated_at)
				VALUES (?, ?, ?, ?, ?, ?, ?)`, c.Tenant, c.TaxpayerNPWP, r.First, r.Last, r.Next, micros(c.At), micros(c.At)); err != nil {
				return err
			}
		}
		if _, err := db.execIn(ctx, tx, `UPDATE documents SET due_at = 0 WHERE tenant = ? AND taxpayer_npwp = ?
			AND status = 'queued' AND channel = 'efaktur_desktop' AND due_at > 0 AND reason LIKE '%"nsfp_ranges_empty"%'`, c.Tenant, c.TaxpayerNPWP); err != nil {
			return err
		}
		return db.insertAudit(ctx, tx, c.Audit)
	})
	return merged, wrap("save ranges", err)
}

// lockRanges lets one at a time replace a taxpayer's ranges. The rows replaced
// cannot be the lock: who waited for them finds them deleted, and not the new ones.
func (db *DB) lockRanges(ctx context.Context, tx *sqlx.Tx, tenant, npwp string) error {
	_, err := db.execIn(ctx, tx, `SELECT npwp FROM taxpayers WHERE tenant = ? AND npwp = ?`+db.dialect.forUpdate, tenant, npwp)
	return err
}

// mergeRanges lets new ranges go on where the old ones are, or gives ErrRangeInUse.
func mergeRanges(before, after []faktur.NumberRange) ([]faktur.NumberRange, error) {
	merged := slices.Clone(after)
	for _, old := range before {
		if old.Next == old.First {
			continue // nothing was drawn from it
		}
		i := slices.IndexFunc(merged, func(r faktur.NumberRange) bool { return r.First == old.First })
		if i < 0 || merged[i].Last < old.Next-1 {
			return nil, ErrRangeInUse
		}
		merged[i].Next = old.Next
	}
	return merged, nil
}

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
