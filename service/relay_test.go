package service

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
)

// deadlineKeeper notes until when it was given time.
type deadlineKeeper struct {
	adapter.Caller
	until time.Time // zero: it was not called
}

func (k *deadlineKeeper) Name() faktur.Channel { return faktur.ChannelPJAP }

func (k *deadlineKeeper) Submit(ctx context.Context, batch []adapter.Submission) ([]adapter.Outcome, error) {
	k.until, _ = ctx.Deadline()
	return make([]adapter.Outcome, len(batch)), nil
}

// A hand-over ends in the time that its mark left it, and is certainly not sent
// when it left none: another process may hold the lease by then.
func TestAHandOverNeverOutlivesItsLease(t *testing.T) {
	t.Parallel()
	keeper := &deadlineKeeper{}
	s := New(Config{Lease: 30 * time.Second, Channels: []adapter.Channel{keeper}})
	c, batch := s.channels[0], make([]adapter.Submission, 1)
	marked := time.Now().Add(-4 * time.Second)
	if _, err := c.submit(context.Background(), batch, marked); err != nil {
		t.Fatal(err)
	}
	if late := keeper.until.Sub(marked.Add(s.CallTimeout)); late > time.Second {
		t.Errorf("the call may end %v later than its mark allows", late)
	}
	keeper.until = time.Time{}
	_, err := c.submit(context.Background(), batch, time.Now().Add(-s.CallTimeout-time.Millisecond))
	if _, ok := errors.AsType[*adapter.NotSent](err); !ok || !keeper.until.IsZero() {
		t.Errorf("sent until %v, %v", keeper.until, err)
	}
}

// What could not be sent is not marked, and told of, again and again.
func TestAChannelOutOfReachRests(t *testing.T) {
	t.Parallel()
	s := New(Config{Channels: []adapter.Channel{&deadlineKeeper{}}})
	c := s.channels[0]
	c.failed(&adapter.NotSent{Cause: errors.New("connection refused")})
	if n := c.batch(adapter.Description{MaxBatch: 500}); n != 0 {
		t.Errorf("%d documents are handed over at once to a channel that could not be reached", n)
	}
}
