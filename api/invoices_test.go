package api_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/handlers"
	"github.com/fakturgate/fakturgate/repository/repotest"
)

func TestAnInvoiceIsAcceptedAndFound(t *testing.T) {
	t.Parallel()
	g := start(t)
	accepted := g.post("/invoices", invoice("INV/1")).want(http.StatusAccepted)
	d := document(accepted)
	if got := accepted.header.Get("Location"); got != "/invoices/"+d.ID {
		t.Errorf("Location: %s", got)
	}
	if d.Status != faktur.Queued || d.Sequence != 1 || d.Totals.PPN.String() != "11000.00" || d.Lines[0].OtherDPP.String() != "91666.67" {
		t.Errorf("accepted %s", accepted.body)
	}
	found := g.get("/invoices/" + d.ID).want(http.StatusOK)
	if string(found.body) != string(accepted.body) {
		t.Errorf("accepted\n%s\nfound\n%s", accepted.body, found.body)
	}
	if got := found.header.Get("ETag"); got != `"1"` {
		t.Errorf("ETag: %s", got)
	}
	view := decoded[faktur.StatusView](g.get("/invoices/" + d.ID + "/status").want(http.StatusOK))
	if view.ID != d.ID || view.Status != faktur.Queued || view.Sequence != 1 {
		t.Errorf("status %+v", view)
	}
	history := decoded[handlers.List[handlers.Event]](g.get("/invoices/" + d.ID + "/events").want(http.StatusOK))
	if len(history.Data) != 1 || history.Data[0].Type != "invoice.queued" {
		t.Errorf("history %+v", history)
	}
}

// Validate is POST /invoices without the storing.
func TestValidateStoresNothing(t *testing.T) {
	t.Parallel()
	g := start(t)
	preview := document(g.post("/invoices/validate", invoice("INV/1")).want(http.StatusOK))
	if preview.Totals.PPN.String() != "11000.00" || preview.ID != "" {
		t.Errorf("previewed %+v", preview)
	}
	g.post("/invoices/validate", invoice("INV/1", `"100000.00"`, `"1.005"`)).problem(http.StatusUnprocessableEntity, "too_many_decimals")
	if list := decoded[handlers.List[faktur.StoredInvoice]](g.get("/invoices").want(http.StatusOK)); len(list.Data) != 0 {
		t.Errorf("validate stored %+v", list.Data)
	}
}

func TestAReferenceIsReplayedOrRefused(t *testing.T) {
	t.Parallel()
	g := start(t)
	first := g.post("/invoices", invoice("INV/1")).want(http.StatusAccepted)
	if first.header.Get("Idempotent-Replayed") != "" {
		t.Error("the first answer says that it is a replay")
	}
	// The same content, written differently.
	again := g.post("/invoices", invoice("INV/1", `"quantity": "1"`, `"quantity": 1.00`)).want(http.StatusOK)
	if again.header.Get("Idempotent-Replayed") != "true" || document(again).ID != document(first).ID ||
		again.header.Get("Location") != first.header.Get("Location") {
		t.Errorf("replayed %v %s", again.header, again.body)
	}
	p := g.post("/invoices", invoice("INV/1", "Kertas A4", "Kertas A3")).problem(http.StatusConflict, "reference_conflict")
	if p.DocumentID != document(first).ID || p.DocumentStatus != faktur.Queued {
		t.Errorf("the conflict names %s, %s", p.DocumentID, p.DocumentStatus)
	}
}

func TestListsAreFilteredAndPaged(t *testing.T) {
	t.Parallel()
	g := start(t)
	var ids []string
	for _, reference := range []string{"INV/1", "INV/2", "INV/3"} {
		ids = append(ids, document(g.post("/invoices", invoice(reference)).want(http.StatusAccepted)).ID)
	}
	slices.Reverse(ids)
	var found []string
	for path := "/invoices?limit=2"; path != ""; {
		page := decoded[handlers.List[faktur.StoredInvoice]](g.get(path).want(http.StatusOK))
		for _, i := range page.Data {
			found = append(found, i.ID)
		}
		path = ""
		if page.NextCursor != "" {
			path = "/invoices?limit=2&cursor=" + string(page.NextCursor)
		}
	}
	if !slices.Equal(found, ids) {
		t.Errorf("paged through %v, want %v", found, ids)
	}
	for query, want := range map[string]int{
		"reference=INV/2": 1, "status=queued": 3, "status=approved": 0, "npwp=" + seller: 3, "npwp=0099999999901000": 0,
		"buyer=0098765431109000": 3, "nsfp=1": 0, "date_from=2026-11-22&date_to=2026-11-22": 3, "date_to=2026-11-21": 0,
		"date_from=2026-11-23": 0, "deadline_before=2026-12-20": 0, "deadline_before=2026-12-21": 3,
		"updated_since=2026-11-22T08:00:00Z": 3, "updated_since=2026-11-22T08:00:01Z": 0, "status=queued&reference=INV/1": 1,
	} {
		page := decoded[handlers.List[faktur.StoredInvoice]](g.get("/invoices?" + query).want(http.StatusOK))
		if len(page.Data) != want {
			t.Errorf("%s finds %d, want %d", query, len(page.Data), want)
		}
	}
}

// GET, edit, PUT works, amounts that the gateway had computed included.
func TestAnInvoiceIsCorrectedAndUploadedAgain(t *testing.T) {
	t.Parallel()
	g := start(t)
	id := document(g.post("/invoices", invoice("INV/1")).want(http.StatusAccepted)).ID
	got := g.get("/invoices/" + id).want(http.StatusOK)
	edited := strings.Replace(string(got.body), `"quantity":"1.00"`, `"quantity":"2.00"`, 1)

	corrected := g.put("/invoices/"+id, edited, "If-Match", got.header.Get("ETag")).want(http.StatusOK)
	d := document(corrected)
	if d.Totals.PPN.String() != "22000.00" || d.Sequence != 2 || corrected.header.Get("ETag") != `"2"` {
		t.Errorf("corrected to %s", corrected.body)
	}
	g.put("/invoices/"+id, edited, "If-Match", got.header.Get("ETag")).problem(http.StatusPreconditionFailed, "stale")
	g.put("/invoices/"+id, edited, "If-Match", `"nonsense"`).problem(http.StatusPreconditionFailed, "stale")
	g.put("/invoices/"+id, string(corrected.body), "If-Match", "*").want(http.StatusOK)
	g.put("/invoices/"+id, string(corrected.body)).want(http.StatusOK)
	p := g.put("/invoices/"+id, strings.Replace(edited, "INV/1", "INV/2", 1)).problem(http.StatusUnprocessableEntity, "reference_fixed")
	if len(p.Errors) != 1 || p.Errors[0].Pointer != "/reference" {
		t.Errorf("refused with %+v", p.Errors)
	}
	g.post("/invoices/"+id+"/reupload", "").problem(http.StatusConflict, "transition_not_allowed")
}

func TestACancelIsDoneOnceAndMayBeRepeated(t *testing.T) {
	t.Parallel()
	g := start(t)
	id := document(g.post("/invoices", invoice("INV/1")).want(http.StatusAccepted)).ID
	for range 2 {
		if d := document(g.post("/invoices/"+id+"/cancel", "").want(http.StatusOK)); d.Status != faktur.Cancelled || d.Sequence != 2 {
			t.Errorf("cancelled to %+v", d)
		}
	}
	p := g.put("/invoices/"+id, invoice("INV/1")).problem(http.StatusConflict, "transition_not_allowed")
	if p.DocumentID != id || p.DocumentStatus != faktur.Cancelled {
		t.Errorf("the conflict names %s, %s", p.DocumentID, p.DocumentStatus)
	}
	g.post("/invoices/"+id+"/cancel", `{"why": "wrong buyer"}`).problem(http.StatusUnprocessableEntity, "unknown_field")
	g.post("/invoices", invoice("INV/1", "Kertas A4", "Kertas A3")).want(http.StatusAccepted) // the reference is free again
}

func TestAnETagSparesTheBody(t *testing.T) {
	t.Parallel()
	g := start(t)
	id := document(g.post("/invoices", invoice("INV/1")).want(http.StatusAccepted)).ID
	unchanged := g.get("/invoices/"+id, "If-None-Match", `W/"7", "1"`).want(http.StatusNotModified)
	if len(unchanged.body) != 0 || unchanged.header.Get("ETag") != `"1"` {
		t.Errorf("answered %v %s", unchanged.header, unchanged.body)
	}
	g.get("/invoices/"+id, "If-None-Match", `"2"`).want(http.StatusOK)
}

// The whole way, once: to Saved Invalid, corrected, uploaded again, approved.
func TestAnInvoiceLives(t *testing.T) {
	t.Parallel()
	g := startWith(t, options{workers: true})
	approved := g.await(document(g.post("/invoices", invoice("INV/1")).want(http.StatusAccepted)).ID, faktur.Approved)
	if approved.NSFP == "" || approved.CoretaxStatus == "" {
		t.Errorf("approved as %+v", approved)
	}
	id := document(g.post("/invoices", invoice("SIM-SAVED-INVALID/2")).want(http.StatusAccepted)).ID
	invalid := g.await(id, faktur.SavedInvalid)
	if invalid.Reason == nil || invalid.Reason.Action == "" {
		t.Errorf("refused as %+v", invalid)
	}
	for _, signer := range []string{`317401550680000`, `31.74.01.550680.0001`, `3174015506800001\u0000`} {
		g.post("/invoices/"+id+"/reupload", `{"signer": "`+signer+`"}`).problem(http.StatusUnprocessableEntity, "signer_malformed")
	}
	d := document(g.post("/invoices/"+id+"/reupload", `{"signer": "3174015506800001"}`).want(http.StatusAccepted))
	if d.Attempt != 2 {
		t.Errorf("uploaded again as %+v", d)
	}
	g.get("/invoices/" + id + "/events").want(http.StatusOK)
}

// await long-polls until a document has a status.
func (g *gateway) await(id string, status faktur.Status) faktur.StatusView {
	g.t.Helper()
	path := "/invoices/" + id + "/status?wait=10s&after="
	after := "0"
	for deadline := time.Now().Add(repotest.Patience); time.Now().Before(deadline); {
		view := decoded[faktur.StatusView](g.get(path + after).want(http.StatusOK))
		if view.Status == status {
			return view
		}
		after = strconv.FormatInt(view.Sequence, 10)
	}
	g.t.Fatalf("%s never became %s", id, status)
	return faktur.StatusView{}
}
