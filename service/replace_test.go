package service_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
	"github.com/fakturgate/fakturgate/service"
	"github.com/fakturgate/fakturgate/simulator"
)

// corrected is an invoice with other goods than invoice.
func corrected(reference, goods string) faktur.TaxInvoice {
	i := invoice(seller, reference)
	i.Lines[0].Name = goods
	return i
}

func (g *gateway) replace(t *testing.T, id string, content faktur.TaxInvoice) string {
	t.Helper()
	stored, replayed, err := g.Replace(context.Background(), tenant, id, content)
	if err != nil || replayed || stored.ReplacesID != faktur.NullString(id) || stored.Status != faktur.Queued || !stored.UploadDeadline.IsZero() {
		t.Fatalf("the replacement is %+v, replayed %t, %v", stored, replayed, err)
	}
	return stored.ID
}

// A replacement keeps the serial and counts up; its original is amended at once,
// or when its buyer agrees; a refusal leaves the original in force.
func TestReplace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		reference string
		end       faktur.Status
		events    string
	}{
		{"INV/1", faktur.Amended, "[invoice.amendment_requested invoice.amended]"},
		{"INV/SIM-BUYER-CONSENT", faktur.Amended, "[invoice.amendment_requested invoice.amendment_pending invoice.amended]"},
		{"INV/SIM-BUYER-REFUSES", faktur.Approved, "[invoice.amendment_requested invoice.amendment_pending invoice.amendment_refused]"},
	} {
		t.Run(c.reference, func(t *testing.T) {
			t.Parallel()
			repotest.Each(t, func(t *testing.T, db *repository.DB) {
				ctx := context.Background()
				g := start(t, db, simulator.Config{SigningDelay: 500 * time.Millisecond})
				id := g.post(t, c.reference)
				original := g.becomes(t, id, faktur.Approved)
				second := g.replace(t, id, corrected(c.reference, "Kertas A3"))
				again, replayed, err := g.Replace(ctx, tenant, id, corrected(c.reference, "Kertas A3"))
				if err != nil || !replayed || again.ID != second {
					t.Errorf("the same content again: %s, replayed %t, %v", again.ID, replayed, err)
				}
				if _, _, err := g.Replace(ctx, tenant, id, corrected(c.reference, "Kertas A2")); !isConflict(err, "replacement_exists") {
					t.Errorf("other content meanwhile: %v", err)
				}
				if _, _, err := g.Cancel(ctx, tenant, id); !isConflict(err, "replacement_under_way") {
					t.Errorf("cancelling what is being replaced: %v", err)
				}
				replacement := g.becomes(t, second, faktur.Approved)
				if string(replacement.NSFP[:4]) != "0401" || replacement.NSFP[4:] != original.NSFP[4:] {
					t.Errorf("%s is replaced by %s", original.NSFP, replacement.NSFP)
				}
				eventually(t, "the original's end", func() bool {
					events := g.afterApproval(t, id)
					last := events[len(events)-1]
					return last == "invoice.amended" || last == "invoice.amendment_refused"
				})
				if view := g.becomes(t, id, c.end); view.NSFP != original.NSFP {
					t.Errorf("the original's number was %s and is %s", original.NSFP, view.NSFP)
				}
				told := g.afterApproval(t, id)
				// The feed may tell of the amendment before the replacement's own approval is saved.
				if got := fmt.Sprint(told); got != c.events && got != strings.Replace(c.events, "invoice.amendment_requested ", "", 1) {
					t.Errorf("told %s, want %s", got, c.events)
				}
				inForce := second
				if c.end == faktur.Approved {
					inForce = id
				}
				for _, member := range []string{id, second} {
					chain, current, err := g.Chain(ctx, tenant, member)
					if err != nil || len(chain) != 2 || chain[0].ID != id || chain[1].ID != second || current != inForce {
						t.Errorf("the chain from %s: %d members, %s in force, %v", member, len(chain), current, err)
					}
				}
				if c.end != faktur.Amended {
					return
				}
				third := g.replace(t, second, corrected(c.reference, "Kertas A5"))
				if view := g.becomes(t, third, faktur.Approved); !strings.HasPrefix(string(view.NSFP), "0402") {
					t.Errorf("replaced again by %s", view.NSFP)
				}
				g.becomes(t, second, faktur.Amended)
			})
		})
	}
}

// What a replacement may not do is refused with the way out.
func TestReplaceRefused(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		g := start(t, db, simulator.Config{})
		id := g.post(t, "INV/1")
		g.becomes(t, id, faktur.Approved)
		for pointer, edit := range map[string]func(*faktur.TaxInvoice){
			"/buyer/id_number buyer_fixed": func(i *faktur.TaxInvoice) {
				i.Buyer.IDNumber, i.Buyer.NITKU = "0012345674901001", "0012345674901001000000"
			},
			"/reference reference_fixed": func(i *faktur.TaxInvoice) { i.Reference = "INV/2" },
			"/seller/npwp seller_fixed":  func(i *faktur.TaxInvoice) { i.Seller.NPWP = "0012345674901001" },
			"/lines required":            func(i *faktur.TaxInvoice) { i.Lines = nil },
		} {
			content := corrected("INV/1", "Kertas A3")
			edit(&content)
			_, _, err := g.Replace(ctx, tenant, id, content)
			e := faktur.AsError(err)
			if e.Kind != faktur.KindInvalid || len(e.Faults) != 1 || e.Faults[0].Pointer+" "+e.Faults[0].Code != pointer {
				t.Errorf("%s: %+v", pointer, err)
			}
		}
		signing := g.post(t, "INV/SIM-STUCK")
		g.becomes(t, signing, faktur.SigningInProgress)
		if _, _, err := g.Replace(ctx, tenant, signing, corrected("INV/SIM-STUCK", "x")); !isConflict(err, "signing_in_progress") {
			t.Errorf("one in signing: %v", err)
		}
		if _, _, err := g.Replace(ctx, tenant, "0199c9a4-7a52-7d0e-8f3c-2b1f6d1c9a10", corrected("INV/1", "x")); !isNotFound(err) {
			t.Errorf("none at all: %v", err)
		}
		if _, _, err := g.Cancel(ctx, tenant, id); err != nil {
			t.Fatal(err)
		}
		g.becomes(t, id, faktur.Cancelled)
		if _, _, err := g.Replace(ctx, tenant, id, corrected("INV/1", "x")); !isConflict(err, "transition_not_allowed") {
			t.Errorf("a cancelled one: %v", err)
		}
	})
}

// A replacement that is closed frees its original for another one.
func TestAClosedReplacementFreesItsOriginal(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		g := start(t, db, simulator.Config{})
		id := g.post(t, "INV/1")
		g.becomes(t, id, faktur.Approved)
		if _, err := g.Pause(ctx, somebody(""), seller); err != nil {
			t.Fatal(err)
		}
		closed := g.replace(t, id, corrected("INV/1", "Kertas A3"))
		if _, _, err := g.Cancel(ctx, tenant, closed); err != nil {
			t.Fatal(err)
		}
		second := g.replace(t, id, corrected("INV/1", "Kertas A2"))
		if _, err := g.Resume(ctx, somebody(""), seller); err != nil {
			t.Fatal(err)
		}
		g.becomes(t, second, faktur.Approved)
		g.becomes(t, id, faktur.Amended)
		chain, inForce, err := g.Chain(ctx, tenant, closed)
		if err != nil || len(chain) != 3 || inForce != second {
			t.Errorf("%d members, %s in force, %v", len(chain), inForce, err)
		}
		if _, _, err := g.Cancel(ctx, tenant, id); !isConflict(err, "transition_not_allowed") || !strings.Contains(err.Error(), "/invoices/"+id+"/chain") {
			t.Errorf("cancel of what was replaced: %v", err)
		}
	})
}

// A replacement that is cancelled once its original is amended ends the chain:
// nothing is in force, and the original keeps the reference.
func TestAChainThatEndsKeepsItsReference(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		g := start(t, db, simulator.Config{})
		id := g.post(t, "INV/1")
		g.becomes(t, id, faktur.Approved)
		second := g.replace(t, id, corrected("INV/1", "Kertas A3"))
		g.becomes(t, second, faktur.Approved)
		g.becomes(t, id, faktur.Amended)
		other := corrected("INV/1", "Kertas A3")
		other.Buyer.IDNumber, other.Buyer.NITKU = "0012345674901001", "0012345674901001000000"
		if _, _, err := g.Replace(ctx, tenant, second, other); err == nil || !strings.Contains(err.Error(), "under another reference") {
			t.Errorf("for another buyer: %v", err)
		}
		if _, _, err := g.Cancel(ctx, tenant, second); err != nil {
			t.Fatal(err)
		}
		g.becomes(t, second, faktur.Cancelled)
		if _, inForce, err := g.Chain(ctx, tenant, id); err != nil || inForce != "" {
			t.Errorf("%s is in force, %v", inForce, err)
		}
		if _, err := g.Accept(ctx, service.Request{Tenant: tenant}, other); !isConflict(err, "reference_conflict") {
			t.Errorf("the same reference: %v", err)
		}
		other.Reference = "INV/1A"
		if _, err := g.Accept(ctx, service.Request{Tenant: tenant}, other); err != nil {
			t.Errorf("another reference: %v", err)
		}
	})
}

// Whoever replaces and cancels at once: one replacement, one document in force.
func TestReplaceAndCancelAtOnce(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		g := start(t, db, simulator.Config{})
		for i := range 8 {
			reference := fmt.Sprint("INV/", i)
			id := g.post(t, reference)
			g.becomes(t, id, faktur.Approved)
			var racing sync.WaitGroup
			for _, goods := range []string{"Kertas A3", "Kertas A2", "Kertas A5"} {
				racing.Go(func() {
					if _, _, err := g.Replace(ctx, tenant, id, corrected(reference, goods)); err != nil && faktur.AsError(err).Kind != faktur.KindConflict {
						t.Error(err)
					}
				})
			}
			racing.Go(func() {
				if _, _, err := g.Cancel(ctx, tenant, id); err != nil && faktur.AsError(err).Kind != faktur.KindConflict {
					t.Error(err)
				}
			})
			racing.Wait()
			chain, _, err := g.Chain(ctx, tenant, id)
			if err != nil || len(chain) > 2 {
				t.Fatalf("%d members, %v", len(chain), err)
			}
			if len(chain) == 1 {
				g.becomes(t, id, faktur.Cancelled)
				continue
			}
			g.becomes(t, chain[1].ID, faktur.Approved)
			g.becomes(t, id, faktur.Amended)
		}
	})
}

// unreplacing is a channel that cannot replace.
type unreplacing struct{ adapter.Caller }

func (c unreplacing) Describe(ctx context.Context) (adapter.Description, error) {
	d, err := c.Caller.Describe(ctx)
	d.Capabilities.Replace = false
	return d, err
}

func TestReplaceWhereTheChannelCannot(t *testing.T) {
	t.Parallel()
	g := start(t, repotest.SQLite(t), simulator.Config{}, func(c *service.Config) {
		c.Channels = []adapter.Channel{unreplacing{c.Channels[0].(adapter.Caller)}}
	})
	id := g.post(t, "INV/1")
	g.becomes(t, id, faktur.Approved)
	if _, _, err := g.Replace(context.Background(), tenant, id, corrected("INV/1", "x")); !isConflict(err, "channel_cannot") {
		t.Errorf("refused with %v", err)
	}
}
