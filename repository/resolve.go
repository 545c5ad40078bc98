package repository

import (
	"context"
	"errors"

	"github.com/jmoiron/sqlx"

	"github.com/fakturgate/fakturgate/faktur"
)

// ErrNSFPTaken says that another document has the number.
var ErrNSFPTaken = errors.New("another document has this NSFP")

// Resolve stores an operator's word on a document of unknown fate, and notes it
// in the audit. It gives false when the document has moved since step.From;
// ErrNSFPTaken when another invoice of the tenant has its number. One that is
// queued again leaves the file that it stood in.
func (db *DB) Resolve(ctx context.Context, step Step, entry faktur.AuditEntry) (bool, error) {
	return db.whole("resolve", db.inTx(ctx, func(tx *sqlx.Tx) error {
		d := &step.Document
		// Two operators must not give one number to two documents at once.
		if err := db.lockTaxpayers(ctx, tx); err != nil {
			return err
		}
		if d.NSFP != "" && d.Kind == faktur.KindInvoice {
			others, err := db.selectStrings(ctx, tx, `SELECT id FROM documents
				WHERE tenant = ? AND nsfp <> '' AND nsfp = ? AND kind = 'invoice' AND id <> ? LIMIT 1`, d.Tenant, d.NSFP, d.ID)
			if err != nil {
				return err
			}
			if len(others) > 0 {
				return ErrNSFPTaken
			}
		}
		events, err := db.stepAll(ctx, tx, []Step{step})
		if err != nil {
			return err
		}
		if d.Status == faktur.Queued {
			if _, err := db.execIn(ctx, tx, `UPDATE file_documents SET live = FALSE WHERE document_id = ? AND live`, d.ID); err != nil {
				return err
			}
		}
		if err := db.insertAudit(ctx, tx, entry); err != nil {
			return err
		}
		return db.insertEvents(ctx, tx, events)
	}))
}
