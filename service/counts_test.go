package service

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// measured gives what Prometheus would read of collectors: values, and counts of
// histograms, by name and labels.
func measured(t testing.TB, collectors ...prometheus.Collector) map[string]float64 {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors...)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			name := family.GetName()
			for _, label := range m.GetLabel() {
				name += " " + label.GetValue()
			}
			values[name] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return values
}

// On call one sees which receivers fail, how far behind they are, and no longer
// those that are removed.
func TestFailuresAreCountedByEndpoint(t *testing.T) {
	simulate(t, func(t *testing.T, s *simulation) {
		s.answer = func(r received) int {
			if strings.Contains(r.url, "bad") {
				return http.StatusInternalServerError
			}
			return http.StatusOK
		}
		s.endpoint()
		bad := makeEndpoint(t, s.Service, "https://93.184.216.34/bad")
		tell(t, s.Service, "default", "invoice.approved", 10)
		s.run(3 * time.Second)
		tries := 0
		for _, r := range s.received {
			if strings.Contains(r.url, "bad") {
				tries++
			}
		}
		failures, lag := "fakturgate_webhook_failures_total ", "fakturgate_webhook_lag_seconds "
		got := measured(t, s.Collectors()...)
		if tries == 0 || got[failures+bad.ID] != float64(tries) {
			t.Errorf("%v failures of %d", got[failures+bad.ID], tries)
		}
		if got["fakturgate_webhook_endpoints healthy"] != 1 || got["fakturgate_webhook_endpoints failing"] != 1 {
			t.Errorf("endpoints: %v", got)
		}
		time.Sleep(time.Minute) // of the bubble
		if got := measured(t, s.Collectors()...); got[lag+bad.ID] < 60 {
			t.Errorf("it is behind by %v s", got[lag+bad.ID])
		}
		if n := series(got, failures) + series(measured(t, s.Collectors()...), lag); n != 2 {
			t.Errorf("%d series of endpoints, want those of the failing one: %v", n, got)
		}
		if err := s.DeleteEndpoint(t.Context(), "default", bad.ID); err != nil {
			t.Fatal(err)
		}
		s.run(time.Minute)
		got = measured(t, s.Collectors()...)
		if n := series(got, failures) + series(got, lag); n != 0 {
			t.Errorf("%d series of a removed endpoint: %v", n, got)
		}
	})
}

func series(values map[string]float64, prefix string) int {
	n := 0
	for name := range values {
		if strings.HasPrefix(name, prefix) {
			n++
		}
	}
	return n
}

// However many endpoints fail, their series are few, and no failure is lost.
func TestSeriesOfEndpointsAreBounded(t *testing.T) {
	t.Parallel()
	var f endpointFailures
	began := time.Now()
	for i := range 10_000 {
		f.failed(fmt.Sprint(i), began)
		f.failed(fmt.Sprint(i), began)
	}
	got, sum := measured(t, &f), 0.0
	for _, n := range got {
		sum += n
	}
	if len(got) != mostFailing+1 || sum != 20_000 {
		t.Errorf("%d series of %v failures", len(got), sum)
	}
	f.forget("7")
	f.failed("late", began.Add(time.Minute))
	if got := measured(t, &f); got["fakturgate_webhook_failures_total late"] != 1 || len(got) != mostFailing+1 {
		t.Errorf("the place that became free is not given away: %d series", len(got))
	}
	f.failed("later", began.Add(failureMemory+time.Second))
	if got := measured(t, &f); got["fakturgate_webhook_failures_total later"] != 1 || len(got) != 3 {
		t.Errorf("those that fail no more keep their places: %v", got)
	}
}
