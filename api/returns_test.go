package api_test

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/handlers"
)

// returned is the example partial with changes: old, new, ...
func returned(t *testing.T, changes ...string) string {
	t.Helper()
	text, err := os.ReadFile("../docs/examples/returns/partial.json")
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(changes...).Replace(string(text))
}

func TestAReturnIsAcceptedCorrectedAndCancelled(t *testing.T) {
	t.Parallel()
	g := start(t)
	accepted := g.post("/returns", returned(t)).want(http.StatusAccepted)
	ret := decoded[faktur.StoredReturn](accepted)
	path := "/returns/" + ret.ID
	if accepted.header.Get("Location") != path || ret.Status != faktur.Queued || ret.Totals.ReturnPPN.String() != "27445.06" {
		t.Errorf("accepted %v %s", accepted.header, accepted.body)
	}
	if again := g.post("/returns", returned(t)).want(http.StatusOK); again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("replayed %v", again.header)
	}
	if p := g.post("/returns", returned(t, "Tinta hitam", "Tinta biru")).problem(http.StatusConflict, "reference_conflict"); p.DocumentID != ret.ID {
		t.Errorf("the conflict names %s", p.DocumentID)
	}
	if found := g.get(path).want(http.StatusOK); string(found.body) != string(accepted.body) {
		t.Errorf("accepted\n%s\nfound\n%s", accepted.body, found.body)
	}
	g.get("/invoices/"+ret.ID).problem(http.StatusNotFound, "not_found")
	corrected := decoded[faktur.StoredReturn](g.put(path, returned(t, `"return_quantity": "2"`, `"return_quantity": "3"`), "If-Match", `"1"`).want(http.StatusOK))
	if corrected.Lines[0].ReturnQuantity.String() != "3.00" || corrected.Sequence != 2 {
		t.Errorf("corrected %+v", corrected)
	}
	history := decoded[handlers.List[handlers.Event]](g.get(path + "/events").want(http.StatusOK))
	if len(history.Data) != 2 || history.Data[1].Type != "return.corrected" {
		t.Errorf("history %+v", history)
	}
	g.post(path+"/reupload", "").problem(http.StatusConflict, "transition_not_allowed")
	g.post(path+"/cancel", "").want(http.StatusOK)
	if list := decoded[handlers.List[faktur.StoredReturn]](g.get("/returns?status=cancelled&nsfp=04002600000000001").want(http.StatusOK)); len(list.Data) != 1 {
		t.Errorf("listed %+v", list)
	}
}

// A return that a seller files of its own invoice is taken with a warning: who may
// file what is DJP's to say, and that it is refused is not known.
func TestAReturnToOneselfIsDoubted(t *testing.T) {
	t.Parallel()
	g := start(t)
	toOneself := returned(t, `"0098765431109000"`, `"0012345674901000"`)
	accepted := g.post("/returns", toOneself).want(http.StatusAccepted)
	stored := decoded[faktur.StoredReturn](g.get(accepted.header.Get("Location")).want(http.StatusOK))
	for name, warnings := range map[string][]faktur.Fault{
		"accepted": decoded[faktur.StoredReturn](accepted).Warnings, "stored": stored.Warnings,
		"validated": decoded[faktur.ReturnPreview](g.post("/returns/validate", toOneself).want(http.StatusOK)).Warnings,
	} {
		if !slices.ContainsFunc(warnings, func(w faktur.Fault) bool { return w.Pointer == "/seller_npwp" && w.Code == "buyer_is_seller" }) {
			t.Errorf("%s without the doubt: %+v", name, warnings)
		}
	}
}

func TestMoreThanWasBoughtIsRefused(t *testing.T) {
	t.Parallel()
	g := start(t)
	g.post("/returns", returned(t)).want(http.StatusAccepted)
	more := returned(t, "RET/2026/11/0001", "RET/2", `"return_quantity": "2"`, `"return_quantity": "9"`, `"return_quantity": "1", "return_discount": "500.00"`, `"return_quantity": "0"`)
	for _, path := range []string{"/returns", "/returns/validate"} {
		if p := g.post(path, more).problem(http.StatusUnprocessableEntity, "returned_more_than_bought"); len(p.Errors) != 1 || p.Errors[0].Pointer != "/lines/0/return_quantity" {
			t.Errorf("%s: %+v", path, p.Errors)
		}
	}
	g.post("/returns", returned(t, `"0012345674901000"`, `"3174015506800001"`)).problem(http.StatusUnprocessableEntity, "buyer_not_registered")
}
