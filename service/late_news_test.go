package service_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
	"github.com/fakturgate/fakturgate/service"
	"github.com/fakturgate/fakturgate/simulator"
)

// lateNews is a channel whose first bad news arrives when it is told to let it go.
type lateNews struct {
	adapter.Caller
	held, release chan struct{}
	asked         chan struct{} // one for each question after the bad news
}

func (c *lateNews) Status(ctx context.Context, questions []adapter.Question) ([]adapter.Outcome, error) {
	outcomes, err := c.Caller.Status(ctx, questions)
	bad := slices.ContainsFunc(outcomes, func(o adapter.Outcome) bool { return o.Status == faktur.SavedInvalid })
	select {
	case <-c.release:
		select {
		case c.asked <- struct{}{}:
		default:
		}
	default:
		if bad {
			close(c.held)
			<-c.release
		}
	}
	return outcomes, err
}

// What is learnt late about one attempt says nothing about the next one: taken
// for it, the ERP would be told to upload again what is about to be approved.
func TestNewsOfAnEarlierAttemptAreNotForTheNext(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		late := &lateNews{held: make(chan struct{}), release: make(chan struct{}), asked: make(chan struct{})}
		g := start(t, db, simulator.Config{SigningDelay: 100 * time.Millisecond}, func(c *service.Config) {
			late.Caller = c.Channels[0].(adapter.Caller)
			c.Channels = []adapter.Channel{late}
		})
		id := g.post(t, "INV/1/SIM-SAVED-INVALID/SIM-STUCK")
		<-late.held

		// Meanwhile the same is learnt in another way, and the next attempt begins.
		stored, err := db.Stored(ctx, tenant, id)
		if err != nil {
			t.Fatal(err)
		}
		step := repository.Step{Document: stored.Document, From: stored.Document.Sequence}
		event, err := step.Document.Apply(faktur.Change{To: faktur.SavedInvalid, At: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		step.Events = []faktur.Event{event}
		if _, err := db.Save(ctx, repository.Fence{}, []repository.Step{step}); err != nil {
			t.Fatal(err)
		}
		content := stored.Content
		content.Buyer.Address = "Jl. Merdeka 2, Jakarta"
		if _, err := g.Correct(ctx, tenant, id, content, 0, true); err != nil {
			t.Fatal(err)
		}
		g.becomes(t, id, faktur.SigningInProgress)

		close(late.release)
		<-late.asked // the next question comes when the late news are settled
		view, err := g.Status(ctx, tenant, id)
		if err != nil || view.Status != faktur.SigningInProgress {
			t.Errorf("the second attempt is %s (%v), and is in signing", view.Status, err)
		}
	})
}

// away is a channel that tells nothing while it is away; all of it comes at its return.
type away struct {
	adapter.Caller
	is atomic.Bool
}

var errAway = errors.New("away")

func (c *away) Status(ctx context.Context, questions []adapter.Question) ([]adapter.Outcome, error) {
	if c.is.Load() {
		return nil, errAway
	}
	return c.Caller.Status(ctx, questions)
}

func (c *away) Changes(ctx context.Context, cursor string) ([]adapter.Changed, string, error) {
	if c.is.Load() {
		return nil, cursor, nil
	}
	return c.Caller.(adapter.ChangeFeed).Changes(ctx, cursor)
}

// Waiting for the buyer may begin and end between two looks: that the buyer
// refused is told all the same.
func TestABuyersRefusalIsNotOverlooked(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		var channel away
		g := start(t, db, simulator.Config{SigningDelay: 50 * time.Millisecond}, func(c *service.Config) {
			channel.Caller = c.Channels[0].(adapter.Caller)
			c.Channels = []adapter.Channel{&channel}
		})
		id := g.post(t, "INV/SIM-BUYER-REFUSES")
		g.becomes(t, id, faktur.Approved)
		channel.is.Store(true)
		g.replace(t, id, corrected("INV/SIM-BUYER-REFUSES", "Kertas A3"))
		eventually(t, "the buyer has refused", func() bool {
			entries, err := g.sim.Ledger("INV/SIM-BUYER-REFUSES")
			return err == nil && len(entries) == 2 && entries[0].Status == faktur.Approved && entries[1].Status == faktur.Approved
		})
		channel.is.Store(false)
		eventually(t, "the refusal is told", func() bool {
			told := g.afterApproval(t, id)
			return len(told) > 0 && told[len(told)-1] == "invoice.amendment_refused"
		})
	})
}
