package api_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/fakturgate/fakturgate/repository/repotest"
)

// A database that goes away makes 503s of requests and stores none of them; one
// that comes back is used again without anybody's help.
func TestADatabaseGoesAndComesBack(t *testing.T) {
	t.Parallel()
	if !slices.Contains(repotest.Kinds(), "postgres") {
		return // SQLite is a file: it does not go away
	}
	server, err := repotest.StartServer()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	g := startWith(t, options{db: repotest.Open(t, server.URL("postgres"))})
	g.post("/invoices", invoice("BEFORE")).want(http.StatusAccepted)
	if err := server.Crash(); err != nil {
		t.Fatal(err)
	}
	for _, a := range []*answer{
		g.post("/invoices", invoice("MEANWHILE")), g.get("/invoices"), g.post("/invoices/validate", invoice("A", seller, "0023456785012000")),
	} {
		a.problem(http.StatusServiceUnavailable, "database_unavailable")
		if a.header.Get("Retry-After") == "" {
			t.Errorf("no Retry-After: %s", a.body)
		}
	}
	row := decoded[batchAnswer](g.post("/invoices/batch", batch(invoice("ROW"))).want(http.StatusMultiStatus)).Results[0]
	if row.Status != http.StatusServiceUnavailable {
		t.Errorf("the row of a batch answers %d", row.Status)
	}
	g.get("/readyz").problem(http.StatusServiceUnavailable, "not_ready")
	g.get("/healthz").want(http.StatusOK)

	if err := server.Restart(); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return g.get("/readyz").status == http.StatusOK })
	eventually(t, func() bool { return g.post("/invoices", invoice("AFTER")).status != http.StatusServiceUnavailable })
	g.get("/invoices?reference=BEFORE").want(http.StatusOK)
	if list := g.get("/invoices?reference=MEANWHILE").want(http.StatusOK); string(list.body) != `{"data":[],"next_cursor":null}` {
		t.Errorf("what was refused is stored: %s", list.body)
	}
}
