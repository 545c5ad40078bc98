package service

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
	"github.com/fakturgate/fakturgate/webhook"
)

// inbox is a receiver over real HTTP that remembers what it got.
type inbox struct {
	*httptest.Server
	mu      sync.Mutex
	changed *sync.Cond
	ids     []string
}

func newInbox(t testing.TB, before func()) *inbox {
	t.Helper()
	b := &inbox{}
	b.changed = sync.NewCond(&b.mu)
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) //nolint:errcheck // the sender would say
		if before != nil {
			before()
		}
		b.mu.Lock()
		b.ids = append(b.ids, r.Header.Get("webhook-id"))
		b.mu.Unlock()
		b.changed.Broadcast()
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(b.Close)
	return b
}

// await waits until count messages have come, or fails after limit.
func (b *inbox) await(t testing.TB, count int) {
	t.Helper()
	over := false
	timer := time.AfterFunc(repotest.Patience, func() {
		b.mu.Lock()
		over = true
		b.mu.Unlock()
		b.changed.Broadcast()
	})
	defer timer.Stop()
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.ids) < count && !over {
		b.changed.Wait()
	}
	if len(b.ids) < count {
		t.Fatalf("%d of %d messages came in %v", len(b.ids), count, repotest.Patience)
	}
}

// twice lists the messages that came more than once.
func (b *inbox) twice() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	seen, twice := map[string]bool{}, []string(nil)
	for _, id := range b.ids {
		if seen[id] {
			twice = append(twice, id)
		}
		seen[id] = true
	}
	return twice
}

// blackHole accepts connections and never answers.
func blackHole(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return "http://" + listener.Addr().String()
}

// loopback is a service that may deliver to this machine.
func loopback(t testing.TB, db *repository.DB, lease time.Duration) *Service {
	t.Helper()
	allowed, err := webhook.ParseCIDRs(webhook.AllowVariable, "127.0.0.0/8")
	if err != nil {
		t.Fatal(err)
	}
	s := deliverer(t, db, webhook.Config{Guard: webhook.Guard{Allowed: allowed}, Timeout: 3 * time.Second})
	s.Lease = lease
	return s
}

// work delivers until stop is called or the test ends; stop waits for the end.
func work(t testing.TB, s *Service) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.leases.run(ctx) })
	running.Go(func() { s.deliver(ctx, context.Background()) })
	stop = func() { cancel(); running.Wait() }
	t.Cleanup(stop)
	return stop
}

// However much waits for a dead endpoint, or for a healthy one, another
// endpoint's messages arrive at once.
func TestEndpointsDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		s := loopback(t, db, 30*time.Second)
		makeEndpoint(t, s, blackHole(t))
		busy := newInbox(t, nil)
		makeEndpoint(t, s, busy.URL)
		waiting := 100_000
		if db.Kind() == "sqlite" {
			waiting = 20_000 // it takes longer to fill
		}
		tell(t, s, "default", "invoice.approved", waiting)

		healthy := newInbox(t, nil)
		if _, err := s.CreateEndpoint(t.Context(), "other", EndpointInput{URL: healthy.URL}); err != nil {
			t.Fatal(err)
		}
		work(t, s)
		busy.await(t, 1000) // it is in full swing
		begin := time.Now()
		tell(t, s, "other", "invoice.approved", 10)
		healthy.await(t, 10)
		if n := distinct(busy); n == waiting {
			t.Errorf("10 messages took %v, until all %d of another endpoint were through", time.Since(begin), n)
		}
	})
}

// onShared runs a test on the databases that several processes may share.
func onShared(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	for _, kind := range repotest.Kinds() {
		if kind != "sqlite" {
			t.Run(kind, func(t *testing.T) {
				t.Parallel()
				test(t, repotest.URL(t, kind))
			})
		}
	}
}

// Two processes share the endpoints. Each message comes, and comes once.
func TestTwoProcessesDeliverOnce(t *testing.T) {
	t.Parallel()
	onShared(t, deliverWithTwoProcesses)
}

func deliverWithTwoProcesses(t *testing.T, url string) {
	const tenants, endpoints, messages = 4, 5, 150
	processes := []*Service{loopback(t, repotest.Open(t, url), 2*time.Second), loopback(t, repotest.Open(t, url), 2*time.Second)}
	var inboxes []*inbox
	for i := range tenants * endpoints {
		b := newInbox(t, nil)
		inboxes = append(inboxes, b)
		_, err := processes[0].CreateEndpoint(t.Context(), fmt.Sprint("tenant", i%tenants), EndpointInput{URL: b.URL})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range processes {
		work(t, s)
	}
	for range messages / 10 {
		for i := range tenants {
			tell(t, processes[i%2], fmt.Sprint("tenant", i), "invoice.approved", 10)
		}
	}
	for _, b := range inboxes {
		b.await(t, messages)
	}
	awaitShare(t, processes[0], tenants*endpoints/2)
	awaitShare(t, processes[1], tenants*endpoints/2)
	for i, b := range inboxes {
		if twice := b.twice(); len(twice) != 0 {
			t.Errorf("endpoint %d got twice: %v", i, twice)
		}
	}
}

// awaitShare waits until a process holds its share of the endpoints.
func awaitShare(t *testing.T, s *Service, want int) {
	t.Helper()
	deadline := time.Now().Add(repotest.Patience)
	for {
		held, err := s.DB.RenewEndpoints(t.Context(), s.id, s.Lease)
		if err != nil {
			t.Fatal(err)
		}
		if len(held) == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("it holds %d endpoints, want %d", len(held), want)
		}
		time.Sleep(20 * time.Millisecond) // nothing tells when leases move
	}
}

// When a process dies, another goes on where it was.
func TestAnotherProcessTakesOver(t *testing.T) {
	t.Parallel()
	onShared(t, takeOver)
}

func takeOver(t *testing.T, url string) {
	dying, err := repository.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	b := newInbox(t, nil)
	first, second := loopback(t, dying, time.Second), loopback(t, repotest.Open(t, url), time.Second)
	makeEndpoint(t, second, b.URL)
	work(t, first)
	tell(t, second, "default", "invoice.approved", 3000)
	b.await(t, 500)
	if err := dying.Close(); err != nil { // it can save nothing any more
		t.Fatal(err)
	}
	work(t, second)
	tell(t, second, "default", "invoice.approved", 10)
	deadline := time.Now().Add(repotest.Patience)
	for distinct(b) < 3010 && time.Now().Before(deadline) {
		time.Sleep(20 * time.Millisecond)
	}
	if n := distinct(b); n != 3010 {
		t.Errorf("%d messages of 3010 came", n)
	}
	// What was under way or unsaved comes again, and no more than that.
	if n := len(b.twice()); n > maxAhead {
		t.Errorf("%d came twice", n)
	}
}

func distinct(b *inbox) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	seen := map[string]bool{}
	for _, id := range b.ids {
		seen[id] = true
	}
	return len(seen)
}

// A process that is asked to end finishes the tries under way, saves what came
// of them, and leaves its endpoints to others at once.
func TestEndFinishesTriesUnderWay(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		arrived, goOn := make(chan struct{}, 10), make(chan struct{})
		b := newInbox(t, func() { arrived <- struct{}{}; <-goOn })
		s := loopback(t, db, time.Hour)
		e := makeEndpoint(t, s, b.URL)
		tell(t, s, "default", "invoice.approved", 3)
		stop := work(t, s)
		<-arrived
		time.AfterFunc(100*time.Millisecond, func() { close(goOn) })
		stop()
		page, err := s.Deliveries(context.Background(), "default", e.ID, "", 10, "")
		if err != nil || len(page.Data) != 1 || page.Data[0].State != "delivered" {
			t.Errorf("saved: %+v, %v", page.Data, err)
		}
		if taken, _, err := db.TakeEndpoints(context.Background(), "another", time.Hour); err != nil || len(taken) != 1 {
			t.Errorf("another process takes %v, %v", taken, err)
		}
	})
}

// A receiver that drips its answer, or sends a gigabyte, is a receiver like another.
func TestStrangeAnswersAreSuccess(t *testing.T) {
	t.Parallel()
	over := make(chan struct{})
	strange := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for range 1 << 20 {
			if _, err := w.Write(make([]byte, 1024)); err != nil {
				return
			}
			select {
			case <-over:
				return
			case <-time.After(time.Millisecond):
			}
		}
	}))
	t.Cleanup(strange.Close)
	t.Cleanup(func() { close(over) })
	s := loopback(t, repotest.SQLite(t), 30*time.Second)
	e := makeEndpoint(t, s, strange.URL)
	work(t, s)
	tell(t, s, "default", "invoice.approved", 20)
	deadline := time.Now().Add(repotest.Patience)
	for {
		page, err := s.Deliveries(t.Context(), "default", e.ID, "delivered", 100, "")
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Data) == 20 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of 20 delivered", len(page.Data))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// BenchmarkDeliver is how fast one endpoint gets what waits for it.
func BenchmarkDeliver(b *testing.B) {
	for _, kind := range repotest.Kinds() {
		b.Run(kind, func(b *testing.B) { benchmarkDeliver(b, repotest.Open(b, repotest.URL(b, kind))) })
	}
	if !slices.Contains(repotest.Kinds(), "postgres") {
		return
	}
	b.Run("postgres with fsync", func(b *testing.B) {
		server, err := repotest.StartServer()
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { server.Stop() }) //nolint:errcheck // the machine clears up
		benchmarkDeliver(b, repotest.Open(b, server.URL("postgres")))
	})
}

func benchmarkDeliver(b *testing.B, db *repository.DB) {
	receiver := newInbox(b, nil)
	s := loopback(b, db, 30*time.Second)
	makeEndpoint(b, s, receiver.URL)
	tell(b, s, "default", faktur.EventType("invoice.approved"), b.N)
	b.ResetTimer()
	stop := work(b, s)
	receiver.await(b, b.N)
	stop()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "deliveries/s")
}
