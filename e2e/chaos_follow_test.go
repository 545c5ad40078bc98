package e2e

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
)

// follower reads the feed while things happen, as a subscriber does who trusts
// its cursor: what becomes visible behind it, it never sees.
type follower struct {
	mu   sync.Mutex
	seen map[string]int // times an event was in the feed, by its id
	last string
}

func follow(t *testing.T, c *client) *follower {
	t.Helper()
	f := &follower{seen: map[string]int{}}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			if !f.read(ctx, c) {
				pauseFor(ctx, 10*time.Millisecond)
			}
		}
	}()
	t.Cleanup(func() { stop(); <-done })
	return f
}

func pauseFor(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// read takes the next page; false when there is none at this moment.
func (f *follower) read(ctx context.Context, c *client) bool {
	a, err := c.try(ctx, http.MethodGet, "/events?limit=200&after="+url.QueryEscape(f.last), nil)
	if err != nil || a.status != http.StatusOK {
		return false
	}
	var page listing[event]
	if json.Unmarshal(a.body, &page) != nil || len(page.Data) == 0 {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range page.Data {
		f.seen[e.ID]++
	}
	f.last = page.NextCursor
	return true
}

// times says how often the feed had an event.
func (f *follower) times(id string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seen[id]
}

// sees waits until all of some events were in the feed, and gives those that were not.
func (f *follower) sees(ids []string, within time.Duration) []string {
	for deadline := time.Now().Add(within); ; time.Sleep(10 * time.Millisecond) {
		missing := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return f.times(id) > 0 })
		if len(missing) == 0 || time.Now().After(deadline) {
			return missing
		}
	}
}
