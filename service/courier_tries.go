package service

import (
	"context"
	"slices"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/fault"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/webhook"
)

// begin starts as many tries as the window has room for.
func (c *courier) begin(ctx context.Context) (bool, error) {
	now := c.service.Now()
	began := false
	for room := c.window.room(c.underWay, now); room > 0; room-- {
		if c.launched == len(c.ahead) && len(c.retries) == 0 {
			break
		}
		if now.Sub(c.readAt) >= endpointAge {
			if err := c.refresh(ctx); err != nil {
				return began, err
			}
		}
		if t := c.pick(); t != nil {
			c.start(t, now)
			began = true
		}
	}
	return began, nil
}

// pick takes the next message: due retries and first tries in turn, so that
// neither starves the other. It is nil when there is none.
func (c *courier) pick() *try {
	untried := c.launched < len(c.ahead)
	if len(c.retries) > 0 && (c.lastFirst || !untried) {
		t := c.retries[0]
		c.retries, c.lastFirst = c.retries[1:], false
		return t
	}
	if !untried {
		return nil
	}
	c.launched++
	c.lastFirst = true
	return c.ahead[c.launched-1]
}

// start sends a message in a goroutine of its own, which ends within the
// sender's time-out.
func (c *courier) start(t *try, now time.Time) {
	s := c.service
	if t.first {
		// Ids are given in the order of the feed, so that a list by id is one by age.
		t.delivery = repository.Delivery{ID: s.NewID(), Tenant: c.lease.Tenant, EndpointID: c.lease.EndpointID,
			Position: t.event.Position, MessageID: t.event.MessageID(), EventType: string(t.event.Type),
			DocumentID: t.event.DocumentID, FirstTryAt: now}
	}
	c.underWay++
	t.url = c.endpoint.URL
	secrets := c.secrets
	go func() {
		fault.Reached(fault.BeforeDeliver)
		t.attempt = s.send(c.sending, t.url, secrets, &t.event, t.delivery.MessageID)
		fault.Reached(fault.AfterDeliver)
		t.interrupted = c.sending.Err() != nil && !t.attempt.Delivered()
		s.noteAttempt(&t.delivery, t.attempt)
		c.results <- t
	}()
}

// send makes one try of an event.
func (s *Service) send(ctx context.Context, url string, secrets []webhook.Secret, e *faktur.Event, messageID string) webhook.Attempt {
	body, err := webhook.Body(e)
	if err != nil {
		return webhook.Attempt{Error: "the message cannot be written"}
	}
	return s.Sender.Send(ctx, webhook.Message{URL: url, ID: messageID, Body: body, Secrets: secrets, At: s.Now()})
}

// noteAttempt writes the outcome of a try into its delivery, and when the next is due.
func (s *Service) noteAttempt(d *repository.Delivery, a webhook.Attempt) {
	d.Tries++
	d.LastTryAt, d.NextTryAt = s.Now(), time.Time{}
	d.StatusCode, d.Error = a.StatusCode, a.Error
	if a.Delivered() {
		d.State = repository.Delivered
		return
	}
	d.State = repository.Failed
	if wait, again := s.Sender.Schedule.After(d.Tries, a.RetryAfter); again {
		d.State, d.NextTryAt = repository.Retrying, d.LastTryAt.Add(wait)
	}
}

// collect takes the outcomes that are there.
func (c *courier) collect() bool {
	for some := false; ; some = true {
		select {
		case t := <-c.results:
			c.note(t)
		default:
			return some
		}
	}
}

// note draws the conclusions of a try that has ended.
func (c *courier) note(t *try) {
	now := c.service.Now()
	c.underWay--
	c.service.counts.tried(t.attempt.Delivered())
	c.service.traceTry(c.sending, &t.delivery)
	t.ended = true
	if !t.first {
		c.unsaved.again = append(c.unsaved.again, t)
	}
	if c.unsaved.since.IsZero() {
		c.unsaved.since = now
	}
	if t.url != c.endpoint.URL {
		return // it says nothing about where the endpoint is now
	}
	switch {
	case t.attempt.Delivered():
		c.window.succeeded()
		c.unsaved.succeeded, c.unsaved.failedAt = true, time.Time{}
	case !t.interrupted:
		c.window.failed(now, t.attempt.RetryAfter)
		c.service.counts.endpoints.failed(c.lease.EndpointID, now)
		if c.unsaved.failedAt.IsZero() {
			c.unsaved.failedAt = now
		}
	}
	if t.attempt.Gone() {
		c.off = "it answered 410 Gone"
	}
}

// done is how many first tries have ended without a gap.
func (c *courier) done() int {
	for i, t := range c.ahead {
		if !t.ended {
			return i
		}
	}
	return len(c.ahead)
}

// savable is how many outcomes can be saved: a first try only when all before
// it have ended too, for the cursor must not pass over one.
func (c *courier) savable() int { return c.done() + len(c.unsaved.again) }

// cursor is where the endpoint's cursor may stand: before the first message
// that was not tried, or at the end of what was read.
func (c *courier) cursor() int64 {
	if fault.Planted(fault.EarlyCursor) {
		return c.readTo
	}
	if done := c.done(); done < len(c.ahead) {
		return c.ahead[done].event.Position - 1
	}
	return c.readTo
}

// save stores outcomes when there are enough of them or they have waited long
// enough; with all it stores whatever there is.
func (c *courier) save(ctx context.Context, all bool) (bool, error) {
	now, savable := c.service.Now(), c.savable()
	ripe := all || c.underWay == 0 || savable >= saveBatch || now.Sub(c.unsaved.since) >= saveDelay
	if savable == 0 {
		ripe = c.cursor() != c.saved && (all || now.Sub(c.savedAt) >= cursorDelay)
	}
	if !ripe {
		return false, nil
	}
	done := c.ahead[:c.done()]
	tried := repository.Tried{First: deliveries(done), Again: retried(c.unsaved.again), Position: c.cursor(),
		Succeeded: c.unsaved.succeeded, FailedAt: c.unsaved.failedAt}
	if savable > 0 {
		fault.Reached(fault.BeforeNote)
	}
	failingSince, err := c.service.DB.SaveTried(ctx, c.lease, tried)
	if err != nil {
		return false, err
	}
	for _, t := range slices.Concat(done, c.unsaved.again) {
		delete(c.busy, t.delivery.ID)
		c.retryAt(t.delivery.NextTryAt)
	}
	if !tried.FailedAt.IsZero() && now.Sub(failingSince) >= disableAfter && c.off == "" {
		c.off = "it failed for 5 days without one success"
	}
	c.ahead, c.launched = c.ahead[len(done):], c.launched-len(done)
	c.unsaved, c.saved, c.savedAt = unsaved{}, tried.Position, now
	return true, nil
}

func deliveries(tries []*try) []repository.Delivery {
	list := make([]repository.Delivery, len(tries))
	for i, t := range tries {
		list[i] = t.delivery
	}
	return list
}

func retried(tries []*try) []repository.Retried {
	list := make([]repository.Retried, len(tries))
	for i, t := range tries {
		list[i] = repository.Retried{Delivery: t.delivery, DueAt: t.dueAt}
	}
	return list
}
