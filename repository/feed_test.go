package repository_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
)

// A reader who follows the feed while eight writers commit misses nothing.
func TestTheFeedHasNoHoles(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		template := newAcceptance(t, db, "-")
		taxpayer := faktur.Taxpayer{Tenant: "default", NPWP: seller, Channel: faktur.ChannelPJAP, Version: template.TaxpayerVersion}
		var written atomic.Int64
		var writers sync.WaitGroup
		for w := range 8 {
			writers.Go(func() {
				for i := range 40 {
					batch := []repository.Acceptance{acceptanceFor(taxpayer, fmt.Sprint(w, "/", i), time.Now()),
						acceptanceFor(taxpayer, fmt.Sprint(w, "/", i, "b"), time.Now())}
					if _, err := db.Accept(ctx, batch); err != nil {
						t.Error(err)
						return
					}
					written.Add(2)
				}
			})
		}
		done := make(chan struct{})
		go func() { writers.Wait(); close(done) }()
		seen := followFeed(t, db, done)
		if int64(len(seen)) != written.Load() || written.Load() != 640 {
			t.Errorf("the reader saw %d of %d events", len(seen), written.Load())
		}
	})
}

// followFeed reads the feed from its beginning until done, and once more after it.
func followFeed(t *testing.T, db *repository.DB, done <-chan struct{}) map[string]bool {
	t.Helper()
	seen, position := map[string]bool{}, int64(0)
	for last := false; ; {
		events, err := db.Feed(context.Background(), "default", position, 50)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			if e.Position <= position {
				t.Fatalf("position %d after %d", e.Position, position)
			}
			position = e.Position
			if seen[e.DocumentID] {
				t.Fatalf("document %s twice", e.DocumentID)
			}
			seen[e.DocumentID] = true
		}
		if len(events) > 0 {
			continue
		}
		if last {
			return seen
		}
		select {
		case <-done:
			last = true
		default:
		}
	}
}

func TestASaveLeavesAloneWhatHasMoved(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		d := accept(t, db, newAcceptance(t, db, "INV/1")).Stored.Document
		step := submitting(t, d)
		for i, want := range []int{1, 0} {
			saved, err := db.Save(ctx, repository.Fence{}, []repository.Step{step})
			if err != nil || len(saved) != want {
				t.Fatalf("save %d: %v, %v", i, saved, err)
			}
		}
		history, err := db.History(ctx, "default", d.ID)
		if err != nil || len(history) != 2 || history[0].Sequence != 1 || history[1].Sequence != 2 {
			t.Fatalf("history: %+v, %v", history, err)
		}
	})
}

// A document that is asked for twice, even far apart, comes once: its steps would be saved twice.
func TestRereadGivesEachDocumentOnce(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		id := accept(t, db, newAcceptance(t, db, "INV/1")).Stored.Document.ID
		ids := []string{id}
		for i := range 1200 {
			ids = append(ids, fmt.Sprint("no-such-", i))
		}
		documents, err := db.Reread(context.Background(), append(ids, id))
		if err != nil || len(documents) != 1 || documents[0].ID != id {
			t.Errorf("%d documents, %v", len(documents), err)
		}
	})
}
