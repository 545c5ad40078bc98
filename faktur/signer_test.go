package faktur_test

import (
	"strings"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
)

func TestASignerIsJudged(t *testing.T) {
	t.Parallel()
	const tried, untold, approved, failed = faktur.SigningTried, faktur.SigningUntold, faktur.SigningApproved, faktur.SigningFailed
	for _, c := range []struct {
		name     string
		results  []faktur.SigningResult
		failures int
		proven   bool
		trial    bool // is under way
		pauses   int
	}{
		{"nothing known", nil, 0, false, false, 0},
		{"on trial", []faktur.SigningResult{tried}, 0, false, true, 0},
		{"proven", []faktur.SigningResult{tried, approved}, 0, true, false, 0},
		{"a trial that told nothing", []faktur.SigningResult{tried, untold}, 0, false, false, 0},
		{"an approval of an older passphrase", []faktur.SigningResult{approved}, 0, false, false, 0},
		{"failed once", []faktur.SigningResult{tried, failed}, 1, false, false, 0},
		{"failed, then approved", []faktur.SigningResult{tried, failed, tried, approved}, 0, true, false, 0},
		{"failed three times", []faktur.SigningResult{tried, failed, tried, failed, tried, failed}, 3, false, false, 1},
		{"two more that were under way", []faktur.SigningResult{failed, failed, failed, failed, failed}, 5, false, false, 1},
		{"not in a row", []faktur.SigningResult{tried, approved, failed, failed, approved, failed, failed}, 2, true, false, 0},
	} {
		var s faktur.Signer
		pauses := 0
		for i, result := range c.results {
			if s.Judge(result, time.Unix(int64(i+1), 0)) {
				pauses++
			}
		}
		if s.Failures != c.failures || s.Proven != c.proven || s.TriedAt.IsZero() == c.trial || pauses != c.pauses || s.Paused() != (c.pauses > 0) {
			t.Errorf("%s: %+v after %d pauses", c.name, s, pauses)
		}
	}
}

func TestALateApprovalEndsNoPause(t *testing.T) {
	t.Parallel()
	s := faktur.Signer{Proven: true}
	for i := range 3 {
		s.Judge(faktur.SigningFailed, time.Unix(int64(i), 1))
	}
	if s.Judge(faktur.SigningApproved, time.Unix(9, 0)); !s.Paused() {
		t.Error("an approval took the pause back")
	}
	s.Resume()
	if s.Paused() || !s.OnTrial() || s.Failures != 0 {
		t.Errorf("resumed: %+v", s)
	}
}

func TestAnotherPassphraseEndsWhatFailuresBrought(t *testing.T) {
	t.Parallel()
	byItself := faktur.Signer{Failures: 3, PausedAt: time.Unix(1, 0)}
	byItself.Renew()
	byOperator := faktur.Signer{Proven: true, PausedAt: time.Unix(1, 0)}
	byOperator.Renew()
	if byItself.Paused() || !byOperator.Paused() || !byItself.OnTrial() || !byOperator.OnTrial() {
		t.Errorf("by itself %+v, by an operator %+v", byItself, byOperator)
	}
}

func TestPassphraseDoubts(t *testing.T) {
	t.Parallel()
	for passphrase, want := range map[string]string{
		"Rahasia2026!@#$&*": "",
		"50%":               "passphrase_characters_avoided",
		"a+b":               "passphrase_characters_avoided",
		"it's":              "passphrase_characters_avoided",
		"a b":               "passphrase_characters_unusual",
		"a/b c":             "passphrase_characters_avoided passphrase_characters_unusual",
	} {
		var codes []string
		for _, f := range faktur.PassphraseDoubts(faktur.Secret(passphrase)) {
			codes = append(codes, f.Code)
			if strings.Contains(f.Message, passphrase) {
				t.Errorf("%q shows itself: %s", passphrase, f.Message)
			}
		}
		if got := strings.Join(codes, " "); got != want {
			t.Errorf("%q: %q, want %q", passphrase, got, want)
		}
	}
}
