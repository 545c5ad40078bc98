package handlers

import (
	"net/http"

	"github.com/fakturgate/fakturgate/faktur"
)

// ReplaceInvoice files a replacement of an approved invoice.
//
//	@Summary		Replace an approved invoice
//	@Description	A replacement (faktur pengganti) is a new document with the same seller, reference and buyer, and the whole content as it shall be; read-only fields in the body are ignored, so GET, edit, POST works. `replaces_id` names its original, and the original's `replaced_by_id` names it.
//	@Description	When the replacement is approved its original becomes `amended`, or `amendment_pending` until the buyer agrees; when the buyer refuses it is `approved` again. A wrong buyer is no case for a replacement (PER-11/PJ/2025 art. 48): 422 `buyer_fixed`; cancel the invoice and post a new one under the same reference.
//	@Description	The same content again answers 200 with the replacement and `Idempotent-Replayed: true`; other content while there is one answers 409. A replacement may itself be replaced. It has no upload deadline. Where the channel cannot, 409 `channel_cannot` says what a person does in the portal.
//	@ID				replaceInvoice
//	@Tags			invoices
//	@Accept			json
//	@Produce		json
//	@Param			id		path		string					true	"The original's id"
//	@Param			invoice	body		faktur.TaxInvoice		true	"The whole content of the replacement"
//	@Success		202		{object}	faktur.StoredInvoice	"Accepted"
//	@Success		200		{object}	faktur.StoredInvoice	"This very replacement was accepted before; nothing new was stored"
//	@Header			202,200	{string}	Location				"The replacement's path"
//	@Header			202,200	{string}	ETag					"Its version"
//	@Failure		400		{object}	Problem					"Not JSON, or no body"
//	@Failure		404		{object}	Problem					"There is none, or it is another tenant's"
//	@Failure		409		{object}	Problem					"Its status or its channel forbids it, or it has another replacement; detail says what to do"
//	@Failure		413		{object}	Problem					"Over 4 MiB, or more than 5,000 lines"
//	@Failure		415		{object}	Problem					"Not application/json"
//	@Failure		422		{object}	Problem					"The content is refused; errors names every fault"
//	@Security		bearer[invoices:write]
//	@Router			/invoices/{id}/replace [post]
func (h *Handlers) ReplaceInvoice(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "invoice")
	if err != nil {
		return err
	}
	content, err := h.decodeCorrection(w, r)
	if err != nil {
		return err
	}
	invoice, replayed, err := h.Service.Replace(r.Context(), tenant(r.Context()), id, content)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/invoices/"+invoice.ID)
	if replayed {
		w.Header().Set(headerReplayed, "true")
		return writeInvoice(w, http.StatusOK, invoice)
	}
	return writeInvoice(w, http.StatusAccepted, invoice)
}

// Chain is an invoice with everything that replaced it, or that it replaces.
type Chain struct {
	// Data is the chain, oldest first, cancelled replacements included.
	Data []faktur.StoredInvoice `json:"data"`
	// InForce is the id of the one that is in force; null when none is.
	InForce faktur.NullString `json:"in_force" swaggertype:"string" extensions:"x-nullable" example:"0199c9a4-7a52-7d0e-8f3c-2b1f6d1c9a10"`
}

// GetChain lists the chain of replacements that an invoice is in.
//
//	@Summary		List a chain of replacements
//	@Description	Every document of the chain, oldest first, from any member: the original and what replaced it, one after another. `in_force` names the one that counts; a replacement counts once its original is `amended`.
//	@ID				getChain
//	@Tags			invoices
//	@Produce		json
//	@Param			id	path		string	true	"The id of any member"
//	@Success		200	{object}	Chain	"The chain; of an invoice that was never replaced, itself"
//	@Failure		404	{object}	Problem	"There is none, or it is another tenant's"
//	@Failure		422	{object}	Problem	"It has a query parameter, and takes none"
//	@Security		bearer[invoices:read]
//	@Router			/invoices/{id}/chain [get]
func (h *Handlers) GetChain(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "invoice")
	if err != nil {
		return err
	}
	invoices, inForce, err := h.Service.Chain(r.Context(), tenant(r.Context()), id)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, Chain{Data: invoices, InForce: faktur.NullString(inForce)})
}
