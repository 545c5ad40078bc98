package handlers

import (
	"context"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
)

// maxWait is how long a long-poll may wait.
const maxWait = 60 * time.Second

// GetStatus gives an invoice's status, at once or when it has changed.
//
//	@Summary		Get an invoice's status, or wait for it to change
//	@Description	Without `wait` it answers at once. With `wait` it answers as soon as `sequence` is greater than `after`, and otherwise with the status as it is when the time is over.
//	@Description	A loop that sends back each answer's `sequence` as `after` sees every change without asking in vain.
//	@ID				getInvoiceStatus
//	@Tags			invoices
//	@Produce		json
//	@Param			id		path		string	true	"The document's id"
//	@Param			wait	query		string	false	"How long to wait: 30s, or 30; at most 60s"
//	@Param			after	query		int		false	"The sequence that you have seen; 0 when absent"	minimum(0)
//	@Success		200		{object}	faktur.StatusView	"The status"
//	@Failure		404		{object}	Problem				"There is none, or it is another tenant's"
//	@Failure		422		{object}	Problem				"A parameter is malformed"
//	@Security		bearer[invoices:read]
//	@Router			/invoices/{id}/status [get]
func (h *Handlers) GetStatus(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "invoice")
	if err != nil {
		return err
	}
	return h.answerStatus(w, r, id, h.Service.AwaitStatus)
}

// answerStatus gives a document's status as await tells it.
func (h *Handlers) answerStatus(w http.ResponseWriter, r *http.Request, id string,
	await func(ctx context.Context, tenant, id string, after int64, wait time.Duration) (faktur.StatusView, error)) error {
	q := readQuery(r)
	wait, after := q.wait("wait", maxWait), q.count("after")
	if err := q.err(); err != nil {
		return err
	}
	ctx, stop := h.whileServing(r.Context())
	defer stop()
	view, err := await(ctx, tenant(ctx), id, after, wait)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, view)
}

// whileServing gives a context that ends when the server is about to stop, so
// that a long-poll answers in time.
func (h *Handlers) whileServing(ctx context.Context) (context.Context, func()) {
	ctx, stop := context.WithCancel(ctx)
	if h.Closing == nil {
		return ctx, stop
	}
	unhook := context.AfterFunc(h.Closing, stop)
	return ctx, func() { unhook(); stop() }
}

// GetHistory lists what happened to an invoice.
//
//	@Summary		List what happened to an invoice
//	@Description	Every event of its life, oldest first, all on one page: `next_cursor` is always null.
//	@ID				listInvoiceEvents
//	@Tags			invoices
//	@Produce		json
//	@Param			id	path		string	true	"The document's id"
//	@Success		200	{object}	List[Event]	"Its events"
//	@Failure		404	{object}	Problem		"There is none, or it is another tenant's"
//	@Failure		422	{object}	Problem	"It has a query parameter, and takes none"
//	@Security		bearer[invoices:read]
//	@Router			/invoices/{id}/events [get]
func (h *Handlers) GetHistory(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "invoice")
	if err != nil {
		return err
	}
	events, err := h.Service.History(r.Context(), tenant(r.Context()), id)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, List[Event]{Data: eventsOf(events)})
}

// PutInvoice corrects an invoice.
//
//	@Summary		Correct an invoice
//	@Description	Replaces the content while the document is `queued` or `saved_invalid`. Seller and reference stay. Read-only fields are ignored, so that what GET gave can be edited and sent back.
//	@Description	With `reupload=true` a `saved_invalid` document is handed over again in the same step.
//	@ID				putInvoice
//	@Tags			invoices
//	@Accept			json
//	@Produce		json
//	@Param			id			path		string	true	"The document's id"
//	@Param			reupload	query		bool	false	"Hand it over again at once"
//	@Param			If-Match	header		string	false	"The ETag of the version that you have read, or *"
//	@Param			invoice		body		faktur.StoredInvoice	true	"The invoice as it should be"
//	@Success		200			{object}	faktur.StoredInvoice	"The corrected document"
//	@Header			200			{string}	ETag	"Its version"
//	@Failure		400			{object}	Problem	"Not JSON, or no body"
//	@Failure		404			{object}	Problem	"There is none, or it is another tenant's"
//	@Failure		409			{object}	Problem	"Its status forbids it; detail says what to do"
//	@Failure		412			{object}	Problem	"It has changed since the version that If-Match names (stale)"
//	@Failure		413			{object}	Problem	"Over 4 MiB, or more than 5,000 lines"
//	@Failure		415			{object}	Problem	"Not application/json"
//	@Failure		422			{object}	Problem	"The content is refused; errors names every fault"
//	@Security		bearer[invoices:write]
//	@Router			/invoices/{id} [put]
func (h *Handlers) PutInvoice(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "invoice")
	if err != nil {
		return err
	}
	reupload, sequence, err := correctionOf(r)
	if err != nil {
		return err
	}
	content, err := h.decodeCorrection(w, r)
	if err != nil {
		return err
	}
	invoice, err := h.Service.Correct(r.Context(), tenant(r.Context()), id, content, sequence, reupload)
	if err != nil {
		return err
	}
	return writeInvoice(w, http.StatusOK, invoice)
}

// correctionOf reads what a PUT says besides its body: ?reupload= and If-Match.
func correctionOf(r *http.Request) (reupload bool, sequence int64, err error) {
	q := readQuery(r)
	reupload = q.truth("reupload")
	if err := q.err(); err != nil {
		return false, 0, err
	}
	sequence, err = ifMatch(r.Header.Values("If-Match"))
	return reupload, sequence, err
}

// decodeCorrection reads an invoice as GET gives it, and leaves its read-only fields out.
func (h *Handlers) decodeCorrection(w http.ResponseWriter, r *http.Request) (faktur.TaxInvoice, error) {
	body, release, err := readNeeded(w, r, maxBody)
	defer release()
	if err != nil {
		return faktur.TaxInvoice{}, err
	}
	var stored faktur.StoredInvoice
	faults, err := decodeForm(body, &stored)
	if faults = invoiceReadOnly.without(faults); err == nil && len(faults) > 0 {
		_, content := h.Service.Preview(r.Context(), tenant(r.Context()), stored.TaxInvoice)
		err = allFaults(faults, content)
	}
	return stored.TaxInvoice, err
}

// readOnly are the fields of a stored document that only the gateway writes.
type readOnly struct{ stored, content map[string][]int }

func readOnlyOf(stored, content reflect.Type) readOnly {
	return readOnly{fieldsOf(stored), fieldsOf(content)}
}

var invoiceReadOnly = readOnlyOf(reflect.TypeFor[faktur.StoredInvoice](), reflect.TypeFor[faktur.TaxInvoice]())

// without leaves out the faults that lie in such fields.
func (r readOnly) without(faults []faktur.Fault) []faktur.Fault {
	return slices.DeleteFunc(faults, func(f faktur.Fault) bool {
		name, _, _ := strings.Cut(strings.TrimPrefix(f.Pointer, "/"), "/")
		_, content := r.content[name]
		_, stored := r.stored[name]
		return stored && !content
	})
}

// Reupload is the body of POST /invoices/{id}/reupload.
type Reupload struct {
	// Signer is the NIK or NPWP of who signs this time; "" leaves it as it was.
	Signer string `json:"signer,omitempty" pattern:"^([0-9]{16})?$" example:"3174015506800001"`
}

// ReuploadInvoice uploads an invoice again.
//
//	@Summary		Upload an invoice again
//	@Description	Only while it is `saved_invalid`: its content as it is goes to the tax system once more, with another signer when one is named. Re-uploads of a seller go one by one, which is DJP's advice.
//	@ID				reuploadInvoice
//	@Tags			invoices
//	@Accept			json
//	@Produce		json
//	@Param			id			path		string		true	"The document's id"
//	@Param			reupload	body		Reupload	false	"Who signs this time"
//	@Success		202			{object}	faktur.StoredInvoice	"Queued again"
//	@Header			202			{string}	ETag	"Its version"
//	@Failure		400			{object}	Problem	"Not JSON"
//	@Failure		404			{object}	Problem	"There is none, or it is another tenant's"
//	@Failure		409			{object}	Problem	"Its status forbids it; detail says what to do"
//	@Failure		413			{object}	Problem	"Over 4 MiB"
//	@Failure		415			{object}	Problem	"Not application/json"
//	@Failure		422			{object}	Problem	"The content is refused"
//	@Security		bearer[invoices:write]
//	@Router			/invoices/{id}/reupload [post]
func (h *Handlers) ReuploadInvoice(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "invoice")
	if err != nil {
		return err
	}
	signer, err := decodeReupload(w, r)
	if err != nil {
		return err
	}
	invoice, err := h.Service.Reupload(r.Context(), tenant(r.Context()), id, signer)
	if err != nil {
		return err
	}
	return writeInvoice(w, http.StatusAccepted, invoice)
}

// decodeReupload reads who shall sign; "" leaves it as it was.
func decodeReupload(w http.ResponseWriter, r *http.Request) (signer string, err error) {
	var body Reupload
	if err := decodeOptional(w, r, &body); err != nil {
		return "", err
	}
	return body.Signer, nil
}

// CancelInvoice cancels an invoice.
//
//	@Summary		Cancel an invoice
//	@Description	At once while it is `queued`, or stands in a file that nobody has downloaded. A `saved_invalid` one is closed; a warning says what stays in Coretax. In signing it cannot be cancelled. Cancelling what is cancelled answers 200.
//	@Description	For an `approved` one the channel is asked; where the channel cannot, 409 `channel_cannot` says what a person does in the portal. The answer is 202 while the channel has not answered within two seconds, and while the buyer must agree (`cancellation_pending`); 200 says how it ended. Refused, it stays `approved`, `reason` says why, and `invoice.cancellation_refused` tells of it. Asking again is harmless.
//	@Description	Once it is cancelled its reference is free again.
//	@ID				cancelInvoice
//	@Tags			invoices
//	@Produce		json
//	@Param			id	path		string	true	"The document's id"
//	@Success		200	{object}	faktur.StoredInvoice	"The cancelled document, or one that stays approved because the cancellation was refused"
//	@Success		202	{object}	faktur.StoredInvoice	"The cancellation is under way"
//	@Header			200,202	{string}	ETag	"Its version"
//	@Failure		400	{object}	Problem	"A body that is not JSON; none is needed"
//	@Failure		404	{object}	Problem	"There is none, or it is another tenant's"
//	@Failure		409	{object}	Problem	"Its status forbids it; detail says what to do"
//	@Failure		413	{object}	Problem	"Over 4 MiB"
//	@Failure		415	{object}	Problem	"Not application/json"
//	@Failure		422	{object}	Problem	"A body with content; none is needed"
//	@Security		bearer[invoices:write]
//	@Router			/invoices/{id}/cancel [post]
func (h *Handlers) CancelInvoice(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "invoice")
	if err != nil {
		return err
	}
	if err := decodeOptional(w, r, &struct{}{}); err != nil {
		return err
	}
	invoice, underWay, err := h.Service.Cancel(r.Context(), tenant(r.Context()), id)
	if err != nil {
		return err
	}
	if underWay {
		return writeInvoice(w, http.StatusAccepted, invoice)
	}
	return writeInvoice(w, http.StatusOK, invoice)
}

func writeInvoice(w http.ResponseWriter, status int, invoice faktur.StoredInvoice) error {
	w.Header().Set("ETag", etag(invoice.Sequence))
	return writeJSON(w, status, invoice)
}
