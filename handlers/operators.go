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
	by, err := operatorSaying(r, body.Why)
	if err != nil {
		return err
	}
	t, err := set(r.Context(), by, npwp)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, t)
}

// The outcomes of a Resolution and a ReturnResolution.
const (
	outcomeFiled    = "filed"
	outcomeNotFiled = "not_filed"
	outcomeApproved = "approved" // of returns
)

// Resolution is the body of POST /invoices/{id}/resolve.
type Resolution struct {
	Outcome string `json:"outcome" validate:"required" enums:"filed,not_filed" example:"filed"`
	// NSFP is the number that the tax system shows; only of what is filed, and
	// "" while it is still in signing.
	NSFP string `json:"nsfp,omitempty" pattern:"^([0-9]{16,17})?$" example:"04002600000000001"`
	Why  string `json:"why,omitempty" maxLength:"1000" example:"Seen in the Coretax portal"`
}

// ResolveInvoice takes an operator's word on an invoice of unknown fate.
//
//	@Summary		Say what became of an invoice
//	@Description	For an invoice that is `submitting` and whose fate the gateway cannot find out by itself, or that is a draft in the tax system. `filed` with its `nsfp`: it is approved. `filed` without: it is in signing, and asked about again. `not_filed`: it is queued again and goes under the same client id, so be certain: look in the Coretax portal by its reference first. A draft that was deleted there goes as another attempt. It is audited.
//	@ID				resolveInvoice
//	@Tags			operators
//	@Accept			json
//	@Produce		json
//	@Param			id			path		string					true	"The document's id"
//	@Param			resolution	body		Resolution				true	"What became of it"
//	@Success		200			{object}	faktur.StoredInvoice	"As it is from now on"
//	@Header			200			{string}	ETag					"Its version"
//	@Failure		400			{object}	Problem					"Not JSON, or no body"
//	@Failure		404			{object}	Problem					"There is none, or it is another tenant's"
//	@Failure		409			{object}	Problem					"It is neither submitting nor a draft (not_submitting), its hand-over is going on (hand_over_under_way), or another invoice has the number (nsfp_taken)"
//	@Failure		413			{object}	Problem					"Over 4 MiB"
//	@Failure		415			{object}	Problem					"Not application/json"
//	@Failure		422			{object}	Problem					"The outcome or the number is refused"
//	@Security		bearer[admin]
//	@Router			/invoices/{id}/resolve [post]
func (h *Handlers) ResolveInvoice(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "invoice")
	if err != nil {
		return err
	}
	var body Resolution
	if err := decodeBody(w, r, &body); err != nil {
		return err
	}
	if body.Outcome != outcomeFiled && body.Outcome != outcomeNotFiled {
		return faktur.Invalid([]faktur.Fault{{Pointer: "/outcome", Code: "unknown_value", Message: "outcome must be filed or not_filed."}})
	}
	by, err := operatorSaying(r, body.Why)
	if err != nil {
		return err
	}
	invoice, err := h.Service.Resolve(r.Context(), by, id, service.Resolution{Filed: body.Outcome == outcomeFiled, NSFP: body.NSFP})
	if err != nil {
		return err
	}
	return writeInvoice(w, http.StatusOK, invoice)
}

// ReturnResolution is the body of POST /returns/{id}/resolve.
type ReturnResolution struct {
	Outcome string `json:"outcome" validate:"required" enums:"approved,filed,not_filed" example:"approved"`
	Why     string `json:"why,omitempty" maxLength:"1000" example:"Seen in the Coretax portal"`
}

// ResolveReturn takes an operator's word on a return of unknown fate.
//
//	@Summary		Say what became of a return
//	@Description	For a return that is `submitting` and whose fate the gateway cannot find out by itself: of two that look alike in the portal's list, nobody else can say which is which. `approved`: it is. `filed`: it is in signing, and asked about again. `not_filed`: it is queued again and goes under the same client id, so be certain. A draft that was deleted in the tax system goes as another attempt. It is audited.
//	@ID				resolveReturn
//	@Tags			operators
//	@Accept			json
//	@Produce		json
//	@Param			id			path		string				true	"The document's id"
//	@Param			resolution	body		ReturnResolution	true	"What became of it"
//	@Success		200			{object}	faktur.StoredReturn	"As it is from now on"
//	@Header			200			{string}	ETag				"Its version"
//	@Failure		400			{object}	Problem				"Not JSON, or no body"
//	@Failure		404			{object}	Problem				"There is none, or it is another tenant's"
//	@Failure		409			{object}	Problem				"It is neither submitting nor a draft (not_submitting), or its hand-over is going on (hand_over_under_way)"
//	@Failure		413			{object}	Problem				"Over 4 MiB"
//	@Failure		415			{object}	Problem				"Not application/json"
//	@Failure		422			{object}	Problem				"The outcome is refused"
//	@Security		bearer[admin]
//	@Router			/returns/{id}/resolve [post]
func (h *Handlers) ResolveReturn(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "return")
	if err != nil {
		return err
	}
	var body ReturnResolution
	if err := decodeBody(w, r, &body); err != nil {
		return err
	}
	word := service.Resolution{Filed: body.Outcome != outcomeNotFiled, Approved: body.Outcome == outcomeApproved}
	if word.Filed && !word.Approved && body.Outcome != outcomeFiled {
		return faktur.Invalid([]faktur.Fault{{Pointer: "/outcome", Code: "unknown_value", Message: "outcome must be approved, filed or not_filed."}})
	}
	by, err := operatorSaying(r, body.Why)
	if err != nil {
		return err
	}
	ret, err := h.Service.ResolveReturn(r.Context(), by, id, word)
	if err != nil {
		return err
	}
	return writeReturn(w, http.StatusOK, ret)
}
