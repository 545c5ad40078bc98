package pjap

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
)

// call makes one call and reads its 200 into answer. What its error says is certain:
//
//	the connection was never made                     *adapter.NotSent
//	4xx but 408                                       *adapter.NotSent: by the protocol it took nothing
//	  422 that points into an item, 413               *refusedCall: it took nothing, and smaller calls may fare better
//	5xx with code not_taken                           *adapter.NotSent
//	time-out, cut, 3xx, 408, other 5xx, other 2xx     an error that makes no statement
//	200 that cannot be read                           an error that makes no statement
func (c *Channel) call(ctx context.Context, method, path string, body, answer any) error {
	var content []byte
	if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			return &adapter.NotSent{Cause: fmt.Errorf("pjap: %s: write the call: %w", path, err)}
		}
	}
	told, err := c.http.Exchange(ctx, method, c.base+path, c.authorize(), content)
	if told.Status != 0 && told.Status != http.StatusOK {
		return c.failure(path, told, c.scrubFor(body))
	}
	if err != nil {
		return fmt.Errorf("pjap: %s: %w", path, err)
	}
	if err := json.Unmarshal(told.Body, answer); err != nil {
		return fmt.Errorf("pjap: %s: the answer is not of the protocol: %w", path, adapter.JSONFault(err))
	}
	return nil
}

// scrubFor takes out of the connector's words also the passphrases that a call carried.
func (c *Channel) scrubFor(body any) func(string) string {
	carries, ok := body.(interface{ passphrases() []faktur.Secret })
	if !ok {
		return c.scrub
	}
	passphrases := adapter.NewScrub(carries.passphrases()...).Text
	return func(text string) string { return passphrases(c.scrub(text)) }
}

// problem is what the connector says of a call that failed (RFC 9457).
type problem struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
	Errors []struct {
		Pointer string `json:"pointer"`
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"errors"`
}

// failure is an answer other than 200.
type failure struct {
	path    string
	status  int
	problem problem // zero when the answer held none
}

func (f *failure) Error() string {
	text := fmt.Sprintf("pjap: %s: the connector answered %d", f.path, f.status)
	if f.problem.Code != "" {
		text += " " + f.problem.Code
	}
	if f.problem.Detail != "" {
		text += ": " + f.problem.Detail
	}
	if f.status >= 300 && f.status < 400 {
		text += "; redirects are not followed, set FAKTURGATE_PJAP_URL to where it leads"
	}
	return text
}

// refusedCall is a call that was turned away because of an item in it, or its size.
type refusedCall struct{ *failure }

func (e *refusedCall) Unwrap() error { return e.failure }

// failure sorts an answer other than 200 by what it makes certain.
func (c *Channel) failure(path string, told adapter.Answer, scrub func(string) string) error {
	f := &failure{path: path, status: told.Status, problem: readProblem(told.Body, scrub)}
	isClientError := f.status >= 400 && f.status < 500 && f.status != http.StatusRequestTimeout
	switch {
	case f.status == http.StatusRequestEntityTooLarge, f.status == http.StatusUnprocessableEntity && f.problem.isOfItem():
		return &refusedCall{f}
	case isClientError, f.status >= 500 && f.problem.Code == "not_taken":
		return &adapter.NotSent{RetryAfter: adapter.RetryAfter(told.Header), Cause: f}
	}
	return f
}

// readProblem reads what it can; a proxy's HTML gives none.
func readProblem(text []byte, scrub func(string) string) problem {
	var p problem
	if json.Unmarshal(text, &p) != nil {
		return problem{}
	}
	p.Code, p.Detail = scrub(p.Code), scrub(p.Detail)
	for i := range p.Errors {
		p.Errors[i].Pointer, p.Errors[i].Message = scrub(p.Errors[i].Pointer), scrub(p.Errors[i].Message)
	}
	return p
}

// isOfItem says whether an item is at fault. An unknown field is not an item's
// fault: gateway and connector are of different versions.
func (p *problem) isOfItem() bool {
	ofItem := false
	for _, e := range p.Errors {
		if e.Code == "unknown_field" {
			return false
		}
		ofItem = ofItem || strings.HasPrefix(e.Pointer, "/submissions/") || strings.HasPrefix(e.Pointer, "/returns/")
	}
	return ofItem
}
