package handlers

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/service"
)

const (
	headerKey      = "Idempotency-Key"
	headerReplayed = "Idempotent-Replayed"
)

// requestOf names a request by its Idempotency-Key; its Key is "" when it has
// none. The path tells apart what one route does to different documents.
func requestOf(r *http.Request, body []byte) (service.Request, error) {
	request := service.Request{Tenant: tenant(r.Context()), Route: r.Method + " " + r.URL.EscapedPath()}
	keys := r.Header.Values(headerKey)
	if len(keys) == 0 {
		return request, nil
	}
	request.Key = keys[0]
	if len(keys) > 1 || len(request.Key) == 0 || len(request.Key) > 255 || strings.ContainsFunc(request.Key, notVisible) {
		return request, faktur.Invalid([]faktur.Fault{{Pointer: headerKey, Code: "idempotency_key_malformed",
			Message: "Idempotency-Key must be one header of 1 to 255 visible ASCII characters, such as a UUID."}})
	}
	// The query is as much of what is asked as the body: dry_run=true must not
	// answer for the real thing. It has no line break.
	hash := sha256.New()
	hash.Write([]byte(r.URL.RawQuery + "\n"))
	hash.Write(body)
	request.BodyHash = hex.EncodeToString(hash.Sum(nil))
	return request, nil
}

func notVisible(c rune) bool { return c <= ' ' || c > '~' }

// Once lets a POST be repeated under its Idempotency-Key: an answer of 2xx is
// given again instead of doing the work again. POST /invoices and /returns do not come
// through here, because their keys are decided in the transaction that stores the
// document.
func (h *Handlers) Once(f Func) Func {
	return func(w http.ResponseWriter, r *http.Request) error {
		if len(r.Header.Values(headerKey)) == 0 {
			return f(w, r)
		}
		body, release, err := readAny(w, r, maxForm) // f holds it to its own limit and media type
		defer release()
		if err != nil {
			return err
		}
		request, err := requestOf(r, body)
		if err != nil {
			return err
		}
		before, err := h.Service.BeginIdempotent(r.Context(), request)
		if err != nil {
			return err
		}
		if before != nil {
			w.Header().Set(headerReplayed, "true")
			return sendRemembered(w, before)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		return h.doOnce(w, r, f, request)
	}
}

// doOnce runs f and keeps its answer. What f has done stays done when the
// keeping fails, so the caller is told of it all the same.
func (h *Handlers) doOnce(w http.ResponseWriter, r *http.Request, f Func, request service.Request) error {
	answer := &recorder{header: w.Header()}
	defer func() { h.settle(r.Context(), request, answer) }()
	ctx, cancel := context.WithTimeout(r.Context(), service.KeyedTime)
	defer cancel()
	if err := f(answer, r.WithContext(ctx)); err != nil {
		return tookTooLong(ctx, err)
	}
	h.settle(r.Context(), request, answer)
	w.WriteHeader(answer.status)
	_, _ = w.Write(answer.body.Bytes())
	return nil
}

// tookTooLong says of an err at the end of KeyedTime what it comes from.
func tookTooLong(ctx context.Context, err error) error {
	if !errors.Is(ctx.Err(), context.DeadlineExceeded) || faktur.AsError(err).Kind != faktur.KindUnavailable {
		return err
	}
	return &faktur.Error{Kind: faktur.KindUnavailable, Code: "took_too_long", Cause: err,
		Detail: fmt.Sprintf("After %d seconds this was stopped; a part of it may be done. Look at what is there, and send it again, in smaller parts if it is large.", int(service.KeyedTime.Seconds()))}
}

// How long, and how often, a key is tried to be settled. Meanwhile the caller waits.
const (
	settleTime  = 5 * time.Second
	settlePause = 250 * time.Millisecond
)

// settle keeps an answer that is worth it, and otherwise gives its key free.
func (h *Handlers) settle(ctx context.Context, request service.Request, answer *recorder) {
	if answer.settled {
		return
	}
	answer.settled = true
	// Whoever hangs up does not undo what was done.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	err := h.trySettle(ctx, request, answer)
	for err != nil && ctx.Err() == nil { // else the same key would do the work again
		select {
		case <-time.After(settlePause):
			err = h.trySettle(ctx, request, answer)
		case <-ctx.Done():
		}
	}
	if err != nil {
		h.Logger.LogAttrs(ctx, slog.LevelWarn, "an idempotency key could not be settled",
			slog.String("request_id", requestID(ctx)), slog.Any("error", err))
	}
}

func (h *Handlers) trySettle(ctx context.Context, request service.Request, answer *recorder) error {
	if answer.worthKeeping() {
		return h.Service.FinishIdempotent(ctx, request, answer.status, answer.remember())
	}
	return h.Service.AbandonIdempotent(ctx, request)
}

// recorder holds an answer back until it is kept.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
	// passing marks an answer that tells of a fault that will pass, so that
	// repeating the request should try again.
	passing bool
	settled bool
}

func (a *recorder) Header() http.Header { return a.header }

func (a *recorder) WriteHeader(status int) { a.status = status }

func (a *recorder) Write(text []byte) (int, error) { return a.body.Write(text) }

func (a *recorder) worthKeeping() bool {
	return a.status >= 200 && a.status < 300 && !a.passing
}

// tried marks the answer as one that must not be kept although it is a 2xx.
func tried(w http.ResponseWriter) {
	if a, ok := w.(*recorder); ok {
		a.passing = true
	}
}

// remembered is an answer as it is kept.
type remembered struct {
	Location string         `json:"location,omitempty"`
	ETag     string         `json:"etag,omitempty"`
	Body     jsontext.Value `json:"body,omitempty"`
}

func (a *recorder) remember() []byte {
	kept, _ := json.Marshal(remembered{Location: a.header.Get("Location"), ETag: a.header.Get("ETag"), Body: a.body.Bytes()}) // our own JSON
	return kept
}

func sendRemembered(w http.ResponseWriter, before *service.Remembered) error {
	var kept remembered
	if err := json.Unmarshal(before.Body, &kept); err != nil {
		return err
	}
	if kept.Location != "" {
		w.Header().Set("Location", kept.Location)
	}
	if kept.ETag != "" {
		w.Header().Set("ETag", kept.ETag)
	}
	return writeBody(w, before.Status, kept.Body)
}
