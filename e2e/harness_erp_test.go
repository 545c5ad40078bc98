package e2e

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/fakturgate/fakturgate/faktur"
)

// The receiver's paths: what an ERP subscribes to, and what an auditor would.
const (
	accounting = "/accounting" // the default types: approved, saved invalid
	audit      = "/audit"      // every type
)

// erp is the whole other side of a gateway: it posts a month's invoices, follows
// the feed, takes webhooks, and corrects and uploads again what was refused.
type erp struct {
	t        *testing.T
	gateway  *client
	receiver *receiver
	npwps    []string
	month    []planned
	plan     map[string]planned // by reference

	mu        sync.Mutex
	most      int               // how many invoices may be under way at once
	underWay  int               // how many are
	ids       map[string]string // of documents, by reference
	events    []event           // the feed as it was followed
	sequences map[string]int64  // the last one seen, by document
	counts    map[string]int    // of what happened: "posted", "webhook", and types of events
	settled   int

	posting     sync.WaitGroup
	corrections sync.WaitGroup
	finished    atomic.Bool
	followed    chan struct{} // closed when the feed is followed no more
}

// newERP registers the sellers, makes the webhook endpoints and begins to follow
// the feed. At most so many invoices are under way at any time.
func newERP(t *testing.T, gateway *client, npwps []string, month []planned, most int) *erp {
	t.Helper()
	e := &erp{t: t, gateway: gateway, receiver: startReceiver(t), npwps: npwps, month: month, plan: map[string]planned{},
		most: most, ids: map[string]string{}, sequences: map[string]int64{}, counts: map[string]int{},
		followed: make(chan struct{})}
	for _, p := range month {
		e.plan[p.invoice.Reference] = p
	}
	gateway.register(npwps, faktur.Settings{})
	gateway.endpoint(e.receiver, accounting, nil, e.hear)
	gateway.endpoint(e.receiver, audit, []string{"*"}, nil)
	go e.follow()
	t.Cleanup(func() { e.finish() })
	return e
}

// postAll posts the month, some at a time.
func (e *erp) postAll() {
	e.t.Helper()
	e.post()
	e.posting.Wait()
}

// post is postAll without waiting for its end.
func (e *erp) post() {
	e.posting.Go(e.postMonth)
}

func (e *erp) postMonth() {
	inParallel(16, len(e.month), func(i int) {
		for !e.t.Failed() && !e.begin() {
			time.Sleep(5 * time.Millisecond)
		}
		if !e.t.Failed() {
			e.postOne(i)
		}
	})
}

// begin takes one of the places for invoices that are under way, if there is one.
func (e *erp) begin() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.underWay == e.most {
		return false
	}
	e.underWay++
	return true
}

// hurry posts the rest of the month without waiting for places.
func (e *erp) hurry() {
	e.mu.Lock()
	e.most = len(e.month)
	e.mu.Unlock()
	e.posting.Wait()
}

// postOne posts until the gateway has it. Every second invoice has an
// Idempotency-Key too, and every fiftieth is posted once more for nothing.
func (e *erp) postOne(i int) {
	invoice, header := e.month[i].invoice, []string(nil)
	if i%2 == 0 {
		header = []string{"Idempotency-Key", fmt.Sprintf("post-%d", i)}
	}
	a := e.gateway.ask(http.MethodPost, "/invoices", invoice, header...).want(http.StatusAccepted, http.StatusOK)
	id := decode[faktur.StoredInvoice](a).ID
	e.mu.Lock()
	e.ids[invoice.Reference] = id
	e.counts["posted"]++
	e.mu.Unlock()
	if i%50 == 0 {
		again := decode[faktur.StoredInvoice](e.gateway.post(invoice).want(http.StatusOK))
		if again.ID != id {
			e.t.Errorf("%s is document %s and, posted again, %s", invoice.Reference, id, again.ID)
		}
	}
}

// hear takes a webhook of the accounting department.
func (e *erp) hear(a arrival) {
	var told event
	if err := json.Unmarshal(a.Body, &told); err != nil {
		e.t.Errorf("webhook %s: %v", a.ID, err)
		return
	}
	e.happened("webhook")
	if told.Type != "invoice.saved_invalid" {
		return
	}
	e.corrections.Go(func() { e.correct(a.ID, told.about(e.t)) })
}

// correct does what the reason asks for, once for each webhook, whatever the
// gateway does meanwhile.
func (e *erp) correct(webhookID string, told faktur.EventData) {
	path, key := "/invoices/"+told.ID, []string{"Idempotency-Key", webhookID}
	for !e.t.Failed() {
		d := e.gateway.invoice(told.ID)
		if d.Sequence != told.Sequence {
			return // an earlier answer was lost: it went already
		}
		var a answer
		switch told.Reason.Action {
		case faktur.ActionCorrectContent:
			d.Buyer.Address += " (baru)"
			a = e.gateway.ask(http.MethodPut, path+"?reupload=true", d, "If-Match", fmt.Sprintf("%q", fmt.Sprint(d.Sequence)))
			a.want(http.StatusOK, http.StatusPreconditionFailed, http.StatusConflict)
		default:
			a = e.gateway.ask(http.MethodPost, path+"/reupload", struct{}{}, key...)
			a.want(http.StatusAccepted, http.StatusConflict)
			key = nil // a crash leaves its key in_progress for a while, and the document says what came of it
		}
		if a.status < 300 {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// follow reads the feed while things happen.
func (e *erp) follow() {
	defer close(e.followed)
	cursor := ""
	for {
		last := e.finished.Load() // what is read after this was there before
		events, next := e.gateway.feed(cursor)
		for _, v := range events {
			e.see(v)
		}
		cursor = next
		if len(events) > 0 {
			continue
		}
		if last || e.t.Failed() {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// see takes an event of the feed and holds it to its document's order.
func (e *erp) see(v event) {
	data := v.about(e.t)
	e.mu.Lock()
	defer e.mu.Unlock()
	if data.Sequence != e.sequences[data.ID]+1 {
		e.t.Errorf("%s: event %d follows on event %d in the feed", data.Reference, data.Sequence, e.sequences[data.ID])
	}
	e.sequences[data.ID] = data.Sequence
	e.events = append(e.events, v)
	e.counts[string(v.Type)]++
	end := faktur.EventType("invoice.approved")
	if e.plan[data.Reference].stuck {
		end = faktur.EventSigningStuck
	}
	if v.Type == end {
		e.settled++
		e.underWay--
	}
}

func (e *erp) happened(what string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.counts[what]++
}

func (e *erp) count(what string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.counts[what]
}

// done says whether every invoice has come to its end.
func (e *erp) done() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.settled == len(e.month)
}

// progress is how far the month has come.
func (e *erp) progress() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return fmt.Sprintf("%d of %d settled; %v", e.settled, len(e.month), e.counts)
}

// finish ends what the ERP does, when there is nothing left to be told.
func (e *erp) finish() {
	e.posting.Wait()
	e.corrections.Wait()
	e.finished.Store(true)
	<-e.followed
}

// finishMonth waits until every invoice has come to its end and every webhook
// of it has arrived, and then looks at everything.
func (e *erp) finishMonth(tax *world) {
	e.t.Helper()
	deadline := time.Now().Add(patience)
	for !e.done() && time.Now().Before(deadline) && !e.t.Failed() {
		time.Sleep(20 * time.Millisecond)
	}
	e.t.Log(e.progress())
	e.reportUnsettled(tax)
	e.finish()
	eventually(e.t, "all webhooks have arrived", func() bool {
		return e.receiver.count(audit) >= len(e.events) && e.receiver.count(accounting) >= e.count("invoice.approved")+e.count("invoice.saved_invalid")
	})
	newInspection(e, tax).inspect()
}

// reportUnsettled fails the test with the histories of what did not come to its end.
func (e *erp) reportUnsettled(tax *world) {
	e.t.Helper()
	if e.done() {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	ended := map[string]bool{}
	for _, v := range e.events {
		data := v.about(e.t)
		if v.Type == "invoice.approved" || v.Type == faktur.EventSigningStuck {
			ended[data.Reference] = true
		}
	}
	shown := 0
	for reference := range e.plan {
		if shown == 5 {
			break
		}
		if ended[reference] {
			continue
		}
		shown++
		e.t.Logf("%s did not come to its end; ledger: %+v", reference, tax.ledger()[reference])
		for _, v := range e.events {
			if data := v.about(e.t); data.Reference == reference {
				e.t.Logf("  %s %s %s", v.Timestamp.Format(time.TimeOnly), v.Type, v.Data)
			}
		}
	}
	e.t.Fatalf("%d of %d invoices came to their end", e.settled, len(e.month))
}

func (e *erp) settledSoFar() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.settled
}
