package repository

import (
	"context"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/jmoiron/sqlx"

	"github.com/fakturgate/fakturgate/faktur"
)

// Filed is a document with what the tax system's list shows of it.
type Filed struct {
	Document faktur.Document
	Date     faktur.Date   // of the invoice or the return
	Totals   faktur.Totals // of a return: what goes back
	Lines    int
}

type filedRow struct {
	documentRow
	Dated  string `db:"dated"`
	Totals string `db:"totals"`
	Lines  int    `db:"lines"`
}

func (r *filedRow) filed() (Filed, error) {
	d, err := r.document()
	if err != nil {
		return Filed{}, err
	}
	f := Filed{Document: d, Lines: r.Lines}
	if f.Date, err = faktur.ParseDate(r.Dated); err != nil {
		return f, fmt.Errorf("document %s: its date cannot be read: %w", d.ID, err)
	}
	var returned faktur.ReturnTotals
	var totals any = &f.Totals
	if d.Kind == faktur.KindReturn {
		totals = &returned
	}
	if err := json.Unmarshal([]byte(r.Totals), totals); err != nil {
		return f, fmt.Errorf("document %s: its totals cannot be read: %w", d.ID, err)
	}
	if d.Kind == faktur.KindReturn {
		f.Totals = faktur.Totals{DPP: returned.ReturnDPP, OtherDPP: returned.ReturnOtherDPP, PPN: returned.ReturnPPN, PPnBM: returned.ReturnPPnBM}
	}
	return f, nil
}

// FiledByReference gives every invoice of a seller that has one of the
// references: originals, replacements, and cancelled ones.
func (db *DB) FiledByReference(ctx context.Context, tenant, npwp string, references []string) ([]Filed, error) {
	var all []Filed
	// Each condition has an index of its own.
	for _, condition := range []string{
		`d.id IN (SELECT document_id FROM document_references WHERE tenant = ? AND taxpayer_npwp = ? AND kind = 'invoice' AND reference IN (?))`,
		`d.tenant = ? AND d.taxpayer_npwp = ? AND d.kind = 'invoice' AND d.reference IN (?) AND (d.status = 'cancelled' OR d.replaces_id <> '')`,
	} {
		found, err := db.filed(ctx, condition, tenant, npwp, references)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// FiledByNSFP gives every document of a taxpayer and a kind that has one of the
// numbers; of a return it is the returned invoice's.
func (db *DB) FiledByNSFP(ctx context.Context, tenant, npwp string, kind faktur.Kind, numbers []string) ([]Filed, error) {
	var all []Filed
	for chunk := range slices.Chunk(slices.Compact(slices.Sorted(slices.Values(numbers))), 500) {
		found, err := db.filed(ctx, `d.tenant = ? AND d.taxpayer_npwp = ? AND d.kind = ? AND d.nsfp <> '' AND d.nsfp IN (?)`, tenant, npwp, string(kind), chunk)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

func (db *DB) filed(ctx context.Context, condition string, args ...any) ([]Filed, error) {
	query, args, err := sqlx.In(`SELECT `+documentColumns+`, d.invoice_date AS dated, `+db.dialect.totals+` AS totals, `+db.dialect.lines+` AS lines
		FROM documents d JOIN document_bodies b ON b.document_id = d.id WHERE `+condition+` ORDER BY d.id`, args...)
	if err != nil {
		return nil, err
	}
	var rows []filedRow
	if err := db.read.SelectContext(ctx, &rows, db.rebind(query), args...); err != nil {
		return nil, wrap("find what was filed", err)
	}
	found := make([]Filed, len(rows))
	for i := range rows {
		if found[i], err = rows[i].filed(); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// Told is an event that a document has had.
type Told struct {
	DocumentID string           `db:"document_id"`
	Type       faktur.EventType `db:"type"`
}

// WhichTold says which of the types of event the documents have had.
func (db *DB) WhichTold(ctx context.Context, ids []string, types []faktur.EventType) (map[Told]bool, error) {
	told := map[Told]bool{}
	for chunk := range slices.Chunk(ids, 500) {
		query, args, err := sqlx.In(`SELECT DISTINCT document_id, type FROM events WHERE document_id <> '' AND document_id IN (?) AND type IN (?)`, chunk, types)
		if err != nil {
			return nil, err
		}
		var rows []Told
		if err := db.read.SelectContext(ctx, &rows, db.rebind(query), args...); err != nil {
			return nil, wrap("find what was told", err)
		}
		for _, row := range rows {
			told[row] = true
		}
	}
	return told, nil
}

// NoteAudit notes what an operator is about to do, where that is too much for
// one transaction.
func (db *DB) NoteAudit(ctx context.Context, entry faktur.AuditEntry) error {
	return db.inTx(ctx, func(tx *sqlx.Tx) error { return db.insertAudit(ctx, tx, entry) })
}
