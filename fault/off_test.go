//go:build !faults

package fault_test

import (
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/fault"
)

// Without the tag nothing is planted, whatever the environment says.
func TestNothingIsPlanted(t *testing.T) {
	t.Setenv("FAKTURGATE_FAULT_PLANT", string(fault.NoLookUp))
	for _, bug := range fault.Bugs() {
		if fault.Planted(bug) {
			t.Errorf("%s is planted", bug)
		}
	}
	for _, point := range fault.Points() {
		fault.Reached(point)
	}
	if late := time.Since(fault.Now()); late > time.Minute {
		t.Errorf("the clock is %v late", late)
	}
}
