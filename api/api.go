// Package api is the HTTP server around package handlers: the routing table,
// what happens to every request (its id, its log line, its measure, its key),
// and Swagger UI.
package api

import (
	"log/slog"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/fakturgate/fakturgate/handlers"
)

// Config is what the API is made of. Handlers is required.
type Config struct {
	Handlers *handlers.Handlers
	Logger   *slog.Logger // nil means slog.Default
	// RequestsPerSecond is how many requests each tenant may make; 0 is no limit.
	RequestsPerSecond int
	// Metrics is what /metrics shows; request durations are added to it. nil
	// means a new one.
	Metrics *prometheus.Registry
}

// New gives the handler of the public address, and that of the internal one,
// which alone has /metrics and Go's profiles (/debug/pprof/). It registers its measures and can be called once
// for each registry.
func New(c Config) (public, internal http.Handler) {
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Metrics == nil {
		c.Metrics = prometheus.NewRegistry()
	}
	measures := newMeasures(c.Metrics)
	h := c.Handlers

	open := newRouter(c, measures)
	guard := newGuard(h, c.RequestsPerSecond)
	for _, route := range routes(h) {
		open.Method(route.method, route.path, guard.handler(route))
	}
	serveDocs(open, h)

	inner := newRouter(c, measures)
	for _, route := range healthRoutes(h) {
		inner.Method(route.method, route.path, guard.handler(route))
	}
	inner.Method(http.MethodGet, "/metrics", promhttp.HandlerFor(c.Metrics, promhttp.HandlerOpts{
		ErrorLog:      slog.NewLogLogger(c.Logger.Handler(), slog.LevelError),
		ErrorHandling: promhttp.ContinueOnError, // while the database is away, the other measures are wanted most
	}))
	inner.HandleFunc("/debug/pprof/*", pprof.Index)
	inner.HandleFunc("/debug/pprof/profile", pprof.Profile)
	return open, inner
}

// newRouter gives a router with what every request goes through, outermost first.
func newRouter(c Config, m *measures) *chi.Mux {
	h := c.Handlers
	r := chi.NewRouter()
	r.Use(beginVisit, observe(c.Logger, m), recoverFrom(h), leave(h), hygiene, middleware.GetHead)
	r.NotFound(h.Handle(h.NoSuchRoute).ServeHTTP)
	r.MethodNotAllowed(methodNotAllowed(r, h))
	return r
}

// NewServer gives a server whose time-outs bear a long-poll of a minute and
// shut out who sends or reads forever.
func NewServer(address string, handler http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Addr:              address,
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		// It also ends requests that only wait, so it must outlast a long-poll.
		ReadTimeout:    90 * time.Second,
		WriteTimeout:   120 * time.Second,
		IdleTimeout:    120 * time.Second,
		MaxHeaderBytes: 32 << 10,
		ErrorLog:       slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
}
