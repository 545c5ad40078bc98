package pjap

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/fakturgate/fakturgate/adapter"
)

// maxAnswer bounds what is read of one answer.
const maxAnswer = 16 << 20

// call makes one call and reads its 200 into answer. What its error says is certain:
//
//	the connection was never made                     *adapter.NotSent
//	4xx but 408                                       *adapter.NotSent: by the protocol it took nothing
//	  422 that points into an item, 413               *refusedCall: it took nothing, and smaller calls may fare better
//	5xx with code not_taken                           *adapter.NotSent
//	time-out, cut, 3xx, 408, other 5xx, other 2xx     an error that makes no statement
//	200 that cannot be read                           an error that makes no statement
func (c *Channel) call(ctx context.Context, method, path string, body, answer any) error {
	if err := ctx.Err(); err != nil {
		return &adapter.NotSent{Cause: fmt.Errorf("pjap: %s: %w", path, err)}
	}
	response, err := c.send(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if response.StatusCode != http.StatusOK {
		return c.failure(path, response, text)
	}
	if err != nil {
		return fmt.Errorf("pjap: %s: the answer broke off: %w", path, err)
	}
	if len(text) > maxAnswer {
		return fmt.Errorf("pjap: %s: the answer is larger than %d MiB", path, maxAnswer>>20)
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return fmt.Errorf("pjap: %s: the answer is not of the protocol: %w", path, withoutValues(err))
	}
	return nil
}

// send makes the exchange up to the answer's headers.
func (c *Channel) send(ctx context.Context, method, path string, body any) (*http.Response, error) {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, &adapter.NotSent{Cause: fmt.Errorf("pjap: %s: write the call: %w", path, err)}
		}
		content = bytes.NewReader(text)
	}
	// Only a transport that says it looked for a connection, and never that it
	// had one, is believed to have sent nothing.
	var wanted, connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { wanted.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, content)
	if err != nil {
		return nil, &adapter.NotSent{Cause: fmt.Errorf("pjap: %s: %w", path, err)}
	}
	request.Header.Set("User-Agent", c.userAgent)
	request.Header.Set("Accept", "application/json, application/problem+json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	c.authorize(request.Header)
	response, err := c.client.Do(request)
	if err == nil {
		return response, nil
	}
	err = fmt.Errorf("pjap: %w", err)
	if wanted.Load() && !connected.Load() {
		return nil, &adapter.NotSent{Cause: err}
	}
	return nil, err
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
func (c *Channel) failure(path string, response *http.Response, text []byte) error {
	f := &failure{path: path, status: response.StatusCode, problem: c.readProblem(text)}
	isClientError := f.status >= 400 && f.status < 500 && f.status != http.StatusRequestTimeout
	switch {
	case f.status == http.StatusRequestEntityTooLarge, f.status == http.StatusUnprocessableEntity && f.problem.isOfItem():
		return &refusedCall{f}
	case isClientError, f.status >= 500 && f.problem.Code == "not_taken":
		return &adapter.NotSent{RetryAfter: retryAfter(response.Header), Cause: f}
	}
	return f
}

// readProblem reads what it can; a proxy's HTML gives none.
func (c *Channel) readProblem(text []byte) problem {
	var p problem
	if json.Unmarshal(text, &p) != nil {
		return problem{}
	}
	p.Code, p.Detail = clean(c.scrub(p.Code)), clean(c.scrub(p.Detail))
	for i := range p.Errors {
		p.Errors[i].Message = clean(c.scrub(p.Errors[i].Message))
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
		ofItem = ofItem || strings.HasPrefix(e.Pointer, "/submissions/")
	}
	return ofItem
}

// maxRetryAfter is the longest wait that a connector may ask for; beyond it
// the gateway asks again anyway.
const maxRetryAfter = time.Hour

// retryAfter reads the header, in seconds or as a date; 0 when there is none.
func retryAfter(h http.Header) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.ParseInt(text, 10, 32); err == nil {
		return min(max(time.Duration(seconds)*time.Second, 0), maxRetryAfter)
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(time.Until(at), 0), maxRetryAfter)
	}
	return 0
}

// withoutValues tells what is wrong with JSON without repeating it.
func withoutValues(err error) error {
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		return fmt.Errorf("wrong type at %q", cmp.Or(string(semantic.JSONPointer), "/"))
	}
	return err
}

// maxText is the longest text of a connector's that is kept.
const maxText = 2000

// clean makes a connector's text fit to be stored and shown: no control
// characters (PostgreSQL refuses NUL), not endless.
func clean(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, text)
	if runes := []rune(text); len(runes) > maxText {
		return string(runes[:maxText]) + "..."
	}
	return text
}
