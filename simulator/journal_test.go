package simulator

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

// TestWriteFails: a disk that fails in the middle of a call. That call and all
// after it fail, and a restart knows only what was answered as taken.
func TestWriteFails(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state")
	sim, err := New(Config{State: path})
	if err != nil {
		t.Fatal(err)
	}
	submit := func(name string) int {
		body := `{"livemode":false,"returns":[{"client_id":"NAME","buyer_npwp":"0098765431109000","reference":"NAME","date":"2026-11-25","nsfp":"04002600000000001","seller_npwp":"0012345674901000",
			"lines":[{"kind":"goods","code":"000000","name":"x","unit":"UM.0018","unit_price":"1.00","quantity":"1.00","return_quantity":"1.00","return_discount":"0.00","return_dpp":"1.00","return_other_dpp":"0.92","return_ppn":"0.11","ppnbm_rate":"0","return_ppnbm":"0.00"}],
			"totals":{"return_dpp":"1.00","return_other_dpp":"0.92","return_ppn":"0.11","return_ppnbm":"0.00"}}]}`
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/returns", strings.NewReader(strings.ReplaceAll(body, "NAME", name)))
		sim.Handler().ServeHTTP(w, r)
		return w.Code
	}
	if code := submit("a"); code != http.StatusOK {
		t.Fatalf("the first is answered %d", code)
	}
	if err := sim.journal.file.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"b", "c"} {
		if code := submit(name); code != http.StatusInternalServerError {
			t.Errorf("%s is answered %d, want 500", name, code)
		}
	}
	if _, err := sim.Ledger(""); err == nil {
		t.Error("the ledger answers what a restart would not know")
	}
	after, err := New(Config{State: path})
	if err != nil {
		t.Fatal(err)
	}
	if entries, err := after.Ledger(""); err != nil || len(entries) != 1 || entries[0].ClientID != "a" {
		t.Errorf("after a restart the ledger has %+v, %v", entries, err)
	}
	if err := after.Close(); err != nil {
		t.Error(err)
	}
}
