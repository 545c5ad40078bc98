package bench

import (
	"context"
	"fmt"
	"time"
)

// Sample is how things stand at a moment, so that a long run shows what grows.
type Sample struct {
	Seconds  float64 `json:"seconds"` // since posting began
	Lives    int64   `json:"lives"`
	RSSMB    float64 `json:"rss_mb"` // of the gateway, at this moment
	Database float64 `json:"database_mb"`
	// DeadShare is the share of table rows that are dead and not cleared away yet;
	// 0 where the database does not tell.
	DeadShare float64 `json:"dead_share"`
}

// samples shows progress once a second, and takes a sample at once and then once a minute.
type samples struct {
	world *world
	load  *load
	began time.Time
	taken []Sample
}

const sampleSeconds = 60

func (s *samples) run(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var accepted, received int64
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		l := s.load
		nowAccepted, nowReceived := l.accepted.Load(), s.world.received(ctx)
		rss := memoryMB(s.world.gateway.Process.Pid, "VmRSS:")
		fmt.Fprintf(s.world.config.Progress, "%4.0f s  accepted %8d (%5d/s)  lives %8d (%5d/s)  under way %7d  refused %d  broken %d  gateway %.0f MB\n",
			time.Since(s.began).Seconds(), nowAccepted, nowAccepted-accepted, nowReceived, nowReceived-received,
			l.expected()-nowReceived, l.refused.Load(), l.broken.Load(), rss)
		accepted, received = nowAccepted, nowReceived
		if n%sampleSeconds == 0 {
			s.take(ctx, nowReceived, rss)
		}
	}
}

func (s *samples) take(ctx context.Context, lives int64, rss float64) {
	size, err := s.world.db.Size(ctx)
	if err != nil {
		return // the run is at its end, or the next sample says more
	}
	s.taken = append(s.taken, Sample{Seconds: time.Since(s.began).Seconds(), Lives: lives, RSSMB: rss,
		Database: float64(size.Bytes) / (1 << 20), DeadShare: size.DeadShare})
}
