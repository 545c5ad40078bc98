package service

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
)

var (
	simulateSeed   = flag.Uint64("simulate.seed", 1, "the first seed of TestSimulation")
	simulateWorlds = flag.Int("simulate.worlds", 6, "how many worlds TestSimulation tries, a seed each")
	simulateShrink = flag.Duration("simulate.shrink", time.Minute, "how long a failure is made smaller")
	simulateSteps  = flag.String("simulate.steps", "0-1499", "the steps of each world: 0-1499, or a list as a failure prints it")
)

// plan says what happens in a world: the world and every single step follow
// from its seed. A step that is left out changes none of the others.
type plan struct {
	seed  uint64
	steps []int
	tell  bool // the story is written down
}

// outcome is what came of a plan.
type outcome struct {
	err   error
	moves int
	seen  map[string]int // what happened how often: events by type, faults by name
	trace []string
}

// TestSimulation runs gateways, a tax system, receivers and people in one
// process, under a scheduler that decides every move by a seed, and holds after
// each that nothing is lost, doubled or untrue (docs/reliability.md).
func TestSimulation(t *testing.T) {
	steps, err := parseSteps(*simulateSteps)
	if err != nil {
		t.Fatal(err)
	}
	began, moves, seen := time.Now(), 0, map[string]int{}
	for i := range *simulateWorlds {
		p := plan{seed: *simulateSeed + uint64(i), steps: steps}
		o := simulateWorld(t, p)
		moves += o.moves
		for what, times := range o.seen {
			seen[what] += times
		}
		if o.err != nil {
			report(t, p, o)
			return
		}
	}
	took := time.Since(began)
	t.Logf("%d worlds, %d moves in %s: %.0f a second", *simulateWorlds, moves, took.Round(time.Millisecond), float64(moves)/took.Seconds())
	for _, what := range slices.Sorted(maps.Keys(seen)) {
		t.Logf("%7d %s", seen[what], what)
	}
}

// TestSimulationIsDeterministic: a failure that cannot be seen again helps nobody.
func TestSimulationIsDeterministic(t *testing.T) {
	steps, err := parseSteps("0-999")
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(3) {
		p := plan{seed: seed + 1, steps: steps, tell: true}
		first, second := simulateWorld(t, p), simulateWorld(t, p)
		for i := range min(len(first.trace), len(second.trace)) {
			if first.trace[i] != second.trace[i] {
				t.Fatalf("seed %d, line %d: %q, and then %q", p.seed, i, first.trace[i], second.trace[i])
			}
		}
		if len(first.trace) != len(second.trace) || len(first.trace) < 30 {
			t.Errorf("seed %d: %d lines, and then %d", p.seed, len(first.trace), len(second.trace))
		}
	}
}

// report shrinks what failed and says how to see it again.
func report(t *testing.T, p plan, o outcome) {
	t.Helper()
	small := shrink(t, p)
	small.tell = true
	o = simulateWorld(t, small)
	t.Errorf("seed %d: %v\n%s\n\n%d of %d steps are enough. Again:\n  go test%s ./service -run 'TestSimulation$' -simulate.worlds 1 -simulate.seed %d -simulate.steps %s",
		p.seed, o.err, strings.Join(o.trace, "\n"), len(small.steps), len(p.steps), worldTags, p.seed, formatSteps(small.steps))
}

// simulateWorld carries out a plan in a bubble of its own, and lets the world come to rest.
func simulateWorld(t *testing.T, p plan) (o outcome) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, p)
		w.faulty = true
		for _, step := range p.steps {
			if w.act(step); w.err != nil {
				break
			}
		}
		if w.err == nil {
			w.rest()
		}
		for _, n := range w.nodes {
			w.kill(n)
		}
		o = outcome{w.err, w.moves, w.seen, w.trace}
	})
	return o
}

// rest ends all faults and lets everybody work until nothing is left to do.
func (w *world) rest() {
	w.faulty, w.taxDown = false, false
	w.step++
	w.note("the faults end")
	for _, n := range w.nodes {
		n.frozen = false
	}
	for len(w.late) > 0 {
		w.arrive(w.late[0])
	}
	if !slices.ContainsFunc(w.nodes, func(n *node) bool { return !n.dead && !n.leaving }) {
		w.nodes[0].end(w)
		w.nodes[0] = w.boot(0)
	}
	n := w.nodes[slices.IndexFunc(w.nodes, func(n *node) bool { return !n.dead && !n.leaving })]
	for _, npwp := range w.sellers {
		w.pause(n, npwp, false)
	}
	for round := range 90 {
		w.release()
		if round%10 == 0 { // a courier may have found only now that its endpoint was gone
			w.enableHooks(n)
		}
		w.workOff()
		if w.err != nil || w.atRest() {
			break
		}
		w.pass(gatherPause) // who waited for others to join goes
		w.answerAll()
		w.pass(min(time.Duration(round+1)*time.Second, 15*time.Second))
		w.settled()
	}
	if w.err == nil && !w.atRest() {
		w.fail("it does not come to rest: %s", strings.Join(w.restless(), ", "))
	}
	if w.err == nil {
		w.checkRest()
	}
}

func (w *world) answerAll() {
	for len(w.calls) > 0 && w.err == nil {
		w.answer(w.calls[0])
		w.moves++
		w.settled()
	}
}

// end kills a process that is not dead yet.
func (n *node) end(w *world) {
	if !n.dead {
		w.kill(n)
	}
}

// workOff gives every worker of every process its turn until each has had
// one that is over.
func (w *world) workOff() {
	for _, n := range w.nodes {
		for _, j := range n.workers {
			for w.err == nil && w.move(n, j) {
				w.moves++
				w.settled()
				if j.task.over.Load() {
					break
				}
			}
		}
	}
	for w.err == nil {
		w.walkAll()
		if len(w.pushes) == 0 {
			break
		}
		for len(w.pushes) > 0 && w.err == nil {
			w.endPush(w.pushes[0])
			w.moves++
			w.settled()
		}
	}
}

// walkAll lets every courier take a step.
func (w *world) walkAll() {
	for _, n := range w.nodes {
		for _, p := range slices.Clone(n.staff) {
			if w.moveCourier(n, p) {
				w.moves++
				w.settled()
			}
		}
		n.staff = slices.DeleteFunc(n.staff, func(p *postman) bool { return p.ended() })
	}
}

func (w *world) atRest() bool { return len(w.restless()) == 0 }

// restless is what is not done yet.
func (w *world) restless() []string {
	var open []string
	for _, id := range w.model.order {
		switch p := w.model.papers[id]; p.status {
		case faktur.Approved, faktur.SavedInvalid, faktur.Amended, faktur.Cancelled:
		default:
			open = append(open, fmt.Sprintf("%s is %s", id, p.status))
		}
	}
	documents, err := w.db.Reread(w.t.Context(), w.model.order)
	if err != nil {
		w.fail("reread: %v", err)
	}
	for _, d := range documents {
		// A refusal that came and went between two looks is waited for, for a week.
		missed := d.Wish == faktur.WishAmend && strings.HasSuffix(d.Reference, "/SIM-BUYER-REFUSES")
		if d.Wish != "" && !missed {
			open = append(open, fmt.Sprintf("%s waits to %s", d.ID, d.Wish))
		}
	}
	for _, h := range w.hooks {
		for i := h.seen; i < len(w.model.events); i++ {
			if e := &w.model.events[i]; h.wants(e.Type) && !h.taken[e.MessageID()] {
				open = append(open, fmt.Sprintf("%s waits for %s", h.path, e.MessageID()))
			}
		}
		for _, e := range w.model.events[:h.seen] {
			if e.Position > h.since && h.wants(e.Type) && !h.taken[e.MessageID()] {
				open = append(open, fmt.Sprintf("%s waits for another try of %s", h.path, e.MessageID()))
			}
		}
	}
	return open
}

// shrink leaves out as many steps as it can so that the plan still fails.
func shrink(t *testing.T, p plan) plan {
	t.Helper()
	fails := func(steps []int) bool {
		return simulateWorld(t, plan{seed: p.seed, steps: steps}).err != nil
	}
	small := p
	for end, size := time.Now().Add(*simulateShrink), len(p.steps)/2; size > 0 && time.Now().Before(end); {
		shorter := false
		for at := len(small.steps) - size; at >= 0 && time.Now().Before(end); at -= size {
			if without := slices.Delete(slices.Clone(small.steps), at, at+size); fails(without) {
				small.steps, shorter = without, true
			}
		}
		if size = min(size, len(small.steps)); !shorter || size > 1 {
			size /= 2
		}
	}
	return small
}

// parseSteps reads "0-9,12".
func parseSteps(text string) ([]int, error) {
	var steps []int
	for part := range strings.SplitSeq(text, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		from, err1 := strconv.Atoi(first)
		to, err2 := strconv.Atoi(last)
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		for step := from; step <= to; step++ {
			steps = append(steps, step)
		}
	}
	return steps, nil
}

// formatSteps writes what parseSteps reads.
func formatSteps(steps []int) string {
	var parts []string
	for i := 0; i < len(steps); {
		j := i
		for j+1 < len(steps) && steps[j+1] == steps[j]+1 {
			j++
		}
		if part := strconv.Itoa(steps[i]); i == j {
			parts = append(parts, part)
		} else {
			parts = append(parts, part+"-"+strconv.Itoa(steps[j]))
		}
		i = j + 1
	}
	return strings.Join(parts, ",")
}
