package repository_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
)

// Two workers that save the same documents wait for each other, whatever plan
// PostgreSQL has for many or few of them: it never needs to end a deadlock.
func TestSavesOfTheSameDocumentsDoNotLockUp(t *testing.T) {
	t.Parallel()
	if !slices.Contains(repotest.Kinds(), "postgres") {
		return // SQLite has one writer
	}
	ctx, url := context.Background(), repotest.URL(t, "postgres")
	db := repotest.Open(t, url)
	workers, err := repository.Open(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	first := newAcceptance(t, db, "INV/999")
	batch := []repository.Acceptance{first}
	for i := range 299 { // stored in the order of their references, against that of their ids
		batch = append(batch, acceptanceFor(faktur.Taxpayer{Tenant: "default", NPWP: seller, Channel: faktur.ChannelPJAP, Version: first.TaxpayerVersion},
			fmt.Sprintf("INV/%03d", 998-i), time.Now()))
	}
	if _, err := db.Accept(ctx, batch); err != nil {
		t.Fatal(err)
	}
	var saving sync.WaitGroup
	for worker := range 4 {
		saving.Go(func() {
			for round := range 40 {
				var steps []repository.Step
				for i := range batch {
					if worker%2 == 0 || i%37 == round%37 {
						d := batch[i].Stored.Document
						d.UpdatedAt = d.UpdatedAt.Add(time.Duration(round))
						steps = append(steps, repository.Step{Document: d, From: d.Sequence})
					}
				}
				if _, err := workers.Save(ctx, repository.Fence{}, steps); err != nil {
					t.Error(err)
				}
			}
		})
	}
	saving.Wait()
	if err := workers.Close(); err != nil { // so that their sessions report
		t.Fatal(err)
	}
	var deadlocks int
	for deadline := time.Now().Add(repotest.Patience); ; time.Sleep(10 * time.Millisecond) {
		var sessions int
		if err := db.InTx(ctx, func(tx *sqlx.Tx) error {
			return tx.QueryRowx(`SELECT deadlocks, (SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid())
				FROM pg_stat_database WHERE datname = current_database()`).Scan(&deadlocks, &sessions)
		}); err != nil {
			t.Fatal(err)
		}
		if sessions <= 1 || time.Now().After(deadline) { // db's own
			break
		}
	}
	if deadlocks != 0 {
		t.Errorf("PostgreSQL ended %d deadlocks", deadlocks)
	}
}
