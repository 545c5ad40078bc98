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
func (s *Service) change(ctx context.Context, tenant string, kind faktur.Kind, id string, do func(*repository.Stored) (repository.Step, error)) (repository.Stored, error) {
	for range changeTries {
		stored, err := s.stored(ctx, tenant, kind, id)
		if err != nil {
			return stored, err
		}
		step, err := do(&stored)
		if err != nil || len(step.Events) == 0 {
			return stored, err
		}
		saved, err := s.save(ctx, repository.Fence{}, []repository.Step{step})
		if err != nil {
			return stored, translate(err, string(kind))
		}
		if saved[id] {
			s.queued.ring()
			s.grown()
			stored.Document = step.Document
			return stored, nil
		}
	}
	return repository.Stored{}, errMoving
}

var errMoving = &faktur.Error{Kind: faktur.KindBusy, Code: "document_moving",
	Detail: "The document changes at this very moment. Try again.", RetryAfter: time.Second}

// Reupload hands a Saved Invalid invoice over again, with another signer when
// one is named.
func (s *Service) Reupload(ctx context.Context, tenant, id, signer string) (faktur.StoredInvoice, error) {
	return invoiceOf(s.reupload(ctx, tenant, faktur.KindInvoice, id, signer))
}

func (s *Service) reupload(ctx context.Context, tenant string, kind faktur.Kind, id, signer string) (repository.Stored, error) {
	return s.change(ctx, tenant, kind, id, func(stored *repository.Stored) (repository.Step, error) {
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
			"DJP's advice is to wait: it becomes Approved, or Saved Invalid, and only then it can be corrected and uploaded again. "+follows(d)
	case faktur.Submitting:
		e.Code, e.Detail = "submission_unknown", "It was handed over, and whether it arrived is not known yet. "+follows(d)+" Try again when its status has changed."
	case faktur.Approved:
		e.Code, e.Detail = "transition_not_allowed", "It is approved, and cannot be "+what+". Replace it (POST "+d.Path()+"/replace), or cancel it."
		if d.Kind == faktur.KindReturn {
			e.Detail = "It is approved, and cannot be " + what + ". Cancel it (POST " + d.Path() + "/cancel)."
		}
	case faktur.AwaitingUpload:
		e.Code, e.Detail = "transition_not_allowed", "It cannot be "+what+": "+atHand(d)
	case faktur.AmendmentPending, faktur.CancellationPending:
		e.Code, e.Detail = "transition_not_allowed", fmt.Sprintf("It is %s, and cannot be %s: its buyer has to agree or refuse in Coretax first. "+
			"The gateway keeps asking, where the channel tells; otherwise the next status import adopts it.", d.Status, what)
	case faktur.Amended:
		e.Code, e.Detail = "transition_not_allowed", "It was replaced, and cannot be "+what+". GET "+d.Path()+"/chain names the one in force."
	default:
		e.Code, e.Detail = "transition_not_allowed", fmt.Sprintf("A document that is %s cannot be %s.", d.Status, what)
	}
	return e
}

// follows says how the gateway learns what becomes of a document that is under way.
func follows(d *faktur.Document) string {
	if d.Channel.WritesFiles() {
		return "Nobody can be asked on channel " + string(d.Channel) + ": export the list in the portal and send it to POST /taxpayers/" + d.TaxpayerNPWP + "/status-imports."
	}
	return "The gateway keeps asking."
}

// atHand says who has a document that awaits its upload, and what ends that.
func atHand(d *faktur.Document) string {
	if d.Channel.WritesFiles() {
		return "it waits in a file (GET /taxpayers/" + d.TaxpayerNPWP + "/files). Say what became of the file, or cancel the document while nobody has downloaded it."
	}
	return "it is a draft in the tax system. A person signs it there, and the gateway follows it; " +
		"or deletes it there, and an operator says so: POST " + d.Path() + "/resolve with the outcome not_filed."
}

// Correct replaces the content of an invoice that is queued or Saved Invalid;
// seller and reference stay. ifMatch is the sequence that the caller has seen,
// 0 when that does not matter. With reupload it is handed over again at once.
func (s *Service) Correct(ctx context.Context, tenant, id string, content faktur.TaxInvoice, ifMatch int64, reupload bool) (faktur.StoredInvoice, error) {
	return invoiceOf(s.correct(ctx, tenant, faktur.KindInvoice, id, ifMatch, func(stored *repository.Stored) (repository.Step, string, error) {
		return s.correction(ctx, stored, content, reupload)
	}))
}

// correct reads a document, lets correction put the new content into it and give the
// step and the content's hash, and saves both.
func (s *Service) correct(ctx context.Context, tenant string, kind faktur.Kind, id string, ifMatch int64,
	correction func(*repository.Stored) (repository.Step, string, error)) (repository.Stored, error) {
	for range changeTries {
		stored, err := s.stored(ctx, tenant, kind, id)
		if err != nil {
			return stored, err
		}
		if ifMatch != 0 && ifMatch != stored.Document.Sequence {
			return stored, errStale
		}
		before := stored.Document.Sequence
		step, hash, err := correction(&stored)
		if err != nil || len(step.Events) == 0 {
			return stored, err
		}
		saved, err := s.DB.SaveCorrection(ctx, step, stored, hash)
		if err != nil {
			return stored, translate(err, string(kind))
		}
		if saved {
			s.traceSteps(ctx, []repository.Step{step}, map[string]bool{id: true})
			s.queued.ring()
			s.grown()
			stored.Document = step.Document
			return stored, nil
		}
		if ifMatch == before {
			return stored, errStale
		}
	}
	return repository.Stored{}, errMoving
}

// correction checks a new content, puts it into stored, and makes the step. A
// content that changes nothing makes no event of its own.
func (s *Service) correction(ctx context.Context, stored *repository.Stored, content faktur.TaxInvoice, reupload bool) (repository.Step, string, error) {
	step, err := s.correctable(stored, identity{"/seller/npwp", "seller", content.Seller.NPWP, content.Reference})
	if err != nil {
		return step, "", err
	}
	if step.Document.ReplacesID != "" {
		if err := sameBuyer(stored, &content); err != nil {
			return step, "", err
		}
	}
	content = faktur.Given(content, stored.Content, stored.Assessment)
	hash := faktur.ContentHash(content) // of what the ERP sent, as at its POST
	taxpayer, content, assessment, err := s.assess(ctx, s.seller, step.Document.Tenant, content)
	if err != nil {
		return step, "", err
	}
	if faktur.ContentHash(content) != faktur.ContentHash(stored.Content) {
		if step.Document.ReplacesID == "" { // a replacement has none
			step.Document.SetUploadDeadline(faktur.UploadDeadline(content.Date, taxpayer.Channel, taxpayer.Settings.UploadDeadlines))
		}
		step.Document.Counterpart = content.Buyer.IDNumber
		step.Document.Work.LeaveBy = leaveBy(step.Document.UploadDeadline, s.Now())
		s.corrected(&step)
		stored.Content, stored.Assessment = content, assessment
	}
	return step, hash, s.goesAgain(ctx, &step, reupload)
}

// correctable begins the correction of a document that may be corrected now.
func (s *Service) correctable(stored *repository.Stored, of identity) (repository.Step, error) {
	step := repository.Step{Document: stored.Document, From: stored.Document.Sequence}
	if !stored.Document.Status.Correctable() {
		return step, notNow(&stored.Document, "corrected")
	}
	return step, of.holds(&stored.Document)
}

// corrected tells of a new content.
func (s *Service) corrected(step *repository.Step) {
	d := &step.Document
	step.Events = append(step.Events, d.Tell(d.Event("corrected"), d.Status, s.Now()))
}

// goesAgain hands a Saved Invalid document over again when that is wanted.
func (s *Service) goesAgain(ctx context.Context, step *repository.Step, reupload bool) error {
	if !reupload || step.Document.Status != faktur.SavedInvalid {
		return nil
	}
	if err := s.mayUploadAgain(ctx, &step.Document); err != nil {
		return err
	}
	event, err := s.requeue(&step.Document, "")
	step.Events = append(step.Events, event)
	return err
}

// identity is what a correction may not change: whose document it is, as its
// content names it, and its reference.
type identity struct{ pointer, role, npwp, reference string }

// holds that a correction is of the same document.
func (of identity) holds(d *faktur.Document) error {
	var faults []faktur.Fault
	if of.reference != d.Reference {
		faults = append(faults, faktur.Fault{Pointer: "/reference", Code: "reference_fixed",
			Message: "The reference stays " + d.Reference + ". Cancel this document and post a new one for another reference."})
	}
	if of.npwp != d.TaxpayerNPWP {
		faults = append(faults, faktur.Fault{Pointer: of.pointer, Code: of.role + "_fixed",
			Message: "The " + of.role + " stays " + d.TaxpayerNPWP + ". Cancel this document and post a new one for another " + of.role + "."})
	}
	return faktur.Invalid(faults)
}
