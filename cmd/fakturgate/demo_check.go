package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/fakturgate/fakturgate/faktur"
)

// filing is one document as the side has it that it was handed over to.
type filing struct {
	taken  int // how often
	status faktur.Status
	nsfp   string // "" before approval
}

// book gives what the other side of a seller's channel has of an invoice, oldest first.
type book func(*faktur.StoredInvoice) ([]filing, error)

// keep says in which books a seller's invoices are; without it they are in the simulator's.
func (d *demo) keep(npwp string, books ...book) { d.books[npwp] = books }

// filings gives what all other sides of a seller have of an invoice.
func (d *demo) filings(stored *faktur.StoredInvoice) (all []filing, err error) {
	books := d.books[stored.Seller.NPWP]
	if books == nil {
		books = []book{d.simulated}
	}
	for _, has := range books {
		found, err := has(stored)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// simulated is the book of the sellers on channel pjap. A replacement has the
// reference of its original, and client ids of its own.
func (d *demo) simulated(stored *faktur.StoredInvoice) ([]filing, error) {
	entries, err := d.gateway.sim.sim.Ledger(stored.Reference)
	var filings []filing
	for _, e := range entries {
		if strings.HasPrefix(e.ClientID, stored.ID) {
			filings = append(filings, filing{e.Accepted, e.Status, e.NSFP})
		}
	}
	return filings, err
}

// check compares the three who must agree on every invoice so far: the ledger of
// the side that it was handed over to, the gateway's database, and what the
// receiver was told. It does not look at what was printed.
func (d *demo) check(ctx context.Context, ledgers string) error {
	expected := d.erp.expected()
	var problems []error
	for _, id := range slices.Sorted(maps.Keys(expected)) {
		var stored faktur.StoredInvoice
		if err := d.erp.call(ctx, http.MethodGet, "/invoices/"+id, nil, &stored); err != nil {
			return err
		}
		filings, err := d.filings(&stored)
		if err != nil {
			return err
		}
		f := expected[id]
		problems = append(problems, compare(&f, &stored, filings), d.receiver.told(&stored, &f))
	}
	webhooks, refused := d.receiver.count()
	if refused > 0 {
		problems = append(problems, fmt.Errorf("%d webhooks had no valid signature", refused))
	}
	err := errors.Join(problems...)
	d.printer.verdict(len(expected), webhooks, ledgers, err)
	if err != nil {
		return errors.New("ledger, database and receiver do not agree")
	}
	return nil
}

// compare holds one invoice against the ledger: filed once an attempt, with the
// status and the number that we say.
func compare(f *followed, stored *faktur.StoredInvoice, filings []filing) error {
	var problems []error
	if stored.Status != f.scene.ends {
		problems = append(problems, fmt.Errorf("%s should have ended as %s and is %s", stored.Reference, f.scene.ends, stored.Status))
	}
	if len(filings) != stored.Attempt {
		problems = append(problems, fmt.Errorf("%s was handed over %d times, and the ledger has %d entries", stored.Reference, stored.Attempt, len(filings)))
	}
	for i, e := range filings {
		if e.taken != 1 {
			problems = append(problems, fmt.Errorf("%s: the tax system took attempt %d of it %d times", stored.Reference, i+1, e.taken))
		}
	}
	if len(filings) > 0 {
		last := filings[len(filings)-1]
		if last.status != stored.Status || last.nsfp != string(stored.NSFP) {
			problems = append(problems, fmt.Errorf("%s is %s %s here and %s %s in the ledger", stored.Reference, stored.Status, stored.NSFP, last.status, last.nsfp))
		}
	}
	return errors.Join(problems...)
}

// told holds that the receiver knows of an approval, and only of a true one.
// What was approved once stays told, whatever became of it afterwards.
func (r *receiver) told(stored *faktur.StoredInvoice, f *followed) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	approvals, outcomes := 0, 0
	for _, e := range r.seen {
		if e.Data.ID != stored.ID {
			continue
		}
		outcomes++
		if e.Type == "invoice.approved" {
			approvals++
			if e.Data.NSFP != stored.NSFP {
				return fmt.Errorf("%s: the webhook said NSFP %s, and it is %s", stored.Reference, e.Data.NSFP, stored.NSFP)
			}
		}
	}
	if want := map[bool]int{true: 1, false: 0}[stored.NSFP != ""]; approvals != want || outcomes != f.attempts {
		return fmt.Errorf("%s is %s after %d outcomes, and the receiver was told of %d outcomes, %d of them approvals",
			stored.Reference, stored.Status, f.attempts, outcomes, approvals)
	}
	return nil
}
