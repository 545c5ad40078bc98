//go:build faults

package fault

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// Hook is called at every point, for a test within the process; nil is none. It
// may panic. It is set before anything runs.
var Hook func(Point)

// Plant is the bug that this process has; "" is none. It is set before anything runs.
var Plant = plantedBug()

// Reached tells that a process is at a point, where it may die, stop, or be slow.
func Reached(p Point) {
	if Hook != nil {
		Hook(p)
	}
	if p == slow.point {
		time.Sleep(slow.delay)
	}
	if stop.point != "" {
		stopOutsideOfSending(p)
	}
	if crash.comes(p) {
		crash.spring()
	}
}

// sending is held by whoever is between BeforeSend and AfterSend.
var sending sync.RWMutex

// stopOutsideOfSending stops the process, when it is time, with nobody in the
// very act of sending: what a process sends that sleeps there, no gateway alone
// can guard against, and the point would not be the one that was asked for.
func stopOutsideOfSending(p Point) {
	if p == AfterSend {
		sending.RUnlock()
	}
	if stop.comes(p) {
		sending.Lock()
		stop.spring()
		sending.Unlock()
	}
	if p == BeforeSend {
		sending.RLock()
	}
}

// Planted says whether this process has a bug.
func Planted(b Bug) bool { return b == Plant }

func plantedBug() Bug {
	b := Bug(os.Getenv("FAKTURGATE_FAULT_PLANT"))
	if b != "" && !slices.Contains(Bugs(), b) {
		panic(fmt.Sprintf("FAKTURGATE_FAULT_PLANT: no such bug: %s", b))
	}
	return b
}

// trap sends this process a signal when it comes to a point for the n-th time.
type trap struct {
	point  Point
	left   atomic.Int64
	signal syscall.Signal
}

var (
	crash = newTrap("FAKTURGATE_FAULT_CRASH_AT", syscall.SIGKILL)
	stop  = newTrap("FAKTURGATE_FAULT_STOP_AT", syscall.SIGSTOP)
	slow  = newBrake("FAKTURGATE_FAULT_SLOW_AT")
)

func newTrap(variable string, signal syscall.Signal) *trap {
	point, times := pointOf(variable)
	t := &trap{point: point, signal: signal}
	t.left.Store(1)
	if times != "" {
		n, err := strconv.ParseInt(times, 10, 64)
		if err != nil {
			panic(fmt.Sprintf("%s: %v", variable, err))
		}
		t.left.Store(n)
	}
	return t
}

// comes says whether this is the time.
func (t *trap) comes(p Point) bool { return p == t.point && t.left.Add(-1) == 0 }

func (t *trap) spring() {
	if err := syscall.Kill(os.Getpid(), t.signal); err != nil {
		panic(err)
	}
	time.Sleep(time.Second) // a signal is taken a moment later: nothing may be done in it
}

// brake makes a point take longer.
type brake struct {
	point Point
	delay time.Duration
}

func newBrake(variable string) brake {
	point, delay := pointOf(variable)
	b := brake{point: point}
	if point == "" {
		return b
	}
	var err error
	if b.delay, err = time.ParseDuration(delay); err != nil {
		panic(fmt.Sprintf("%s: %v", variable, err))
	}
	return b
}

// pointOf reads "POINT" or "POINT:MORE".
func pointOf(variable string) (Point, string) {
	name, more, _ := strings.Cut(os.Getenv(variable), ":")
	if name != "" && !slices.Contains(Points(), Point(name)) {
		panic(fmt.Sprintf("%s: no such point: %s", variable, name))
	}
	return Point(name), more
}

// wrong is by how many seconds the wall clock is wrong.
var wrong = watchClock(os.Getenv("FAKTURGATE_FAULT_CLOCK"))

// clockTick is how often the file is read that sets the clock wrong.
const clockTick = 10 * time.Millisecond

func watchClock(path string) *atomic.Int64 {
	var seconds atomic.Int64
	if path == "" {
		return &seconds
	}
	go func() {
		for ; ; time.Sleep(clockTick) {
			text, err := os.ReadFile(path)
			if err != nil {
				continue // not written yet
			}
			if n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil {
				seconds.Store(n)
			}
		}
	}()
	return &seconds
}

// Now is the wall clock, as wrong as it is set. As on a machine whose clock is
// set while it runs, the wall clock jumps and the monotonic one does not; so Add
// will not do, which moves both.
func Now() time.Time {
	now := time.Now()
	if seconds := wrong.Load(); seconds != 0 {
		const secondsAt = 30 // in time.Time's first word, above the nanoseconds
		*(*uint64)(unsafe.Pointer(&now)) += uint64(seconds) << secondsAt
	}
	return now
}
