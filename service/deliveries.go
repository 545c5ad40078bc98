package service

import (
	"context"
	"errors"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
)

// Delivery is one message on its way to one endpoint, after its first try.
type Delivery struct {
	ID         string            `json:"id" example:"0199c9a4-7a52-7d0e-8f3c-2b1f6d1c9a10"`
	EndpointID string            `json:"endpoint_id" example:"0199c9a4-7a52-7d0e-8f3c-2b1f6d1c9a10"`
	MessageID  string            `json:"message_id" example:"msg_0199c9a4-7a52-7d0e-8f3c-2b1f6d1c9a10_4"` // the webhook-id
	EventType  string            `json:"event_type" example:"invoice.approved"`
	DocumentID faktur.NullString `json:"document_id" swaggertype:"string" extensions:"x-nullable"`
	State      string            `json:"state" enums:"delivered,retrying,failed" example:"delivered"`
	Tries      int               `json:"tries" example:"1"` // since it was last asked for by hand, or since the first
	StatusCode *int              `json:"status_code" extensions:"x-nullable" example:"200"`
	Error      faktur.NullString `json:"error" swaggertype:"string" extensions:"x-nullable"`
	FirstTryAt time.Time         `json:"first_try_at" example:"2026-11-22T08:00:00Z"`
	LastTryAt  time.Time         `json:"last_try_at" example:"2026-11-22T08:00:00Z"`
	NextTryAt  *time.Time        `json:"next_try_at" extensions:"x-nullable"`
}

func deliveryOf(d *repository.Delivery) Delivery {
	view := Delivery{ID: d.ID, EndpointID: d.EndpointID, MessageID: d.MessageID, EventType: d.EventType,
		DocumentID: faktur.NullString(d.DocumentID), State: string(d.State), Tries: d.Tries, Error: faktur.NullString(d.Error),
		FirstTryAt: d.FirstTryAt, LastTryAt: d.LastTryAt, NextTryAt: timeOrNil(d.NextTryAt)}
	if d.StatusCode != 0 {
		view.StatusCode = &d.StatusCode
	}
	return view
}

// Recovery is what RecoverEndpoint began.
type Recovery struct {
	Count int `json:"count" example:"12"` // messages that are tried again now
}

// Deliveries lists an endpoint's deliveries, newest first; state is one of
// theirs, or "" for all.
func (s *Service) Deliveries(ctx context.Context, tenant, endpointID, state string, limit int, cursor string) (Page[Delivery], error) {
	switch repository.DeliveryState(state) {
	case "", repository.Delivered, repository.Retrying, repository.Failed:
	default:
		return Page[Delivery]{}, faktur.Invalid([]faktur.Fault{{Pointer: "state", Code: "state_unknown",
			Message: "A delivery's state is delivered, retrying or failed."}})
	}
	before, err := openCursor(cursor)
	if err != nil {
		return Page[Delivery]{}, err
	}
	if _, err := s.DB.Endpoint(ctx, tenant, endpointID); err != nil {
		return Page[Delivery]{}, translateEndpoint(err)
	}
	stored, err := s.DB.Deliveries(ctx, tenant, endpointID, repository.DeliveryState(state), before, limit+1)
	if err != nil {
		return Page[Delivery]{}, translateEndpoint(err)
	}
	list := make([]Delivery, len(stored))
	for i := range stored {
		list[i] = deliveryOf(&stored[i])
	}
	return newPage(list, limit, func(d Delivery) string { return d.ID }), nil
}

// Redeliver makes a delivery due now, under the same webhook-id and with all
// its tries before it again, whatever came of it so far.
func (s *Service) Redeliver(ctx context.Context, tenant, deliveryID string) (Delivery, error) {
	d, err := s.DB.Redeliver(ctx, tenant, deliveryID, s.Now())
	if errors.Is(err, repository.ErrNotFound) {
		return Delivery{}, faktur.NotFound("delivery")
	}
	if err != nil {
		return Delivery{}, translateEndpoint(err)
	}
	return deliveryOf(&d), nil
}

// RecoverEndpoint makes every message due now whose last try failed at since or
// later: those that were given up, and those that wait for their next try. Each
// has all its tries before it again. Messages that were never tried need no
// recovery: they still lie before the endpoint's cursor. What happened before
// the endpoint was made is in the feed.
func (s *Service) RecoverEndpoint(ctx context.Context, tenant, id string, since time.Time) (Recovery, error) {
	count, err := s.DB.Recover(ctx, tenant, id, since, s.Now())
	if err != nil {
		return Recovery{}, translateEndpoint(err)
	}
	return Recovery{Count: count}, nil
}

// testData is the data of webhook.test.
type testData struct {
	Message    string `json:"message"`
	EndpointID string `json:"endpoint_id"`
}

// testEvent is the event of a test that was made at a moment. It is not in the
// feed, so a redelivery makes it anew, the same.
func testEvent(e *repository.Endpoint, at time.Time) faktur.Event {
	data, err := json.Marshal(testData{Message: "This is a test. Your endpoint works when you can read this and its signature verifies.", EndpointID: e.ID})
	if err != nil {
		panic(err) // two texts of our own
	}
	return faktur.Event{Tenant: e.Tenant, Type: faktur.EventWebhookTest, At: at, Data: data}
}

// TestEndpoint sends a test message now, once, also to a disabled endpoint, and
// gives what came of it. It touches neither the endpoint's cursor nor its record
// of failures. A caller who does not wait for the answer leaves a whole try behind.
func (s *Service) TestEndpoint(ctx context.Context, tenant, id string) (Delivery, error) {
	ctx = context.WithoutCancel(ctx)
	e, err := s.DB.Endpoint(ctx, tenant, id)
	if err != nil {
		return Delivery{}, translateEndpoint(err)
	}
	now := s.Now().Truncate(time.Microsecond)
	secrets, err := s.openSecrets(&e, now)
	if err != nil {
		return Delivery{}, translate(err, "")
	}
	event := testEvent(&e, now)
	d := repository.Delivery{ID: s.NewID(), Tenant: tenant, EndpointID: id, EventType: string(event.Type), FirstTryAt: now}
	d.MessageID = "msg_test_" + d.ID
	s.noteAttempt(&d, s.send(ctx, e.URL, secrets, &event, d.MessageID))
	if d.State == repository.Retrying { // a test is one try
		d.State, d.NextTryAt = repository.Failed, time.Time{}
	}
	if err := s.DB.AddTest(ctx, d); err != nil {
		return Delivery{}, translateEndpoint(err)
	}
	return deliveryOf(&d), nil
}
