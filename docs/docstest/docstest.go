// Package docstest holds tests to the published OpenAPI document: an answer that
// the document does not describe fails the test that received it.
package docstest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
	failures "github.com/pb33f/libopenapi-validator/errors"

	"github.com/fakturgate/fakturgate/docs"
)

// Client gives an HTTP client that checks every answer, and every request that
// was taken whole, against the document. It follows no redirects.
func Client(t testing.TB) *http.Client {
	t.Helper()
	return &http.Client{
		Transport:     &transport{t},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type transport struct{ t testing.TB }

// document is made once a test binary: that takes a second.
var document = sync.OnceValues(func() (validator.Validator, error) {
	doc, err := libopenapi.NewDocument(docs.OpenAPI)
	if err != nil {
		return nil, err
	}
	v, errs := validator.NewValidator(doc, config.WithFormatAssertions(), config.WithoutSecurityValidation())
	return v, errors.Join(errs...)
})

// RoundTrip sends a request and checks what comes back.
func (x *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	sent, err := hold(&r.Body)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	received, err := hold(&answer.Body)
	if err != nil {
		return nil, err
	}
	x.check(r, sent, answer, received)
	answer.Body = body(received)
	return answer, nil
}

// hold reads a body whole and puts it back.
func hold(b *io.ReadCloser) ([]byte, error) {
	if *b == nil {
		return nil, nil
	}
	text, err := io.ReadAll(*b)
	(*b).Close()
	*b = body(text)
	return text, err
}

func body(text []byte) io.ReadCloser { return io.NopCloser(bytes.NewReader(text)) }

func (x *transport) check(r *http.Request, sent []byte, answer *http.Response, received []byte) {
	x.t.Helper()
	v, err := document()
	if err != nil {
		x.t.Errorf("the OpenAPI document cannot be used: %v", err)
		return
	}
	answer.Body = body(received)
	_, faults := v.ValidateHttpResponse(r, answer)
	if undescribed(faults) || strings.HasSuffix(r.URL.Path, "/") { // the validator forgives a slash too many, the API does not
		x.checkUndescribed(v, r, answer, received)
		return
	}
	x.report("The answer", r, answer, received, faults)
	if answer.StatusCode < 300 && answer.StatusCode != http.StatusMultiStatus { // rows of a batch may be bad
		request := r.Clone(r.Context())
		request.Body = body(sent)
		_, faults = v.ValidateHttpRequestSync(request)
		x.report("The request", r, answer, sent, faults)
	}
}

// undescribed says whether the document knows no such path or method.
func undescribed(faults []*failures.ValidationError) bool {
	for _, f := range faults {
		if f.IsPathMissingError() || f.IsOperationMissingError() {
			return true
		}
	}
	return false
}

// pages are served and are no part of the API that the document describes.
var pages = []string{"/", "/swagger", "/openapi.json", "/metrics"}

// checkUndescribed holds what is no route to answer with a problem like any other.
func (x *transport) checkUndescribed(v validator.Validator, r *http.Request, answer *http.Response, received []byte) {
	x.t.Helper()
	for _, page := range pages {
		if r.URL.Path == page || strings.HasPrefix(r.URL.Path, "/swagger/") {
			return
		}
	}
	if answer.StatusCode != http.StatusNotFound && answer.StatusCode != http.StatusMethodNotAllowed {
		x.t.Errorf("%s %s answers %d, and the OpenAPI document has no such operation", r.Method, r.URL.Path, answer.StatusCode)
		return
	}
	// Any operation's problem is every operation's.
	described := r.Clone(r.Context())
	described.Method, described.URL.Path, described.URL.RawPath = http.MethodGet, "/invoices/0/status", ""
	problem := *answer
	problem.StatusCode, problem.Body = http.StatusNotFound, body(received)
	_, faults := v.ValidateHttpResponse(described, &problem)
	x.report("The answer", r, answer, received, faults)
}

func (x *transport) report(what string, r *http.Request, answer *http.Response, text []byte, faults []*failures.ValidationError) {
	x.t.Helper()
	for _, f := range faults {
		x.t.Errorf("%s of %s %s (%d) is not what the OpenAPI document says: %s: %s", what, r.Method, r.URL.Path, answer.StatusCode, f.Message, f.Reason)
		for _, s := range f.SchemaValidationErrors[:min(10, len(f.SchemaValidationErrors))] {
			x.t.Errorf("  at %s: %s", s.FieldPath, s.Reason)
		}
	}
	if len(faults) > 0 {
		x.t.Logf("%.2000s", text)
	}
}
