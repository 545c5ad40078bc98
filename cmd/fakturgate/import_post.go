package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/handlers"
)

const (
	importBatch      = 100     // invoices a request
	importBatchBytes = 4 << 20 // of a request, unless one invoice alone has more
	importTries      = 8       // of one request
)

// post hands the invoices that nothing is wrong with to the gateway, in the
// order of the file. Posting one again is harmless: its reference names it.
func (r *importing) post(ctx context.Context) error {
	var batch []int
	var bodies []string
	size, done, all := 0, 0, len(r.template.Invoices)-len(r.refused)
	send := func() error {
		if len(batch) == 0 {
			return nil
		}
		err := r.postBatch(ctx, batch, bodies)
		done += len(batch)
		batch, bodies, size = nil, nil, 0
		r.out.progress("Posted", done, all)
		return err
	}
	defer r.out.progressDone()
	for i := range r.template.Invoices {
		if r.refused[i] {
			continue
		}
		body, err := json.Marshal(r.template.Invoices[i].Invoice)
		if err != nil {
			return err
		}
		if len(batch) == importBatch || size+len(body) > importBatchBytes {
			if err := send(); err != nil {
				return err
			}
		}
		batch, bodies, size = append(batch, i), append(bodies, string(body)), size+len(body)
	}
	return send()
}

func (r *importing) postBatch(ctx context.Context, batch []int, bodies []string) error {
	results, err := r.gateway.post(ctx, bodies)
	if err != nil {
		return fmt.Errorf("after %d invoices were posted: %w. Import the file again: what is stored already stays as it is", r.created+r.known, err)
	}
	for n, i := range batch {
		switch result := results[n]; {
		case result.Problem != nil:
			r.refuse(i, result.Problem)
		case result.Status == http.StatusOK:
			r.known++
		default:
			r.created++
		}
	}
	return nil
}

func (r *importing) refuse(i int, p *handlers.Problem) {
	r.refused[i] = true
	for _, f := range faultsOf(p) {
		r.faults[i] = append(r.faults[i], r.template.Invoices[i].Locate(f))
	}
}

// faultsOf gives a problem's faults; itself as one when it lists none.
func faultsOf(p *handlers.Problem) []faktur.Fault {
	if len(p.Errors) > 0 {
		return p.Errors
	}
	pointer := ""
	if p.Code == "reference_conflict" {
		pointer = "/reference"
	}
	return []faktur.Fault{{Pointer: pointer, Code: p.Code, Message: p.Detail}}
}

// importGateway speaks to the gateway's API.
type importGateway struct {
	url, key string
	client   *http.Client
	reached  atomic.Bool // it has answered once: then it is worth waiting for
}

func newImportGateway(url, key string) *importGateway {
	return &importGateway{url: strings.TrimRight(url, "/"), key: key, client: &http.Client{Timeout: 2 * time.Minute}}
}

// validate gives an invoice's faults, or its warnings.
func (g *importGateway) validate(ctx context.Context, invoice *faktur.TaxInvoice) (faults, warnings []faktur.Fault, err error) {
	body, err := json.Marshal(invoice)
	if err != nil {
		return nil, nil, err
	}
	status, answer, err := g.call(ctx, "/invoices/validate", body)
	if err != nil {
		return nil, nil, err
	}
	switch status {
	case http.StatusOK:
		var preview faktur.Preview
		err = json.Unmarshal(answer, &preview)
		return nil, preview.Warnings, err
	case http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge:
		var p handlers.Problem
		err = json.Unmarshal(answer, &p)
		return faultsOf(&p), nil, err
	}
	return nil, nil, refusal(status, answer)
}

// importResult is what became of one invoice of a batch.
type importResult struct {
	Status  int               `json:"status"`
	Problem *handlers.Problem `json:"problem"`
}

func (g *importGateway) post(ctx context.Context, invoices []string) ([]importResult, error) {
	status, answer, err := g.call(ctx, "/invoices/batch", []byte(`{"invoices":[`+strings.Join(invoices, ",")+`]}`))
	if err != nil {
		return nil, err
	}
	if status != http.StatusMultiStatus {
		return nil, refusal(status, answer)
	}
	var results struct {
		Results []importResult `json:"results"`
	}
	if err := json.Unmarshal(answer, &results); err != nil {
		return nil, err
	}
	if len(results.Results) != len(invoices) {
		return nil, fmt.Errorf("the gateway answered %d results for %d invoices", len(results.Results), len(invoices))
	}
	return results.Results, nil
}

// refusal is the error of an answer that is about no single invoice.
func refusal(status int, answer []byte) error {
	var p handlers.Problem
	if err := json.Unmarshal(answer, &p); err != nil || p.Detail == "" {
		return fmt.Errorf("the gateway answers %d %s. Is FAKTURGATE_URL its address?", status, http.StatusText(status))
	}
	return fmt.Errorf("the gateway answers %d (%s): %s", status, p.Code, p.Detail)
}

// call posts, and tries again while the gateway is busy or away: both of its
// routes may be repeated.
func (g *importGateway) call(ctx context.Context, path string, body []byte) (int, []byte, error) {
	for try := 1; ; try++ {
		status, answer, wait, err := g.once(ctx, path, body)
		passing := err != nil || status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable
		if !passing || try == importTries || ctx.Err() != nil || err != nil && !g.reached.Load() {
			return status, answer, err
		}
		select {
		case <-ctx.Done():
			return 0, nil, ctx.Err()
		case <-time.After(max(wait, time.Duration(try)*250*time.Millisecond)):
		}
	}
}

func (g *importGateway) once(ctx context.Context, path string, body []byte) (status int, answer []byte, wait time.Duration, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, 0, errors.New("FAKTURGATE_URL is not an address such as http://127.0.0.1:8080")
	}
	request.Header.Set("Authorization", "Bearer "+g.key)
	request.Header.Set("Content-Type", "application/json")
	response, err := g.client.Do(request)
	if err != nil {
		return 0, nil, 0, err
	}
	defer response.Body.Close()
	g.reached.Store(true)
	seconds, _ := strconv.Atoi(response.Header.Get("Retry-After"))
	answer, err = io.ReadAll(io.LimitReader(response.Body, 256<<20))
	return response.StatusCode, answer, min(time.Duration(seconds)*time.Second, time.Minute), err
}
