package handlers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fakturgate/fakturgate/faktur"
)

// fail gives the answer to err and what was logged of it.
func fail(t *testing.T, err error) (*httptest.ResponseRecorder, string) {
	t.Helper()
	var log bytes.Buffer
	h := &Handlers{Logger: slog.New(slog.NewTextHandler(&log, nil))}
	r := httptest.NewRequest(http.MethodPost, "/invoices?secret=1", nil)
	r = r.WithContext(WithVisit(r.Context(), &Visit{RequestID: "request-1"}))
	w := httptest.NewRecorder()
	h.Handle(func(http.ResponseWriter, *http.Request) error { return err }).ServeHTTP(w, r)
	return w, log.String()
}

func TestEveryKindOfErrorHasItsStatus(t *testing.T) {
	t.Parallel()
	for kind, want := range map[faktur.ErrorKind]int{
		faktur.KindMalformed: 400, faktur.KindUnknownKey: 401, faktur.KindForbidden: 403, faktur.KindNotFound: 404,
		faktur.KindConflict: 409, faktur.KindStale: 412, faktur.KindTooLarge: 413, faktur.KindUnsupported: 415,
		faktur.KindInvalid: 422, faktur.KindBusy: 429, faktur.KindInternal: 500, faktur.KindUnavailable: 503,
		"a kind nobody knows": 500,
	} {
		if w, _ := fail(t, faktur.NewError(kind, "some_code", "Some words.")); w.Code != want {
			t.Errorf("%s answers %d, want %d", kind, w.Code, want)
		}
	}
}

func TestAProblemTellsEverything(t *testing.T) {
	t.Parallel()
	w, log := fail(t, fmt.Errorf("wrapped: %w", &faktur.Error{
		Kind: faktur.KindConflict, Code: "reference_taken", Detail: "The reference is taken.",
		Faults:     []faktur.Fault{{Pointer: "/reference", Code: "reference_taken", Message: "Use another."}},
		DocumentID: "0199", DocumentStatus: faktur.Approved, RetryAfter: 1500 * time.Millisecond, Cause: errors.New("hidden"),
	}))
	want := `{"type":"urn:fakturgate:problem:reference_taken","title":"The state of things forbids it","status":409,` +
		`"detail":"The reference is taken.","instance":"/invoices","code":"reference_taken","request_id":"request-1",` +
		`"errors":[{"pointer":"/reference","code":"reference_taken","message":"Use another."}],` +
		`"document_id":"0199","document_status":"approved"}`
	if diff := cmp.Diff(want, w.Body.String()); diff != "" {
		t.Error(diff)
	}
	if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
		t.Error("Content-Type", got)
	}
	if got := w.Header().Get("Retry-After"); got != "2" {
		t.Error("Retry-After", got)
	}
	if log != "" {
		t.Error("a caller's mistake was logged as ours:", log)
	}
}

func TestAFaultOfOursShowsItsRequestIDAndNothingElse(t *testing.T) {
	t.Parallel()
	w, log := fail(t, errors.New("pq: relation documents does not exist"))
	want := `{"type":"urn:fakturgate:problem:internal","title":"A fault of the gateway","status":500,` +
		`"detail":"The gateway failed. Its log tells why, under the request_id.","instance":"/invoices","code":"internal","request_id":"request-1"}`
	if diff := cmp.Diff(want, w.Body.String()); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(log, "relation documents") || !strings.Contains(log, "request-1") || !strings.Contains(log, "ERROR") {
		t.Errorf("the log does not tell why: %s", log)
	}
}

func TestAnUnavailableDatabaseIsLoggedAndHidden(t *testing.T) {
	t.Parallel()
	w, log := fail(t, &faktur.Error{Kind: faktur.KindUnavailable, Code: "database_unavailable", Detail: "Try again.", Cause: errors.New("dial tcp 10.0.0.5: refused")})
	if w.Code != 503 || strings.Contains(w.Body.String(), "10.0.0.5") || !strings.Contains(log, "10.0.0.5") {
		t.Errorf("answered %d %s, logged %s", w.Code, w.Body, log)
	}
}

func TestAnUnknownKeyIsAskedForOne(t *testing.T) {
	t.Parallel()
	w, _ := fail(t, faktur.NewError(faktur.KindUnknownKey, "unauthorized", "Send a key."))
	if got := w.Header().Get("WWW-Authenticate"); !strings.HasPrefix(got, "Bearer") {
		t.Errorf("WWW-Authenticate: %q", got)
	}
}

func TestWorkThatTookTooLongIsCalledSo(t *testing.T) {
	t.Parallel()
	over, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	away := &faktur.Error{Kind: faktur.KindUnavailable, Code: "database_unavailable", Detail: "Nothing was stored."}
	conflict := faktur.NewError(faktur.KindConflict, "stale", "It has changed.")
	for _, c := range []struct {
		ctx  context.Context
		err  error
		want string
	}{{over, away, "took_too_long"}, {over, conflict, "stale"}, {t.Context(), away, "database_unavailable"}} {
		if got := faktur.AsError(tookTooLong(c.ctx, c.err)).Code; got != c.want {
			t.Errorf("%s, not %s", got, c.want)
		}
	}
}

func TestManyFaultsAreCountedBeyondAThousand(t *testing.T) {
	t.Parallel()
	w, _ := fail(t, faktur.Invalid(make([]faktur.Fault, maxFaults+5)))
	if n := strings.Count(w.Body.String(), `"pointer"`); n != maxFaults {
		t.Errorf("%d faults are listed", n)
	}
	if !strings.Contains(w.Body.String(), "5 more faults") {
		t.Error("the others are not mentioned")
	}
}

// Nor is a caller's leaving logged as ours; a fault of ours is, whoever has left.
func TestNobodyIsAnsweredWhoHungUp(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err    error
		logged bool
	}{
		"cancelled":           {context.Canceled, false},
		"cancelled, wrapped":  {fmt.Errorf("read: %w", context.Canceled), false},
		"a caller's mistake":  {faktur.NewError(faktur.KindConflict, "stale", "It has changed."), false},
		"database away":       {&faktur.Error{Kind: faktur.KindUnavailable, Code: "database_unavailable", Cause: context.Canceled}, false},
		"a panic":             {errors.New("panic: boom\nhandlers.PostInvoice"), true},
		"a fault of our own":  {fmt.Errorf("documents: %w", errors.New("boom")), true},
		"of an internal kind": {&faktur.Error{Kind: faktur.KindInternal, Code: "internal", Cause: errors.New("boom")}, true},
	} {
		var log bytes.Buffer
		h := &Handlers{Logger: slog.New(slog.NewTextHandler(&log, nil))}
		ctx, hangUp := context.WithCancel(context.Background())
		hangUp()
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/invoices", nil)
		h.Handle(func(http.ResponseWriter, *http.Request) error { return c.err }).ServeHTTP(w, r)
		if w.Code != statusClientGone || w.Body.Len() > 0 || (log.Len() > 0) != c.logged || c.logged && !strings.Contains(log.String(), "boom") {
			t.Errorf("%s: answered %d %q, logged %q", name, w.Code, w.Body, log.String())
		}
	}
}
