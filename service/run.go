package service

import (
	"context"
	"sync"
	"time"
)

const (
	// handOversAtOnce is how many hand-overs a process has under way on one
	// channel, so that a slow answer keeps nothing else waiting.
	handOversAtOnce = 4
	// DrainTime is how long steps under way may still take after the end is asked for.
	DrainTime = 20 * time.Second
	watchTick = time.Minute
	// followTick is how often a channel's news are read while there are none.
	followTick = 100 * time.Millisecond
	// idleTick is how often a worker looks for work of which no bell told it:
	// what is due by time, and what another process left.
	idleTick     = 200 * time.Millisecond
	failurePause = time.Second
)

// Run accepts and works until ctx ends, and then finishes what is under way.
// With workers false it only accepts and answers; other processes do the rest.
func (s *Service) Run(ctx context.Context, workers bool) {
	// Steps under way are not torn: they end by themselves, or when the drain time is over.
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	unhook := context.AfterFunc(ctx, func() { time.AfterFunc(DrainTime, stop) })
	defer unhook()

	var running sync.WaitGroup
	running.Go(func() { s.intake.run(ctx) })
	running.Go(func() { s.followTail(ctx) })
	running.Go(func() { s.DB.Listen(ctx, s.heard) })
	running.Go(func() { s.notifyOthers(ctx) })
	if workers {
		s.startWorkers(ctx, work, &running)
	}
	running.Wait()
	if workers {
		s.leave(work)
	}
}

// leave gives the leases back, also when work was broken off.
func (s *Service) leave(work context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(work), lastSaveTime)
	defer cancel()
	s.leases.giveBack(ctx)
}

func (s *Service) startWorkers(ctx, work context.Context, running *sync.WaitGroup) {
	running.Go(func() { s.leases.run(ctx) })
	for _, c := range s.channels {
		if c.writer != nil {
			running.Go(func() { s.repeat(ctx, work, "gather", gatherTick, nil, c.gather) })
			continue
		}
		for range handOversAtOnce {
			running.Go(func() { s.repeat(ctx, work, "relay", idleTick, &s.queued, c.handOver) })
		}
		running.Go(func() { s.repeat(ctx, work, "look-up", idleTick, nil, c.lookUp) })
		running.Go(func() { s.repeat(ctx, work, "poll", idleTick, nil, c.poll) })
		running.Go(func() { s.repeat(ctx, work, "cancel", idleTick, &s.wished, c.cancelWished) })
		running.Go(func() { s.repeat(ctx, work, "amend", idleTick, nil, c.amendWished) })
		running.Go(func() { s.repeat(ctx, work, "mend", idleTick, nil, c.mend) })
		running.Go(func() { s.repeat(ctx, work, "follow", followTick, nil, c.follow) })
	}
	running.Go(func() { s.repeat(ctx, work, "watch", watchTick, nil, s.watch) })
	running.Go(func() { s.repeat(ctx, work, "janitor", time.Hour, nil, s.forgetRequests) })
	running.Go(func() { s.deliver(ctx, work) })
}

// repeat takes a worker's step again and again until ctx ends: at once while
// there is work, else when a bell rings (nil: none does) or a tick has passed.
func (s *Service) repeat(ctx, work context.Context, name string, tick time.Duration, b *bell, step func(context.Context) (bool, error)) {
	if b == nil {
		b = &bell{}
	}
	for ctx.Err() == nil {
		rung, pause := b.rung(), tick
		worked, err := step(work)
		if err != nil && ctx.Err() == nil {
			s.counts.failures.WithLabelValues(name).Inc()
			if isFenced(err) {
				s.counts.fenced.Inc()
			}
			s.Logger.WarnContext(ctx, "a worker's step failed and will be taken again", "worker", name, "fenced", isFenced(err), "error", err)
			rung, pause = nil, failurePause
		}
		if worked {
			continue
		}
		select {
		case <-ctx.Done():
		case <-rung:
		case <-time.After(pause):
		}
	}
}

// heard is called when another process says that it stored something.
func (s *Service) heard() {
	s.queued.ring()
	s.told.ring()
}

// grown is called when this process has added to the feed.
func (s *Service) grown() {
	s.told.ring()
	s.ours.ring()
}

// notifyOthers tells other processes, at most every notifyPause, that the feed has grown.
func (s *Service) notifyOthers(ctx context.Context) {
	rung := s.ours.rung()
	for ctx.Err() == nil {
		select {
		case <-rung:
		case <-ctx.Done():
			return
		}
		rung = s.ours.rung() // what is stored from here on is told next time
		if err := s.DB.Notify(ctx); err != nil && ctx.Err() == nil {
			s.Logger.WarnContext(ctx, "other processes were not woken; they look by themselves soon", "error", err)
		}
		select {
		case <-time.After(notifyPause):
		case <-ctx.Done():
		}
	}
}

// notifyPause bounds how often a process wakes the others: a NOTIFY in each
// transaction costs three quarters of the throughput.
const notifyPause = 25 * time.Millisecond
