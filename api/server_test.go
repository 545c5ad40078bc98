package api_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/fakturgate/fakturgate/api"
	"github.com/fakturgate/fakturgate/docs"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/handlers"
	"github.com/fakturgate/fakturgate/service"
)

func TestEveryAnswerCarriesItsRequestID(t *testing.T) {
	t.Parallel()
	g := start(t)
	if got := g.get("/healthz", "X-Request-Id", "erp-4711").header.Get("X-Request-Id"); got != "erp-4711" {
		t.Errorf("a sane id becomes %s", got)
	}
	for _, id := range []string{"", strings.Repeat("x", 129), `a"b`, "a b"} {
		if got := g.get("/nowhere", "X-Request-Id", id).header.Get("X-Request-Id"); got == id || len(got) != 36 {
			t.Errorf("%q becomes %q", id, got)
		}
	}
	g.get("/invoices", "X-Request-Id", "erp-4712").want(http.StatusOK)
	for line := range strings.Lines(g.log.String()) {
		var entry map[string]any
		if json.Unmarshal([]byte(line), &entry) == nil && entry["request_id"] == "erp-4712" {
			if entry["route"] != "/invoices" || entry["tenant"] != "default" || entry["status"] != 200.0 || entry["method"] != "GET" {
				t.Errorf("logged %s", line)
			}
			return
		}
	}
	t.Errorf("the request is not in the log:\n%s", g.log)
}

func TestWhatIsNoRouteIsAProblem(t *testing.T) {
	t.Parallel()
	g := start(t)
	for _, path := range []string{"/nowhere", "/invoices/", "/invoices/1/nothing", "/taxpayers/1/nothing", "/returns/", "/metrics", "/swagger/none.js"} {
		g.get(path).problem(http.StatusNotFound, "no_such_route")
	}
	for _, test := range []struct{ method, path, allow string }{
		{"DELETE", "/invoices", "GET, POST"}, {"PATCH", "/invoices/1", "GET, PUT"}, {"GET", "/invoices/1/cancel", "POST"},
		{"POST", "/healthz", "GET"}, {"OPTIONS", "/webhook-endpoints/1", "GET, PATCH, DELETE"}, {"BREW", "/events", "GET"},
	} {
		a := g.send(test.method, test.path, "")
		a.problem(http.StatusMethodNotAllowed, "method_not_allowed")
		if got := a.header.Get("Allow"); got != test.allow {
			t.Errorf("%s %s: Allow: %s, want %s", test.method, test.path, got, test.allow)
		}
	}
	g.send("BREW", "/nowhere", "").problem(http.StatusNotFound, "no_such_route")
	if a := g.send(http.MethodHead, "/healthz", ""); a.status != http.StatusOK || len(a.body) > 0 {
		t.Errorf("HEAD answers %d %s", a.status, a.body)
	}
}

func TestAnswersAreClean(t *testing.T) {
	t.Parallel()
	g := start(t)
	for _, path := range []string{"/invoices", "/healthz", "/nowhere"} {
		header := g.get(path).header
		if header.Get("X-Content-Type-Options") != "nosniff" || header.Get("Cache-Control") != "no-store" ||
			!strings.Contains(header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s answers with %v", path, header)
		}
	}
}

func TestEachTenantHasARateOfItsOwn(t *testing.T) {
	t.Parallel()
	g := startWith(t, options{requestsPerSecond: 5})
	other := g.as("other", "invoices:read")
	var limited *answer
	for range 50 {
		if a := g.get("/invoices"); a.status == http.StatusTooManyRequests {
			limited = a
			break
		}
	}
	if limited == nil {
		t.Fatal("50 requests at once pass a limit of 5 a second")
	}
	limited.problem(http.StatusTooManyRequests, "rate_limited")
	if got := limited.header.Get("Retry-After"); got != "1" {
		t.Errorf("Retry-After: %s", got)
	}
	other.get("/invoices").want(http.StatusOK)
	g.get("/healthz").want(http.StatusOK)
}

func TestHealthIsOnBothAddressesAndMetricsOnOne(t *testing.T) {
	t.Parallel()
	g := start(t)
	ready := decoded[service.Readiness](g.get("/readyz").want(http.StatusOK))
	if !ready.Ready || len(ready.Checks) < 2 {
		t.Errorf("readiness %+v", ready)
	}
	g.get("/invoices/1").want(http.StatusNotFound)
	internal := func(path string) (int, string) {
		w := httptest.NewRecorder()
		g.internal.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w.Code, w.Body.String()
	}
	for _, path := range []string{"/healthz", "/readyz", "/metrics", "/debug/pprof/", "/debug/pprof/heap"} {
		if status, body := internal(path); status != http.StatusOK {
			t.Errorf("%s answers %d %s", path, status, body)
		}
	}
	for _, path := range []string{"/metrics", "/debug/pprof/", "/debug/pprof/profile"} {
		g.get(path).want(http.StatusNotFound)
	}
	if status, _ := internal("/invoices"); status != http.StatusNotFound {
		t.Errorf("the internal address answers /invoices with %d", status)
	}
	want := `fakturgate_http_request_duration_seconds_count{method="GET",route="/invoices/{id}",status="4xx"} 1`
	if _, body := internal("/metrics"); !strings.Contains(body, want) {
		t.Errorf("the metrics lack %s:\n%s", want, body)
	}
}

func TestAnUnfitGatewaySaysWhy(t *testing.T) {
	t.Parallel()
	g := start(t)
	if err := g.db.Close(); err != nil {
		t.Fatal(err)
	}
	p := g.get("/readyz").problem(http.StatusServiceUnavailable, "not_ready")
	if len(p.Errors) == 0 || p.Errors[0].Pointer != "database" {
		t.Errorf("not ready because of %+v", p.Errors)
	}
	g.get("/healthz").want(http.StatusOK)
}

func TestReferenceListsAreServed(t *testing.T) {
	t.Parallel()
	g := start(t)
	for _, list := range faktur.ReferenceLists() {
		rows := decoded[handlers.List[faktur.ReferenceRow]](g.get("/reference/" + list).want(http.StatusOK))
		if len(rows.Data) == 0 || rows.NextCursor != "" {
			t.Errorf("%s has %d rows", list, len(rows.Data))
		}
	}
	found := decoded[handlers.List[faktur.ReferenceRow]](g.get("/reference/units?q=UM.0018").want(http.StatusOK))
	if len(found.Data) != 1 || found.Data[0].Code != "UM.0018" {
		t.Errorf("found %+v", found)
	}
	none := g.get("/reference/units?q=zzzz").want(http.StatusOK)
	if string(none.body) != `{"data":[],"next_cursor":null}` {
		t.Errorf("nothing found answers %s", none.body)
	}
}

func TestTheDocumentAndItsPageAreServed(t *testing.T) {
	t.Parallel()
	g := start(t)
	doc := g.get("/openapi.json").want(http.StatusOK)
	if string(doc.body) != string(docs.OpenAPI) || doc.header.Get("Content-Type") != "application/json" {
		t.Error("/openapi.json is not the embedded document")
	}
	if a := g.get("/"); a.status != http.StatusFound || a.header.Get("Location") != "/swagger/" {
		t.Errorf("/ answers %d %v", a.status, a.header)
	}
	page := g.get("/swagger/").want(http.StatusOK)
	policy := page.header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "script-src 'self';") || strings.Contains(string(page.body), "http://") || strings.Contains(string(page.body), "https://") {
		t.Errorf("the page asks for more than this server: %s\n%s", policy, page.body)
	}
	for _, name := range []string{"swagger-ui.css", "swagger-ui-bundle.js", "page.js", "page.css", "favicon-32x32.png", "LICENSE"} {
		file := g.get("/swagger/" + name).want(http.StatusOK)
		g.get("/swagger/"+name, "If-None-Match", file.header.Get("ETag")).want(http.StatusNotModified)
	}
}

// A client that never ends its header is shut out; one that waits is not.
func TestTheServerHasTimeouts(t *testing.T) {
	t.Parallel()
	server := api.NewServer("127.0.0.1:0", http.NotFoundHandler(), slog.Default())
	if server.ReadHeaderTimeout == 0 || server.IdleTimeout == 0 || server.MaxHeaderBytes == 0 {
		t.Errorf("the server lacks a time-out: %+v", server)
	}
	if longPoll := time.Minute; server.ReadTimeout <= longPoll || server.WriteTimeout <= longPoll {
		t.Errorf("a long-poll of %s outlives the server's time-outs", longPoll)
	}
}
