// Package coretaxtest is the other side of channel coretax_xml: DJP's portal as
// a person meets it, who uploads files, signs, edits, cancels and exports the
// list of invoices. It is written from what is known of the portal's import
// (FACTS 1 to 5), apart from the channel that it tests, and it is strict: where
// FACTS does not say whether the portal takes something, it is refused, and
// the doc comment says that this is an assumption.
//
// A Portal approves nothing but its own rows in memory: no number that it
// gives is an NSFP of DJP's.
package coretaxtest

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
)

// The portal's words for where a row stands (FACTS 5.1).
const (
	SigningInProgress     = "Signing In Progress"
	Approved              = "Approved"
	SavedInvalid          = "Saved Invalid"
	WaitingForAmendment   = "Waiting For Amendment"
	Amended               = "Amended"
	WaitingForCancelation = "Waiting For Cancelation" // sic
	Cancelled             = "Cancelled"
)

// Config says who is signed in to a Portal, and how it behaves.
type Config struct {
	TIN  string // the taxpayer's NPWP, 16 digits
	Name string
	// Clock tells the time; nil means time.Now.
	Clock func() time.Time
	// SigningDelay is how long a row stays in Signing In Progress; DJP's is
	// not known (FACTS 8 [NF]).
	SigningDelay time.Duration
	// Invalid says why a row becomes Saved Invalid when it is signed; "" approves
	// it. Nil approves all. It is not asked again once a person has edited the row.
	Invalid func(Row) string
	// BuyerAgrees: a cancellation waits for the buyer, and so does a replacement.
	// FACTS 5.2 has a conflict about whether the first always does.
	BuyerAgrees bool
	// FirstSerial is the serial of the first number given; 0 means 1.
	FirstSerial int64
	// MaxDocuments is how many documents a file may have; 0 means 1,000. FACTS
	// 1.1 has a conflict: 15,000 is said, too.
	MaxDocuments int
	// Rates are the PPN rates in force; nil means 12 %, the only one that
	// template 1.6.1 is said to take (FACTS 1.1 [S?], an assumption).
	Rates []faktur.Rate
	// ReturnRate is the PPN rate of returns; nil means 12 %, as in the sample. A
	// template of DJP's is said to compute 11 % (FACTS 1.2 [S?]).
	ReturnRate *faktur.Rate
	// Tolerance is how far an amount may be from the computed one; 0 means 0.01,
	// an assumption (FACTS 4 [NF]). Amounts rounded to whole rupiah are always taken.
	Tolerance faktur.Amount
}

// Row is one row of the portal's list.
type Row struct {
	Kind      faktur.Kind
	Reference string // "" when the document names none, which a return never does
	Date      faktur.Date
	// NSFP is "" until approval; of a return it is the number of the invoice.
	NSFP    string
	TrxCode string
	Status  string // the portal's word
	Reason  string // of Saved Invalid
	// Receipt is the upload that made the row, 0 when a person did; Line is
	// where its document began in the file.
	Receipt, Line int

	SellerTIN, SellerName            string
	BuyerTIN, BuyerDocumentNumber    string
	BuyerName                        string
	DPP, OtherDPP, PPN, PPnBM        faktur.Amount
	UploadedAt, SigningSince, DoneAt time.Time

	edited   bool
	replaces *Row // the row that this one replaces, until that is settled
}

// Receipt is what the portal answers to a file that it took.
type Receipt struct {
	ID        int
	Kind      faktur.Kind
	Documents int
}

// Entry is a line of the ledger: how often documents of one reference were
// created by uploads, whatever became of them.
type Entry struct {
	TIN       string
	Reference string // of a return its invoice's number, its date and its DPP
	Created   int
	Approved  int // rows of it that stand as Approved now
}

// Portal is DJP's portal for one taxpayer. It may be used by many goroutines.
type Portal struct {
	config Config
	lists  *lists

	mu      sync.Mutex
	rows    []*Row
	created map[string]int
	order   []string // the references of created, as they came
	uploads int
	serial  int64
}

// New gives a portal without rows.
func New(config Config) *Portal {
	if config.Clock == nil {
		config.Clock = time.Now
	}
	if config.Rates == nil {
		config.Rates = []faktur.Rate{faktur.Percent(12)}
	}
	if config.ReturnRate == nil {
		twelve := faktur.Percent(12)
		config.ReturnRate = &twelve
	}
	config.MaxDocuments = cmp.Or(config.MaxDocuments, 1000)
	return &Portal{config: config, lists: builtIn(), created: map[string]int{}, serial: max(config.FirstSerial, 1) - 1}
}

// Upload imports a file, TaxInvoiceBulk or InputTaxInvoiceReturn. Either all
// of its documents become rows in Signing In Progress, or the error is a
// *Refused with every fault and nothing of the file is taken. A file uploaded
// again makes its rows again.
func (p *Portal) Upload(file []byte) (Receipt, error) {
	now := p.config.Clock()
	c := &checker{reader: newReader(file), config: &p.config, lists: p.lists, today: faktur.DateOf(now)}
	c.read(file)
	if len(c.faults) > 0 {
		slices.SortStableFunc(c.faults, func(a, b Fault) int { return a.Line - b.Line })
		return Receipt{}, &Refused{Faults: c.faults}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.uploads++
	for _, row := range c.rows {
		row.Status, row.Receipt = SigningInProgress, p.uploads
		row.UploadedAt, row.SigningSince = now, now
		p.rows = append(p.rows, &row)
		p.count(&row)
	}
	return Receipt{ID: p.uploads, Kind: c.rows[0].Kind, Documents: len(c.rows)}, nil
}

// count enters a new row into the ledger.
func (p *Portal) count(row *Row) {
	key := row.key()
	if p.created[key] == 0 {
		p.order = append(p.order, key)
	}
	p.created[key]++
}

// key is what tells documents apart: the reference, which returns have none of.
func (r *Row) key() string {
	if r.Kind == faktur.KindReturn {
		return fmt.Sprintf("%s %s %s", r.NSFP, r.Date, r.DPP)
	}
	return r.Reference
}

// Rows gives the list as it stands, in the order in which rows were made.
func (p *Portal) Rows() []Row {
	p.mu.Lock()
	defer p.mu.Unlock()
	rows := make([]Row, len(p.rows))
	for i, row := range p.rows {
		rows[i] = *row
	}
	return rows
}

// Row gives the newest row of a reference; false when there is none.
func (p *Portal) Row(reference string) (Row, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if row := p.find(reference); row != nil {
		return *row, true
	}
	return Row{}, false
}

func (p *Portal) find(reference string) *Row {
	for _, row := range slices.Backward(p.rows) {
		if row.Kind == faktur.KindInvoice && row.Reference == reference {
			return row
		}
	}
	return nil
}

// Ledger tells of every reference that was ever uploaded, in the order in which they came.
func (p *Portal) Ledger() []Entry {
	p.mu.Lock()
	defer p.mu.Unlock()
	approved := map[string]int{}
	for _, row := range p.rows {
		if row.Status == Approved {
			approved[row.key()]++
		}
	}
	entries := make([]Entry, len(p.order))
	for i, key := range p.order {
		entries[i] = Entry{TIN: p.config.TIN, Reference: key, Created: p.created[key], Approved: approved[key]}
	}
	return entries
}

// Doubled gives the entries of the ledger that were created more than once. A
// row that was uploaded again after a person deleted it is among them.
func (p *Portal) Doubled() []Entry {
	return slices.DeleteFunc(p.Ledger(), func(e Entry) bool { return e.Created < 2 })
}
