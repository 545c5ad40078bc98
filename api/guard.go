package api

import (
	"net/http"
	"time"

	"github.com/go-chi/httprate"

	"github.com/fakturgate/fakturgate/handlers"
)

// guard stands before every route: key, scope, rate, query parameters.
type guard struct {
	h     *handlers.Handlers
	limit func(http.Handler) http.Handler // nil without a limit
}

func newGuard(h *handlers.Handlers, requestsPerSecond int) *guard {
	g := &guard{h: h}
	if requestsPerSecond > 0 {
		refuse := h.Handle(handlers.TooManyRequests(requestsPerSecond))
		g.limit = httprate.LimitBy(requestsPerSecond, time.Second, tenantOf,
			httprate.WithLimitHandler(refuse.ServeHTTP), httprate.WithResponseHeaders(httprate.ResponseHeaders{}))
	}
	return g
}

func tenantOf(r *http.Request) (string, error) {
	return handlers.VisitOf(r.Context()).Caller.Tenant, nil
}

func (g *guard) handler(route route) http.Handler {
	if route.scope == handlers.Public {
		return g.h.Handle(route.handle)
	}
	inner := g.h.Handle(handlers.Taking(route.query, route.handle))
	if g.limit != nil {
		inner = g.limit(inner)
	}
	return g.h.Handle(func(w http.ResponseWriter, r *http.Request) error {
		if err := g.h.Authenticate(r, route.scope); err != nil {
			return err
		}
		inner.ServeHTTP(w, r)
		return nil
	})
}
