package adaptertest

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
)

var submissions, references atomic.Int64

// Submission gives the first attempt to file an ordinary invoice of two lines,
// every amount filled in, under a client id that no other has.
func Submission(t testing.TB, reference string, livemode bool) adapter.Submission {
	t.Helper()
	return SubmissionOf(t, ordinary(reference), livemode)
}

// SubmissionOf gives the first attempt to file an invoice as Submission does.
// The invoice must be one that the gateway accepts.
func SubmissionOf(t testing.TB, inv faktur.TaxInvoice, livemode bool) adapter.Submission {
	t.Helper()
	assessment, err := faktur.NewRules(nil).Assess(inv, faktur.Settings{}, faktur.ChannelPJAP, inv.Date.StartOfDay())
	if err != nil {
		t.Fatalf("assess the invoice: %v", err)
	}
	return adapter.Submission{
		ClientID: fmt.Sprintf("0199c9a4-7a52-7d0e-8f3c-%012d-1", submissions.Add(1)), Livemode: livemode,
		TaxpayerNPWP: inv.Seller.NPWP, Reference: inv.Reference, Invoice: assessment.Complete(inv), Totals: assessment.Totals,
	}
}

// ordinary is an invoice of two lines.
func ordinary(reference string) faktur.TaxInvoice {
	return faktur.TaxInvoice{
		Reference: reference, Date: faktur.NewDate(2026, 11, 22), TrxCode: "04",
		Seller: faktur.Seller{NPWP: "0012345674901000", NITKU: "0012345674901000000000"},
		Buyer: faktur.Buyer{IDType: faktur.IDTypeNPWP, IDNumber: "0098765431109000", NITKU: "0098765431109000000000",
			Name: "PT Pembeli", Address: "Jl. Merdeka 1, Jakarta", Country: "IDN"},
		Lines: []faktur.Line{
			{Kind: "goods", Code: "000000", Name: "Kertas A4", Unit: "UM.0018", UnitPrice: faktur.Rupiah(100_000), Quantity: faktur.Rupiah(3)},
			{Kind: "service", Code: "000000", Name: "Pengiriman", Unit: "UM.0033", UnitPrice: faktur.Cents(2_500_050), Quantity: faktur.Rupiah(1), Discount: faktur.Rupiah(500)},
		},
	}
}

// Questions asks about submissions whose answers were lost: without a receipt.
func Questions(batch []adapter.Submission) []adapter.Question {
	questions := make([]adapter.Question, len(batch))
	for i, s := range batch {
		questions[i] = QuestionAbout(s)
	}
	return questions
}

// QuestionAbout asks about one submission without its receipt.
func QuestionAbout(s adapter.Submission) adapter.Question {
	q := adapter.Question{ClientID: s.ClientID, Kind: faktur.KindInvoice, TaxpayerNPWP: s.TaxpayerNPWP, Reference: s.Reference, Provider: s.Provider}
	if s.Return != nil {
		q.Kind, q.NSFP = faktur.KindReturn, s.Return.NSFP // it is known from the start
	}
	return q
}

// submission gives one that this side takes.
func (b *Bench) submission(t *testing.T, reference string) adapter.Submission {
	t.Helper()
	s := Submission(t, reference, b.Livemode)
	s.Provider = b.Provider
	return s
}

func (b *Bench) batch(t *testing.T, n int, livemode bool) []adapter.Submission {
	t.Helper()
	return b.signIn(Batch(t, n, livemode))
}

// signIn lets the submissions sign in as the suite's taxpayer does.
func (b *Bench) signIn(batch []adapter.Submission) []adapter.Submission {
	for i := range batch {
		batch[i].Provider = b.Provider
	}
	return batch
}

// Batch gives n submissions, each under a reference that no other has.
func Batch(t testing.TB, n int, livemode bool) []adapter.Submission {
	t.Helper()
	batch := make([]adapter.Submission, n)
	for i := range batch {
		batch[i] = Submission(t, fmt.Sprintf("INV/%d", references.Add(1)), livemode)
	}
	return batch
}
