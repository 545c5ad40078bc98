// Package handlers turns HTTP requests into calls of the service and its answers
// into HTTP: decode, call, encode. It holds the one table from an error's kind
// to an HTTP status (problem.go), and the annotations that the published OpenAPI
// document is made of.
//
// A handler is a method that returns an error. It writes nothing before it is
// sure of its answer, so that every error becomes one well-formed problem.
package handlers

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"
	"github.com/go-json-experiment/json"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/service"
)

// Handlers answers the routes that package api lists.
type Handlers struct {
	Service *service.Service
	Logger  *slog.Logger
	// Closing ends when the server is about to stop: a long-poll then answers
	// what it knows at once. nil never ends.
	Closing context.Context
	// Leaving ends some time before: the process still answers, but says in
	// /readyz and with every answer that others should be asked. nil never ends.
	Leaving context.Context
}

// IsLeaving says whether this process is about to stop.
func (h *Handlers) IsLeaving() bool { return h.Leaving != nil && h.Leaving.Err() != nil }

// Func is a handler that leaves its errors to be written as problems.
type Func func(w http.ResponseWriter, r *http.Request) error

// Handle makes an http.Handler of f.
func (h *Handlers) Handle(f Func) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := f(w, r); err != nil {
			h.Fail(w, r, err)
		}
	})
}

// writeJSON sends v with status.
func writeJSON(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return err
	}
	return writeBody(w, status, body)
}

// writeBody sends JSON that is already written. An error of the write itself is
// the caller having gone, which is nobody's fault.
func writeBody(w http.ResponseWriter, status int, body []byte) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body)
	return nil
}

// pathID gives the id in the path. What cannot be one of ours is not looked for,
// so that nothing strange reaches the database. What names the thing for the answer.
func pathID(r *http.Request, what string) (string, error) { return pathWord(r, "id", what) }

func pathWord(r *http.Request, name, what string) (string, error) {
	id := chi.URLParam(r, name)
	if len(id) == 0 || len(id) > 64 || strings.IndexFunc(id, notOfAnID) >= 0 {
		return "", faktur.NotFound(what)
	}
	return id, nil
}

func notOfAnID(c rune) bool {
	return (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '_'
}
