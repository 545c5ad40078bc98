package service_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
	"github.com/fakturgate/fakturgate/service"
	"github.com/fakturgate/fakturgate/simulator"
)

// hanging is a connector that sometimes takes a question and never answers.
type hanging struct {
	adapter.Caller
	silent bool
	asked  int
}

func (*hanging) Name() faktur.Channel { return faktur.ChannelPJAP }

func (h *hanging) Describe(ctx context.Context) (adapter.Description, error) {
	h.asked++
	if h.silent {
		<-ctx.Done()
	}
	return adapter.Description{Capabilities: adapter.Capabilities{DownPayment: true}}, ctx.Err()
}

// In a process without workers only requests find out that a connector hangs.
// Readiness waits a second for it, and of many down payments only the first waits.
func TestAConnectorThatHangsHoldsRequestsUpOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC))) // a bubble begins before there was Coretax
		connector, db := &hanging{}, repotest.Memory(t)
		g := &gateway{db: db, Service: newService(t, db, func(c *service.Config) { c.Channels = []adapter.Channel{connector} })}
		g.register(t, seller)
		step := func(what string, most time.Duration, do func()) {
			t.Helper()
			began := time.Now()
			do()
			if took := time.Since(began); took > most {
				t.Errorf("%s took %v, want %v at most", what, took, most)
			}
		}
		ready := func(want bool) {
			t.Helper()
			if r := g.Ready(t.Context()); !r.Ready || len(r.Checks) != 2 || r.Checks[1].OK != want {
				t.Errorf("readiness is %+v", r)
			}
		}
		preview := func() {
			t.Helper()
			if _, err := g.Preview(t.Context(), tenant, downPayment("INV/1")); err != nil {
				t.Error(err)
			}
		}

		time.Sleep(2 * time.Minute) // what it said at the registration is forgotten
		connector.silent = true
		step("readiness", time.Second, func() { ready(false) })
		step("the first invoice", 10*time.Second, preview)
		step("the others, and readiness", 0, func() { preview(); preview(); ready(false) })
		if connector.asked != 3 {
			t.Errorf("it was asked %d times, want once each by the registration, readiness and the first invoice", connector.asked)
		}
		connector.silent = false
		time.Sleep(5 * time.Second)
		step("all when it is back", 0, func() { preview(); ready(true) })
	})
}

// Documents that never go to a channel are told of while it fails, too.
func TestReadinessSaysEveryReason(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), repotest.SQLite(t)
	g := start(t, db, simulator.Config{}, func(c *service.Config) {
		c.Channels = []adapter.Channel{parked{c.Channels[0].(adapter.Caller)}}
	})
	live := faktur.Taxpayer{Tenant: tenant, NPWP: "0034567896123000", Name: "PT Penjual", Channel: faktur.ChannelPJAP, Livemode: true}
	if _, _, err := db.SaveTaxpayer(ctx, live, time.Now(), repository.Move{}); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Accept(ctx, service.Request{Tenant: tenant}, invoice(live.NPWP, "INV/1")); err != nil {
		t.Fatal(err)
	}
	g.post(t, "INV/2")
	eventually(t, "readiness says both reasons", func() bool {
		checks := g.Ready(ctx).Checks
		detail := checks[len(checks)-1].Detail
		return strings.Contains(detail, "last call failed") && strings.Contains(detail, "livemode true")
	})
}
