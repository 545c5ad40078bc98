package service

import (
	"context"
	"time"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
)

// cancelWait is how long Cancel waits for a channel's answer before it says
// that it is still under way.
const cancelWait = 2 * time.Second

// Cancel takes an invoice back: at once when the tax system does not hold it as
// approved; an approved one by asking its channel, which may take longer than
// this call: underWay then says that the channel has not answered yet, or that
// the buyer must agree first. Repeating it is no error.
func (s *Service) Cancel(ctx context.Context, tenant, id string) (invoice faktur.StoredInvoice, underWay bool, err error) {
	stored, underWay, err := s.cancel(ctx, tenant, faktur.KindInvoice, id)
	invoice, err = invoiceOf(stored, err)
	return invoice, underWay, err
}

func (s *Service) cancel(ctx context.Context, tenant string, kind faktur.Kind, id string) (stored repository.Stored, underWay bool, err error) {
	if stored, err = s.stored(ctx, tenant, kind, id); err != nil {
		return stored, false, err
	}
	if withdrawn, err := s.withdraw(ctx, tenant, id); err != nil {
		return stored, false, err
	} else if withdrawn {
		stored, err = s.stored(ctx, tenant, kind, id)
		return stored, false, err
	}
	stored, err = s.change(ctx, tenant, kind, id, func(stored *repository.Stored) (repository.Step, error) {
		return s.cancelStep(ctx, stored)
	})
	if d := &stored.Document; err != nil || d.Status != faktur.Approved {
		return stored, d.Status == faktur.CancellationPending, err
	}
	s.wished.ring()
	if _, err := s.awaitStatus(ctx, tenant, kind, id, stored.Document.Sequence, cancelWait); err != nil {
		return stored, true, err
	}
	if stored, err = s.stored(ctx, tenant, kind, id); err != nil {
		return stored, true, err
	}
	underWay = stored.Document.Wish == faktur.WishCancel || stored.Document.Status == faktur.CancellationPending
	return stored, underWay, nil
}

// cancelStep makes the step of a cancellation; one without events when it is
// done or under way already.
func (s *Service) cancelStep(ctx context.Context, stored *repository.Stored) (repository.Step, error) {
	d := &stored.Document
	step := repository.Step{Document: *d, From: d.Sequence}
	switch d.Status {
	case faktur.Cancelled, faktur.CancellationPending:
		return step, nil
	case faktur.Queued, faktur.SavedInvalid:
		event, err := step.Document.Apply(faktur.Change{To: faktur.Cancelled, At: s.Now()})
		step.Events = []faktur.Event{event}
		return step, err
	case faktur.Approved:
	default:
		return step, notNow(d, "cancelled")
	}
	if d.Wish == faktur.WishCancel {
		return step, nil
	}
	if err := s.replacementUnderWay(ctx, d); err != nil {
		return step, err
	}
	if !s.canCancel(ctx, d.Channel) {
		return step, &faktur.Error{Kind: faktur.KindConflict, Code: "channel_cannot", DocumentID: d.ID, DocumentStatus: d.Status,
			Detail: cannotCancel(d).Message}
	}
	step.Events = []faktur.Event{step.Document.Want(faktur.WishCancel, s.Now())}
	return step, nil
}

// replacementUnderWay refuses to cancel what is being replaced: the tax system
// would then refuse the replacement.
func (s *Service) replacementUnderWay(ctx context.Context, d *faktur.Document) error {
	if d.ReplacedByID == "" {
		return nil
	}
	replacement, err := s.DB.Document(ctx, d.Tenant, d.ReplacedByID)
	if err != nil {
		return translate(err, "invoice")
	}
	if !replacement.Status.Open() && d.Wish != faktur.WishAmend {
		return nil
	}
	return &faktur.Error{Kind: faktur.KindConflict, Code: "replacement_under_way", DocumentID: replacement.ID, DocumentStatus: replacement.Status,
		Detail: "A replacement of it is under way. Cancel the replacement first, or wait until it is done."}
}

// canCancel says whether a channel cancels what is approved. One that is out of
// reach just now counts as able: it is asked when it is back.
func (s *Service) canCancel(ctx context.Context, name faktur.Channel) bool {
	c := s.channelNamed(name)
	if c == nil {
		return false
	}
	if _, can := c.Channel.(adapter.Canceller); !can {
		return false
	}
	description, err := c.describe(ctx)
	return err != nil || description.Capabilities.Cancel
}

// cannotCancel says what a person does instead of a channel that cannot cancel d.
func cannotCancel(d *faktur.Document) *faktur.Reason {
	why := channelCannot(d.Channel, "cancelled")
	if d.Kind == faktur.KindReturn {
		why.Message = "The channel " + string(d.Channel) + " does not let an approved return be cancelled. A person cancels it in the Coretax portal, under returns of input tax; the next status import adopts what was done there."
	}
	return why
}

// channelCannot says what a person does instead of a channel that cannot.
func channelCannot(name faktur.Channel, what string) *faktur.Reason {
	message := "The channel " + string(name) + " does not let an approved invoice be " + what + "."
	if name == faktur.ChannelEfakturDesktop { // FACTS 6: ORTAX-DESK, DDTC-MIG
		message = "Since 8 November 2025 what DJP's desktop application replaces or cancels no longer reaches Coretax (it answers ETAX-API-10056)."
	}
	return &faktur.Reason{Code: "channel_cannot", Action: faktur.ActionContactSupport, Origin: faktur.OriginGateway,
		Message: message + " A person opens it in the Coretax portal under e-Faktur, Pajak Keluaran, where it can be " + what + "; the next status import adopts what was done there."}
}
