package handlers

import "net/http"

// GetDeliveries lists what was sent to a webhook endpoint.
//
//	@Summary		List deliveries to an endpoint
//	@Description	One for each message whose first try is done, newest first.
//	@ID				listDeliveries
//	@Tags			webhooks
//	@Produce		json
//	@Param			id		path		string					true	"The endpoint's id"
//	@Param			state	query		string					false	"How they stand"	Enums(delivered, retrying, failed)
//	@Param			limit	query		int						false	"How many a page has; 50 when absent"	minimum(1)	maximum(200)
//	@Param			cursor	query		string					false	"The next_cursor of the page before"
//	@Success		200		{object}	List[service.Delivery]	"A page"
//	@Failure		404		{object}	Problem					"There is none, or it is another tenant's"
//	@Failure		422		{object}	Problem					"A parameter is malformed"
//	@Security		bearer[webhooks]
//	@Router			/webhook-endpoints/{id}/deliveries [get]
func (h *Handlers) GetDeliveries(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "webhook endpoint")
	if err != nil {
		return err
	}
	q := readQuery(r)
	state, limit, cursor := q.text("state"), q.limit(defaultLimit, maxLimit), q.text("cursor")
	if err := q.err(); err != nil {
		return err
	}
	page, err := h.Service.Deliveries(r.Context(), tenant(r.Context()), id, state, limit, cursor)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, listOf(page))
}

// Redeliver sends one again.
//
//	@Summary		Send a message again
//	@Description	It is due now, under the same `webhook-id`, so that the receiver can tell that it is a repetition, and has all its tries before it again.
//	@ID				redeliver
//	@Tags			webhooks
//	@Produce		json
//	@Param			id	path		string				true	"The delivery's id"
//	@Success		202	{object}	service.Delivery	"It will be sent"
//	@Failure		400	{object}	Problem				"A body that is not JSON; none is needed"
//	@Failure		404	{object}	Problem				"There is none, or it is another tenant's"
//	@Failure		409	{object}	Problem				"The endpoint is disabled, or the Idempotency-Key is still running (in_progress)"
//	@Failure		413	{object}	Problem				"Over 4 MiB"
//	@Failure		415	{object}	Problem				"Not application/json"
//	@Failure		422	{object}	Problem				"A body with content; none is needed"
//	@Security		bearer[webhooks]
//	@Router			/deliveries/{id}/redeliver [post]
func (h *Handlers) Redeliver(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "delivery")
	if err != nil {
		return err
	}
	if err := decodeOptional(w, r, &struct{}{}); err != nil {
		return err
	}
	delivery, err := h.Service.Redeliver(r.Context(), tenant(r.Context()), id)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusAccepted, delivery)
}
