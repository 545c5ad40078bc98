package handlers

import (
	"context"
	"net/http"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/service"
)

// PutSigner registers a signer or changes it.
//
//	@Summary		Register a signer
//	@Description	A person who signs the taxpayer's documents, by NIK or NPWP. The lowest `priority` signs first. The passphrase is stored encrypted and never shown again; without one, or with `[secret]`, the stored one stays.
//	@Description	Another passphrase puts the signer on trial: one document goes first, and the others follow when it is approved. It also ends a pause that failures brought. Read-only fields are ignored.
//	@ID				putSigner
//	@Tags			signers
//	@Accept			json
//	@Produce		json
//	@Param			npwp	path		string			true	"The taxpayer's NPWP, 16 digits"
//	@Param			id		path		string			true	"The signer's NIK or NPWP, 16 digits"
//	@Param			signer	body		faktur.Signer	true	"The signer"
//	@Success		200		{object}	faktur.Signer	"Changed"
//	@Success		201		{object}	faktur.Signer	"Registered"
//	@Header			201		{string}	Location		"Its path"
//	@Failure		400		{object}	Problem			"Not JSON, or no body"
//	@Failure		404		{object}	Problem			"No such taxpayer is registered"
//	@Failure		409		{object}	Problem			"The taxpayer has 100 signers (signers_limit)"
//	@Failure		413		{object}	Problem			"Over 4 MiB"
//	@Failure		415		{object}	Problem			"Not application/json"
//	@Failure		422		{object}	Problem			"The content is refused"
//	@Security		bearer[admin]
//	@Router			/taxpayers/{npwp}/signers/{id} [put]
func (h *Handlers) PutSigner(w http.ResponseWriter, r *http.Request) error {
	npwp, id, err := signerPath(r)
	if err != nil {
		return err
	}
	var signer faktur.Signer
	if err := decodeBody(w, r, &signer); err != nil {
		return err
	}
	if signer.ID != "" && signer.ID != id {
		return faktur.Invalid([]faktur.Fault{{Pointer: "/id", Code: "signer_mismatch",
			Message: "The body names another signer than the path. Leave id out of the body."}})
	}
	signer.Tenant, signer.TaxpayerNPWP, signer.ID = tenant(r.Context()), npwp, id
	stored, created, err := h.Service.PutSigner(r.Context(), operator(r), signer)
	if err != nil {
		return err
	}
	if created {
		w.Header().Set("Location", "/taxpayers/"+npwp+"/signers/"+id)
		return writeJSON(w, http.StatusCreated, stored)
	}
	return writeJSON(w, http.StatusOK, stored)
}

// signerPath is the taxpayer and the signer that the path names.
func signerPath(r *http.Request) (npwp, id string, err error) {
	if npwp, err = pathWord(r, "npwp", "taxpayer"); err != nil {
		return "", "", err
	}
	id, err = pathWord(r, "id", "signer")
	return npwp, id, err
}

// GetSigners lists a taxpayer's signers.
//
//	@Summary		List a taxpayer's signers
//	@Description	By priority, at most 100, all on one page. Passphrases are not shown.
//	@ID				listSigners
//	@Tags			signers
//	@Produce		json
//	@Param			npwp	path		string				true	"The taxpayer's NPWP, 16 digits"
//	@Success		200		{object}	List[faktur.Signer]	"The signers"
//	@Failure		404		{object}	Problem				"No such taxpayer is registered"
//	@Failure		422		{object}	Problem				"It has a query parameter, and takes none"
//	@Security		bearer[admin]
//	@Router			/taxpayers/{npwp}/signers [get]
func (h *Handlers) GetSigners(w http.ResponseWriter, r *http.Request) error {
	npwp, err := pathWord(r, "npwp", "taxpayer")
	if err != nil {
		return err
	}
	signers, err := h.Service.Signers(r.Context(), tenant(r.Context()), npwp)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, listOf(service.Page[faktur.Signer]{Data: signers}))
}

// DeleteSigner removes a signer.
//
//	@Summary		Remove a signer
//	@Description	Nothing more is handed over in their name. What is in signing already is not touched.
//	@ID				deleteSigner
//	@Tags			signers
//	@Produce		json
//	@Param			npwp	path	string	true	"The taxpayer's NPWP, 16 digits"
//	@Param			id		path	string	true	"The signer's NIK or NPWP, 16 digits"
//	@Success		204	"Removed"
//	@Failure		404	{object}	Problem	"No such taxpayer or signer is registered"
//	@Failure		422	{object}	Problem	"It has a query parameter, and takes none"
//	@Security		bearer[admin]
//	@Router			/taxpayers/{npwp}/signers/{id} [delete]
func (h *Handlers) DeleteSigner(w http.ResponseWriter, r *http.Request) error {
	npwp, id, err := signerPath(r)
	if err != nil {
		return err
	}
	if err := h.Service.DeleteSigner(r.Context(), operator(r), npwp, id); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// PauseSigner pauses a signer.
//
//	@Summary		Pause a signer
//	@Description	Nothing more is handed over in their name until they are resumed; the next signer by priority takes over. Pausing a paused one changes nothing.
//	@ID				pauseSigner
//	@Tags			signers
//	@Accept			json
//	@Produce		json
//	@Param			npwp	path		string			true	"The taxpayer's NPWP, 16 digits"
//	@Param			id		path		string			true	"The signer's NIK or NPWP, 16 digits"
//	@Param			why		body		Why				false	"Why"
//	@Success		200		{object}	faktur.Signer	"The signer"
//	@Failure		400		{object}	Problem			"Not JSON"
//	@Failure		404		{object}	Problem			"No such taxpayer or signer is registered"
//	@Failure		409		{object}	Problem			"The Idempotency-Key is still running (in_progress)"
//	@Failure		413		{object}	Problem			"Over 4 MiB"
//	@Failure		415		{object}	Problem			"Not application/json"
//	@Failure		422		{object}	Problem			"The content is refused"
//	@Security		bearer[admin]
//	@Router			/taxpayers/{npwp}/signers/{id}/pause [post]
func (h *Handlers) PauseSigner(w http.ResponseWriter, r *http.Request) error {
	return decideOnSigner(w, r, h.Service.PauseSigner)
}

// ResumeSigner takes a signer's pause back.
//
//	@Summary		Resume a signer
//	@Description	The signer is on trial: one document goes first, and the others follow when it is approved. Resuming one that is not paused changes nothing.
//	@ID				resumeSigner
//	@Tags			signers
//	@Accept			json
//	@Produce		json
//	@Param			npwp	path		string			true	"The taxpayer's NPWP, 16 digits"
//	@Param			id		path		string			true	"The signer's NIK or NPWP, 16 digits"
//	@Param			why		body		Why				false	"Why"
//	@Success		200		{object}	faktur.Signer	"The signer"
//	@Failure		400		{object}	Problem			"Not JSON"
//	@Failure		404		{object}	Problem			"No such taxpayer or signer is registered"
//	@Failure		409		{object}	Problem			"The Idempotency-Key is still running (in_progress)"
//	@Failure		413		{object}	Problem			"Over 4 MiB"
//	@Failure		415		{object}	Problem			"Not application/json"
//	@Failure		422		{object}	Problem			"The content is refused"
//	@Security		bearer[admin]
//	@Router			/taxpayers/{npwp}/signers/{id}/resume [post]
func (h *Handlers) ResumeSigner(w http.ResponseWriter, r *http.Request) error {
	return decideOnSigner(w, r, h.Service.ResumeSigner)
}

// decideOnSigner is what pausing and resuming have in common.
func decideOnSigner(w http.ResponseWriter, r *http.Request,
	decide func(ctx context.Context, o service.Operator, npwp, id string) (faktur.Signer, error)) error {
	npwp, id, err := signerPath(r)
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
	signer, err := decide(r.Context(), by, npwp, id)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, signer)
}
