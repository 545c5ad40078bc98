package bench

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// Report is what was measured. CONTRACT names its fields.
type Report struct {
	Database string `json:"database"`
	Cores    int    `json:"cores"`
	Rate     int    `json:"rate"` // invoices a second that were offered
	Sellers  int    `json:"sellers"`
	// Documents were in the database before, approved; Queued waited in the queue, and are counted as lives.
	Documents int `json:"documents"`
	Queued    int `json:"queued"`

	PostSeconds float64 `json:"post_seconds"` // from the first arrival to the last answer
	LifeSeconds float64 `json:"life_seconds"` // from the first arrival to the last outcome received

	Offered  int64 `json:"offered"`
	Accepted int64 `json:"accepted"`
	Refused  int64 `json:"refused"` // answered with anything but 202
	Broken   int64 `json:"broken"`  // not answered
	// Lives are invoices whose outcome was received.
	Lives             int64   `json:"lives"`
	AcceptedPerSecond float64 `json:"accepted_per_second"`
	LivesPerSecond    float64 `json:"lives_per_second"`
	// Lost were accepted, and are not filed or their outcome did not come; Doubled
	// were filed more than once, or told with more than one outcome.
	Lost    int64 `json:"lost"`
	Doubled int64 `json:"doubled"`

	PostMS    Spread `json:"post_ms"`    // from an invoice's moment to its 202
	WebhookMS Spread `json:"webhook_ms"` // from the end of signing at the tax system to the webhook's arrival

	// The answers to reads that went on beside; zero without any.
	ListMS   Spread `json:"list_ms"`
	StatusMS Spread `json:"status_ms"`
	FeedMS   Spread `json:"feed_ms"`

	Samples []Sample `json:"samples"` // one a minute

	RSSMB      float64            `json:"rss_mb"` // the most that the gateway held
	PeakMB     map[string]float64 `json:"peak_mb"`
	CPUMicros  map[string]float64 `json:"cpu_us_per_life_by"` // by process; "rest" is everything else on the machine
	CPUPerLife float64            `json:"cpu_us_per_life"`    // of the gateway
	DatabaseMB float64            `json:"database_mb"`
	WALPerLife float64            `json:"wal_bytes_per_life"` // 0 where the database does not count it
	// Scans is how often PostgreSQL read a whole table meanwhile, by table.
	Scans        map[string]int64 `json:"sequential_scans"`
	FirstProblem string           `json:"first_problem,omitempty"`
}

// Spread is how a time is spread, in milliseconds.
type Spread struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// String writes the spread for a table.
func (s Spread) String() string {
	return fmt.Sprintf("p50 %.1f ms, p95 %.1f, p99 %.1f, max %.1f", s.P50, s.P95, s.P99, s.Max)
}

func newSpread(times []time.Duration) Spread {
	if len(times) == 0 {
		return Spread{}
	}
	slices.Sort(times)
	at := func(share float64) float64 {
		return float64(times[min(int(share*float64(len(times))), len(times)-1)].Microseconds()) / 1000
	}
	return Spread{P50: at(0.50), P95: at(0.95), P99: at(0.99), Max: at(1)}
}

// OK says whether nothing was lost, doubled or refused.
func (r *Report) OK() bool { return r.Lost == 0 && r.Doubled == 0 && r.Refused == 0 && r.Broken == 0 }

// count joins what was accepted with what was filed and received.
func (r *Report) count(l *load, o outcomes) {
	r.Offered, r.Accepted, r.Refused, r.Broken = l.started.Load(), l.accepted.Load(), l.refused.Load(), l.broken.Load()
	r.FirstProblem = l.first
	var waits []time.Duration
	for id, reference := range l.taken {
		at, received := o.received[id]
		if received {
			r.Lives++
		}
		if !received || o.filed[reference] == 0 {
			r.Lost++
		}
		if o.filed[reference] > 1 || o.told[id] > 1 {
			r.Doubled++
		}
		if ended, known := o.ended[id]; known && received {
			waits = append(waits, max(at.Sub(ended), 0))
		}
	}
	r.AcceptedPerSecond = float64(r.Accepted) / r.PostSeconds
	r.LivesPerSecond = float64(r.Lives) / r.LifeSeconds
	r.PostMS, r.WebhookMS = newSpread(l.took), newSpread(waits)
}

// read takes over how long reads took. One that failed is a problem as a refused POST is.
func (r *Report) read(reads *reads) {
	r.ListMS, r.StatusMS, r.FeedMS = newSpread(reads.took[readList]), newSpread(reads.took[readStatus]), newSpread(reads.took[readFeed])
	if reads.failure != "" {
		r.Broken++
		r.FirstProblem = reads.failure
	}
}

// account shares out what was used between two moments.
func (r *Report) account(before, after usage) {
	r.PeakMB, r.RSSMB = after.peakMB, after.peakMB["gateway"]
	r.DatabaseMB = float64(after.database) / (1 << 20)
	lives := float64(max(r.Lives, 1))
	r.CPUMicros = map[string]float64{}
	rest := after.cpu["machine"] - before.cpu["machine"]
	for name := range after.cpu {
		if name == "machine" {
			continue
		}
		used := after.cpu[name] - before.cpu[name]
		rest -= used
		r.CPUMicros[name] = float64(used.Microseconds()) / lives
	}
	r.CPUMicros["rest"] = float64(max(rest, 0).Microseconds()) / lives
	r.CPUPerLife = r.CPUMicros["gateway"]
	r.Scans = map[string]int64{}
	for table, scans := range after.scans {
		r.Scans[table] = scans - before.scans[table]
	}
	r.WALPerLife = float64(after.wal-before.wal) / lives
}

// Write writes the report as a table.
func (r *Report) Write(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, format string, values ...any) {
		fmt.Fprintf(table, "%s\t%s\n", name, fmt.Sprintf(format, values...))
	}
	row("database", "%s, %d cores, %d sellers, %d documents before and %d queued", r.Database, r.Cores, r.Sellers, r.Documents, r.Queued)
	row("offered", "%d invoices, %d a second", r.Offered, r.Rate)
	row("accepted", "%d, %.0f a second (%d refused, %d without answer)", r.Accepted, r.AcceptedPerSecond, r.Refused, r.Broken)
	row("full lives", "%d, %.0f a second, within %.1f s", r.Lives, r.LivesPerSecond, r.LifeSeconds)
	row("lost, doubled", "%d, %d", r.Lost, r.Doubled)
	row("POST", "%s", r.PostMS)
	row("signed to webhook", "%s", r.WebhookMS)
	if r.ListMS.Max > 0 {
		row("list", "%s", r.ListMS)
		row("status", "%s", r.StatusMS)
		row("feed", "%s", r.FeedMS)
	}
	row("CPU a life", "gateway %.0f us, PostgreSQL %.0f, simulator %.0f, receiver %.0f, bench %.0f, all else on this machine %.0f", r.CPUMicros["gateway"],
		r.CPUMicros["postgres"], r.CPUMicros["simulator"], r.CPUMicros["receiver"], r.CPUMicros["bench"], r.CPUMicros["rest"])
	row("memory at most", "gateway %.0f MB, simulator %.0f, receiver %.0f", r.RSSMB, r.PeakMB["simulator"], r.PeakMB["receiver"])
	row("database", "%.0f MB, %.0f bytes of WAL a life", r.DatabaseMB, r.WALPerLife)
	if len(r.Scans) > 0 {
		row("sequential scans", "documents %d, bodies %d, events %d, deliveries %d", r.Scans["documents"], r.Scans["document_bodies"], r.Scans["events"], r.Scans["deliveries"])
	}
	if r.FirstProblem != "" {
		row("first problem", "%s", r.FirstProblem)
	}
	return table.Flush()
}
