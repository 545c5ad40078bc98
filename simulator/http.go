package simulator

import (
	"cmp"
	"crypto/subtle"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
)

// maxBody is the most bytes of one call: a few full batches of long invoices.
const maxBody = 32 << 20

func (s *Simulator) routes() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, answer func(http.ResponseWriter, *http.Request) error) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if err := answer(w, r); err != nil {
				writeProblem(w, err)
			}
		})
	}
	handle("GET /v1/connector", s.guarded(s.describe))
	handle("POST /v1/submissions", s.guarded(s.submit))
	handle("POST /v1/submissions/status", s.guarded(s.metered(s.status)))
	handle("POST /v1/submissions/look-up", s.guarded(s.metered(s.lookUp)))
	handle("POST /v1/submissions/{client_id}/cancel", s.guarded(s.cancel))
	handle("POST /v1/returns", s.guarded(s.submitReturns))
	handle("GET /v1/changes", s.guarded(s.metered(s.changes)))
	// What is not of the protocol asks for no token: in `serve --simulator` nobody knows it.
	handle("POST /v1/simulator/release", s.release)
	handle("GET /ledger", s.ledger)
	handle("/", func(http.ResponseWriter, *http.Request) error {
		return &problem{Status: http.StatusNotFound, Code: "not_found", Detail: "The simulator has no such route."}
	})
	return mux
}

// guarded asks for the bearer token.
func (s *Simulator) guarded(next func(http.ResponseWriter, *http.Request) error) func(http.ResponseWriter, *http.Request) error {
	want := []byte("Bearer " + s.config.Token)
	return func(w http.ResponseWriter, r *http.Request) error {
		given := []byte(r.Header.Get("Authorization"))
		if s.config.Token != "" && subtle.ConstantTimeCompare(given, want) != 1 {
			return &problem{Status: http.StatusUnauthorized, Code: "unauthorized",
				Detail: "The bearer token is missing or not the one of this connector."}
		}
		return next(w, r)
	}
}

// metered counts a call against the budget and lets it fail at the fail rate.
func (s *Simulator) metered(next func(http.ResponseWriter, *http.Request) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := s.open(); err != nil {
			return err
		}
		wait := s.budget.spend(s.book.now, s.config.CallsPerMinute)
		fails := failsNot
		if s.config.FailRate > 0 {
			s.reads++
			fails = s.callFault("read", strconv.Itoa(s.reads))
		}
		s.mu.Unlock()
		if wait > 0 {
			return rateLimited(wait)
		}
		if err := fails.before(); err != nil {
			return err
		}
		if err := fails.after(); err != nil {
			return err
		}
		return next(w, r)
	}
}

// decode reads a body that must be exactly v's form.
func decode(w http.ResponseWriter, r *http.Request, v any) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return &problem{Status: http.StatusRequestEntityTooLarge, Code: "body_too_large", Detail: "A call has at most 32 MiB. Send smaller batches."}
	}
	if err != nil {
		return &problem{Status: http.StatusBadRequest, Code: "body_unreadable", Detail: "The body ended early."}
	}
	err = json.Unmarshal(body, v, json.RejectUnknownMembers(true))
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		code := "wrong_type"
		if errors.Is(err, json.ErrUnknownName) {
			code = "unknown_field"
		}
		pointer := string(semantic.JSONPointer)
		return misshapen([]fault{{pointer, code, "This is not of the protocol's form (docs/connector.yaml)."}})
	}
	if err != nil {
		return &problem{Status: http.StatusBadRequest, Code: "json_malformed", Detail: "The body is not one JSON value: " + err.Error()}
	}
	return nil
}

func misshapen(faults []fault) error {
	if len(faults) == 0 {
		return nil
	}
	return &problem{Status: http.StatusUnprocessableEntity, Code: faults[0].Code,
		Detail: "Nothing was taken. " + faults[0].Pointer + ": " + faults[0].Message, Errors: faults}
}

// livemodeIsFalse keeps live invoices out: every approval here is invented.
func livemodeIsFalse(livemode *bool) error {
	if livemode == nil {
		return misshapen([]fault{{"/livemode", "invalid", "livemode is missing."}})
	}
	if *livemode {
		return &problem{Status: http.StatusConflict, Code: "livemode_mismatch",
			Detail: "This connector is a simulator (livemode false); a live document is not taken here."}
	}
	return nil
}

// batchFits says whether a list has between one and max items.
func (s *Simulator) batchFits(n int, pointer string) error {
	if n == 0 {
		return misshapen([]fault{{pointer, "invalid", "The list is missing or empty."}})
	}
	if n > s.config.MaxBatch {
		return &problem{Status: http.StatusRequestEntityTooLarge, Code: "batch_too_large",
			Detail: "A call has at most " + strconv.Itoa(s.config.MaxBatch) + " items. Send smaller batches."}
	}
	return nil
}

func write(w http.ResponseWriter, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, err = w.Write(append(body, '\n'))
	return err
}

// problem is an error as the wire has it (RFC 9457).
type problem struct {
	Type       string        `json:"type"`
	Title      string        `json:"title"`
	Status     int           `json:"status"`
	Code       string        `json:"code"`
	Detail     string        `json:"detail"`
	Errors     []fault       `json:"errors,omitempty"`
	RetryAfter time.Duration `json:"-"`
}

func (p *problem) Error() string { return p.Code + ": " + p.Detail }

func rateLimited(wait time.Duration) error {
	return &problem{Status: http.StatusTooManyRequests, Code: "rate_limited", RetryAfter: wait,
		Detail: "Too many calls; nothing was taken. Come again later."}
}

func writeProblem(w http.ResponseWriter, err error) {
	p, ok := errors.AsType[*problem](err)
	if !ok {
		p = &problem{Status: http.StatusInternalServerError, Code: "internal", Detail: err.Error()}
	}
	p.Type, p.Title = "about:blank", cmp.Or(http.StatusText(p.Status), "Error")
	if p.RetryAfter > 0 {
		seconds := (p.RetryAfter + time.Second - 1) / time.Second
		w.Header().Set("Retry-After", strconv.FormatInt(int64(seconds), 10))
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.MarshalWrite(w, p) // the caller is gone when this fails
}
