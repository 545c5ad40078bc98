package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
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
	taken map[string]string // document id to reference, of accepted ones and of the backlog
	last  string            // of accepted ones, the last document's id
}

// newLoad begins with a backlog that is queued already: references by document id.
func newLoad(w *world, p *plan, queued map[string]string) *load {
	count := int(w.config.Duration.Seconds() * float64(w.config.Rate))
	l := &load{world: w, plan: p, count: count, taken: make(map[string]string, count+len(queued))}
	maps.Copy(l.taken, queued)
	return l
}

// expected is how many outcomes are to come in all, as far as that is known.
func (l *load) expected() int64 { return l.accepted.Load() + int64(l.world.config.Queued) }

// someDocument gives the id of one that was accepted; "" before the first.
func (l *load) someDocument() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// mostAtOnce bounds the requests under way; beyond it arrivals wait, and their
// time goes on counting.
const mostAtOnce = 256

// run lets invoices arrive until all are answered. There are as many callers, each
// with a connection, as were ever needed at a time.
func (l *load) run(ctx context.Context, began time.Time) {
	arrivals := make(chan int, l.count) // never blocks the clock
	var calling sync.WaitGroup
	var free atomic.Int64
	callers := 0
	for n := range l.count {
		if wait := time.Until(l.due(began, n)); wait > 0 {
			pause(ctx, max(wait, arrivalTick))
		}
		if ctx.Err() != nil {
			break
		}
		l.started.Add(1)
		arrivals <- n
		if callers < mostAtOnce && free.Load() < int64(len(arrivals)) {
			callers++
			calling.Go(func() { l.call(ctx, began, arrivals, &free) })
		}
	}
	close(arrivals)
	calling.Wait()
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// arrivalTick is how finely the clock of arrivals ticks.
const arrivalTick = time.Millisecond

// due is when the n-th invoice arrives.
func (l *load) due(began time.Time, n int) time.Time {
	return began.Add(time.Duration(float64(n) / float64(l.world.config.Rate) * float64(time.Second)))
}

// call is one caller: it posts what arrives, over a connection of its own, and
// makes a new one after a fault.
func (l *load) call(ctx context.Context, began time.Time, arrivals <-chan int, free *atomic.Int64) {
	var connection *Connection
	for {
		free.Add(1)
		n, more := <-arrivals
		free.Add(-1)
		if !more {
			break
		}
		var err error
		if connection == nil {
			connection, err = Dial(ctx, strings.TrimPrefix(l.world.gatewayURL, "http://"))
		}
		if err == nil {
			err = l.post(connection, n, l.due(began, n))
		}
		if err != nil {
			l.broken.Add(1)
			l.note(fmt.Sprintf("invoice %d: %v", n, err))
			if connection != nil {
				_ = connection.Close() // it is of no more use
				connection = nil
			}
		}
	}
	if connection != nil {
		_ = connection.Close()
	}
}

func (l *load) post(connection *Connection, n int, due time.Time) error {
	reference, request := l.plan.request(n)
	answer, err := connection.Call(request)
	if err != nil {
		return err
	}
	took := time.Since(due)
	if answer.Status != http.StatusAccepted {
		l.refused.Add(1)
		l.note(fmt.Sprintf("POST %s: %d %s", reference, answer.Status, answer.Text))
		return nil
	}
	l.accepted.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.took = append(l.took, took)
	l.taken[answer.DocumentID], l.last = reference, answer.DocumentID
	return nil
}

func (l *load) note(what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.first == "" {
		l.first = what
	}
}

// call asks the gateway something that is not measured.
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
