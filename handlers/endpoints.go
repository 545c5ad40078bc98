package handlers

import (
	"net/http"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/service"
)

// PostEndpoint makes a webhook endpoint.
//
//	@Summary		Make a webhook endpoint
//	@Description	Events of the types named are posted to `url`, signed by Standard Webhooks 1.0, at least once, in order of each document's `sequence` where all goes well. Without `events` it gets `invoice.approved` and `invoice.saved_invalid`.
//	@Description	`secret` is shown in this answer only. A private address is refused (`webhook_address_private`) unless FAKTURGATE_WEBHOOK_ALLOW_CIDRS names its range.
//	@ID				postWebhookEndpoint
//	@Tags			webhooks
//	@Accept			json
//	@Produce		json
//	@Param			endpoint	body		service.EndpointInput	true	"Where to, and what"
//	@Success		201			{object}	service.Endpoint		"Made; keep the secret"
//	@Header			201			{string}	Location				"Its path"
//	@Failure		400			{object}	Problem					"Not JSON, or no body"
//	@Failure		409			{object}	Problem					"The tenant has 50 endpoints (webhook_endpoints_limit), or the Idempotency-Key is still running (in_progress)"
//	@Failure		413			{object}	Problem					"Over 4 MiB"
//	@Failure		415			{object}	Problem					"Not application/json"
//	@Failure		422			{object}	Problem					"The content is refused"
//	@Security		bearer[webhooks]
//	@Router			/webhook-endpoints [post]
func (h *Handlers) PostEndpoint(w http.ResponseWriter, r *http.Request) error {
	var input service.EndpointInput
	if err := decodeBody(w, r, &input); err != nil {
		return err
	}
	endpoint, err := h.Service.CreateEndpoint(r.Context(), tenant(r.Context()), input)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/webhook-endpoints/"+endpoint.ID)
	return writeJSON(w, http.StatusCreated, endpoint)
}

// GetEndpoints lists webhook endpoints.
//
//	@Summary		List webhook endpoints
//	@ID				listWebhookEndpoints
//	@Tags			webhooks
//	@Produce		json
//	@Param			limit	query		int						false	"How many a page has; 50 when absent"	minimum(1)	maximum(200)
//	@Param			cursor	query		string					false	"The next_cursor of the page before"
//	@Success		200		{object}	List[service.Endpoint]	"A page"
//	@Failure		422		{object}	Problem					"A parameter is malformed"
//	@Security		bearer[webhooks]
//	@Router			/webhook-endpoints [get]
func (h *Handlers) GetEndpoints(w http.ResponseWriter, r *http.Request) error {
	q := readQuery(r)
	limit, cursor := q.limit(defaultLimit, maxLimit), q.text("cursor")
	if err := q.err(); err != nil {
		return err
	}
	page, err := h.Service.Endpoints(r.Context(), tenant(r.Context()), limit, cursor)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, listOf(page))
}

// GetEndpoint gives a webhook endpoint.
//
//	@Summary		Get a webhook endpoint
//	@ID				getWebhookEndpoint
//	@Tags			webhooks
//	@Produce		json
//	@Param			id	path		string				true	"The endpoint's id"
//	@Success		200	{object}	service.Endpoint	"The endpoint, without its secret"
//	@Failure		404	{object}	Problem				"There is none, or it is another tenant's"
//	@Failure		422	{object}	Problem	"It has a query parameter, and takes none"
//	@Security		bearer[webhooks]
//	@Router			/webhook-endpoints/{id} [get]
func (h *Handlers) GetEndpoint(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "webhook endpoint")
	if err != nil {
		return err
	}
	endpoint, err := h.Service.Endpoint(r.Context(), tenant(r.Context()), id)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, endpoint)
}

// PatchEndpoint changes a webhook endpoint.
//
//	@Summary		Change a webhook endpoint
//	@Description	What is absent stays. `disabled: false` switches an endpoint on again that was disabled because it failed; it goes on where it stopped. What had failed for good is sent again by POST /webhook-endpoints/{id}/recover.
//	@ID				patchWebhookEndpoint
//	@Tags			webhooks
//	@Accept			json
//	@Produce		json
//	@Param			id			path		string					true	"The endpoint's id"
//	@Param			endpoint	body		service.EndpointPatch	true	"What changes"
//	@Success		200			{object}	service.Endpoint		"The endpoint"
//	@Failure		400			{object}	Problem					"Not JSON, or no body"
//	@Failure		404			{object}	Problem					"There is none, or it is another tenant's"
//	@Failure		413			{object}	Problem					"Over 4 MiB"
//	@Failure		415			{object}	Problem					"Not application/json"
//	@Failure		422			{object}	Problem					"The content is refused"
//	@Security		bearer[webhooks]
//	@Router			/webhook-endpoints/{id} [patch]
func (h *Handlers) PatchEndpoint(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "webhook endpoint")
	if err != nil {
		return err
	}
	var patch service.EndpointPatch
	if err := decodeBody(w, r, &patch); err != nil {
		return err
	}
	endpoint, err := h.Service.UpdateEndpoint(r.Context(), tenant(r.Context()), id, patch)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, endpoint)
}

// DeleteEndpoint removes a webhook endpoint.
//
//	@Summary		Remove a webhook endpoint
//	@Description	Nothing more is sent to it, and the record of its deliveries is gone.
//	@ID				deleteWebhookEndpoint
//	@Tags			webhooks
//	@Produce		json
//	@Param			id	path	string	true	"The endpoint's id"
//	@Success		204	"Removed"
//	@Failure		404	{object}	Problem	"There is none, or it is another tenant's"
//	@Failure		422	{object}	Problem	"It has a query parameter, and takes none"
//	@Security		bearer[webhooks]
//	@Router			/webhook-endpoints/{id} [delete]
func (h *Handlers) DeleteEndpoint(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "webhook endpoint")
	if err != nil {
		return err
	}
	if err := h.Service.DeleteEndpoint(r.Context(), tenant(r.Context()), id); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// RotateSecret gives a webhook endpoint a new secret.
//
//	@Summary		Give an endpoint a new secret
//	@Description	Both secrets sign for 24 hours, so that the receiver can change over without losing a message. The new one is shown in this answer only.
//	@ID				rotateWebhookSecret
//	@Tags			webhooks
//	@Produce		json
//	@Param			id	path		string				true	"The endpoint's id"
//	@Success		200	{object}	service.Endpoint	"The endpoint with its new secret"
//	@Failure		400	{object}	Problem				"A body that is not JSON; none is needed"
//	@Failure		404	{object}	Problem				"There is none, or it is another tenant's"
//	@Failure		409	{object}	Problem				"The Idempotency-Key is still running (in_progress)"
//	@Failure		413	{object}	Problem				"Over 4 MiB"
//	@Failure		415	{object}	Problem				"Not application/json"
//	@Failure		422	{object}	Problem				"A body with content; none is needed"
//	@Security		bearer[webhooks]
//	@Router			/webhook-endpoints/{id}/rotate-secret [post]
func (h *Handlers) RotateSecret(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "webhook endpoint")
	if err != nil {
		return err
	}
	if err := decodeOptional(w, r, &struct{}{}); err != nil {
		return err
	}
	endpoint, err := h.Service.RotateSecret(r.Context(), tenant(r.Context()), id)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, endpoint)
}

// TestEndpoint sends a test event.
//
//	@Summary		Send a test event
//	@Description	One `webhook.test` is sent now, once, also to a disabled endpoint. The answer says how it went, also when the receiver could not be reached.
//	@ID				testWebhookEndpoint
//	@Tags			webhooks
//	@Produce		json
//	@Param			id	path		string				true	"The endpoint's id"
//	@Success		200	{object}	service.Delivery	"How it went"
//	@Failure		400	{object}	Problem				"A body that is not JSON; none is needed"
//	@Failure		404	{object}	Problem				"There is none, or it is another tenant's"
//	@Failure		409	{object}	Problem				"The Idempotency-Key is still running (in_progress)"
//	@Failure		413	{object}	Problem				"Over 4 MiB"
//	@Failure		415	{object}	Problem				"Not application/json"
//	@Failure		422	{object}	Problem				"A body with content; none is needed"
//	@Security		bearer[webhooks]
//	@Router			/webhook-endpoints/{id}/test [post]
func (h *Handlers) TestEndpoint(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "webhook endpoint")
	if err != nil {
		return err
	}
	if err := decodeOptional(w, r, &struct{}{}); err != nil {
		return err
	}
	delivery, err := h.Service.TestEndpoint(r.Context(), tenant(r.Context()), id)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, delivery)
}

// Recover is the body of POST /webhook-endpoints/{id}/recover.
type Recover struct {
	// Since is from when on messages that failed are sent again.
	Since string `json:"since" validate:"required" format:"date-time" example:"2026-11-22T08:00:00Z"`
}

// RecoverEndpoint sends again what failed.
//
//	@Summary		Send again what an endpoint missed
//	@Description	Every message whose last try failed at `since` or later is due now, with all its tries before it again. What was never tried needs no recovery, and what happened before the endpoint was made is in GET /events.
//	@ID				recoverWebhookEndpoint
//	@Tags			webhooks
//	@Accept			json
//	@Produce		json
//	@Param			id		path		string				true	"The endpoint's id"
//	@Param			recover	body		Recover				true	"From when on"
//	@Success		202		{object}	service.Recovery	"How many will be sent"
//	@Failure		400		{object}	Problem				"Not JSON, or no body"
//	@Failure		404		{object}	Problem				"There is none, or it is another tenant's"
//	@Failure		409		{object}	Problem				"The endpoint is disabled, or the Idempotency-Key is still running (in_progress)"
//	@Failure		413		{object}	Problem				"Over 4 MiB"
//	@Failure		415		{object}	Problem				"Not application/json"
//	@Failure		422		{object}	Problem				"The content is refused"
//	@Security		bearer[webhooks]
//	@Router			/webhook-endpoints/{id}/recover [post]
func (h *Handlers) RecoverEndpoint(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "webhook endpoint")
	if err != nil {
		return err
	}
	var body Recover
	if err := decodeBody(w, r, &body); err != nil {
		return err
	}
	since, err := time.Parse(time.RFC3339, body.Since)
	if err != nil {
		return faktur.Invalid([]faktur.Fault{{Pointer: "/since", Code: "time_malformed",
			Message: "since must be a time such as 2026-11-22T08:00:00Z."}})
	}
	recovery, err := h.Service.RecoverEndpoint(r.Context(), tenant(r.Context()), id, since)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusAccepted, recovery)
}
