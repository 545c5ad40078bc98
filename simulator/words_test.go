package simulator_test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/simulator"
)

// long is longer than anything takes to sign in these tests.
const long = time.Hour

func TestOrdinaryInvoiceIsSignedAfterAWhile(t *testing.T) {
	t.Parallel()
	s := open(t, simulator.Config{SigningDelay: 2 * time.Second})
	taken := results(t, s.submit(submission("a-1", "INV/1"), submission("b-1", "INV/2")))
	if taken[0].Outcome != "taken" || taken[0].Status != faktur.SigningInProgress || taken[0].CoretaxStatus != "Signing In Progress" {
		t.Fatalf("answered %+v, want it taken and signing", taken[0])
	}
	s.clock.Advance(999 * time.Millisecond) // half of the delay at least
	if got := s.status("a-1")[0]; got.Status != faktur.SigningInProgress || got.NSFP != "" {
		t.Errorf("after a second: %+v, want it signing still", got)
	}
	s.clock.Advance(2001 * time.Millisecond) // one and a half of it at most
	got := s.status("a-1", "b-1", "c-1")
	if got[0].Status != faktur.Approved || got[0].CoretaxStatus != "Approved" || !strings.HasPrefix(got[0].NSFP, "040026") || len(got[0].NSFP) != 17 {
		t.Errorf("after three seconds: %+v, want it approved under a number of 17 digits: 04, 00, 26 and a serial", got[0])
	}
	if got[1].NSFP == got[0].NSFP || got[2].Found {
		t.Errorf("the second is %+v, what was never sent %+v", got[1], got[2])
	}
}

func TestWordsForceTheOutcome(t *testing.T) {
	t.Parallel()
	s := open(t, simulator.Config{SigningDelay: time.Second, FailRate: 0})
	s.expect(submission("approve-1", "INV/SIM-APPROVE/1"), long, faktur.Approved, "")
	s.expect(submission("stuck-1", "INV/SIM-STUCK/1"), 1000*long, faktur.SigningInProgress, "")

	s.expect(submission("invalid-1", "SIM-SAVED-INVALID"), long, faktur.SavedInvalid, "buyer_nitku_invalid")
	s.expect(submission("invalid-2", "SIM-SAVED-INVALID"), long, faktur.SavedInvalid, "buyer_nitku_invalid") // uncorrected
	s.expect(submission("invalid-3", "SIM-SAVED-INVALID", named("Kertas A3")), long, faktur.Approved, "")

	s.expect(submission("pass-1", "SIM-BAD-PASSPHRASE"), long, faktur.SavedInvalid, "REG-KODJP-00024")
	s.expect(submission("pass-2", "SIM-BAD-PASSPHRASE"), long, faktur.Approved, "") // nobody was named, so a re-upload is enough

	const wrong, right = "3174015506800001", "3174015506800002"
	s.expect(submission("signer-1", "SIM-BAD-PASSPHRASE/2", signedBy(wrong)), long, faktur.SavedInvalid, "REG-KODJP-00024")
	s.expect(submission("signer-2", "SIM-BAD-PASSPHRASE/2", signedBy(wrong)), long, faktur.SavedInvalid, "REG-KODJP-00024")
	if got := s.expect(submission("signer-3", "SIM-BAD-PASSPHRASE/2", signedBy(right)), long, faktur.Approved, ""); got.Signer != right {
		t.Errorf("signed by %q, want %q", got.Signer, right)
	}
}

// The wrong passphrase is one signer's: nobody else suffers from it, and neither
// does that signer with another one. No passphrase reaches the state file.
func TestOneSignerHasTheWrongPassphrase(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state")
	s := open(t, simulator.Config{State: path})
	const wrong, right, old, other = "3174015506800001", "3174015506800002", "Rahasia-Lama", "Rahasia-Baru"
	with := func(passphrase string) func(object) {
		return set(object{"name": "Siti", "passphrase": passphrase}, "signature")
	}
	const failed = "REG-KODJP-00024"
	s.expect(submission("a-1", "SIM-BAD-PASSPHRASE/1", signedBy(wrong), with(old)), long, faktur.SavedInvalid, failed)
	s.expect(submission("b-1", "SIM-BAD-PASSPHRASE/2", signedBy(right), with(other)), long, faktur.Approved, "")
	s.expect(submission("c-1", "SIM-BAD-PASSPHRASE/3", signedBy(wrong), with(old)), long, faktur.SavedInvalid, failed)
	s.expect(submission("d-1", "SIM-BAD-PASSPHRASE/4", signedBy(wrong), with(other)), long, faktur.Approved, "")
	s.expect(submission("a-2", "SIM-BAD-PASSPHRASE/1", signedBy(right), with(old)), long, faktur.Approved, "")
	s.expect(submission("e-1", "INV/1", signedBy(right), with("SIM-WRONG#1")), long, faktur.SavedInvalid, failed)
	s.expect(submission("e-2", "INV/1", signedBy(right), with(other)), long, faktur.Approved, "")
	state, err := os.ReadFile(path)
	if err != nil || len(state) == 0 {
		t.Fatal(err)
	}
	for _, passphrase := range []string{old, other, "SIM-WRONG"} {
		if bytes.Contains(state, []byte(passphrase)) {
			t.Errorf("%s is in the state file", passphrase)
		}
	}
}

// TestWordsCombine: they come into force one after the other, in the order of a document's life.
func TestWordsCombine(t *testing.T) {
	t.Parallel()
	s := open(t, simulator.Config{SigningDelay: time.Second})
	const reference = "SIM-SAVED-INVALID SIM-BAD-PASSPHRASE SIM-STUCK"
	s.expect(submission("a-1", reference), long, faktur.SavedInvalid, "buyer_nitku_invalid")
	s.expect(submission("a-2", reference, named("x")), long, faktur.SavedInvalid, "REG-KODJP-00024")
	s.expect(submission("a-3", reference, named("x")), long, faktur.SigningInProgress, "")
	s.token = "" // it is open to everyone
	released := s.call(http.MethodPost, "/v1/simulator/release", object{"reference": reference})
	if got := string(released.body); got != `{"released":["a-3"]}`+"\n" {
		t.Errorf("released %s", got)
	}
	s.token = "t"
	if got := s.status("a-3")[0]; got.Status != faktur.Approved {
		t.Errorf("after its release: %+v", got)
	}
	if again := s.call(http.MethodPost, "/v1/simulator/release", object{}); string(again.body) != `{"released":[]}`+"\n" {
		t.Errorf("released again: %s", again.body)
	}
}

// TestLostAnswers: the whole batch was taken, and the caller does not know.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	for word, code := range map[string]int{"SIM-DROP": 0, "SIM-502": http.StatusBadGateway, "SIM-LATE": 0, "SIM-502 SIM-DROP": 0} {
		for _, dedup := range []bool{false, true} {
			s := open(t, simulator.Config{Dedup: dedup, SigningDelay: time.Second})
			batch := []object{submission("a-1", "INV/1"), submission("b-1", "INV/"+word), submission("c-1", "INV/3")}
			if got := s.submit(batch...); got.code != code {
				t.Errorf("%s: answered %d %s, want %d", word, got.code, got.body, code)
			}
			if n := len(s.ledger("")); n != 3 {
				t.Errorf("%s: %d are in the ledger, want all 3 of the batch", word, n)
			}
			// The fault strikes once: a resend is answered.
			for _, r := range results(t, s.submit(batch...)) {
				if r.Outcome != "taken" {
					t.Errorf("%s: the resend is answered with %+v", word, r)
				}
			}
			want := map[bool]int{false: 2, true: 1}[dedup]
			for _, entry := range s.ledger("") {
				if entry.Accepted != want {
					t.Errorf("%s, dedup %v: %s was taken %d times, want %d", word, dedup, entry.ClientID, entry.Accepted, want)
				}
			}
		}
	}
}

// TestLate: neither status nor look-up sees it until the lag has passed.
func TestLate(t *testing.T) {
	t.Parallel()
	for lag, hidden := range map[time.Duration]time.Duration{0: 2 * time.Second, 5 * time.Second: 5 * time.Second} {
		s := open(t, simulator.Config{LookupLag: lag})
		s.submit(submission("a-1", "INV/SIM-LATE"))
		s.clock.Advance(hidden - time.Millisecond)
		if status, found := s.status("a-1")[0], s.lookUp("a-1")[0]; status.Found || len(found.Entries) != 0 {
			t.Errorf("lag %s: it is seen too early: %+v, %+v", lag, status, found)
		}
		if feed := s.changes("", 10); len(feed.Changes) != 0 {
			t.Errorf("lag %s: the feed tells of it too early: %+v", lag, feed)
		}
		if l := s.ledger("INV/SIM-LATE"); len(l) != 1 || l[0].Status != faktur.SigningInProgress {
			t.Errorf("lag %s: the ledger has %+v, want it there at once", lag, l)
		}
		s.clock.Advance(time.Millisecond)
		if status, found := s.status("a-1")[0], s.lookUp("a-1")[0]; status.Status != faktur.Approved || len(found.Entries) != 1 {
			t.Errorf("lag %s: it is not seen: %+v, %+v", lag, status, found)
		}
	}
}

// TestLose: answered as taken, and then forgotten; the demo must notice.
func TestLose(t *testing.T) {
	t.Parallel()
	s := open(t, simulator.Config{Lose: "INV/7"})
	for _, r := range results(t, s.submit(submission("a-1", "INV/7"), submission("b-1", "SIM-LOSE"), submission("c-1", "INV/8"))) {
		if r.Outcome != "taken" {
			t.Errorf("answered %+v", r)
		}
	}
	s.clock.Advance(long)
	found := s.status("a-1", "b-1", "c-1")
	if found[0].Found || found[1].Found || !found[2].Found || len(s.lookUp("a-1")[0].Entries) != 0 {
		t.Errorf("status finds %+v, want only the last", found)
	}
	if l := s.ledger(""); len(l) != 1 || l[0].ClientID != "c-1" {
		t.Errorf("the ledger has %+v, want only the last", l)
	}
}

// TestSlow runs in a bubble of synctest, with no injected clock at all.
func TestSlow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := open(t, simulator.Config{Clock: time.Now, SlowDelay: 7 * time.Second, SigningDelay: 10 * time.Second})
		start := time.Now()
		s.submit(submission("a-1", "INV/1"))
		if waited := time.Since(start); waited != 0 {
			t.Errorf("an ordinary one took %s", waited)
		}
		s.submit(submission("b-1", "SIM-SLOW"), submission("c-1", "SIM-SLOW/2"))
		if waited := time.Since(start); waited != 7*time.Second {
			t.Errorf("a slow batch took %s, want 7s", waited)
		}
		if got := s.status("b-1")[0]; got.Status != faktur.SigningInProgress {
			t.Errorf("while it was slow it became %+v", got)
		}
		time.Sleep(8 * time.Second) // in synctest's time
		if got := s.status("b-1")[0]; got.Status != faktur.Approved {
			t.Errorf("15 s after it was taken it is %+v", got)
		}
	})
}
