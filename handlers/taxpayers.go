package handlers

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/fakturgate/fakturgate/faktur"
)

// PutTaxpayer registers a seller or changes its registration.
//
//	@Summary		Register a seller
//	@Description	A seller (PKP) must be registered before its invoices are accepted. `livemode` is fixed at the first registration: false when its channel is the simulator.
//	@Description	Another channel moves only `queued` documents, and is audited; a document keeps its channel once it was submitted. So do a replacement whose new channel cannot replace, and a re-upload that Coretax already holds when the new channel's files can only create (unless `reupload_mode` is `delete_then_import`). Read-only fields are ignored.
//	@ID				putTaxpayer
//	@Tags			taxpayers
//	@Accept			json
//	@Produce		json
//	@Param			npwp		path		string			true	"The seller's NPWP, 16 digits"
//	@Param			why			query		string			false	"Why the channel changes, for the audit"
//	@Param			taxpayer	body		faktur.Taxpayer	true	"The registration"
//	@Success		200			{object}	faktur.Taxpayer	"Changed"
//	@Success		201			{object}	faktur.Taxpayer	"Registered"
//	@Header			201			{string}	Location		"Its path"
//	@Failure		400			{object}	Problem			"Not JSON, or no body"
//	@Failure		409			{object}	Problem			"It would move between the simulator and the real tax system (livemode_fixed)"
//	@Failure		413			{object}	Problem			"Over 4 MiB"
//	@Failure		415			{object}	Problem			"Not application/json"
//	@Failure		422			{object}	Problem			"The content is refused, or the gateway is not set up for the channel"
//	@Security		bearer[admin]
//	@Router			/taxpayers/{npwp} [put]
func (h *Handlers) PutTaxpayer(w http.ResponseWriter, r *http.Request) error {
	q := readQuery(r)
	var t faktur.Taxpayer
	if err := decodeBody(w, r, &t); err != nil {
		return err
	}
	npwp := chi.URLParam(r, "npwp")
	if t.NPWP != "" && t.NPWP != npwp {
		return faktur.Invalid([]faktur.Fault{{Pointer: "/npwp", Code: "npwp_mismatch",
			Message: "The body names another seller than the path. Leave npwp out of the body."}})
	}
	t.Tenant, t.NPWP = tenant(r.Context()), npwp
	by := operator(r)
	by.Why = q.text("why")
	registered, created, err := h.Service.Register(r.Context(), t, by)
	if err != nil {
		return err
	}
	if created {
		w.Header().Set("Location", "/taxpayers/"+registered.NPWP)
		return writeJSON(w, http.StatusCreated, registered)
	}
	return writeJSON(w, http.StatusOK, registered)
}

// GetTaxpayer gives a seller's registration.
//
//	@Summary		Get a seller's registration
//	@ID				getTaxpayer
//	@Tags			taxpayers
//	@Produce		json
//	@Param			npwp	path		string			true	"The seller's NPWP, 16 digits"
//	@Success		200		{object}	faktur.Taxpayer	"The registration"
//	@Failure		404		{object}	Problem			"There is none, or it is another tenant's"
//	@Failure		422	{object}	Problem	"It has a query parameter, and takes none"
//	@Security		bearer[invoices:read]
//	@Router			/taxpayers/{npwp} [get]
func (h *Handlers) GetTaxpayer(w http.ResponseWriter, r *http.Request) error {
	npwp, err := pathWord(r, "npwp", "taxpayer")
	if err != nil {
		return err
	}
	t, err := h.Service.Taxpayer(r.Context(), tenant(r.Context()), npwp)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, t)
}

// GetTaxpayers lists the tenant's sellers.
//
//	@Summary		List sellers
//	@Description	By NPWP.
//	@ID				listTaxpayers
//	@Tags			taxpayers
//	@Produce		json
//	@Param			limit	query		int						false	"How many a page has; 50 when absent"	minimum(1)	maximum(200)
//	@Param			cursor	query		string					false	"The next_cursor of the page before"
//	@Success		200		{object}	List[faktur.Taxpayer]	"A page"
//	@Failure		422		{object}	Problem					"A parameter is malformed"
//	@Security		bearer[invoices:read]
//	@Router			/taxpayers [get]
func (h *Handlers) GetTaxpayers(w http.ResponseWriter, r *http.Request) error {
	q := readQuery(r)
	limit, cursor := q.limit(defaultLimit, maxLimit), q.text("cursor")
	if err := q.err(); err != nil {
		return err
	}
	page, err := h.Service.Taxpayers(r.Context(), tenant(r.Context()), limit, cursor)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, listOf(page))
}
