package service

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/fakturgate/fakturgate/repository"
)

// step is the whole of deliver as one step, in the caller's goroutine and in a
// fixed order, for simulations: every courier works until nothing is left to do
// now. It says whether anything was done, and when time alone gives more to do
// (zero: at no time that is known).
func (p *postOffice) step(ctx context.Context) (worked bool, next time.Time, err error) {
	if err := errors.Join(p.sweep(ctx), p.spread(ctx)); err != nil {
		return false, time.Time{}, err
	}
	for _, id := range slices.Sorted(maps.Keys(p.couriers)) {
		c := p.couriers[id]
		did, at, err := c.exhaust(ctx)
		worked = worked || did
		if errors.Is(err, repository.ErrFenced) || errors.Is(err, errEndpointOff) {
			c.finish(ctx, err)
			close(c.over)
		} else if err != nil {
			return worked, time.Time{}, err
		}
		if !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return worked, next, nil
}

// exhaust takes steps until one does nothing and no try is under way.
func (c *courier) exhaust(ctx context.Context) (worked bool, next time.Time, err error) {
	for {
		did, next, err := c.step(ctx)
		worked = worked || did
		if err != nil || !did && c.underWay == 0 {
			return worked, next, err
		}
		if c.underWay > 0 {
			c.note(<-c.results)
		}
	}
}
