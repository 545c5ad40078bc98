package handlers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/fakturgate/fakturgate/faktur"
)

// Problem is every error's body: RFC 9457, application/problem+json. A client
// decides by code; title and detail are for people and may change.
type Problem struct {
	// Type is urn:fakturgate:problem:{code}. It names the problem and is not an
	// address: nothing has to be reachable to understand it.
	Type   string `json:"type" validate:"required" example:"urn:fakturgate:problem:too_many_decimals"`
	Title  string `json:"title" validate:"required" example:"The content is refused"`
	Status int    `json:"status" validate:"required" example:"422"`
	Detail string `json:"detail" validate:"required" example:"100.005 has more than two decimals, and Coretax takes at most two."`
	// Instance is the path that was asked for; in a batch, with the row as its fragment.
	Instance  string `json:"instance" validate:"required" example:"/invoices"`
	Code      string `json:"code" validate:"required" example:"too_many_decimals"`
	RequestID string `json:"request_id" validate:"required" example:"0199c9a4-7a52-7d0e-8f3c-2b1f6d1c9a10"`
	// Errors is every fault of the content at once: at most 1,000, and over all rows
	// of a batch 10,000, but of each row at least its first 10. detail says when there are more.
	Errors []faktur.Fault `json:"errors,omitempty"`
	// DocumentID and DocumentStatus name the document that stands in the way of a 409.
	DocumentID     string        `json:"document_id,omitempty" example:"0199c9a4-7a52-7d0e-8f3c-2b1f6d1c9a10"`
	DocumentStatus faktur.Status `json:"document_status,omitempty" swaggertype:"string" example:"signing_in_progress"`
}

// maxFaults is how many faults one answer lists; an invoice of 5,000 bad lines
// needs no answer larger than itself.
const maxFaults = 1000

// statusClientGone stands in the log, and only there, for a caller that hung up.
const statusClientGone = 499

// answers is the one table from an error's kind to HTTP.
var answers = map[faktur.ErrorKind]struct {
	status int
	title  string
}{
	faktur.KindMalformed:   {http.StatusBadRequest, "The request cannot be read"},
	faktur.KindUnknownKey:  {http.StatusUnauthorized, "The API key is missing or unknown"},
	faktur.KindForbidden:   {http.StatusForbidden, "The API key lacks a scope"},
	faktur.KindNotFound:    {http.StatusNotFound, "Not found"},
	faktur.KindConflict:    {http.StatusConflict, "The state of things forbids it"},
	faktur.KindStale:       {http.StatusPreconditionFailed, "The document has changed meanwhile"},
	faktur.KindTooLarge:    {http.StatusRequestEntityTooLarge, "The request is too large"},
	faktur.KindUnsupported: {http.StatusUnsupportedMediaType, "The media type is not supported"},
	faktur.KindInvalid:     {http.StatusUnprocessableEntity, "The content is refused"},
	faktur.KindBusy:        {http.StatusTooManyRequests, "Too much at once"},
	faktur.KindInternal:    {http.StatusInternalServerError, "A fault of the gateway"},
	faktur.KindUnavailable: {http.StatusServiceUnavailable, "Temporarily unavailable"},
}

// Fail logs err when it is ours to mend, and answers with its problem.
func (h *Handlers) Fail(w http.ResponseWriter, r *http.Request, err error) {
	e := faktur.AsError(err)
	p := problemOf(r, e, maxFaults)
	if r.Context().Err() != nil && !tooSlow(e) {
		if p.Status == http.StatusInternalServerError && !errors.Is(e, context.Canceled) {
			h.log(r.Context(), e, p.Status) // a fault of ours, which may well be why the caller left
		}
		w.WriteHeader(statusClientGone) // nobody reads it; the access log does
		return
	}
	h.log(r.Context(), e, p.Status)
	if p.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="fakturgate"`)
	}
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", retryAfter(e.RetryAfter))
	}
	writeProblem(w, p)
}

// tooSlow says that the body did not come in time. Then net/http ends the
// request's context, but the caller is still there.
func tooSlow(e *faktur.Error) bool {
	return e.Kind == faktur.KindMalformed && errors.Is(e, os.ErrDeadlineExceeded)
}

func (h *Handlers) log(ctx context.Context, e *faktur.Error, status int) {
	level := slog.LevelWarn
	switch status {
	case http.StatusInternalServerError:
		level = slog.LevelError
	case http.StatusServiceUnavailable:
	default:
		return
	}
	h.Logger.LogAttrs(ctx, level, "request failed",
		slog.String("request_id", requestID(ctx)), slog.String("code", e.Code), slog.Any("error", e))
}

// problemOf makes the problem that tells the caller of e, with most of its faults.
func problemOf(r *http.Request, e *faktur.Error, most int) Problem {
	answer, known := answers[e.Kind]
	if !known {
		answer = answers[faktur.KindInternal]
	}
	p := Problem{
		Type: "urn:fakturgate:problem:" + e.Code, Title: answer.title, Status: answer.status,
		Detail: e.Detail, Instance: r.URL.EscapedPath(), Code: e.Code, RequestID: requestID(r.Context()),
		Errors: e.Faults, DocumentID: e.DocumentID, DocumentStatus: e.DocumentStatus,
	}
	if answer.status == http.StatusInternalServerError {
		p.Type, p.Code, p.Errors = "urn:fakturgate:problem:internal", "internal", nil
		p.Detail = "The gateway failed. Its log tells why, under the request_id."
	}
	if more := len(p.Errors) - most; more > 0 {
		p.Errors = slices.Clone(p.Errors[:most]) // a batch holds many, and would hold the rest of each
		p.Detail += fmt.Sprintf(" At least %d more faults are not listed.", more)
	}
	return p
}

func writeProblem(w http.ResponseWriter, p Problem) {
	body, err := json.Marshal(p)
	if err != nil { // a fault's text is not UTF-8: say less rather than nothing
		p.Errors, p.Detail = nil, p.Title
		body, _ = json.Marshal(p)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_, _ = w.Write(body)
}

// retryAfter writes whole seconds, rounded up, at least 1.
func retryAfter(wait time.Duration) string {
	return strconv.Itoa(int(math.Ceil(wait.Seconds())))
}

// NoSuchRoute answers a path that this API does not have.
func (h *Handlers) NoSuchRoute(http.ResponseWriter, *http.Request) error {
	return faktur.NewError(faktur.KindNotFound, "no_such_route",
		"This API has no such path. GET /openapi.json lists every one; /swagger/ shows them.")
}

// MethodNotAllowed answers a method that a path does not have; Allow is already set.
func (h *Handlers) MethodNotAllowed(w http.ResponseWriter, r *http.Request) {
	writeProblem(w, Problem{
		Type: "urn:fakturgate:problem:method_not_allowed", Title: "The path does not take this method",
		Status: http.StatusMethodNotAllowed, Detail: "This path takes " + w.Header().Get("Allow") + ".",
		Instance: r.URL.EscapedPath(), Code: "method_not_allowed", RequestID: requestID(r.Context()),
	})
}
