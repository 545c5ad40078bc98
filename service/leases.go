package service

import (
	"context"
	"sync"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
)

// watchLease names the lease under which deadlines are watched, by one process at a time.
const watchLease = "watch"

// leases are the shards that this process holds, and until when it may act on them.
type leases struct {
	service *Service
	mu      sync.Mutex
	byName  map[string]heldShards
}

type heldShards struct {
	leases []repository.Lease
	until  time.Time // by our own clock, counted from before the database was asked
}

func newLeases(s *Service) *leases { return &leases{service: s, byName: map[string]heldShards{}} }

// held gives the shards of a channel that this process holds for at least one
// more call to it: a call never outlives its lease.
func (l *leases) held(name string) []repository.Lease {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.byName[name]
	if l.service.Now().Add(l.service.CallTimeout).After(h.until) {
		return nil
	}
	return h.leases
}

// renew is one step: it tells that this process lives, and holds its share of
// every channel's shards.
func (l *leases) renew(ctx context.Context) error {
	s := l.service
	asked := s.Now()
	alive, err := s.DB.SeeWorker(ctx, s.id, s.Lease)
	if err != nil {
		return err
	}
	share := (faktur.Shards + alive - 1) / max(alive, 1)
	for _, c := range s.channels {
		if err := l.hold(ctx, string(c.Name()), share, asked); err != nil {
			return err
		}
	}
	return l.hold(ctx, watchLease, 1, asked)
}

func (l *leases) hold(ctx context.Context, name string, want int, asked time.Time) error {
	held, err := l.service.DB.HoldShards(ctx, name, l.service.id, l.service.Lease, want)
	if err != nil {
		return err
	}
	l.mu.Lock()
	before := len(l.byName[name].leases)
	l.byName[name] = heldShards{leases: held, until: asked.Add(l.service.Lease)}
	l.mu.Unlock()
	if len(held) != before {
		l.service.Logger.InfoContext(ctx, "shards held", "channel", name, "shards", len(held))
		l.service.queued.ring()
	}
	return nil
}

// ensure makes the rows that leases are taken on.
func (l *leases) ensure(ctx context.Context) error {
	for _, c := range l.service.channels {
		if err := l.service.DB.EnsureShards(ctx, string(c.Name()), faktur.Shards); err != nil {
			return err
		}
	}
	return l.service.DB.EnsureShards(ctx, watchLease, 1)
}

// run renews until ctx ends, and then gives everything back.
func (l *leases) run(ctx context.Context) {
	ready := false
	for ctx.Err() == nil {
		var err error
		if !ready {
			err = l.ensure(ctx)
			ready = err == nil
		}
		if ready {
			err = l.renew(ctx)
		}
		if err != nil && ctx.Err() == nil {
			l.service.Logger.WarnContext(ctx, "leases cannot be renewed", "error", err)
		}
		pause := l.service.Lease / 3
		if err != nil {
			pause = min(pause, time.Second)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// giveBack lets others take over at once what this process held.
func (l *leases) giveBack(ctx context.Context) {
	l.mu.Lock()
	clear(l.byName)
	l.mu.Unlock()
	if err := l.service.DB.ForgetWorker(ctx, l.service.id); err != nil {
		l.service.Logger.WarnContext(ctx, "leases were not given back; they run out by themselves", "error", err)
	}
}
