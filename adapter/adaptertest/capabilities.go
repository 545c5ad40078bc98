package adaptertest

import (
	"errors"
	"slices"
	"testing"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
)

// doesWhatItSays holds a channel to its row of Table: what it says it can do it
// does, and what it cannot do it refuses instead of filing something else.
func doesWhatItSays(t *testing.T, h Harness) {
	t.Parallel()
	t.Run("replace", func(t *testing.T) { replaces(t, h) })
	t.Run("cancel", func(t *testing.T) { cancels(t, h) })
	t.Run("down payment", func(t *testing.T) { takesDownPayment(t, h) })
	t.Run("pdf", func(t *testing.T) { prints(t, h) })
}

// file hands one submission over and sees it through to its end.
func (b *Bench) file(t *testing.T, s adapter.Submission) (submitted, ended adapter.Outcome) {
	t.Helper()
	outcomes, err := b.Channel.Submit(t.Context(), []adapter.Submission{s})
	if err != nil || len(outcomes) != 1 {
		t.Fatalf("Submit = %s, %v", told(outcomes...), err)
	}
	b.Settle()
	return outcomes[0], b.standing(t, s, outcomes[0].Receipt)
}

func (b *Bench) standing(t *testing.T, s adapter.Submission, receipt string) adapter.Outcome {
	t.Helper()
	q := QuestionAbout(s)
	q.Receipt = receipt
	outcomes, err := b.Channel.Status(t.Context(), []adapter.Question{q})
	if err != nil || len(outcomes) != 1 {
		t.Fatalf("Status = %s, %v", told(outcomes...), err)
	}
	return outcomes[0]
}

// refuses holds that a channel that cannot carry s says so at once, with all of
// a reason, and that nothing of it is filed.
func (b *Bench) refuses(t *testing.T, s adapter.Submission) {
	t.Helper()
	outcomes, err := b.Channel.Submit(t.Context(), []adapter.Submission{s})
	if err != nil || len(outcomes) != 1 {
		t.Fatalf("Submit = %s, %v", told(outcomes...), err)
	}
	why := outcomes[0].Reason
	if outcomes[0].Certainty != adapter.Known || outcomes[0].Status != faktur.SavedInvalid || why == nil || why.Code == "" || why.Message == "" || why.Action == "" {
		t.Errorf("the channel cannot do this, and says %s; want a refusal with its reason", told(outcomes...))
	}
	if n := b.Filed(s); n != 0 {
		t.Errorf("the channel cannot do this, and filed it %d times", n)
	}
}

// replaces: a replacement takes the place of what it replaces.
func replaces(t *testing.T, h Harness) {
	t.Parallel()
	b := h.Open(t)
	if !b.describe(t).Capabilities.Replace {
		replacement := b.submission(t, "INV/REPLACEMENT")
		replacement.ReplacesNSFP = "04002600000000001"
		b.refuses(t, replacement)
		return
	}
	first := b.submission(t, "INV/REPLACED")
	submitted, original := b.file(t, first)
	second := first
	second.ClientID = b.submission(t, "INV/REPLACED").ClientID
	second.ReplacesNSFP, second.ReplacesReceipt = original.NSFP, submitted.Receipt
	second.Invoice.Lines = slices.Clone(first.Invoice.Lines)
	second.Invoice.Lines[0].Name = "Kertas A3"
	_, replacement := b.file(t, second)
	if replacement.Status != faktur.Approved || replacement.NSFP == "" || replacement.NSFP == original.NSFP {
		t.Errorf("the replacement of %s is %s", told(original), told(replacement))
	}
	if now := b.standing(t, first, submitted.Receipt); now.Status != faktur.Amended && now.Status != faktur.AmendmentPending {
		t.Errorf("what was replaced is %s, want it amended", told(now))
	}
}

// cancels: asked twice it is cancelled once, and the answer is the state that follows.
func cancels(t *testing.T, h Harness) {
	t.Parallel()
	b := h.Open(t)
	if !b.describe(t).Capabilities.Cancel {
		return // the gateway does not ask, and says what a person does in the portal
	}
	canceller, ok := b.Channel.(adapter.Canceller)
	if !ok {
		t.Fatal("it says that it can cancel, and is no adapter.Canceller")
	}
	s := b.submission(t, "INV/CANCELLED")
	submitted, _ := b.file(t, s)
	q := QuestionAbout(s)
	q.Receipt = submitted.Receipt
	for range 2 {
		o, err := canceller.Cancel(t.Context(), adapter.Cancellation{Question: q, Livemode: b.Livemode})
		if err != nil || o.Certainty != adapter.Known || o.Status != faktur.Cancelled && o.Status != faktur.CancellationPending {
			t.Errorf("Cancel = %s, %v; want it cancelled, or waiting for the buyer", told(o), err)
		}
	}
}

// takesDownPayment: a down payment is filed as one, or refused.
func takesDownPayment(t *testing.T, h Harness) {
	t.Parallel()
	b := h.Open(t)
	s := b.submission(t, "INV/DOWN-PAYMENT")
	s.Invoice.Payment = faktur.Payment{Type: faktur.PaymentDownPayment, DPP: rupiah(100_000), PPN: rupiah(11_000), PPnBM: rupiah(0)}
	if !b.describe(t).Capabilities.DownPayment {
		b.refuses(t, s)
		return
	}
	outcomes, err := b.Channel.Submit(t.Context(), []adapter.Submission{s})
	if err != nil || len(outcomes) != 1 {
		t.Fatalf("Submit = %s, %v", told(outcomes...), err)
	}
	if o := outcomes[0]; o.Certainty != adapter.Known || o.Status == faktur.SavedInvalid || b.Filed(s) != 1 {
		t.Errorf("the down payment is %s and was filed %d times", told(o), b.Filed(s))
	}
}

func rupiah(n int64) *faktur.Amount {
	a := faktur.Rupiah(n)
	return &a
}

// prints: there is a PDF of what is approved, and none before.
func prints(t *testing.T, h Harness) {
	t.Parallel()
	b := h.Open(t)
	if !b.describe(t).Capabilities.PDF {
		return
	}
	printer, ok := b.Channel.(adapter.Printer)
	if !ok {
		t.Fatal("it says that it has PDFs, and is no adapter.Printer")
	}
	if pdf, err := printer.PDF(t.Context(), b.neverSent()); !errors.Is(err, adapter.ErrNoPDF) {
		t.Errorf("the PDF of what was never sent is %+v, %v; want adapter.ErrNoPDF", pdf, err)
	}
	s := b.submission(t, "INV/PRINTED")
	submitted, approved := b.file(t, s)
	q := QuestionAbout(s)
	q.Receipt, q.NSFP = submitted.Receipt, approved.NSFP
	pdf, err := printer.PDF(t.Context(), q)
	if err != nil || (len(pdf.Content) == 0) == (pdf.Link == "") {
		t.Errorf("the PDF of what is approved has %d bytes, link %q, %v; want the one or the other", len(pdf.Content), pdf.Link, err)
	}
}
