package service_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
	"github.com/fakturgate/fakturgate/service"
	"github.com/fakturgate/fakturgate/simulator"
)

// logged is what was written into a log.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

// of gives the messages that name a document, in order; a step's with its event.
func (l *logged) of(document string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var messages []string
	for line := range strings.Lines(l.text.String()) {
		if !strings.Contains(line, "document="+document) {
			continue
		}
		message := regexp.MustCompile(`msg="([^"]*)"`).FindStringSubmatch(line)[1]
		if event := regexp.MustCompile(` event=(\S+)`).FindStringSubmatch(line); event != nil {
			message += " " + event[1]
		}
		if len(messages) == 0 || messages[len(messages)-1] != message { // it may be asked about many times
			messages = append(messages, message)
		}
	}
	return messages
}

func logInto(l io.Writer, level slog.Level) func(*service.Config) {
	return func(c *service.Config) {
		c.Logger = slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: level}))
	}
}

// At debug the log tells the whole life of one invoice under its id: accepted,
// handed over, its answer lost, looked up, signed, approved, and delivered.
func TestOneInvoiceIsFollowedByItsID(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		t.Cleanup(receiver.Close)
		var cut atomic.Bool
		cut.Store(true)
		var log logged
		g := between(t, db, simulator.Config{}, cutting(func() bool { return cut.CompareAndSwap(true, false) }), logInto(&log, slog.LevelDebug))
		if _, err := g.CreateEndpoint(t.Context(), tenant, service.EndpointInput{URL: receiver.URL, Events: []string{"invoice.approved"}}); err != nil {
			t.Fatal(err)
		}
		id := g.post(t, "INV/1")
		g.becomes(t, id, faktur.Approved)
		eventually(t, "its webhook is in the log", func() bool { return slices.Contains(log.of(id), "webhook tried invoice.approved") })
		want := []string{"document accepted", "document moved invoice.submitting", "document waits", "document looked up",
			"document moved invoice.queued", "document moved invoice.submitting", "document moved invoice.signing_in_progress",
			"document moved invoice.approved", "webhook tried invoice.approved"}
		got := log.of(id)
		for _, step := range want {
			at := slices.Index(got, step)
			if at < 0 {
				t.Fatalf("%q is not told in its order:\n%s", step, strings.Join(log.of(id), "\n"))
			}
			got = got[at+1:]
		}
	})
}

// Above debug nothing is told of single documents.
func TestTheTraceIsForDebugOnly(t *testing.T) {
	t.Parallel()
	var log logged
	g := start(t, repotest.SQLite(t), simulator.Config{}, logInto(&log, slog.LevelInfo))
	id := g.post(t, "INV/1")
	g.becomes(t, id, faktur.Approved)
	if told := log.of(id); len(told) > 0 {
		t.Errorf("at info the log tells %q", told)
	}
}

// While nobody reads the trace, nothing is built for it.
func TestTheTraceIsNotBuiltInVain(t *testing.T) { //nolint:paralleltest // what others allocate would count
	s := newService(t, repotest.SQLite(t), logInto(io.Discard, slog.LevelInfo))
	steps := make([]repository.Step, 200)
	if n := testing.AllocsPerRun(100, func() { s.TraceSteps(context.Background(), steps) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
