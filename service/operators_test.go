package service_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
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

// somebody operates the gateway.
func somebody(why string) service.Operator {
	return service.Operator{Tenant: tenant, Actor: "key-of-somebody", Why: why}
}

// audits gives what the audit has of an action, newest first.
func (g *gateway) audits(t *testing.T, action string) []faktur.AuditEntry {
	t.Helper()
	page, err := g.Audit(context.Background(), tenant, 200, "")
	if err != nil {
		t.Fatal(err)
	}
	var found []faktur.AuditEntry
	for _, e := range page.Data {
		if e.Action == action {
			found = append(found, e)
		}
	}
	return found
}

// A paused seller's invoices are accepted and wait; what was handed over goes on.
func TestPauseAndResume(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		g := start(t, db, simulator.Config{})
		away := g.post(t, "INV/1/SIM-STUCK")
		g.becomes(t, away, faktur.SigningInProgress)
		for range 2 {
			taxpayer, err := g.Pause(ctx, somebody("the provider is down"), seller)
			if err != nil || taxpayer.PausedAt.IsZero() {
				t.Fatalf("%+v, %v", taxpayer, err)
			}
		}
		id := g.post(t, "INV/2")
		invalid := g.post(t, "INV/3")
		before := g.polls()
		eventually(t, "what was handed over is still asked about", func() bool { return g.polls() > before+5 })
		if view, err := g.Status(ctx, tenant, id); err != nil || view.Status != faktur.Queued {
			t.Errorf("a paused seller's invoice is %s, %v", view.Status, err)
		}
		if _, _, err := g.Cancel(ctx, tenant, invalid); err != nil {
			t.Errorf("what waits cannot be cancelled: %v", err)
		}
		if _, err := g.Resume(ctx, somebody("it is back"), seller); err != nil {
			t.Fatal(err)
		}
		g.becomes(t, id, faktur.Approved)
		paused, resumed := g.audits(t, "taxpayer.pause"), g.audits(t, "taxpayer.resume")
		if len(paused) != 1 || len(resumed) != 1 || paused[0].Why != "the provider is down" || paused[0].Actor != "key-of-somebody" ||
			paused[0].Subject != seller || resumed[0].Detail != "1 queued documents" {
			t.Errorf("audited: %+v, %+v", paused, resumed)
		}
		if _, err := g.Pause(ctx, somebody(""), "0099999999999000"); !isNotFound(err) {
			t.Errorf("an unregistered seller: %v", err)
		}
	})
}

func isNotFound(err error) bool {
	e, ok := errors.AsType[*faktur.Error](err)
	return ok && e.Kind == faktur.KindNotFound
}

// renamed is a channel under another name, for a seller to move to.
type renamed struct {
	adapter.Caller
	name faktur.Channel
}

func (c renamed) Name() faktur.Channel { return c.name }

// provider is a tax system that can be switched off: nobody can connect then.
type provider struct {
	sim     *simulator.Simulator
	channel adapter.Caller
	down    atomic.Bool
	wire    *http.Transport
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	sim, err := simulator.New(simulator.Config{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim.Handler())
	t.Cleanup(server.Close)
	p := &provider{sim: sim}
	p.wire = &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		if p.down.Load() {
			return nil, errors.New("the provider is down")
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}}
	t.Cleanup(p.wire.CloseIdleConnections)
	if p.channel, err = pjap.New(pjap.Config{BaseURL: server.URL, Transport: p.wire}); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *provider) setDown(down bool) { p.down.Store(down); p.wire.CloseIdleConnections() }

// The evening of the 20th: the provider is down, 500 invoices wait and three are
// of unknown fate. The seller moves to another channel: the 500 leave there, the
// three stay and are looked up, and none is filed twice.
func TestTheEveningOfThe20th(t *testing.T) {
	t.Parallel()
	const waiting = 500
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		first, second := newProvider(t), newProvider(t)
		g := startOn(t, db, first.channel, first.sim, func(c *service.Config) {
			c.Channels = append(c.Channels, renamed{second.channel, faktur.ChannelPajakio})
			c.Lease = 12 * time.Second // a batch of 500 takes its time on a busy machine
		})
		var unknown, queued []string
		for i := range 3 {
			unknown = append(unknown, g.post(t, fmt.Sprintf("UNKNOWN/%d/SIM-DROP", i)))
		}
		eventually(t, "all three are handed over", func() bool {
			entries, err := first.sim.Ledger("")
			return err == nil && len(entries) == 3
		})
		first.setDown(true)
		invoices := make([]faktur.TaxInvoice, waiting)
		for i := range invoices {
			invoices[i] = invoice(seller, fmt.Sprint("INV/", i))
		}
		for _, result := range g.AcceptAll(ctx, tenant, len(invoices), reading(invoices)) {
			if result.Err != nil {
				t.Fatal(result.Err)
			}
			queued = append(queued, result.DocumentID)
		}
		_, _, err := g.Register(ctx, faktur.Taxpayer{Tenant: tenant, NPWP: seller, Name: "PT Penjual", Channel: faktur.ChannelPajakio, Settings: faktur.Settings{Provider: &faktur.Provider{Token: "token"}}}, somebody("down on the 20th"))
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range queued {
			g.becomes(t, id, faktur.Approved)
		}
		first.setDown(false)
		for _, id := range unknown {
			g.becomes(t, id, faktur.Approved)
		}
		atFirst, err := first.sim.Ledger("")
		if err != nil || len(atFirst) != 3 {
			t.Errorf("the first channel has %d invoices, %v", len(atFirst), err)
		}
		atSecond, err := second.sim.Ledger("")
		if err != nil || len(atSecond) != waiting {
			t.Errorf("the second channel has %d invoices, %v", len(atSecond), err)
		}
		for _, e := range append(atFirst, atSecond...) {
			if e.Accepted != 1 {
				t.Errorf("%s was taken %d times", e.Reference, e.Accepted)
			}
		}
		if entries := g.audits(t, "taxpayer.channel"); len(entries) != 1 || entries[0].Why != "down on the 20th" {
			t.Errorf("audited: %+v", entries)
		}
	})
}
