package repository_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
)

func ensureShards(t *testing.T, db *repository.DB) {
	t.Helper()
	if err := db.EnsureShards(context.Background(), "pjap", faktur.Shards); err != nil {
		t.Fatal(err)
	}
}

func hold(t *testing.T, db *repository.DB, owner string, lease time.Duration, want int) []repository.Lease {
	t.Helper()
	held, err := db.HoldShards(context.Background(), "pjap", owner, lease, want)
	if err != nil {
		t.Fatal(err)
	}
	return held
}

func TestShardsAreSharedOut(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ensureShards(t, db)
		ensureShards(t, db) // a second process does so too
		if n := len(hold(t, db, "a", time.Minute, 64)); n != 64 {
			t.Fatalf("alone, a holds %d of 64", n)
		}
		if n := len(hold(t, db, "b", time.Minute, 32)); n != 0 {
			t.Fatalf("b took %d shards from a, whose lease has not run out", n)
		}
		if n := len(hold(t, db, "a", time.Minute, 32)); n != 32 {
			t.Fatalf("a keeps %d, not its share of 32", n)
		}
		if n := len(hold(t, db, "b", time.Minute, 32)); n != 32 {
			t.Fatalf("b gets %d of the 32 that a gave back", n)
		}
	})
}

func TestAnExpiredLeaseIsFencedOff(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		ensureShards(t, db)
		document := accept(t, db, newAcceptance(t, db, "INV-1")).Stored.Document
		old := repository.Part{Channel: "pjap", Shards: hold(t, db, "a", time.Microsecond, 64)}
		var now []repository.Lease
		for deadline := time.Now().Add(repotest.Patience); len(now) < 64; now = hold(t, db, "b", time.Minute, 64) {
			if time.Now().After(deadline) {
				t.Fatalf("b took over %d of 64 expired shards", len(now))
			}
		}
		step := submitting(t, document)
		late, err := repository.FenceFor("pjap", old.Shards, []faktur.Document{document})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Save(ctx, late, []repository.Step{step}); !errors.Is(err, repository.ErrFenced) {
			t.Fatalf("a saved under a lease that b has: %v", err)
		}
		if err := db.PutOff(ctx, late, []faktur.Document{document}); !errors.Is(err, repository.ErrFenced) {
			t.Fatalf("a put a document off under a lease that b has: %v", err)
		}
		mine, err := repository.FenceFor("pjap", now, []faktur.Document{document})
		if err != nil {
			t.Fatal(err)
		}
		saved, err := db.Save(ctx, mine, []repository.Step{step})
		if err != nil || !saved[document.ID] {
			t.Fatalf("b saves: %v, %v", saved, err)
		}
	})
}

// Eight workers whose leases run out all the time must never hold one shard under one token together.
func TestNoTokenIsHeldTwice(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ensureShards(t, db)
		var mu sync.Mutex
		holder := map[string]string{}
		var workers sync.WaitGroup
		for w := range 8 {
			workers.Go(func() {
				owner := fmt.Sprint("worker", w)
				for range 25 {
					held, err := db.HoldShards(context.Background(), "pjap", owner, time.Microsecond, 16)
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					for _, l := range held {
						key := fmt.Sprint(l.Shard, "/", l.Token)
						if other, taken := holder[key]; taken && other != owner {
							t.Errorf("shard/token %s is held by %s and %s", key, other, owner)
						}
						holder[key] = owner
					}
					mu.Unlock()
				}
			})
		}
		workers.Wait()
		if len(holder) < 100 {
			t.Errorf("only %d leases were taken; the test shows nothing", len(holder))
		}
	})
}

func TestWorkersAreCounted(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		for i, want := range []int{1, 2, 3} {
			if n, err := db.SeeWorker(ctx, fmt.Sprint("w", i), time.Minute); err != nil || n != want {
				t.Fatalf("%d workers, %v; want %d", n, err, want)
			}
		}
		if err := db.ForgetWorker(ctx, "w1"); err != nil {
			t.Fatal(err)
		}
		if n, err := db.SeeWorker(ctx, "w0", time.Minute); err != nil || n != 2 {
			t.Fatalf("%d workers after one left, %v", n, err)
		}
	})
}
