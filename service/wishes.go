package service

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
)

// wishLast is how long a channel is asked for what is wished of it. Neither DJP
// nor any provider names a time, so this is an assumption.
const wishLast = 7 * 24 * time.Hour

// cancelWished is the step that asks a channel to cancel one document that
// somebody wants cancelled, and adopts the answer. A crash at any point leaves
// the wish, and to ask again is harmless. It says whether more may be due.
func (c *channel) cancelWished(ctx context.Context) (bool, error) {
	part, description, ok := c.part(ctx)
	if !ok {
		return false, nil
	}
	s := c.service
	documents, err := s.DB.Wishing(ctx, part, faktur.WishCancel, s.Now(), 1)
	if err != nil || len(documents) == 0 {
		return false, err
	}
	canceller, can := c.Channel.(adapter.Canceller)
	if !can || !description.Capabilities.Cancel {
		return true, s.settle(ctx, part, documents, func(_ int, d *faktur.Document) ([]faktur.Event, error) {
			return s.refuseWish(d, cannotCancel(d)), nil
		})
	}
	if !c.mayAsk(description, len(part.Shards)) {
		return false, nil
	}
	return c.askToCancel(ctx, part, description, canceller, documents)
}

func (c *channel) askToCancel(ctx context.Context, part repository.Part, description adapter.Description, canceller adapter.Canceller, documents []faktur.Document) (bool, error) {
	s := c.service
	question, err := s.question(ctx, &documents[0], description)
	if err != nil {
		return false, err
	}
	signer, err := s.signerFor(ctx, &documents[0])
	if err != nil {
		return false, err
	}
	callCtx, cancel := context.WithTimeout(ctx, s.CallTimeout)
	defer cancel()
	asked := s.Now()
	outcome, err := canceller.Cancel(callCtx, adapter.Cancellation{Question: question, Livemode: part.Livemode, Signer: signer})
	s.called(c.Channel, "cancel", asked, err)
	if err != nil {
		c.failed(err)
		outcome = adapter.Outcome{}
		err = fmt.Errorf("cancel %s on %s: %w", question.ClientID, c.Name(), err)
	} else {
		c.succeeded()
	}
	settled := s.settle(ctx, part, documents, func(_ int, d *faktur.Document) ([]faktur.Event, error) {
		return s.cancelAnswered(d, outcome, asked)
	})
	if err = errors.Join(err, settled); err != nil {
		return false, err
	}
	return true, nil
}

// cancelAnswered is the verdict on a document whose cancellation was asked for.
func (s *Service) cancelAnswered(d *faktur.Document, o adapter.Outcome, asked time.Time) ([]faktur.Event, error) {
	if d.Status != faktur.Approved || d.Wish != faktur.WishCancel {
		return nil, nil // it was settled in another way meanwhile
	}
	switch {
	case o.Certainty != adapter.Known || o.Status == "":
		s.adoptWord(d, o)
		return s.stillWished(d, &faktur.Reason{Code: "cancellation_unanswered", Action: faktur.ActionContactSupport, Origin: faktur.OriginGateway,
			Message: "The channel was asked for a week and gave no answer. Look in the Coretax portal whether it is cancelled; a status import adopts it."}), nil
	case !d.Status.CanBecome(o.Status):
		s.adoptWord(d, o)
		return s.refuseWish(d, orReason(o.Reason, &faktur.Reason{Code: "cannot_cancel", Action: faktur.ActionContactSupport, Origin: faktur.OriginChannel,
			Message: "The channel did not cancel it and does not say why."})), nil
	}
	return s.adoptKnown(d, o, asked)
}

// amendWished is the step that asks how originals fare whose replacement is
// approved, until the tax system shows them as amended or as waiting for the
// buyer.
func (c *channel) amendWished(ctx context.Context) (bool, error) {
	part, description, ok := c.part(ctx)
	if !ok {
		return false, nil
	}
	s := c.service
	documents, err := s.DB.Wishing(ctx, part, faktur.WishAmend, s.Now(), description.MaxBatch)
	if err != nil || len(documents) == 0 || !c.mayAsk(description, len(part.Shards)) {
		return false, err
	}
	return c.ask(ctx, part, description, documents, c.caller.Status, s.amendAnswered)
}

// amendAnswered is the verdict on an original whose replacement is approved.
func (s *Service) amendAnswered(d *faktur.Document, o adapter.Outcome, asked time.Time) ([]faktur.Event, error) {
	if d.Status != faktur.Approved || d.Wish != faktur.WishAmend {
		return nil, nil // it was settled in another way meanwhile
	}
	if o.Certainty == adapter.Known {
		events, err := s.adoptKnown(d, o, asked)
		if err != nil || len(events) > 0 {
			return events, err
		}
	}
	return s.stillWished(d, &faktur.Reason{Code: "amendment_unseen", Action: faktur.ActionContactSupport, Origin: faktur.OriginGateway,
		Message: "Its replacement has been approved for a week, and the tax system still shows this one as approved. Look in the Coretax portal which of the two is in force; a status import adopts it."}), nil
}

// stillWished puts the next question off, further as time passes; after wishLast
// it gives up, for the reason given.
func (s *Service) stillWished(d *faktur.Document, why *faktur.Reason) []faktur.Event {
	now := s.Now()
	age := now.Sub(d.UpdatedAt) // since the event that told of the wish
	if age >= wishLast {
		return s.refuseWish(d, why)
	}
	d.Work.DueAt = now.Add(min(max(age/4, s.PollMin), s.PollMax))
	return nil
}

// refuseWish ends a wish that does not come true: the document stays approved.
func (s *Service) refuseWish(d *faktur.Document, why *faktur.Reason) []faktur.Event {
	name := "cancellation_refused"
	if d.Wish == faktur.WishAmend {
		name = "amendment_refused"
	}
	d.Wish, d.Reason = "", why
	return []faktur.Event{d.Tell(d.Event(name), d.Status, s.Now())}
}

func orReason(given, otherwise *faktur.Reason) *faktur.Reason {
	if given == nil {
		return otherwise
	}
	return given
}
