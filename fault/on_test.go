//go:build faults

package fault

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// A wrong clock jumps for whoever compares with a stored time, and not for
// whoever measures how long something takes.
func TestNowJumpsAndMeasures(t *testing.T) {
	before := Now()
	wrong.Store(3600)
	defer wrong.Store(0)
	after := Now()
	if jump := after.Round(0).Sub(before.Round(0)); jump < time.Hour || jump > time.Hour+time.Minute {
		t.Errorf("the wall clock jumped by %v", jump)
	}
	if took := after.Sub(before); took < 0 || took > time.Minute {
		t.Errorf("measured %v", took)
	}
	wrong.Store(-3600)
	if jump := Now().Round(0).Sub(before.Round(0)); jump > -time.Hour+time.Minute {
		t.Errorf("back, it jumped by %v", jump)
	}
}

func TestTheClockFileIsRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "clock")
	seconds := watchClock(path)
	if err := os.WriteFile(path, []byte("-90\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); seconds.Load() != -90; time.Sleep(clockTick) {
		if time.Now().After(deadline) {
			t.Fatal("the file is not read")
		}
	}
}

func TestHookAndPlant(t *testing.T) {
	var met []Point
	Hook, Plant = func(p Point) { met = append(met, p) }, NoLookUp
	defer func() { Hook, Plant = nil, "" }()
	Reached(AfterSend)
	if len(met) != 1 || met[0] != AfterSend || !Planted(NoLookUp) || Planted(NoFencing) {
		t.Errorf("met %v, planted %v %v", met, Planted(NoLookUp), Planted(NoFencing))
	}
}

// A process stops in the very act of sending only when it is asked to stop there.
func TestAStopWaitsForWhatIsBeingSent(t *testing.T) {
	before := stop
	defer func() { stop = before }()
	stop = &trap{point: BeforeSave, signal: syscall.SIGCONT} // which stops nothing
	stop.left.Store(1)
	Reached(BeforeSend)
	done := make(chan struct{})
	go func() { Reached(BeforeSave); close(done) }()
	for deadline := time.Now().Add(10 * time.Second); sending.TryRLock(); time.Sleep(time.Millisecond) {
		sending.RUnlock()
		if time.Now().After(deadline) {
			t.Fatal("it does not wait")
		}
	}
	select {
	case <-done:
		t.Error("it did not wait")
	default:
	}
	Reached(AfterSend)
	<-done
}
