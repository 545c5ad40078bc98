package e2e

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/fakturgate/fakturgate/fault"
	"github.com/fakturgate/fakturgate/repository/repotest"
)

// What make chaos sets. The numbers here are those of the short form.
var (
	chaosRounds   = flag.Int("chaos.rounds", 6, "rounds of chaos, on each database")
	chaosFirst    = flag.Int("chaos.first", 0, "the number of the first round")
	chaosSeed     = flag.Uint64("chaos.seed", 20261123, "the seed of chaos")
	chaosDatabase = flag.String("chaos.database", "both", "sqlite, postgres or both")
	chaosOnly     = flag.String("chaos.only", "", "play only faults with this in their name, first in every round")
	chaosPlanted  = flag.String("chaos.planted", string(fault.NoLookUp), "the planted bugs to be caught, separated by commas, or all")
	chaosWithin   = flag.Int("chaos.within", 50, "in how many rounds a planted bug is caught")
)

// chaosEpoch is how many rounds share a database and a tax system, whose
// documents they leave behind.
const chaosEpoch = 20

// Whatever goes wrong: every 2xx is in the database, every document is filed
// exactly once and ended as the ledger says, every event reaches every receiver,
// and the feed has it exactly once. docs/reliability.md says what goes wrong.
func TestChaos(t *testing.T) {
	t.Parallel()
	tally := newTally()
	t.Cleanup(func() { tally.print(t) })
	for _, kind := range repotest.Kinds() {
		if *chaosDatabase != "both" && *chaosDatabase != kind {
			continue
		}
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			server := chaosServer(t, kind)
			last := *chaosFirst + *chaosRounds
			for first := *chaosFirst; first < last && !t.Failed(); first += chaosEpoch {
				t.Run(fmt.Sprintf("from %d", first), func(t *testing.T) {
					playEpoch(t, kind, server, first, min(first+chaosEpoch, last), tally)
				})
			}
		})
	}
}

// playEpoch plays rounds in one world, and stops at the first breach.
func playEpoch(t *testing.T, kind string, server *repotest.Server, first, end int, tally *tally) {
	t.Helper()
	w := newChaosWorld(t, kind, server, *chaosSeed+uint64(first), "")
	for number := first; number < end && !t.Failed(); number++ {
		r := w.newRound(*chaosSeed, number)
		began := time.Now()
		breaches := r.play()
		tally.note(r, breaches, time.Since(began))
		if len(breaches) > 0 {
			r.report(t, breaches)
		}
	}
	if !t.Failed() {
		if late := w.lastWebhooks(); late != "" {
			t.Errorf("webhooks never came: %s", late)
			tally.lose()
		}
	}
}

// report tells of the breaches, and how to see them again.
func (r *chaosRound) report(t *testing.T, breaches []breach) {
	t.Helper()
	for _, b := range breaches[:min(len(breaches), 10)] {
		t.Errorf("%v", b)
	}
	t.Errorf("%d breaches in %v\nagain: make chaos SEED=%d FIRST=%d ROUNDS=1 DATABASE=%s", len(breaches), r, *chaosSeed, r.number, r.world.kind)
}

// The harness proves itself: it catches gateways that lack a guard.
func TestChaosCatchesPlantedBugs(t *testing.T) { //nolint:tparallel // one bug after the other: each wants the machine
	t.Parallel()
	bugs := strings.Split(*chaosPlanted, ",")
	if *chaosPlanted == "all" {
		bugs = nil
		for _, bug := range fault.Bugs() {
			bugs = append(bugs, string(bug))
		}
	}
	kind := repotest.Kinds()[len(repotest.Kinds())-1] // PostgreSQL, unless it is not under test
	for _, bug := range bugs {
		t.Run(bug, func(t *testing.T) {
			server := chaosServer(t, kind)
			w := newChaosWorld(t, kind, server, *chaosSeed, bug)
			for number := range *chaosWithin {
				r := w.newRound(*chaosSeed, number)
				if breaches := r.play(); len(breaches) > 0 {
					t.Logf("%s is caught in round %d of %d: %v; %.300s", bug, number+1, *chaosWithin, r, breaches[0])
					return
				}
			}
			t.Errorf("%s was not caught in %d rounds", bug, *chaosWithin)
		})
	}
}

// chaosServer is a PostgreSQL of a test's own, which it may kill.
func chaosServer(t *testing.T, kind string) *repotest.Server {
	t.Helper()
	if kind != "postgres" {
		return nil
	}
	server, err := repotest.StartServer()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	return server
}

// lastWebhooks waits until everything that is owed has come, and says what has not.
func (w *chaosWorld) lastWebhooks() string {
	w.t.Helper()
	if w.settleOwed() == 0 || w.t.Failed() {
		return ""
	}
	w.run(0)
	for deadline := time.Now().Add(patience); w.settleOwed() > 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) || w.t.Failed() {
			return w.owedStill()
		}
	}
	return ""
}

// tally counts what was tried and what came of it.
type tally struct {
	mu              sync.Mutex
	began           time.Time
	rounds          map[string]int // by database
	faults          map[string]int
	documents       int
	underWay        []int // documents at once, by round
	lost, doubled   int
	disagree        int
	others          map[int]int
	longest, played time.Duration
}

func newTally() *tally {
	return &tally{began: time.Now(), rounds: map[string]int{}, faults: map[string]int{}, others: map[int]int{}}
}

func (y *tally) note(r *chaosRound, breaches []breach, took time.Duration) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.rounds[r.world.kind]++
	for _, f := range r.faults {
		y.faults[f.name]++
	}
	y.documents += len(r.answered)
	y.underWay = append(y.underWay, r.underWay)
	for status, n := range r.others {
		y.others[status] += n
	}
	y.played += took
	y.longest = max(y.longest, took)
	for _, b := range breaches {
		switch b.kind {
		case "lost":
			y.lost++
		case "doubled":
			y.doubled++
		default:
			y.disagree++
		}
	}
	if testing.Verbose() {
		fmt.Printf("%8s  %v  %.1f s\n", time.Since(y.began).Round(time.Second), r, took.Seconds())
	}
}

func (y *tally) lose() {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.lost++
}

// print writes the count.
func (y *tally) print(t *testing.T) {
	t.Helper()
	y.mu.Lock()
	defer y.mu.Unlock()
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	total := 0
	for _, kind := range slices.Sorted(maps.Keys(y.rounds)) {
		fmt.Fprintf(out, "rounds on %s\t%d\n", kind, y.rounds[kind])
		total += y.rounds[kind]
	}
	if total == 0 {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(y.faults)) {
		fmt.Fprintf(out, "  %s\t%d\n", name, y.faults[name])
	}
	fmt.Fprintf(out, "documents accepted\t%d\n", y.documents)
	slices.Sort(y.underWay)
	few, _ := slices.BinarySearch(y.underWay, 200)
	fmt.Fprintf(out, "under way at once\t200 or more in %d of %d rounds\n", len(y.underWay)-few, len(y.underWay))
	fmt.Fprintf(out, "requests asked again\t%v (by status; 0 is no answer)\n", y.others)
	fmt.Fprintf(out, "lost\t%d\ndoubled\t%d\ndisagreeing\t%d\n", y.lost, y.doubled, y.disagree)
	fmt.Fprintf(out, "seed %d\t%.1f s a round, %.1f s the longest, %v in all\n", *chaosSeed, y.played.Seconds()/float64(total), y.longest.Seconds(), time.Since(y.began).Round(time.Second))
	if err := out.Flush(); err != nil {
		t.Error(err)
	}
}
