package simulator_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/fakturgate/fakturgate/adapter/adaptertest"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/simulator"
)

const (
	document = "../docs/connector.yaml"
	seller   = "0012345674901000"
)

// clock is a clock that only the test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// side is a simulator and a client that holds every exchange to the document.
type side struct {
	t      *testing.T
	sim    *simulator.Simulator
	clock  *clock
	client *http.Client
	token  string
}

func open(t *testing.T, config simulator.Config) *side {
	t.Helper()
	s := &side{t: t, clock: newClock(), token: "t"}
	if config.Clock == nil {
		config.Clock = s.clock.Now
	}
	config.Token = "t"
	sim, err := simulator.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	})
	s.sim = sim
	s.client = &http.Client{Transport: adaptertest.Direct(held(t, sim.Handler()))}
	return s
}

// held holds the protocol's routes to the document; the simulator's own are not in it.
func held(t *testing.T, handler http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", handler)
	mux.Handle("/v1/", adaptertest.HoldTo(t, document, handler))
	mux.Handle("/v1/simulator/", handler)
	return mux
}

// unheld lets exchanges go past the document: bad ones, and great numbers of them.
func (s *side) unheld() *side {
	s.client.Transport = adaptertest.Direct(s.sim.Handler())
	return s
}

// reply is an answer; code is 0 when the connection was cut.
type reply struct {
	code       int
	retryAfter string
	body       []byte
}

func (s *side) call(method, path string, body any) reply {
	s.t.Helper()
	text, ok := body.([]byte)
	if !ok && body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			s.t.Fatal(err)
		}
	}
	r, err := http.NewRequestWithContext(s.t.Context(), method, "http://127.0.0.1:9090"+path, bytes.NewReader(text))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.token)
	r.Header.Set("Content-Type", "application/json")
	response, err := s.client.Do(r)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return reply{}
	}
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return reply{response.StatusCode, response.Header.Get("Retry-After"), answer}
}

// standing is what any result may hold.
type standing struct {
	ClientID      string        `json:"client_id"`
	Reference     string        `json:"reference"`
	Outcome       string        `json:"outcome"`
	Found         bool          `json:"found"`
	Status        faktur.Status `json:"status"`
	CoretaxStatus string        `json:"coretax_status"`
	NSFP          string        `json:"nsfp"`
	Signer        string        `json:"signer"`
	Reason        *struct {
		Code   string        `json:"code"`
		Action faktur.Action `json:"action"`
	} `json:"reason"`
	Entries []standing `json:"entries"`
	At      time.Time  `json:"at"`
}

func (s standing) code() string {
	if s.Reason == nil {
		return ""
	}
	return s.Reason.Code
}

func read[T any](t *testing.T, r reply) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(r.body, &v); err != nil || r.code != http.StatusOK {
		t.Fatalf("the answer is %d %s (%v), want 200", r.code, r.body, err)
	}
	return v
}

func results(t *testing.T, r reply) []standing {
	t.Helper()
	return read[struct {
		Results []standing `json:"results"`
	}](t, r).Results
}

func problemCode(t *testing.T, r reply) string {
	t.Helper()
	var p struct {
		Code string `json:"code"`
	}
	if err := json.Unmarshal(r.body, &p); err != nil {
		t.Fatalf("the answer is %d %q: %v", r.code, r.body, err)
	}
	return p.Code
}

type object = map[string]any

// submission is an ordinary invoice; edits change it.
func submission(clientID, reference string, edits ...func(object)) object {
	s := object{
		"client_id": clientID, "seller_npwp": seller, "reference": reference,
		"invoice": object{
			"date": "2026-11-22", "trx_code": "04", "seller_nitku": seller + "000000",
			"buyer": object{"id_type": "npwp", "id_number": "0098765431109000", "nitku": "0098765431109000000000",
				"name": "PT Pembeli", "address": "Jl. Merdeka 1, Jakarta", "country": "IDN"},
			"lines": []any{object{"kind": "goods", "code": "000000", "name": "Kertas A4", "unit": "UM.0018",
				"unit_price": "100000.00", "quantity": "1.00", "discount": "0.00", "luxury": false,
				"dpp": "100000.00", "other_dpp": "91666.67", "ppn_rate": "12", "ppn": "11000.00", "ppnbm_rate": "0", "ppnbm": "0.00"}},
		},
		"totals": object{"dpp": "100000.00", "other_dpp": "91666.67", "ppn": "11000.00", "ppnbm": "0.00", "discount": "0.00"},
	}
	for _, edit := range edits {
		edit(s)
	}
	return s
}

// set changes the value at a path of keys and indexes.
func set(value any, path ...any) func(object) {
	return func(s object) {
		var at any = s
		for i, step := range path {
			last := i == len(path)-1
			switch step := step.(type) {
			case string:
				if last {
					at.(object)[step] = value
				} else {
					at = at.(object)[step]
				}
			case int:
				at = at.([]any)[step]
			}
		}
	}
}

func signedBy(signer string) func(object) { return set(signer, "signer") }

func named(name string) func(object) { return set(name, "invoice", "lines", 0, "name") }

func (s *side) submit(submissions ...object) reply {
	s.t.Helper()
	return s.call(http.MethodPost, "/v1/submissions", object{"livemode": false, "submissions": submissions})
}

func (s *side) status(clientIDs ...string) []standing {
	s.t.Helper()
	return results(s.t, s.call(http.MethodPost, "/v1/submissions/status", object{"client_ids": clientIDs}))
}

func (s *side) lookUp(clientIDs ...string) []standing {
	s.t.Helper()
	return results(s.t, s.call(http.MethodPost, "/v1/submissions/look-up", object{"client_ids": clientIDs}))
}

func (s *side) ledger(reference string) []simulator.LedgerEntry {
	s.t.Helper()
	entries, err := s.sim.Ledger(reference)
	if err != nil {
		s.t.Fatal(err)
	}
	return entries
}

type feed struct {
	Changes []standing `json:"changes"`
	Next    string     `json:"next"`
}

func (s *side) changes(after string, limit int) feed {
	s.t.Helper()
	return read[feed](s.t, s.call(http.MethodGet, fmt.Sprintf("/v1/changes?after=%s&limit=%d", after, limit), nil))
}

// expect submits one and checks what has become of it after d.
func (s *side) expect(sub object, d time.Duration, status faktur.Status, code string) standing {
	s.t.Helper()
	s.submit(sub)
	s.clock.Advance(d)
	got := s.status(sub["client_id"].(string))[0]
	if got.Status != status || got.code() != code {
		s.t.Errorf("%s is %s (%s), want %s (%s)", sub["client_id"], got.Status, got.code(), status, code)
	}
	return got
}
