package service

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
)

// Resolution is an operator's word on a document of unknown fate.
type Resolution struct {
	Filed bool   // it is in the tax system; otherwise it certainly is not
	NSFP  string // an invoice's number there, 17 digits (16 from the desktop application); "" when it has none yet
	// Approved: only of a return that is filed, whose number is the invoice's and
	// says nothing of its own approval.
	Approved bool
}

// Resolve takes an operator's word on an invoice that is submitting: filed under
// its number it is approved; filed without one it is in signing, and asked about
// again; not filed, it is queued and goes again under the same client id. The
// word is taken on a draft in the tax system, too: one that was deleted there is
// queued as another attempt. It is audited.
func (s *Service) Resolve(ctx context.Context, o Operator, id string, r Resolution) (faktur.StoredInvoice, error) {
	return invoiceOf(s.resolve(ctx, o, faktur.KindInvoice, id, r))
}

// ResolveReturn is Resolve of a return.
func (s *Service) ResolveReturn(ctx context.Context, o Operator, id string, r Resolution) (faktur.StoredReturn, error) {
	return returnOf(s.resolve(ctx, o, faktur.KindReturn, id, r))
}

func (s *Service) resolve(ctx context.Context, o Operator, kind faktur.Kind, id string, r Resolution) (repository.Stored, error) {
	if err := r.check(); err != nil {
		return repository.Stored{}, err
	}
	for range changeTries {
		stored, err := s.stored(ctx, o.Tenant, kind, id)
		if err != nil {
			return stored, err
		}
		step, err := s.resolution(&stored.Document, r)
		if err != nil {
			return stored, err
		}
		detail := fmt.Sprintf("%s: from %s to %s", strings.TrimSpace(stored.Document.Reference+" "+step.Document.NSFP), stored.Document.Status, step.Document.Status)
		saved, err := s.DB.Resolve(ctx, step, s.audited(o, string(kind)+".resolve", id, detail))
		if errors.Is(err, repository.ErrNSFPTaken) {
			return stored, &faktur.Error{Kind: faktur.KindConflict, Code: "nsfp_taken", DocumentID: id, DocumentStatus: stored.Document.Status,
				Detail: "Another invoice has the number " + r.NSFP + ". GET /invoices?nsfp=" + r.NSFP + " shows it. Compare the two in the Coretax portal."}
		}
		if err != nil {
			return stored, translate(err, string(kind))
		}
		if saved {
			s.queued.ring()
			s.grown()
			stored.Document = step.Document
			return stored, nil
		}
	}
	return repository.Stored{}, errMoving
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
	draft := d.Status == faktur.AwaitingUpload && !d.Channel.WritesFiles()
	if d.Status != faktur.Submitting && !draft {
		return step, &faktur.Error{Kind: faktur.KindConflict, Code: "not_submitting", DocumentID: d.ID, DocumentStatus: d.Status,
			Detail: "Only a document that is submitting, whose fate is not known, or a draft in the tax system is resolved. Look at its status again."}
	}
	if !r.Filed && s.unanswered(d) {
		return step, errUnanswered(d, s.handedOverBy(d).Sub(s.Now()))
	}
	now := s.Now()
	change := faktur.Change{To: faktur.Queued, At: now}
	due := time.Time{}
	switch {
	case r.NSFP != "", r.Approved:
		change.To, change.NSFP = faktur.Approved, r.NSFP
	case r.Filed:
		change.To, due = faktur.SigningInProgress, now
	case draft: // its client id and its receipt name what was deleted
		step.Document.Attempt++
		step.Document.Receipt = ""
	}
	event, err := step.Document.Apply(change)
	step.Document.Work.DueAt = due
	step.Events = []faktur.Event{event}
	return step, err
}

// unanswered says that a document's hand-over may be going on at this moment: it
// could be filed after the operator looked, and then once more.
func (s *Service) unanswered(d *faktur.Document) bool {
	return d.Status == faktur.Submitting && s.underWay(d) && !d.Work.DueAt.Before(s.handedOverBy(d))
}

func errUnanswered(d *faktur.Document, left time.Duration) error {
	return &faktur.Error{Kind: faktur.KindConflict, Code: "hand_over_under_way", DocumentID: d.ID, DocumentStatus: d.Status, RetryAfter: left,
		Detail: "Its hand-over has begun and has no answer yet. Look at its status again when the time in Retry-After has passed; if it is still submitting then, look in the tax system once more."}
}
