package service

import (
	"context"
	"fmt"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
)

// changeTries is how often a person's change is tried anew when a worker moved
// the document between our look and our save.
const changeTries = 5

var errStale = faktur.NewError(faktur.KindStale, "stale",
	"The document has changed since the version that If-Match names. Read it again, and decide again.")

// change reads a document, lets do make a step of it, and saves the step. do
// gives a step without events when there is nothing to do.
func (s *Service) change(ctx context.Context, tenant, id string, do func(*repository.Stored) (repository.Step, error)) (faktur.StoredInvoice, error) {
	for range changeTries {
		stored, err := s.DB.Stored(ctx, tenant, id)
		if err != nil {
			return faktur.StoredInvoice{}, translate(err, "invoice")
		}
		step, err := do(&stored)
		if err != nil {
			return faktur.StoredInvoice{}, err
		}
		if len(step.Events) == 0 {
			return shown(&stored), nil
		}
		saved, err := s.DB.Save(ctx, repository.Fence{}, []repository.Step{step})
		if err != nil {
			return faktur.StoredInvoice{}, translate(err, "invoice")
		}
		if saved[id] {
			s.queued.ring()
			s.grown()
			stored.Document = step.Document
			return shown(&stored), nil
		}
	}
	return faktur.StoredInvoice{}, errMoving
}

var errMoving = &faktur.Error{Kind: faktur.KindBusy, Code: "document_moving",
	Detail: "The document changes at this very moment. Try again.", RetryAfter: time.Second}

// Reupload hands a Saved Invalid document over again, with another signer when
// one is named.
func (s *Service) Reupload(ctx context.Context, tenant, id, signer string) (faktur.StoredInvoice, error) {
	return s.change(ctx, tenant, id, func(stored *repository.Stored) (repository.Step, error) {
		step := repository.Step{Document: stored.Document, From: stored.Document.Sequence}
		if err := s.checkSigner(ctx, tenant, stored.Document.TaxpayerNPWP, signer); err != nil {
			return step, err
		}
		if stored.Document.Status != faktur.SavedInvalid {
			return step, notNow(&stored.Document, "uploaded again")
		}
		if err := s.mayUploadAgain(ctx, &stored.Document); err != nil {
			return step, err
		}
		event, err := s.requeue(&step.Document, signer)
		step.Events = []faktur.Event{event}
		return step, err
	})
}

// requeue begins the next attempt of a Saved Invalid document.
func (s *Service) requeue(d *faktur.Document, signer string) (faktur.Event, error) {
	now := s.Now()
	d.Attempt++
	s.queueUp(d, now)
	return d.Apply(faktur.Change{To: faktur.Queued, Signer: signer, At: now})
}

// notNow says why a document may not be changed in its status, and what to do.
func notNow(d *faktur.Document, what string) error {
	e := &faktur.Error{Kind: faktur.KindConflict, DocumentID: d.ID, DocumentStatus: d.Status}
	switch d.Status {
	case faktur.SigningInProgress:
		e.Code, e.Detail = "signing_in_progress", "It is Signing In Progress, and can be neither uploaded again nor cancelled. "+
			"DJP's advice is to wait: it becomes Approved, or Saved Invalid, and only then it can be corrected and uploaded again. The gateway keeps asking."
	case faktur.Submitting:
		e.Code, e.Detail = "submission_unknown", "It was handed over, and whether it arrived is not known yet. "+
			"The gateway looks it up before anything else happens; try again when its status has changed."
	case faktur.Approved:
		e.Code, e.Detail = "transition_not_allowed", "It is approved, and cannot be "+what+". Replace it (POST /invoices/"+d.ID+"/replace), or cancel it."
	default:
		e.Code, e.Detail = "transition_not_allowed", fmt.Sprintf("A document that is %s cannot be %s.", d.Status, what)
	}
	return e
}

// Correct replaces the content of a document that is queued or Saved Invalid;
// seller and reference stay. ifMatch is the sequence that the caller has seen,
// 0 when that does not matter. With reupload it is handed over again at once.
func (s *Service) Correct(ctx context.Context, tenant, id string, content faktur.TaxInvoice, ifMatch int64, reupload bool) (faktur.StoredInvoice, error) {
	for range changeTries {
		stored, err := s.DB.Stored(ctx, tenant, id)
		if err != nil {
			return faktur.StoredInvoice{}, translate(err, "invoice")
		}
		if ifMatch != 0 && ifMatch != stored.Document.Sequence {
			return faktur.StoredInvoice{}, errStale
		}
		before := stored.Document.Sequence
		step, hash, err := s.correction(ctx, &stored, content, reupload)
		if err != nil || len(step.Events) == 0 {
			return shown(&stored), err
		}
		saved, err := s.DB.SaveCorrection(ctx, step, stored, hash)
		if err != nil {
			return faktur.StoredInvoice{}, translate(err, "invoice")
		}
		if saved {
			s.queued.ring()
			s.grown()
			stored.Document = step.Document
			return shown(&stored), nil
		}
		if ifMatch == before {
			return faktur.StoredInvoice{}, errStale
		}
	}
	return faktur.StoredInvoice{}, errMoving
}

// correction checks a new content, puts it into stored, and makes the step. A
// content that changes nothing makes no event of its own.
func (s *Service) correction(ctx context.Context, stored *repository.Stored, content faktur.TaxInvoice, reupload bool) (repository.Step, string, error) {
	d := stored.Document
	step := repository.Step{Document: d, From: d.Sequence}
	if !d.Status.Correctable() {
		return step, "", notNow(&d, "corrected")
	}
	if err := sameIdentity(stored, &content); err != nil {
		return step, "", err
	}
	content = faktur.Given(content, stored.Content, stored.Assessment)
	hash := faktur.ContentHash(content) // of what the ERP sent, as at its POST
	taxpayer, content, assessment, err := s.assess(ctx, d.Tenant, content)
	if err != nil {
		return step, "", err
	}
	if faktur.ContentHash(content) != faktur.ContentHash(stored.Content) {
		step.Document.UploadDeadline = faktur.UploadDeadline(content.Date, taxpayer.Channel, taxpayer.Settings.UploadDeadlines)
		step.Document.Counterpart = content.Buyer.IDNumber
		step.Document.Work.LeaveBy = leaveBy(step.Document.UploadDeadline, s.Now())
		step.Events = append(step.Events, step.Document.Tell(faktur.EventCorrected, d.Status, s.Now()))
		stored.Content, stored.Assessment = content, assessment
	}
	if reupload && d.Status == faktur.SavedInvalid {
		if err := s.mayUploadAgain(ctx, &d); err != nil {
			return step, "", err
		}
		event, err := s.requeue(&step.Document, "")
		if err != nil {
			return step, "", err
		}
		step.Events = append(step.Events, event)
	}
	return step, hash, nil
}

// sameIdentity holds that a correction is of the same document.
func sameIdentity(stored *repository.Stored, content *faktur.TaxInvoice) error {
	var faults []faktur.Fault
	if content.Reference != stored.Content.Reference {
		faults = append(faults, faktur.Fault{Pointer: "/reference", Code: "reference_fixed",
			Message: "The reference stays " + stored.Content.Reference + ". Cancel this document and post a new one for another reference."})
	}
	if content.Seller.NPWP != stored.Content.Seller.NPWP {
		faults = append(faults, faktur.Fault{Pointer: "/seller/npwp", Code: "seller_fixed",
			Message: "The seller stays " + stored.Content.Seller.NPWP + ". Cancel this document and post a new one for another seller."})
	}
	return faktur.Invalid(faults)
}
