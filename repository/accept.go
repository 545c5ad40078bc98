package repository

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/jmoiron/sqlx"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/fault"
)

// Acceptance is a new document on its way into the database.
type Acceptance struct {
	Stored      Stored
	ContentHash string
	// TaxpayerVersion is the seller's registration as it was when the document
	// was made; a change since then means that it must be made anew.
	TaxpayerVersion int64
	Event           faktur.Event // the one that tells of its acceptance
	// Request is remembered with Answer; a Request without Key is not.
	Request Request
	Answer  []byte
	// content and assessment are what Encode made of Stored's.
	content, assessment string
}

// Encode sets Answer, and encodes what will be stored, so that no transaction
// has to. Stored stays as it is from here on.
func (a *Acceptance) Encode() error {
	a.content, a.assessment = a.Stored.bodyTexts()
	var err error
	a.Answer, err = a.Stored.JSON()
	return err
}

// AcceptResult is what became of an Acceptance. Exactly one of its fields says
// so; all empty means that the document was stored.
type AcceptResult struct {
	// Live is the document that the reference already names, with the same content.
	Live *Stored
	// Conflict is the document that the reference already names, with other content.
	Conflict *faktur.Document
	// Remembered is the answer that the idempotency key already has.
	Remembered *Remembered
	// Err is ErrKeyReused, ErrKeyRunning, ErrTaxpayerChanged, a *faktur.Error for a
	// return of more than was bought, or nil.
	Err error
}

// taxpayerLock is held shared by every acceptance and alone by a change of a
// registration, so that no document enters under a registration just left.
const taxpayerLock = 0x706b70 // "pkp"

// Accept stores all of a batch in one transaction. An error means that none was
// stored (or, when IsCommitUnknown, that it is not known); what the reference
// or the idempotency key decides about a single member is in its result.
//
// The batch is sorted before anything is written: committers that lock the same
// references in different orders would wait for each other in a circle.
func (db *DB) Accept(ctx context.Context, batch []Acceptance) ([]AcceptResult, error) {
	order := sortedOrder(batch)
	results := make([]AcceptResult, len(batch))
	err := db.inTx(ctx, func(tx *sqlx.Tx) error {
		clear(results)
		w := acceptWriter{db: db, tx: tx, batch: batch, results: results, open: order}
		if err := w.checkTaxpayers(ctx); err != nil {
			return err
		}
		if err := w.claimKeys(ctx); err != nil {
			return err
		}
		if err := w.storeDocuments(ctx); err != nil {
			return err
		}
		if err := w.answerTwins(ctx); err != nil {
			return err
		}
		fault.Reached(fault.InCommit)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("accept: %w", err)
	}
	fault.Reached(fault.AfterCommit)
	return results, nil
}

func sortedOrder(batch []Acceptance) []int {
	order := make([]int, len(batch))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		x, y := &batch[a].Stored.Document, &batch[b].Stored.Document
		for _, c := range []int{strings.Compare(x.Tenant, y.Tenant), strings.Compare(x.TaxpayerNPWP, y.TaxpayerNPWP),
			strings.Compare(x.Reference, y.Reference)} {
			if c != 0 {
				return c
			}
		}
		return strings.Compare(x.ID, y.ID)
	})
	return order
}

// acceptWriter is one transaction of Accept. open are the members that nothing
// has decided yet, in their order.
type acceptWriter struct {
	db      *DB
	tx      *sqlx.Tx
	batch   []Acceptance
	results []AcceptResult
	open    []int
	twins   []int // members under a key that another member has claimed
}

// decide closes those members for which decided says so.
func (w *acceptWriter) decide(decided func(i int) bool) {
	w.open = slices.DeleteFunc(slices.Clone(w.open), decided)
}

func (w *acceptWriter) checkTaxpayers(ctx context.Context) error {
	if err := w.db.shareTaxpayers(ctx, w.tx); err != nil {
		return err
	}
	sellers := map[TaxpayerKey]registration{}
	for _, i := range w.open {
		d := &w.batch[i].Stored.Document
		sellers[TaxpayerKey{d.Tenant, d.TaxpayerNPWP}] = registration{version: -1}
	}
	if err := w.db.registrations(ctx, w.tx, sellers); err != nil {
		return err
	}
	w.decide(func(i int) bool {
		d := &w.batch[i].Stored.Document
		seller := sellers[TaxpayerKey{d.Tenant, d.TaxpayerNPWP}]
		if d.Work.Held = seller.paused; seller.version == w.batch[i].TaxpayerVersion {
			return false
		}
		w.results[i].Err = ErrTaxpayerChanged
		return true
	})
	return nil
}

// claimKeys stores the idempotency keys with the answers they will have, and
// decides the members whose key is already there.
func (w *acceptWriter) claimKeys(ctx context.Context) error {
	var requests []Request
	var answers []string
	for _, i := range w.open {
		if w.batch[i].Request.Key != "" {
			requests = append(requests, w.batch[i].Request)
			answers = append(answers, string(w.batch[i].Answer))
		}
	}
	if len(requests) == 0 {
		return nil
	}
	claimed, err := w.db.insertRequests(ctx, w.tx, requests, answers, StatusAccepted, w.batch[w.open[0]].Event.At)
	if err != nil {
		return err
	}
	var failed error
	taken := map[string]bool{}
	w.decide(func(i int) bool {
		request := w.batch[i].Request
		id := request.id()
		switch {
		case request.Key == "":
			return false
		case !claimed[id]:
			w.results[i].Remembered, w.results[i].Err = rememberedIn(ctx, w.db.finderIn(w.tx), request)
			if !isKeyVerdict(w.results[i].Err) {
				failed = w.results[i].Err
			}
		case taken[id]:
			w.twins = append(w.twins, i)
		default:
			taken[id] = true
			return false
		}
		return true
	})
	return failed
}

// answerTwins decides the members whose key another member of this very batch
// has claimed, after that one: its key is free again when it was refused.
func (w *acceptWriter) answerTwins(ctx context.Context) error {
	for _, i := range w.twins {
		remembered, err := rememberedIn(ctx, w.db.finderIn(w.tx), w.batch[i].Request)
		if errors.Is(err, errAgain) {
			err = ErrKeyRunning // it was, when this one came
		}
		if !isKeyVerdict(err) {
			return err
		}
		w.results[i].Remembered, w.results[i].Err = remembered, err
	}
	return nil
}

func (w *acceptWriter) storeDocuments(ctx context.Context) error {
	if len(w.open) == 0 {
		return nil
	}
	met, err := w.claimReferences(ctx)
	if err != nil {
		return err
	}
	if err := w.insertDocuments(ctx); err != nil {
		return err
	}
	if err := w.checkReturns(ctx); err != nil {
		return err
	}
	// After all are stored, because a reference may be met that this very batch has claimed.
	for _, i := range met {
		if err := w.meetLive(ctx, i); err != nil {
			return err
		}
	}
	if len(w.open) == 0 {
		return nil
	}
	events := make([]faktur.Event, len(w.open))
	for n, i := range w.open {
		events[n] = w.batch[i].Event
	}
	return w.db.insertEvents(ctx, w.tx, events)
}

// claimReferences has each reference name its document from now on, takes those
// that name another already out of the open members, and gives these.
func (w *acceptWriter) claimReferences(ctx context.Context) (met []int, err error) {
	claiming := slices.DeleteFunc(slices.Clone(w.open), func(i int) bool { return w.batch[i].Stored.Document.ReplacesID != "" })
	if len(claiming) == 0 {
		return nil, nil
	}
	ids, err := w.db.insertMany(ctx, w.tx, "document_references", w.referenceColumns(claiming), "document_id")
	if err != nil {
		return nil, err
	}
	claimed := make(map[string]bool, len(ids))
	for _, id := range ids {
		claimed[id] = true
	}
	met = slices.DeleteFunc(claiming, func(i int) bool { return claimed[w.batch[i].Stored.Document.ID] })
	w.decide(func(i int) bool { return slices.Contains(met, i) })
	return met, nil
}

func (w *acceptWriter) insertDocuments(ctx context.Context) error {
	if len(w.open) == 0 {
		return nil
	}
	if _, err := w.db.insertMany(ctx, w.tx, "documents", w.documentColumns(), "id"); err != nil {
		return err
	}
	_, err := w.db.insertMany(ctx, w.tx, "document_bodies", w.bodyColumns(), "document_id")
	return err
}

// freeReferences gives the references of those that were cancelled free for another document.
func (db *DB) freeReferences(ctx context.Context, tx *sqlx.Tx, steps []Step) error {
	for i := range steps {
		d := &steps[i].Document
		if d.Status != faktur.Cancelled || d.ReplacesID != "" {
			continue
		}
		if err := db.freeReference(ctx, tx, d); err != nil {
			return err
		}
	}
	return nil
}

func (db *DB) freeReference(ctx context.Context, tx *sqlx.Tx, d *faktur.Document) error {
	_, err := db.execIn(ctx, tx, `DELETE FROM document_references WHERE tenant = ? AND reference = ? AND taxpayer_npwp = ? AND kind = ?
		AND document_id = ?`, d.Tenant, d.Reference, d.TaxpayerNPWP, string(d.Kind), d.ID)
	return err
}

// meetLive decides a member whose reference already names a live document, and
// puts right what was remembered for its key.
func (w *acceptWriter) meetLive(ctx context.Context, i int) error {
	live, hashes, err := liveDocument(ctx, w.db.finderIn(w.tx), &w.batch[i].Stored.Document)
	if err != nil {
		return err
	}
	request := w.batch[i].Request
	if !slices.Contains(strings.Fields(hashes), w.batch[i].ContentHash) {
		w.results[i].Conflict = &live.Document
		return w.db.forgetRequest(ctx, w.tx, request)
	}
	w.results[i].Live = &live
	answer, err := live.JSON()
	if err != nil {
		return err
	}
	return w.db.rewriteRequest(ctx, w.tx, request, StatusReplayed, string(answer))
}

type liveRow struct {
	storedRow
	ContentHashes string `db:"content_hashes"`
}

func liveDocument(ctx context.Context, find finder, d *faktur.Document) (Stored, string, error) {
	var rows []liveRow
	err := find(ctx, &rows, `SELECT `+storedColumns+`, b.content_hashes
		FROM document_references r JOIN documents d ON d.id = r.document_id JOIN document_bodies b ON b.document_id = d.id
		WHERE r.tenant = ? AND r.reference = ? AND r.taxpayer_npwp = ? AND r.kind = ?`, d.Tenant, d.Reference, d.TaxpayerNPWP, string(d.Kind))
	if err != nil {
		return Stored{}, "", err
	}
	if len(rows) == 0 {
		// It was cancelled between our insert and this look: let the batch run again.
		return Stored{}, "", errAgain
	}
	s, err := rows[0].stored()
	return s, rows[0].ContentHashes, err
}

// JSON is the document as the API shows it.
func (s *Stored) JSON() ([]byte, error) {
	var shown any = faktur.NewStoredInvoice(&s.Document, s.Content, &s.Assessment)
	if s.Return != nil {
		shown = faktur.NewStoredReturn(&s.Document, *s.Return, &s.ReturnAssessment)
	}
	text, err := json.Marshal(shown)
	return text, wrap("encode document", err)
}

// bodyTexts is how content and assessment are stored.
func (s *Stored) bodyTexts() (content, assessment string) {
	var given, made any = &s.Content, &s.Assessment
	if s.Return != nil {
		given, made = s.Return, &s.ReturnAssessment
	}
	c, err := json.Marshal(given)
	if err != nil {
		panic(err) // it came through the decoder and holds nothing that cannot be encoded
	}
	a, err := json.Marshal(made)
	if err != nil {
		panic(err)
	}
	return string(c), string(a)
}
