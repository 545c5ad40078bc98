package adaptertest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fakturgate/fakturgate/adapter/adaptertest"
)

// complaints counts what a test would have failed for.
type complaints struct {
	testing.TB
	n int
}

func (c *complaints) Errorf(string, ...any) { c.n++ }
func (c *complaints) Logf(string, ...any)   {}

// TestHoldTo: a field more, a field less or another type does not pass.
func TestHoldTo(t *testing.T) {
	t.Parallel()
	const (
		request = `{"client_ids":["a"]}`
		answer  = `{"livemode":false,"results":[{"client_id":"a","found":false}]}`
	)
	for _, test := range []struct {
		name, path, request string
		status              int
		answer              string
		passes              bool
	}{
		{"as written", "/v1/submissions/status", request, 200, answer, true},
		{"request lacks a field", "/v1/submissions/status", `{}`, 200, answer, false},
		{"request has one more", "/v1/submissions/status", `{"client_ids":["a"],"more":1}`, 200, answer, false},
		{"a bad request is the connector's to refuse", "/v1/submissions/status", `{}`, 422, `{"type":"about:blank","title":"x","status":422,"code":"invalid","detail":"x"}`, true},
		{"a problem lacks its code", "/v1/submissions/status", `{}`, 422, `{"type":"about:blank","title":"x","status":422,"detail":"x"}`, false},
		{"answer lacks a field", "/v1/submissions/status", request, 200, `{"results":[{"client_id":"a","found":false}]}`, false},
		{"answer has one more", "/v1/submissions/status", request, 200, `{"livemode":false,"more":1,"results":[{"client_id":"a","found":false}]}`, false},
		{"item has one more", "/v1/submissions/status", request, 200, `{"livemode":false,"results":[{"client_id":"a","found":true,"status":"approved","more":1}]}`, false},
		{"item lacks its status", "/v1/submissions/status", request, 200, `{"livemode":false,"results":[{"client_id":"a","found":true}]}`, false},
		{"status is no word of it", "/v1/submissions/status", request, 200, `{"livemode":false,"results":[{"client_id":"a","found":true,"status":"queued"}]}`, false},
		{"no such route", "/v1/nothing", request, 200, answer, false},
		{"no such code", "/v1/submissions/status", request, 418, answer, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			heard := &complaints{TB: t}
			handler := adaptertest.HoldTo(heard, "../../docs/connector.yaml", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				if test.status != 200 {
					w.Header().Set("Content-Type", "application/problem+json")
				}
				w.WriteHeader(test.status)
				fmt.Fprint(w, test.answer)
			}))
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1:9090"+test.path, strings.NewReader(test.request))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Authorization", "Bearer x")
			handler.ServeHTTP(httptest.NewRecorder(), r)
			if passed := heard.n == 0; passed != test.passes {
				t.Errorf("passed: %v, want %v", passed, test.passes)
			}
		})
	}
}
