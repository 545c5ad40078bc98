//go:build faults

package service

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/fault"
)

// points counts those that a world has reached.
var points int

// A world's processes also die, and pause, at the named points.
func init() {
	worldTags = " -tags faults"
	pointsOf = func(w *world) {
		points = 0
		fault.Hook = func(p fault.Point) { w.reached(string(p), p == fault.InCommit || p == fault.InSave) }
	}
}

// TestSimulationNoticesPlantedBugs: a simulation that finds nothing proves
// something only when it would. Positions in the feed need no lock on SQLite,
// so that the bug unlocked_feed is for whole processes to notice.
func TestSimulationNoticesPlantedBugs(t *testing.T) {
	for _, bug := range []fault.Bug{fault.NoFencing, fault.NoLookUp, fault.EarlyAnswer, fault.EarlyCursor} {
		t.Run(string(bug), func(t *testing.T) {
			fault.Plant = bug
			defer func() { fault.Plant = "" }()
			noticed(t, 300)
		})
	}
}

// noticed holds that one of so many worlds fails, and logs what it says.
func noticed(t *testing.T, worlds int) {
	t.Helper()
	steps, err := parseSteps("0-1499")
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(worlds) {
		if o := simulateWorld(t, plan{seed: seed + 1, steps: steps}); o.err != nil {
			t.Logf("world %d: %v", seed+1, o.err)
			return
		}
	}
	t.Errorf("%d worlds noticed nothing", worlds)
}

// reached is a task's coming to a point of the code. It may die there with its
// process, or stay there while others go on, unless it holds a transaction.
func (w *world) reached(point string, inTransaction bool) {
	k := w.running
	if !w.faulty || k == nil || point == string(fault.BeforeDeliver) || point == string(fault.AfterDeliver) {
		return // tries of webhooks have their own goroutines
	}
	points++
	dice := rand.New(rand.NewPCG(w.plan.seed^uint64(w.step+1)<<20, uint64(points)))
	switch n := dice.IntN(100); {
	case n < 2:
		w.seen["died "+point]++
		w.note("%s dies %s", k.node.name, point)
		k.node.dying = true
		panic(crash{})
	case n < 20 && !inTransaction:
		w.seen["stayed "+point]++
		c := &call{task: k, point: point, reply: make(chan reply, 1), sentAt: time.Now()}
		w.mu.Lock()
		w.calls, k.call = append(w.calls, c), c
		w.mu.Unlock()
		if a := <-c.reply; a.crash {
			panic(crash{})
		}
	}
}
