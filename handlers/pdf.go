package handlers

import (
	"mime"
	"net/http"
	"strconv"
)

// GetPDF gives the print of an approved invoice.
//
//	@Summary		Get an invoice's PDF
//	@Description	From the channel, where it has one: the file, or a redirect to it.
//	@ID				getInvoicePDF
//	@Tags			invoices
//	@Produce		application/pdf
//	@Param			id	path		string	true	"The document's id"
//	@Success		200	{file}		binary	"The PDF"
//	@Header			200	{string}	Content-Disposition	"Its name"
//	@Success		303	"It is at another address"
//	@Header			303	{string}	Location	"Where the PDF is"
//	@Failure		404	{object}	Problem	"There is none, or it is another tenant's"
//	@Failure		409	{object}	Problem	"The channel has no PDFs (channel_cannot), or none of this invoice (not_approved, no_pdf); detail says what a person does"
//	@Failure		422	{object}	Problem	"It has a query parameter, and takes none"
//	@Security		bearer[invoices:read]
//	@Router			/invoices/{id}/pdf [get]
func (h *Handlers) GetPDF(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "invoice")
	if err != nil {
		return err
	}
	pdf, err := h.Service.PDF(r.Context(), tenant(r.Context()), id)
	if err != nil {
		return err
	}
	if pdf.Link != "" {
		w.Header().Set("Location", pdf.Link)
		w.WriteHeader(http.StatusSeeOther)
		return nil
	}
	w.Header().Set("Content-Type", "application/pdf")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": id + ".pdf"}))
	w.Header().Set("Content-Length", strconv.Itoa(len(pdf.Content)))
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(pdf.Content)
	return nil
}
