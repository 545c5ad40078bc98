package handlers

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/fakturgate/fakturgate/faktur"
)

// maxBatch is how many invoices a batch may have (CONTRACT).
const maxBatch = 1000

// The rows of a batch list so many faults together, and each row so many
// whatever the others have: a thousand rows with a thousand faults each would be
// an answer many times the size of the batch.
const (
	maxBatchFaults = 10_000
	minRowFaults   = 10
)

// Batch is the body of POST /invoices/batch. Row is an invoice, which is read on
// its own, so that one that is no invoice harms no other.
type Batch[Row any] struct {
	Invoices []Row `json:"invoices" validate:"required,min=1,max=1000"`
}

// BatchAnswer has a result for each invoice, in order.
type BatchAnswer[Document any] struct {
	Results []BatchResult[Document] `json:"results"`
}

// BatchResult is what POST /invoices would have answered to one invoice: a
// document with 202 or 200, or a problem.
type BatchResult[Document any] struct {
	Status   int      `json:"status" example:"202"`
	Document Document `json:"document,omitzero"`
	Problem  *Problem `json:"problem,omitzero"`
}

// PostBatch accepts many invoices.
//
//	@Summary		Accept up to 1,000 invoices
//	@Description	Each invoice is decided on its own, as POST /invoices would: one that is refused harms no other. The results come in the order of the invoices; pointers in a row's problem begin at that invoice.
//	@Description	All rows together list 10,000 faults, and each at least its first 10; its `detail` says when it has more.
//	@Description	A body that is not JSON is refused as a whole. After a lost answer, send the same batch again: what was accepted answers 200.
//	@Description	Under an Idempotency-Key the answer is kept unless a row failed for a reason that passes (429, 500, 503).
//	@ID				postInvoiceBatch
//	@Tags			invoices
//	@Accept			json
//	@Produce		json
//	@Param			batch	body		Batch[faktur.TaxInvoice]			true	"The invoices"
//	@Success		207		{object}	BatchAnswer[faktur.StoredInvoice]	"A result for each invoice"
//	@Failure		400		{object}	Problem	"Not JSON, or no body"
//	@Failure		409		{object}	Problem	"The Idempotency-Key is still running (in_progress)"
//	@Failure		413		{object}	Problem	"Over 16 MiB"
//	@Failure		415		{object}	Problem	"Not application/json"
//	@Failure		422		{object}	Problem	"No invoices, or more than 1,000; or the envelope has other fields"
//	@Security		bearer[invoices:write]
//	@Router			/invoices/batch [post]
func (h *Handlers) PostBatch(w http.ResponseWriter, r *http.Request) error {
	body, release, err := readNeeded(w, r, maxBatchBody)
	defer release()
	if err != nil {
		return err
	}
	var batch Batch[jsontext.Value]
	if err := decode(body, &batch); err != nil {
		return err
	}
	if n := len(batch.Invoices); n == 0 || n > maxBatch {
		return faktur.Invalid([]faktur.Fault{{Pointer: "/invoices", Code: "batch_size",
			Message: fmt.Sprintf("A batch has 1 to %d invoices; this one has %d.", maxBatch, n)}})
	}
	answer := h.acceptRows(r, batch.Invoices)
	for _, result := range answer.Results {
		if result.Status >= 500 || result.Status == http.StatusTooManyRequests {
			tried(w)
		}
	}
	return writeJSON(w, http.StatusMultiStatus, answer)
}

// acceptRows hands every row that is an invoice to the service, and gives the
// results in the order of the rows.
func (h *Handlers) acceptRows(r *http.Request, rows []jsontext.Value) BatchAnswer[jsontext.Value] {
	results := make([]BatchResult[jsontext.Value], len(rows))
	faultsLeft := maxBatchFaults
	read := func(i int) (faktur.TaxInvoice, error) { return h.decodeInvoice(r.Context(), rows[i]) }
	for i, accepted := range h.Service.AcceptAll(r.Context(), tenant(r.Context()), len(rows), read) {
		if accepted.Err != nil {
			results[i] = h.failedRow(r, i, accepted.Err, &faultsLeft)
			continue
		}
		results[i] = BatchResult[jsontext.Value]{Status: accepted.Status, Document: accepted.Body}
	}
	return BatchAnswer[jsontext.Value]{Results: results}
}

// failedRow is the result of a row that was refused. Its faults come out of faultsLeft.
func (h *Handlers) failedRow(r *http.Request, i int, err error, faultsLeft *int) BatchResult[jsontext.Value] {
	e := faktur.AsError(err)
	p := problemOf(r, e, min(maxFaults, max(*faultsLeft, minRowFaults)))
	*faultsLeft -= len(p.Errors)
	p.Instance += "#/invoices/" + strconv.Itoa(i)
	h.log(r.Context(), e, p.Status)
	return BatchResult[jsontext.Value]{Status: p.Status, Problem: &p}
}
