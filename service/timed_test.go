package service_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
	"github.com/fakturgate/fakturgate/service"
	"github.com/fakturgate/fakturgate/simulator"
)

// measured gives one metric as Prometheus would read it (of a histogram, its
// count); labels are values in the order of their names.
func (g *gateway) measured(t *testing.T, name string, labels ...string) float64 {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(g.Collectors()...)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			var values []string
			for _, label := range m.GetLabel() {
				values = append(values, label.GetValue())
			}
			if family.GetName() == name && strings.Join(values, " ") == strings.Join(labels, " ") {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
			}
		}
	}
	return 0
}

// cutting ends hand-overs before the simulator has seen them, when now says so.
func cutting(now func() bool) func(http.Handler) http.Handler {
	return func(sim http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/v1/submissions" && now() {
				panic(http.ErrAbortHandler)
			}
			sim.ServeHTTP(w, r)
		})
	}
}

// Every call to a channel is measured by how it ended, and what was handed over
// is counted by what was said of it.
func TestCallsToAChannelAreMeasured(t *testing.T) {
	t.Parallel()
	var cut atomic.Bool
	g := between(t, repotest.SQLite(t), simulator.Config{SigningDelay: 200 * time.Millisecond}, cutting(func() bool { return cut.CompareAndSwap(true, false) }))
	const calls, documents = "fakturgate_channel_call_seconds", "fakturgate_handed_over_total"
	g.becomes(t, g.post(t, "INV/1"), faktur.Approved)
	// Labels stand in the order of their names: call, channel, outcome.
	if n := g.measured(t, calls, "hand_over", "pjap", "answered"); n == 0 {
		t.Error("no hand-over is measured")
	}
	if n := g.measured(t, documents, "pjap", "signing_in_progress"); n != 1 {
		t.Errorf("%v documents went into signing, want 1", n)
	}
	g.becomes(t, g.post(t, "INV/3/SIM-STUCK"), faktur.SigningInProgress) // the news never tell of it
	eventually(t, "a question is measured", func() bool { return g.measured(t, calls, "status", "pjap", "answered") > 0 })
	cut.Store(true)
	g.becomes(t, g.post(t, "INV/2"), faktur.Approved)
	lost, found := g.measured(t, calls, "hand_over", "pjap", "failed"), g.measured(t, calls, "look_up", "pjap", "answered")
	if unknown := g.measured(t, documents, "pjap", "unknown"); lost != 1 || unknown != 1 || found == 0 {
		t.Errorf("%v hand-overs lost, of %v documents, and %v look-ups", lost, unknown, found)
	}
}

// What was handed over and is not found is told as unknown, and only that.
func TestWhatIsUnknownIsTold(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		var cut atomic.Bool
		g := between(t, db, simulator.Config{SigningDelay: time.Hour}, cutting(cut.Load), func(c *service.Config) { c.SettleWindow = time.Hour })
		g.becomes(t, g.post(t, "INV/1"), faktur.SigningInProgress)
		if n := g.measured(t, "fakturgate_unknown_documents", "pjap"); n != 0 {
			t.Errorf("%v unknown, want none", n)
		}
		cut.Store(true)
		g.becomes(t, g.post(t, "INV/2"), faktur.Submitting)
		eventually(t, "one is unknown", func() bool { return g.measured(t, "fakturgate_unknown_documents", "pjap") == 1 })
		if n := g.measured(t, "fakturgate_documents", "pjap", "submitting"); n != 1 {
			t.Errorf("%v submitting, want 1", n)
		}
	})
}
