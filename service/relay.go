package service

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/fault"
	"github.com/fakturgate/fakturgate/repository"
)

// handOver is the relay's step on a channel: pick what is due, mark it as
// submitting, submit it, and save what the tax system says. It says whether
// there was anything to do.
//
// The mark is committed before anything is sent, so that a crash at any point
// leaves documents of which it is known that their fate is not.
func (c *channel) handOver(ctx context.Context) (bool, error) {
	part, marked, putOff, err := c.pick(ctx)
	if err != nil || len(marked) == 0 {
		return putOff, err
	}
	documents := make([]faktur.Document, len(marked))
	batch := make([]adapter.Submission, len(marked))
	for i := range marked {
		documents[i], batch[i] = marked[i].document, marked[i].submission
	}
	sent := c.service.Now()
	fault.Reached(fault.BeforeSend)
	outcomes, err := c.submit(ctx, batch, documents[0].Work.StatusSince)
	fault.Reached(fault.AfterSend)
	if _, ok := errors.AsType[*adapter.NotSent](err); ok {
		return false, errors.Join(err, c.service.settle(ctx, part, documents, c.service.notSent), c.service.followSellers(ctx, documents))
	}
	if err != nil {
		return false, errors.Join(err, c.service.settle(ctx, part, documents, c.service.fateUnknown))
	}
	for i := range batch {
		if signer := batch[i].Signer; signer != nil {
			hidePassphrases(&outcomes[i], signer.Passphrase)
		}
	}
	return true, c.service.settle(ctx, part, documents, func(i int, d *faktur.Document) ([]faktur.Event, error) {
		return c.service.adopt(d, outcomes[i], sent)
	})
}

// followSellers takes documents of which nothing arrived to the channel that their
// seller has moved to meanwhile; they would otherwise wait for one that is down.
func (s *Service) followSellers(ctx context.Context, documents []faktur.Document) error {
	var ids []string
	for _, d := range documents {
		seller, err := s.seller(ctx, d.Tenant, d.TaxpayerNPWP)
		if err != nil {
			return err
		}
		if seller.Channel != d.Channel {
			ids = append(ids, d.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return s.DB.FollowTaxpayers(ctx, ids)
}

var errMarkedTooLate = errors.New("marking the batch took so long that its lease may be over before the call is")

// submit hands over a batch that was marked at a moment. The call's time runs
// from there: when marking was slow, or the machine was suspended meanwhile, a
// call with time of its own would outlive the lease under which it was picked.
func (c *channel) submit(ctx context.Context, batch []adapter.Submission, marked time.Time) ([]adapter.Outcome, error) {
	left := c.service.CallTimeout - c.service.Now().Sub(marked)
	if left <= 0 {
		late := &adapter.NotSent{Cause: errMarkedTooLate}
		c.failed(late) // so that the next ones are smaller
		return nil, late
	}
	ctx, cancel := context.WithTimeout(ctx, left)
	defer cancel()
	outcomes, err := c.submitTakeable(ctx, batch)
	if err == nil && len(outcomes) != len(batch) {
		err = fmt.Errorf("channel %s answered %d outcomes for %d submissions", c.Name(), len(outcomes), len(batch))
	}
	if err != nil {
		c.failed(err)
		return nil, fmt.Errorf("hand over %d documents on %s: %w", len(batch), c.Name(), err)
	}
	c.succeeded()
	return outcomes, nil
}

// submitTakeable submits what the channel takes. What it says that it does not (its
// taxpayer was moved there meanwhile, or another connector stands there now) is
// refused here and never sent: a field that it does not know might have it
// refuse the whole batch.
func (c *channel) submitTakeable(ctx context.Context, batch []adapter.Submission) ([]adapter.Outcome, error) {
	c.mu.Lock()
	can := c.description.Capabilities
	c.mu.Unlock()
	refused := make(map[int]*faktur.Reason)
	for i := range batch {
		if why := untakeable(c.Name(), can, &batch[i]); why != nil {
			refused[i] = why
		}
	}
	if len(refused) == 0 {
		return c.caller.Submit(ctx, batch)
	}
	outcomes := make([]adapter.Outcome, len(batch))
	var takeable []adapter.Submission
	var places []int
	for i, sent := range batch {
		if why := refused[i]; why != nil {
			outcomes[i] = adapter.Outcome{Certainty: adapter.Known, Status: faktur.SavedInvalid, Reason: why}
			continue
		}
		takeable, places = append(takeable, sent), append(places, i)
	}
	if len(takeable) == 0 {
		return outcomes, nil
	}
	said, err := c.caller.Submit(ctx, takeable)
	if err != nil || len(said) != len(takeable) {
		return nil, err
	}
	for n, i := range places {
		outcomes[i] = said[n]
	}
	return outcomes, nil
}

// untakeable says why a channel does not take a submission; nil when it does.
func untakeable(name faktur.Channel, can adapter.Capabilities, sent *adapter.Submission) *faktur.Reason {
	var message string
	switch {
	case sent.Return != nil && !can.Returns:
		message = faktur.ReturnsNotOnChannel(name).Message
	case sent.Invoice.Payment.Parted() && !can.DownPayment:
		message = faktur.PaymentsNotOnChannel(name).Message
	case sent.ReplacesNSFP != "" && !can.Replace:
		return channelCannot(name, "replaced")
	default:
		return nil
	}
	return &faktur.Reason{Code: "channel_cannot", Action: faktur.ActionContactSupport, Origin: faktur.OriginGateway, Message: message}
}

// outgoing is a document on its way, and what its channel gets of it.
type outgoing struct {
	document   faktur.Document
	submission adapter.Submission
	trial      bool // it shows whether its signer's passphrase is right
}

// pick chooses a batch and marks it as submitting. What a person changed at the
// same moment is left out, and what waits for its signer is put off.
func (c *channel) pick(ctx context.Context) (part repository.Part, marked []outgoing, putOff bool, err error) {
	c.picking.Lock()
	defer c.picking.Unlock()
	part, description, ok := c.part(ctx)
	if !ok {
		return part, nil, false, nil
	}
	limit := c.batch(description)
	if limit == 0 {
		return part, nil, false, nil
	}
	s := c.service
	if !c.pickedAll {
		pause(ctx, gatherPause-s.Now().Sub(c.pickedAt))
	}
	waiting, err := s.waiting(ctx, part, limit)
	c.pickedAt, c.pickedAll = s.Now(), len(waiting) == limit
	if err != nil || len(waiting) == 0 {
		return part, nil, false, err
	}
	if c.batch(description) == 0 {
		return part, nil, false, nil // it failed since, and what came back must not go at once
	}
	batch, err := s.equip(ctx, waiting)
	if err != nil {
		return part, nil, false, err
	}
	marked, putOff, err = s.signAndMark(ctx, part, batch)
	return part, marked, putOff, err
}

// signAndMark marks what may go with its signer, and then puts off what waits
// for one: a trial that the others wait for must be under way.
func (s *Service) signAndMark(ctx context.Context, part repository.Part, batch []outgoing) (marked []outgoing, putOff bool, err error) {
	signed, waiting, err := s.sign(ctx, batch)
	if err != nil {
		return nil, false, err
	}
	if len(signed) > 0 {
		if marked, err = s.mark(ctx, part, signed); err != nil {
			return nil, false, err
		}
	}
	err = s.putOff(ctx, part, waiting)
	if err != nil && len(marked) > 0 {
		s.Logger.WarnContext(ctx, "what waits for its signer was not put off, and is picked again", "error", err)
		err = nil // what is marked must go
	}
	return marked, len(waiting) > 0, err
}

// gatherPause is the least time between two hand-overs that were not full: many
// small ones cost more than a few larger ones.
const gatherPause = 25 * time.Millisecond

// waiting gives re-uploads that may go now, then first uploads, up to limit in all.
func (s *Service) waiting(ctx context.Context, part repository.Part, limit int) ([]repository.Stored, error) {
	now := s.Now()
	again, err := s.DB.ToResubmit(ctx, part, now, now.Add(-s.ReuploadWait), (limit+1)/2)
	if err != nil {
		return nil, err
	}
	first, err := s.DB.ToSubmit(ctx, part, now, limit-len(again))
	return append(again, first...), err
}

// mark moves a batch to submitting, and leaves in it only what did move.
func (s *Service) mark(ctx context.Context, part repository.Part, batch []outgoing) ([]outgoing, error) {
	documents := make([]faktur.Document, len(batch))
	steps := make([]repository.Step, len(batch))
	now := s.Now()
	for i, out := range batch {
		documents[i] = out.document
		steps[i] = repository.Step{Document: out.document, From: out.document.Sequence}
		change := faktur.Change{To: faktur.Submitting, At: now}
		if out.submission.Signer != nil {
			change.Signer = out.submission.Signer.ID
		}
		if out.trial {
			steps[i].Signing, steps[i].SignedBy = faktur.SigningTried, change.Signer
		}
		event, err := steps[i].Document.Apply(change)
		if err != nil {
			return nil, err
		}
		// Should this process die, another looks it up when the lease and a call have passed.
		steps[i].Document.Work.DueAt = s.handedOverBy(&steps[i].Document)
		steps[i].Events = []faktur.Event{event}
	}
	fence, err := repository.FenceFor(string(part.Channel), part.Shards, documents)
	if err != nil {
		return nil, err
	}
	saved, err := s.save(ctx, fence, steps)
	if err != nil {
		return nil, err
	}
	s.grown()
	var marked []outgoing
	for i, out := range batch {
		if saved[out.document.ID] {
			out.document = steps[i].Document
			marked = append(marked, out)
		}
	}
	return marked, nil
}
