package api_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/service"
)

func TestManyAreUploadedAgain(t *testing.T) {
	t.Parallel()
	g := startWith(t, options{workers: true})
	var ids []string
	for i := range 12 {
		ids = append(ids, document(g.post("/invoices", invoice(fmt.Sprintf("INV/%d SIM-BAD-PASSPHRASE", i))).want(http.StatusAccepted)).ID)
	}
	other := document(g.post("/invoices", invoice("INV/other SIM-SAVED-INVALID")).want(http.StatusAccepted)).ID
	for _, id := range append(ids, other) {
		g.await(id, faktur.SavedInvalid)
	}
	for body, code := range map[string]string{
		`{}`:                                     "filter_missing",
		`{"why": "x", "signer": "` + siti + `"}`: "filter_missing",
		`{"date_from": "2026-02-31"}`:            "",
		`{"npwp": "` + seller + `", "signer": "1"}`: "signer_malformed",
	} {
		answer := g.post("/invoices/reupload", body).want(http.StatusUnprocessableEntity)
		if code != "" {
			answer.problem(http.StatusUnprocessableEntity, code)
		}
	}
	const body = `{"reason_code": "REG-KODJP-00024", "why": "a new passphrase"}`
	answer := g.post("/invoices/reupload", body, "Idempotency-Key", "many").want(http.StatusAccepted)
	result := decoded[service.ReuploadResult](answer)
	path := "/invoices/reupload/" + result.ID
	if result.Matched != 12 || result.Requeued != 12 || len(result.Skipped) != 0 || answer.header.Get("Location") != path {
		t.Errorf("%s", answer.body)
	}
	if again := decoded[service.ReuploadResult](g.post("/invoices/reupload", body, "Idempotency-Key", "many").want(http.StatusAccepted)); again.ID != result.ID {
		t.Errorf("again: %+v", again)
	}
	for _, id := range ids {
		g.await(id, faktur.Approved)
	}
	if p := decoded[service.ReuploadProgress](g.get(path).want(http.StatusOK)); p.Total != 12 || p.Done != 12 || p.ByStatus[faktur.Approved] != 12 || len(p.Failed) != 0 {
		t.Errorf("progress %+v", p)
	}
	failing := decoded[service.ReuploadResult](g.post("/invoices/reupload", `{"references": ["INV/other SIM-SAVED-INVALID", "INV/none"]}`).want(http.StatusAccepted))
	if failing.Matched != 1 || failing.Requeued != 1 {
		t.Errorf("%+v", failing)
	}
	for after := int64(6); ; {
		view := decoded[faktur.StatusView](g.get(fmt.Sprintf("/invoices/%s/status?wait=10s&after=%d", other, after)).want(http.StatusOK))
		if after = view.Sequence; view.Status == faktur.SavedInvalid {
			break
		}
	}
	if p := decoded[service.ReuploadProgress](g.get("/invoices/reupload/" + failing.ID).want(http.StatusOK)); p.Done != 1 || len(p.Failed) != 1 || p.Failed[0] != other {
		t.Errorf("progress %+v", p)
	}
	g.as("other", service.ScopeRead).get(path).problem(http.StatusNotFound, "not_found")
}
