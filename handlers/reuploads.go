package handlers

import (
	"net/http"

	"github.com/fakturgate/fakturgate/service"
)

// ReuploadInvoices uploads many invoices again.
//
//	@Summary		Upload many invoices again
//	@Description	Every `saved_invalid` invoice that agrees with the filter, at most 10,000, is queued again as it is. A filter is needed: `npwp`, `reason_code`, `references`, `date_from` or `date_to`. They are still handed over one by one for each seller, which is DJP's advice.
//	@Description	What must not be uploaded again is in `skipped` with the reason. Sending the request again is safe: what is queued already is not `saved_invalid` any more.
//	@ID				reuploadInvoices
//	@Tags			invoices
//	@Accept			json
//	@Produce		json
//	@Param			reupload	body		service.ReuploadFilter	true	"Which, and who signs"
//	@Success		202			{object}	service.ReuploadResult	"Queued again"
//	@Header			202			{string}	Location				"Where their progress is"
//	@Failure		400			{object}	Problem					"Not JSON, or no body"
//	@Failure		409			{object}	Problem					"The signer is paused, or the Idempotency-Key is still running (in_progress)"
//	@Failure		413			{object}	Problem					"Over 4 MiB"
//	@Failure		415			{object}	Problem					"Not application/json"
//	@Failure		422			{object}	Problem					"No filter, too many invoices, or a field is refused"
//	@Security		bearer[invoices:write]
//	@Router			/invoices/reupload [post]
func (h *Handlers) ReuploadInvoices(w http.ResponseWriter, r *http.Request) error {
	var filter service.ReuploadFilter
	if err := decodeBody(w, r, &filter); err != nil {
		return err
	}
	by, err := operatorSaying(r, filter.Why)
	if err != nil {
		return err
	}
	result, err := h.Service.ReuploadMany(r.Context(), by, filter)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/invoices/reupload/"+result.ID)
	return writeJSON(w, http.StatusAccepted, result)
}

// GetReupload says how far many re-uploads have come.
//
//	@Summary		See how far many re-uploads have come
//	@ID				getReupload
//	@Tags			invoices
//	@Produce		json
//	@Param			id	path		string						true	"The id that POST /invoices/reupload gave"
//	@Success		200	{object}	service.ReuploadProgress	"How many are in each status, and which failed again"
//	@Failure		404	{object}	Problem						"There is none, or it is another tenant's"
//	@Failure		422	{object}	Problem						"It has a query parameter, and takes none"
//	@Security		bearer[invoices:read]
//	@Router			/invoices/reupload/{id} [get]
func (h *Handlers) GetReupload(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "reupload")
	if err != nil {
		return err
	}
	progress, err := h.Service.ReuploadProgress(r.Context(), tenant(r.Context()), id)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, progress)
}
