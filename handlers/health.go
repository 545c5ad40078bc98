package handlers

import (
	"net/http"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/service"
)

// Health is the answer of GET /healthz.
type Health struct {
	Status string `json:"status" enums:"ok" example:"ok"`
}

// GetHealth says that the process is alive.
//
//	@Summary		Is the process alive?
//	@ID				getHealth
//	@Tags			operations
//	@Produce		json
//	@Success		200	{object}	Health	"It is"
//	@Router			/healthz [get]
func (h *Handlers) GetHealth(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, Health{Status: "ok"})
}

// GetReady says whether the process is fit to work.
//
//	@Summary		Is the gateway fit to work?
//	@Description	The database, the workers and the channels, each with what is wrong. Behind a 503 nothing is lost: invoices wait.
//	@ID				getReadiness
//	@Tags			operations
//	@Produce		json
//	@Success		200	{object}	service.Readiness	"It is"
//	@Failure		503	{object}	Problem	"It is not; errors names the checks that failed"
//	@Router			/readyz [get]
func (h *Handlers) GetReady(w http.ResponseWriter, r *http.Request) error {
	readiness := h.Service.Ready(r.Context())
	if h.IsLeaving() {
		readiness.Ready = false
		readiness.Checks = append(readiness.Checks, service.Check{Name: "process", Detail: "This process is about to stop. It still answers; ask another one."})
	}
	if !readiness.Ready {
		return notReady(readiness)
	}
	return writeJSON(w, http.StatusOK, readiness)
}

func notReady(readiness service.Readiness) error {
	e := faktur.NewError(faktur.KindUnavailable, "not_ready", "The gateway cannot do its work now; errors names what is wrong.")
	for _, check := range readiness.Checks {
		if !check.OK {
			e.Faults = append(e.Faults, faktur.Fault{Pointer: check.Name, Code: "check_failed", Message: check.Detail})
		}
	}
	return e
}
