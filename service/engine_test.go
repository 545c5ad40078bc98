package service_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/adapter/pjap"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
	"github.com/fakturgate/fakturgate/service"
	"github.com/fakturgate/fakturgate/simulator"
)

// between puts a handler between the gateway and the simulator.
func between(t *testing.T, db *repository.DB, simulated simulator.Config, wrap func(http.Handler) http.Handler, configure ...func(*service.Config)) *gateway {
	t.Helper()
	sim, err := simulator.New(simulated)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(wrap(sim.Handler()))
	t.Cleanup(server.Close)
	channel, err := pjap.New(pjap.Config{BaseURL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	return startOn(t, db, channel, sim, configure...)
}

// What never arrived is certainly absent after two look-ups a settle window
// apart, and goes again under its own client id. Nothing else is ever sent twice.
func TestWhatNeverArrivedGoesAgain(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		var cut atomic.Int64
		var lookUps sync.Map
		g := between(t, db, simulator.Config{}, func(sim http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/look-up") {
					lookUps.Store(time.Now(), true)
				}
				if r.URL.Path == "/v1/submissions" && cut.Add(1) == 1 {
					panic(http.ErrAbortHandler) // before the simulator has seen it
				}
				sim.ServeHTTP(w, r)
			})
		})
		id := g.post(t, "INV/1")
		g.becomes(t, id, faktur.Approved)
		if cut.Load() != 2 {
			t.Errorf("%d hand-overs, want the lost one and one more", cut.Load())
		}
		entries, err := g.sim.Ledger("INV/1")
		if err != nil || len(entries) != 1 || entries[0].Accepted != 1 || !strings.HasSuffix(entries[0].ClientID, "-1") {
			t.Errorf("ledger %+v, %v", entries, err)
		}
		n := 0
		lookUps.Range(func(_, _ any) bool { n++; return true })
		if n < 2 {
			t.Errorf("it was sent again after %d look-ups", n)
		}
	})
}

// A channel that is down holds nothing up but itself, and loses nothing.
func TestAChannelThatIsDownComesBack(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		sim, err := simulator.New(simulator.Config{})
		if err != nil {
			t.Fatal(err)
		}
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		server := &http.Server{Handler: sim.Handler(), ReadHeaderTimeout: time.Second}
		go server.Serve(listener) //nolint:errcheck // it is closed below
		channel, err := pjap.New(pjap.Config{BaseURL: "http://" + listener.Addr().String()})
		if err != nil {
			t.Fatal(err)
		}
		g := startOn(t, db, channel, sim)
		if err := server.Close(); err != nil {
			t.Fatal(err)
		}
		id := g.post(t, "INV/1")
		eventually(t, "readiness says that the channel does not answer", func() bool {
			for _, c := range g.Ready(context.Background()).Checks {
				if c.Name == "channel pjap" && !c.OK {
					return true
				}
			}
			return false
		})
		// On a connection that was open already it is not certain that nothing arrived.
		if view, err := g.Status(context.Background(), tenant, id); err != nil || (view.Status != faktur.Queued && view.Status != faktur.Submitting) {
			t.Errorf("while the channel is down it is %s, %v", view.Status, err)
		}
		again, err := net.Listen("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		back := &http.Server{Handler: sim.Handler(), ReadHeaderTimeout: time.Second}
		go back.Serve(again) //nolint:errcheck // it is closed below
		t.Cleanup(func() { back.Close() })
		g.becomes(t, id, faktur.Approved)
	})
}

func TestSigningStuckIsToldOnce(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		g := start(t, db, simulator.Config{}, func(c *service.Config) { c.StuckAfter = 50 * time.Millisecond })
		id := g.post(t, "INV/1/SIM-STUCK")
		g.becomes(t, id, faktur.SigningInProgress)
		var stuck []faktur.Event
		eventually(t, "signing_stuck is told", func() bool {
			stuck = g.told(t, id, faktur.EventSigningStuck)
			return len(stuck) > 0
		})
		if !strings.Contains(string(stuck[0].Data), "Pihak Terkait") {
			t.Errorf("no remedies: %s", stuck[0].Data)
		}
		before := g.polls()
		eventually(t, "it is asked about again", func() bool { return g.polls() > before+2 })
		if n := len(g.told(t, id, faktur.EventSigningStuck)); n != 1 {
			t.Errorf("told %d times", n)
		}
		if _, err := g.Reupload(context.Background(), tenant, id, ""); !isConflict(err, "signing_in_progress") {
			t.Errorf("re-upload: %v", err)
		}
		if _, _, err := g.Cancel(context.Background(), tenant, id); !isConflict(err, "signing_in_progress") {
			t.Errorf("cancel: %v", err)
		}
	})
}

func TestDeadlinesAreTold(t *testing.T) {
	t.Parallel()
	// It is the 19th: what is of last month is due tomorrow, what is older is late.
	today := faktur.DateOf(time.Now())
	start19th := faktur.NewDate(time.Now().Year(), time.Now().Month(), 19).StartOfDay().Add(12 * time.Hour)
	offset := time.Until(start19th)
	lastMonth := faktur.DateOf(today.StartOfDay().AddDate(0, 0, -today.StartOfDay().Day()))
	monthBefore := faktur.DateOf(lastMonth.StartOfDay().AddDate(0, 0, -lastMonth.StartOfDay().Day()))
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		g := start(t, db, simulator.Config{}, func(c *service.Config) {
			c.Channels = []adapter.Channel{parked{c.Channels[0].(adapter.Caller)}}
			c.Now = func() time.Time { return time.Now().Add(offset) }
		})
		post := func(reference string, date faktur.Date) string {
			i := invoice(seller, reference)
			i.Date = date
			accepted, err := g.Accept(ctx, service.Request{Tenant: tenant}, i)
			if err != nil {
				t.Fatal(err)
			}
			return accepted.DocumentID
		}
		near, missed := post("INV/1", lastMonth), post("INV/2", monthBefore)
		eventually(t, "the watch has its lease", func() bool {
			_, err := g.Watch(ctx)
			return err == nil && len(g.told(t, near, faktur.EventDeadlineNear)) > 0
		})
		told := func(id string, near, missed int) {
			t.Helper()
			if _, err := g.Watch(ctx); err != nil {
				t.Fatal(err)
			}
			n, m := len(g.told(t, id, faktur.EventDeadlineNear)), len(g.told(t, id, faktur.EventDeadlineMissed))
			if n != near || m != missed {
				t.Errorf("near %d, missed %d times; want %d, %d", n, m, near, missed)
			}
		}
		told(near, 1, 0)
		told(missed, 0, 1)
		// Of a deadline that a correction has moved nothing was told yet.
		correct := func(id, reference string, date faktur.Date) {
			t.Helper()
			i := invoice(seller, reference)
			i.Date, i.Buyer.Name = date, "PT Pembeli Lain"
			eventually(t, "it is back in the queue, and corrected", func() bool {
				_, err := g.Correct(ctx, tenant, id, i, 0, false)
				return err == nil
			})
		}
		correct(near, "INV/1", lastMonth)
		told(near, 1, 0)
		correct(missed, "INV/2", lastMonth)
		told(missed, 1, 1)
	})
}

// parked is a channel that takes nothing.
type parked struct{ adapter.Caller }

func (parked) Submit(context.Context, []adapter.Submission) ([]adapter.Outcome, error) {
	return nil, &adapter.NotSent{RetryAfter: time.Hour, Cause: fmt.Errorf("parked")}
}

// DJP advises to upload again one by one: so do we, but one that hangs does not keep the others forever.
func TestReuploadsGoOneByOne(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		var most atomic.Int64
		g := between(t, db, simulator.Config{}, func(sim http.Handler) http.Handler { return sim },
			func(c *service.Config) {
				c.Channels = []adapter.Channel{&largest{Caller: c.Channels[0].(adapter.Caller), most: &most}}
			})
		var ids []string
		for i := range 6 {
			ids = append(ids, g.post(t, fmt.Sprint("INV/", i, "/SIM-BAD-PASSPHRASE")))
		}
		for _, id := range ids {
			if view := g.becomes(t, id, faktur.SavedInvalid); view.Reason.Action != faktur.ActionChangeSigner {
				t.Errorf("reason %+v", view.Reason)
			}
		}
		most.Store(0)
		for _, id := range ids {
			if _, err := g.Reupload(ctx, tenant, id, "3174015506800001"); err != nil {
				t.Fatal(err)
			}
		}
		for _, id := range ids {
			g.becomes(t, id, faktur.Approved)
		}
		if most.Load() != 1 {
			t.Errorf("%d re-uploads went in one hand-over", most.Load())
		}
	})
}

// largest notes the largest hand-over.
type largest struct {
	adapter.Caller
	most *atomic.Int64
}

func (l *largest) Submit(ctx context.Context, batch []adapter.Submission) ([]adapter.Outcome, error) {
	l.most.Store(max(l.most.Load(), int64(len(batch))))
	return l.Caller.Submit(ctx, batch)
}

// A thousand POSTs of one invoice make one document and one filing.
func TestAThousandPostsOfOneInvoice(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		g := start(t, db, simulator.Config{})
		var ids sync.Map
		var posters sync.WaitGroup
		for range 1000 {
			posters.Go(func() {
				accepted, err := g.Accept(context.Background(), service.Request{Tenant: tenant}, invoice(seller, "INV/1"))
				if err != nil {
					t.Error(err)
					return
				}
				ids.Store(accepted.DocumentID, accepted.Status)
			})
		}
		posters.Wait()
		var one string
		n := 0
		ids.Range(func(id, _ any) bool { n++; one = id.(string); return true })
		if n != 1 {
			t.Fatalf("%d documents", n)
		}
		g.becomes(t, one, faktur.Approved)
		if entries, err := g.sim.Ledger("INV/1"); err != nil || len(entries) != 1 || entries[0].Accepted != 1 {
			t.Errorf("ledger %+v, %v", entries, err)
		}
	})
}

// A change by one process ends the long-poll in another.
func TestALongPollHearsOtherProcesses(t *testing.T) {
	t.Parallel()
	for _, kind := range repotest.Kinds() {
		if kind == "sqlite" {
			continue // one process only
		}
		url := repotest.URL(t, kind)
		g := start(t, repotest.Open(t, url), simulator.Config{SigningDelay: 300 * time.Millisecond})
		front := newService(t, repotest.Open(t, url), quick)
		ctx, stop := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() { defer close(ended); front.Run(ctx, false) }()
		t.Cleanup(func() { stop(); <-ended })
		accepted, err := front.Accept(ctx, service.Request{Tenant: tenant}, invoice(seller, "INV/1"))
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		view, err := front.AwaitStatus(ctx, tenant, accepted.DocumentID, 3, repotest.Patience)
		if err != nil || view.Sequence < 4 || view.Status != faktur.Approved {
			t.Errorf("%+v, %v after %s", view, err, time.Since(began))
		}
		g.becomes(t, accepted.DocumentID, faktur.Approved)
	}
}

// told gives the events of a type that were told of a document.
func (g *gateway) told(t *testing.T, id string, kind faktur.EventType) []faktur.Event {
	t.Helper()
	history, err := g.History(context.Background(), tenant, id)
	if err != nil {
		t.Fatal(err)
	}
	var told []faktur.Event
	for _, e := range history {
		if e.Type == kind {
			told = append(told, e)
		}
	}
	return told
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(repotest.Patience); !holds(); {
		if time.Now().After(deadline) {
			t.Fatal("never: " + what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
