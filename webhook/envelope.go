package webhook

import (
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/fakturgate/fakturgate/faktur"
)

// Envelope is the body of every message, and an item of the feed.
type Envelope struct {
	Type      faktur.EventType `json:"type" example:"invoice.approved"`
	Timestamp time.Time        `json:"timestamp" example:"2026-11-22T08:00:00Z"` // when it happened, not when it is sent
	Data      jsontext.Value   `json:"data" swaggertype:"object"`
}

// EnvelopeOf gives the envelope of an event.
func EnvelopeOf(e *faktur.Event) Envelope {
	return Envelope{Type: e.Type, Timestamp: e.At.UTC(), Data: e.Data}
}

// Body gives the JSON that is sent for an event: the same bytes at every try.
// An error means that the event's data is not JSON.
func Body(e *faktur.Event) ([]byte, error) { return json.Marshal(EnvelopeOf(e)) }
