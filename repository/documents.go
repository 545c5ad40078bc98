package repository

import (
	"context"
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/fakturgate/fakturgate/faktur"
)

// documentRow is a row of the table documents.
type documentRow struct {
	ID             string `db:"id"`
	Tenant         string `db:"tenant"`
	TaxpayerNPWP   string `db:"taxpayer_npwp"`
	Kind           string `db:"kind"`
	Reference      string `db:"reference"`
	Counterpart    string `db:"counterpart"`
	Receipt        string `db:"receipt"`
	Wish           string `db:"wish"`
	Channel        string `db:"channel"`
	Livemode       bool   `db:"livemode"`
	Status         string `db:"status"`
	CoretaxStatus  string `db:"coretax_status"`
	NSFP           string `db:"nsfp"`
	Reason         string `db:"reason"`
	Attempt        int    `db:"attempt"`
	Signer         string `db:"signer"`
	ReplacesID     string `db:"replaces_id"`
	ReplacedByID   string `db:"replaced_by_id"`
	Sequence       int64  `db:"sequence"`
	UploadDeadline string `db:"upload_deadline"`
	DeadlineTold   int    `db:"deadline_told"`
	StuckTold      bool   `db:"stuck_told"`
	Held           bool   `db:"held"`
	LeaveBy        int64  `db:"leave_by"`
	TurnAt         int64  `db:"turn_at"`
	DueAt          int64  `db:"due_at"`
	StatusSince    int64  `db:"status_since"`
	AbsentSince    int64  `db:"absent_since"`
	CreatedAt      int64  `db:"created_at"`
	UpdatedAt      int64  `db:"updated_at"`
}

const documentColumns = `d.id, d.tenant, d.taxpayer_npwp, d.kind, d.reference, d.channel, d.livemode, d.status,
	d.counterpart, d.receipt, d.wish, d.coretax_status, d.nsfp, d.reason, d.attempt, d.signer, d.replaces_id, d.replaced_by_id, d.sequence,
	d.upload_deadline, d.deadline_told, d.stuck_told, d.held, d.leave_by, d.turn_at, d.due_at, d.status_since,
	d.absent_since, d.created_at, d.updated_at`

func (r *documentRow) document() (faktur.Document, error) {
	d := faktur.Document{
		ID: r.ID, Tenant: r.Tenant, Kind: faktur.Kind(r.Kind), Livemode: r.Livemode,
		Channel: faktur.Channel(r.Channel), TaxpayerNPWP: r.TaxpayerNPWP, Reference: r.Reference,
		Counterpart: r.Counterpart, Receipt: r.Receipt, Wish: faktur.Wish(r.Wish),
		Status: faktur.Status(r.Status), CoretaxStatus: r.CoretaxStatus, NSFP: r.NSFP,
		Attempt: r.Attempt, Signer: r.Signer, ReplacesID: r.ReplacesID, ReplacedByID: r.ReplacedByID,
		Sequence: r.Sequence, CreatedAt: fromMicros(r.CreatedAt), UpdatedAt: fromMicros(r.UpdatedAt),
		Work: faktur.Work{
			DueAt: fromMicros(r.DueAt), StatusSince: fromMicros(r.StatusSince), AbsentSince: fromMicros(r.AbsentSince),
			LeaveBy: fromMicros(r.LeaveBy), TurnAt: fromMicros(r.TurnAt),
			StuckTold: r.StuckTold, Held: r.Held, DeadlineTold: r.DeadlineTold,
		},
	}
	if r.Reason != "" {
		if err := json.Unmarshal([]byte(r.Reason), &d.Reason); err != nil {
			return d, fmt.Errorf("document %s: its reason cannot be read: %w", r.ID, err)
		}
	}
	if r.UploadDeadline != "" {
		var err error
		if d.UploadDeadline, err = faktur.ParseDate(r.UploadDeadline); err != nil {
			return d, fmt.Errorf("document %s: its upload_deadline cannot be read: %w", r.ID, err)
		}
	}
	return d, nil
}

// reasonText is how a reason is stored; "" for none.
func reasonText(reason *faktur.Reason) string {
	if reason == nil {
		return ""
	}
	text, err := json.Marshal(reason)
	if err != nil {
		panic(err) // four strings: it cannot fail
	}
	return string(text)
}

// Stored is a document with its content, as accepted, and what was made of it:
// of an invoice in Content and Assessment, of a return in Return and ReturnAssessment.
type Stored struct {
	Document         faktur.Document
	Content          faktur.TaxInvoice
	Assessment       faktur.Assessment
	Return           *faktur.Return // nil for an invoice
	ReturnAssessment faktur.ReturnAssessment
}

// date is the invoice's or the return's.
func (s *Stored) date() faktur.Date {
	if s.Return != nil {
		return s.Return.Date
	}
	return s.Content.Date
}

type storedRow struct {
	documentRow
	Content    string `db:"content"`
	Assessment string `db:"assessment"`
}

const storedColumns = documentColumns + ", b.content, b.assessment"

func (r *storedRow) stored() (Stored, error) {
	document, err := r.document()
	if err != nil {
		return Stored{}, err
	}
	s := Stored{Document: document}
	var content, assessment any = &s.Content, &s.Assessment
	if document.Kind == faktur.KindReturn {
		s.Return = &faktur.Return{}
		content, assessment = s.Return, &s.ReturnAssessment
	}
	if err := json.Unmarshal([]byte(r.Content), content); err != nil {
		return s, fmt.Errorf("document %s: its content cannot be read: %w", r.ID, err)
	}
	if err := json.Unmarshal([]byte(r.Assessment), assessment); err != nil {
		return s, fmt.Errorf("document %s: its assessment cannot be read: %w", r.ID, err)
	}
	return s, nil
}

func allStored(rows []storedRow) ([]Stored, error) {
	list := make([]Stored, len(rows))
	for i := range rows {
		var err error
		if list[i], err = rows[i].stored(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Document gives a tenant's document without its content, or ErrNotFound.
func (db *DB) Document(ctx context.Context, tenant, id string) (faktur.Document, error) {
	var row documentRow
	err := db.read.GetContext(ctx, &row, db.rebind(
		`SELECT `+documentColumns+` FROM documents d WHERE d.tenant = ? AND d.id = ?`), tenant, id)
	if err != nil {
		return faktur.Document{}, notFound(err)
	}
	return row.document()
}

// Stored gives a tenant's document with its content, or ErrNotFound.
func (db *DB) Stored(ctx context.Context, tenant, id string) (Stored, error) {
	var row storedRow
	err := db.read.GetContext(ctx, &row, db.rebind(`SELECT `+storedColumns+`
		FROM documents d JOIN document_bodies b ON b.document_id = d.id WHERE d.tenant = ? AND d.id = ?`), tenant, id)
	if err != nil {
		return Stored{}, notFound(err)
	}
	return row.stored()
}
