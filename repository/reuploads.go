package repository

import (
	"context"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/fakturgate/fakturgate/faktur"
)

// SavedInvalid gives invoices of a tenant that are Saved Invalid and agree with
// f, of references when there are any, newest first, without their content.
func (db *DB) SavedInvalid(ctx context.Context, tenant string, f DocumentFilter, references []string) ([]faktur.Document, error) {
	f.Kind, f.Status = faktur.KindInvoice, faktur.SavedInvalid
	where, order, args := f.conditions(tenant)
	if len(references) > 0 {
		in, more, err := sqlx.In(` AND d.reference IN (?)`, references)
		if err != nil {
			return nil, err
		}
		where, args = where+in, append(args, more...)
	}
	var rows []documentRow
	err := db.read.SelectContext(ctx, &rows, db.rebind(`SELECT `+documentColumns+` FROM documents d
		JOIN document_bodies b ON b.document_id = d.id WHERE `+where+` ORDER BY `+order+` LIMIT ?`), append(args, f.Limit)...)
	if err != nil {
		return nil, wrap("find what is saved invalid", err)
	}
	return allDocuments(rows)
}

// Reupload is many documents that are uploaded again at one word.
type Reupload struct {
	ID        string
	Tenant    string
	Request   string // JSON: the filter and the signer, for the record
	CreatedAt time.Time
}

// AddReupload stores a reupload without documents, and notes who wanted it.
func (db *DB) AddReupload(ctx context.Context, r Reupload, audit faktur.AuditEntry) error {
	return wrap("add reupload", db.inTx(ctx, func(tx *sqlx.Tx) error {
		if _, err := db.execIn(ctx, tx, `INSERT INTO reuploads (id, tenant, request, created_at) VALUES (?, ?, ?, ?)`,
			r.ID, r.Tenant, r.Request, micros(r.CreatedAt)); err != nil {
			return err
		}
		return db.insertAudit(ctx, tx, audit)
	}))
}

// SaveReupload is Save for steps of a reupload, whose documents it becomes with
// those that were stored.
func (db *DB) SaveReupload(ctx context.Context, id string, steps []Step) (map[string]bool, error) {
	var saved map[string]bool
	err := db.inTx(ctx, func(tx *sqlx.Tx) error {
		var events []faktur.Event
		var err error
		if saved, events, err = db.takeSteps(ctx, tx, steps); err != nil || len(saved) == 0 {
			return err
		}
		var reuploads, documents []string
		for document := range saved {
			reuploads, documents = append(reuploads, id), append(documents, document)
		}
		slices.Sort(documents)
		if _, err := db.insertMany(ctx, tx, "reupload_documents", []column{{name: "reupload_id", values: reuploads},
			{name: "document_id", values: documents}}, "document_id"); err != nil {
			return err
		}
		return db.insertEvents(ctx, tx, events)
	})
	return saved, wrap("save reupload", err)
}

// Reupload gives a tenant's reupload and how many of its documents are in each
// status, or ErrNotFound.
func (db *DB) Reupload(ctx context.Context, tenant, id string) (Reupload, map[faktur.Status]int, error) {
	var row struct {
		Request   string `db:"request"`
		CreatedAt int64  `db:"created_at"`
	}
	err := db.read.GetContext(ctx, &row, db.rebind(`SELECT request, created_at FROM reuploads WHERE tenant = ? AND id = ?`), tenant, id)
	if err != nil {
		return Reupload{}, nil, notFound(err)
	}
	var counts []struct {
		Status string `db:"status"`
		Count  int    `db:"count"`
	}
	if err := db.read.SelectContext(ctx, &counts, db.rebind(`SELECT d.status, COUNT(*) AS count FROM reupload_documents r
		JOIN documents d ON d.id = r.document_id WHERE r.reupload_id = ? GROUP BY d.status`), id); err != nil {
		return Reupload{}, nil, wrap("count a reupload", err)
	}
	byStatus := map[faktur.Status]int{}
	for _, c := range counts {
		byStatus[faktur.Status(c.Status)] = c.Count
	}
	return Reupload{ID: id, Tenant: tenant, Request: row.Request, CreatedAt: fromMicros(row.CreatedAt)}, byStatus, nil
}

// ReuploadFailed gives the ids of those documents of a reupload that are Saved
// Invalid, at most limit.
func (db *DB) ReuploadFailed(ctx context.Context, id string, limit int) ([]string, error) {
	var ids []string
	err := db.read.SelectContext(ctx, &ids, db.rebind(`SELECT d.id FROM reupload_documents r
		JOIN documents d ON d.id = r.document_id WHERE r.reupload_id = ? AND d.status = 'saved_invalid' ORDER BY d.id LIMIT ?`), id, limit)
	return ids, wrap("list what failed of a reupload", err)
}
