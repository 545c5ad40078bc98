package repository_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
)

// Two workers may learn of a replacement's approval at once, one of them of its
// original's step as well: neither waits for the other for ever.
func TestAReplacementAndItsOriginalAreSavedAtOnce(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		for i := range 40 {
			original, replacement := signedPair(t, db, fmt.Sprint("INV/", i))
			news := []repository.Step{original, replacement}
			slices.SortFunc(news, func(a, b repository.Step) int { return int(a.Document.ID[35]) - int(b.Document.ID[35]) })
			var saving sync.WaitGroup
			for _, steps := range [][]repository.Step{news, {replacement}} {
				saving.Go(func() {
					if _, err := db.Save(context.Background(), repository.Fence{}, steps); err != nil {
						t.Error(err)
					}
				})
			}
			saving.Wait()
		}
	})
}

// signedPair gives the steps of an original, approved, that come to wait for its
// buyer, and of its replacement, in signing, that is approved.
func signedPair(t *testing.T, db *repository.DB, reference string) (original, replacement repository.Step) {
	t.Helper()
	submitting, inSigning := faktur.Change{To: faktur.Submitting}, faktur.Change{To: faktur.SigningInProgress}
	approval := faktur.Change{To: faktur.Approved, NSFP: "04002500000000001"}
	approved := brought(t, db, accept(t, db, newAcceptance(t, db, reference)).Stored.Document, submitting, inSigning, approval)
	a := newAcceptance(t, db, reference)
	a.Stored.Document.ReplacesID = approved.ID
	if replaced, err := db.Replace(context.Background(), a); err != nil || !replaced {
		t.Fatal(replaced, err)
	}
	approved.ReplacedByID = a.Stored.Document.ID
	signing := brought(t, db, a.Stored.Document, submitting, inSigning)
	return stepTo(t, approved, faktur.Change{To: faktur.AmendmentPending}), stepTo(t, signing, approval)
}

// brought saves a document's changes one after the other.
func brought(t *testing.T, db *repository.DB, d faktur.Document, by ...faktur.Change) faktur.Document {
	t.Helper()
	for _, change := range by {
		step := stepTo(t, d, change)
		if saved, err := db.Save(context.Background(), repository.Fence{}, []repository.Step{step}); err != nil || !saved[d.ID] {
			t.Fatalf("to %s: %t, %v", change.To, saved[d.ID], err)
		}
		d = step.Document
	}
	return d
}
