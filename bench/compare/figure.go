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
	rate                         float64
	contender, database, callers time.Duration
}

func (f figure) String() string {
	text := fmt.Sprintf("%8.0f invoices a second", f.rate)
	if f.contender == 0 {
		return text
	}
	return text + fmt.Sprintf("; processor time of each: %d us, PostgreSQL %d us, the callers %d us",
		f.contender.Microseconds(), f.database.Microseconds(), f.callers.Microseconds())
}

// times are the processor times of a contender, of the PostgreSQL server and of this process.
type times struct{ contender, database, callers time.Duration }

func (c *comparison) times(contender int) times {
	return times{bench.ProcessTime(contender), bench.FamilyTime(c.postmaster), bench.ProcessTime(os.Getpid())}
}

func newFigure(rate float64, invoices int64, before, after times) figure {
	each := func(d time.Duration) time.Duration { return d / time.Duration(max(invoices, 1)) }
	return figure{rate, each(after.contender - before.contender), each(after.database - before.database), each(after.callers - before.callers)}
}
