package e2e

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
)

// DJP's advice is to upload again one by one. One that then hangs in the signing
// queue keeps its seller's others waiting for a while, and not for good.
func TestAStuckReuploadDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, kind string) {
		const wait = 2 * time.Second
		w := newWorld(t, kind, "FAKTURGATE_SIM_DEDUP=off", "FAKTURGATE_SIM_SIGNING_DELAY=0s")
		c := w.client(w.serve("gateway", append(quickGateway, "FAKTURGATE_REUPLOAD_WAIT="+wait.String())...))
		c.register([]string{sellerA}, faktur.Settings{})
		invoices := []faktur.TaxInvoice{simpleInvoice(sellerA, "INV/000/SIM-SAVED-INVALID/SIM-STUCK")}
		for i := 1; i < 200; i++ {
			invoices = append(invoices, simpleInvoice(sellerA, fmt.Sprintf("INV/%03d/SIM-SAVED-INVALID", i)))
		}
		ids := c.postBatch(invoices)
		eventually(t, "all are saved invalid", func() bool { return c.countStatus(faktur.SavedInvalid) == 200 })

		began := time.Now()
		c.correctAndReupload(ids[0])
		c.becomes(ids[0], faktur.SigningInProgress)
		inParallel(8, 199, func(i int) { c.correctAndReupload(ids[i+1]) })
		eventually(t, "199 are approved", func() bool { return c.countStatus(faktur.Approved) == 199 })
		t.Logf("199 re-uploads took %v", time.Since(began))
		if status := c.invoice(ids[0]).Status; status != faktur.SigningInProgress {
			t.Errorf("the stuck one is %s", status)
		}
		c.checkOneByOne(ids[0], wait)
	})
}

// postBatch posts up to 1,000 invoices together, all of which must be taken.
func (c *client) postBatch(invoices []faktur.TaxInvoice) (ids []string) {
	c.t.Helper()
	a := c.ask(http.MethodPost, "/invoices/batch", map[string]any{"invoices": invoices}).want(http.StatusMultiStatus)
	for i, row := range decode[batchAnswer](a).Results {
		if row.Status != http.StatusAccepted {
			c.t.Fatalf("row %d of a batch answers %d", i, row.Status)
		}
		ids = append(ids, row.Document.ID)
	}
	return ids
}

// countStatus counts up to 200 documents in a status.
func (c *client) countStatus(status faktur.Status) int {
	c.t.Helper()
	a := c.ask(http.MethodGet, "/invoices?limit=200&status="+string(status), nil).want(http.StatusOK)
	return len(decode[listing[faktur.StoredInvoice]](a).Data)
}

func (c *client) correctAndReupload(id string) {
	c.t.Helper()
	d := c.invoice(id)
	d.Buyer.Address = "Jl. Merdeka 2, Jakarta"
	c.ask(http.MethodPut, "/invoices/"+id+"?reupload=true", d).want(http.StatusOK)
}

// checkOneByOne reads in the feed that at no time two re-uploads were under way,
// but for the stuck one after its wait.
func (c *client) checkOneByOne(stuck string, wait time.Duration) {
	c.t.Helper()
	events, _ := c.feed("")
	failed, underWay := map[string]bool{}, ""
	var stuckSince time.Time
	for _, v := range events {
		id := v.about(c.t).ID
		switch v.Type {
		case "invoice.saved_invalid":
			failed[id] = true
		case "invoice.submitting":
			switch {
			case !failed[id]:
			case id == stuck:
				stuckSince = v.Timestamp
			case underWay != "":
				c.t.Errorf("re-upload %s went while %s was under way", id, underWay)
			case v.Timestamp.Before(stuckSince.Add(wait)):
				c.t.Errorf("re-upload %s went %v after the one that is stuck", id, v.Timestamp.Sub(stuckSince))
			default:
				underWay = id
			}
		case "invoice.approved":
			underWay = ""
		}
	}
}

// 100,000 invoices of one seller wait; another seller's ten, due today and
// posted last, are handed over within seconds.
func TestABacklogDoesNotDelayWhatIsDueToday(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, kind string) {
		const backlog, soon = 100_000, 20 * time.Second
		w := newWorld(t, kind, "FAKTURGATE_SIM_SIGNING_DELAY=1h")
		g := w.serve("gateway", "FAKTURGATE_WORKERS=off")
		c := w.client(g)
		today := faktur.DateOf(time.Now())
		lastMonth := faktur.DateOf(today.StartOfDay().AddDate(0, 0, -today.StartOfDay().Day())) // its last day
		c.register([]string{sellerA}, faktur.Settings{})
		c.register([]string{sellerB}, faktur.Settings{UploadDeadlines: map[string]faktur.Date{lastMonth.Month(): today}})

		began := time.Now()
		inParallel(4, backlog/1000, func(n int) {
			invoices := make([]faktur.TaxInvoice, 1000)
			for i := range invoices {
				invoices[i] = simpleInvoice(sellerA, fmt.Sprintf("A/%06d", n*1000+i))
			}
			c.postBatch(invoices)
		})
		t.Logf("the backlog took %v", time.Since(began))
		if code := g.stop(stopTime); code != 0 {
			t.Fatalf("the gateway ended with %d", code)
		}
		g.env = append(g.env, "FAKTURGATE_WORKERS=on")
		g.launch()
		g.awaitReady()

		posted := time.Now()
		ids := make([]string, 10)
		inParallel(10, 10, func(i int) {
			invoice := simpleInvoice(sellerB, fmt.Sprintf("B/%d", i))
			invoice.Date = lastMonth
			d := decode[faktur.StoredInvoice](c.post(invoice).want(http.StatusAccepted))
			if !d.UploadDeadline.Equal(today) {
				t.Errorf("due %s", d.UploadDeadline)
			}
			ids[i] = d.ID
		})
		inParallel(10, 10, func(i int) { c.leavesQueue(ids[i], soon) })
		t.Logf("the ten left the queue within %v", time.Since(posted))
		if left := c.countStatus(faktur.Queued); left < 200 {
			t.Errorf("the backlog was gone by then (%d left); this run proves nothing", left)
		}
	})
}

// leavesQueue waits, by long-poll, until a document is queued no more.
func (c *client) leavesQueue(id string, within time.Duration) {
	c.t.Helper()
	deadline := time.Now().Add(within)
	for {
		path := fmt.Sprintf("/invoices/%s/status?wait=%dms&after=1", id, max(1, time.Until(deadline).Milliseconds()))
		view := decode[faktur.StatusView](c.ask(http.MethodGet, path, nil).want(http.StatusOK))
		if view.Status != faktur.Queued {
			return
		}
		if time.Now().After(deadline) {
			c.t.Errorf("%s is still queued after %v", id, within)
			return
		}
	}
}
