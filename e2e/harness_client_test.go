package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/fakturgate/fakturgate/docs/docstest"
	"github.com/fakturgate/fakturgate/faktur"
)

// client speaks to one or more gateways as an ERP does: what is answered is
// held to the OpenAPI document, and what is not answered, or answered with "not
// now", it asks again, of the next gateway.
type client struct {
	t     *testing.T
	urls  []string
	http  *http.Client
	turn  atomic.Int64
	again atomic.Int64 // how often it had to ask again
}

func newClient(t *testing.T, gateways ...*gateway) *client {
	t.Helper()
	c := &client{t: t, http: docstest.Client(t)}
	c.http.Timeout = time.Minute
	for _, g := range gateways {
		c.urls = append(c.urls, g.url)
	}
	return c
}

// answer is what came back.
type answer struct {
	t      *testing.T
	asked  string
	status int
	header http.Header
	body   []byte
}

// try asks once; an error means that no whole answer came.
func (c *client) try(ctx context.Context, method, path string, content any, header ...string) (answer, error) {
	var body []byte
	if content != nil {
		var err error
		if body, err = json.Marshal(content); err != nil {
			c.t.Error(err)
		}
	}
	url := c.urls[int(c.turn.Add(1))%len(c.urls)] + path
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Authorization", "Bearer "+bootstrapKey)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	got, err := c.http.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer got.Body.Close()
	a := answer{t: c.t, asked: method + " " + path, status: got.StatusCode, header: got.Header}
	a.body, err = io.ReadAll(got.Body)
	return a, err
}

// ask asks until there is an answer that settles the matter.
func (c *client) ask(method, path string, content any, header ...string) answer {
	c.t.Helper()
	for began := time.Now(); ; c.again.Add(1) {
		a, err := c.try(c.t.Context(), method, path, content, header...)
		a.t, a.asked = c.t, method+" "+path
		pause := 30 * time.Millisecond
		switch {
		case err == nil && a.status != http.StatusTooManyRequests && a.status != http.StatusServiceUnavailable:
			return a
		case err == nil:
			// Whole seconds are asked for; a test is in more of a hurry.
			if _, err := strconv.Atoi(a.header.Get("Retry-After")); err != nil {
				c.t.Errorf("%s answers %d without a Retry-After in seconds", a.asked, a.status)
			}
			pause = 100 * time.Millisecond
		}
		if c.t.Context().Err() != nil {
			return a // the test is over
		}
		if time.Since(began) > patience {
			c.t.Errorf("%s %s: no answer in %v, at last %v %d %s", method, path, time.Since(began), err, a.status, a.body)
			return a
		}
		time.Sleep(pause)
	}
}

// want holds the answer to a status.
func (a answer) want(statuses ...int) answer {
	a.t.Helper()
	for _, status := range statuses {
		if a.status == status {
			return a
		}
	}
	if a.t.Context().Err() == nil {
		a.t.Errorf("%s answers %d, want %v: %.2000s", a.asked, a.status, statuses, a.body)
	}
	return a
}

// decode reads an answer's body.
func decode[T any](a answer) (v T) {
	a.t.Helper()
	if err := json.Unmarshal(a.body, &v); err != nil && a.t.Context().Err() == nil {
		a.t.Errorf("%s answers what cannot be read: %v\n%.500s", a.asked, err, a.body)
	}
	return v
}

// fetch gets what needs no key.
func fetch(t *testing.T, url string) []byte {
	t.Helper()
	got, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	body, err := io.ReadAll(got.Body)
	if err != nil || got.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s %v", url, got.Status, err)
	}
	return body
}

type registration struct {
	Name     string          `json:"name"`
	Channel  faktur.Channel  `json:"channel"`
	Settings faktur.Settings `json:"settings"`
}

// register registers sellers on the channel of the simulator.
func (c *client) register(npwps []string, settings faktur.Settings) {
	c.t.Helper()
	inParallel(16, len(npwps), func(i int) {
		c.ask(http.MethodPut, "/taxpayers/"+npwps[i], registration{fmt.Sprintf("PT Penjual %d", i+1), faktur.ChannelPJAP, settings}).
			want(http.StatusOK, http.StatusCreated)
	})
}

func (c *client) post(invoice faktur.TaxInvoice) answer {
	c.t.Helper()
	return c.ask(http.MethodPost, "/invoices", invoice)
}

func (c *client) invoice(id string) faktur.StoredInvoice {
	c.t.Helper()
	return decode[faktur.StoredInvoice](c.ask(http.MethodGet, "/invoices/"+id, nil).want(http.StatusOK))
}

type listing[T any] struct {
	Data       []T    `json:"data"`
	NextCursor string `json:"next_cursor"`
}

// invoices lists all that the gateway has, by reference.
func (c *client) invoices() map[string]faktur.StoredInvoice {
	c.t.Helper()
	all := map[string]faktur.StoredInvoice{}
	for cursor := ""; ; {
		p := decode[listing[faktur.StoredInvoice]](c.ask(http.MethodGet, "/invoices?limit=200&cursor="+cursor, nil).want(http.StatusOK))
		for _, d := range p.Data {
			if other, twice := all[d.Reference]; twice {
				c.t.Errorf("reference %s is listed twice: %s and %s", d.Reference, other.ID, d.ID)
			}
			all[d.Reference] = d
		}
		if cursor = p.NextCursor; cursor == "" || c.t.Failed() {
			return all
		}
	}
}

// event is one of the feed, and the body of a webhook but for its ID.
type event struct {
	ID        string           `json:"id"`
	Type      faktur.EventType `json:"type"`
	Timestamp time.Time        `json:"timestamp"`
	Data      jsontext.Value   `json:"data"`
}

func (e event) same(other event) bool {
	return e.ID == other.ID && e.Type == other.Type && e.Timestamp.Equal(other.Timestamp) && bytes.Equal(e.Data, other.Data)
}

func (e event) about(t *testing.T) faktur.EventData {
	var data faktur.EventData
	if err := json.Unmarshal(e.Data, &data); err != nil {
		t.Errorf("event %s %s: %v", e.ID, e.Data, err)
	}
	return data
}

// feed reads on from a cursor to the feed's end.
func (c *client) feed(after string) (events []event, next string) {
	c.t.Helper()
	for {
		path := "/events?limit=200"
		if after != "" {
			path += "&after=" + after
		}
		p := decode[listing[event]](c.ask(http.MethodGet, path, nil).want(http.StatusOK))
		events = append(events, p.Data...)
		if len(p.Data) == 0 || c.t.Failed() {
			return events, p.NextCursor
		}
		after = p.NextCursor
	}
}

// endpoint makes a webhook endpoint at a path of the receiver.
func (c *client) endpoint(r *receiver, path string, types []string, hear func(arrival)) {
	c.t.Helper()
	made := decode[struct {
		Secret string `json:"secret"`
	}](c.ask(http.MethodPost, "/webhook-endpoints", map[string]any{"url": r.url + path, "events": types}).want(http.StatusCreated))
	if !strings.HasPrefix(made.Secret, "whsec_") {
		c.t.Errorf("secret %q", made.Secret)
	}
	r.knows(path, made.Secret, hear)
}
