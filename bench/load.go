package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
)

// load posts the plan's invoices, each at its moment, however slow the answers
// are. A POST's time counts from that moment, so that one which had to wait for
// the generator or the gateway shows it.
type load struct {
	world *world
	plan  *plan
	count int

	started  atomic.Int64
	accepted atomic.Int64
	refused  atomic.Int64 // answered, but not with 202
	broken   atomic.Int64 // not answered

	mu    sync.Mutex
	took  []time.Duration   // of accepted POSTs
	first string            // of what went wrong, for the report
	taken map[string]string // document id to reference, of accepted ones
}

func newLoad(w *world, p *plan) *load {
	count := int(w.config.Duration.Seconds() * float64(w.config.Rate))
	return &load{world: w, plan: p, count: count, taken: make(map[string]string, count)}
}

// mostAtOnce bounds the requests under way; beyond it arrivals wait, and their
// time goes on counting.
const mostAtOnce = 2048

func (l *load) run(ctx context.Context, began time.Time) {
	arrivals := make(chan int, l.count) // never blocks the clock
	go func() {
		defer close(arrivals)
		for n := range l.count {
			if wait := time.Until(l.due(began, n)); wait > 0 {
				select {
				case <-time.After(wait):
				case <-ctx.Done():
					return
				}
			}
			arrivals <- n
		}
	}()
	places := make(chan struct{}, mostAtOnce)
	var posting sync.WaitGroup
	for n := range arrivals {
		places <- struct{}{}
		l.started.Add(1)
		posting.Go(func() {
			defer func() { <-places }()
			l.post(ctx, n, l.due(began, n))
		})
	}
	posting.Wait()
}

// due is when the n-th invoice arrives.
func (l *load) due(began time.Time, n int) time.Time {
	return began.Add(time.Duration(float64(n) / float64(l.world.config.Rate) * float64(time.Second)))
}

func (l *load) post(ctx context.Context, n int, due time.Time) {
	reference, body := l.plan.invoice(n)
	status, answer, err := l.world.call(ctx, http.MethodPost, "/invoices", body)
	took := time.Since(due)
	switch {
	case err != nil:
		l.broken.Add(1)
		l.note(fmt.Sprintf("POST %s: %v", reference, err))
	case status != http.StatusAccepted:
		l.refused.Add(1)
		l.note(fmt.Sprintf("POST %s: %d %.300s", reference, status, answer))
	default:
		l.accepted.Add(1)
		l.mu.Lock()
		l.took = append(l.took, took)
		l.taken[documentID(answer)] = reference
		l.mu.Unlock()
	}
}

// documentID reads the id out of an accepted invoice.
func documentID(answer []byte) string {
	var stored struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(answer, &stored); err != nil {
		return ""
	}
	return stored.ID
}

func (l *load) note(what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.first == "" {
		l.first = what
	}
}

// showProgress prints a line a second.
func (l *load) showProgress(ctx context.Context, began time.Time) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var accepted, received int64
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		nowAccepted, nowReceived := l.accepted.Load(), l.world.received(ctx)
		fmt.Fprintf(l.world.config.Progress, "%4.0f s  accepted %8d (%5d/s)  lives %8d (%5d/s)  under way %7d  refused %d  broken %d\n",
			time.Since(began).Seconds(), nowAccepted, nowAccepted-accepted, nowReceived, nowReceived-received,
			nowAccepted-nowReceived, l.refused.Load(), l.broken.Load())
		accepted, received = nowAccepted, nowReceived
	}
}

// call speaks to the gateway.
func (w *world) call(ctx context.Context, method, path string, body []byte) (status int, answer []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, method, w.gatewayURL+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Authorization", "Bearer "+benchKey)
	request.Header.Set("Content-Type", "application/json")
	response, err := w.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(response.Body)
	return response.StatusCode, answer, err
}
