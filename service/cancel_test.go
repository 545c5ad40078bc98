package service_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
	"github.com/fakturgate/fakturgate/service"
	"github.com/fakturgate/fakturgate/simulator"
)

// history gives the types of a document's events after its approval.
func (g *gateway) afterApproval(t *testing.T, id string) []faktur.EventType {
	t.Helper()
	history, err := g.History(context.Background(), tenant, id)
	if err != nil {
		t.Fatal(err)
	}
	var types []faktur.EventType
	for _, e := range history {
		types = append(types, e.Type)
	}
	approved := slices.Index(types, "invoice.approved")
	if approved < 0 || slices.Contains(types[approved+1:], "invoice.approved") {
		t.Errorf("approved is told once: %v", types)
	}
	return types[approved+1:]
}

// An approved invoice is cancelled at once, or when its buyer agrees; a refusal
// leaves it approved; a lost answer loses nothing.
func TestCancelOfAnApprovedOne(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		reference string
		end       faktur.Status
		events    string
	}{
		{"INV/1", faktur.Cancelled, "[invoice.cancellation_requested invoice.cancelled]"},
		{"INV/SIM-BUYER-CONSENT", faktur.Cancelled, "[invoice.cancellation_requested invoice.cancellation_pending invoice.cancelled]"},
		{"INV/SIM-BUYER-REFUSES", faktur.Approved, "[invoice.cancellation_requested invoice.cancellation_pending invoice.cancellation_refused]"},
		{"INV/SIM-DROP", faktur.Cancelled, "[invoice.cancellation_requested invoice.cancelled]"},
		{"INV/SIM-502", faktur.Cancelled, "[invoice.cancellation_requested invoice.cancelled]"},
	} {
		t.Run(c.reference, func(t *testing.T) {
			t.Parallel()
			repotest.Each(t, func(t *testing.T, db *repository.DB) {
				ctx := context.Background()
				g := start(t, db, simulator.Config{SigningDelay: 300 * time.Millisecond})
				id := g.post(t, c.reference)
				approved := g.becomes(t, id, faktur.Approved)
				for range 2 { // asking again is harmless
					if _, _, err := g.Cancel(ctx, tenant, id); err != nil && c.end != faktur.Approved {
						t.Fatal(err)
					}
				}
				eventually(t, "the cancellation ends", func() bool {
					events := g.afterApproval(t, id)
					last := events[len(events)-1]
					return last == "invoice.cancelled" || last == "invoice.cancellation_refused"
				})
				view := g.becomes(t, id, c.end)
				if view.NSFP != approved.NSFP {
					t.Errorf("its number was %s and is %s", approved.NSFP, view.NSFP)
				}
				if c.end == faktur.Approved {
					if view.Reason == nil || view.Reason.Code != "buyer_refused" {
						t.Errorf("reason %+v", view.Reason)
					}
					return // it may have been asked for twice, and refused twice
				}
				if got := fmt.Sprint(g.afterApproval(t, id)); got != c.events {
					t.Errorf("told %s, want %s", got, c.events)
				}
				again, underWay, err := g.Cancel(ctx, tenant, id)
				if err != nil || underWay || again.Status != faktur.Cancelled {
					t.Errorf("repeating a done cancel: %s, %t, %v", again.Status, underWay, err)
				}
				fresh := g.post(t, c.reference) // the reference is free again
				if fresh == id {
					t.Error("the reference still names the cancelled invoice")
				}
			})
		})
	}
}

// What the channel refuses stays approved, with its words; what it cannot do is
// refused before anything is stored.
func TestCancelRefusedByTheChannel(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		g := between(t, db, simulator.Config{}, func(sim http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/cancel") {
					w.Header().Set("Content-Type", "application/problem+json")
					w.WriteHeader(http.StatusConflict)
					fmt.Fprint(w, `{"type":"about:blank","title":"Conflict","status":409,"code":"cannot_cancel","detail":"SPT Masa sudah dilaporkan"}`)
					return
				}
				sim.ServeHTTP(w, r)
			})
		})
		id := g.post(t, "INV/1")
		g.becomes(t, id, faktur.Approved)
		invoice, underWay, err := g.Cancel(ctx, tenant, id)
		if err != nil || underWay || invoice.Status != faktur.Approved || invoice.Reason == nil ||
			invoice.Reason.Message != "SPT Masa sudah dilaporkan" || invoice.Reason.Origin != faktur.OriginChannel {
			t.Errorf("%s, %+v, under way %t, %v", invoice.Status, invoice.Reason, underWay, err)
		}
		if got := fmt.Sprint(g.afterApproval(t, id)); got != "[invoice.cancellation_requested invoice.cancellation_refused]" {
			t.Errorf("told %s", got)
		}
	})
}

// unable is a channel that cannot cancel.
type unable struct{ adapter.Caller }

func TestCancelWhereTheChannelCannot(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		g := start(t, db, simulator.Config{}, func(c *service.Config) {
			c.Channels = []adapter.Channel{unable{c.Channels[0].(adapter.Caller)}}
		})
		id := g.post(t, "INV/1")
		before := g.becomes(t, id, faktur.Approved)
		_, _, err := g.Cancel(context.Background(), tenant, id)
		if !isConflict(err, "channel_cannot") || !strings.Contains(err.Error(), "portal") {
			t.Errorf("refused with %v", err)
		}
		if view := g.becomes(t, id, faktur.Approved); view.Sequence != before.Sequence {
			t.Errorf("something was stored: %+v", view)
		}
	})
}

// hung is a channel that takes a cancellation and never answers.
type hung struct {
	adapter.Caller
	asked  chan struct{}
	once   *sync.Once
	passes *atomic.Bool
}

func (h hung) Cancel(ctx context.Context, c adapter.Cancellation) (adapter.Outcome, error) {
	if h.passes.Load() {
		return h.Caller.(adapter.Canceller).Cancel(ctx, c)
	}
	h.once.Do(func() { close(h.asked) })
	<-ctx.Done()
	return adapter.Outcome{}, ctx.Err()
}

// The process that asked dies before it hears the answer: another one asks again.
func TestACancelOutlivesItsProcess(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx, stop := context.WithCancel(context.Background())
		stuck := hung{asked: make(chan struct{}), once: &sync.Once{}, passes: &atomic.Bool{}}
		first := start(t, db, simulator.Config{}, func(c *service.Config) {
			stuck.Caller = c.Channels[0].(adapter.Caller)
			c.Channels = []adapter.Channel{stuck}
		})
		id := first.post(t, "INV/1")
		first.becomes(t, id, faktur.Approved)
		cancelled := make(chan error, 1)
		go func() {
			_, underWay, err := first.Cancel(ctx, tenant, id)
			if err == nil && !underWay {
				err = fmt.Errorf("it is not under way")
			}
			cancelled <- err
		}()
		<-stuck.asked
		stop()                                                  // its caller is gone, too
		t.Logf("the caller who left was told: %v", <-cancelled) // its wish is stored all the same
		// Another process on the same database; the first one's lease runs out.
		second := newService(t, db, quick, func(c *service.Config) { c.Channels = []adapter.Channel{stuck.Caller} })
		running, end := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() { defer close(ended); second.Run(running, true) }()
		t.Cleanup(func() { end(); <-ended })
		stuck.passes.Store(true)
		first.becomes(t, id, faktur.Cancelled)
		if got := fmt.Sprint(first.afterApproval(t, id)); got != "[invoice.cancellation_requested invoice.cancelled]" {
			t.Errorf("told %s", got)
		}
	})
}

// Two processes, and everybody cancels everything: each is cancelled once.
func TestManyCancelsByTwoProcesses(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		g := start(t, db, simulator.Config{})
		front := newService(t, db, quick, func(c *service.Config) { c.Channels = g.Channels })
		running, end := context.WithCancel(ctx)
		ended := make(chan struct{})
		go func() { defer close(ended); front.Run(running, true) }()
		t.Cleanup(func() { end(); <-ended })
		var ids []string
		for i := range 30 {
			ids = append(ids, g.post(t, fmt.Sprint("INV/", i)))
		}
		for _, id := range ids {
			g.becomes(t, id, faktur.Approved)
		}
		var asking sync.WaitGroup
		for _, id := range ids {
			for _, s := range []*service.Service{g.Service, front} {
				asking.Go(func() {
					if _, _, err := s.Cancel(ctx, tenant, id); err != nil && !isConflict(err, "document_moving") {
						t.Error(err)
					}
				})
			}
		}
		asking.Wait()
		for _, id := range ids {
			g.becomes(t, id, faktur.Cancelled)
			if got := fmt.Sprint(g.afterApproval(t, id)); got != "[invoice.cancellation_requested invoice.cancelled]" {
				t.Errorf("told %s", got)
			}
		}
	})
}

// noting is a channel that notes who signs a cancellation.
type noting struct {
	adapter.Caller
	signer atomic.Pointer[faktur.Signer]
}

func (n *noting) Cancel(ctx context.Context, c adapter.Cancellation) (adapter.Outcome, error) {
	n.signer.Store(c.Signer)
	return n.Caller.(adapter.Canceller).Cancel(ctx, c)
}

// A cancellation is signed, too: by whom it was signed before.
func TestACancelIsSigned(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		note := &noting{}
		g := start(t, db, simulator.Config{}, func(c *service.Config) {
			note.Caller = c.Channels[0].(adapter.Caller)
			c.Channels = []adapter.Channel{note}
		})
		g.signer(t, seller, "3174015506800001", 1, "Rahasia1!")
		id := g.post(t, "INV/1")
		g.becomes(t, id, faktur.Approved)
		if _, _, err := g.Cancel(context.Background(), tenant, id); err != nil {
			t.Fatal(err)
		}
		g.becomes(t, id, faktur.Cancelled)
		if s := note.signer.Load(); s == nil || s.ID != "3174015506800001" {
			t.Errorf("signed by %+v", s)
		}
	})
}
