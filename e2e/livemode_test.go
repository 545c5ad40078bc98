package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/fakturgate/fakturgate/faktur"
)

// No approval is ever invented for a live seller, and nothing that was meant for
// the simulator is ever filed for good, whatever the gateway is set up with.
func TestLivemodeNeverMixes(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, kind string) {
		w := newWorld(t, kind)
		g := w.serve("gateway", append(quickGateway, "FAKTURGATE_WORKERS=off")...)
		c := w.client(g)
		c.register([]string{sellerA}, faktur.Settings{})
		simulated := decode[faktur.StoredInvoice](c.post(simpleInvoice(sellerA, "SIMULATED/1")).want(http.StatusAccepted))
		if simulated.Livemode {
			t.Error("a seller of the simulator is live")
		}

		// The same gateway, now set up with the real tax system.
		coretax := startLiveConnector(t)
		g.restart("FAKTURGATE_PJAP_URL="+coretax.url, "FAKTURGATE_WORKERS=on")
		if a := c.ask(http.MethodPut, "/taxpayers/"+sellerA, registration{"PT Penjual", faktur.ChannelPJAP, faktur.Settings{}}); a.status != http.StatusConflict {
			t.Errorf("a simulated seller became live: %d %s", a.status, a.body)
		}
		c.register([]string{sellerB}, faktur.Settings{})
		live := decode[faktur.StoredInvoice](c.post(simpleInvoice(sellerB, "LIVE/1")).want(http.StatusAccepted))
		if !live.Livemode {
			t.Error("a seller of the real tax system is not live")
		}
		c.becomes(live.ID, faktur.SigningInProgress) // it was younger, and went past the other
		c.stillQueued(simulated.ID)
		g.saysWhy("livemode false")

		// And back, with a live seller's invoice under way and another one waiting.
		g.restart("FAKTURGATE_PJAP_URL=" + w.simURL)
		waiting := decode[faktur.StoredInvoice](c.post(simpleInvoice(sellerB, "LIVE/2")).want(http.StatusAccepted))
		c.becomes(simulated.ID, faktur.Approved)
		c.stillQueued(waiting.ID)
		g.saysWhy("livemode true")
		if view := c.invoice(live.ID); view.Status != faktur.SigningInProgress || !view.Livemode {
			t.Errorf("the simulator said something of a live document: %+v", view)
		}
		if ledger := w.ledger(); len(ledger) != 1 || len(ledger["SIMULATED/1"]) != 1 {
			t.Errorf("the simulator took %+v", ledger)
		}
		if taken := coretax.taken(); len(taken) != 1 || taken[0] != "LIVE/1" {
			t.Errorf("the real tax system took %v", taken)
		}
	})
}

// restart stops a gateway and starts it again with other settings.
func (g *gateway) restart(settings ...string) {
	g.t.Helper()
	if code := g.stop(stopTime); code != 0 {
		g.t.Errorf("%s ended with %d", g.name, code)
	}
	g.env = append(g.env, settings...)
	g.launch()
	g.awaitReady()
}

func (c *client) stillQueued(id string) {
	c.t.Helper()
	if d := c.invoice(id); d.Status != faktur.Queued || d.Sequence != 1 {
		c.t.Errorf("%s is %s, and should wait in queued", d.Reference, d.Status)
	}
}

// saysWhy waits until /readyz names the reason why documents wait.
func (g *gateway) saysWhy(reason string) {
	g.t.Helper()
	eventually(g.t, "/readyz says "+reason, func() bool {
		answer := string(fetch(g.t, g.url+"/readyz"))
		return strings.Contains(answer, "wait in queued") && strings.Contains(answer, "their sellers have "+reason)
	})
}

// liveConnector is a connector that claims to be the real tax system. It takes
// everything and never signs.
type liveConnector struct {
	t   *testing.T
	url string
	mu  sync.Mutex
	got []string // references
}

func startLiveConnector(t *testing.T) *liveConnector {
	t.Helper()
	c := &liveConnector{t: t}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/connector", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"name": "a live one", "livemode": true, "resend_harmless": false, "max_batch": 100, "calls_per_minute": 0, "capabilities": ["look_up"]}`)
	})
	mux.HandleFunc("POST /v1/submissions", c.submit)
	mux.HandleFunc("POST /v1/submissions/status", c.status)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

func (c *liveConnector) submit(w http.ResponseWriter, r *http.Request) {
	var call struct {
		Livemode    bool `json:"livemode"`
		Submissions []struct {
			ClientID   string `json:"client_id"`
			SellerNPWP string `json:"seller_npwp"`
			Reference  string `json:"reference"`
		} `json:"submissions"`
	}
	c.read(r, &call)
	var results []map[string]string
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range call.Submissions {
		if !call.Livemode || s.SellerNPWP != sellerB {
			c.t.Errorf("the real tax system was sent %s of %s with livemode %t", s.Reference, s.SellerNPWP, call.Livemode)
		}
		c.got = append(c.got, s.Reference)
		results = append(results, map[string]string{"client_id": s.ClientID, "outcome": "taken", "status": "signing_in_progress", "coretax_status": "Signing In Progress"})
	}
	c.write(w, map[string]any{"livemode": true, "results": results})
}

func (c *liveConnector) status(w http.ResponseWriter, r *http.Request) {
	var call struct {
		ClientIDs []string `json:"client_ids"`
	}
	c.read(r, &call)
	var results []map[string]any
	for _, id := range call.ClientIDs {
		results = append(results, map[string]any{"client_id": id, "found": true, "status": "signing_in_progress", "coretax_status": "Signing In Progress"})
	}
	c.write(w, map[string]any{"livemode": true, "results": results})
}

func (c *liveConnector) read(r *http.Request, into any) {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(body, into)
	}
	if err != nil {
		c.t.Errorf("%s: %v", r.URL.Path, err)
	}
}

func (c *liveConnector) write(w http.ResponseWriter, answer any) {
	w.Header().Set("Content-Type", "application/json")
	body, err := json.Marshal(answer)
	if err != nil {
		c.t.Error(err)
	}
	_, _ = w.Write(body)
}

func (c *liveConnector) taken() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string{}, c.got...)
}
