package repository_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
)

func saveSigner(t *testing.T, db *repository.DB, id string, do func(*faktur.Signer)) {
	t.Helper()
	_, _, err := db.SaveSigner(context.Background(), "default", seller, id, faktur.AuditEntry{ID: id + time.Now().String(), Tenant: "default", Action: "signer.put"}, false,
		func(s *faktur.Signer, _ bool) error {
			do(s)
			return nil
		})
	if err != nil {
		t.Error(err)
	}
}

// A worker may have read that every signer is paused when one is resumed: what
// it puts off then would sleep through the release.
func TestNobodyWaitsForAPauseThatIsOver(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		documents := waiting(t, db, "INV/1")
		part, fence := deskFence(t, db, documents)
		late := documents[0]
		late.Work.DueAt = time.Now().Add(time.Minute)
		putOff := func(paused bool) int {
			saveSigner(t, db, "3174015506800001", func(s *faktur.Signer) {
				s.PausedAt = time.Time{}
				if paused {
					s.PausedAt = time.Now()
				}
			})
			if err := db.AwaitSigner(context.Background(), fence, []repository.Waiting{{Document: late, AllPaused: true}}); err != nil {
				t.Fatal(err)
			}
			return len(must(db.ToSubmit(context.Background(), part, time.Now(), 10)))
		}
		if n := putOff(false); n != 1 {
			t.Errorf("beside a signer at work %d documents may go, want 1", n)
		}
		if n := putOff(true); n != 0 {
			t.Errorf("while all are paused %d documents may go", n)
		}
	})
}

// Whoever changes a signer meets the workers that mark its documents, with the
// locks in the other order: nobody gets to see that.
func TestSignersChangeUnderTheirDocuments(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		documents := waiting(t, db, "INV/1")
		_, fence := deskFence(t, db, documents)
		const siti, budi = "3174015506800001", "3174015506800002"
		saveSigner(t, db, siti, func(s *faktur.Signer) { s.Priority = 2 })
		saveSigner(t, db, budi, func(s *faktur.Signer) { s.Priority = 1 })
		var working sync.WaitGroup
		working.Go(func() {
			for range 100 {
				saveSigner(t, db, siti, func(s *faktur.Signer) { s.Priority = 2 })
			}
		})
		working.Go(func() {
			for range 100 {
				d := documents[0]
				d.Work.DueAt = time.Now().Add(-time.Second) // due, and put off before
				if err := db.AwaitSigner(context.Background(), fence, []repository.Waiting{{Document: d}}); err != nil {
					t.Error(err)
				}
				step := repository.Step{Document: d, From: d.Sequence, Signing: faktur.SigningTried, SignedBy: budi}
				if _, err := db.Save(context.Background(), fence, []repository.Step{step}); err != nil {
					t.Error(err)
				}
			}
		})
		working.Wait()
	})
}

// Two that make the same signer at once both get through: the second changes what the first made.
func TestOneSignerIsMadeTwiceAtOnce(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		waiting(t, db) // registers the seller
		var both, running sync.WaitGroup
		if db.Kind() == "postgres" { // SQLite lets in one after the other
			both.Add(2)
		}
		made := make([]bool, 2)
		for i := range made {
			running.Go(func() {
				first := true
				signer, created, err := db.SaveSigner(context.Background(), "default", seller, "3174015506800001",
					faktur.AuditEntry{ID: fmt.Sprint(i), Tenant: "default", Action: "signer.put"}, false,
					func(s *faktur.Signer, _ bool) error {
						if first && db.Kind() == "postgres" {
							first = false
							both.Done()
							both.Wait()
						}
						s.Priority += i + 1
						return nil
					})
				if made[i] = created; err != nil {
					t.Errorf("%+v, %v", signer, err)
				}
			})
		}
		running.Wait()
		signers, err := db.Signers(context.Background(), "default", seller)
		if err != nil || len(signers) != 1 || signers[0].Priority != 3 || made[0] == made[1] {
			t.Errorf("made %v, stored %+v, %v", made, signers, err)
		}
	})
}
