package service

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/fakturgate/fakturgate/repository"
)

const (
	// sweepTick is how often a process looks for endpoints that nobody holds, and
	// for retries that a caller asked another process for.
	sweepTick = 250 * time.Millisecond
	// newsPause is the least time between two looks for news.
	newsPause = 10 * time.Millisecond
	// lastSaveTime is how long the last save of a courier may take, and then the return of the leases.
	lastSaveTime = 5 * time.Second
)

// postOffice employs a courier for every endpoint that this process holds, and
// tells it when its tenant's feed has grown. A courier that waits costs one
// goroutine; one at work has one more for each try under way, at most maxWindow,
// and a single one while its endpoint fails. So the number of goroutines is
// bounded by that of endpoints, which the processes share evenly.
type postOffice struct {
	service  *Service
	employ   func(*courier)
	couriers map[string]*courier // by endpoint id
	renewAt  time.Time
	opened   bool
	position int64 // the news up to there was spread
}

// deliver runs until ctx ends. Then the tries under way may end, as long as
// work does not; their outcomes are saved and the endpoints given back.
func (s *Service) deliver(ctx, work context.Context) {
	var running sync.WaitGroup
	p := &postOffice{service: s, couriers: map[string]*courier{}, employ: func(c *courier) {
		own, dismiss := context.WithCancel(ctx)
		c.dismiss = dismiss
		running.Go(func() { c.run(own, work) })
	}}
	var swept time.Time
	for ctx.Err() == nil {
		told, began, err := s.told.rung(), s.Now(), error(nil)
		if began.Sub(swept) >= sweepTick {
			swept = began
			err = p.sweep(ctx)
		}
		if err = errors.Join(err, p.spread(ctx)); err != nil && ctx.Err() == nil {
			s.counts.failures.WithLabelValues("deliver").Inc()
			s.Logger.WarnContext(ctx, "webhooks cannot be looked after and wait", "error", err)
			pause(ctx, failurePause)
		}
		select {
		case <-told:
			pause(ctx, newsPause-s.Now().Sub(began))
		case <-time.After(sweepTick):
		case <-ctx.Done():
		}
	}
	running.Wait()
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// sweep holds this process's share of the endpoints, and tells couriers of due retries.
func (p *postOffice) sweep(ctx context.Context) error {
	s := p.service
	if err := p.open(ctx); err != nil {
		return err
	}
	for id, c := range p.couriers {
		if c.ended() {
			delete(p.couriers, id)
			p.renewAt = time.Time{} // its endpoint may be ours again already
		}
	}
	if now := s.Now(); !now.Before(p.renewAt) {
		held, err := s.DB.RenewEndpoints(ctx, s.id, s.Lease)
		if err != nil {
			return err
		}
		p.keep(held)
		p.renewAt = now.Add(s.Lease / 3)
	}
	taken, surplus, err := s.DB.TakeEndpoints(ctx, s.id, s.Lease)
	if err != nil {
		return err
	}
	p.hire(taken)
	p.giveBack(surplus)
	due, err := s.DB.EndpointsDue(ctx, s.id, s.Now())
	for _, id := range due {
		if c, ok := p.couriers[id]; ok {
			c.due.Store(true)
			c.rouse()
		}
	}
	return err
}

// open notes where the feed ends before any endpoint is held: a courier reads
// what is there by itself.
func (p *postOffice) open(ctx context.Context) (err error) {
	if !p.opened {
		p.position, err = p.service.DB.LastPosition(ctx)
		p.opened = err == nil
	}
	return err
}

// keep ends the couriers whose lease is lost and hires where one is missing.
func (p *postOffice) keep(held []repository.EndpointLease) {
	tokens := make(map[string]int64, len(held))
	for _, l := range held {
		tokens[l.EndpointID] = l.Token
	}
	for id, c := range p.couriers {
		if tokens[id] != c.lease.Token && c.dismiss != nil {
			c.dismiss() // it sees by itself whether it is disabled or fenced
		}
	}
	p.hire(held)
}

func (p *postOffice) hire(held []repository.EndpointLease) {
	for _, l := range held {
		if p.couriers[l.EndpointID] != nil {
			continue
		}
		c := newCourier(p.service, l)
		p.couriers[l.EndpointID] = c
		if p.employ != nil {
			p.employ(c)
		}
	}
}

// giveBack dismisses couriers until surplus of them leave, so that another
// process gets its share.
func (p *postOffice) giveBack(surplus int) {
	for _, c := range p.couriers {
		if c.leaving {
			surplus--
		}
	}
	for _, id := range slices.Sorted(maps.Keys(p.couriers)) {
		if c := p.couriers[id]; surplus > 0 && !c.leaving && c.dismiss != nil {
			c.leaving = true
			c.dismiss()
			surplus--
		}
	}
}

// spread tells the couriers of every tenant whose feed has grown.
func (p *postOffice) spread(ctx context.Context) error {
	if err := p.open(ctx); err != nil {
		return err
	}
	news, err := p.service.DB.NewsAfter(ctx, p.position)
	if err != nil {
		return err
	}
	grown := make(map[string]bool, len(news))
	for _, n := range news {
		grown[n.Tenant] = true
		p.position = max(p.position, n.Position)
	}
	for _, c := range p.couriers {
		if grown[c.lease.Tenant] {
			c.news.Store(true)
			c.rouse()
		}
	}
	return nil
}

// run takes step after step until ctx ends or the endpoint is no longer its own.
func (c *courier) run(ctx, work context.Context) {
	defer close(c.over)
	var err error
	for ctx.Err() == nil {
		var worked bool
		var next time.Time
		worked, next, err = c.step(work)
		if errors.Is(err, repository.ErrFenced) || errors.Is(err, errEndpointOff) {
			break
		}
		if err != nil {
			c.service.counts.failures.WithLabelValues("courier").Inc()
			c.service.Logger.WarnContext(ctx, "a webhook endpoint's messages wait", "endpoint", c.lease.EndpointID, "error", err)
			pause(ctx, failurePause)
		} else if !worked {
			c.await(ctx, next)
		}
	}
	c.finish(work, err)
}

// await waits until a step is worth it.
func (c *courier) await(ctx context.Context, next time.Time) {
	var timer <-chan time.Time
	if !next.IsZero() {
		timer = time.After(next.Sub(c.service.Now()))
	}
	select {
	case t := <-c.results:
		c.note(t)
	case <-c.wake:
	case <-timer:
	case <-ctx.Done():
	}
}

// finish waits for the tries under way, saves what came of them, and gives the
// endpoint back. When work ends first, they are broken off and count as failed,
// to be tried again. Who was fenced off has nothing to save.
func (c *courier) finish(work context.Context, why error) {
	defer c.abandon()
	defer c.service.counts.endpoints.forget(c.lease.EndpointID)
	if errors.Is(why, repository.ErrFenced) {
		return
	}
	unhook := context.AfterFunc(work, c.abandon)
	defer unhook()
	for c.underWay > 0 {
		c.note(<-c.results)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(work), lastSaveTime)
	defer cancel()
	_, err := c.save(ctx, true)
	if err == nil {
		err = c.service.DB.ReleaseEndpoint(ctx, c.lease)
	}
	if err != nil && !errors.Is(err, repository.ErrFenced) {
		c.service.Logger.WarnContext(ctx, "a webhook endpoint was not given back; some of its messages may be sent twice",
			"endpoint", c.lease.EndpointID, "error", err)
	}
}

// rouse wakes the courier, now or at its next wait.
func (c *courier) rouse() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *courier) ended() bool {
	select {
	case <-c.over:
		return true
	default:
		return false
	}
}
