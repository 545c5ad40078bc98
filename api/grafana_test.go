package api_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/fakturgate/fakturgate/api"
	"github.com/fakturgate/fakturgate/handlers"
	"github.com/fakturgate/fakturgate/repository/repotest"
)

// exported gives the labels of every metric of ours, by its name, and the names
// of those that the Go runtime and the process have.
func exported(t *testing.T) map[string][]string {
	t.Helper()
	logger := slog.New(slog.NewTextHandler(io.Discard, nil))
	s := newService(t, options{db: repotest.SQLite(t)}, logger)
	registry := prometheus.NewRegistry()
	public, _ := api.New(api.Config{Handlers: &handlers.Handlers{Service: s, Logger: logger}, Logger: logger, Metrics: registry})
	public.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/healthz", nil)) // one is measured
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	metrics := map[string][]string{}
	for _, family := range families {
		metrics[family.GetName()] = []string{}
		for _, label := range family.GetMetric()[0].GetLabel() {
			metrics[family.GetName()] = append(metrics[family.GetName()], label.GetName())
		}
	}
	described := make(chan *prometheus.Desc, 100)
	for _, c := range s.Collectors() {
		c.Describe(described)
	}
	close(described)
	for d := range described {
		parts := description.FindStringSubmatch(d.String())
		metrics[parts[1]] = strings.FieldsFunc(parts[2], func(r rune) bool { return r == ',' || r == ' ' })
	}
	return metrics
}

var description = regexp.MustCompile(`fqName: "(\w+)".*variableLabels: \{([^}]*)\}`)

// docs/operations.md tells of every metric of ours, with its labels, and of none that there is not.
func TestMetricsAreDocumented(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(fakturgate_\\w+)` \\|.*$").FindAllStringSubmatch(string(guide), -1) {
		documented[row[1]] = row[0]
	}
	metrics := exported(t)
	for name, labels := range metrics {
		if !strings.HasPrefix(name, "fakturgate_") {
			continue
		}
		if documented[name] == "" {
			t.Errorf("docs/operations.md does not tell of %s", name)
		}
		for _, label := range labels {
			if !strings.Contains(documented[name], "`"+label+"`") {
				t.Errorf("docs/operations.md does not tell of the label %s of %s", label, name)
			}
		}
	}
	for name := range documented {
		if metrics[name] == nil {
			t.Errorf("docs/operations.md tells of %s, which there is not", name)
		}
	}
}

// What the dashboard and the alerts ask for is there, under the labels that it has.
func TestQueriesOfGrafanaFindTheirMetrics(t *testing.T) {
	t.Parallel()
	metrics := exported(t)
	for _, q := range append(dashboardQueries(t), alertQueries(t)...) {
		checkQuery(t, q, metrics)
	}
}

var (
	metricName  = regexp.MustCompile(`\b(?:fakturgate|go|process)_\w+`)
	labelsAsked = regexp.MustCompile(`\b(?:by|on) \(([^)]*)\)|(\w+)(?:=~|!=|=)"`)
)

// checkQuery holds that a query names metrics and labels that there are.
func checkQuery(t *testing.T, query string, metrics map[string][]string) {
	t.Helper()
	labels := []string{"job", "instance"} // Prometheus' own
	names := metricName.FindAllString(query, -1)
	for _, name := range names {
		base := regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(name, "")
		known, ok := metrics[name]
		if !ok {
			known, ok = metrics[base]
			labels = append(labels, "le")
		}
		if !ok {
			t.Errorf("there is no %s: %s", name, query)
		}
		labels = append(labels, known...)
	}
	if len(names) == 0 {
		t.Errorf("it asks for no metric of ours: %s", query)
	}
	for _, asked := range labelsAsked.FindAllStringSubmatch(query, -1) {
		for label := range strings.SplitSeq(asked[1]+asked[2], ",") {
			if label = strings.TrimSpace(label); !slices.Contains(labels, label) {
				t.Errorf("nothing has the label %s: %s", label, query)
			}
		}
	}
}

// dashboardQueries gives the dashboard's queries, and holds that each panel says
// what it shows, in which unit, and asks the Prometheus that the reader chose.
func dashboardQueries(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../docs/grafana/fakturgate.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Title         string
		SchemaVersion int
		Templating    struct {
			List []struct{ Name, Type string }
		}
		Panels []struct {
			ID                       int
			Type, Title, Description string
			GridPos                  struct{ X, Y, W, H int }
			Datasource               struct{ Type, UID string }
			FieldConfig              struct{ Defaults struct{ Unit string } }
			Targets                  []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &board, json.MatchCaseInsensitiveNames(true)); err != nil {
		t.Fatal(err)
	}
	if board.Title == "" || board.SchemaVersion < 36 || len(board.Templating.List) == 0 || board.Templating.List[0].Type != "datasource" {
		t.Errorf("it is no dashboard with a data source to choose: %+v", board.Templating)
	}
	var queries []string
	ids := map[int]bool{}
	for _, p := range board.Panels {
		if p.Title == "" || ids[p.ID] || p.GridPos.W == 0 || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("panel %d %q has no title, place or id of its own", p.ID, p.Title)
		}
		ids[p.ID] = true
		if p.Type == "row" {
			continue
		}
		if p.Description == "" || len(p.Targets) == 0 || p.FieldConfig.Defaults.Unit == "" && p.Type != "heatmap" {
			t.Errorf("panel %q has no description, query or unit", p.Title)
		}
		if p.Datasource.UID != "${datasource}" {
			t.Errorf("panel %q asks %s, not the data source that was chosen", p.Title, p.Datasource.UID)
		}
		for _, target := range p.Targets {
			queries = append(queries, target.Expr)
		}
	}
	if len(queries) < 20 {
		t.Errorf("only %d queries", len(queries))
	}
	return queries
}

// alertQueries gives the expressions of the alerts, each on a line of its own.
func alertQueries(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../docs/grafana/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var queries []string
	for _, rule := range regexp.MustCompile(`(?m)^ +expr: (.+)$`).FindAllStringSubmatch(string(text), -1) {
		queries = append(queries, rule[1])
	}
	if rules := strings.Count(string(text), "- alert: "); len(queries) != rules || rules == 0 {
		t.Errorf("%d expressions of %d alerts", len(queries), rules)
	}
	return queries
}
