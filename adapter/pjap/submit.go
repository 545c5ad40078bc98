package pjap

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
)

// Submit hands over a batch of one livemode. When the connector turns the call
// away because of an item in it, the batch is halved until that item stands alone
// and is refused; that is safe, because what was turned away was not taken.
func (c *Channel) Submit(ctx context.Context, batch []adapter.Submission) ([]adapter.Outcome, error) {
	if len(batch) == 0 {
		return nil, nil
	}
	livemode := batch[0].Livemode
	if described := c.livemode.Load(); described != nil && *described != livemode {
		return nil, &adapter.NotSent{Cause: errors.New("pjap: the documents' livemode is not the connector's")}
	}
	for _, s := range batch {
		if s.Livemode != livemode {
			return nil, &adapter.NotSent{Cause: errors.New("pjap: live and simulated documents in one batch")}
		}
	}
	return c.submitKinds(ctx, batch, livemode)
}

// submitKinds hands over the invoices of a batch and then its returns, which
// have an endpoint of their own. One call that fails says so item by item,
// because the outcomes of the other are known.
func (c *Channel) submitKinds(ctx context.Context, batch []adapter.Submission, livemode bool) ([]adapter.Outcome, error) {
	var places [2][]int // of the invoices, of the returns
	for i := range batch {
		kind := 0
		if batch[i].Return != nil {
			kind = 1
		}
		places[kind] = append(places[kind], i)
	}
	outcomes := make([]adapter.Outcome, len(batch))
	var failures []error
	for kind, of := range places {
		if len(of) == 0 {
			continue
		}
		part := make([]adapter.Submission, len(of))
		for n, i := range of {
			part[n] = batch[i]
		}
		said, err := c.submitAll(ctx, part, wires[kind], livemode)
		if err != nil {
			failures = append(failures, err)
			said = failedAll(err, len(of))
		}
		for n, i := range of {
			outcomes[i] = said[n]
		}
		if len(of) == len(batch) {
			return outcomes, err
		}
	}
	if len(failures) == len(places) {
		return nil, bothFailed(failures)
	}
	return outcomes, nil
}

// bothFailed is certain that nothing was sent only when both calls are.
func bothFailed(failures []error) error {
	for _, err := range failures {
		if _, ok := errors.AsType[*adapter.NotSent](err); !ok {
			return err
		}
	}
	return failures[0]
}

// failedAll is what a call that failed says of each of its n items.
func failedAll(err error, n int) []adapter.Outcome {
	failed := adapter.Outcome{Certainty: adapter.Unknown}
	if _, ok := errors.AsType[*adapter.NotSent](err); ok {
		failed.Certainty = adapter.NotTaken
	}
	return slices.Repeat([]adapter.Outcome{failed}, n)
}

// wire is how documents of one kind are handed over.
type wire struct {
	path string
	body func(batch []adapter.Submission, livemode bool) any
}

// wires are those of invoices and of returns.
var wires = [2]wire{{"/v1/submissions", newSubmitRequest}, {"/v1/returns", newReturnsRequest}}

// submitAll hands over documents of one kind.
func (c *Channel) submitAll(ctx context.Context, batch []adapter.Submission, by wire, livemode bool) ([]adapter.Outcome, error) {
	s := &sieve{Channel: c, wire: by, livemode: livemode}
	outcomes, err := s.submit(ctx, batch)
	if err != nil || s.refused == nil || s.passed || len(batch) == 1 {
		return outcomes, err
	}
	return s.blameNobody(outcomes)
}

// sieve is one Submit that sets bad items aside.
type sieve struct {
	*Channel
	wire
	livemode bool
	passed   bool         // the connector read some call
	refused  *refusedCall // the last item that was turned away alone; nil for none
}

func (s *sieve) submit(ctx context.Context, batch []adapter.Submission) ([]adapter.Outcome, error) {
	clientIDs := make([]string, len(batch))
	for i := range batch {
		clientIDs[i] = batch[i].ClientID
	}
	var answer submitAnswer
	err := s.call(ctx, http.MethodPost, s.path, s.body(batch, s.livemode), &answer)
	if refused, ok := errors.AsType[*refusedCall](err); ok {
		if len(batch) == 1 {
			s.refused = refused
			return []adapter.Outcome{refused.outcome()}, nil
		}
		return s.submitHalves(ctx, batch), nil
	}
	if err != nil {
		return nil, err
	}
	if answer.Livemode == nil || *answer.Livemode != s.livemode {
		return nil, errors.New("pjap: the answer's livemode is missing or not the one that was sent; nothing of it is used")
	}
	s.passed = true
	return match(clientIDs, answer.Results), nil
}

// submitHalves hands over each half for itself. A half that fails says so item
// by item, because the other half's outcomes are known.
func (s *sieve) submitHalves(ctx context.Context, batch []adapter.Submission) []adapter.Outcome {
	outcomes := make([]adapter.Outcome, 0, len(batch))
	middle := len(batch) / 2
	for _, half := range [][]adapter.Submission{batch[:middle], batch[middle:]} {
		known, err := s.submit(ctx, half)
		if err != nil {
			known = failedAll(err, len(half))
		}
		outcomes = append(outcomes, known...)
	}
	return outcomes
}

// blameNobody is for a batch of which not one item passed: then gateway and
// connector do not understand each other, and thousands of good invoices must
// not become saved_invalid because of that. They wait.
func (s *sieve) blameNobody(outcomes []adapter.Outcome) ([]adapter.Outcome, error) {
	unsure := false
	for i, o := range outcomes {
		if o.Certainty == adapter.Known {
			outcomes[i] = adapter.Outcome{Certainty: adapter.NotTaken, Reason: o.Reason}
		}
		unsure = unsure || o.Certainty == adapter.Unknown
	}
	if unsure {
		return outcomes, nil
	}
	return nil, &adapter.NotSent{Cause: fmt.Errorf("pjap: the connector turns away every item of the batch: %w", s.refused)}
}

// outcome of the one item that was turned away by itself.
func (e *refusedCall) outcome() adapter.Outcome {
	why := &faktur.Reason{Code: cmp.Or(e.problem.Code, "too_large"), Action: faktur.ActionCorrectContent, Message: e.problem.Detail, Origin: faktur.OriginChannel}
	if len(e.problem.Errors) > 0 {
		why.Message = e.problem.Errors[0].Pointer + ": " + e.problem.Errors[0].Message
	}
	if why.Message == "" {
		why.Message = "The connector takes no call as large as this document."
	}
	return adapter.Outcome{Certainty: adapter.Known, Status: faktur.SavedInvalid, Reason: why}
}

func newSubmitRequest(batch []adapter.Submission, livemode bool) any {
	call := submitRequest{Livemode: livemode, Submissions: make([]submission, len(batch))}
	for i := range batch {
		call.Submissions[i] = newSubmission(&batch[i])
	}
	return call
}

// newSubmission writes an invoice as the wire has it.
func newSubmission(s *adapter.Submission) submission {
	inv := &s.Invoice
	wire := submission{
		ClientID: s.ClientID, SellerNPWP: s.TaxpayerNPWP, Reference: s.Reference, Signer: signerID(s.Signer), Signature: signatureOf(s.Signer), ReplacesNSFP: s.ReplacesNSFP, Totals: totals(s.Totals),
		Invoice: invoice{
			Date: inv.Date, TrxCode: inv.TrxCode, AddInfo: inv.AddInfo, FacilityStamp: inv.FacilityStamp,
			SupportingDocument: supportingDocument(inv.SupportingDocument),
			SellerNITKU:        cmp.Or(inv.Seller.NITKU, s.TaxpayerNPWP+faktur.HeadOffice),
			Buyer: buyer{
				IDType: inv.Buyer.IDType, IDNumber: inv.Buyer.IDNumber, NITKU: inv.Buyer.NITKU, Name: inv.Buyer.Name,
				Address: inv.Buyer.Address, Country: inv.Buyer.Country, Email: inv.Buyer.Email,
			},
			Lines: make([]line, len(inv.Lines)),
		},
	}
	if inv.Buyer.IDType == faktur.IDTypeNPWP && inv.Buyer.NITKU == "" {
		wire.Invoice.Buyer.NITKU = inv.Buyer.IDNumber + faktur.HeadOffice
	}
	if p := inv.Payment; p.Parted() {
		wire.Invoice.Payment = payment{Type: p.Type, FirstNSFP: p.FirstNSFP, DPP: p.DPP, PPN: p.PPN, PPnBM: p.PPnBM}
	}
	for i := range inv.Lines {
		wire.Invoice.Lines[i] = newLine(&inv.Lines[i])
	}
	return wire
}

func signerID(signer *faktur.Signer) string {
	if signer == nil {
		return ""
	}
	return signer.ID
}

// signatureOf is what a registered signer signs with; nil for one whom only the
// connector knows.
func signatureOf(signer *faktur.Signer) *signature {
	if signer == nil || signer.Name == "" {
		return nil
	}
	return &signature{signer.Name, signer.Position, signer.City, signer.Passphrase.Reveal()}
}

func newLine(l *faktur.Line) line {
	return line{
		Kind: l.Kind, Code: l.Code, Name: l.Name, Unit: l.Unit,
		UnitPrice: l.UnitPrice, Quantity: l.Quantity, Discount: l.Discount, Luxury: l.Luxury,
		DPP: l.DPP, OtherDPP: l.OtherDPP, PPNRate: l.PPNRate, PPN: l.PPN, PPnBMRate: l.PPnBMRate, PPnBM: l.PPnBM,
	}
}
