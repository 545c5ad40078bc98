package api_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/handlers"
)

type batchAnswer = handlers.BatchAnswer[*faktur.StoredInvoice]

func batch(invoices ...string) string { return `{"invoices": [` + strings.Join(invoices, ",\n") + `]}` }

// One bad row harms no other, and every row's answer stands in its place.
func TestABatchDecidesEachRowOnItsOwn(t *testing.T) {
	t.Parallel()
	g := start(t)
	g.post("/invoices", invoice("KNOWN")).want(http.StatusAccepted)
	results := decoded[batchAnswer](g.post("/invoices/batch", batch(
		invoice("A"),
		invoice("B", `"100000.00"`, `"1.005"`, `"trx_code"`, `"colour": 1, "trx_code"`),
		`5`,
		invoice("KNOWN"),
		invoice("KNOWN", "Kertas A4", "Kertas A3"),
		invoice("C", `"discount": "0.00"}`, `"discount": "0.00"}`+strings.Repeat(`, {}`, 5000)),
		invoice("A"),
		invoice("D"),
	)).want(http.StatusMultiStatus)).Results
	var got []string
	for _, r := range results {
		line := http.StatusText(r.Status)
		if r.Document != nil {
			line += " " + r.Document.Reference
		}
		if r.Problem != nil {
			line += " " + r.Problem.Code + " " + r.Problem.Instance
		}
		got = append(got, line)
	}
	want := []string{
		"Accepted A",
		"Unprocessable Entity unknown_field /invoices/batch#/invoices/1",
		"Unprocessable Entity wrong_type /invoices/batch#/invoices/2",
		"OK KNOWN",
		"Conflict reference_conflict /invoices/batch#/invoices/4",
		"Request Entity Too Large too_many_lines /invoices/batch#/invoices/5",
		"OK A",
		"Accepted D",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%s\n%s", diff, g.log)
	}
	// Pointers begin at the row's own invoice.
	var pointers []string
	for _, f := range results[1].Problem.Errors {
		pointers = append(pointers, f.Pointer+" "+f.Code)
	}
	if diff := cmp.Diff([]string{"/colour unknown_field", "/lines/0/unit_price too_many_decimals"}, pointers); diff != "" {
		t.Error(diff)
	}
}

func TestABatchHasBounds(t *testing.T) {
	t.Parallel()
	g := start(t)
	g.post("/invoices/batch", batch()).problem(http.StatusUnprocessableEntity, "batch_size")
	g.post("/invoices/batch", `{}`).problem(http.StatusUnprocessableEntity, "batch_size")
	g.post("/invoices/batch", batch(strings.Fields(strings.Repeat("{} ", 1001))...)).problem(http.StatusUnprocessableEntity, "batch_size")
	g.post("/invoices/batch", `{"invoices": {}}`).problem(http.StatusUnprocessableEntity, "wrong_type")
	g.post("/invoices/batch", `{"invoices": [], "mode": 1}`).problem(http.StatusUnprocessableEntity, "unknown_field")
	g.post("/invoices/batch", `{"invoices": [}`).problem(http.StatusBadRequest, "json_malformed")
	g.post("/invoices/batch", "").problem(http.StatusBadRequest, "body_missing")
	// It may be larger than a single invoice, up to 16 MiB.
	big := invoice("BIG", "Kertas A4", "Kertas", `"address": "`, strings.Repeat(" ", 5<<20)+`"address": "`)
	g.post("/invoices", big).problem(http.StatusRequestEntityTooLarge, "body_too_large")
	g.post("/invoices/batch", batch(big)).want(http.StatusMultiStatus)
	g.post("/invoices/batch", batch(big, big, big, big)).problem(http.StatusRequestEntityTooLarge, "body_too_large")
}

// A batch of nothing but faults is not answered many times its own size.
func TestTheFaultsOfABatchAreBounded(t *testing.T) {
	t.Parallel()
	g := start(t)
	const rows = 100
	bad := `{"lines": [` + strings.TrimSuffix(strings.Repeat("{},", 400), ",") + `]}`
	a := g.post("/invoices/batch", batch(strings.Split(strings.TrimSuffix(strings.Repeat(bad+";", rows), ";"), ";")...)).want(http.StatusMultiStatus)
	sum := 0
	for i, r := range decoded[batchAnswer](a).Results {
		n := len(r.Problem.Errors)
		if sum += n; n < 10 || n > 1000 || !strings.Contains(r.Problem.Detail, " more faults are not listed.") {
			t.Errorf("row %d lists %d faults: %s", i, n, r.Problem.Detail)
		}
	}
	if sum < 10_000 || sum > 10_000+rows*10 {
		t.Errorf("%d faults are listed in %d bytes", sum, len(a.body))
	}
}

func TestAThousandInvoicesFitIntoABatch(t *testing.T) {
	t.Parallel()
	g := start(t)
	rows := make([]string, 1000)
	for i := range rows {
		rows[i] = invoice("INV/" + strconv.Itoa(i))
	}
	results := decoded[batchAnswer](g.post("/invoices/batch", batch(rows...)).want(http.StatusMultiStatus)).Results
	for i, r := range results {
		if r.Status != http.StatusAccepted || r.Document.Reference != "INV/"+strconv.Itoa(i) {
			t.Fatalf("row %d answers %d %+v", i, r.Status, r.Problem)
		}
	}
}
