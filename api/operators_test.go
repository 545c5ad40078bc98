package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/handlers"
)

func TestPauseResumeAndTheAudit(t *testing.T) {
	t.Parallel()
	g := start(t)
	if got := string(g.post("/taxpayers/"+seller+"/pause", `{"why": "the provider is down"}`).want(http.StatusOK).body); !strings.Contains(got, `"paused_at"`) {
		t.Errorf("paused: %s", got)
	}
	g.post("/taxpayers/"+seller+"/pause", ``).want(http.StatusOK)
	if got := string(g.get("/taxpayers/" + seller).want(http.StatusOK).body); !strings.Contains(got, `"paused_at"`) {
		t.Errorf("the registration: %s", got)
	}
	if got := string(g.post("/taxpayers/"+seller+"/resume", `{}`).want(http.StatusOK).body); strings.Contains(got, `"paused_at"`) {
		t.Errorf("resumed: %s", got)
	}
	g.post("/taxpayers/0099999999999000/pause", ``).want(http.StatusNotFound)
	g.post("/taxpayers/"+seller+"/pause", `{"reason": "x"}`).want(http.StatusUnprocessableEntity)
	g.as("default", "invoices:write").post("/taxpayers/"+seller+"/pause", ``).want(http.StatusForbidden)
	g.as("another", "admin").post("/taxpayers/"+seller+"/pause", ``).want(http.StatusNotFound)
	audit := string(g.get("/audit").want(http.StatusOK).body)
	if strings.Count(audit, `"action":"taxpayer.`) != 2 || !strings.Contains(audit, "the provider is down") {
		t.Errorf("the audit: %s", audit)
	}
}

// A cancellation, a replacement and their chain by HTTP.
func TestAfterApproval(t *testing.T) {
	t.Parallel()
	g := startWith(t, options{workers: true})
	approved := func(reference string) string {
		id := document(g.post("/invoices", invoice(reference)).want(http.StatusAccepted)).ID
		for after := int64(0); ; {
			view := decoded[faktur.StatusView](g.get(fmt.Sprintf("/invoices/%s/status?wait=10s&after=%d", id, after)).want(http.StatusOK))
			if view.Status == faktur.Approved {
				return id
			}
			if view.Sequence == after {
				t.Fatalf("%s stays %s", reference, view.Status)
			}
			after = view.Sequence
		}
	}
	id := approved("INV/1")
	content := strings.Replace(invoice("INV/1"), "Kertas A4", "Kertas A3", 1)
	a := g.post("/invoices/"+id+"/replace", content).want(http.StatusAccepted)
	second := document(a)
	if a.header.Get("Location") != "/invoices/"+second.ID || !strings.Contains(string(a.body), `"replaces_id":"`+id) || !strings.Contains(string(a.body), `"upload_deadline":null`) {
		t.Errorf("the replacement: %s, %s", a.header, a.body)
	}
	if again := g.post("/invoices/"+id+"/replace", content).want(http.StatusOK); again.header.Get("Idempotent-Replayed") != "true" || document(again).ID != second.ID {
		t.Errorf("the same again: %s", again.body)
	}
	g.post("/invoices/"+id+"/replace", strings.Replace(content, "Kertas A3", "Kertas A2", 1)).problem(http.StatusConflict, "replacement_exists")
	// The original is in force until it is amended, which may be by now.
	chain := decoded[handlers.Chain](g.get("/invoices/" + second.ID + "/chain").want(http.StatusOK))
	if len(chain.Data) != 2 || chain.Data[0].ID != id || chain.Data[1].ID != second.ID {
		t.Fatalf("the chain: %+v", chain)
	}
	inForce := id
	if chain.Data[0].Status == faktur.Amended {
		inForce = second.ID
	}
	if string(chain.InForce) != inForce {
		t.Errorf("the original is %s, and %s is in force: %+v", chain.Data[0].Status, chain.InForce, chain)
	}
	g.as("another", "invoices:write", "invoices:read").get("/invoices/"+id+"/chain").problem(http.StatusNotFound, "not_found")

	other := approved("INV/2")
	for range 2 {
		if cancelled := document(g.post("/invoices/"+other+"/cancel", "").want(http.StatusOK)); cancelled.Status != faktur.Cancelled {
			t.Errorf("it is %s", cancelled.Status)
		}
	}
	g.post("/invoices/"+other+"/replace", invoice("INV/2")).problem(http.StatusConflict, "transition_not_allowed")
}

func TestResolveByHTTP(t *testing.T) {
	t.Parallel()
	g := start(t)
	id := document(g.post("/invoices", invoice("INV/1")).want(http.StatusAccepted)).ID
	g.post("/invoices/"+id+"/resolve", `{"outcome": "filed", "nsfp": "04002600000000001", "why": "seen"}`).problem(http.StatusConflict, "not_submitting")
	g.post("/invoices/"+id+"/resolve", `{"outcome": "lost"}`).want(http.StatusUnprocessableEntity)
	g.as("default", "invoices:write").post("/invoices/"+id+"/resolve", `{"outcome": "not_filed"}`).want(http.StatusForbidden)
}

func TestResolveAReturnByHTTP(t *testing.T) {
	t.Parallel()
	g := start(t)
	id := decoded[faktur.StoredReturn](g.post("/returns", returned(t)).want(http.StatusAccepted)).ID
	g.post("/returns/"+id+"/resolve", `{"outcome": "approved", "why": "seen"}`).problem(http.StatusConflict, "not_submitting")
	g.post("/returns/"+id+"/resolve", `{"outcome": "approved", "nsfp": "04002600000000001"}`).want(http.StatusUnprocessableEntity)
	g.post("/returns/"+id+"/resolve", `{"outcome": "lost"}`).want(http.StatusUnprocessableEntity)
	g.post("/invoices/"+id+"/resolve", `{"outcome": "filed"}`).want(http.StatusNotFound)
	g.as("default", "invoices:write").post("/returns/"+id+"/resolve", `{"outcome": "not_filed"}`).want(http.StatusForbidden)
}
