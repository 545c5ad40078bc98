package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The binary that is released holds no trace of the faults that tests plant; the
// one that is built with their tag does, so that the look is a look.
func TestReleasedBinaryHasNoFaults(t *testing.T) {
	t.Parallel()
	faulty := filepath.Join(t.TempDir(), "faulty")
	if out, err := exec.Command("go", "build", "-tags", "faults", "-o", faulty, "../cmd/fakturgate").CombinedOutput(); err != nil {
		t.Fatalf("build with faults: %v\n%s", err, out)
	}
	for path, want := range map[string]bool{binary(t): false, faulty: true} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, trace := range []string{"FAKTURGATE_FAULT_", "no_look_up", "after_send", "/fault.Reached"} {
			if bytes.Contains(text, []byte(trace)) != want {
				t.Errorf("%s: %q is in it: %v, and should be: %v", filepath.Base(path), trace, !want, want)
			}
		}
	}
}
