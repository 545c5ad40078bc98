package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/simulator"
)

// check compares the three who must agree: the tax system's ledger, the
// gateway's database, and what the receiver was told. It does not look at what
// was printed.
func (d *demo) check(ctx context.Context) error {
	var problems []error
	for id, f := range d.erp.documents {
		var stored faktur.StoredInvoice
		if err := d.erp.call(ctx, http.MethodGet, "/invoices/"+id, nil, &stored); err != nil {
			return err
		}
		entries, err := d.gateway.sim.sim.Ledger(stored.Reference)
		if err != nil {
			return err
		}
		problems = append(problems, compare(f, &stored, entries), d.receiver.told(&stored, f))
	}
	if d.receiver.refused > 0 {
		problems = append(problems, fmt.Errorf("%d webhooks had no valid signature", d.receiver.refused))
	}
	err := errors.Join(problems...)
	d.printer.verdict(len(d.erp.documents), len(d.receiver.seen), err)
	if err != nil {
		return errors.New("ledger, database and receiver do not agree")
	}
	return nil
}

// compare holds one invoice against the ledger: filed once an attempt, with the
// status and the number that we say.
func compare(f *followed, stored *faktur.StoredInvoice, entries []simulator.LedgerEntry) error {
	var problems []error
	if stored.Status != f.scene.ends {
		problems = append(problems, fmt.Errorf("%s should have ended as %s and is %s", stored.Reference, f.scene.ends, stored.Status))
	}
	if len(entries) != stored.Attempt {
		problems = append(problems, fmt.Errorf("%s was handed over %d times, and the ledger has %d entries", stored.Reference, stored.Attempt, len(entries)))
	}
	for _, e := range entries {
		if e.Accepted != 1 {
			problems = append(problems, fmt.Errorf("%s: the tax system took %s %d times", stored.Reference, e.ClientID, e.Accepted))
		}
	}
	if len(entries) > 0 {
		last := entries[len(entries)-1]
		if string(last.Status) != string(stored.Status) || last.NSFP != string(stored.NSFP) {
			problems = append(problems, fmt.Errorf("%s is %s %s here and %s %s in the ledger", stored.Reference, stored.Status, stored.NSFP, last.Status, last.NSFP))
		}
	}
	return errors.Join(problems...)
}

// told holds that the receiver knows of an approval, and only of a true one.
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
	if want := map[bool]int{true: 1, false: 0}[stored.Status == faktur.Approved]; approvals != want || outcomes != f.attempts {
		return fmt.Errorf("%s is %s after %d outcomes, and the receiver was told of %d outcomes, %d of them approvals",
			stored.Reference, stored.Status, f.attempts, outcomes, approvals)
	}
	return nil
}
