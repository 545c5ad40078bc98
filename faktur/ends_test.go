package faktur_test

import (
	"slices"
	"testing"

	"github.com/fakturgate/fakturgate/faktur"
)

// No status is a dead end: from each one a way leads to approved, amended or cancelled.
func TestNoStatusIsADeadEnd(t *testing.T) {
	t.Parallel()
	ends := []faktur.Status{faktur.Approved, faktur.Amended, faktur.Cancelled}
	for _, from := range faktur.Statuses() {
		reached := []faktur.Status{from}
		for i := 0; i < len(reached); i++ {
			for _, step := range faktur.Transitions() {
				if step.From == reached[i] && !slices.Contains(reached, step.To) {
					reached = append(reached, step.To)
				}
			}
		}
		if !slices.ContainsFunc(reached, func(s faktur.Status) bool { return slices.Contains(ends, s) }) {
			t.Errorf("from %s only %v can be reached", from, reached)
		}
	}
}
