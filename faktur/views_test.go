package faktur_test

import (
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/fakturgate/fakturgate/faktur"
)

func TestStatusView(t *testing.T) {
	t.Parallel()
	d := document(faktur.SavedInvalid)
	d.CoretaxStatus = "Saved Invalid"
	d.Reason = &faktur.Reason{Code: "REG-KODJP-00024", Action: faktur.ActionRetry, Message: "Passphrase salah", Origin: faktur.OriginTaxSystem}
	d.UpdatedAt = time.Date(2026, 11, 22, 15, 0, 0, 123456000, faktur.Jakarta)
	// CONTRACT, GET /invoices/{id}/status.
	const want = `{"id":"0199c9a4-7a52-7d0e-8f3c-2b1f6d1c9a10","reference":"INV/2026/11/0001","seller_npwp":"0012345674901000","livemode":false,` +
		`"status":"saved_invalid","coretax_status":"Saved Invalid","nsfp":null,` +
		`"reason":{"code":"REG-KODJP-00024","action":"retry","message":"Passphrase salah","origin":"tax_system"},"sequence":3,"updated_at":"2026-11-22T08:00:00.123456Z"}`
	got, err := json.Marshal(faktur.NewStatusView(d))
	if err != nil || string(got) != want {
		t.Errorf("the view is\n%s (%v), want\n%s", got, err, want)
	}
}

// What the API shows of a document decodes strictly as what it is, so that
// GET, edit, PUT works.
func TestStoredInvoiceComesBackStrictly(t *testing.T) {
	t.Parallel()
	inv := example(t, "facility-07")
	a, err := assess(inv)
	if err != nil {
		t.Fatal(err)
	}
	shown := encode(t, faktur.NewStoredInvoice(document(faktur.Queued), inv, &a))
	back := decode[faktur.StoredInvoice](t, shown)
	if faktur.ContentHash(faktur.Given(back.TaxInvoice, inv, a)) != faktur.ContentHash(inv) {
		t.Errorf("it came back as another content:\n%s", shown)
	}
	if string(encode(t, back)) != string(shown) {
		t.Errorf("it is shown otherwise when it came back:\n%s", encode(t, back))
	}
}

func TestNullString(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]faktur.NullString{`null`: "", `"Approved"`: "Approved", `"a\"b"`: `a"b`} {
		got := decode[faktur.NullString](t, []byte(text))
		out, err := json.Marshal(got)
		if got != want || err != nil || string(out) != text {
			t.Errorf("%s is read as %q and written as %s (%v)", text, got, out, err)
		}
	}
	var s faktur.NullString
	if err := json.Unmarshal([]byte(`7`), &s); err == nil {
		t.Error("a number is no text")
	}
}
