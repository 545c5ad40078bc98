package api_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/fakturgate/fakturgate/api"
	"github.com/fakturgate/fakturgate/handlers"
	"github.com/fakturgate/fakturgate/repository"
)

// While the database is away, /metrics shows all that needs no database.
func TestMetricsWithoutTheDatabase(t *testing.T) {
	t.Parallel()
	db, err := repository.Open(t.Context(), "sqlite:"+t.TempDir()+"/fakturgate.db")
	if err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.NewTextHandler(t.Output(), nil))
	s := newService(t, options{db: db}, logger)
	registry := prometheus.NewRegistry()
	registry.MustRegister(s.Collectors()...)
	_, internal := api.New(api.Config{Handlers: &handlers.Handlers{Service: s, Logger: logger}, Logger: logger, Metrics: registry})
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	internal.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), "fakturgate_leases_lost_total") {
		t.Errorf("/metrics answers %d: %.500s", answer.Code, answer.Body)
	}
}
