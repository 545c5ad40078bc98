package service

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
)

// Resolution is an operator's word on a document of unknown fate.
type Resolution struct {
	Filed bool   // it is in the tax system; otherwise it certainly is not
	NSFP  string // its number there, 17 digits (16 from the desktop application); "" when it has none yet
}

// Resolve takes an operator's word on an invoice that is submitting: filed under
// its number it is approved; filed without one it is in signing, and asked about
// again; not filed, it is queued and goes again under the same client id. It is
// audited.
func (s *Service) Resolve(ctx context.Context, o Operator, id string, r Resolution) (faktur.StoredInvoice, error) {
	if err := r.check(); err != nil {
		return faktur.StoredInvoice{}, err
	}
	for range changeTries {
		stored, err := s.stored(ctx, o.Tenant, faktur.KindInvoice, id)
		if err != nil {
			return faktur.StoredInvoice{}, err
		}
		step, err := s.resolution(&stored.Document, r)
		if err != nil {
			return faktur.StoredInvoice{}, err
		}
		detail := fmt.Sprintf("%s %s: from submitting to %s", stored.Document.Reference, step.Document.NSFP, step.Document.Status)
		saved, err := s.DB.Resolve(ctx, step, s.audited(o, "invoice.resolve", id, detail))
		if errors.Is(err, repository.ErrNSFPTaken) {
			return faktur.StoredInvoice{}, &faktur.Error{Kind: faktur.KindConflict, Code: "nsfp_taken", DocumentID: id, DocumentStatus: stored.Document.Status,
				Detail: "Another invoice has the number " + r.NSFP + ". GET /invoices?nsfp=" + r.NSFP + " shows it. Compare the two in the Coretax portal."}
		}
		if err != nil {
			return faktur.StoredInvoice{}, translate(err, "invoice")
		}
		if saved {
			s.queued.ring()
			s.grown()
			stored.Document = step.Document
			return shown(&stored), nil
		}
	}
	return faktur.StoredInvoice{}, errMoving
}

func (r Resolution) check() error {
	if r.NSFP == "" {
		return nil
	}
	nsfp, err := faktur.ParseNSFP(r.NSFP)
	switch {
	case !r.Filed:
		return faktur.Invalid([]faktur.Fault{{Pointer: "/nsfp", Code: "nsfp_not_allowed", Message: "What was not filed has no NSFP. Leave nsfp out, or send the outcome filed."}})
	case err != nil || nsfp.String() != r.NSFP:
		return faktur.Invalid([]faktur.Fault{{Pointer: "/nsfp", Code: "nsfp_malformed", Message: "nsfp must be the 17 digits of the number (16 from the desktop application), without points and dashes."}})
	}
	return nil
}

// resolution makes the step of an operator's word.
func (s *Service) resolution(d *faktur.Document, r Resolution) (repository.Step, error) {
	step := repository.Step{Document: *d, From: d.Sequence}
	if d.Status != faktur.Submitting {
		return step, &faktur.Error{Kind: faktur.KindConflict, Code: "not_submitting", DocumentID: d.ID, DocumentStatus: d.Status,
			Detail: "Only a document that is submitting, whose fate is not known, is resolved. Look at its status again."}
	}
	now := s.Now()
	change := faktur.Change{To: faktur.Queued, At: now}
	due := time.Time{}
	if r.Filed {
		change.To, due = faktur.SigningInProgress, now
	}
	if r.NSFP != "" {
		change.To, change.NSFP = faktur.Approved, r.NSFP
	}
	event, err := step.Document.Apply(change)
	step.Document.Work.DueAt = due
	step.Events = []faktur.Event{event}
	return step, err
}
