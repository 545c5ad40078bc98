package handlers

import (
	"context"
	"net/http"
	"reflect"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/service"
)

// PostReturn accepts a return.
//
//	@Summary		Accept a return (retur masukan)
//	@Description	Stores a return of bought goods or services, which the buyer files, and hands it to the tax system; the answer comes after it is stored for good.
//	@Description	`lines` lists every line of the bought invoice, with `return_quantity` 0.00 where nothing goes back. Over all returns of an `nsfp` never more goes back than was bought; what stands in the way is named.
//	@Description	What is absent among the amounts is computed. `reference` works as for invoices, and is unique per buyer among returns. A return has no upload deadline.
//	@Description	The outcome is told by the webhooks `return.approved` and `return.saved_invalid` to endpoints that subscribe to them, by `GET /events`, and by `GET /returns/{id}/status`.
//	@ID				postReturn
//	@Tags			returns
//	@Accept			json
//	@Produce		json
//	@Param			return	body		faktur.Return		true	"The return"
//	@Success		202		{object}	faktur.StoredReturn	"Accepted"
//	@Success		200		{object}	faktur.StoredReturn	"This very content was accepted before; nothing new was stored"
//	@Header			202		{string}	Location			"The document's path"
//	@Header			200		{string}	Location			"The document's path"
//	@Failure		400		{object}	Problem				"Not JSON, or no body"
//	@Failure		409		{object}	Problem				"The reference is taken by other content (document_id names it), or the Idempotency-Key is still running (in_progress)"
//	@Failure		413		{object}	Problem				"Over 4 MiB, or more than 5,000 lines"
//	@Failure		415		{object}	Problem				"Not application/json"
//	@Failure		422		{object}	Problem				"The content is refused, or more goes back than was bought; errors names every fault"
//	@Security		bearer[invoices:write]
//	@Router			/returns [post]
func (h *Handlers) PostReturn(w http.ResponseWriter, r *http.Request) error {
	body, release, err := readNeeded(w, r, maxBody)
	defer release()
	if err != nil {
		return err
	}
	request, err := requestOf(r, body)
	if err != nil {
		return err
	}
	ret, err := h.decodeReturn(r.Context(), body)
	if err != nil {
		return h.Service.Unreadable(r.Context(), request, err)
	}
	accepted, err := h.Service.AcceptReturn(r.Context(), request, ret)
	if err != nil {
		return err
	}
	return writeAccepted(w, "/returns/", accepted)
}

// ValidateReturn checks a return and computes its amounts.
//
//	@Summary		Check a return without storing it
//	@Description	The same checks as POST /returns, and the amounts as they would be filed. Nothing is stored and nothing is sent.
//	@ID				validateReturn
//	@Tags			returns
//	@Accept			json
//	@Produce		json
//	@Param			return	body		faktur.Return			true	"The return"
//	@Success		200		{object}	faktur.ReturnPreview	"It would be accepted"
//	@Failure		400		{object}	Problem					"Not JSON, or no body"
//	@Failure		409		{object}	Problem					"The Idempotency-Key is still running (in_progress)"
//	@Failure		413		{object}	Problem					"Over 4 MiB, or more than 5,000 lines"
//	@Failure		415		{object}	Problem					"Not application/json"
//	@Failure		422		{object}	Problem					"It would be refused; errors names every fault"
//	@Security		bearer[invoices:write]
//	@Router			/returns/validate [post]
func (h *Handlers) ValidateReturn(w http.ResponseWriter, r *http.Request) error {
	body, release, err := readNeeded(w, r, maxBody)
	defer release()
	if err != nil {
		return err
	}
	ret, err := h.decodeReturn(r.Context(), body)
	if err != nil {
		return err
	}
	preview, err := h.Service.PreviewReturn(r.Context(), tenant(r.Context()), ret)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, preview)
}

// decodeReturn reads a return. Faults of its form are told together with those
// that the service finds in the rest of it.
func (h *Handlers) decodeReturn(ctx context.Context, body []byte) (faktur.Return, error) {
	var ret faktur.Return
	faults, err := decodeForm(body, &ret)
	if err == nil && faults != nil {
		_, content := h.Service.PreviewReturn(ctx, tenant(ctx), ret)
		err = allFaults(faults, content)
	}
	return ret, err
}

// GetReturns lists returns.
//
//	@Summary		List returns
//	@Description	Newest first. Filters narrow the list together. Follow `next_cursor` with the same filters until it is null.
//	@ID				listReturns
//	@Tags			returns
//	@Produce		json
//	@Param			status			query		string	false	"Where they stand"	Enums(queued, submitting, awaiting_upload, signing_in_progress, approved, saved_invalid, amendment_pending, amended, cancellation_pending, cancelled)
//	@Param			reference		query		string	false	"Your own number: lists cancelled ones too"
//	@Param			npwp			query		string	false	"The NPWP of the buyer, who files"
//	@Param			nsfp			query		string	false	"The number of the returned invoice"
//	@Param			date_from		query		string	false	"Dated on this day or later"
//	@Param			date_to			query		string	false	"Dated on this day or earlier"
//	@Param			updated_since	query		string	false	"Changed at this time or later"
//	@Param			limit			query		int		false	"How many a page has; 50 when absent"	minimum(1)	maximum(200)
//	@Param			cursor			query		string	false	"The next_cursor of the page before"
//	@Success		200				{object}	List[faktur.StoredReturn]	"A page"
//	@Failure		422				{object}	Problem						"A parameter is malformed, unknown or repeated"
//	@Security		bearer[invoices:read]
//	@Router			/returns [get]
func (h *Handlers) GetReturns(w http.ResponseWriter, r *http.Request) error {
	q := readQuery(r)
	filter := service.ReturnFilter{
		Status: q.status(), Reference: q.text("reference"), TaxpayerNPWP: q.npwp("npwp"), NSFP: q.text("nsfp"),
		DateFrom: q.date("date_from"), DateTo: q.date("date_to"), UpdatedSince: q.moment("updated_since"),
		Limit: q.limit(defaultLimit, maxLimit), Cursor: q.text("cursor"),
	}
	if err := q.err(); err != nil {
		return err
	}
	page, err := h.Service.Returns(r.Context(), tenant(r.Context()), filter)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, listOf(page))
}

// GetReturn gives a return.
//
//	@Summary		Get a return
//	@Description	The content with every amount as it is filed, and how far it has come. The ETag is its version: send it as `If-Match` with PUT, or as `If-None-Match` here.
//	@ID				getReturn
//	@Tags			returns
//	@Produce		json
//	@Param			id				path		string	true	"The document's id"
//	@Param			If-None-Match	header		string	false	"An ETag; answers 304 when the document still has it"
//	@Success		200				{object}	faktur.StoredReturn	"The document"
//	@Success		304				"It has not changed"
//	@Header			200				{string}	ETag	"Its version"
//	@Header			304				{string}	ETag	"Its version"
//	@Failure		404				{object}	Problem	"There is none, or it is another tenant's"
//	@Failure		422				{object}	Problem	"It has a query parameter, and takes none"
//	@Security		bearer[invoices:read]
//	@Router			/returns/{id} [get]
func (h *Handlers) GetReturn(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "return")
	if err != nil {
		return err
	}
	ret, err := h.Service.Return(r.Context(), tenant(r.Context()), id)
	if err != nil {
		return err
	}
	return writeVersion(w, r, ret.Sequence, ret)
}

// GetReturnStatus gives a return's status, at once or when it has changed.
//
//	@Summary		Get a return's status, or wait for it to change
//	@Description	Without `wait` it answers at once. With `wait` it answers as soon as `sequence` is greater than `after`, and otherwise with the status as it is when the time is over. `nsfp` is the number of the returned invoice.
//	@ID				getReturnStatus
//	@Tags			returns
//	@Produce		json
//	@Param			id		path		string	true	"The document's id"
//	@Param			wait	query		string	false	"How long to wait: 30s, or 30; at most 60s"
//	@Param			after	query		int		false	"The sequence that you have seen; 0 when absent"	minimum(0)
//	@Success		200		{object}	faktur.StatusView	"The status"
//	@Failure		404		{object}	Problem				"There is none, or it is another tenant's"
//	@Failure		422		{object}	Problem				"A parameter is malformed"
//	@Security		bearer[invoices:read]
//	@Router			/returns/{id}/status [get]
func (h *Handlers) GetReturnStatus(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "return")
	if err != nil {
		return err
	}
	return h.answerStatus(w, r, id, h.Service.AwaitReturnStatus)
}

// GetReturnHistory lists what happened to a return.
//
//	@Summary		List what happened to a return
//	@Description	Every event of its life, oldest first, all on one page: `next_cursor` is always null.
//	@ID				listReturnEvents
//	@Tags			returns
//	@Produce		json
//	@Param			id	path		string	true	"The document's id"
//	@Success		200	{object}	List[Event]	"Its events"
//	@Failure		404	{object}	Problem		"There is none, or it is another tenant's"
//	@Failure		422	{object}	Problem		"It has a query parameter, and takes none"
//	@Security		bearer[invoices:read]
//	@Router			/returns/{id}/events [get]
func (h *Handlers) GetReturnHistory(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "return")
	if err != nil {
		return err
	}
	events, err := h.Service.ReturnHistory(r.Context(), tenant(r.Context()), id)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, List[Event]{Data: eventsOf(events)})
}

// PutReturn corrects a return.
//
//	@Summary		Correct a return
//	@Description	Replaces the content while the document is `queued` or `saved_invalid`. Buyer and reference stay. Read-only fields are ignored, so that what GET gave can be edited and sent back.
//	@Description	With `reupload=true` a `saved_invalid` document is handed over again in the same step.
//	@ID				putReturn
//	@Tags			returns
//	@Accept			json
//	@Produce		json
//	@Param			id			path		string	true	"The document's id"
//	@Param			reupload	query		bool	false	"Hand it over again at once"
//	@Param			If-Match	header		string	false	"The ETag of the version that you have read, or *"
//	@Param			return		body		faktur.StoredReturn	true	"The return as it should be"
//	@Success		200			{object}	faktur.StoredReturn	"The corrected document"
//	@Header			200			{string}	ETag	"Its version"
//	@Failure		400			{object}	Problem	"Not JSON, or no body"
//	@Failure		404			{object}	Problem	"There is none, or it is another tenant's"
//	@Failure		409			{object}	Problem	"Its status forbids it; detail says what to do"
//	@Failure		412			{object}	Problem	"It has changed since the version that If-Match names (stale)"
//	@Failure		413			{object}	Problem	"Over 4 MiB, or more than 5,000 lines"
//	@Failure		415			{object}	Problem	"Not application/json"
//	@Failure		422			{object}	Problem	"The content is refused, or more goes back than was bought; errors names every fault"
//	@Security		bearer[invoices:write]
//	@Router			/returns/{id} [put]
func (h *Handlers) PutReturn(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "return")
	if err != nil {
		return err
	}
	reupload, sequence, err := correctionOf(r)
	if err != nil {
		return err
	}
	content, err := h.decodeReturnCorrection(w, r)
	if err != nil {
		return err
	}
	ret, err := h.Service.CorrectReturn(r.Context(), tenant(r.Context()), id, content, sequence, reupload)
	if err != nil {
		return err
	}
	return writeReturn(w, http.StatusOK, ret)
}

var returnReadOnly = readOnlyOf(reflect.TypeFor[faktur.StoredReturn](), reflect.TypeFor[faktur.Return]())

// decodeReturnCorrection reads a return as GET gives it, and leaves its read-only fields out.
func (h *Handlers) decodeReturnCorrection(w http.ResponseWriter, r *http.Request) (faktur.Return, error) {
	body, release, err := readNeeded(w, r, maxBody)
	defer release()
	if err != nil {
		return faktur.Return{}, err
	}
	var stored faktur.StoredReturn
	faults, err := decodeForm(body, &stored)
	if faults = returnReadOnly.without(faults); err == nil && len(faults) > 0 {
		_, content := h.Service.PreviewReturn(r.Context(), tenant(r.Context()), stored.Return)
		err = allFaults(faults, content)
	}
	return stored.Return, err
}

// ReuploadReturn hands a return over again.
//
//	@Summary		Hand a return over again
//	@Description	Only while it is `saved_invalid`. It goes as a new attempt, one at a time per taxpayer. Correct its content first where the reason's action says so.
//	@ID				reuploadReturn
//	@Tags			returns
//	@Accept			json
//	@Produce		json
//	@Param			id			path		string		true	"The document's id"
//	@Param			reupload	body		Reupload	false	"Who signs this time"
//	@Success		202			{object}	faktur.StoredReturn	"Queued again"
//	@Header			202			{string}	ETag	"Its version"
//	@Failure		400			{object}	Problem	"Not JSON"
//	@Failure		404			{object}	Problem	"There is none, or it is another tenant's"
//	@Failure		409			{object}	Problem	"Its status forbids it; detail says what to do"
//	@Failure		413			{object}	Problem	"Over 4 MiB"
//	@Failure		415			{object}	Problem	"Not application/json"
//	@Failure		422			{object}	Problem	"The content is refused"
//	@Security		bearer[invoices:write]
//	@Router			/returns/{id}/reupload [post]
func (h *Handlers) ReuploadReturn(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "return")
	if err != nil {
		return err
	}
	signer, err := decodeReupload(w, r)
	if err != nil {
		return err
	}
	ret, err := h.Service.ReuploadReturn(r.Context(), tenant(r.Context()), id, signer)
	if err != nil {
		return err
	}
	return writeReturn(w, http.StatusAccepted, ret)
}

// CancelReturn cancels a return.
//
//	@Summary		Cancel a return
//	@Description	At once while it is `queued`, or stands in a file that nobody has downloaded. A `saved_invalid` one is closed; a warning says what stays in Coretax. In signing it cannot be cancelled. Cancelling what is cancelled answers 200.
//	@Description	For an `approved` one the channel is asked, as for invoices; 202 says that the cancellation is under way.
//	@Description	Once it is cancelled its reference is free again, and what it returned may be returned anew.
//	@ID				cancelReturn
//	@Tags			returns
//	@Produce		json
//	@Param			id	path		string	true	"The document's id"
//	@Success		200	{object}	faktur.StoredReturn	"The cancelled document, or one that stays approved because the cancellation was refused"
//	@Success		202	{object}	faktur.StoredReturn	"The cancellation is under way"
//	@Header			200,202	{string}	ETag	"Its version"
//	@Failure		400	{object}	Problem	"A body that is not JSON; none is needed"
//	@Failure		404	{object}	Problem	"There is none, or it is another tenant's"
//	@Failure		409	{object}	Problem	"Its status forbids it; detail says what to do"
//	@Failure		413	{object}	Problem	"Over 4 MiB"
//	@Failure		415	{object}	Problem	"Not application/json"
//	@Failure		422	{object}	Problem	"A body with content; none is needed"
//	@Security		bearer[invoices:write]
//	@Router			/returns/{id}/cancel [post]
func (h *Handlers) CancelReturn(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "return")
	if err != nil {
		return err
	}
	if err := decodeOptional(w, r, &struct{}{}); err != nil {
		return err
	}
	ret, underWay, err := h.Service.CancelReturn(r.Context(), tenant(r.Context()), id)
	if err != nil {
		return err
	}
	if underWay {
		return writeReturn(w, http.StatusAccepted, ret)
	}
	return writeReturn(w, http.StatusOK, ret)
}

func writeReturn(w http.ResponseWriter, status int, ret faktur.StoredReturn) error {
	w.Header().Set("ETag", etag(ret.Sequence))
	return writeJSON(w, status, ret)
}
