package simulator_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/simulator"
)

func TestLedgerIsAsTheContractHasIt(t *testing.T) {
	t.Parallel()
	s := open(t, simulator.Config{})
	s.submit(submission("a-1", "INV/2026 1"), submission("b-1", "INV/2"))
	s.submit(submission("b-1", "INV/2"))
	s.token = "" // open to everyone
	got := string(s.call(http.MethodGet, "/ledger", nil).body)
	want := `{"entries":[` +
		`{"client_id":"a-1","reference":"INV/2026 1","accepted":1,"status":"approved","nsfp":"04002600000000001"},` +
		`{"client_id":"b-1","reference":"INV/2","accepted":2,"status":"approved","nsfp":"04002600000000002"}]}` + "\n"
	if got != want {
		t.Errorf("the ledger is\n%swant\n%s", got, want)
	}
	got = string(s.call(http.MethodGet, "/ledger?reference=INV%2F2026+1", nil).body)
	if !strings.Contains(got, "a-1") || strings.Contains(got, "b-1") {
		t.Errorf("of one reference: %s", got)
	}
	if got := string(s.call(http.MethodGet, "/ledger?reference=none", nil).body); got != `{"entries":[]}`+"\n" {
		t.Errorf("of none: %s", got)
	}
}

func TestDedupIsDescribed(t *testing.T) {
	t.Parallel()
	for _, dedup := range []bool{false, true} {
		s := open(t, simulator.Config{Dedup: dedup, CallsPerMinute: 60})
		type described struct {
			Name           string   `json:"name"`
			Livemode       bool     `json:"livemode"`
			ResendHarmless bool     `json:"resend_harmless"`
			MaxBatch       int      `json:"max_batch"`
			CallsPerMinute int      `json:"calls_per_minute"`
			Capabilities   []string `json:"capabilities"`
		}
		want := described{"fakturgate simulator", false, dedup, 500, 60, []string{"look_up", "changes", "replace", "cancel", "down_payment", "returns"}}
		if diff := cmp.Diff(want, read[described](t, s.call(http.MethodGet, "/v1/connector", nil))); diff != "" {
			t.Errorf("descriptor (-want +got):\n%s", diff)
		}
	}
}

// TestResendAnswersThePresentState, and other content under a known client id is refused.
func TestResendAnswersThePresentState(t *testing.T) {
	t.Parallel()
	for _, dedup := range []bool{false, true} {
		s := open(t, simulator.Config{Dedup: dedup})
		s.submit(submission("a-1", "INV/1"))
		s.clock.Advance(long)
		if got := results(t, s.submit(submission("a-1", "INV/1")))[0]; got.Outcome != "taken" || got.Status != faktur.Approved || got.NSFP == "" {
			t.Errorf("dedup %v: the resend is answered with %+v", dedup, got)
		}
		if got := results(t, s.submit(submission("a-1", "INV/2")))[0]; got.Outcome != "refused" || got.code() != "client_id_reused" {
			t.Errorf("dedup %v: another document under its client id is answered with %+v", dedup, got)
		}
	}
}

func TestLookupLag(t *testing.T) {
	t.Parallel()
	s := open(t, simulator.Config{LookupLag: 30 * time.Second})
	s.submit(submission("a-1", "INV/1"))
	s.clock.Advance(29 * time.Second)
	if got := s.lookUp("a-1")[0]; len(got.Entries) != 0 {
		t.Errorf("look-up sees it too early: %+v", got)
	}
	if got := s.status("a-1")[0]; got.Status != faktur.Approved {
		t.Errorf("status has no lag, and says %+v", got)
	}
	s.clock.Advance(time.Second)
	if got := s.lookUp("a-1")[0]; len(got.Entries) != 1 || got.Entries[0].Status != faktur.Approved {
		t.Errorf("after the lag look-up sees %+v", got)
	}
}

func TestLookUpByReferenceListsEveryAttempt(t *testing.T) {
	t.Parallel()
	s := open(t, simulator.Config{})
	s.expect(submission("a-1", "SIM-SAVED-INVALID"), long, faktur.SavedInvalid, "buyer_nitku_invalid")
	s.expect(submission("a-2", "SIM-SAVED-INVALID", named("x")), long, faktur.Approved, "")
	got := results(t, s.call(http.MethodPost, "/v1/submissions/look-up", object{"references": []any{
		object{"seller_npwp": seller, "reference": "SIM-SAVED-INVALID"},
		object{"seller_npwp": "0098765431109000", "reference": "SIM-SAVED-INVALID"},
	}}))
	if len(got) != 2 || len(got[0].Entries) != 2 || got[0].Entries[1].ClientID != "a-2" || len(got[1].Entries) != 0 {
		t.Errorf("look-up by reference gives %+v, want both attempts of the one seller, none of the other", got)
	}
	both := s.call(http.MethodPost, "/v1/submissions/look-up", object{"client_ids": []string{"a"}, "references": []any{object{"seller_npwp": seller, "reference": "x"}}})
	if both.code != http.StatusUnprocessableEntity {
		t.Errorf("both at once: %d", both.code)
	}
}

func TestBudget(t *testing.T) {
	t.Parallel()
	s := open(t, simulator.Config{CallsPerMinute: 3})
	s.clock.Advance(20 * time.Second)
	s.status("a")
	s.lookUp("a")
	s.changes("", 1)
	got := s.call(http.MethodPost, "/v1/submissions/status", object{"client_ids": []string{"a"}})
	if got.code != http.StatusTooManyRequests || got.retryAfter != "40" || problemCode(t, got) != "rate_limited" {
		t.Errorf("the fourth call in a minute: %d, Retry-After %q", got.code, got.retryAfter)
	}
	results(t, s.submit(submission("a-1", "INV/1"))) // handing over is not budgeted
	s.clock.Advance(40 * time.Second)
	s.status("a")
}

func TestRefusedAtTheDoor(t *testing.T) {
	t.Parallel()
	line := func(value any, key string) func(object) { return set(value, "invoice", "lines", 0, key) }
	for code, edit := range map[string]func(object){
		"buyer_npwp_invalid":  set("123", "invoice", "buyer", "id_number"),
		"buyer_nitku_invalid": set("0012345674901000000000", "invoice", "buyer", "nitku"),
		"buyer_nik_invalid":   set(object{"id_type": "nik", "id_number": "1", "name": "Budi", "address": "-", "country": "IDN"}, "invoice", "buyer"),
		"dpp_mismatch":        line("2.00", "quantity"),
		"ppn_mismatch":        line("10000.00", "ppn"),
		"totals_mismatch":     set("99999.99", "totals", "dpp"),
		"replaced_unknown":    set("04002600000000009", "replaces_nsfp"),
		"first_nsfp_missing":  set(object{"type": "settlement", "dpp": "1.00", "ppn": "0.12", "ppnbm": "0.00"}, "invoice", "payment"),
	} {
		s := open(t, simulator.Config{})
		got := results(t, s.submit(submission("a-1", "INV/1"), submission("b-1", "INV/2", edit), submission("c-1", "INV/3")))
		if got[1].Outcome != "refused" || got[1].code() != code || got[1].Reason.Action != faktur.ActionCorrectContent {
			t.Errorf("%s: answered %+v (%s)", code, got[1], got[1].code())
		}
		if got[0].Outcome != "taken" || got[2].Outcome != "taken" || len(s.ledger("")) != 2 {
			t.Errorf("%s: it harmed the others: %+v", code, got)
		}
	}
}

// TestAmountsThatAreRight: what the gateway files within a tolerance is taken.
func TestAmountsThatAreRight(t *testing.T) {
	t.Parallel()
	s := open(t, simulator.Config{})
	big := object{"dpp": "999999999999999.99", "other_dpp": "916666666666666.66", "ppn": "110000000000000.00", "ppnbm": "0.00", "discount": "0.00"}
	huge := submission("a-1", "INV/1", set(big, "totals"))
	for key, value := range map[string]any{"unit_price": "999999999999999.99", "dpp": big["dpp"], "other_dpp": big["other_dpp"], "ppn": big["ppn"]} {
		set(value, "invoice", "lines", 0, key)(huge)
	}
	code05 := submission("b-1", "INV/2", set("05", "invoice", "trx_code"), set("1.00", "invoice", "lines", 0, "ppn"), set("1.00", "totals", "ppn"))
	effective := submission("c-1", "INV/3", set("0.11", "invoice", "lines", 0, "ppn_rate"), set("100.83", "invoice", "lines", 0, "ppn"), set("100.83", "totals", "ppn"))
	for _, got := range results(t, s.submit(huge, code05, effective)) {
		if got.Outcome != "taken" {
			t.Errorf("%s: answered %+v (%s)", got.ClientID, got, got.code())
		}
	}
}

func TestCallsThatAreTurnedAway(t *testing.T) {
	t.Parallel()
	one := []object{submission("a-1", "INV/1")}
	body := func(edit func(object)) object {
		call := object{"livemode": false, "submissions": []any{submission("a-1", "INV/1")}}
		edit(call)
		return call
	}
	for _, test := range []struct {
		name   string
		path   string
		body   any
		status int
		code   string
	}{
		{"a live one", "/v1/submissions", object{"livemode": true, "submissions": one}, 409, "livemode_mismatch"},
		{"a live return", "/v1/returns", object{"livemode": true, "returns": []any{}}, 409, "livemode_mismatch"},
		{"livemode is missing", "/v1/submissions", object{"submissions": one}, 422, "invalid"},
		{"not JSON", "/v1/submissions", []byte("{"), 400, "json_malformed"},
		{"two values", "/v1/submissions", []byte("{}{}"), 400, "json_malformed"},
		{"duplicate keys", "/v1/submissions", []byte(`{"livemode":false,"livemode":false}`), 400, "json_malformed"},
		{"an empty body", "/v1/submissions", []byte(""), 400, "json_malformed"},
		{"wrong type", "/v1/submissions", object{"livemode": "no"}, 422, "wrong_type"},
		{"unknown field", "/v1/submissions", body(set(1, "submissions", 0, "more")), 422, "unknown_field"},
		{"an empty batch", "/v1/submissions", object{"livemode": false, "submissions": []any{}}, 422, "invalid"},
		{"31 February", "/v1/submissions", body(set("2026-02-31", "submissions", 0, "invoice", "date")), 422, "wrong_type"},
		{"no date", "/v1/submissions", body(set("", "submissions", 0, "invoice", "date")), 422, "wrong_type"},
		{"three decimals", "/v1/submissions", body(set("1.000", "submissions", 0, "totals", "dpp")), 422, "wrong_type"},
		{"a number for an amount", "/v1/submissions", body(set(1, "submissions", 0, "totals", "dpp")), 422, "wrong_type"},
		{"a negative amount", "/v1/submissions", body(set("-1.00", "submissions", 0, "totals", "dpp")), 422, "wrong_type"},
		{"a null amount", "/v1/submissions", body(set(nil, "submissions", 0, "totals", "dpp")), 422, "invalid"},
		{"a missing amount", "/v1/submissions", body(set(object{}, "submissions", 0, "totals")), 422, "invalid"},
		{"a rate of another form", "/v1/submissions", body(set("12.", "submissions", 0, "invoice", "lines", 0, "ppn_rate")), 422, "wrong_type"},
		{"a client id with a slash", "/v1/submissions", body(set("a/1", "submissions", 0, "client_id")), 422, "invalid"},
		{"code 11", "/v1/submissions", body(set("11", "submissions", 0, "invoice", "trx_code")), 422, "invalid"},
		{"no client ids", "/v1/submissions/status", object{}, 422, "invalid"},
		{"too many", "/v1/submissions/status", object{"client_ids": make([]string, 501)}, 413, "batch_too_large"},
		{"too large", "/v1/submissions", []byte(`{"livemode":` + strings.Repeat(" ", 33<<20) + `false}`), 413, "body_too_large"},
		{"cancel of nothing", "/v1/submissions/none/cancel", object{"livemode": false}, 404, "not_found"},
		{"cancel of a live one", "/v1/submissions/none/cancel", object{"livemode": true}, 409, "livemode_mismatch"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, simulator.Config{})
			got := s.call(http.MethodPost, test.path, test.body)
			if got.code != test.status || problemCode(t, got) != test.code {
				t.Errorf("answered %d %s, want %d %s", got.code, got.body, test.status, test.code)
			}
			if l := s.ledger(""); len(l) != 0 {
				t.Errorf("it took %+v", l)
			}
		})
	}
}

func TestToken(t *testing.T) {
	t.Parallel()
	s := open(t, simulator.Config{})
	for _, wrong := range []string{"", "T", "tt", "t "} {
		s.token = wrong
		if got := s.call(http.MethodGet, "/v1/connector", nil); got.code != http.StatusUnauthorized || problemCode(t, got) != "unauthorized" {
			t.Errorf("with the token %q: %d %s", wrong, got.code, got.body)
		}
	}
	if got := s.call(http.MethodGet, "/v2", nil); got.code != http.StatusNotFound || problemCode(t, got) != "not_found" {
		t.Errorf("another route: %d %s", got.code, got.body)
	}
}

func TestCursorOfAnotherMemoryIsRefused(t *testing.T) {
	t.Parallel()
	s := open(t, simulator.Config{}).unheld()
	for _, query := range []string{"after=1", "after=x", "after=-1", "limit=0", "limit=5001", "limit=x"} {
		if got := s.call(http.MethodGet, "/v1/changes?"+query, nil); got.code != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", query, got.code, got.body)
		}
	}
}
