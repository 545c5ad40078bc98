package api

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/http"
	"path"
	"runtime/debug"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/google/uuid"

	"github.com/fakturgate/fakturgate/handlers"
)

const headerRequestID = "X-Request-Id"

// beginVisit gives every request its id: the caller's own where it is sane, so
// that its log and ours can be read together.
func beginVisit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(headerRequestID)
		if id == "" || len(id) > 128 || strings.ContainsFunc(id, notOfAnID) {
			id = uuid.Must(uuid.NewV7()).String()
		}
		w.Header().Set(headerRequestID, id)
		next.ServeHTTP(w, r.WithContext(handlers.WithVisit(r.Context(), &handlers.Visit{RequestID: id})))
	})
}

func notOfAnID(c rune) bool {
	letterOrDigit := c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
	return !letterOrDigit && !strings.ContainsRune("-_.:/+=", c)
}

// observe writes one line a request into the log and measures it. It knows
// neither bodies nor headers, so no secret can come into the log this way.
func observe(logger *slog.Logger, m *measures) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			began := time.Now()
			answer := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
			defer func() {
				took, pattern := time.Since(began), patternOf(r)
				m.request(pattern, r.Method, answer.Status(), took)
				visit := handlers.VisitOf(r.Context())
				if !logger.Enabled(r.Context(), levelOf(pattern)) {
					return
				}
				logger.LogAttrs(r.Context(), levelOf(pattern), "request",
					slog.String("method", r.Method), slog.String("route", pattern), slog.String("id", subjectOf(r, answer)), slog.Int("status", answer.Status()),
					slog.Duration("took", took), slog.String("tenant", visit.Caller.Tenant), slog.String("request_id", visit.RequestID))
			}()
			next.ServeHTTP(answer, r)
		})
	}
}

// patternOf gives the route's pattern, never the path: there are few of them,
// and they hold nobody's numbers.
func patternOf(r *http.Request) string {
	if pattern := chi.RouteContext(r.Context()).RoutePattern(); pattern != "" {
		return pattern
	}
	return "none"
}

// subjectOf gives the id of what a request is about: the one in its path, or
// of what it made. What is no id of ours is not told: it is the caller's text.
func subjectOf(r *http.Request, answer http.ResponseWriter) string {
	id := chi.URLParam(r, "id")
	if id == "" {
		id = path.Base(answer.Header().Get("Location"))
	}
	if uuid.Validate(id) != nil || len(id) != 36 {
		return ""
	}
	return id
}

// levelOf keeps what monitors ask every few seconds out of the ordinary log.
func levelOf(pattern string) slog.Level {
	switch pattern {
	case "/healthz", "/readyz", "/metrics", "/swagger/*":
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// recoverFrom makes a 500 of a panic, so that one request's fault is not everyone's.
func recoverFrom(h *handlers.Handlers) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() {
				cause := recover()
				if cause == nil {
					return
				}
				begun := w.(middleware.WrapResponseWriter).Status() != 0
				if cause == http.ErrAbortHandler { //nolint:errorlint // it is compared as net/http does
					panic(cause)
				}
				h.Fail(w, r, fmt.Errorf("panic: %v\n%s", cause, debug.Stack()))
				if begun {
					panic(http.ErrAbortHandler) // half an answer must not look whole
				}
			}()
			next.ServeHTTP(w, r)
		})
	}
}

// hygiene is for browsers: no guessing of types, no frames, and no copies of
// tax data in caches. Swagger UI's files loosen what they need.
func hygiene(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// leave asks callers to come over a new connection, which their load balancer
// gives to another process, while this one is about to stop.
func leave(h *handlers.Handlers) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if h.IsLeaving() {
				w.Header().Set("Connection", "close")
			}
			next.ServeHTTP(w, r)
		})
	}
}

// methodNotAllowed answers 405 with the methods that the path has, or 404 when it has none.
func methodNotAllowed(router *chi.Mux, h *handlers.Handlers) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var allowed []string
		for _, method := range []string{get, post, put, patch, remove} {
			if router.Match(chi.NewRouteContext(), method, cmp.Or(r.URL.RawPath, r.URL.Path)) {
				allowed = append(allowed, method)
			}
		}
		if allowed == nil {
			h.Handle(h.NoSuchRoute).ServeHTTP(w, r)
			return
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		h.MethodNotAllowed(w, r)
	}
}
