package service

import (
	"context"
	"slices"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
)

// mendBatch is how many documents one step of mend looks at.
const mendBatch = 100

// The pauses between looks for another signer of a document that has none.
const (
	mendPauseFirst = time.Second
	mendPauseLast  = 5 * time.Minute
)

// wishMend notes on a document that is Saved Invalid for its signer that it
// shall be uploaded again by itself, where its taxpayer wants that and it has
// attempts left (faktur.Settings.AutoReupload).
func (s *Service) wishMend(ctx context.Context, d *faktur.Document) error {
	wanted, err := s.mayMend(ctx, d)
	if err != nil || !wanted {
		return err
	}
	d.Wish, d.Work.DueAt = faktur.WishMend, s.Now()
	return nil
}

func (s *Service) mayMend(ctx context.Context, d *faktur.Document) (bool, error) {
	seller, err := s.seller(ctx, d.Tenant, d.TaxpayerNPWP)
	policy := seller.Settings.AutoReupload
	return err == nil && policy != nil && d.Attempt < policy.MaxAttempts, err
}

// mend is the step that uploads again, with the next signer, what failed for its
// signer. Re-uploads of a taxpayer still go one by one. What has no other signer
// waits until there is one.
func (c *channel) mend(ctx context.Context) (bool, error) {
	part, _, ok := c.part(ctx)
	if !ok {
		return false, nil
	}
	s := c.service
	documents, err := s.DB.ToMend(ctx, part, s.Now(), mendBatch)
	if err != nil || len(documents) == 0 {
		return false, err
	}
	signers, err := s.DB.SignersOf(ctx, documents)
	if err != nil {
		return false, err
	}
	var steps []repository.Step
	var later []faktur.Document
	for _, d := range documents {
		step, wait, err := s.mended(ctx, d, signers)
		if err != nil {
			return false, err
		}
		if wait > 0 {
			d.Work.DueAt = s.Now().Add(wait)
			later = append(later, d)
			continue
		}
		steps = append(steps, step)
	}
	fence, err := repository.FenceFor(string(part.Channel), part.Shards, documents)
	if err != nil {
		return false, err
	}
	if err := s.DB.PutOff(ctx, fence, later); err != nil {
		return false, err
	}
	_, err = s.save(ctx, fence, steps) // what moved meanwhile is looked at again
	s.queued.ring()
	s.grown()
	return len(documents) == mendBatch, err
}

// mended makes the next attempt of a document, or says how long to wait for
// another signer. A policy that has been taken back leaves the document as it is.
func (s *Service) mended(ctx context.Context, d faktur.Document, signers []faktur.Signer) (repository.Step, time.Duration, error) {
	step := repository.Step{Document: d, From: d.Sequence}
	wanted, err := s.mayMend(ctx, &d)
	if err != nil {
		return step, 0, err
	}
	if !wanted {
		step.Document.Wish = ""
		return step, 0, nil
	}
	next := nextSigner(signers, &d)
	if next == "" {
		return step, min(max(s.Now().Sub(d.Work.StatusSince)/2, mendPauseFirst), mendPauseLast), nil
	}
	event, err := s.requeue(&step.Document, next)
	step.Events = []faktur.Event{event}
	return step, 0, err
}

// nextSigner is the signer after the one who failed, by priority and from the
// first again, who is not paused; "" when there is none but that one. signers
// are in the order of their priority.
func nextSigner(signers []faktur.Signer, d *faktur.Document) string {
	var ids []string
	failed := -1
	for i := range signers {
		s := &signers[i]
		if s.Tenant != d.Tenant || s.TaxpayerNPWP != d.TaxpayerNPWP {
			continue
		}
		switch {
		case s.ID == d.Signer:
			failed = len(ids)
		case !s.Paused():
			ids = append(ids, s.ID)
		}
	}
	if failed > 0 {
		ids = slices.Concat(ids[failed:], ids[:failed])
	}
	if len(ids) == 0 {
		return ""
	}
	return ids[0]
}
