package service

import (
	"sync"
	"time"

	"github.com/fakturgate/fakturgate/repository"
)

// turns gives each queued document its place among those of the same deadline,
// fairly between sellers: a virtual clock per seller that runs no slower than
// the real one and ticks once a document. A seller who posts 100,000 at once
// spreads them over the time to come; another's ten, posted afterwards, fall
// in between (docs/adr/0006).
type turns struct {
	mu   sync.Mutex
	last map[repository.TaxpayerKey]time.Time
}

// turnTick is how far one document moves its seller's clock: beyond 200 a
// second, a seller queues behind itself.
const turnTick = 5 * time.Millisecond

func (t *turns) next(key repository.TaxpayerKey, now time.Time) time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.last) >= 100_000 {
		t.forget(now)
	}
	if t.last == nil {
		t.last = map[repository.TaxpayerKey]time.Time{}
	}
	turn := now
	if after := t.last[key].Add(turnTick); after.After(now) {
		turn = after
	}
	t.last[key] = turn
	return turn
}

// forget drops the sellers whose clock the real one has overtaken: they would
// begin at now anyway.
func (t *turns) forget(now time.Time) {
	for key, last := range t.last {
		if last.Before(now) {
			delete(t.last, key)
		}
	}
}
