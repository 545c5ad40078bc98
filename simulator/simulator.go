// Package simulator is the other side: a tax system as its users know it, with
// a signing queue, faults and a ledger. It speaks the connector protocol of
// docs/connector.yaml and invents every approval it gives; its livemode is
// false and it refuses live invoices. docs/simulator.md is its guide.
//
// Time is only ever asked for, never waited for (but for SIM-SLOW): a
// submission knows when its next step is due, and whoever asks sees every step
// up to now. So it runs under an injected clock and needs no goroutine.
package simulator

import (
	"cmp"
	"errors"
	"net/http"
	"sync"
	"time"
)

// Config says how the simulated tax system behaves. The zero value is one that
// takes everything, signs at once and forgets when the process ends.
type Config struct {
	// Token is the bearer token that every call of the protocol must carry; ""
	// asks for none. The ledger and release are open to everyone.
	Token string
	// Seed decides, together with seller, reference and attempt, how long an
	// invoice signs and what FailRate does to it. The order of calls does not matter.
	Seed uint64
	// SigningDelay is how long signing takes on average: each takes between half
	// of it and one and a half times of it. 0: at once, seen when next asked.
	SigningDelay time.Duration
	// SigningSigma, when it is not 0, spreads signing times as in life instead:
	// log-normal with the median SigningDelay and this deviation of the logarithm.
	SigningSigma float64
	// Dedup makes a resend under a known client id harmless, and says so to the
	// client. Without it a resend is taken again, which the ledger counts.
	Dedup bool
	// LookupLag is how long look-up does not see a submission.
	LookupLag time.Duration
	// SlowDelay is how long SIM-SLOW keeps its call waiting; 0 means 3 s.
	SlowDelay time.Duration
	// FailRate, 0 to 1, is the share of calls that fail for a moment and of
	// invoices without a magic word that are saved invalid.
	FailRate float64
	// Lose makes every reference that contains it get lost after it was answered
	// as taken, as SIM-LOSE does; "" loses nothing more.
	Lose string
	// State is the file that remembers what was taken; "" means memory only.
	// One process at a time may use it.
	State string
	// MaxBatch is the most items in one call; 0 means 500.
	MaxBatch int
	// CallsPerMinute is how many status, look-up and change calls it bears; 0 is no limit.
	CallsPerMinute int
	// Clock tells the time; nil means time.Now.
	Clock func() time.Time
}

// Simulator is a simulated tax system. Its methods may be used by many goroutines.
type Simulator struct {
	config  Config
	handler http.Handler

	mu      sync.Mutex
	book    *book
	journal *journal
	tries   map[string]int // calls so far by their first item; only with FailRate
	reads   int            // calls so far that only asked; only with FailRate
	budget  budget
}

// New opens the simulator and reads what its state file remembers. A torn last
// line, as kill -9 leaves it, was never answered and is cut off.
func New(config Config) (*Simulator, error) {
	if config.FailRate < 0 || config.FailRate > 1 {
		return nil, errors.New("simulator: the fail rate must be between 0 and 1")
	}
	if config.SigningDelay < 0 || config.SigningSigma < 0 || config.LookupLag < 0 || config.SlowDelay < 0 || config.MaxBatch < 0 || config.CallsPerMinute < 0 {
		return nil, errors.New("simulator: delays and limits must not be negative")
	}
	config.MaxBatch = cmp.Or(config.MaxBatch, 500)
	config.SlowDelay = cmp.Or(config.SlowDelay, 3*time.Second)
	if config.Clock == nil {
		config.Clock = time.Now
	}
	s := &Simulator{config: config, book: newBook(), tries: map[string]int{}}
	var err error
	if s.journal, err = openJournal(config.State, s.book.apply); err != nil {
		return nil, err
	}
	s.handler = s.routes()
	return s, nil
}

// Handler answers the connector protocol, GET /ledger and POST /v1/simulator/release.
func (s *Simulator) Handler() http.Handler { return s.handler }

// Close writes the state file out to disk and closes it; calls fail after it.
// Without a state file it does nothing.
func (s *Simulator) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.journal.close()
}

// open locks the simulator and brings its book up to the present; the caller
// must unlock s.mu. It fails, unlocked, when the state file could not be
// written: then the book knows of things that a restart would not.
func (s *Simulator) open() error {
	s.mu.Lock()
	if s.journal.broken != nil {
		s.mu.Unlock()
		return s.journal.broken
	}
	s.book.advance(s.config.Clock().UnixMicro())
	return nil
}

// budget counts calls by the minute.
type budget struct {
	minute int64
	calls  int
}

// spend counts one call at now (microseconds) and gives how long to wait when
// there are more than limit in this minute; 0 lets it through.
func (b *budget) spend(now int64, limit int) time.Duration {
	if limit == 0 {
		return 0
	}
	const minute = int64(time.Minute / time.Microsecond)
	if b.minute != now/minute {
		*b = budget{minute: now / minute}
	}
	if b.calls++; b.calls <= limit {
		return 0
	}
	return time.Duration((b.minute+1)*minute-now) * time.Microsecond
}
