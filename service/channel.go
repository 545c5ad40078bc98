package service

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
)

// channel is a way into the tax system together with what this process knows
// of it: its description, its state of health, and the calls it still bears.
type channel struct {
	adapter.Channel
	caller  adapter.Caller // nil when it is a writer
	writer  adapter.Writer // nil when it is a caller
	service *Service

	// Of the channel's news; only follow uses them.
	newsCursor string
	newsRest   time.Time // none are read before

	// picking is held while work is picked, so that two hand-overs never pick the same.
	picking   sync.Mutex
	pickedAt  time.Time
	pickedAll bool // the last pick was full: more may wait

	absences absences

	mu          sync.Mutex
	newsAt      time.Time // when news were last read; zero: they are not
	catchUpFrom time.Time // since when nothing is missed; zero without news
	// polledShards are those that were held at the last poll.
	polledShards []repository.Lease
	description  adapter.Description
	describedAt  time.Time // zero: never
	silence      error     // the last question's, nil when it was answered
	silentAt     time.Time
	failures     int       // in a row
	restUntil    time.Time // no hand-over before
	lastError    error     // nil while all is well
	calls        float64   // questions that may still be asked, refilled by time
	refilledAt   time.Time
}

const (
	// descriptionMemory is how long a description is believed while nothing fails.
	descriptionMemory = time.Minute
	// describeTimeout is for the question what a channel is; nothing is at stake
	// in it, so it is no part of a lease.
	describeTimeout = 10 * time.Second
	// silenceMemory is how long requests believe that a channel does not answer,
	// so that not each of them waits for describeTimeout.
	silenceMemory = 3 * time.Second
)

func newChannel(s *Service, c adapter.Channel) *channel {
	known := &channel{Channel: c, service: s}
	if caller, ok := c.(adapter.Caller); ok {
		known.caller = timedCaller{caller, s}
	}
	known.writer, _ = c.(adapter.Writer)
	return known
}

// describe gives the channel's description, at most descriptionMemory old. One
// that has not answered is asked again only after silenceMemory.
func (c *channel) describe(ctx context.Context) (adapter.Description, error) {
	c.mu.Lock()
	silence, at := c.silence, c.silentAt
	c.mu.Unlock()
	if silence != nil && c.service.Now().Sub(at) < silenceMemory {
		return adapter.Description{}, silence
	}
	return c.describeAnew(ctx)
}

// describeAnew is describe for those who rest by themselves after a failure.
func (c *channel) describeAnew(ctx context.Context) (adapter.Description, error) {
	now := c.service.Now()
	c.mu.Lock()
	description, at := c.description, c.describedAt
	c.mu.Unlock()
	if !at.IsZero() && now.Sub(at) < descriptionMemory {
		return description, nil
	}
	asking, cancel := context.WithTimeout(ctx, describeTimeout)
	defer cancel()
	description, err := c.Describe(asking)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		if ctx.Err() == nil { // a caller who leaves early has learnt nothing
			c.silence, c.silentAt = err, c.service.Now()
		}
		return description, err
	}
	description.MaxBatch = max(description.MaxBatch, 1)
	c.description, c.describedAt, c.silence = description, now, nil
	return description, nil
}

// The pauses after failed calls in a row: none after the first, which may have
// been an accident, then doubling. Only a channel that could not be reached at
// all rests at once: its documents would move to and fro and tell of it each time.
const (
	restFirst = time.Second
	restLast  = time.Minute
)

// failed notes a call that went wrong: the channel rests, and its description
// is asked for anew.
func (c *channel) failed(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var rest time.Duration
	if c.failures > 0 {
		rest = min(restFirst<<min(c.failures-1, 10), restLast)
	}
	if notSent, ok := errors.AsType[*adapter.NotSent](err); ok {
		rest = max(rest, restFirst, min(notSent.RetryAfter, 10*time.Minute))
	}
	c.failures++
	c.lastError = err
	c.describedAt = time.Time{}
	c.restUntil = c.service.Now().Add(rest)
}

func (c *channel) succeeded() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failures, c.lastError, c.restUntil = 0, nil, time.Time{}
}

// health gives the last error while calls fail, and nil otherwise.
func (c *channel) health() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lastError
}

// batch says how many documents may be handed over now: none while the channel
// rests, one to see whether it is well again, or as many as it takes.
func (c *channel) batch(d adapter.Description) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.service.Now().Before(c.restUntil):
		return 0
	case c.failures > 1:
		return 1
	}
	return d.MaxBatch
}

// mayAsk takes one question out of the budget: this process's share, by the
// shards it holds, of the calls a minute that the channel bears.
func (c *channel) mayAsk(d adapter.Description, heldShards int) bool {
	if d.CallsPerMinute <= 0 {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	share := max(1, float64(d.CallsPerMinute)*float64(heldShards)/faktur.Shards)
	now := c.service.Now()
	if c.refilledAt.IsZero() {
		c.calls = max(1, share/60)
	} else {
		c.calls = min(max(1, share/60), c.calls+share*now.Sub(c.refilledAt).Minutes())
	}
	c.refilledAt = now
	if c.calls < 1 {
		return false
	}
	c.calls--
	return true
}

// part is what this process may work on now, and false when that is nothing:
// the channel is out of reach, or no shard is held for long enough.
func (c *channel) part(ctx context.Context) (repository.Part, adapter.Description, bool) {
	held := c.service.leases.held(string(c.Name()))
	if len(held) == 0 {
		return repository.Part{}, adapter.Description{}, false
	}
	c.mu.Lock()
	resting := c.failures > 0 && c.service.Now().Before(c.restUntil)
	c.mu.Unlock()
	if resting {
		return repository.Part{}, adapter.Description{}, false
	}
	description, err := c.describeAnew(ctx)
	if err != nil {
		c.failed(err)
		c.service.Logger.WarnContext(ctx, "the channel does not answer", "channel", c.Name(), "error", err)
		return repository.Part{}, adapter.Description{}, false
	}
	return repository.Part{Channel: c.Name(), Livemode: description.Livemode, Shards: held}, description, true
}
