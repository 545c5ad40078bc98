package handlers

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/service"
)

// What a route asks of the key that calls it.
const (
	Public   = ""    // no key
	AnyKey   = "any" // a key, whatever its scopes
	Read     = service.ScopeRead
	Write    = service.ScopeWrite
	Webhooks = service.ScopeWebhooks
	Admin    = service.ScopeAdmin
)

// Authenticate finds out who calls, notes it in the visit, and refuses a key
// that lacks scope.
func (h *Handlers) Authenticate(r *http.Request, scope string) error {
	// The scheme's case does not matter (RFC 9110, 11.1). No key is an unknown one.
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		secret = ""
	}
	caller, err := h.Service.Authenticate(r.Context(), strings.TrimSpace(secret))
	if err != nil {
		return err
	}
	VisitOf(r.Context()).Caller = caller
	if scope != AnyKey && !caller.Has(scope) {
		return faktur.NewError(faktur.KindForbidden, "scope_missing",
			"This API key lacks the scope "+scope+". `fakturgate keys create` makes a key that has it.")
	}
	return nil
}

// TooManyRequests refuses what is beyond a tenant's rate.
func TooManyRequests(perSecond int) Func {
	return func(http.ResponseWriter, *http.Request) error {
		return &faktur.Error{Kind: faktur.KindBusy, Code: "rate_limited", RetryAfter: time.Second,
			Detail: fmt.Sprintf("More than %d requests a second of one tenant. Wait as long as Retry-After says; "+
				"POST /invoices/batch takes many invoices at once.", perSecond)}
	}
}
