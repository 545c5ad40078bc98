package service

import (
	"context"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
)

// watchBatch is how many documents one step of the watch tells of.
const watchBatch = 500

// watch is one step: it tells of documents whose upload deadline is near, or
// has passed, and that are not approved. Each is told once.
func (s *Service) watch(ctx context.Context) (bool, error) {
	held := s.leases.held(watchLease)
	if len(held) == 0 {
		return false, nil
	}
	now := s.Now()
	missed, err := s.tellDeadline(ctx, held, now, 1, now, faktur.EventDeadlineMissed)
	if err != nil {
		return false, err
	}
	near, err := s.tellDeadline(ctx, held, now, 0, now.Add(s.DeadlineNear), faktur.EventDeadlineNear)
	return missed || near, err
}

// tellDeadline tells of documents whose deadline ends by a moment and of which
// told is the last that was said. One that is late without ever having been
// near is told as missed at once.
func (s *Service) tellDeadline(ctx context.Context, held []repository.Lease, now time.Time, told int, by time.Time, event faktur.EventType) (bool, error) {
	documents, err := s.DB.NearDeadline(ctx, told, by, watchBatch)
	if err != nil || len(documents) == 0 {
		return false, err
	}
	steps := make([]repository.Step, len(documents))
	for i, d := range documents {
		steps[i] = repository.Step{From: d.Sequence}
		kind := event
		d.Work.DeadlineTold = told + 1
		if d.UploadDeadline.EndOfDay().Before(now) {
			kind, d.Work.DeadlineTold = faktur.EventDeadlineMissed, 2
		}
		steps[i].Events = []faktur.Event{d.Tell(kind, d.Status, now)}
		steps[i].Document = d
	}
	fence := repository.Fence{Channel: watchLease, Tokens: map[int]int64{held[0].Shard: held[0].Token}}
	if _, err := s.save(ctx, fence, steps); err != nil {
		return false, err
	}
	s.grown()
	return len(documents) == watchBatch, nil
}
