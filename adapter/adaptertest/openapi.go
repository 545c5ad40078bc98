package adaptertest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
	"github.com/pb33f/libopenapi-validator/errors"
)

// HoldTo wraps a handler so that every answer, and every request that was
// answered with 2xx, is held to the OpenAPI document in the file; what differs,
// or is not in it, fails t.
func HoldTo(t testing.TB, document string, handler http.Handler) http.Handler {
	t.Helper()
	rules, err := load(document)
	if err != nil {
		t.Fatalf("load %s: %v", document, err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the caller left
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, r) // one that aborts has no answer to hold
		again := r.Clone(r.Context())
		again.Body = io.NopCloser(bytes.NewReader(body))
		if recorder.Code/100 == 2 {
			if ok, faults := rules.ValidateHttpRequestSync(again); !ok {
				report(t, "request", r, body, faults)
			}
		}
		if ok, faults := rules.ValidateHttpResponse(again, recorder.Result()); !ok {
			report(t, "answer", r, recorder.Body.Bytes(), faults)
		}
		for name, values := range recorder.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(recorder.Code)
		_, _ = w.Write(recorder.Body.Bytes())
	})
}

func report(t testing.TB, what string, r *http.Request, body []byte, faults []*errors.ValidationError) {
	for _, fault := range faults {
		t.Errorf("%s of %s %s is not of the document: %s: %s", what, r.Method, r.URL.Path, fault.Message, fault.Reason)
		for _, detail := range fault.SchemaValidationErrors {
			t.Errorf("  %s at %s", detail.Reason, detail.FieldPath)
		}
	}
	t.Logf("%.2000s", body)
}

// load reads a document once. Undeclared fields count as faults, though the
// document leaves answers open: what our own side sends must be written down.
var load = func() func(string) (validator.Validator, error) {
	var mu sync.Mutex
	loaded := map[string]validator.Validator{}
	return func(path string) (validator.Validator, error) {
		mu.Lock()
		defer mu.Unlock()
		if rules := loaded[path]; rules != nil {
			return rules, nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		document, err := libopenapi.NewDocument(text)
		if err != nil {
			return nil, err
		}
		rules, faults := validator.NewValidator(document, config.WithStrictMode(), config.WithFormatAssertions(),
			config.WithStrictIgnoredHeadersExtra("Retry-After", "Authorization"))
		if len(faults) > 0 {
			return nil, faults[0]
		}
		loaded[path] = rules
		return rules, nil
	}
}()
