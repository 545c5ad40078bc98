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

// handOver is the relay's step on a channel: pick what is due, mark it as
// submitting, submit it, and save what the tax system says. It says whether
// there was anything to do.
//
// The mark is committed before anything is sent, so that a crash at any point
// leaves documents of which it is known that their fate is not.
func (c *channel) handOver(ctx context.Context) (bool, error) {
	part, marked, err := c.pick(ctx)
	if err != nil || len(marked) == 0 {
		return false, err
	}
	documents := make([]faktur.Document, len(marked))
	batch := make([]adapter.Submission, len(marked))
	for i := range marked {
		documents[i] = marked[i].Document
		batch[i] = submission(&marked[i])
	}
	sent := c.service.Now()
	outcomes, err := c.submit(ctx, batch, documents[0].Work.StatusSince)
	if _, ok := errors.AsType[*adapter.NotSent](err); ok {
		return false, errors.Join(err, c.service.settle(ctx, part, documents, c.service.notSent))
	}
	if err != nil {
		return false, errors.Join(err, c.service.settle(ctx, part, documents, c.service.fateUnknown))
	}
	return true, c.service.settle(ctx, part, documents, func(i int, d *faktur.Document) ([]faktur.Event, error) {
		return c.service.adopt(d, outcomes[i], sent)
	})
}

var errMarkedTooLate = errors.New("marking the batch took so long that its lease may be over before the call is")

// submit hands over a batch that was marked at a moment. The call's time runs
// from there: when marking was slow, or the machine was suspended meanwhile, a
// call with time of its own would outlive the lease under which it was picked.
func (c *channel) submit(ctx context.Context, batch []adapter.Submission, marked time.Time) ([]adapter.Outcome, error) {
	left := c.service.CallTimeout - c.service.Now().Sub(marked)
	if left <= 0 {
		return nil, &adapter.NotSent{Cause: errMarkedTooLate}
	}
	ctx, cancel := context.WithTimeout(ctx, left)
	defer cancel()
	outcomes, err := c.Submit(ctx, batch)
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

// pick chooses a batch and marks it as submitting. What a person changed at the
// same moment is left out.
func (c *channel) pick(ctx context.Context) (repository.Part, []repository.Stored, error) {
	c.picking.Lock()
	defer c.picking.Unlock()
	part, description, ok := c.part(ctx)
	if !ok {
		return part, nil, nil
	}
	limit := c.batch(description)
	if limit == 0 {
		return part, nil, nil
	}
	s := c.service
	if !c.pickedAll {
		pause(ctx, gatherPause-s.Now().Sub(c.pickedAt))
	}
	waiting, err := s.waiting(ctx, part, limit)
	c.pickedAt, c.pickedAll = s.Now(), len(waiting) == limit
	if err != nil || len(waiting) == 0 {
		return part, nil, err
	}
	if c.batch(description) == 0 {
		return part, nil, nil // it failed since, and what came back must not go at once
	}
	marked, err := s.mark(ctx, part, waiting)
	return part, marked, err
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
func (s *Service) mark(ctx context.Context, part repository.Part, batch []repository.Stored) ([]repository.Stored, error) {
	documents := make([]faktur.Document, len(batch))
	steps := make([]repository.Step, len(batch))
	now := s.Now()
	for i, stored := range batch {
		steps[i] = repository.Step{Document: stored.Document, From: stored.Document.Sequence}
		event, err := steps[i].Document.Apply(faktur.Change{To: faktur.Submitting, At: now})
		if err != nil {
			return nil, err
		}
		// Should this process die, another looks it up when the lease and a call have passed.
		steps[i].Document.Work.DueAt = now.Add(s.Lease + s.CallTimeout)
		steps[i].Events = []faktur.Event{event}
		documents[i] = stored.Document
	}
	fence, err := repository.FenceFor(string(part.Channel), part.Shards, documents)
	if err != nil {
		return nil, err
	}
	saved, err := s.DB.Save(ctx, fence, steps)
	if err != nil {
		return nil, err
	}
	s.grown()
	var marked []repository.Stored
	for i, stored := range batch {
		if saved[stored.Document.ID] {
			stored.Document = steps[i].Document
			marked = append(marked, stored)
		}
	}
	return marked, nil
}

// submission is a document as it travels: its content with every amount that is filed.
func submission(s *repository.Stored) adapter.Submission {
	invoice := s.Content
	invoice.Lines = s.Assessment.Fill(invoice.Lines)
	return adapter.Submission{ClientID: s.Document.ClientID(), Livemode: s.Document.Livemode,
		SellerNPWP: s.Document.SellerNPWP, Reference: s.Document.Reference, Signer: s.Document.Signer,
		Invoice: invoice, Totals: s.Assessment.Totals}
}
