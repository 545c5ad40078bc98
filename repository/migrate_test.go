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

// A migration runs while a gateway of the release before writes, and several
// new processes that come up at once do not hold each other up.
func TestMigratingBesideAWriter(t *testing.T) {
	t.Parallel()
	for _, kind := range repotest.Kinds() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			url := repotest.URL(t, kind)
			db := repotest.Open(t, url)
			if _, err := db.MigrateDown(ctx); err != nil {
				t.Fatal(err)
			}
			now := time.Now()
			taxpayer, _, err := db.SaveTaxpayer(ctx, faktur.Taxpayer{Tenant: "default", NPWP: seller, Name: "PT Penjual", Channel: faktur.ChannelPJAP}, now, repository.Move{})
			if err != nil {
				t.Fatal(err)
			}
			var written atomic.Int64
			var writer sync.WaitGroup
			over := make(chan struct{})
			writer.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-over:
						return
					default:
					}
					a := acceptanceFor(taxpayer, fmt.Sprintf("INV/%d", i), now)
					if results, err := db.Accept(ctx, []repository.Acceptance{a}); err != nil || results[0].Err != nil {
						t.Errorf("a write beside the migration fails: %v, %+v", err, results)
						return
					}
					written.Add(1)
				}
			})
			var starting sync.WaitGroup
			var steps atomic.Int64
			for range 3 {
				other := openOnly(t, url)
				starting.Go(func() {
					n, err := other.MigrateTogether(ctx)
					if err != nil {
						t.Error(err)
					}
					steps.Add(int64(n))
				})
				if kind == "sqlite" {
					starting.Wait() // one process serves from a file
				}
			}
			starting.Wait()
			close(over)
			writer.Wait()
			if steps.Load() != 1 || written.Load() == 0 {
				t.Errorf("%d steps while %d were written; want 1 and some", steps.Load(), written.Load())
			}
		})
	}
}

func openOnly(t *testing.T, url string) *repository.DB {
	t.Helper()
	db, err := repository.Open(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}
