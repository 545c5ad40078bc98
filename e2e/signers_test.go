package e2e

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
)

const firstSigner, secondSigner = "3174015506800001", "3174015506800002"

// 200 invoices whose first signer has a wrong passphrase, known to nobody or gone
// bad after it was proven: the signer is paused, the second one signs all of
// them, what failed goes again one at a time, and another seller waits for nothing.
func TestAWrongPassphraseHoldsUpNothing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, passphrase, reference string
		most                        int // how many may fail
	}{
		{"wrong from the first", "SIM-WRONG", "INV/%03d", 3},
		{"gone bad", "Rahasia2026", "INV/%03d/SIM-BAD-PASSPHRASE", 200}, // those that are on their way when the first fails
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			eachDatabase(t, func(t *testing.T, kind string) {
				w := newWorld(t, kind, "FAKTURGATE_SIM_DEDUP=off", "FAKTURGATE_SIM_SIGNING_DELAY=20ms")
				c := w.client(gatewaysFor(w, quickGateway...)...)
				c.register([]string{sellerA}, faktur.Settings{AutoReupload: &faktur.AutoReupload{MaxAttempts: 3}})
				c.register([]string{sellerB}, faktur.Settings{})
				for i, signer := range []string{firstSigner, secondSigner} {
					passphrase := []string{tt.passphrase, "Rahasia2027"}[i]
					c.ask(http.MethodPut, "/taxpayers/"+sellerA+"/signers/"+signer, map[string]any{"name": "Penanda Tangan", "priority": i + 1, "passphrase": passphrase}).want(http.StatusCreated)
				}
				if tt.most > 3 { // it is proven first
					c.becomes(c.postBatch([]faktur.TaxInvoice{simpleInvoice(sellerA, "PROOF/1")})[0], faktur.Approved)
				}
				var invoices []faktur.TaxInvoice
				for i := range 200 {
					invoices = append(invoices, simpleInvoice(sellerA, fmt.Sprintf(tt.reference, i)))
				}
				ids := c.postBatch(invoices)
				for i := range 20 {
					other, began := c.postBatch([]faktur.TaxInvoice{simpleInvoice(sellerB, fmt.Sprint("OTHER/", i))})[0], time.Now()
					if c.becomes(other, faktur.Approved); time.Since(began) > 10*time.Second {
						t.Errorf("another seller's invoice waited %v", time.Since(began))
					}
				}
				c.allBecome(ids, faktur.Approved)
				c.checkSigning(ids, tt.most)
				ledger := w.ledger()
				for _, inv := range invoices {
					if entries := ledger[inv.Reference]; entries[len(entries)-1].Status != faktur.Approved || len(entries) > 2 {
						t.Errorf("%s stands in the ledger as %+v", inv.Reference, entries)
					}
				}
			})
		})
	}
}

// checkSigning reads in the feed and the documents that the first signer was
// paused once, after three failures and at most so many, that the second signed
// the rest, and that never two re-uploads were under way.
func (c *client) checkSigning(ids []string, most int) {
	c.t.Helper()
	ours, failed, underWay, paused := map[string]bool{}, map[string]bool{}, "", 0
	for _, id := range ids {
		ours[id] = true
		if d := c.invoice(id); d.Signer != secondSigner {
			c.t.Errorf("%s was signed by %q", d.Reference, d.Signer)
		}
	}
	events, _ := c.feed("")
	for _, e := range events {
		if e.Type == faktur.EventSignerPaused {
			paused++
			continue
		}
		data := e.about(c.t)
		if !ours[data.ID] {
			continue
		}
		switch e.Type {
		case "invoice.saved_invalid":
			failed[data.ID] = true
			if data.Signer != firstSigner {
				c.t.Errorf("%s failed for %q", data.Reference, data.Signer)
			}
		case "invoice.submitting":
			if failed[data.ID] && underWay != "" {
				c.t.Errorf("%s went again while %s was under way", data.ID, underWay)
			}
			if failed[data.ID] {
				underWay = data.ID
			}
		case "invoice.approved":
			if data.ID == underWay {
				underWay = ""
			}
		}
	}
	if len(failed) < 3 || len(failed) > most || paused != 1 {
		c.t.Errorf("%d failed, want 3 to %d; signer.paused was told %d times", len(failed), most, paused)
	}
	c.t.Logf("%d failed", len(failed))
}
