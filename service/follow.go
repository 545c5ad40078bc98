package service

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
)

// follow is the step that reads a channel's news of changes, where it has any.
// It makes an approval known at once; that none is missed is the poll's duty.
// So the cursor is kept in memory only, and a start begins at the feed's end.
func (c *channel) follow(ctx context.Context) (bool, error) {
	feed, ok := c.Channel.(adapter.ChangeFeed)
	if !ok {
		return false, nil
	}
	if c.service.Now().Before(c.newsRest) {
		return false, nil
	}
	part, description, ok := c.part(ctx)
	if !ok || !description.Changes || !c.mayAsk(description, len(part.Shards)) {
		return false, nil
	}
	callCtx, cancel := context.WithTimeout(ctx, c.service.CallTimeout)
	defer cancel()
	asked := c.service.Now()
	changes, next, err := feed.Changes(callCtx, c.newsCursor)
	c.service.called(c.Channel, "changes", asked, err)
	if err != nil {
		c.newsCursor = "" // the other side may have lost its memory: begin at its end
		c.newsRest = asked.Add(newsRest)
		c.newsRead(time.Time{})
		return false, err
	}
	if err := c.adoptNews(ctx, part, changes, asked); err != nil {
		return false, err
	}
	c.newsCursor = next
	c.newsRead(asked)
	return len(changes) >= busyNews, nil
}

const (
	// newsMemory is how long ago news may have been read to count on them.
	newsMemory = 5 * time.Second
	// followedPollMin is the least time between questions about a document whose
	// changes the news tell anyway.
	followedPollMin = time.Minute
)

// newsRead notes that the news were read to their end at a moment; at the zero
// time, that they cannot be read. What happens while they are not read nobody
// tells, so when that begins or ends it is time to catch up.
func (c *channel) newsRead(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at.IsZero() != c.newsAt.IsZero() || at.Sub(c.newsAt) > newsMemory {
		c.catchUpFrom = c.service.Now()
	}
	c.newsAt = at
}

// catchUpIn notices shards that another process followed until now, in which it
// is time to catch up, too.
func (c *channel) catchUpIn(shards []repository.Lease) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if slices.ContainsFunc(shards, func(l repository.Lease) bool { return !slices.Contains(c.polledShards, l) }) {
		c.catchUpFrom = c.service.Now()
	}
	c.polledShards = shards
}

// following says whether the news tell what changes from now on, and until when
// the channel catches up: what is due by then is asked about at once, and once.
func (c *channel) following() (followed bool, catchUpUntil time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.service.Now().Sub(c.newsAt) < newsMemory, c.catchUpFrom.Add(min(followedPollMin, c.service.PollMax))
}

// newsRest is how long news are left alone after they failed. Nothing else
// rests with them: a connector may do all its duties and have a broken feed.
const newsRest = 10 * time.Second

// busyNews is how many changes in one answer say that more wait to be read.
const busyNews = 1000

// adoptNews takes over the last change of each of this process's documents.
// News of an earlier attempt, or of another process's shards, is not for us.
func (c *channel) adoptNews(ctx context.Context, part repository.Part, changes []adapter.Changed, asked time.Time) error {
	latest := make(map[string]adapter.Outcome, len(changes)) // by client id
	var ids []string
	for _, change := range changes {
		if change.Outcome.Certainty != adapter.Known {
			continue
		}
		if !passedItsBuyer(latest[change.ClientID].Status, change.Outcome.Status) {
			latest[change.ClientID] = change.Outcome
		}
		if dash := strings.LastIndexByte(change.ClientID, '-'); dash > 0 {
			ids = append(ids, change.ClientID[:dash])
		}
	}
	if len(ids) == 0 {
		return nil
	}
	documents, err := c.service.DB.Reread(ctx, ids)
	if err != nil {
		return err
	}
	held := make(map[int]bool, len(part.Shards))
	for _, l := range part.Shards {
		held[l.Shard] = true
	}
	var ours []faktur.Document
	for _, d := range documents {
		outcome, told := latest[d.ClientID()]
		if told && d.Channel == part.Channel && d.Livemode == part.Livemode && held[faktur.ShardOf(d.Tenant, d.TaxpayerNPWP)] &&
			d.Status != outcome.Status && d.Status != faktur.Queued {
			ours = append(ours, d)
		}
	}
	if len(ours) == 0 {
		return nil
	}
	outcomes := make([]adapter.Outcome, len(ours))
	for i := range ours {
		outcomes[i] = latest[ours[i].ClientID()]
	}
	if err := c.service.hideTold(ctx, ours, outcomes); err != nil {
		return err
	}
	return c.service.settle(ctx, part, ours, func(i int, d *faktur.Document) ([]faktur.Event, error) {
		return c.service.adoptChange(d, outcomes[i], asked)
	})
}

// passedItsBuyer says that a document was approved again that had waited for its
// buyer. Then the waiting is what must be told first; the poll brings the refusal.
func passedItsBuyer(before, after faktur.Status) bool {
	return after == faktur.Approved && (before == faktur.AmendmentPending || before == faktur.CancellationPending)
}

// adoptChange takes a change over. The feed tells of the past: an approval in
// it may be the one before a cancellation or an amendment began, and no
// refusal by the buyer. So what waits for its buyer is asked about instead.
func (s *Service) adoptChange(d *faktur.Document, o adapter.Outcome, asked time.Time) ([]faktur.Event, error) {
	if passedItsBuyer(d.Status, o.Status) {
		d.Work.DueAt = asked
		return nil, nil
	}
	return s.adopt(d, o, asked)
}
