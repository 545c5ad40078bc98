// Package efakturtest is the other side of channel efaktur_desktop: DJP's
// desktop application as a person meets it, who imports a CSV and signs. It is
// written from what is known of the format (FACTS 6), apart from the channel
// that it tests, and it is strict: where FACTS is silent it refuses, and the
// doc comment says that this is an assumption.
//
// It files nothing: its invoices are rows in memory.
package efakturtest

import (
	"slices"
	"sync"
	"time"

	"github.com/fakturgate/fakturgate/adapter/coretax/coretaxtest"
	"github.com/fakturgate/fakturgate/faktur"
)

// Range is a range of numbers from e-Nofa, each of 13 digits, both included.
type Range struct{ First, Last string }

// Config says whose application it is, and how it behaves.
type Config struct {
	NPWP, Name string
	// Clock tells the time; nil means time.Now.
	Clock func() time.Time
	// Ranges are the numbers that the taxpayer was given; nil takes any.
	Ranges []Range
	// Backdating takes invoices of earlier days. That there is none is sourced
	// (FACTS 6), how strictly it is meant is not.
	Backdating bool
	// Invalid says why a row is refused when it is signed; "" approves it. Nil
	// approves all.
	Invalid func(coretaxtest.Row) string
}

// Desktop is DJP's desktop application of one taxpayer. It may be used by many
// goroutines.
type Desktop struct {
	config Config

	mu      sync.Mutex
	rows    []*coretaxtest.Row
	used    map[string]bool // NOMOR_FAKTUR
	imports int
}

// New gives an application without invoices.
func New(config Config) *Desktop {
	if config.Clock == nil {
		config.Clock = time.Now
	}
	return &Desktop{config: config, used: map[string]bool{}}
}

// Import takes a CSV and says how many invoices it had. They are not signed yet.
// Either all of them are taken, or the error is a *Refused with every fault.
func (d *Desktop) Import(file []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.config.Clock()
	used := map[string]bool{}
	for number := range d.used {
		used[number] = true
	}
	c := &checker{config: &d.config, today: faktur.DateOf(now), used: used}
	_ = c.file(file) // its faults say what it is
	if len(c.faults) > 0 {
		slices.SortStableFunc(c.faults, func(a, b Fault) int { return a.Line - b.Line })
		return 0, &Refused{Faults: c.faults}
	}
	d.imports++
	d.used = used
	for _, row := range c.rows {
		row.Status, row.Receipt, row.UploadedAt, row.SigningSince = coretaxtest.SigningInProgress, d.imports, now, now
		d.rows = append(d.rows, &row)
	}
	return len(c.rows), nil
}

// SignAll signs and uploads every invoice that waits for it.
func (d *Desktop) SignAll() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, row := range d.rows {
		if row.Status != coretaxtest.SigningInProgress {
			continue
		}
		row.Status, row.DoneAt = coretaxtest.Approved, d.config.Clock()
		if d.config.Invalid != nil {
			row.Reason = d.config.Invalid(*row)
		}
		if row.Reason != "" {
			row.Status = coretaxtest.SavedInvalid
		}
	}
}

// Rows gives the invoices as they stand, in the order of their import. Their
// numbers were given by the seller and have 16 digits; OtherDPP is DPP, because
// the format does not tell them apart.
func (d *Desktop) Rows() []coretaxtest.Row {
	d.mu.Lock()
	defer d.mu.Unlock()
	rows := make([]coretaxtest.Row, len(d.rows))
	for i, row := range d.rows {
		rows[i] = *row
	}
	return rows
}

// Row gives the newest row of a reference; false when there is none.
func (d *Desktop) Row(reference string) (coretaxtest.Row, bool) {
	for _, row := range slices.Backward(d.Rows()) {
		if row.Reference == reference {
			return row, true
		}
	}
	return coretaxtest.Row{}, false
}

// Export gives the portal's list, where the signed invoices appear within two
// days (FACTS 6). Those that still wait for their signature are not in it.
func (d *Desktop) Export(o coretaxtest.ExportOptions) ([]byte, error) {
	signed := slices.DeleteFunc(d.Rows(), func(row coretaxtest.Row) bool { return row.Status == coretaxtest.SigningInProgress })
	return coretaxtest.WriteList(signed, o)
}
