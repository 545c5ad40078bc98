package repository_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
)

// Who sends its ranges again because no answer came does not get numbers back that
// were drawn, however many of the same come at once.
func TestRangesSavedAtOnceForgetNoNumber(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		documents := waiting(t, db, "INV/1", "INV/2")
		_, fence := deskFence(t, db, documents)
		save := func(last int64) error {
			_, err := db.SaveRanges(ctx, repository.RangeChange{Tenant: "default", TaxpayerNPWP: seller, At: time.Now(),
				Ranges: []faktur.NumberRange{{First: 1, Last: last, Next: 1}},
				Audit:  faktur.AuditEntry{ID: uuid.NewString(), Tenant: "default", At: time.Now()}})
			return err
		}
		if err := save(9); err != nil {
			t.Fatal(err)
		}
		n := newFile(t, documents)
		n.Draws = []repository.Draw{{Tenant: "default", TaxpayerNPWP: seller, First: 1, From: 1, Next: 3}}
		if stored, err := db.SaveFile(ctx, fence, n); !stored || err != nil {
			t.Fatalf("%v, %v", stored, err)
		}
		for range 10 {
			var all sync.WaitGroup
			failed := make([]error, 8)
			for i := range failed {
				all.Go(func() { failed[i] = save(int64(9 + i)) })
			}
			all.Wait()
			if err := errors.Join(failed...); err != nil {
				t.Fatal(err)
			}
			if ranges, err := db.Ranges(ctx, "default", seller); err != nil || len(ranges) != 1 || ranges[0].Next != 3 {
				t.Fatalf("of a range of which two were drawn are left %+v, %v", ranges, err)
			}
		}
	})
}
