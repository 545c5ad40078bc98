package repository

import (
	"context"

	"github.com/jmoiron/sqlx"

	"github.com/fakturgate/fakturgate/faktur"
)

// returnLock is the advisory lock on what went back of one invoice: whoever
// adds to it holds it until the commit, so that two who add at once see each other.
const returnLock = 0x726574 // "ret"

// boughtQuery finds what is known of a returned invoice: the invoice itself,
// where it is one of the tenant's own, and the taxpayer's other returns of it. A
// reference names one live return, so another reference is another return.
const boughtQuery = `SELECT ` + storedColumns + ` FROM documents d JOIN document_bodies b ON b.document_id = d.id
	WHERE d.tenant = ? AND d.nsfp <> '' AND d.nsfp = ? AND d.livemode = ? AND d.status <> 'cancelled'
	AND (d.kind = 'invoice' AND d.taxpayer_npwp = ? OR d.kind = 'return' AND d.taxpayer_npwp = ? AND d.reference <> ?)
	ORDER BY d.id`

func boughtArgs(s *Stored) []any {
	d := &s.Document
	return []any{d.Tenant, s.Return.NSFP, d.Livemode, s.Return.SellerNPWP, d.TaxpayerNPWP, d.Reference}
}

// Bought gives what is known of the invoice that s, a return, is of. It may be
// out of date at once: Accept and SaveCorrection look again.
func (db *DB) Bought(ctx context.Context, s *Stored) (faktur.Bought, error) {
	var rows []storedRow
	if err := db.selectPrepared(ctx, &rows, boughtQuery, boughtArgs(s)...); err != nil {
		return faktur.Bought{}, wrap("find what was bought", err)
	}
	return bought(rows)
}

// holdToBought refuses a return that is stored already in this transaction when
// more goes back with it than was bought.
func (db *DB) holdToBought(ctx context.Context, tx *sqlx.Tx, s *Stored) error {
	if db.dialect.isPostgres() {
		key := s.Document.Tenant + " " + s.Document.TaxpayerNPWP + " " + s.Return.NSFP
		if _, err := db.execIn(ctx, tx, `SELECT pg_advisory_xact_lock(?, hashtext(?))`, returnLock, key); err != nil {
			return err
		}
	}
	var rows []storedRow
	if err := db.selectIn(ctx, tx, &rows, boughtQuery, boughtArgs(s)...); err != nil {
		return err
	}
	b, err := bought(rows)
	if err != nil {
		return err
	}
	faults, _ := s.Return.CheckBought(b)
	return faktur.Invalid(faults)
}

// bought sorts what was found: the newest invoice says what was bought, and
// without one the oldest return.
func bought(rows []storedRow) (faktur.Bought, error) {
	var b faktur.Bought
	all, err := allStored(rows)
	if err != nil {
		return b, err
	}
	for i := range all {
		s := &all[i]
		if s.Return == nil {
			b.Source, b.Lines = "your invoice "+s.Document.Reference, s.Content.BoughtLines()
			b.BuyerNPWP = s.Document.Counterpart
			continue
		}
		b.Earlier = append(b.Earlier, faktur.EarlierReturn{DocumentID: s.Document.ID, Reference: s.Document.Reference, Lines: s.Return.Lines})
	}
	if b.Source == "" && len(b.Earlier) > 0 {
		first := b.Earlier[0]
		b.Source, b.Lines = "return "+first.Reference, (&faktur.Return{Lines: first.Lines}).BoughtLines()
	}
	return b, nil
}

// checkReturns takes those of the returns just stored out again that give back
// more than was bought.
func (w *acceptWriter) checkReturns(ctx context.Context) error {
	var failed error
	w.decide(func(i int) bool {
		s := &w.batch[i].Stored
		if s.Return == nil || failed != nil {
			return false
		}
		err := w.db.holdToBought(ctx, w.tx, s)
		if refusal := faktur.AsError(err); err != nil && refusal.Kind != faktur.KindInvalid {
			failed = err
			return false
		}
		if w.results[i].Err = err; err != nil {
			failed = w.takeOut(ctx, i)
		}
		return err != nil
	})
	return failed
}

// takeOut undoes the storing of a member that is refused after all.
func (w *acceptWriter) takeOut(ctx context.Context, i int) error {
	d := &w.batch[i].Stored.Document
	for _, query := range []string{`DELETE FROM document_bodies WHERE document_id = ?`, `DELETE FROM documents WHERE id = ?`} {
		if _, err := w.db.execIn(ctx, w.tx, query, d.ID); err != nil {
			return err
		}
	}
	if err := w.db.freeReference(ctx, w.tx, d); err != nil {
		return err
	}
	return w.db.forgetRequest(ctx, w.tx, w.batch[i].Request)
}
