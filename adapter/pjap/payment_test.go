package pjap_test

import (
	"net/http/httptest"
	"testing"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/adapter/adaptertest"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/simulator"
)

// TestPaymentsTravel: down payments and settlements as docs/connector.yaml has
// them, and as the simulator takes them.
func TestPaymentsTravel(t *testing.T) {
	t.Parallel()
	sim, err := simulator.New(simulator.Config{Token: token})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(adaptertest.HoldTo(t, document, sim.Handler()))
	t.Cleanup(server.Close)
	dpp, ppn, none := faktur.Rupiah(1000), faktur.Rupiah(110), faktur.Rupiah(0)
	amounts := faktur.Payment{DPP: &dpp, PPN: &ppn, PPnBM: &none}
	for _, c := range []struct {
		kind, first string
		want        faktur.Status
	}{
		{faktur.PaymentDownPayment, "", faktur.SigningInProgress},
		{faktur.PaymentDownPayment, "04002600000000001", faktur.SigningInProgress},
		{faktur.PaymentSettlement, "04002600000000001", faktur.SigningInProgress},
		{faktur.PaymentSettlement, "", faktur.SavedInvalid}, // so the simulator has read it
	} {
		sent := adaptertest.Submission(t, "INV/"+c.kind+c.first, false)
		sent.Invoice.Payment = amounts
		sent.Invoice.Payment.Type, sent.Invoice.Payment.FirstNSFP = c.kind, c.first
		outcomes, err := newChannel(t, server.URL, nil).Submit(t.Context(), []adapter.Submission{sent})
		if err != nil || outcomes[0].Status != c.want {
			t.Errorf("a %s that quotes %q: %+v, %v; want %s", c.kind, c.first, outcomes, err, c.want)
		}
	}
}
