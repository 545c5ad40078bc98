package api_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fakturgate/fakturgate/handlers"
)

// Whoever sends each cursor back misses nothing and sees nothing twice.
func TestTheFeedIsFollowed(t *testing.T) {
	t.Parallel()
	g := start(t)
	page := decoded[handlers.Feed](g.get("/events").want(http.StatusOK))
	if len(page.Data) != 0 || page.NextCursor == "" {
		t.Fatalf("an empty feed answers %+v", page)
	}
	for _, reference := range []string{"A", "B", "C"} {
		g.post("/invoices", invoice(reference)).want(http.StatusAccepted)
	}
	id := document(g.post("/invoices", invoice("D")).want(http.StatusAccepted)).ID
	g.post("/invoices/"+id+"/cancel", "").want(http.StatusOK)
	var types []string
	seen := map[string]bool{}
	for range 4 {
		page = decoded[handlers.Feed](g.get("/events?limit=2&after=" + page.NextCursor).want(http.StatusOK))
		for _, e := range page.Data {
			types = append(types, string(e.Type))
			seen[e.ID] = true
		}
	}
	want := []string{"invoice.queued", "invoice.queued", "invoice.queued", "invoice.queued", "invoice.cancelled"}
	if diff := cmp.Diff(want, types); diff != "" || len(seen) != 5 {
		t.Errorf("%s %v", diff, seen)
	}
	history := decoded[handlers.List[handlers.Event]](g.get("/invoices/" + id + "/events").want(http.StatusOK))
	if len(history.Data) != 2 || !seen[history.Data[0].ID] || !seen[history.Data[1].ID] || history.NextCursor != "" {
		t.Errorf("history %+v", history)
	}
}
