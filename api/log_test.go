package api_test

import (
	"net/http"
	"strings"
	"testing"
)

// The request's line names what the request was about, and never a text that
// the caller made up.
func TestRequestsAreLoggedByID(t *testing.T) {
	t.Parallel()
	g := start(t)
	id := document(g.post("/invoices", invoice("INV/1")).want(http.StatusAccepted)).ID
	g.get("/invoices/" + id + "/status").want(http.StatusOK)
	g.get("/invoices/" + bootstrapKey).want(http.StatusNotFound)
	g.get("/invoices/{" + id + "}").want(http.StatusNotFound)
	lines := func(route, id string) int {
		n := 0
		for line := range strings.Lines(g.log.String()) {
			if strings.Contains(line, `"route":"`+route+`","id":"`+id+`"`) {
				n++
			}
		}
		return n
	}
	eventually(t, func() bool { return lines("/invoices/{id}", "") == 2 }) // the last lines come after their answers
	if lines("/invoices", id) != 1 || lines("/invoices/{id}/status", id) != 1 {
		t.Errorf("the requests about %s are not logged with it:\n%s", id, g.log)
	}
	if strings.Contains(g.log.String(), bootstrapKey) {
		t.Error("the log holds a key that somebody took for an id")
	}
}
