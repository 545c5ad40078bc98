package service_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
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
	"github.com/fakturgate/fakturgate/webhook"
)

const (
	tenant = "default"
	seller = "0012345674901000"
)

// gateway is a service at work on a database, with a simulated tax system over real HTTP.
type gateway struct {
	*service.Service
	db    *repository.DB
	sim   *simulator.Simulator
	asked *atomic.Int64 // questions about documents in signing
}

// polls is how many questions about documents in signing were asked.
func (g *gateway) polls() int64 { return g.asked.Load() }

// quick are waits that a test can bear; the rules are the same.
func quick(c *service.Config) {
	c.Lease, c.SettleWindow = 3*time.Second, time.Second
	c.PollMin, c.PollMax = 20*time.Millisecond, 200*time.Millisecond
}

// start brings a gateway up for the length of a test.
func start(t *testing.T, db *repository.DB, simulated simulator.Config, configure ...func(*service.Config)) *gateway {
	t.Helper()
	sim, err := simulator.New(simulated)
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/status") {
			asked.Add(1)
		}
		sim.Handler().ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	channel, err := pjap.New(pjap.Config{BaseURL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	g := startOn(t, db, channel, sim, configure...)
	g.asked = &asked
	return g
}

// startOn brings a gateway up on a channel, behind which is sim.
func startOn(t *testing.T, db *repository.DB, channel adapter.Channel, sim *simulator.Simulator, configure ...func(*service.Config)) *gateway {
	t.Helper()
	s := newService(t, db, append([]func(*service.Config){quick, func(c *service.Config) { c.Channels = []adapter.Channel{channel} }}, configure...)...)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); s.Run(ctx, true) }()
	t.Cleanup(func() { stop(); <-ended })
	g := &gateway{Service: s, db: db, sim: sim}
	g.register(t, seller)
	return g
}

func newService(t testing.TB, db *repository.DB, configure ...func(*service.Config)) *service.Service {
	t.Helper()
	sealer, err := service.NewSealer(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	loopback, err := webhook.ParseCIDRs(webhook.AllowVariable, "127.0.0.0/8")
	if err != nil {
		t.Fatal(err)
	}
	c := service.Config{DB: db, Rules: faktur.NewRules(nil), Sealer: sealer, Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Sender: webhook.NewSender(webhook.Config{Guard: webhook.Guard{Allowed: loopback}})}
	for _, f := range configure {
		f(&c)
	}
	return service.New(c)
}

func (g *gateway) register(t *testing.T, npwp string) {
	t.Helper()
	_, _, err := g.Register(context.Background(), faktur.Taxpayer{Tenant: tenant, NPWP: npwp, Name: "PT Penjual", Channel: faktur.ChannelPJAP}, service.Operator{Tenant: tenant})
	if err != nil {
		t.Fatal(err)
	}
}

// invoice is an ordinary one, dated today.
func invoice(npwp, reference string) faktur.TaxInvoice {
	price, _ := faktur.ParseAmount("100000")
	one, _ := faktur.ParseAmount("1")
	return faktur.TaxInvoice{
		Reference: reference, Date: faktur.DateOf(time.Now()), TrxCode: "04",
		Seller: faktur.Seller{NPWP: npwp, NITKU: npwp + "000000"},
		Buyer: faktur.Buyer{IDType: "npwp", IDNumber: "0098765431109000", NITKU: "0098765431109000000000",
			Name: "PT Pembeli", Address: "Jl. Merdeka 1, Jakarta", Country: "IDN"},
		Lines: []faktur.Line{{Kind: "goods", Code: "000000", Name: "Kertas A4", Unit: "UM.0018", UnitPrice: price, Quantity: one}},
	}
}

func (g *gateway) post(t *testing.T, reference string) string {
	t.Helper()
	accepted, err := g.Accept(context.Background(), service.Request{Tenant: tenant}, invoice(seller, reference))
	if err != nil {
		t.Fatal(err)
	}
	return accepted.DocumentID
}

// becomes waits until a document has a status, and gives it.
func (g *gateway) becomes(t *testing.T, id string, want faktur.Status) faktur.StatusView {
	t.Helper()
	deadline := time.Now().Add(repotest.Patience)
	var after int64
	for time.Now().Before(deadline) {
		view, err := g.AwaitStatus(context.Background(), tenant, id, after, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if view.Status == want {
			return view
		}
		after = view.Sequence
	}
	history, _ := g.History(context.Background(), tenant, id)
	for _, e := range history {
		t.Logf("%d %s %s", e.Sequence, e.Type, e.Data)
	}
	t.Fatalf("document %s never became %s", id, want)
	return faktur.StatusView{}
}

func TestAnInvoiceIsApproved(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		g := start(t, db, simulator.Config{SigningDelay: 50 * time.Millisecond})
		id := g.post(t, "INV/1")
		view := g.becomes(t, id, faktur.Approved)
		if len(view.NSFP) != 17 || view.Livemode {
			t.Errorf("approved as %+v", view)
		}
		history, err := g.History(context.Background(), tenant, id)
		if err != nil {
			t.Fatal(err)
		}
		var types []faktur.EventType
		for i, e := range history {
			if e.Sequence != int64(i)+1 {
				t.Errorf("event %d has sequence %d", i, e.Sequence)
			}
			types = append(types, e.Type)
		}
		want := []faktur.EventType{"invoice.queued", "invoice.submitting", "invoice.signing_in_progress", "invoice.approved"}
		if fmt.Sprint(types) != fmt.Sprint(want) {
			t.Errorf("history %v, want %v", types, want)
		}
	})
}

// Whatever happens to the answer, an invoice is filed once and its outcome is adopted.
func TestAnInvoiceIsFiledOnce(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"SIM-DROP", "SIM-502", "SIM-LATE", "SIM-APPROVE"} {
		t.Run(word, func(t *testing.T) {
			t.Parallel()
			repotest.Each(t, func(t *testing.T, db *repository.DB) {
				g := start(t, db, simulator.Config{LookupLag: 400 * time.Millisecond})
				id := g.post(t, "INV/1/"+word)
				view := g.becomes(t, id, faktur.Approved)
				entries, err := g.sim.Ledger("INV/1/" + word)
				if err != nil {
					t.Fatal(err)
				}
				if len(entries) != 1 || entries[0].Accepted != 1 || entries[0].NSFP != string(view.NSFP) {
					t.Errorf("ledger: %+v, ours: %+v", entries, view)
				}
			})
		})
	}
}

func TestSavedInvalidIsCorrectedAndUploadedAgain(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		g := start(t, db, simulator.Config{})
		id := g.post(t, "INV/1/SIM-SAVED-INVALID")
		view := g.becomes(t, id, faktur.SavedInvalid)
		if view.Reason == nil || view.Reason.Origin != faktur.OriginTaxSystem {
			t.Errorf("reason: %+v", view.Reason)
		}
		shown, err := g.Invoice(ctx, tenant, id)
		if err != nil {
			t.Fatal(err)
		}
		shown.Buyer.Address = "Jl. Merdeka 2, Jakarta"
		corrected, err := g.Correct(ctx, tenant, id, shown.TaxInvoice, shown.Sequence, true)
		if err != nil {
			t.Fatal(err)
		}
		if corrected.Status != faktur.Queued || corrected.Attempt != 2 || corrected.Sequence != shown.Sequence+2 {
			t.Errorf("after the correction: %s, attempt %d, sequence %d", corrected.Status, corrected.Attempt, corrected.Sequence)
		}
		g.becomes(t, id, faktur.Approved)
		if _, err := g.Correct(ctx, tenant, id, shown.TaxInvoice, shown.Sequence, true); !isConflict(err, "stale") {
			t.Errorf("a stale If-Match: %v", err)
		}
	})
}

func isConflict(err error, code string) bool {
	e, ok := errors.AsType[*faktur.Error](err)
	return ok && e.Code == code
}

// reading gives invoices to AcceptAll.
func reading(invoices []faktur.TaxInvoice) func(i int) (faktur.TaxInvoice, error) {
	return func(i int) (faktur.TaxInvoice, error) { return invoices[i], nil }
}
