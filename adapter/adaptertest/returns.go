package adaptertest

import (
	"context"
	"fmt"
	"testing"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
)

// runReturns holds a channel with Capabilities.Returns to the contract for
// returns, alone and mixed with invoices.
func runReturns(t *testing.T, h Harness) {
	for name, batchOf := range map[string]func(testing.TB, int, bool) []adapter.Submission{
		"returns": ReturnBatch, "invoices and returns": MixedBatch,
	} {
		t.Run("hands over "+name+" once each", func(t *testing.T) { handsOverReturns(t, h, batchOf) })
		for _, fault := range h.Faults {
			t.Run("says only what is certain of "+name+" when "+string(fault), func(t *testing.T) { saysOnlyWhatIsCertain(t, h, fault, batchOf) })
		}
	}
}

// handsOverReturns: each is taken once, found by look-up, and approved; a
// return's number is that of the invoice that it is of.
func handsOverReturns(t *testing.T, h Harness, batchOf func(testing.TB, int, bool) []adapter.Submission) {
	t.Parallel()
	b := h.Open(t)
	d := b.describe(t)
	batch := b.signIn(batchOf(t, min(d.MaxBatch, 10), b.Livemode))
	outcomes, err := b.Channel.Submit(t.Context(), batch)
	if err != nil || len(outcomes) != len(batch) {
		t.Fatalf("Submit gave %d outcomes and %v, want %d", len(outcomes), err, len(batch))
	}
	for i, o := range outcomes {
		if n := b.Filed(batch[i]); o.Certainty != adapter.Known || !faktur.Submitting.CanBecome(o.Status) || o.Status == faktur.SavedInvalid || n != 1 {
			t.Errorf("outcome %d = %s, taken %d times; want it Known, in a status that follows submitting, taken once", i, told(o), n)
		}
	}
	b.Settle()
	asks := map[string]func(context.Context, []adapter.Question) ([]adapter.Outcome, error){"Status": b.Channel.Status}
	if d.Capabilities.LookUp {
		asks["LookUp"] = b.Channel.LookUp
	}
	for what, ask := range asks {
		said, err := ask(t.Context(), Questions(batch))
		if err != nil || len(said) != len(batch) {
			t.Fatalf("%s gave %d outcomes and %v, want %d", what, len(said), err, len(batch))
		}
		for i, o := range said {
			if o.Certainty != adapter.Known || o.Status != faktur.Approved || o.CoretaxStatus == "" {
				t.Errorf("%s: outcome %d = %s, want it approved, with the tax system's own word", what, i, told(o))
			}
			if ret := batch[i].Return; ret != nil && o.NSFP != ret.NSFP {
				t.Errorf("%s: the return's number is %q, want that of its invoice, %s", what, o.NSFP, ret.NSFP)
			}
		}
	}
}

// ReturnBatch gives n returns.
func ReturnBatch(t testing.TB, n int, livemode bool) []adapter.Submission {
	t.Helper()
	batch := make([]adapter.Submission, n)
	for i := range batch {
		batch[i] = ReturnSubmission(t, fmt.Sprintf("RET/%d", references.Add(1)), livemode)
	}
	return batch
}

// MixedBatch gives n submissions, invoices and returns in turn.
func MixedBatch(t testing.TB, n int, livemode bool) []adapter.Submission {
	t.Helper()
	batch := Batch(t, n, livemode)
	for i := 1; i < n; i += 2 {
		batch[i] = ReturnSubmission(t, fmt.Sprintf("RET/%d", references.Add(1)), livemode)
	}
	return batch
}

// ReturnSubmission gives the first attempt to file an ordinary return, of one of
// two lines that were bought, every amount filled in.
func ReturnSubmission(t testing.TB, reference string, livemode bool) adapter.Submission {
	t.Helper()
	date := faktur.NewDate(2026, 11, 22)
	ret := faktur.Return{
		Reference: reference, Date: date, NSFP: fmt.Sprintf("0400260%010d", submissions.Load()+1), SellerNPWP: "0098765431109000",
		Buyer: faktur.ReturnBuyer{NPWP: "0012345674901000", Name: "PT Pembeli"},
		Lines: []faktur.ReturnLine{
			{Kind: "goods", Code: "000000", Name: "Kertas A4", Unit: "UM.0018", UnitPrice: faktur.Rupiah(100_000), Quantity: faktur.Rupiah(3), ReturnQuantity: faktur.Rupiah(2)},
			{Kind: "service", Code: "000000", Name: "Pengiriman", Unit: "UM.0033", UnitPrice: faktur.Cents(2_500_050), Quantity: faktur.Rupiah(1), ReturnQuantity: faktur.Rupiah(0)},
		},
	}
	assessment, err := faktur.NewRules(nil).AssessReturn(ret, faktur.Settings{}, faktur.ChannelPJAP, date.StartOfDay())
	if err != nil {
		t.Fatalf("assess the return: %v", err)
	}
	ret.Lines = assessment.Fill(ret.Lines)
	return adapter.Submission{
		ClientID: fmt.Sprintf("0199c9a4-7a52-7d0e-8f3c-%012d-1", submissions.Add(1)), Livemode: livemode,
		TaxpayerNPWP: ret.Buyer.NPWP, Reference: reference, Return: &ret,
	}
}
