package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/fakturgate/fakturgate/faktur"
)

// scene is one invoice of the story, and how it should end.
type scene struct {
	invoice faktur.TaxInvoice
	ends    faktur.Status
	fix     bool // it is corrected and uploaded again when it is saved invalid
}

// erp is the ERP of the story: it speaks HTTP as any other would.
type erp struct {
	url, key string

	mu        sync.Mutex
	documents map[string]*followed // by id
}

// followed is what the ERP knows of one of its invoices, from the feed alone.
type followed struct {
	scene    scene
	status   faktur.Status
	nsfp     string
	attempts int // that ended as approved or saved invalid
	fixed    bool
}

// feedEvent is an item of GET /events.
type feedEvent struct {
	Type      faktur.EventType `json:"type"`
	Timestamp time.Time        `json:"timestamp"`
	Data      faktur.EventData `json:"data"`
}

func (e *erp) registerSellers(ctx context.Context) error {
	done := map[string]bool{}
	for _, s := range scenes() {
		if npwp := s.invoice.Seller.NPWP; !done[npwp] {
			done[npwp] = true
			if err := e.call(ctx, http.MethodPut, "/taxpayers/"+npwp, map[string]any{"name": demoName(npwp), "channel": faktur.ChannelPJAP}, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *erp) post(ctx context.Context, s scene) (id string, err error) {
	var stored faktur.StoredInvoice
	if err := e.call(ctx, http.MethodPost, "/invoices", s.invoice, &stored); err != nil {
		return "", err
	}
	e.expect(stored.ID, s)
	return stored.ID, nil
}

// expect notes how a document should end.
func (e *erp) expect(id string, s scene) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.of(id).scene = s
}

// expected gives the invoices of the story so far, by id.
func (e *erp) expected() map[string]followed {
	e.mu.Lock()
	defer e.mu.Unlock()
	invoices := map[string]followed{}
	for id, d := range e.documents {
		if d.scene.ends != "" { // a return is no invoice
			invoices[id] = *d
		}
	}
	return invoices
}

func (e *erp) feed(ctx context.Context, after string) ([]feedEvent, string, error) {
	var page struct {
		Data       []feedEvent `json:"data"`
		NextCursor string      `json:"next_cursor"`
	}
	err := e.call(ctx, http.MethodGet, "/events?limit=100&after="+url.QueryEscape(after), nil, &page)
	return page.Data, page.NextCursor, err
}

// of gives what is known of a document. The feed may tell of it before the
// answer to its POST is read. The caller holds e.mu.
func (e *erp) of(id string) *followed {
	if e.documents[id] == nil {
		e.documents[id] = &followed{}
	}
	return e.documents[id]
}

// follow notes what an event tells.
func (e *erp) follow(event feedEvent) {
	e.mu.Lock()
	defer e.mu.Unlock()
	d := e.of(event.Data.ID)
	d.status, d.nsfp = event.Data.Status, string(event.Data.NSFP)
	if event.Type == "invoice.approved" || event.Type == "invoice.saved_invalid" {
		d.attempts++
	}
}

// settled says whether every invoice of the story so far has come to its end.
func (e *erp) settled() bool {
	for _, d := range e.expected() {
		if d.status != d.scene.ends {
			return false
		}
	}
	return true
}

// expectedWebhooks is how many the default subscription should have brought.
func (e *erp) expectedWebhooks() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := 0
	for _, d := range e.documents {
		n += d.attempts
	}
	return n
}

// correctionFor gives the corrected content of an invoice that was just saved invalid.
func (e *erp) correctionFor(event feedEvent) (faktur.TaxInvoice, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	d := e.of(event.Data.ID)
	if event.Type != "invoice.saved_invalid" || !d.scene.fix || d.fixed {
		return faktur.TaxInvoice{}, false
	}
	d.fixed = true
	corrected := d.scene.invoice
	corrected.Buyer.NITKU = corrected.Buyer.IDNumber + faktur.HeadOffice
	return corrected, true
}

func (e *erp) correct(ctx context.Context, id string, content faktur.TaxInvoice) error {
	return e.call(ctx, http.MethodPut, "/invoices/"+id+"?reupload=true", content, nil)
}

// call speaks to the API in JSON; a problem comes back as an error.
func (e *erp) call(ctx context.Context, method, path string, body, answer any) error {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return err
		}
	}
	text, err := e.send(ctx, method, path, "application/json", text)
	if err != nil || answer == nil {
		return err
	}
	return json.Unmarshal(text, answer)
}

// send makes one request and gives the answer's body.
func (e *erp) send(ctx context.Context, method, path, mediaType string, body []byte) ([]byte, error) {
	_, text, err := e.exchange(ctx, method, path, mediaType, body)
	return text, err
}

// location gives the address that a GET leads to, without going there.
func (e *erp) location(ctx context.Context, path string) (string, error) {
	header, _, err := e.exchange(ctx, http.MethodGet, path, "", nil)
	return header.Get("Location"), err
}

// client stays at loopback: it follows no redirect.
var client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

func (e *erp) exchange(ctx context.Context, method, path, mediaType string, body []byte) (http.Header, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, e.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	request.Header.Set("Authorization", "Bearer "+e.key)
	if len(body) > 0 {
		request.Header.Set("Content-Type", mediaType)
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	text, err := readAll(response.Body)
	if err == nil && response.StatusCode >= http.StatusBadRequest {
		err = fmt.Errorf("%s %s: %s: %s", method, path, response.Status, text)
	}
	return response.Header, text, err
}
