package faktur_test

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/fakturgate/fakturgate/faktur"
)

// Whatever the documents of a chain are, at most one is in force, and it is the
// original for as long as that is not amended.
func TestOneOfAChainIsInForce(t *testing.T) {
	t.Parallel()
	dice := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		chain := []faktur.Document{{ID: "0"}}
		for i := range 1 + dice.IntN(4) {
			// A replacement follows any member: those before may have been cancelled.
			chain = append(chain, faktur.Document{ID: strconv.Itoa(i + 1), ReplacesID: strconv.Itoa(dice.IntN(i + 1))})
		}
		for i := range chain {
			chain[i].Status = faktur.Statuses()[dice.IntN(len(faktur.Statuses()))]
		}
		inForce := faktur.InForce(chain)
		for _, d := range chain {
			if d.ID != inForce {
				continue
			}
			if d.Status.Open() || d.Status == faktur.Amended || d.Status == faktur.Cancelled {
				t.Fatalf("%s is in force and %s", d.ID, d.Status)
			}
			if d.ReplacesID != "" && chain[must(strconv.Atoi(d.ReplacesID))].Status != faktur.Amended {
				t.Fatalf("%s is in force beside what it replaces: %+v", d.ID, chain)
			}
		}
		if s := chain[0].Status; (s == faktur.Approved || s == faktur.AmendmentPending || s == faktur.CancellationPending) && inForce != "0" {
			t.Fatalf("the original is %s, and %q is in force", s, inForce)
		}
	}
}

func TestNumbersFollow(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		original, replacement string
		want                  bool
	}{
		{"04002600000000001", "04012600000000001", true},
		{"04012600000000001", "04022600000000001", true},
		{"04002600000000001", "04022600000000001", false},
		{"04002600000000001", "04012600000000002", false},
		{"0400026000000001", "0410026000000001", true},
	} {
		original, replacement := must(faktur.ParseNSFP(c.original)), must(faktur.ParseNSFP(c.replacement))
		if replacement.Follows(original) != c.want {
			t.Errorf("%s follows %s: want %t", c.replacement, c.original, c.want)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
