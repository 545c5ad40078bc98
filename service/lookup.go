package service

import (
	"context"
	"fmt"
	"time"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/fault"
	"github.com/fakturgate/fakturgate/repository"
)

// lookUp is the recovery's step on a channel: documents of unknown fate are
// looked up; what is found is adopted, and what is certainly absent goes again.
func (c *channel) lookUp(ctx context.Context) (bool, error) {
	part, description, ok := c.part(ctx)
	if !ok || !(description.Capabilities.LookUp || description.ResendHarmless) {
		return false, nil
	}
	question := c.caller.LookUp
	if !description.Capabilities.LookUp {
		question = nowhere // it need not be asked: a resend is harmless
	}
	if fault.Planted(fault.NoLookUp) {
		question, description.ResendHarmless = nowhere, true
	}
	documents, err := c.service.DB.ToLookUp(ctx, part, c.service.Now(), description.MaxBatch)
	if err != nil || len(documents) == 0 || !c.mayAsk(description, len(part.Shards)) {
		return false, err
	}
	return c.ask(ctx, part, description, documents, question, func(d *faktur.Document, o adapter.Outcome, asked time.Time) ([]faktur.Event, error) {
		if d.Status != faktur.Submitting || o.Certainty == adapter.Known || o.Certainty == adapter.Unknown {
			return c.service.adopt(d, o, asked)
		}
		if c.service.underWay(d) {
			return c.service.stillUnknown(d, nil)
		}
		if o.Certainty == adapter.NotTaken {
			return c.service.adopt(d, o, asked)
		}
		return c.absent(ctx, d, description, asked)
	})
}

// nowhere is the look-up of a channel that has none.
func nowhere(_ context.Context, questions []adapter.Question) ([]adapter.Outcome, error) {
	outcomes := make([]adapter.Outcome, len(questions))
	for i := range outcomes {
		outcomes[i].Certainty = adapter.Absent
	}
	return outcomes, nil
}

// poll is the step that asks how documents in the tax system's hands fare.
func (c *channel) poll(ctx context.Context) (bool, error) {
	part, description, ok := c.part(ctx)
	if !ok {
		return false, nil
	}
	if description.Changes {
		c.catchUpIn(part.Shards)
	}
	due := c.service.Now()
	if _, until := c.following(); until.After(due) {
		due = until
	}
	documents, err := c.service.DB.ToPoll(ctx, part, due, description.MaxBatch)
	if err != nil || len(documents) == 0 || !c.mayAsk(description, len(part.Shards)) {
		return false, err
	}
	return c.ask(ctx, part, description, documents, c.caller.Status, c.service.polled)
}

// judgement makes of an outcome, true at asked or later, what it means for a document.
type judgement func(d *faktur.Document, o adapter.Outcome, asked time.Time) ([]faktur.Event, error)

// ask puts one question about many documents, and settles what is answered. A
// question that fails says nothing about any of them. It says whether more may be due.
func (c *channel) ask(ctx context.Context, part repository.Part, description adapter.Description, documents []faktur.Document,
	question func(context.Context, []adapter.Question) ([]adapter.Outcome, error),
	judge judgement) (bool, error) {
	questions := make([]adapter.Question, len(documents))
	for i := range documents {
		var err error
		if questions[i], err = c.service.question(ctx, &documents[i], description); err != nil {
			return false, err
		}
	}
	callCtx, cancel := context.WithTimeout(ctx, c.service.CallTimeout)
	defer cancel()
	asked := c.service.Now()
	outcomes, err := question(callCtx, questions)
	if err == nil && len(outcomes) != len(questions) {
		err = fmt.Errorf("channel %s answered %d outcomes for %d questions", c.Name(), len(outcomes), len(questions))
	}
	if err != nil {
		c.failed(err)
		return false, err
	}
	c.succeeded()
	if err := c.service.hideTold(ctx, documents, outcomes); err != nil {
		return false, err
	}
	c.service.traceAnswers(ctx, documents, outcomes)
	return len(documents) == description.MaxBatch, c.settleAnswers(ctx, part, documents, outcomes, func(d *faktur.Document, o adapter.Outcome) ([]faktur.Event, error) {
		return judge(d, o, asked)
	})
}

// settleAnswers writes those documents narrowly of which nothing changed but
// when to ask again, and the others in full.
func (c *channel) settleAnswers(ctx context.Context, part repository.Part, documents []faktur.Document, outcomes []adapter.Outcome,
	judge func(*faktur.Document, adapter.Outcome) ([]faktur.Event, error)) error {
	var same, changed []faktur.Document
	outcomeOf := make(map[string]adapter.Outcome, len(documents))
	for i, before := range documents {
		outcomeOf[before.ID] = outcomes[i]
		after := before
		events, err := judge(&after, outcomes[i])
		if err != nil {
			return err
		}
		due := after.Work.DueAt
		if after.Work.DueAt = before.Work.DueAt; len(events) == 0 && after == before {
			after.Work.DueAt = due
			same = append(same, after)
		} else {
			changed = append(changed, before)
		}
	}
	fence, err := repository.FenceFor(string(part.Channel), part.Shards, same)
	if err != nil {
		return err
	}
	if err := c.service.DB.PutOff(ctx, fence, same); err != nil {
		return err
	}
	if len(changed) == 0 {
		return nil
	}
	return c.service.settle(ctx, part, changed, func(_ int, d *faktur.Document) ([]faktur.Event, error) {
		return judge(d, outcomeOf[d.ID])
	})
}

// absent decides about a document that a look-up did not find. It is certainly
// absent, and goes again under the same client id, when the channel recognises
// a resend, or when a second look-up of this process, at least the settle window
// after its first, finds nothing either. What counts is when they were asked:
// a process may sleep over an answer.
func (c *channel) absent(ctx context.Context, d *faktur.Document, description adapter.Description, asked time.Time) ([]faktur.Event, error) {
	s := c.service
	if description.ResendHarmless {
		return s.backToQueue(d, nil, time.Time{})
	}
	window, err := s.settleWindow(ctx, d)
	if err != nil {
		return nil, err
	}
	if d.Work.AbsentSince.IsZero() || d.Work.AbsentSince.After(asked) {
		d.Work.AbsentSince = asked
	}
	left := max(window-asked.Sub(c.absences.since(d, asked)), d.Work.AbsentSince.Add(window).Sub(asked))
	if left <= 0 {
		return s.backToQueue(d, nil, time.Time{})
	}
	if _, err := s.stillUnknown(d, nil); err != nil {
		return nil, err
	}
	if settled := asked.Add(left); settled.Before(d.Work.DueAt) {
		d.Work.DueAt = settled
	}
	return nil, nil
}

// underWay says whether the process that sent a document may still be at it: until
// the end of its lease and of one call. No look-up that finds it missing counts before.
func (s *Service) underWay(d *faktur.Document) bool {
	return s.Now().Before(s.handedOverBy(d))
}

// handedOverBy is when the hand-over of a submitting document is over, whatever
// became of the process at work on it.
func (s *Service) handedOverBy(d *faktur.Document) time.Time {
	return d.Work.StatusSince.Add(s.Lease + s.CallTimeout)
}

func (s *Service) settleWindow(ctx context.Context, d *faktur.Document) (time.Duration, error) {
	seller, err := s.seller(ctx, d.Tenant, d.TaxpayerNPWP)
	if err != nil {
		return 0, err
	}
	return seller.Settings.SettleWindow.Or(s.SettleWindow), nil
}

// polled is the verdict on a document that was asked about. One that has been
// signing for too long is told of, once an attempt.
func (s *Service) polled(d *faktur.Document, o adapter.Outcome, asked time.Time) ([]faktur.Event, error) {
	now := s.Now()
	if o.Certainty != adapter.Known {
		// It was there once: to be unknown now is the channel's trouble, not the document's.
		d.Work.DueAt = now.Add(s.pollPause(d, now))
		o = adapter.Outcome{Certainty: adapter.Known}
	}
	events, err := s.adoptKnown(d, o, asked)
	if err != nil || len(events) > 0 {
		return events, err
	}
	if d.Status == faktur.SigningInProgress && !d.Work.StuckTold && now.Sub(d.Work.StatusSince) >= s.StuckAfter {
		d.Work.StuckTold = true
		events = append(events, d.Tell(d.Event("signing_stuck"), d.Status, now))
	}
	return events, nil
}
