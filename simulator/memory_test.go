package simulator_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fakturgate/fakturgate/adapter/adaptertest"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/simulator"
)

// openState opens a simulator on the state file, under a clock that goes on.
func openState(t *testing.T, path string, clock *clock) *side {
	t.Helper()
	s := open(t, simulator.Config{State: path, SigningDelay: time.Second, Clock: clock.Now})
	s.clock = clock
	return s
}

// everything is all that a client can see.
func everything(s *side) any {
	s.t.Helper()
	ledger := s.ledger("")
	ids := make([]string, len(ledger))
	for i, entry := range ledger {
		ids[i] = entry.ClientID
	}
	return []any{ledger, s.status(ids...), s.lookUp(ids...), s.changes("", 5000)}
}

// TestRestart: what was answered as taken is in the file before the answer, so
// a process that is killed remembers it. The old one is not closed here.
func TestRestart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state")
	clock := newClock()
	before := openState(t, path, clock)
	for i := range 20 {
		before.submit(submission(fmt.Sprintf("a%d-1", i), fmt.Sprintf("INV/%d", i)), submission(fmt.Sprintf("b%d-1", i), fmt.Sprintf("SIM-STUCK/%d", i)))
		clock.Advance(100 * time.Millisecond)
	}
	before.submit(submission("a0-1", "INV/0")) // again: taken twice
	before.submit(submission("late-1", "SIM-LATE"), submission("x-1", "SIM-SAVED-INVALID"), submission("y-1", "SIM-BAD-PASSPHRASE", signedBy("3174015506800001")))
	clock.Advance(time.Minute)
	before.call(http.MethodPost, "/v1/submissions/a3-1/cancel", object{"livemode": false})
	before.call(http.MethodPost, "/v1/simulator/release", object{"reference": "SIM-STUCK/4"})
	first := everything(before)

	after := openState(t, path, clock)
	if diff := cmp.Diff(first, everything(after)); diff != "" {
		t.Errorf("after a restart (-before +after):\n%s", diff)
	}
	// The attempts before the restart still count, and numbers go on.
	after.expect(submission("x-2", "SIM-SAVED-INVALID"), long, faktur.SavedInvalid, "buyer_nitku_invalid")
	after.expect(submission("y-2", "SIM-BAD-PASSPHRASE", signedBy("3174015506800001")), long, faktur.SavedInvalid, "REG-KODJP-00024")
	fresh := after.expect(submission("z-1", "INV/new"), long, faktur.Approved, "")
	for _, entry := range after.ledger("") {
		if entry.NSFP == fresh.NSFP && entry.ClientID != "z-1" {
			t.Errorf("%s has the number of the new one, %s", entry.ClientID, fresh.NSFP)
		}
	}
	again := openState(t, path, clock)
	if diff := cmp.Diff(everything(after), everything(again)); diff != "" {
		t.Errorf("after a second restart (-before +after):\n%s", diff)
	}
}

// TestTornLastLine: killed in the middle of a write, before the answer.
func TestTornLastLine(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state")
	clock := newClock()
	s := openState(t, path, clock)
	s.submit(submission("a-1", "INV/1"))
	s.submit(submission("b-1", "INV/2"))
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	second := bytes.IndexByte(whole, '\n') + 1
	for cut := second; cut < len(whole); cut += 7 {
		torn := filepath.Join(t.TempDir(), "torn")
		if err := os.WriteFile(torn, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		after := openState(t, torn, clock)
		if l := after.ledger(""); len(l) != 1 || l[0].ClientID != "a-1" {
			t.Errorf("cut at %d: the ledger has %+v, want only the first", cut, l)
		}
		after.submit(submission("c-1", "INV/3"))
		again := openState(t, torn, clock)
		if l := again.ledger(""); len(l) != 2 || l[1].ClientID != "c-1" {
			t.Errorf("cut at %d: after another restart the ledger has %+v", cut, l)
		}
	}
}

func TestBrokenStateFileIsRefused(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"not JSON":       "x\n",
		"unknown op":     `{"op":"sign","at":1,"client_id":"a"}` + "\n",
		"never taken":    `{"op":"again","at":1,"client_id":"a"}` + "\n",
		"no content":     `{"op":"take","at":1,"client_id":"a"}` + "\n",
		"unknown reason": `{"op":"take","at":1,"client_id":"a","taken":{"kind":"invoice","npwp":"1","reference":"r","signs":0,"fails":"?"}}` + "\n",
	} {
		path := filepath.Join(t.TempDir(), "state")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := simulator.New(simulator.Config{State: path}); err == nil {
			t.Errorf("%s: it was opened", name)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != content {
			t.Errorf("%s: the file was changed to %q (%v)", name, got, err)
		}
	}
	if _, err := simulator.New(simulator.Config{State: t.TempDir()}); err == nil {
		t.Error("a folder was opened as state file")
	}
}

// TestFailsWhenItCannotRemember: nothing is answered as taken that is not in the file.
func TestFailsWhenItCannotRemember(t *testing.T) {
	t.Parallel()
	sim, err := simulator.New(simulator.Config{State: filepath.Join(t.TempDir(), "state")})
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, simulator.Config{})
	s.client.Transport = adaptertest.Direct(held(t, sim.Handler()))
	s.submit(submission("a-1", "INV/1"))
	if err := sim.Close(); err != nil {
		t.Fatal(err)
	}
	if err := sim.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
	if got := s.submit(submission("b-1", "INV/2")); got.code != http.StatusInternalServerError {
		t.Errorf("answered %d %s, want 500", got.code, got.body)
	}
	if got := s.call(http.MethodPost, "/v1/submissions/status", object{"client_ids": []string{"a-1"}}); got.code != http.StatusInternalServerError {
		t.Errorf("status answered %d %s, want 500", got.code, got.body)
	}
	if _, err := sim.Ledger(""); err == nil {
		t.Error("the ledger answers")
	}
}
