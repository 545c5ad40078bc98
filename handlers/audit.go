package handlers

import (
	"net/http"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/service"
)

// Why is the optional body of what is audited.
type Why struct {
	// Why is kept with who did it and when.
	Why string `json:"why,omitempty" maxLength:"1000" example:"The provider is down"`
}

// maxWhy is how many characters the audit takes of a why.
const maxWhy = 1000

// operator is who calls, for the audit.
func operator(r *http.Request) service.Operator {
	caller := VisitOf(r.Context()).Caller
	return service.Operator{Tenant: caller.Tenant, Actor: caller.KeyID}
}

// operatorSaying is operator with the why of a body, which may be refused.
func operatorSaying(r *http.Request, why string) (service.Operator, error) {
	o := operator(r)
	o.Why = why
	return o, faktur.Invalid(faktur.TextFaults("/why", "why", why, maxWhy))
}

// GetAudit lists what operators did.
//
//	@Summary		List what operators did
//	@Description	Who did what, when and why, newest first: pauses, resolutions, status imports, signers, changes of channel.
//	@ID				listAudit
//	@Tags			operators
//	@Produce		json
//	@Param			limit	query		int						false	"How many a page has; 50 when absent"	minimum(1)	maximum(200)
//	@Param			cursor	query		string					false	"The next_cursor of the page before"
//	@Success		200		{object}	List[faktur.AuditEntry]	"A page"
//	@Failure		422		{object}	Problem					"A parameter is malformed"
//	@Security		bearer[admin]
//	@Router			/audit [get]
func (h *Handlers) GetAudit(w http.ResponseWriter, r *http.Request) error {
	q := readQuery(r)
	limit, cursor := q.limit(defaultLimit, maxLimit), q.text("cursor")
	if err := q.err(); err != nil {
		return err
	}
	page, err := h.Service.Audit(r.Context(), tenant(r.Context()), limit, cursor)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, listOf(page))
}
