package repository

import (
	"cmp"
	"context"
	"fmt"
	"strings"

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

// DocumentFilter narrows a list; a zero field narrows nothing.
type DocumentFilter struct {
	Kind           faktur.Kind // of which documents the list is; never zero
	Status         faktur.Status
	Reference      string
	TaxpayerNPWP   string
	Buyer          string // the buyer's identity number
	NSFP           string
	DateFrom       faktur.Date // of the invoice, inclusive
	DateTo         faktur.Date // inclusive
	UpdatedSince   int64       // microseconds, inclusive
	DeadlineBefore faktur.Date // exclusive
	BeforeID       string      // only documents older than this one
	Limit          int
}

// conditions gives the SQL of the filter, the order that its index has, and its arguments.
// Tenant and kind are asked of the table whose index finds the rows, and of no other: in a
// new database PostgreSQL knows nothing of how many there are, and took any index that fits.
func (f DocumentFilter) conditions(tenant string) (where, order string, args []any) {
	var all []string
	add := func(wanted bool, condition string, values ...any) {
		if wanted {
			all, args = append(all, condition), append(args, values...)
		}
	}
	kind, order := string(f.Kind), "b.document_id DESC"
	byStatus, ofDocuments := f.byStatus(), f.Reference != "" || f.NSFP != ""
	if byStatus {
		// As rows, and not as three equations and an order by id: how many documents have
		// a status changes faster than what PostgreSQL knows of it, and by its guess it
		// would read all the newest ones. Only documents_by_status has this order.
		order = "d.status DESC, d.tenant DESC, d.kind DESC, d.id DESC"
		add(true, "d.status <> 'approved' AND (d.status, d.tenant, d.kind) >= (?, ?, ?) AND (d.status, d.tenant, d.kind, d.id) < (?, ?, ?, ?)",
			string(f.Status), tenant, kind, string(f.Status), tenant, kind, cmp.Or(f.BeforeID, afterAllIDs))
	} else {
		add(ofDocuments, "d.tenant = ? AND d.kind = ?", tenant, kind)
		add(!ofDocuments, "b.tenant = ? AND b.kind = ?", tenant, kind)
		add(f.BeforeID != "", "b.document_id < ?", f.BeforeID)
		add(f.Status != "", "d.status = ?", string(f.Status))
	}
	add(f.Reference != "", `d.id IN (SELECT document_id FROM document_references WHERE tenant = ? AND reference = ?
			UNION ALL SELECT id FROM documents WHERE tenant = ? AND reference = ? AND (status = 'cancelled' OR replaces_id <> ''))`,
		tenant, f.Reference, tenant, f.Reference) // each half has an index of its own
	add(f.TaxpayerNPWP != "", "b.taxpayer_npwp = ?", f.TaxpayerNPWP)
	add(f.Buyer != "", "b.counterpart = ?", f.Buyer)
	add(f.NSFP != "", "d.nsfp <> '' AND d.nsfp = ?", f.NSFP)
	add(!f.DateFrom.IsZero(), "d.invoice_date >= ?", f.DateFrom.String())
	add(!f.DateTo.IsZero(), "d.invoice_date <= ?", f.DateTo.String())
	add(f.UpdatedSince != 0, "d.updated_at >= ?", f.UpdatedSince)
	add(!f.DeadlineBefore.IsZero(), "d.upload_deadline <> '' AND d.upload_deadline < ?", f.DeadlineBefore.String())
	return strings.Join(all, " AND "), order, args
}

// afterAllIDs is greater than every id, byte by byte.
const afterAllIDs = "~"

// byStatus says that the status narrows the list most.
func (f DocumentFilter) byStatus() bool {
	return f.Status != "" && f.Status != faktur.Approved && f.Reference == "" && f.TaxpayerNPWP == "" && f.Buyer == "" && f.NSFP == ""
}

// Documents lists a tenant's documents, newest first, at most f.Limit.
func (db *DB) Documents(ctx context.Context, tenant string, f DocumentFilter) ([]Stored, error) {
	query, args := db.documentsQuery(tenant, f)
	var rows []storedRow
	if err := db.read.SelectContext(ctx, &rows, query, args...); err != nil {
		return nil, fmt.Errorf("list documents: %w", err)
	}
	return allStored(rows)
}

func (db *DB) documentsQuery(tenant string, f DocumentFilter) (string, []any) {
	where, order, args := f.conditions(tenant)
	return db.rebind(`SELECT ` + storedColumns + `
		FROM documents d JOIN document_bodies b ON b.document_id = d.id
		WHERE ` + where + ` ORDER BY ` + order + ` LIMIT ?`), append(args, f.Limit)
}
