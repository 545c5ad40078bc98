package repository

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/fakturgate/fakturgate/faktur"
)

// PauseTaxpayer stops handing a taxpayer's documents over, or with paused false
// starts it again: what is queued is held back or let go in the same
// transaction, and so is, by Accept and Save, what becomes queued later. What is
// handed over already goes on. It says whether that changed anything (a taxpayer
// that is not registered changes nothing); entry is noted when it did, with the
// number of documents for its detail.
func (db *DB) PauseTaxpayer(ctx context.Context, tenant, npwp string, paused bool, now time.Time, entry faktur.AuditEntry) (bool, error) {
	since := int64(0)
	if paused {
		since = micros(now)
	}
	changed := false
	err := db.inTx(ctx, func(tx *sqlx.Tx) error {
		if err := db.lockTaxpayers(ctx, tx); err != nil {
			return err
		}
		n, err := db.execIn(ctx, tx, `UPDATE taxpayers SET paused_at = ?, version = version + 1, updated_at = ?
			WHERE tenant = ? AND npwp = ? AND (paused_at > 0) <> ?`, since, micros(now), tenant, npwp, paused)
		if changed = n == 1; err != nil || !changed {
			return err
		}
		documents, err := db.execIn(ctx, tx, `UPDATE documents SET held = ? WHERE tenant = ? AND taxpayer_npwp = ?
			AND status = 'queued' AND held <> ?`, paused, tenant, npwp, paused)
		if err != nil {
			return err
		}
		entry.Detail = fmt.Sprintf("%d queued documents", documents)
		return db.insertAudit(ctx, tx, entry)
	})
	return changed, wrap("pause taxpayer", err)
}

// keepPauses keeps pauses and changes of channel out until the transaction
// ends, when one of its steps makes a document queued: each then sees the other.
func (db *DB) keepPauses(ctx context.Context, tx *sqlx.Tx, steps []Step) error {
	if len(queuedIDs(steps)) == 0 {
		return nil
	}
	return db.shareTaxpayers(ctx, tx)
}

// holdQueued holds back those that have become queued and whose taxpayer is
// paused. It is the one place for all that comes back to the queue.
func (db *DB) holdQueued(ctx context.Context, tx *sqlx.Tx, steps []Step) error {
	ids := queuedIDs(steps)
	if len(ids) == 0 {
		return nil
	}
	query, args, err := sqlx.In(`UPDATE documents SET held = EXISTS (SELECT 1 FROM taxpayers t
		WHERE t.tenant = documents.tenant AND t.npwp = documents.taxpayer_npwp AND t.paused_at > 0)
		WHERE status = 'queued' AND id IN (?)`, ids)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, db.rebind(query), args...)
	return err
}

// FollowTaxpayers takes first uploads that are queued, and of which certainly
// nothing arrived anywhere, to the channel that their taxpayer has moved to
// while they were on their way. Replacements and re-uploads stay.
func (db *DB) FollowTaxpayers(ctx context.Context, ids []string) error {
	return wrap("follow taxpayers", db.inTx(ctx, func(tx *sqlx.Tx) error {
		if err := db.shareTaxpayers(ctx, tx); err != nil {
			return err
		}
		query, args, err := sqlx.In(`UPDATE documents SET channel = (SELECT t.channel FROM taxpayers t
			WHERE t.tenant = documents.tenant AND t.npwp = documents.taxpayer_npwp), receipt = '', `+dueAtOnce+`
			WHERE status = 'queued' AND attempt = 1 AND replaces_id = '' AND id IN (?)`, ids)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, db.rebind(query), args...)
		return err
	}))
}

func queuedIDs(steps []Step) []string {
	var ids []string
	for i := range steps {
		if steps[i].Document.Status == faktur.Queued {
			ids = append(ids, steps[i].Document.ID)
		}
	}
	return ids
}
