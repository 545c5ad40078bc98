package api_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
)

// beforeItsTime is less than the minute that a long-poll here asks for: one that
// is answered by then was woken.
const beforeItsTime = 50 * time.Second

func TestALongPollAnswersWithTheChange(t *testing.T) {
	t.Parallel()
	g := start(t)
	id := document(g.post("/invoices", invoice("A")).want(http.StatusAccepted)).ID
	// What has changed already is told at once.
	if view := decoded[faktur.StatusView](g.get("/invoices/" + id + "/status?wait=60s").want(http.StatusOK)); view.Sequence != 1 {
		t.Errorf("status %+v", view)
	}
	waited := make(chan faktur.StatusView)
	go func() {
		waited <- decoded[faktur.StatusView](g.get("/invoices/" + id + "/status?wait=60s&after=1"))
	}()
	g.post("/invoices/"+id+"/cancel", "").want(http.StatusOK)
	select {
	case view := <-waited:
		if view.Status != faktur.Cancelled || view.Sequence != 2 {
			t.Errorf("status %+v", view)
		}
	case <-time.After(beforeItsTime):
		t.Fatal("the long-poll was not woken")
	}
}

func TestALongPollEndsWithItsTime(t *testing.T) {
	t.Parallel()
	g := start(t)
	id := document(g.post("/invoices", invoice("A")).want(http.StatusAccepted)).ID
	began := time.Now()
	view := decoded[faktur.StatusView](g.get("/invoices/" + id + "/status?wait=200ms&after=1").want(http.StatusOK))
	if took := time.Since(began); view.Sequence != 1 || took < 200*time.Millisecond || took > beforeItsTime {
		t.Errorf("after %s: %+v", took, view)
	}
	g.get("/invoices/" + id + "/status?wait=1&after=0").want(http.StatusOK)
	g.get("/invoices/0199c9a4-7a52-7d0e-8f3c-2b1f6d1c9a10/status?wait=60s&after=1").problem(http.StatusNotFound, "not_found")
}

// A server that stops does not wait for those that wait.
func TestALongPollEndsWithTheServer(t *testing.T) {
	t.Parallel()
	closing, stop := context.WithCancel(t.Context())
	g := startWith(t, options{closing: closing})
	id := document(g.post("/invoices", invoice("A")).want(http.StatusAccepted)).ID
	waited := make(chan int)
	go func() { waited <- g.get("/invoices/" + id + "/status?wait=60s&after=1").status }()
	stop()
	select {
	case status := <-waited:
		if status != http.StatusOK {
			t.Errorf("answered %d", status)
		}
	case <-time.After(beforeItsTime):
		t.Fatal("the long-poll goes on")
	}
}
