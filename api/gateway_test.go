package api_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/adapter/pjap"
	"github.com/fakturgate/fakturgate/api"
	"github.com/fakturgate/fakturgate/docs/docstest"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/handlers"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
	"github.com/fakturgate/fakturgate/service"
	"github.com/fakturgate/fakturgate/simulator"
	"github.com/fakturgate/fakturgate/webhook"
)

const (
	bootstrapKey = "fg_0123456789012345678901234567890123456789012"
	seller       = "0012345674901000"
)

// today is when every test's gateway believes to live.
var today = time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)

// gateway is the whole API on a database of its own, with the simulated tax
// system behind it. Every answer it gives is held to the OpenAPI document.
type gateway struct {
	t        testing.TB
	url      string
	public   http.Handler
	internal http.Handler
	service  *service.Service
	db       *repository.DB
	client   *http.Client
	key      string
	log      *logBuffer
}

// options change what most tests have.
type options struct {
	db                *repository.DB // nil: a fresh SQLite
	workers           bool
	requestsPerSecond int
	closing           context.Context
	change            func(*service.Config) // nil: as it is
}

// start runs a gateway whose seller is registered.
func start(t *testing.T) *gateway { t.Helper(); return startWith(t, options{}) }

func startWith(t testing.TB, o options) *gateway {
	t.Helper()
	if o.db == nil {
		o.db = repotest.SQLite(t)
	}
	g := &gateway{t: t, db: o.db, key: bootstrapKey, log: &logBuffer{}, client: docstest.Client(t)}
	logger := slog.New(slog.NewJSONHandler(g.log, nil))
	g.service = newService(t, o, logger)
	g.run(o.workers)
	h := &handlers.Handlers{Service: g.service, Logger: logger, Closing: o.closing}
	g.public, g.internal = api.New(api.Config{Handlers: h, Logger: logger, RequestsPerSecond: o.requestsPerSecond})
	server := httptest.NewServer(g.public)
	t.Cleanup(server.Close)
	g.url = server.URL
	if err := g.service.EnsureBootstrapKey(t.Context(), bootstrapKey); err != nil {
		t.Fatal(err)
	}
	g.put("/taxpayers/"+seller, `{"name": "PT Penjual", "channel": "pjap", "settings": {}}`).want(http.StatusCreated)
	return g
}

// clock stands still, unless workers need it to go on.
func clock(running bool) func() time.Time {
	began := time.Now()
	return func() time.Time {
		if running {
			return today.Add(time.Since(began))
		}
		return today
	}
}

func newService(t testing.TB, o options, logger *slog.Logger) *service.Service {
	t.Helper()
	taxSystem, err := simulator.New(simulator.Config{Token: "token"})
	if err != nil {
		t.Fatal(err)
	}
	connector := httptest.NewServer(taxSystem.Handler())
	t.Cleanup(connector.Close)
	channel, err := pjap.New(pjap.Config{BaseURL: connector.URL, Token: "token"})
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := service.NewSealer(bytes.Repeat([]byte("k"), 32))
	if err != nil {
		t.Fatal(err)
	}
	guard := webhook.Guard{Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	config := service.Config{
		DB: o.db, Rules: faktur.NewRules(nil), Sealer: sealer, Channels: []adapter.Channel{channel},
		Sender: webhook.NewSender(webhook.Config{Guard: guard}), Logger: logger, PollMin: 10 * time.Millisecond,
		Now: clock(o.workers),
	}
	if o.change != nil {
		o.change(&config)
	}
	return service.New(config)
}

func (g *gateway) run(workers bool) {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); g.service.Run(ctx, workers) }()
	g.t.Cleanup(func() { stop(); <-done })
}

// as gives the gateway to a holder of another key.
func (g *gateway) as(tenant string, scopes ...string) *gateway {
	g.t.Helper()
	secret, _, err := g.service.CreateKey(g.t.Context(), tenant, "test", scopes)
	if err != nil {
		g.t.Fatal(err)
	}
	other := *g
	other.key = secret
	return &other
}

// answer is what came back.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	body   []byte
}

func (g *gateway) get(path string, header ...string) *answer {
	g.t.Helper()
	return g.send(http.MethodGet, path, "", header...)
}

func (g *gateway) post(path, body string, header ...string) *answer {
	g.t.Helper()
	return g.send(http.MethodPost, path, body, header...)
}

func (g *gateway) put(path, body string, header ...string) *answer {
	g.t.Helper()
	return g.send(http.MethodPut, path, body, header...)
}

// send makes a request; header is names and values in turn. A body is JSON unless it says otherwise.
func (g *gateway) send(method, path, body string, header ...string) *answer {
	g.t.Helper()
	request, err := http.NewRequestWithContext(g.t.Context(), method, g.url+path, strings.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	if body == "" {
		request.Body = http.NoBody
	} else {
		request.Header.Set("Content-Type", "application/json")
	}
	if g.key != "" {
		request.Header.Set("Authorization", "Bearer "+g.key)
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := g.client.Do(request)
	if err != nil {
		g.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	return &answer{t: g.t, status: response.StatusCode, header: response.Header, body: text}
}

// want fails the test unless the answer has a status.
func (a *answer) want(status int) *answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("answered %d, want %d: %s", a.status, status, a.body)
	}
	return a
}

// problem fails the test unless the answer is a problem of that status and code.
func (a *answer) problem(status int, code string) handlers.Problem {
	a.t.Helper()
	a.want(status)
	p := decoded[handlers.Problem](a)
	if p.Code != code || p.Status != status || p.Type != "urn:fakturgate:problem:"+code {
		a.t.Fatalf("the problem is %s, want %s: %s", p.Code, code, a.body)
	}
	if p.RequestID == "" || p.RequestID != a.header.Get("X-Request-Id") {
		a.t.Errorf("request_id %q, X-Request-Id %q", p.RequestID, a.header.Get("X-Request-Id"))
	}
	return p
}

// decoded reads an answer's body.
func decoded[T any](a *answer) T {
	a.t.Helper()
	var v T
	if err := json.Unmarshal(a.body, &v, json.RejectUnknownMembers(true)); err != nil {
		a.t.Fatalf("%v: %s", err, a.body)
	}
	return v
}

// stored is a document as far as these tests read it.
type stored struct {
	ID        string         `json:"id"`
	Reference string         `json:"reference"`
	Status    faktur.Status  `json:"status"`
	Sequence  int64          `json:"sequence"`
	Attempt   int            `json:"attempt"`
	Lines     []faktur.Line  `json:"lines"`
	Totals    faktur.Totals  `json:"totals"`
	Warnings  []faktur.Fault `json:"warnings"`
}

func document(a *answer) stored {
	a.t.Helper()
	var v stored
	if err := json.Unmarshal(a.body, &v); err != nil {
		a.t.Fatalf("%v: %s", err, a.body)
	}
	return v
}

// invoice gives the text of an ordinary invoice, changed by pairs of old and new text.
func invoice(reference string, changes ...string) string {
	text := `{"reference": "` + reference + `", "date": "2026-11-22", "trx_code": "04", "add_info": "", "facility_stamp": "",
  "supporting_document": {"number": "", "period": ""},
  "seller": {"npwp": "` + seller + `", "nitku": "` + seller + `000000"},
  "buyer": {"id_type": "npwp", "id_number": "0098765431109000", "nitku": "0098765431109000000000",
            "name": "PT Pembeli", "address": "Jl. Merdeka 1, Jakarta", "country": "IDN", "email": ""},
  "lines": [{"kind": "goods", "code": "000000", "name": "Kertas A4", "unit": "UM.0018",
             "unit_price": "100000.00", "quantity": "1", "discount": "0.00"}]}`
	for i := 0; i < len(changes); i += 2 {
		if !strings.Contains(text, changes[i]) {
			panic("the invoice has no " + changes[i])
		}
		text = strings.Replace(text, changes[i], changes[i+1], 1)
	}
	return text
}

// logBuffer holds what was logged.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(text []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(text)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// eventually waits until something holds, which other goroutines bring about.
func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(repotest.Patience); time.Now().Before(deadline); <-tick.C {
		if holds() {
			return
		}
	}
	t.Fatal("it did not come about")
}
