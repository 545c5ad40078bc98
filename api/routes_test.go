package api

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/fakturgate/fakturgate/docs"
	"github.com/fakturgate/fakturgate/handlers"
)

// The routing table and the published document name the same routes with the
// same query parameters.
func TestTheDocumentDescribesTheRoutingTable(t *testing.T) {
	t.Parallel()
	var doc struct {
		Paths map[string]map[string]struct {
			Parameters []struct {
				Name string `json:"name"`
				In   string `json:"in"`
			} `json:"parameters"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(docs.OpenAPI, &doc); err != nil {
		t.Fatal(err)
	}
	documented := map[string][]string{}
	for path, methods := range doc.Paths {
		for method, operation := range methods {
			names := []string{}
			for _, p := range operation.Parameters {
				if p.In == "query" {
					names = append(names, p.Name)
				}
			}
			slices.Sort(names)
			documented[strings.ToUpper(method)+" "+path] = names
		}
	}
	routed := map[string][]string{}
	for _, r := range routes(&handlers.Handlers{}) {
		names := append([]string{}, r.query...)
		slices.Sort(names)
		routed[r.method+" "+r.path] = names
	}
	if diff := cmp.Diff(routed, documented); diff != "" {
		t.Errorf("routed (-) and documented (+):\n%s", diff)
	}
}

// A panic is one request's 500, with nothing of it in the answer.
func TestAPanicIsAFaultOfOneRequest(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	logger := slog.New(slog.NewTextHandler(&log, nil))
	h := &handlers.Handlers{Logger: logger}
	router := newRouter(Config{Handlers: h, Logger: logger}, newMeasures(prometheus.NewRegistry()))
	router.Get("/panics", func(http.ResponseWriter, *http.Request) { panic("a secret state") })
	router.Get("/breaks", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half an ")
		panic("a secret state")
	})
	server := httptest.NewServer(router)
	t.Cleanup(server.Close)

	answer, err := server.Client().Get(server.URL + "/panics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusInternalServerError || !strings.Contains(string(body), `"code":"internal"`) ||
		strings.Contains(string(body), "secret state") {
		t.Errorf("answered %d %s, %v", answer.StatusCode, body, err)
	}
	if !strings.Contains(log.String(), "a secret state") || !strings.Contains(log.String(), "routes_test.go") {
		t.Errorf("the log does not tell where: %s", log.String())
	}

	// Half an answer must not look whole.
	answer, err = server.Client().Get(server.URL + "/breaks")
	if err == nil {
		_, err = io.ReadAll(answer.Body)
		answer.Body.Close()
	}
	if err == nil {
		t.Error("half an answer came through as a whole one")
	}
}
