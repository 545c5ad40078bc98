package handlers

import (
	"context"
	"net/http"
	"strings"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/service"
)

// PostInvoice accepts an invoice.
//
//	@Summary		Accept an invoice
//	@Description	Stores a tax invoice and hands it to the tax system; the answer comes after it is stored for good.
//	@Description	What is absent among the amounts is computed. Every fault is refused at once, each with its place; what is only doubtful comes back in `warnings`.
//	@Description	`reference` is your own number and is unique per seller. The same content under it again answers 200 with the stored document and `Idempotent-Replayed: true`; other content answers 409 with `document_id` and `document_status`.
//	@Description	The outcome is told by the webhooks `invoice.approved` and `invoice.saved_invalid`, by `GET /events`, and by `GET /invoices/{id}/status`.
//	@ID				postInvoice
//	@Tags			invoices
//	@Accept			json
//	@Produce		json
//	@Param			invoice	body		faktur.TaxInvoice		true	"The invoice"
//	@Success		202		{object}	faktur.StoredInvoice	"Accepted"
//	@Success		200		{object}	faktur.StoredInvoice	"This very content was accepted before; nothing new was stored"
//	@Header			202		{string}	Location				"The document's path"
//	@Header			200		{string}	Location				"The document's path"
//	@Failure		400		{object}	Problem					"Not JSON, or no body"
//	@Failure		409		{object}	Problem					"The reference is taken by other content (document_id names it), or the Idempotency-Key is still running (in_progress)"
//	@Failure		413		{object}	Problem					"Over 4 MiB, or more than 5,000 lines"
//	@Failure		415		{object}	Problem					"Not application/json"
//	@Failure		422		{object}	Problem					"The content is refused; errors names every fault"
//	@Security		bearer[invoices:write]
//	@Router			/invoices [post]
func (h *Handlers) PostInvoice(w http.ResponseWriter, r *http.Request) error {
	body, release, err := readNeeded(w, r, maxBody)
	defer release()
	if err != nil {
		return err
	}
	request, err := requestOf(r, body)
	if err != nil {
		return err
	}
	invoice, err := h.decodeInvoice(r.Context(), body)
	if err != nil {
		return h.Service.Unreadable(r.Context(), request, err)
	}
	accepted, err := h.Service.Accept(r.Context(), request, invoice)
	if err != nil {
		return err
	}
	return writeAccepted(w, "/invoices/", accepted)
}

// writeAccepted answers a POST that took a document, or had taken it before.
func writeAccepted(w http.ResponseWriter, collection string, accepted service.Accepted) error {
	w.Header().Set("Location", collection+accepted.DocumentID)
	if accepted.Replayed {
		w.Header().Set(headerReplayed, "true")
	}
	return writeBody(w, accepted.Status, accepted.Body)
}

// ValidateInvoice checks an invoice and computes its amounts.
//
//	@Summary		Check an invoice without storing it
//	@Description	The same checks as POST /invoices, and the amounts as they would be filed. Nothing is stored and nothing is sent.
//	@ID				validateInvoice
//	@Tags			invoices
//	@Accept			json
//	@Produce		json
//	@Param			invoice	body		faktur.TaxInvoice	true	"The invoice"
//	@Success		200		{object}	faktur.Preview		"It would be accepted"
//	@Failure		400		{object}	Problem				"Not JSON, or no body"
//	@Failure		409		{object}	Problem				"The Idempotency-Key is still running (in_progress)"
//	@Failure		413		{object}	Problem				"Over 4 MiB, or more than 5,000 lines"
//	@Failure		415		{object}	Problem				"Not application/json"
//	@Failure		422		{object}	Problem				"It would be refused; errors names every fault"
//	@Security		bearer[invoices:write]
//	@Router			/invoices/validate [post]
func (h *Handlers) ValidateInvoice(w http.ResponseWriter, r *http.Request) error {
	body, release, err := readNeeded(w, r, maxBody)
	defer release()
	if err != nil {
		return err
	}
	invoice, err := h.decodeInvoice(r.Context(), body)
	if err != nil {
		return err
	}
	preview, err := h.Service.Preview(r.Context(), tenant(r.Context()), invoice)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, preview)
}

// decodeInvoice reads an invoice. Faults of its form are told together with
// those that the service finds in the rest of it.
func (h *Handlers) decodeInvoice(ctx context.Context, body []byte) (faktur.TaxInvoice, error) {
	var invoice faktur.TaxInvoice
	faults, err := decodeForm(body, &invoice)
	if err == nil && faults != nil {
		_, content := h.Service.Preview(ctx, tenant(ctx), invoice)
		err = allFaults(faults, content)
	}
	return invoice, err
}

// allFaults adds to the faults of a body's form those of its content, but for
// what lies at or below a place whose form was wrong: that was not read.
func allFaults(form []faktur.Fault, content error) error {
	all := form
	if e := faktur.AsError(content); e != nil && e.Kind == faktur.KindInvalid {
		for _, fault := range e.Faults {
			if !within(fault.Pointer, form) {
				all = append(all, fault)
			}
		}
	}
	return faktur.Invalid(all)
}

func within(pointer string, places []faktur.Fault) bool {
	for _, place := range places {
		if rest, found := strings.CutPrefix(pointer, place.Pointer); found && (rest == "" || rest[0] == '/') {
			return true
		}
	}
	return false
}

// GetInvoices lists invoices.
//
//	@Summary		List invoices
//	@Description	Newest first. Filters narrow the list together. Follow `next_cursor` with the same filters until it is null.
//	@ID				listInvoices
//	@Tags			invoices
//	@Produce		json
//	@Param			status			query		string	false	"Where they stand"	Enums(queued, submitting, awaiting_upload, signing_in_progress, approved, saved_invalid, amendment_pending, amended, cancellation_pending, cancelled)
//	@Param			reference		query		string	false	"Your own number: lists the original, its replacements, and cancelled ones"
//	@Param			npwp			query		string	false	"The seller's NPWP"
//	@Param			buyer			query		string	false	"The buyer's identity number"
//	@Param			nsfp			query		string	false	"The number that DJP gave"
//	@Param			date_from		query		string	false	"Dated on this day or later"
//	@Param			date_to			query		string	false	"Dated on this day or earlier"
//	@Param			updated_since	query		string	false	"Changed at this time or later"
//	@Param			deadline_before	query		string	false	"With an upload deadline before this day"
//	@Param			limit			query		int		false	"How many a page has; 50 when absent"	minimum(1)	maximum(200)
//	@Param			cursor			query		string	false	"The next_cursor of the page before"
//	@Success		200				{object}	List[faktur.StoredInvoice]	"A page"
//	@Failure		422				{object}	Problem						"A parameter is malformed, unknown or repeated"
//	@Security		bearer[invoices:read]
//	@Router			/invoices [get]
func (h *Handlers) GetInvoices(w http.ResponseWriter, r *http.Request) error {
	q := readQuery(r)
	filter := service.InvoiceFilter{
		Status:    q.status(),
		Reference: q.text("reference"), TaxpayerNPWP: q.npwp("npwp"), Buyer: q.text("buyer"), NSFP: q.text("nsfp"),
		DateFrom: q.date("date_from"), DateTo: q.date("date_to"),
		UpdatedSince: q.moment("updated_since"), DeadlineBefore: q.date("deadline_before"),
		Limit: q.limit(defaultLimit, maxLimit), Cursor: q.text("cursor"),
	}
	if err := q.err(); err != nil {
		return err
	}
	page, err := h.Service.Invoices(r.Context(), tenant(r.Context()), filter)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, listOf(page))
}

// status reads one of the statuses; "" when absent.
func (q *query) status() faktur.Status {
	status := faktur.Status(q.text("status"))
	if status != "" && !status.Valid() {
		q.refuse("status", "status_unknown", "status must be one of "+statusNames()+".")
	}
	return status
}

func statusNames() string {
	var names []string
	for _, status := range faktur.Statuses() {
		names = append(names, string(status))
	}
	return strings.Join(names, ", ")
}

// GetInvoice gives an invoice.
//
//	@Summary		Get an invoice
//	@Description	The content with every amount as it is filed, and how far it has come. The ETag is its version: send it as `If-Match` with PUT, or as `If-None-Match` here.
//	@ID				getInvoice
//	@Tags			invoices
//	@Produce		json
//	@Param			id				path		string	true	"The document's id"
//	@Param			If-None-Match	header		string	false	"An ETag; answers 304 when the document still has it"
//	@Success		200				{object}	faktur.StoredInvoice	"The document"
//	@Success		304				"It has not changed"
//	@Header			200				{string}	ETag	"Its version"
//	@Header			304				{string}	ETag	"Its version"
//	@Failure		404				{object}	Problem	"There is none, or it is another tenant's"
//	@Failure		422	{object}	Problem	"It has a query parameter, and takes none"
//	@Security		bearer[invoices:read]
//	@Router			/invoices/{id} [get]
func (h *Handlers) GetInvoice(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "invoice")
	if err != nil {
		return err
	}
	invoice, err := h.Service.Invoice(r.Context(), tenant(r.Context()), id)
	if err != nil {
		return err
	}
	return writeVersion(w, r, invoice.Sequence, invoice)
}

// writeVersion answers GET with a document, or with 304 when the caller has this version.
func writeVersion(w http.ResponseWriter, r *http.Request, sequence int64, document any) error {
	tag := etag(sequence)
	w.Header().Set("ETag", tag)
	if matches(r.Header.Values("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return writeJSON(w, http.StatusOK, document)
}
