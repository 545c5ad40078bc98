package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
)

// Three gateways on one PostgreSQL are restarted one after the other, as
// docs/operations.md says. Whoever comes through their load balancer, which
// repeats nothing, sees no request fail: no POST, no GET, no long-poll.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "postgres", "FAKTURGATE_SIM_DEDUP=off", "FAKTURGATE_SIM_SIGNING_DELAY=100ms")
	settings := append([]string{"FAKTURGATE_STOP_GRACE=1s"}, quickGateway...)
	var gateways []*gateway
	for n := range 3 {
		gateways = append(gateways, w.serve(fmt.Sprintf("gateway-%d", n+1), settings...))
	}
	balancer := startBalancer(t, gateways)
	c := newClient(t)
	c.urls = []string{balancer.url}
	c.register([]string{sellerA}, faktur.Settings{})
	stuck := decode[faktur.StoredInvoice](c.post(simpleInvoice(sellerA, "SIM-STUCK")).want(http.StatusAccepted)).ID
	sequence := c.becomes(stuck, faktur.SigningInProgress).Sequence

	flood := startFlood(t, c, 6)
	waits := startWaits(t, c, fmt.Sprintf("/invoices/%s/status?wait=2s&after=%d", stuck, sequence))
	for _, g := range gateways {
		before := flood.accepted()
		eventually(t, "invoices are accepted", func() bool { return flood.accepted() >= before+100 })
		if code := g.stop(stopTime); code != 0 {
			t.Errorf("%s ended with %d", g.name, code)
		}
		g.launch()
		g.awaitReady()
		eventually(t, "the balancer uses it again", func() bool { return balancer.uses(g) })
	}
	waits.stop()
	flood.stop()
	if balancer.failed.Load() > 0 || flood.refusals() > 0 || c.again.Load() > 0 {
		t.Errorf("%d requests failed at the balancer, %d were refused, %d asked again; want none",
			balancer.failed.Load(), flood.refusals(), c.again.Load())
	}
	t.Logf("%d invoices and %d long-polls while three gateways restarted", flood.accepted(), waits.answered.Load())
	flood.arrives(w)
}

// waits asks one question after another that takes its time to answer.
type waits struct {
	ended, answered atomic.Int64
	over            chan struct{}
}

func startWaits(t *testing.T, c *client, path string) *waits {
	t.Helper()
	l := &waits{over: make(chan struct{})}
	go func() {
		defer close(l.over)
		for l.ended.Load() == 0 {
			a, err := c.try(t.Context(), http.MethodGet, path, nil)
			if err != nil {
				t.Errorf("a long-poll is not answered: %v", err)
				return
			}
			a.want(http.StatusOK)
			l.answered.Add(1)
		}
	}()
	t.Cleanup(l.stop)
	return l
}

func (l *waits) stop() {
	l.ended.Store(1)
	<-l.over
}

// balancer is a reverse proxy as stands before the gateways: it asks each
// /readyz now and then, passes every request to the next one that is ready,
// and tries none a second time.
type balancer struct {
	url     string
	backend []backend
	turn    atomic.Int64
	failed  atomic.Int64 // requests that a gateway did not answer
}

type backend struct {
	gateway *gateway
	proxy   *httputil.ReverseProxy
	ready   *atomic.Bool
}

// checkPause is how often the balancer asks /readyz, well within the grace.
const checkPause = 100 * time.Millisecond

func startBalancer(t *testing.T, gateways []*gateway) *balancer {
	t.Helper()
	b := &balancer{}
	for _, g := range gateways {
		address, err := url.Parse(g.url)
		if err != nil {
			t.Fatal(err)
		}
		proxy := httputil.NewSingleHostReverseProxy(address)
		proxy.Transport = &http.Transport{MaxIdleConnsPerHost: 64}
		proxy.ErrorHandler = func(w http.ResponseWriter, r *http.Request, err error) {
			b.failed.Add(1)
			t.Errorf("%s does not answer %s %s: %v", g.name, r.Method, r.URL.Path, err)
			w.WriteHeader(http.StatusBadGateway)
		}
		b.backend = append(b.backend, backend{g, proxy, &atomic.Bool{}})
	}
	b.check()
	server := httptest.NewServer(b)
	b.url = server.URL
	over, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-over:
				return
			case <-time.After(checkPause):
				b.check()
			}
		}
	}()
	t.Cleanup(func() { close(over); <-stopped; server.Close() })
	return b
}

func (b *balancer) check() {
	client := http.Client{Timeout: 2 * time.Second}
	for _, backend := range b.backend {
		answer, err := client.Get(backend.gateway.url + "/readyz")
		err = errors.Join(err, closeBody(answer))
		backend.ready.Store(err == nil && answer.StatusCode == http.StatusOK)
	}
}

func closeBody(answer *http.Response) error {
	if answer == nil {
		return nil
	}
	return answer.Body.Close()
}

func (b *balancer) uses(g *gateway) bool {
	for _, backend := range b.backend {
		if backend.gateway == g {
			return backend.ready.Load()
		}
	}
	return false
}

// ServeHTTP passes a request on.
func (b *balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for range b.backend {
		next := b.backend[int(b.turn.Add(1))%len(b.backend)]
		if next.ready.Load() {
			next.proxy.ServeHTTP(w, r)
			return
		}
	}
	b.failed.Add(1)
	w.WriteHeader(http.StatusBadGateway)
}
