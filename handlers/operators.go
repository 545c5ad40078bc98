package handlers

import (
	"context"
	"net/http"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/service"
)

// PauseTaxpayer stops handing a seller's documents over.
//
//	@Summary		Pause a seller
//	@Description	Nothing more of the seller is handed over until it is resumed; invoices are accepted and wait in `queued`. What was handed over already goes on: it is looked up and asked about as ever, and upload deadlines run. Pausing a paused seller answers 200. It is audited.
//	@ID				pauseTaxpayer
//	@Tags			operators
//	@Accept			json
//	@Produce		json
//	@Param			npwp	path		string			true	"The seller's NPWP, 16 digits"
//	@Param			why		body		Why				false	"Why, for the audit"
//	@Success		200		{object}	faktur.Taxpayer	"The registration, with paused_at"
//	@Failure		400		{object}	Problem			"Not JSON"
//	@Failure		404		{object}	Problem			"There is none, or it is another tenant's"
//	@Failure		413		{object}	Problem			"Over 4 MiB"
//	@Failure		415		{object}	Problem			"Not application/json"
//	@Failure		422		{object}	Problem			"The body has another field"
//	@Security		bearer[admin]
//	@Router			/taxpayers/{npwp}/pause [post]
func (h *Handlers) PauseTaxpayer(w http.ResponseWriter, r *http.Request) error {
	return setPaused(w, r, h.Service.Pause)
}

// ResumeTaxpayer lets a paused seller's documents go.
//
//	@Summary		Resume a seller
//	@Description	What waited leaves in its usual order. Resuming a seller that is not paused answers 200. It is audited.
//	@ID				resumeTaxpayer
//	@Tags			operators
//	@Accept			json
//	@Produce		json
//	@Param			npwp	path		string			true	"The seller's NPWP, 16 digits"
//	@Param			why		body		Why				false	"Why, for the audit"
//	@Success		200		{object}	faktur.Taxpayer	"The registration, without paused_at"
//	@Failure		400		{object}	Problem			"Not JSON"
//	@Failure		404		{object}	Problem			"There is none, or it is another tenant's"
//	@Failure		413		{object}	Problem			"Over 4 MiB"
//	@Failure		415		{object}	Problem			"Not application/json"
//	@Failure		422		{object}	Problem			"The body has another field"
//	@Security		bearer[admin]
//	@Router			/taxpayers/{npwp}/resume [post]
func (h *Handlers) ResumeTaxpayer(w http.ResponseWriter, r *http.Request) error {
	return setPaused(w, r, h.Service.Resume)
}

func setPaused(w http.ResponseWriter, r *http.Request, set func(context.Context, service.Operator, string) (faktur.Taxpayer, error)) error {
	npwp, err := pathWord(r, "npwp", "taxpayer")
	if err != nil {
		return err
	}
	var body Why
	if err := decodeOptional(w, r, &body); err != nil {
		return err
	}
	t, err := set(r.Context(), operator(r, body.Why), npwp)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, t)
}
