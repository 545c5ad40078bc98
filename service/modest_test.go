package service_test

import (
	"context"
	"testing"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
	"github.com/fakturgate/fakturgate/service"
	"github.com/fakturgate/fakturgate/simulator"
)

// modest is a connector that offers no more than it must, and refuses a whole
// batch for a field that it does not know.
type modest struct {
	t *testing.T
	adapter.Caller
}

func (m modest) Describe(ctx context.Context) (adapter.Description, error) {
	description, err := m.Caller.Describe(ctx)
	description.Capabilities = adapter.Capabilities{LookUp: true}
	return description, err
}

func (m modest) Submit(ctx context.Context, batch []adapter.Submission) ([]adapter.Outcome, error) {
	for i := range batch {
		if sent := &batch[i]; sent.Return != nil || sent.Invoice.Payment.Parted() || sent.ReplacesNSFP != "" {
			m.t.Errorf("%s was sent, and the connector does not know what it is", sent.Reference)
		}
	}
	return m.Caller.Submit(ctx, batch)
}

func downPayment(reference string) faktur.TaxInvoice {
	content, dpp := invoice(seller, reference), faktur.Rupiah(30_000)
	content.Payment = faktur.Payment{Type: faktur.PaymentDownPayment, DPP: &dpp}
	return content
}

// What a connector does not offer is refused when it is posted, corrected or
// replaced, with every other fault.
func TestWhatAConnectorDoesNotOfferIsRefused(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		g := start(t, db, simulator.Config{}, func(c *service.Config) {
			c.Channels = []adapter.Channel{modest{t, c.Channels[0].(adapter.Caller)}}
		})
		refused := func(what string, err error) {
			t.Helper()
			e := faktur.AsError(err)
			if err == nil || e.Kind != faktur.KindInvalid || len(e.Faults) != 1 || e.Faults[0].Pointer != "/payment" || e.Faults[0].Code != "channel_cannot" {
				t.Errorf("%s: %v, %+v", what, err, e)
			}
		}
		_, err := g.Accept(ctx, service.Request{Tenant: tenant}, downPayment("INV/1"))
		refused("posted", err)
		_, err = g.Preview(ctx, tenant, downPayment("INV/1"))
		refused("checked", err)
		refused("in a batch", g.AcceptAll(ctx, tenant, 1, reading([]faktur.TaxInvoice{downPayment("INV/1")}))[0].Err)
		id := g.post(t, "INV/2/SIM-SAVED-INVALID")
		g.becomes(t, id, faktur.SavedInvalid)
		_, err = g.Correct(ctx, tenant, id, downPayment("INV/2/SIM-SAVED-INVALID"), 0, true)
		refused("corrected", err)
		bad := downPayment("INV/3")
		bad.Lines[0].Unit = ""
		if _, err := g.Accept(ctx, service.Request{Tenant: tenant}, bad); len(faktur.AsError(err).Faults) != 2 {
			t.Errorf("with another fault: %+v", faktur.AsError(err))
		}
		approved := g.post(t, "INV/4")
		g.becomes(t, approved, faktur.Approved)
		if _, _, err := g.Replace(ctx, tenant, approved, corrected("INV/4", "Kertas A3")); !isConflict(err, "channel_cannot") {
			t.Errorf("replaced: %v", err)
		}
	})
}

// What was queued before its seller moved to such a connector becomes Saved
// Invalid, and holds nothing up.
func TestWhatAConnectorDoesNotOfferHoldsNothingUp(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		g := start(t, db, simulator.Config{}, func(c *service.Config) {
			c.Channels = append(c.Channels, renamed{modest{t, c.Channels[0].(adapter.Caller)}, faktur.ChannelPajakio})
		})
		if _, err := g.Pause(ctx, anybody, seller); err != nil {
			t.Fatal(err)
		}
		accepted, err := g.Accept(ctx, service.Request{Tenant: tenant}, downPayment("INV/1"))
		if err != nil {
			t.Fatal(err)
		}
		ret, ordinary := g.postReturn(t, "RET/1", someNSFP, 1), g.post(t, "INV/2")
		g.registerOn(t, faktur.ChannelPajakio, faktur.Settings{Provider: &faktur.Provider{Token: "token"}})
		if _, err := g.Service.Resume(ctx, anybody, seller); err != nil {
			t.Fatal(err)
		}
		for _, view := range []faktur.StatusView{g.becomes(t, accepted.DocumentID, faktur.SavedInvalid), g.returnBecomes(t, ret, faktur.SavedInvalid)} {
			if view.Reason == nil || view.Reason.Code != "channel_cannot" {
				t.Errorf("%s is refused for %+v", view.Reference, view.Reason)
			}
		}
		g.becomes(t, ordinary, faktur.Approved)
	})
}
