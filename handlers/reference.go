package handlers

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/fakturgate/fakturgate/faktur"
)

// GetReference gives one of DJP's code lists.
//
//	@Summary		Get a code list
//	@Description	DJP's codes with their Indonesian names, whole: `next_cursor` is always null. `q` searches codes and names.
//	@ID				getReferenceList
//	@Tags			reference
//	@Produce		json
//	@Param			list	path		string						true	"Which list"	Enums(units, transaction-codes, additional-info, facility-stamps, countries, goods-services)
//	@Param			q		query		string						false	"What code or name should contain"
//	@Success		200		{object}	List[faktur.ReferenceRow]	"The codes"
//	@Failure		404		{object}	Problem						"There is no such list"
//	@Failure		422		{object}	Problem						"A parameter is malformed"
//	@Security		bearer
//	@Router			/reference/{list} [get]
func (h *Handlers) GetReference(w http.ResponseWriter, r *http.Request) error {
	q := readQuery(r)
	search := q.text("q")
	if err := q.err(); err != nil {
		return err
	}
	rows, err := h.Service.Reference().List(chi.URLParam(r, "list"), search)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, List[faktur.ReferenceRow]{Data: rows})
}
