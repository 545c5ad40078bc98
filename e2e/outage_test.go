package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository/repotest"
)

// While the database is gone, callers are told so, and when. When it is back,
// everything goes on by itself, and nothing that was answered 202 is missing.
func TestTheDatabaseGoesAndComesBack(t *testing.T) {
	t.Parallel()
	server, err := repotest.StartServer()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	w := newWorldOn(t, "postgres", server.URL("postgres"), "FAKTURGATE_SIM_DEDUP=off", "FAKTURGATE_SIM_SIGNING_DELAY=100ms")
	g := w.serve("gateway", quickGateway...)
	c := w.client(g)
	c.register([]string{sellerA}, faktur.Settings{})
	flood := startFlood(t, c, 8)
	for range 2 {
		before := flood.accepted()
		eventually(t, "invoices are accepted", func() bool { return flood.accepted() >= before+200 })
		if err := server.Crash(); err != nil {
			t.Fatal(err)
		}
		before = flood.refusals()
		eventually(t, "callers are told", func() bool { return flood.refusals() >= before+20 })
		for _, ask := range []string{"/readyz", "/invoices", "/events"} {
			a, err := c.try(t.Context(), http.MethodGet, ask, nil)
			if err != nil {
				t.Fatal(err)
			}
			a.want(http.StatusServiceUnavailable)
		}
		fetch(t, g.url+"/healthz") // the process itself is well
		if err := server.Restart(); err != nil {
			t.Fatal(err)
		}
		g.awaitReady()
	}
	before := flood.accepted()
	eventually(t, "invoices are accepted again", func() bool { return flood.accepted() >= before+200 })
	flood.stop()
	t.Logf("%d accepted, %d times refused", flood.accepted(), flood.refusals())
	flood.arrives(w)
}

// SIGTERM under load: what was accepted is kept, who waits is answered, and the
// process ends in good order and in time.
func TestStoppingUnderLoad(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, kind string) {
		w := newWorld(t, kind, "FAKTURGATE_SIM_DEDUP=off", "FAKTURGATE_SIM_SIGNING_DELAY=100ms")
		g := w.serve("gateway", quickGateway...)
		c := w.client(g)
		c.register([]string{sellerA}, faktur.Settings{})
		stuck := decode[faktur.StoredInvoice](c.post(simpleInvoice(sellerA, "SIM-STUCK")).want(http.StatusAccepted)).ID
		sequence := c.becomes(stuck, faktur.SigningInProgress).Sequence
		waiter := make(chan error, 1)
		go func() {
			a, err := c.try(t.Context(), http.MethodGet, fmt.Sprintf("/invoices/%s/status?wait=60s&after=%d", stuck, sequence), nil)
			if err == nil {
				a.want(http.StatusOK)
			}
			waiter <- err
		}()

		for range 3 {
			flood := startFlood(t, c, 16)
			eventually(t, "invoices are accepted", func() bool { return flood.accepted() >= 300 })
			began := time.Now()
			flood.mayLoseItsGateway()
			if code := g.stop(stopTime); code != 0 {
				t.Errorf("the gateway ended with %d", code)
			}
			t.Logf("stopped within %v, after %d invoices", time.Since(began), flood.accepted())
			flood.stop()
			g.launch()
			g.awaitReady()
			flood.arrives(w)
		}
		if err := <-waiter; err != nil {
			t.Errorf("the long-poll was not answered: %v", err)
		}
	})
}

// flood posts invoices without a pause, and remembers which were accepted.
type flood struct {
	c       *client
	name    string
	ended   atomic.Bool
	mortal  atomic.Bool // whether the gateway may end meanwhile
	posters sync.WaitGroup

	mu      sync.Mutex
	taken   []string // references
	refused int      // 503
}

var floods atomic.Int64

func startFlood(t *testing.T, c *client, width int) *flood {
	t.Helper()
	f := &flood{c: c, name: fmt.Sprintf("FLOOD/%d", floods.Add(1))}
	for n := range width {
		f.posters.Go(func() {
			for i := 0; !f.ended.Load(); i++ {
				f.post(fmt.Sprintf("%s/%d/%d", f.name, n, i))
			}
		})
	}
	t.Cleanup(f.stop)
	return f
}

// post posts once, and once more when it was refused: a real ERP keeps its invoice.
func (f *flood) post(reference string) {
	for range 2 {
		a, err := f.c.try(f.c.t.Context(), http.MethodPost, "/invoices", simpleInvoice(sellerA, reference))
		switch {
		case err != nil && f.mortal.Load():
			f.ended.Store(f.ended.Load() || errors.Is(err, syscall.ECONNREFUSED))
			return
		case err != nil:
			f.c.t.Errorf("POST /invoices: %v", err)
			return
		}
		a.want(http.StatusAccepted, http.StatusOK, http.StatusServiceUnavailable)
		f.mu.Lock()
		if a.status == http.StatusServiceUnavailable {
			f.refused++
			if a.header.Get("Retry-After") == "" {
				f.c.t.Errorf("503 without Retry-After: %s", a.body)
			}
			f.mu.Unlock()
			continue
		}
		f.taken = append(f.taken, reference)
		f.mu.Unlock()
		return
	}
}

func (f *flood) mayLoseItsGateway() { f.mortal.Store(true) }

func (f *flood) stop() {
	f.ended.Store(true)
	f.posters.Wait()
}

func (f *flood) accepted() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.taken)
}

func (f *flood) refusals() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.refused
}

// arrives waits until everything that was accepted is approved, and filed once.
func (f *flood) arrives(w *world) {
	t := f.c.t
	t.Helper()
	eventually(t, "all that was accepted is approved", func() bool {
		stored := f.c.invoices()
		for _, reference := range f.taken {
			if stored[reference].Status != faktur.Approved {
				return false
			}
		}
		return true
	})
	ledger := w.ledger()
	for _, reference := range f.taken {
		if entries := ledger[reference]; len(entries) != 1 || entries[0].Accepted != 1 {
			t.Errorf("%s in the ledger: %+v", reference, entries)
		}
	}
}
