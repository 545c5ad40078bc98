package service

import (
	"slices"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/repository"
)

func TestTurnsAreFairBetweenSellers(t *testing.T) {
	t.Parallel()
	var turns turns
	now := time.Date(2026, 12, 20, 8, 0, 0, 0, time.UTC)
	big, small := repository.TaxpayerKey{Tenant: "t", NPWP: "big"}, repository.TaxpayerKey{Tenant: "t", NPWP: "small"}
	var all []time.Time
	for range 100_000 {
		all = append(all, turns.next(big, now))
	}
	if !slices.IsSortedFunc(all, time.Time.Compare) {
		t.Error("a seller's own documents leave in the order in which they came")
	}
	later := now.Add(time.Second)
	for range 10 {
		turn := turns.next(small, later)
		before, _ := slices.BinarySearchFunc(all, turn, time.Time.Compare)
		if before > 300 {
			t.Errorf("a small seller's document stands behind %d of the big one's", before)
		}
	}
	if turn := turns.next(big, now.Add(time.Hour)); turn.After(now.Add(time.Hour)) {
		t.Error("what a seller sent long ago still sets it back")
	}
}
