package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// The binary that is released holds no trace of the faults that tests plant; the
// one that is built with their tag does, so that the look is a look.
func TestReleasedBinaryHasNoFaults(t *testing.T) {
	t.Parallel()
	released := binary(t)
	withFaults, err := faulty()
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{released: false, withFaults: true} {
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
