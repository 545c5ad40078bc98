package handlers

import (
	"net/http"

	"github.com/fakturgate/fakturgate/faktur"
)

// GetNSFPRanges gives a seller's ranges of numbers.
//
//	@Summary		Get a seller's numbers
//	@Description	The ranges from e-Nofa that channel `efaktur_desktop` draws from, and what is left of them.
//	@ID				getNSFPRanges
//	@Tags			taxpayers
//	@Produce		json
//	@Param			npwp	path		string				true	"The seller's NPWP, 16 digits"
//	@Success		200		{object}	faktur.NSFPRanges	"The ranges"
//	@Failure		404		{object}	Problem				"The seller is not registered"
//	@Failure		422		{object}	Problem				"It has a query parameter, and takes none"
//	@Security		bearer[invoices:read]
//	@Router			/taxpayers/{npwp}/nsfp-ranges [get]
func (h *Handlers) GetNSFPRanges(w http.ResponseWriter, r *http.Request) error {
	npwp, err := pathWord(r, "npwp", "taxpayer")
	if err != nil {
		return err
	}
	ranges, err := h.Service.NSFPRanges(r.Context(), tenant(r.Context()), npwp)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, ranges)
}

// PutNSFPRanges replaces a seller's ranges of numbers.
//
//	@Summary		Replace a seller's numbers
//	@Description	Ranges of 13-digit serials from e-Nofa, as printed (000-26.00000001) or bare, for channel `efaktur_desktop` only. They must not overlap.
//	@Description	Send all of them: a range from which a number was drawn has to stay, at least up to that number, and goes on where it is. Invoices that waited for a number go on at once.
//	@ID				putNSFPRanges
//	@Tags			taxpayers
//	@Accept			json
//	@Produce		json
//	@Param			npwp	path		string				true	"The seller's NPWP, 16 digits"
//	@Param			ranges	body		faktur.NSFPRanges	true	"The ranges"
//	@Success		200		{object}	faktur.NSFPRanges	"The ranges, and what is left of them"
//	@Failure		400		{object}	Problem				"Not JSON, or no body"
//	@Failure		404		{object}	Problem				"The seller is not registered"
//	@Failure		409		{object}	Problem				"Numbers were drawn from a range that would go (range_in_use), or the seller is on another channel (channel_cannot)"
//	@Failure		413		{object}	Problem				"Over 4 MiB"
//	@Failure		415		{object}	Problem				"Not application/json"
//	@Failure		422		{object}	Problem				"The ranges are malformed or overlap"
//	@Security		bearer[admin]
//	@Router			/taxpayers/{npwp}/nsfp-ranges [put]
func (h *Handlers) PutNSFPRanges(w http.ResponseWriter, r *http.Request) error {
	npwp, err := pathWord(r, "npwp", "taxpayer")
	if err != nil {
		return err
	}
	var body faktur.NSFPRanges
	if err := decodeBody(w, r, &body); err != nil {
		return err
	}
	ranges, err := h.Service.PutNSFPRanges(r.Context(), operator(r), npwp, body)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, ranges)
}
