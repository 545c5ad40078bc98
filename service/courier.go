package service

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/webhook"
)

const (
	// feedPage is how many events a courier reads at once, probePage while its
	// endpoint fails: a thousand dead endpoints should not fill the memory.
	feedPage  = 500
	probePage = 20
	// maxAhead is how many messages a courier reads ahead of its cursor. They are
	// sent again when the process dies before it saves them.
	maxAhead = 1000
	// retryPage is how many due retries a courier reads at once.
	retryPage = 100
	// saveBatch and saveDelay say when outcomes are saved while more are under
	// way: together, but soon.
	saveBatch = 100
	saveDelay = 50 * time.Millisecond
	// cursorDelay is how long the cursor may lag when nothing was to be sent.
	cursorDelay = time.Second
	// endpointAge is how old a courier's knowledge of its endpoint may be when it sends.
	endpointAge = time.Second
	// disableAfter is CONTRACT's limit for failing without one success.
	disableAfter = 5 * 24 * time.Hour
)

// errEndpointOff ends a courier whose endpoint was disabled.
var errEndpointOff = errors.New("the endpoint is disabled")

// courier brings one endpoint its messages: first tries in the order of the
// feed, and retries when they are due. It works under the endpoint's lease and
// knows nothing of other endpoints, so that none holds up another.
//
// Its cursor stands behind the last message up to which every one was tried.
// When the endpoint fails, the window closes and the messages behind wait
// untried: their retry clocks have not begun.
type courier struct {
	service  *Service
	lease    repository.EndpointLease
	endpoint repository.Endpoint // as last read
	readAt   time.Time           // of endpoint
	wanted   func(faktur.EventType) bool
	secrets  []webhook.Secret
	window   window

	ahead     []*try // first tries, oldest first; those that have begun are the first launched of them
	launched  int
	readTo    int64           // the feed was read up to there
	retries   []*try          // due ones that have not begun
	busy      map[string]bool // deliveries that were read for a retry and are not saved yet
	nextRetry time.Time       // zero: none is known
	lastFirst bool            // whether the last try to begin was a first one

	underWay int
	results  chan *try
	sending  context.Context //nolint:containedctx // of the tries under way, which outlive a step
	abandon  context.CancelFunc

	unsaved unsaved
	stuck   bool  // the last save failed: nothing is tried until one succeeds
	saved   int64 // the cursor in the database
	savedAt time.Time
	off     string // why the endpoint is to be disabled; "": it is not

	// news and due are set from outside: the feed has grown, a retry may be due.
	news, due atomic.Bool
	wake      chan struct{}
	over      chan struct{} // closed when run ends
	dismiss   context.CancelFunc
	leaving   bool // it was dismissed; the post office's to know
}

// unsaved is what came of tries since the last save.
type unsaved struct {
	since     time.Time // zero: nothing ended since
	again     []*try    // retries; first tries are in ahead
	succeeded bool
	failedAt  time.Time // of the first failure after the last success
}

// try is one message on its way, once.
type try struct {
	event       faktur.Event
	delivery    repository.Delivery // before the try, and once ended after it
	dueAt       time.Time           // of a retry, as it was read
	first       bool
	url         string // where it was sent
	ended       bool
	interrupted bool // by our own end: it says nothing about the endpoint
	attempt     webhook.Attempt
}

func newCourier(s *Service, lease repository.EndpointLease) *courier {
	c := &courier{service: s, lease: lease, busy: map[string]bool{}, results: make(chan *try, maxWindow),
		wake: make(chan struct{}, 1), over: make(chan struct{})}
	c.sending, c.abandon = context.WithCancel(context.Background())
	c.news.Store(true)
	c.due.Store(true)
	return c
}

// step does what can be done now, without waiting for a try: it collects
// outcomes, saves them, reads what is next, and begins tries. It says whether it
// did anything; if not, the next step is worth it when a try ends, when woken,
// or at next (zero: at no time that is known).
//
// An error leaves what is unsaved for the next step. ErrFenced and errEndpointOff are the courier's end.
func (c *courier) step(ctx context.Context) (worked bool, next time.Time, err error) {
	worked = c.collect()
	if !c.stuck && c.off == "" {
		read, err := c.read(ctx)
		if err != nil {
			return false, time.Time{}, err
		}
		began, err := c.begin(ctx)
		if err != nil {
			return false, time.Time{}, err
		}
		worked = worked || read || began
	}
	// Saving comes last, so that tries are under way meanwhile.
	saved, err := c.save(ctx, c.stuck)
	if c.stuck = err != nil; c.stuck {
		return false, time.Time{}, err
	}
	if c.off != "" {
		return true, time.Time{}, c.disable(ctx)
	}
	return worked || saved, c.next(), nil
}

// next is when time alone makes a step worth it.
func (c *courier) next() time.Time {
	now := c.service.Now()
	var next time.Time
	sooner := func(t time.Time) {
		if next.IsZero() || t.Before(next) {
			next = t
		}
	}
	if c.savable() > 0 {
		sooner(c.unsaved.since.Add(saveDelay))
	} else if c.cursor() != c.saved {
		sooner(c.savedAt.Add(cursorDelay))
	}
	switch {
	case now.Before(c.window.until) && (c.waiting() || !c.nextRetry.IsZero()):
		sooner(c.window.until)
	case c.window.room(c.underWay, now) > 0 && !c.nextRetry.IsZero():
		sooner(c.nextRetry)
	}
	return next
}

// waiting says whether there is something to send, or may be.
func (c *courier) waiting() bool {
	return c.launched < len(c.ahead) || len(c.retries) > 0 || c.news.Load() || c.due.Load()
}

// refresh reads the endpoint anew: its owner may have changed it.
func (c *courier) refresh(ctx context.Context) error {
	e, err := c.service.DB.HeldEndpoint(ctx, c.lease)
	if err != nil {
		return err
	}
	if !e.DisabledAt.IsZero() {
		return errEndpointOff
	}
	now := c.service.Now()
	if c.secrets, err = c.service.openSecrets(&e, now); err != nil {
		return err
	}
	before := c.endpoint
	c.endpoint, c.readAt = e, now
	if c.wanted == nil {
		c.saved, c.savedAt, c.readTo = e.Position, now, e.Position
	}
	if c.wanted == nil || !slices.Equal(before.Events, e.Events) {
		c.wanted = wants(e.Events)
		c.forgetUntried()
	}
	if before.URL != e.URL {
		c.window = window{}
	}
	return nil
}

// forgetUntried drops what was read ahead; it will be read again.
func (c *courier) forgetUntried() {
	c.readTo = c.saved
	if c.launched > 0 {
		c.readTo = c.ahead[c.launched-1].event.Position
	}
	c.ahead = slices.Delete(c.ahead, c.launched, len(c.ahead))
	c.news.Store(true)
}

// read fills up what is to be tried, unless nothing may be tried now.
func (c *courier) read(ctx context.Context) (bool, error) {
	now := c.service.Now()
	if c.window.pause > 0 && len(c.ahead)-c.launched > probePage {
		c.forgetUntried()
	}
	if c.window.room(c.underWay, now) <= 0 {
		return false, nil
	}
	if !c.nextRetry.IsZero() && !now.Before(c.nextRetry) {
		c.nextRetry = time.Time{}
		c.due.Store(true)
	}
	feed := c.news.Load() && len(c.ahead)-c.launched < maxWindow && len(c.ahead) < maxAhead
	due := c.due.Load() && len(c.retries) == 0
	if !feed && !due {
		return false, nil
	}
	if err := c.refresh(ctx); err != nil {
		return false, err
	}
	if feed {
		if err := c.readFeed(ctx); err != nil {
			return false, err
		}
	}
	if due {
		if err := c.readRetries(ctx, now); err != nil {
			return false, err
		}
	}
	return true, nil
}

// readFeed reads the next page of the tenant's events. Those that the endpoint
// does not want are passed over, and the cursor moves past them with the others.
func (c *courier) readFeed(ctx context.Context) error {
	c.news.Store(false)
	page := feedPage
	if c.window.pause > 0 {
		page = probePage
	}
	events, err := c.service.DB.Feed(ctx, c.lease.Tenant, c.readTo, page)
	if err != nil {
		c.news.Store(true)
		return err
	}
	for _, event := range events {
		if c.wanted(event.Type) {
			c.ahead = append(c.ahead, &try{event: event, first: true})
		}
		c.readTo = event.Position
	}
	if len(events) == page {
		c.news.Store(true)
	}
	return nil
}

// readRetries reads the retries that are due and, when it got them all, when the next one is.
func (c *courier) readRetries(ctx context.Context, now time.Time) error {
	c.due.Store(false)
	limit := retryPage + len(c.busy)
	due, err := c.service.DB.DueRetries(ctx, c.lease.EndpointID, now, limit)
	if err != nil {
		c.due.Store(true)
		return err
	}
	for _, r := range due {
		if c.busy[r.Delivery.ID] {
			continue
		}
		c.busy[r.Delivery.ID] = true
		if r.Delivery.Position == 0 {
			r.Event = testEvent(&c.endpoint, r.Delivery.FirstTryAt)
		}
		c.retries = append(c.retries, &try{event: r.Event, delivery: r.Delivery, dueAt: r.Delivery.NextTryAt})
	}
	if len(due) == limit {
		c.due.Store(true)
		return nil
	}
	next, err := c.service.DB.NextRetry(ctx, c.lease.EndpointID, now)
	if err != nil {
		c.due.Store(true)
		return err
	}
	c.retryAt(next)
	return nil
}

// retryAt notes that a retry is due at t; zero notes nothing.
func (c *courier) retryAt(t time.Time) {
	if !t.IsZero() && (c.nextRetry.IsZero() || t.Before(c.nextRetry)) {
		c.nextRetry = t
	}
}

// wants tells which events an endpoint subscribed to.
func wants(events []string) func(faktur.EventType) bool {
	if slices.Contains(events, everyEvent) {
		return func(faktur.EventType) bool { return true }
	}
	return func(t faktur.EventType) bool { return slices.Contains(events, string(t)) }
}
