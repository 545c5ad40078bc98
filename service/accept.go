package service

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
)

// Request names a request by its idempotency key; one without Key is not remembered.
type Request = repository.Request

// Accepted is the answer to an invoice or a return that is in our care.
type Accepted struct {
	DocumentID string
	Body       []byte // JSON of faktur.StoredInvoice or StoredReturn, as it was first answered
	Status     int    // 202 at first; 200 when the reference named it already
	Replayed   bool   // nothing was stored by this request
}

// AcceptResult is what became of one invoice of a batch.
type AcceptResult struct {
	Accepted
	Err error
}

// Preview gives an invoice's computed amounts, deadline and warnings, and stores nothing.
func (s *Service) Preview(ctx context.Context, tenant string, invoice faktur.TaxInvoice) (faktur.Preview, error) {
	taxpayer, filed, assessment, err := s.assess(ctx, s.seller, tenant, invoice)
	if err != nil {
		return faktur.Preview{}, err
	}
	deadline := faktur.UploadDeadline(invoice.Date, taxpayer.Channel, taxpayer.Settings.UploadDeadlines)
	return faktur.NewPreview(filed, &assessment, deadline), nil
}

// lookUpSeller is seller, sellerNow or sellerOfAnyAge.
type lookUpSeller func(ctx context.Context, tenant, npwp string) (faktur.Taxpayer, error)

// assess checks an invoice under its seller's registration and gives it as it
// is filed, with DJP's codes in the place of the ERP's own.
func (s *Service) assess(ctx context.Context, lookUp lookUpSeller, tenant string, invoice faktur.TaxInvoice) (faktur.Taxpayer, faktur.TaxInvoice, faktur.Assessment, error) {
	var assessment faktur.Assessment
	npwp := invoice.Seller.NPWP
	unregistered := faktur.Fault{Pointer: "/seller/npwp", Code: "seller_not_registered",
		Message: fmt.Sprintf("The seller %s is not registered. Register it first: PUT /taxpayers/%s.", npwp, npwp)}
	taxpayer, err := s.assessFor(ctx, lookUp, tenant, npwp, unregistered, func(t *faktur.Taxpayer) (err error) {
		invoice = t.Settings.Filed(invoice)
		assessment, err = s.Rules.Assess(invoice, t.Settings, t.Channel, s.Now())
		if invoice.Payment.Parted() && !s.takesPayments(ctx, t.Channel) {
			err = alsoRefused(err, faktur.PaymentsNotOnChannel(t.Channel))
		}
		return err
	})
	return taxpayer, invoice, assessment, err
}

// assessFor checks a content under its taxpayer's registration. All faults come
// back at once, that of an unregistered taxpayer among them.
func (s *Service) assessFor(ctx context.Context, lookUp lookUpSeller, tenant, npwp string, unregistered faktur.Fault, check func(*faktur.Taxpayer) error) (faktur.Taxpayer, error) {
	var faults []faktur.Fault
	var taxpayer faktur.Taxpayer
	err := repository.ErrNotFound // what is no NPWP is not looked for: PostgreSQL would refuse a NUL in it
	if faktur.ValidNPWP(npwp) {
		taxpayer, err = lookUp(ctx, tenant, npwp)
	}
	if errors.Is(err, repository.ErrNotFound) {
		taxpayer.Channel = faktur.ChannelPJAP
		if faktur.ValidNPWP(npwp) {
			faults = []faktur.Fault{unregistered}
		}
	} else if err != nil {
		return taxpayer, translate(err, "taxpayer")
	}
	err = check(&taxpayer)
	if len(faults) == 0 {
		return taxpayer, err
	}
	return taxpayer, alsoRefused(err, faults...)
}

// alsoRefused adds faults to a refusal of content, or makes one. Another error
// stays as it is.
func alsoRefused(err error, faults ...faktur.Fault) error {
	refusal, isRefusal := errors.AsType[*faktur.Error](err)
	switch {
	case err != nil && (!isRefusal || refusal.Kind != faktur.KindInvalid):
		return err
	case isRefusal:
		faults = append(faults, refusal.Faults...)
	}
	return faktur.Invalid(faults)
}

// takesPayments says whether a channel takes down payments and settlements,
// which on pjap its connector says. One that cannot be asked now is asked when
// the invoice is handed over; what a channel of files cannot carry is a rule of content.
func (s *Service) takesPayments(ctx context.Context, name faktur.Channel) bool {
	c := s.channelNamed(name)
	if c == nil || c.caller == nil {
		return true
	}
	description, err := c.describe(ctx)
	return err != nil || description.Capabilities.DownPayment
}

// Accept takes an invoice into our care. It answers after the commit.
func (s *Service) Accept(ctx context.Context, request Request, invoice faktur.TaxInvoice) (Accepted, error) {
	return s.accept(ctx, repository.TaxpayerKey{Tenant: request.Tenant, NPWP: invoice.Seller.NPWP}, faktur.KindInvoice, func() (*pendingAcceptance, error) {
		a, err := s.acceptance(ctx, request, invoice)
		if err != nil {
			return s.acceptedBefore(ctx, asPosted(request, invoice), err)
		}
		return s.intake.enter(a)
	})
}

// accept waits for what enter has put into the intake, and lets it enter anew
// when the taxpayer's registration was changed meanwhile.
func (s *Service) accept(ctx context.Context, of repository.TaxpayerKey, kind faktur.Kind, enter func() (*pendingAcceptance, error)) (Accepted, error) {
	for range 3 {
		pending, err := enter()
		if err != nil {
			return Accepted{}, translate(err, string(kind))
		}
		accepted, err := pending.await(ctx)
		if err == nil {
			s.traceAccepted(ctx, &pending.acceptance.Stored.Document, accepted.DocumentID, accepted.Replayed)
		}
		if !errors.Is(err, repository.ErrTaxpayerChanged) {
			return accepted, translate(err, string(kind))
		}
		s.forgetSeller(of.Tenant, of.NPWP)
	}
	return Accepted{}, &faktur.Error{Kind: faktur.KindBusy, Code: "registration_changing",
		Detail: "The taxpayer's registration is being changed at this moment. Try again.", RetryAfter: time.Second}
}

// AcceptAll takes n invoices into our care; a bad one harms no other. read gives
// the i-th, and its error is that one's result. They are read one by one, because
// those that are refused may be far larger read than they were sent.
func (s *Service) AcceptAll(ctx context.Context, tenant string, n int, read func(i int) (faktur.TaxInvoice, error)) []AcceptResult {
	results := make([]AcceptResult, n)
	entered := make([]*pendingAcceptance, n)
	for i := range n {
		entered[i], results[i].Err = s.enterNext(ctx, tenant, i, read)
	}
	for i, pending := range entered {
		if pending == nil {
			continue
		}
		results[i].Accepted, results[i].Err = pending.await(ctx)
		if errors.Is(results[i].Err, repository.ErrTaxpayerChanged) {
			s.forgetSeller(tenant, pending.acceptance.Stored.Document.TaxpayerNPWP)
			invoice, _ := read(i) // it could be read before
			results[i].Accepted, results[i].Err = s.Accept(ctx, Request{Tenant: tenant}, invoice)
		} else if results[i].Err == nil {
			s.traceAccepted(ctx, &pending.acceptance.Stored.Document, results[i].DocumentID, results[i].Replayed)
		}
		results[i].Err = translate(results[i].Err, "invoice")
	}
	return results
}

// enterNext puts the i-th invoice of AcceptAll into the intake.
func (s *Service) enterNext(ctx context.Context, tenant string, i int, read func(i int) (faktur.TaxInvoice, error)) (*pendingAcceptance, error) {
	invoice, err := read(i)
	if err != nil {
		return nil, err
	}
	request := Request{Tenant: tenant}
	a, err := s.acceptance(ctx, request, invoice)
	if err != nil {
		return s.acceptedBefore(ctx, asPosted(request, invoice), err)
	}
	return s.intake.enterWaiting(ctx, a)
}

// acceptance makes the document of an invoice, ready to be stored.
func (s *Service) acceptance(ctx context.Context, request Request, invoice faktur.TaxInvoice) (repository.Acceptance, error) {
	taxpayer, filed, assessment, err := s.assess(ctx, s.sellerOfAnyAge, request.Tenant, invoice)
	if err != nil { // perhaps only under a registration that has changed since
		taxpayer, filed, assessment, err = s.assess(ctx, s.sellerNow, request.Tenant, invoice)
	}
	if err != nil {
		return repository.Acceptance{}, err
	}
	a := s.newAcceptance(request, &taxpayer, faktur.Document{Kind: faktur.KindInvoice,
		Reference: invoice.Reference, Counterpart: invoice.Buyer.IDNumber,
		UploadDeadline: faktur.UploadDeadline(invoice.Date, taxpayer.Channel, taxpayer.Settings.UploadDeadlines)})
	a.ContentHash = faktur.ContentHash(invoice)
	a.Stored.Content, a.Stored.Assessment = filed, assessment
	return a, a.Encode()
}

// newAcceptance begins the life of a document, of which d says what it is.
func (s *Service) newAcceptance(request Request, taxpayer *faktur.Taxpayer, d faktur.Document) repository.Acceptance {
	now := s.Now()
	d.ID, d.Tenant, d.Livemode = s.NewID(), request.Tenant, taxpayer.Livemode
	d.Channel, d.TaxpayerNPWP = taxpayer.Channel, taxpayer.NPWP
	d.Status, d.Attempt, d.CreatedAt = faktur.Queued, 1, now
	d.Work.StatusSince = now
	s.queueUp(&d, now)
	a := repository.Acceptance{Event: d.Tell(d.Event("queued"), "", now), TaxpayerVersion: taxpayer.Version, Request: request}
	a.Stored.Document = d
	return a
}

// queueUp gives a document its place in the queue.
func (s *Service) queueUp(d *faktur.Document, now time.Time) {
	d.Work.TurnAt = s.turns.next(repository.TaxpayerKey{Tenant: d.Tenant, NPWP: d.TaxpayerNPWP}, now)
	d.Work.DueAt = time.Time{}
	d.Work.LeaveBy = leaveBy(d.UploadDeadline, now)
}

// leaveBy orders the queue. What is late already has nothing to lose by
// waiting for what is not.
func leaveBy(deadline faktur.Date, now time.Time) time.Time {
	if end := deadline.EndOfDay(); end.After(now) {
		return end
	}
	return now.AddDate(1, 0, 0)
}
