package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
)

// reads are the questions that ERPs and people ask while invoices are posted,
// and how long their answers take.
type reads struct {
	load *load

	mu      sync.Mutex
	took    map[string][]time.Duration // by what is asked
	cursor  string
	failure string // the first; "" for none
}

// The questions, in turn.
const (
	readList   = "list"
	readStatus = "status"
	readFeed   = "feed"
)

func newReads(l *load) *reads { return &reads{load: l, took: map[string][]time.Duration{}} }

// run asks Config.Reads questions of each kind a second until ctx ends.
func (r *reads) run(ctx context.Context) {
	if r.load.world.config.Reads == 0 {
		return
	}
	tick := time.NewTicker(time.Second / time.Duration(3*r.load.world.config.Reads))
	defer tick.Stop()
	var asking sync.WaitGroup
	defer asking.Wait()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		what := []string{readList, readStatus, readFeed}[n%3]
		asking.Go(func() { r.ask(ctx, what) })
	}
}

func (r *reads) ask(ctx context.Context, what string) {
	path := r.path(what)
	if path == "" {
		return
	}
	began := time.Now()
	status, answer, err := r.load.world.call(ctx, http.MethodGet, path, nil)
	took := time.Since(began)
	if ctx.Err() != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil || status != http.StatusOK {
		if r.failure == "" {
			r.failure = fmt.Sprintf("GET %s: %d %.300s %v", path, status, answer, err)
		}
		return
	}
	r.took[what] = append(r.took[what], took)
	if what == readFeed {
		var page struct {
			Next string `json:"next_cursor"`
		}
		if err := json.Unmarshal(answer, &page); err == nil {
			r.cursor = page.Next
		}
	}
}

// path is what to ask; "" when there is nothing to ask about yet.
func (r *reads) path(what string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.load
	switch what {
	case readStatus:
		id := l.someDocument()
		if id == "" {
			return ""
		}
		return "/invoices/" + id + "/status"
	case readFeed:
		return "/events?limit=100&after=" + r.cursor
	}
	n := rand.IntN(1_000_000) //nolint:gosec // any will do
	filters := [...]string{
		"", "&status=queued", "&status=saved_invalid", "&buyer=0098765431109001",
		"&npwp=" + l.plan.sellers[n%len(l.plan.sellers)],
		fmt.Sprintf("&reference=B/%s/%07d", l.plan.run, n%l.count),
	}
	return "/invoices?limit=50" + filters[n%len(filters)]
}
