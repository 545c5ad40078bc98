package e2e

import (
	"database/sql"
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
	for deadline := time.Now().Add(patience); view.Status != want; {
		if time.Now().After(deadline) || c.t.Failed() {
			c.t.Fatalf("document %s is %+v, and was to become %s", id, view, want)
		}
		path := fmt.Sprintf("/invoices/%s/status?wait=5s&after=%d", id, view.Sequence)
		view = decode[faktur.StatusView](c.ask(http.MethodGet, path, nil).want(http.StatusOK))
	}
	return view
}

// Eight writers post the same references in orders of their own, some of them one
// by one and all in batches, half of them with another content: each reference
// becomes one document, whoever was first has it, and nobody meets an error of
// ours or a deadlock.
func TestEightWritersOnOverlappingReferences(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, kind string) {
		w := newWorld(t, kind)
		gateways := gatewaysFor(w, "FAKTURGATE_WORKERS=off")
		o := &overlap{t: t, c: w.client(gateways...), sellers: []string{sellerA, sellerB, "0034567896123000"},
			answers: map[string]map[said]int{}, ids: map[string]map[string]bool{}}
		o.c.register(o.sellers, faktur.Settings{})
		const rounds, references, single = 3, 800, 50
		dice := rand.New(rand.NewPCG(seed(t), 3))
		for round := range rounds {
			var writers sync.WaitGroup
			for n := range 8 {
				order := dice.Perm(references)
				writers.Go(func() {
					invoices := o.invoices(round, order, n%2 == 1)
					if n < 4 {
						o.post(invoices[:single])
					}
					o.postBatch(invoices)
				})
			}
			writers.Wait()
		}
		o.check(rounds * references)
		if kind == "postgres" {
			for _, g := range gateways {
				g.stop(stopTime) // with its connections goes what they have counted
			}
			if n := deadlocks(t, w.database); n > 0 {
				t.Errorf("PostgreSQL met %d deadlocks", n)
			}
		}
	})
}

// invoices are those of a round in a writer's order.
func (o *overlap) invoices(round int, order []int, another bool) []faktur.TaxInvoice {
	invoices := make([]faktur.TaxInvoice, len(order))
	for place, i := range order {
		invoices[place] = simpleInvoice(o.sellers[i%len(o.sellers)], fmt.Sprintf("INV/%d/%03d", round, i))
		if another {
			invoices[place].Lines[0].Name = "Another"
		}
	}
	return invoices
}

// deadlocks is how many PostgreSQL had to break in a database.
func deadlocks(t *testing.T, url string) (n int) {
	t.Helper()
	db, err := sql.Open("postgres", url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// overlap gathers what the writers were answered, by reference.
type overlap struct {
	t       *testing.T
	c       *client
	sellers []string
	mu      sync.Mutex
	answers map[string]map[said]int
	ids     map[string]map[string]bool
}

// said is an answer to a content of a reference.
type said struct {
	content string
	status  int
}

func (o *overlap) post(invoices []faktur.TaxInvoice) {
	for _, invoice := range invoices {
		a, err := o.c.try(o.t.Context(), http.MethodPost, "/invoices", invoice)
		if err != nil {
			o.t.Error(err)
			return
		}
		o.note(invoice, a.status, decode[identified](a))
	}
}

func (o *overlap) postBatch(invoices []faktur.TaxInvoice) {
	a, err := o.c.try(o.t.Context(), http.MethodPost, "/invoices/batch", map[string]any{"invoices": invoices})
	if err != nil {
		o.t.Error(err)
		return
	}
	for i, row := range decode[batchAnswer](a.want(http.StatusMultiStatus)).Results {
		o.note(invoices[i], row.Status, identified{row.Document.ID, row.Problem.DocumentID})
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

func (o *overlap) note(invoice faktur.TaxInvoice, status int, of identified) {
	o.mu.Lock()
	defer o.mu.Unlock()
	reference := invoice.Reference
	if o.answers[reference] == nil {
		o.answers[reference], o.ids[reference] = map[said]int{}, map[string]bool{}
	}
	o.answers[reference][said{invoice.Lines[0].Name, status}]++
	o.ids[reference][of.ID+of.DocumentID] = true
}

// check: of each reference one content was accepted once and then recognised,
// and the other one met it.
func (o *overlap) check(references int) {
	o.t.Helper()
	stored := o.c.invoices()
	if len(stored) != references {
		o.t.Errorf("%d documents of %d references", len(stored), references)
	}
	for reference, answers := range o.answers {
		d := stored[reference]
		for answer, times := range answers {
			first := answer.content == d.Lines[0].Name
			switch {
			case first && answer.status == http.StatusAccepted && times == 1:
			case first && answer.status == http.StatusOK:
			case !first && answer.status == http.StatusConflict:
			default:
				o.t.Errorf("%s has content %q, and was answered %v", reference, d.Lines[0].Name, answers)
			}
		}
		if answers[said{d.Lines[0].Name, http.StatusAccepted}] != 1 {
			o.t.Errorf("%s was never accepted: %v", reference, answers)
		}
		if len(o.ids[reference]) != 1 || !o.ids[reference][d.ID] {
			o.t.Errorf("%s is document %s, and was answered as %v", reference, d.ID, o.ids[reference])
		}
	}
}
