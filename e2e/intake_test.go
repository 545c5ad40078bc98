package e2e

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
)

// quickGateway asks soon and often; its rules are the same.
var quickGateway = []string{"FAKTURGATE_LEASE=3s", "FAKTURGATE_SETTLE_WINDOW=2s", "FAKTURGATE_POLL_MIN=20ms", "FAKTURGATE_POLL_MAX=500ms"}

// gatewaysFor starts as many gateways as a kind of database bears for a test of
// callers that meet: two on PostgreSQL, one on SQLite.
func gatewaysFor(w *world, settings ...string) []*gateway {
	w.t.Helper()
	gateways := []*gateway{w.serve("gateway-1", settings...)}
	if w.kind == "postgres" {
		gateways = append(gateways, w.serve("gateway-2", settings...))
	}
	return gateways
}

// A thousand callers who post the same invoice at the same moment share one
// document, and it is filed once.
func TestAThousandPostsOfOneInvoice(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, kind string) {
		w := newWorld(t, kind, "FAKTURGATE_SIM_DEDUP=off", "FAKTURGATE_SIM_SIGNING_DELAY=100ms")
		c := w.client(gatewaysFor(w, quickGateway...)...)
		c.register([]string{sellerA}, faktur.Settings{})
		invoice := simpleInvoice(sellerA, "INV/1")
		var mu sync.Mutex
		ids, statuses := map[string]int{}, map[int]int{}
		var callers sync.WaitGroup
		for range 1000 {
			callers.Go(func() {
				a, err := c.try(t.Context(), http.MethodPost, "/invoices", invoice)
				if err != nil {
					t.Error(err)
					return
				}
				d := decode[faktur.StoredInvoice](a.want(http.StatusAccepted, http.StatusOK))
				mu.Lock()
				defer mu.Unlock()
				ids[d.ID]++
				statuses[a.status]++
			})
		}
		callers.Wait()
		if len(ids) != 1 || statuses[http.StatusAccepted] != 1 || statuses[http.StatusOK] != 999 {
			t.Errorf("documents %v, answers %v", ids, statuses)
		}
		for id := range ids {
			c.becomes(id, faktur.Approved)
		}
		if stored := c.invoices(); len(stored) != 1 {
			t.Errorf("%d documents are stored", len(stored))
		}
		if entries := w.ledger()["INV/1"]; len(entries) != 1 || entries[0].Accepted != 1 {
			t.Errorf("ledger: %+v", entries)
		}
	})
}

// becomes waits, by long-poll, until a document has a status.
func (c *client) becomes(id string, want faktur.Status) faktur.StatusView {
	c.t.Helper()
	var view faktur.StatusView
	for deadline := time.Now().Add(30 * time.Second); view.Status != want; {
		if time.Now().After(deadline) || c.t.Failed() {
			c.t.Fatalf("document %s is %+v, and was to become %s", id, view, want)
		}
		path := fmt.Sprintf("/invoices/%s/status?wait=5s&after=%d", id, view.Sequence)
		view = decode[faktur.StatusView](c.ask(http.MethodGet, path, nil).want(http.StatusOK))
	}
	return view
}

// Eight writers post the same 200 references in orders of their own, one by one
// and in batches, half of them with another content: each reference becomes one
// document, whoever was first has it, and nobody meets an error of ours.
func TestEightWritersOnOverlappingReferences(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, kind string) {
		w := newWorld(t, kind)
		c := w.client(gatewaysFor(w, "FAKTURGATE_WORKERS=off")...)
		sellers := []string{sellerA, sellerB, "0034567896123000"}
		c.register(sellers, faktur.Settings{})
		o := &overlap{t: t, c: c, answers: map[string]map[int]int{}, ids: map[string]map[string]bool{}}
		const references = 200
		seed := seed(t)
		var writers sync.WaitGroup
		for n := range 8 {
			writers.Go(func() {
				dice := rand.New(rand.NewPCG(seed, uint64(n))) //nolint:gosec // it must repeat
				for range 3 {
					var invoices []faktur.TaxInvoice
					for _, i := range dice.Perm(references) {
						invoice := simpleInvoice(sellers[i%len(sellers)], fmt.Sprintf("INV/%03d", i))
						if n%2 == 1 {
							invoice.Lines[0].Name = "Another"
						}
						invoices = append(invoices, invoice)
					}
					o.write(invoices, n < 4)
				}
			})
		}
		writers.Wait()
		o.check(references)
	})
}

// overlap gathers what the writers were answered, by reference.
type overlap struct {
	t       *testing.T
	c       *client
	mu      sync.Mutex
	answers map[string]map[int]int
	ids     map[string]map[string]bool
}

func (o *overlap) write(invoices []faktur.TaxInvoice, single bool) {
	if single {
		for _, invoice := range invoices {
			a, err := o.c.try(o.t.Context(), http.MethodPost, "/invoices", invoice)
			if err != nil {
				o.t.Error(err)
				return
			}
			o.note(invoice.Reference, a.status, decode[identified](a))
		}
		return
	}
	a, err := o.c.try(o.t.Context(), http.MethodPost, "/invoices/batch", map[string]any{"invoices": invoices})
	if err != nil {
		o.t.Error(err)
		return
	}
	rows := decode[batchAnswer](a.want(http.StatusMultiStatus)).Results
	for i, row := range rows {
		o.note(invoices[i].Reference, row.Status, identified{row.Document.ID, row.Problem.DocumentID})
	}
}

type identified struct {
	ID         string `json:"id"`
	DocumentID string `json:"document_id"`
}

type batchAnswer struct {
	Results []struct {
		Status   int        `json:"status"`
		Document identified `json:"document"`
		Problem  identified `json:"problem"`
	} `json:"results"`
}

func (o *overlap) note(reference string, status int, said identified) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.answers[reference] == nil {
		o.answers[reference], o.ids[reference] = map[int]int{}, map[string]bool{}
	}
	o.answers[reference][status]++
	o.ids[reference][said.ID+said.DocumentID] = true
}

func (o *overlap) check(references int) {
	o.t.Helper()
	stored := o.c.invoices()
	if len(stored) != references {
		o.t.Errorf("%d documents of %d references", len(stored), references)
	}
	for reference, answers := range o.answers {
		// Four of the eight writers agree with the first one, and each writes three times.
		if answers[http.StatusAccepted] != 1 || answers[http.StatusOK] != 11 || answers[http.StatusConflict] != 12 {
			o.t.Errorf("%s was answered %v", reference, answers)
		}
		if len(o.ids[reference]) != 1 || !o.ids[reference][stored[reference].ID] {
			o.t.Errorf("%s is document %s, and was answered as %v", reference, stored[reference].ID, o.ids[reference])
		}
	}
}
