package simulator_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/simulator"
)

// fate is what became of an invoice, and how long after it was taken.
type fate struct {
	Status faktur.Status
	Code   string
	After  time.Duration
}

// fates files n invoices in batches by several clients at once, in an order
// of its own, and reads from the feed what became of them.
func fates(t *testing.T, seed uint64, n int, order uint64) map[string]fate {
	t.Helper()
	s := open(t, simulator.Config{Seed: seed, SigningDelay: 10 * time.Second, FailRate: 0.3, Dedup: true}).unheld()
	shuffled := rand.New(rand.NewPCG(order, order)).Perm(n)
	size := 1 + int(order%7)
	var clients sync.WaitGroup
	for start := 0; start < n; start += size {
		var batch []object
		for _, i := range shuffled[start:min(start+size, n)] {
			batch = append(batch, submission(fmt.Sprintf("%d-%d-1", order, i), fmt.Sprintf("INV/%d", i)))
		}
		clients.Go(func() {
			for s.submit(batch...).code != http.StatusOK { // the fail rate strikes calls, too
			}
		})
	}
	clients.Wait()
	started := s.clock.Now()
	s.clock.Advance(long)
	found := map[string]fate{}
	for _, entry := range s.ledger("") {
		found[entry.ClientID] = fate{}
		if entry.Accepted != 1 {
			t.Errorf("%s was taken %d times", entry.ClientID, entry.Accepted)
		}
	}
	for _, change := range allChanges(s, 100) {
		found[change.ClientID] = fate{change.Status, change.code(), change.At.Sub(started)}
	}
	byReference := map[string]fate{}
	for id, f := range found {
		byReference[strings.Split(id, "-")[1]] = f
	}
	return byReference
}

func allChanges(s *side, limit int) []standing {
	s.t.Helper()
	var all []standing
	for after := ""; ; {
		r := s.call(http.MethodGet, fmt.Sprintf("/v1/changes?after=%s&limit=%d", after, limit), nil)
		if r.code != http.StatusOK { // the fail rate
			continue
		}
		page := read[feed](s.t, r)
		if len(page.Changes) == 0 {
			return all
		}
		all, after = append(all, page.Changes...), page.Next
	}
}

// TestSeed: outcomes and delays follow from the seed and the invoice, in
// whatever order and batches it arrives.
func TestSeed(t *testing.T) {
	t.Parallel()
	const n = 150
	first := fates(t, 1, n, 1)
	if len(first) != n {
		t.Fatalf("%d of %d invoices are in the feed", len(first), n)
	}
	for order := uint64(2); order < 5; order++ {
		if diff := cmp.Diff(first, fates(t, 1, n, order)); diff != "" {
			t.Errorf("order %d (-first +this):\n%s", order, diff)
		}
	}
	if cmp.Equal(first, fates(t, 2, n, 1)) {
		t.Error("another seed changes nothing")
	}
	statuses, codes := map[faktur.Status]int{}, map[string]int{}
	for _, f := range first {
		statuses[f.Status]++
		codes[f.Code]++
		if f.After < 5*time.Second || f.After > 15*time.Second {
			t.Errorf("one took %s, want half to one and a half of 10s", f.After)
		}
	}
	if invalid := statuses[faktur.SavedInvalid]; invalid < n/6 || invalid > n/2 {
		t.Errorf("%d of %d are saved invalid, want about 30 %%", invalid, n)
	}
	if len(codes) != 4 {
		t.Errorf("the reasons are %v, want three of them and none", codes)
	}
}

// TestFailRate: every kind of trouble comes, and nothing is lost by any.
func TestFailRate(t *testing.T) {
	t.Parallel()
	s := open(t, simulator.Config{Seed: 3, FailRate: 0.4, Dedup: true}).unheld()
	codes := map[int]int{}
	for i := range 200 {
		batch := []object{submission(fmt.Sprintf("a%d-1", i), fmt.Sprintf("INV/a%d", i)), submission(fmt.Sprintf("b%d-1", i), fmt.Sprintf("INV/b%d", i))}
		for try := 1; ; try++ {
			before := len(s.ledger(""))
			r := s.submit(batch...)
			codes[r.code]++
			took := len(s.ledger("")) - before
			if (r.code == 500 || r.code == 429) && took != 0 {
				t.Fatalf("%d after taking %d", r.code, took)
			}
			if r.code == 429 && r.retryAfter != "1" {
				t.Fatalf("429 with Retry-After %q", r.retryAfter)
			}
			if r.code == 200 {
				break
			}
			if try > 50 {
				t.Fatal("50 tries in vain")
			}
		}
	}
	for _, code := range []int{0, 200, 429, 500, 502} {
		if codes[code] < 10 {
			t.Errorf("answers by code: %v, want some of %d", codes, code)
		}
	}
	if l := s.ledger(""); len(l) != 400 {
		t.Errorf("%d are in the ledger, want 400", len(l))
	}
}

// TestFeedIsComplete: readers who follow it while others write miss nothing and
// see nothing twice.
func TestFeedIsComplete(t *testing.T) {
	t.Parallel()
	s := open(t, simulator.Config{SigningDelay: 50 * time.Millisecond, Clock: time.Now}).unheld()
	const writers, batches, size = 8, 10, 5
	var writing, reading sync.WaitGroup
	done := make(chan struct{})
	seen := make([][]standing, 3)
	for i := range seen {
		reading.Go(func() {
			for after, last := "", false; ; {
				page := s.changes(after, 7+i)
				seen[i], after = append(seen[i], page.Changes...), page.Next
				if last && len(page.Changes) == 0 && len(seen[i]) >= 2*writers*batches*size {
					return
				}
				select {
				case <-done:
					last = true
				default:
				}
			}
		})
	}
	for w := range writers {
		writing.Go(func() {
			for b := range batches {
				var batch []object
				for i := range size {
					name := fmt.Sprintf("%d.%d.%d", w, b, i)
					batch = append(batch, submission(name+"-1", "INV/"+name))
				}
				results(t, s.submit(batch...))
				s.status(batch[0]["client_id"].(string))
			}
		})
	}
	writing.Wait()
	close(done)
	reading.Wait()
	for i, changes := range seen {
		lives := map[string][]faktur.Status{}
		for j, c := range changes {
			lives[c.ClientID] = append(lives[c.ClientID], c.Status)
			if j > 0 && c.At.Before(changes[j-1].At) {
				t.Errorf("reader %d: change %d is older than the one before", i, j)
			}
		}
		if len(lives) != writers*batches*size {
			t.Errorf("reader %d saw %d lives", i, len(lives))
		}
		for id, life := range lives {
			if diff := cmp.Diff([]faktur.Status{faktur.SigningInProgress, faktur.Approved}, life); diff != "" {
				t.Errorf("reader %d: %s (-want +got):\n%s", i, id, diff)
			}
		}
	}
	numbers := map[string]bool{}
	for _, entry := range s.ledger("") {
		if numbers[entry.NSFP] || entry.Accepted != 1 {
			t.Errorf("%+v has another's number or was taken more than once", entry)
		}
		numbers[entry.NSFP] = true
	}
}
