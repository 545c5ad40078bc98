// Package bench measures the whole gateway: it starts gateway, simulated tax
// system and webhook receiver as processes of their own, posts invoices at a
// given rate whatever comes back (open loop, so that queueing shows), and
// follows each one until its outcome is received. It checks what it measures:
// every invoice that was accepted is filed once and told once.
package bench

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"
)

// Config says what is measured. The zero value of a field means its default.
type Config struct {
	// Binary is the fakturgate under test; "" means the running one.
	Binary string
	// DatabaseURL is where the gateway keeps it; "" means a fresh SQLite file.
	DatabaseURL string
	Duration    time.Duration // of posting
	Rate        int           // invoices a second
	Sellers     int           // among whom the invoices are spread by Zipf's law
	// SigningDelay is the median time of signing, log-normal; 0 signs at once.
	SigningDelay time.Duration
	SavedInvalid float64 // share of invoices that are refused, 0 to 1
	Seed         uint64
	// Drain is how long the last outcomes may take after posting has ended.
	Drain time.Duration
	// Progress gets a line a second; nil shows none.
	Progress io.Writer
	// Documents are in the database already when the gateway starts, approved, and
	// Queued wait in its queue.
	Documents, Queued int
	// Reads is how many lists, statuses and pages of the feed are asked for a second.
	Reads int
	// CPUProfile is the file that gets a profile of the gateway's processor time,
	// taken over the middle third of the posting; "" takes none.
	CPUProfile string
	// Env are further settings of all processes, NAME=VALUE; later ones win.
	Env []string
}

// Run measures, and gives a Report also when something was lost or doubled; an
// error means that nothing could be measured.
func Run(ctx context.Context, c Config) (Report, error) {
	folder, err := os.MkdirTemp("", "fakturgate-bench-")
	if err != nil {
		return Report{}, err
	}
	defer os.RemoveAll(folder)
	if c.DatabaseURL == "" {
		c.DatabaseURL = "sqlite:" + filepath.Join(folder, "bench.db")
	}
	if c.Binary == "" {
		if c.Binary, err = os.Executable(); err != nil {
			return Report{}, err
		}
	}
	if c.Progress == nil {
		c.Progress = io.Discard
	}
	w, err := openWorld(ctx, c, folder)
	if err != nil {
		return Report{}, err
	}
	report, err := w.measure(ctx)
	return report, errors.Join(err, w.close())
}

// measure posts, waits for the outcomes, and counts.
func (w *world) measure(ctx context.Context) (Report, error) {
	plan := newPlan(w.config)
	queued, err := w.prepare(ctx, plan)
	if err != nil {
		return Report{}, err
	}
	load := newLoad(w, plan, queued)
	before, err := w.usage(ctx)
	if err != nil {
		return Report{}, err
	}
	began := time.Now()
	reads := newReads(load)
	samples := &samples{world: w, load: load, began: began}
	beside, end := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { reads.run(beside) })
	running.Go(func() { samples.run(beside) })
	profiled := w.profile(ctx)
	load.run(ctx, began)
	posted := time.Since(began)
	w.awaitOutcomes(ctx, load)
	lived := time.Since(began)
	end()
	running.Wait()
	after, err := w.usage(ctx)
	if err != nil {
		return Report{}, err
	}
	outcomes, err := w.outcomes(ctx, load)
	if err = errors.Join(err, <-profiled); err != nil {
		return Report{}, err
	}
	r := Report{
		Database: w.databaseKind(), Cores: runtime.NumCPU(), Rate: w.config.Rate, Sellers: len(plan.sellers),
		Documents: w.config.Documents, Queued: w.config.Queued,
		PostSeconds: posted.Seconds(), LifeSeconds: lived.Seconds(), Samples: samples.taken,
	}
	r.count(load, outcomes)
	r.account(before, after)
	r.read(reads)
	return r, nil
}
