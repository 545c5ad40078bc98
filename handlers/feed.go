package handlers

import (
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/fakturgate/fakturgate/faktur"
)

// Event is one thing that happened: type, timestamp and data are exactly the
// body of its webhook.
type Event struct {
	// ID is the webhook-id of the event: whoever follows both the feed and
	// webhooks knows by it what has been seen.
	ID        string           `json:"id" example:"msg_0199c9a4-7a52-7d0e-8f3c-2b1f6d1c9a10_4"`
	Type      faktur.EventType `json:"type" swaggertype:"string" example:"invoice.approved"`
	Timestamp time.Time        `json:"timestamp" example:"2026-11-22T08:00:00Z"`
	Data      jsontext.Value   `json:"data" swaggertype:"object"`
}

// Feed is one page of the feed.
type Feed struct {
	Data []Event `json:"data"`
	// NextCursor is what ?after= takes to go on, and is always there: at the end
	// of the feed it waits for what comes next.
	NextCursor string `json:"next_cursor"`
}

// GetFeed lists the tenant's events.
//
//	@Summary		Follow everything that happens
//	@Description	The tenant's events, oldest first, complete: whoever sends back each page's `next_cursor` as `after` misses nothing. An empty page means that nothing has happened since; ask again later with the same cursor.
//	@ID				listEvents
//	@Tags			events
//	@Produce		json
//	@Param			after	query		string	false	"The next_cursor of the page before; begins with the oldest event when absent"
//	@Param			limit	query		int		false	"How many a page has; 50 when absent"	minimum(1)	maximum(200)
//	@Success		200		{object}	Feed	"A page"
//	@Failure		422		{object}	Problem	"A parameter is malformed, or the cursor is not one of ours"
//	@Security		bearer[invoices:read]
//	@Router			/events [get]
func (h *Handlers) GetFeed(w http.ResponseWriter, r *http.Request) error {
	q := readQuery(r)
	after, limit := q.text("after"), q.limit(defaultLimit, maxLimit)
	if err := q.err(); err != nil {
		return err
	}
	events, next, err := h.Service.Feed(r.Context(), tenant(r.Context()), after, limit)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, Feed{Data: eventsOf(events), NextCursor: next})
}

func eventsOf(events []faktur.Event) []Event {
	list := make([]Event, len(events))
	for i, e := range events {
		list[i] = Event{ID: e.MessageID(), Type: e.Type, Timestamp: e.At.UTC(), Data: e.Data}
	}
	return list
}
