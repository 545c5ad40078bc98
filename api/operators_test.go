package api_test

import (
	"net/http"
	"strings"
	"testing"
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
