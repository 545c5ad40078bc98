package e2e

import (
	"errors"
	"os/exec"
	"strings"
	"testing"
)

// The demo tells the whole story, on nothing but the binary, and its exit code
// comes from comparing, not from printing.
func TestDemo(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, kind string) {
		out, err := demo(t, kind, "60s")
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for _, word := range []string{"queued", "submitting", "signing_in_progress", "approved", "saved_invalid", "NITKU pembeli tidak valid",
			"SIM-DROP", "SIM-STUCK", "webhook", "signer.paused", "amended", "cancellation_pending", "RETURN/1", "awaiting_upload",
			"nsfp-ranges", "took the CSV", "took the XML", "from Pajak.io", "a link to Klikpajak", "taxpayer.pause", "taxpayer.channel", "taxpayer.resume",
			"Agreed. 7 invoices", "Agreed. 23 invoices"} {
			if !strings.Contains(out, word) {
				t.Errorf("the story does not mention %q:\n%s", word, out)
			}
		}
		if strings.Contains(out, "\x1b") {
			t.Errorf("colours in a pipe: %q", out)
		}
	})
}

// A tax system or a provider that loses an invoice makes a story that does not come true.
func TestDemoNoticesALostInvoice(t *testing.T) {
	t.Parallel()
	for _, lost := range []string{"/0002", "PAJAKIO/1"} {
		t.Run(lost, func(t *testing.T) {
			t.Parallel()
			eachDatabase(t, func(t *testing.T, kind string) {
				out, err := demo(t, kind, "15s", "FAKTURGATE_SIM_LOSE="+lost)
				if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 1 {
					t.Fatalf("the demo ended with %v although an invoice was lost:\n%s", err, out)
				}
				if !strings.Contains(out, lost+" should have ended as approved") || !strings.Contains(out, lost+" was handed over 1 times, and the ledger has 0 entries") {
					t.Errorf("the demo does not say what is wrong:\n%s", out)
				}
			})
		})
	}
}

// demo runs demo --exit on SQLite as a newcomer does, without a database of
// their own, or on a fresh PostgreSQL database.
func demo(t *testing.T, kind, patience string, env ...string) (string, error) {
	t.Helper()
	cmd := exec.Command(binary(t), "demo", "--exit", "--patience", patience)
	cmd.Env = append([]string{"FAKTURGATE_ADDR=" + freeAddress(t), "TMPDIR=" + t.TempDir()}, env...)
	if kind != "sqlite" {
		cmd.Env = append(cmd.Env, "FAKTURGATE_DATABASE_URL="+newDatabase(t, kind))
	}
	cmd.SysProcAttr = ownGroup
	out, err := cmd.CombinedOutput()
	return string(out), err
}
