package repository

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/fakturgate/fakturgate/faktur"
)

// Replace stores a replacement, and that it is one on its original, in one
// transaction. It gives false, and has stored nothing, when the original is not
// approved any more, is being cancelled, or has another replacement;
// ErrTaxpayerChanged when the registration has changed.
func (db *DB) Replace(ctx context.Context, a Acceptance) (bool, error) {
	replaced := false
	err := db.inTx(ctx, func(tx *sqlx.Tx) error {
		w := acceptWriter{db: db, tx: tx, batch: []Acceptance{a}, results: make([]AcceptResult, 1), open: []int{0}}
		if err := w.checkTaxpayers(ctx); err != nil || w.results[0].Err != nil {
			return errors.Join(err, w.results[0].Err)
		}
		d := &a.Stored.Document
		n, err := db.execIn(ctx, tx, `UPDATE documents SET replaced_by_id = ?, updated_at = ?
			WHERE tenant = ? AND id = ? AND status = 'approved' AND replaced_by_id = '' AND wish = ''`,
			d.ID, micros(d.CreatedAt), d.Tenant, d.ReplacesID)
		if replaced = n == 1; err != nil || !replaced {
			return err
		}
		return w.storeDocuments(ctx)
	})
	return replaced && err == nil, wrap("replace", err)
}

// followReplacements does what the steps of replacements mean for their
// originals: one that is closed frees its original for another; one that is
// approved makes its original wait to be amended. It gives the events of that.
func (db *DB) followReplacements(ctx context.Context, tx *sqlx.Tx, steps []Step) ([]faktur.Event, error) {
	var events []faktur.Event
	for i := range steps {
		d := &steps[i].Document
		if d.ReplacesID == "" || len(steps[i].Events) == 0 {
			continue
		}
		if d.Status == faktur.Cancelled {
			if _, err := db.execIn(ctx, tx, `UPDATE documents SET replaced_by_id = '', updated_at = ? WHERE id = ? AND replaced_by_id = ?`,
				micros(d.UpdatedAt), d.ReplacesID, d.ID); err != nil {
				return nil, err
			}
		}
		approved := slices.ContainsFunc(steps[i].Events, func(e faktur.Event) bool { return e.Type == d.Event("approved") })
		if !approved {
			continue
		}
		told, err := db.awaitAmendment(ctx, tx, d.ReplacesID, d.UpdatedAt)
		if err != nil {
			return nil, err
		}
		events = append(events, told...)
	}
	return events, nil
}

// awaitAmendment makes an approved original wait to be amended. One that has
// come further already, or is being cancelled, is left alone.
func (db *DB) awaitAmendment(ctx context.Context, tx *sqlx.Tx, id string, at time.Time) ([]faktur.Event, error) {
	var rows []documentRow
	if err := db.selectIn(ctx, tx, &rows, `SELECT `+documentColumns+` FROM documents d
		WHERE d.id = ? AND d.status = 'approved' AND d.wish = ''`+db.dialect.forUpdate, id); err != nil || len(rows) == 0 {
		return nil, err
	}
	original, err := rows[0].document()
	if err != nil {
		return nil, err
	}
	step := Step{Document: original, From: original.Sequence}
	step.Events = []faktur.Event{step.Document.Want(faktur.WishAmend, at)}
	set, match := stepColumns([]Step{step})
	_, err = db.updateMany(ctx, tx, "documents", set, match, "id")
	return step.Events, err
}

// ContentHashes gives the hash of every accepted version of a document's content.
func (db *DB) ContentHashes(ctx context.Context, documentID string) ([]string, error) {
	var hashes string
	err := db.read.GetContext(ctx, &hashes, db.rebind(`SELECT content_hashes FROM document_bodies WHERE document_id = ?`), documentID)
	return strings.Fields(hashes), notFound(err)
}

// Chain gives every document of the chain of replacements that a tenant's
// document is in, oldest first, cancelled ones included; ErrNotFound when there
// is no such document.
func (db *DB) Chain(ctx context.Context, tenant, id string) ([]Stored, error) {
	var rows []storedRow
	err := db.read.SelectContext(ctx, &rows, db.rebind(`WITH RECURSIVE earlier(id, replaces_id) AS (
			SELECT id, replaces_id FROM documents WHERE tenant = ? AND id = ?
			UNION SELECT o.id, o.replaces_id FROM documents o JOIN earlier e ON o.id = e.replaces_id),
		members(id) AS (
			SELECT id FROM earlier WHERE replaces_id = ''
			UNION SELECT r.id FROM documents r JOIN members m ON r.replaces_id = m.id WHERE r.replaces_id <> '')
		SELECT `+storedColumns+` FROM members m JOIN documents d ON d.id = m.id
		JOIN document_bodies b ON b.document_id = d.id ORDER BY d.id`), tenant, id)
	if err != nil {
		return nil, wrap("read the chain", err)
	}
	if len(rows) == 0 {
		return nil, ErrNotFound
	}
	return allStored(rows)
}
