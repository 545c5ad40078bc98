package simulator_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/simulator"
)

type cancelled struct {
	Result standing `json:"result"`
}

func (s *side) cancel(clientID string) reply {
	s.t.Helper()
	return s.call(http.MethodPost, "/v1/submissions/"+clientID+"/cancel", object{"livemode": false})
}

func (s *side) statusIs(clientID string, want faktur.Status) {
	s.t.Helper()
	if got := s.status(clientID)[0]; got.Status != want {
		s.t.Errorf("%s is %s, want %s", clientID, got.Status, want)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		reference     string
		answer, later faktur.Status
	}{
		{"INV/1", faktur.Cancelled, faktur.Cancelled},
		{"SIM-BUYER-CONSENT", faktur.CancellationPending, faktur.Cancelled},
		{"SIM-BUYER-REFUSES", faktur.CancellationPending, faktur.Approved},
	} {
		s := open(t, simulator.Config{SigningDelay: time.Second})
		s.expect(submission("a-1", test.reference), 0, faktur.SigningInProgress, "")
		if got := s.cancel("a-1"); got.code != http.StatusConflict || problemCode(t, got) != "cannot_cancel" {
			t.Errorf("%s: while signing: %d %s", test.reference, got.code, got.body)
		}
		s.clock.Advance(long)
		for range 2 { // repeating it is harmless
			if got := read[cancelled](t, s.cancel("a-1")).Result; got.Status != test.answer || got.NSFP == "" {
				t.Errorf("%s: answered %+v, want %s", test.reference, got, test.answer)
			}
		}
		s.clock.Advance(long)
		s.statusIs("a-1", test.later)
	}
}

// TestCancelLosesItsAnswer: as a submission does, with the same words; it is done.
func TestCancelLosesItsAnswer(t *testing.T) {
	t.Parallel()
	s := open(t, simulator.Config{})
	s.submit(submission("a-1", "SIM-502"))
	s.clock.Advance(long)
	if got := s.cancel("a-1"); got.code != http.StatusBadGateway {
		t.Errorf("answered %d", got.code)
	}
	if got := read[cancelled](t, s.cancel("a-1")).Result; got.Status != faktur.Cancelled {
		t.Errorf("asked again: %+v", got)
	}
}

// TestReplace: the serial is kept and the counter counts; the original is
// amended at once, or when its buyer agrees.
func TestReplace(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		reference    string
		first, later faktur.Status
	}{
		{"INV/1", faktur.Amended, faktur.Amended},
		{"SIM-BUYER-CONSENT", faktur.AmendmentPending, faktur.Amended},
		{"SIM-BUYER-REFUSES", faktur.AmendmentPending, faktur.Approved},
	} {
		s := open(t, simulator.Config{SigningDelay: 10 * time.Second})
		s.expect(submission("other-1", "INV/0"), long, faktur.Approved, "")
		original := s.expect(submission("a-1", test.reference), long, faktur.Approved, "")
		replaces := func(nsfp string) func(object) { return set(nsfp, "replaces_nsfp") }
		s.submit(submission("a-2", "INV/R", replaces(original.NSFP), named("x")))
		for s.status("a-2")[0].Status == faktur.SigningInProgress {
			s.statusIs("a-1", faktur.Approved)
			s.clock.Advance(time.Second)
		}
		s.statusIs("a-1", test.first)
		s.clock.Advance(long)
		s.statusIs("a-1", test.later)
		replacement := s.status("a-2")[0]
		if original.NSFP != "04002600000000002" || replacement.NSFP != "04012600000000002" {
			t.Errorf("%s is replaced by %s, want serial 2 kept and the counter at 01", original.NSFP, replacement.NSFP)
		}
		if test.later == faktur.Amended {
			again := s.expect(submission("a-3", "INV/R", replaces(replacement.NSFP)), long, faktur.Approved, "")
			if again.NSFP != "04022600000000002" {
				t.Errorf("replaced again by %s, want the counter at 02", again.NSFP)
			}
		}
		other := submission("a-4", "INV/R", replaces(s.status("other-1")[0].NSFP), set("0012345674901000", "invoice", "buyer", "id_number"), set("0012345674901000000000", "invoice", "buyer", "nitku"))
		if got := results(t, s.submit(other))[0]; got.Outcome != "refused" || got.code() != "buyer_changed" {
			t.Errorf("a replacement for another buyer is answered with %+v", got)
		}
	}
}

// TestReplaceOfWhatWasCancelledMeanwhile cannot be signed.
func TestReplaceOfWhatWasCancelledMeanwhile(t *testing.T) {
	t.Parallel()
	s := open(t, simulator.Config{SigningDelay: time.Second})
	original := s.expect(submission("a-1", "INV/1"), long, faktur.Approved, "")
	s.submit(submission("a-2", "INV/1", set(original.NSFP, "replaces_nsfp")))
	s.cancel("a-1")
	s.clock.Advance(long)
	if got := s.status("a-2")[0]; got.Status != faktur.SavedInvalid || got.code() != "replaced_not_approved" {
		t.Errorf("it is %+v", got)
	}
}

func TestReturns(t *testing.T) {
	t.Parallel()
	s := open(t, simulator.Config{SigningDelay: time.Second})
	doc := func(clientID, reference, quantity string) object {
		return object{"client_id": clientID, "buyer_npwp": "0098765431109000", "reference": reference, "date": "2026-11-25",
			"nsfp": "04002600000000001", "seller_npwp": seller,
			"lines": []any{object{"kind": "goods", "code": "000000", "name": "Kertas A4", "unit": "UM.0018", "unit_price": "100000.00", "quantity": "10.00",
				"return_quantity": quantity, "return_discount": "0.00", "return_dpp": "100000.00", "return_other_dpp": "91666.67", "return_ppn": "11000.00",
				"ppnbm_rate": "0", "return_ppnbm": "0.00"}},
			"totals": object{"return_dpp": "100000.00", "return_other_dpp": "91666.67", "return_ppn": "11000.00", "return_ppnbm": "0.00"}}
	}
	got := results(t, s.call(http.MethodPost, "/v1/returns", object{"livemode": false, "returns": []any{
		doc("a-1", "RET/1", "1.00"), doc("b-1", "RET/2", "11.00"), doc("c-1", "RET/SIM-SAVED-INVALID", "1.00")}}))
	if got[0].Outcome != "taken" || got[1].Outcome != "refused" || got[1].code() != "return_quantity" {
		t.Errorf("answered %+v", got)
	}
	s.clock.Advance(long)
	after := s.status("a-1", "c-1")
	if after[0].Status != faktur.Approved || after[0].NSFP != "04002600000000001" || after[1].Status != faktur.SavedInvalid {
		t.Errorf("later they are %+v", after)
	}
	if malformed := s.call(http.MethodPost, "/v1/returns", object{"livemode": false, "returns": []any{doc("d-1", "RET/3", "1")}}); malformed.code != 422 {
		t.Errorf("a malformed return: %d", malformed.code)
	}
}
