package main

import (
	"fmt"
	"os"
	"time"

	"github.com/fakturgate/fakturgate/bench"
)

// figure is one measurement: how many invoices a second, and the processor time
// that each cost, where that is known.
type figure struct {
	rate                      float64
	contender, callers, other time.Duration
}

func (f figure) String() string {
	text := fmt.Sprintf("%8.0f invoices a second", f.rate)
	if f.contender == 0 {
		return text
	}
	return text + fmt.Sprintf("; processor time of each: %d us itself, %d us the callers, %d us all else",
		f.contender.Microseconds(), f.callers.Microseconds(), f.other.Microseconds())
}

// times are the processor times of a contender, of this process and of the machine.
type times struct{ contender, callers, machine time.Duration }

func timesOf(pid int) times {
	return times{bench.ProcessTime(pid), bench.ProcessTime(os.Getpid()), bench.MachineTime()}
}

func newFigure(rate float64, invoices int64, before, after times) figure {
	each := func(d time.Duration) time.Duration { return d / time.Duration(max(invoices, 1)) }
	contender, callers := after.contender-before.contender, after.callers-before.callers
	return figure{rate, each(contender), each(callers), each(after.machine - before.machine - contender - callers)}
}
