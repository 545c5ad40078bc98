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

// Accepted is the answer to an invoice that is in our care.
type Accepted struct {
	DocumentID string
	Body       []byte // JSON of faktur.StoredInvoice, as it was first answered
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
	taxpayer, filed, assessment, err := s.assess(ctx, tenant, invoice)
	if err != nil {
		return faktur.Preview{}, err
	}
	deadline := faktur.UploadDeadline(invoice.Date, taxpayer.Channel, taxpayer.Settings.UploadDeadlines)
	return faktur.NewPreview(filed, &assessment, deadline), nil
}

// assess checks an invoice under its seller's registration and gives it as it
// is filed, with DJP's codes in the place of the ERP's own. All faults come back
// at once, that of an unregistered seller among them.
func (s *Service) assess(ctx context.Context, tenant string, invoice faktur.TaxInvoice) (faktur.Taxpayer, faktur.TaxInvoice, faktur.Assessment, error) {
	var unregistered []faktur.Fault
	var taxpayer faktur.Taxpayer
	err := repository.ErrNotFound // what is no NPWP is not looked for: PostgreSQL would refuse a NUL in it
	if faktur.ValidNPWP(invoice.Seller.NPWP) {
		taxpayer, err = s.seller(ctx, tenant, invoice.Seller.NPWP)
	}
	if errors.Is(err, repository.ErrNotFound) {
		taxpayer.Channel = faktur.ChannelPJAP
		if faktur.ValidNPWP(invoice.Seller.NPWP) {
			unregistered = []faktur.Fault{{Pointer: "/seller/npwp", Code: "seller_not_registered",
				Message: fmt.Sprintf("The seller %s is not registered. Register it first: PUT /taxpayers/%s.", invoice.Seller.NPWP, invoice.Seller.NPWP)}}
		}
	} else if err != nil {
		return taxpayer, invoice, faktur.Assessment{}, translate(err, "taxpayer")
	}
	invoice = taxpayer.Settings.Filed(invoice)
	assessment, err := s.Rules.Assess(invoice, taxpayer.Settings, taxpayer.Channel, s.Now())
	if len(unregistered) == 0 {
		return taxpayer, invoice, assessment, err
	}
	refusal, isRefusal := errors.AsType[*faktur.Error](err)
	if err != nil && (!isRefusal || refusal.Kind != faktur.KindInvalid) {
		return taxpayer, invoice, assessment, err
	}
	if isRefusal {
		unregistered = append(unregistered, refusal.Faults...)
	}
	return taxpayer, invoice, assessment, faktur.Invalid(unregistered)
}

// Accept takes an invoice into our care. It answers after the commit.
func (s *Service) Accept(ctx context.Context, request Request, invoice faktur.TaxInvoice) (Accepted, error) {
	for range 3 {
		accepted, err := s.acceptOnce(ctx, request, invoice)
		if !errors.Is(err, repository.ErrTaxpayerChanged) {
			return accepted, translate(err, "invoice")
		}
		s.forgetSeller(request.Tenant, invoice.Seller.NPWP)
	}
	return Accepted{}, &faktur.Error{Kind: faktur.KindBusy, Code: "registration_changing",
		Detail: "The seller's registration is being changed at this moment. Try again.", RetryAfter: time.Second}
}

func (s *Service) acceptOnce(ctx context.Context, request Request, invoice faktur.TaxInvoice) (Accepted, error) {
	a, err := s.acceptance(ctx, request, invoice)
	if err != nil {
		return Accepted{}, err
	}
	pending, err := s.intake.enter(a)
	if err != nil {
		return Accepted{}, err
	}
	return pending.await(ctx)
}

// AcceptAll takes many invoices into our care; a bad one harms no other.
func (s *Service) AcceptAll(ctx context.Context, tenant string, invoices []faktur.TaxInvoice) []AcceptResult {
	results := make([]AcceptResult, len(invoices))
	entered := make([]*pendingAcceptance, len(invoices))
	for i := range invoices {
		a, err := s.acceptance(ctx, Request{Tenant: tenant}, invoices[i])
		if err == nil {
			entered[i], err = s.intake.enterWaiting(ctx, a)
		}
		results[i].Err = err
	}
	for i, pending := range entered {
		if pending == nil {
			continue
		}
		results[i].Accepted, results[i].Err = pending.await(ctx)
		if errors.Is(results[i].Err, repository.ErrTaxpayerChanged) {
			s.forgetSeller(tenant, invoices[i].Seller.NPWP)
			results[i].Accepted, results[i].Err = s.Accept(ctx, Request{Tenant: tenant}, invoices[i])
		}
		results[i].Err = translate(results[i].Err, "invoice")
	}
	return results
}

// acceptance makes the document of an invoice, ready to be stored.
func (s *Service) acceptance(ctx context.Context, request Request, invoice faktur.TaxInvoice) (repository.Acceptance, error) {
	taxpayer, filed, assessment, err := s.assess(ctx, request.Tenant, invoice)
	if err != nil {
		return repository.Acceptance{}, err
	}
	now := s.Now()
	d := faktur.Document{
		ID: s.NewID(), Tenant: request.Tenant, Kind: faktur.KindInvoice, Livemode: taxpayer.Livemode,
		Channel: taxpayer.Channel, TaxpayerNPWP: invoice.Seller.NPWP, Reference: invoice.Reference, Counterpart: invoice.Buyer.IDNumber,
		Status: faktur.Queued, Attempt: 1, CreatedAt: now,
		UploadDeadline: faktur.UploadDeadline(invoice.Date, taxpayer.Channel, taxpayer.Settings.UploadDeadlines),
	}
	d.Work.StatusSince = now
	s.queueUp(&d, now)
	a := repository.Acceptance{
		Event:       d.Tell(faktur.EventQueued, "", now),
		ContentHash: faktur.ContentHash(invoice), TaxpayerVersion: taxpayer.Version, Request: request,
	}
	a.Stored = repository.Stored{Document: d, Content: filed, Assessment: assessment}
	a.Answer, err = a.Stored.JSON()
	return a, err
}

// queueUp gives a document its place in the queue.
func (s *Service) queueUp(d *faktur.Document, now time.Time) {
	d.Work.TurnAt = s.turns.next(sellerKey{d.Tenant, d.TaxpayerNPWP}, now)
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
