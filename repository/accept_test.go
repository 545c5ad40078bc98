package repository_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
)

const seller = "0012345674901000"

// newAcceptance is a document of a registered seller, ready to be stored.
func newAcceptance(t *testing.T, db *repository.DB, reference string) repository.Acceptance {
	t.Helper()
	now := time.Now().Truncate(time.Microsecond)
	taxpayer, _, err := db.SaveTaxpayer(context.Background(), faktur.Taxpayer{Tenant: "default", NPWP: seller, Name: "PT Penjual", Channel: faktur.ChannelPJAP}, now, repository.Move{})
	if err != nil {
		t.Fatal(err)
	}
	return acceptanceFor(taxpayer, reference, now)
}

func acceptanceFor(taxpayer faktur.Taxpayer, reference string, now time.Time) repository.Acceptance {
	d := faktur.Document{ID: uuid.Must(uuid.NewV7()).String(), Tenant: taxpayer.Tenant, Kind: faktur.KindInvoice, Channel: taxpayer.Channel,
		TaxpayerNPWP: taxpayer.NPWP, Reference: reference, Status: faktur.Queued, Attempt: 1, CreatedAt: now,
		UploadDeadline: faktur.NewDate(2026, 12, 20)}
	d.Work = faktur.Work{LeaveBy: d.UploadDeadline.EndOfDay(), TurnAt: now, StatusSince: now}
	content := faktur.TaxInvoice{Reference: reference, Date: faktur.NewDate(2026, 11, 22), TrxCode: "04",
		Seller: faktur.Seller{NPWP: taxpayer.NPWP}, Buyer: faktur.Buyer{IDType: "npwp", IDNumber: "0098765431109000"}}
	a := repository.Acceptance{Event: d.Tell(faktur.EventQueued, "", now), ContentHash: "hash-of-" + reference,
		TaxpayerVersion: taxpayer.Version, Answer: []byte(`{"id":"` + d.ID + `"}`)}
	a.Stored = repository.Stored{Document: d, Content: content}
	return a
}

func accept(t *testing.T, db *repository.DB, a repository.Acceptance) repository.Acceptance {
	t.Helper()
	results, err := db.Accept(context.Background(), []repository.Acceptance{a})
	if err != nil {
		t.Fatal(err)
	}
	if r := results[0]; r.Err != nil || r.Conflict != nil || r.Live != nil || r.Remembered != nil {
		t.Fatalf("not stored: %+v", r)
	}
	return a
}

func submitting(t *testing.T, d faktur.Document) repository.Step {
	t.Helper()
	step := repository.Step{Document: d, From: d.Sequence}
	event, err := step.Document.Apply(faktur.Change{To: faktur.Submitting, At: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	step.Events = []faktur.Event{event}
	return step
}

func TestAStoredDocumentComesBackWhole(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		a := accept(t, db, newAcceptance(t, db, "INV/1"))
		stored, err := db.Stored(context.Background(), "default", a.Stored.Document.ID)
		if err != nil {
			t.Fatal(err)
		}
		want := a.Stored.Document
		want.CreatedAt, want.UpdatedAt = want.CreatedAt.UTC(), want.UpdatedAt.UTC()
		for _, at := range []*time.Time{&want.Work.LeaveBy, &want.Work.TurnAt, &want.Work.StatusSince} {
			*at = at.UTC()
		}
		if stored.Document != want {
			t.Errorf("got  %+v\nwant %+v", stored.Document, want)
		}
		if _, err := db.Stored(context.Background(), "another", want.ID); !errors.Is(err, repository.ErrNotFound) {
			t.Errorf("another tenant sees it: %v", err)
		}
	})
}

func TestAReferenceNamesOneLiveDocument(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		first := accept(t, db, newAcceptance(t, db, "INV/1"))
		same, other := newAcceptance(t, db, "INV/1"), newAcceptance(t, db, "INV/1")
		other.ContentHash = "other-content"
		same.TaxpayerVersion = other.TaxpayerVersion
		results, err := db.Accept(ctx, []repository.Acceptance{same, other})
		if err != nil {
			t.Fatal(err)
		}
		if results[0].Live == nil || results[0].Live.Document.ID != first.Stored.Document.ID {
			t.Errorf("the same content: %+v", results[0])
		}
		if results[1].Conflict == nil || results[1].Conflict.ID != first.Stored.Document.ID {
			t.Errorf("other content: %+v", results[1])
		}

		cancelled := repository.Step{Document: first.Stored.Document, From: first.Stored.Document.Sequence}
		event, err := cancelled.Document.Apply(faktur.Change{To: faktur.Cancelled, At: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		cancelled.Events = []faktur.Event{event}
		if saved, err := db.Save(ctx, repository.Fence{}, []repository.Step{cancelled}); err != nil || len(saved) != 1 {
			t.Fatalf("cancel: %v, %v", saved, err)
		}
		accept(t, db, other) // the reference is free again
	})
}

func TestAChangedRegistrationIsNoticed(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		stale := newAcceptance(t, db, "INV/1")
		newAcceptance(t, db, "INV/2") // registers once more
		results, err := db.Accept(context.Background(), []repository.Acceptance{stale})
		if err != nil || !errors.Is(results[0].Err, repository.ErrTaxpayerChanged) {
			t.Fatalf("%+v, %v", results, err)
		}
	})
}

func TestAnIdempotencyKeyRemembersItsAnswer(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		first := newAcceptance(t, db, "INV/1")
		first.Request = repository.Request{Tenant: "default", Route: "POST /invoices", Key: "k", BodyHash: "h"}
		accept(t, db, first)
		again := acceptanceFor(faktur.Taxpayer{Tenant: "default", NPWP: seller, Channel: faktur.ChannelPJAP, Version: first.TaxpayerVersion}, "INV/9", time.Now())
		again.Request = first.Request
		reused := again
		reused.Request.BodyHash = "another"
		for _, c := range []struct {
			name string
			a    repository.Acceptance
			want func(repository.AcceptResult) bool
		}{
			{"same body", again, func(r repository.AcceptResult) bool {
				return r.Remembered != nil && r.Remembered.Body == string(first.Answer) && r.Remembered.Status == 202
			}},
			{"another body", reused, func(r repository.AcceptResult) bool { return errors.Is(r.Err, repository.ErrKeyReused) }},
		} {
			results, err := db.Accept(ctx, []repository.Acceptance{c.a})
			if err != nil || !c.want(results[0]) {
				t.Errorf("%s: %+v, %v", c.name, results, err)
			}
		}
		documents, err := db.Documents(ctx, "default", repository.DocumentFilter{Kind: faktur.KindInvoice, Limit: 10})
		if err != nil || len(documents) != 1 {
			t.Errorf("%d documents, %v", len(documents), err)
		}
	})
}

// Of two in one batch under the same key only the first is stored; the other is
// answered by what became of that one.
func TestAKeyIsClaimedOnceInABatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		bodyHash  string // of the second
		conflicts bool   // the first meets a reference with other content
		want      func(first repository.Acceptance, r repository.AcceptResult) bool
	}{
		{"same body", "h", false, func(first repository.Acceptance, r repository.AcceptResult) bool {
			return r.Remembered != nil && r.Remembered.Body == string(first.Answer) && r.Remembered.Status == 202
		}},
		{"another body", "another", false, func(_ repository.Acceptance, r repository.AcceptResult) bool {
			return errors.Is(r.Err, repository.ErrKeyReused)
		}},
		{"the first is refused", "another", true, func(_ repository.Acceptance, r repository.AcceptResult) bool {
			return errors.Is(r.Err, repository.ErrKeyRunning)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			repotest.Each(t, func(t *testing.T, db *repository.DB) {
				ctx := context.Background()
				stored := accept(t, db, newAcceptance(t, db, "INV/0"))
				first, second := newAcceptance(t, db, "INV/1"), newAcceptance(t, db, "INV/2")
				first.TaxpayerVersion = second.TaxpayerVersion
				first.Request = repository.Request{Tenant: "default", Route: "POST /invoices", Key: "k", BodyHash: "h"}
				second.Request = first.Request
				second.Request.BodyHash = c.bodyHash
				want := 2
				if c.conflicts {
					first.Stored.Document.Reference, first.ContentHash, want = stored.Stored.Document.Reference, "other", 1
				}
				results, err := db.Accept(ctx, []repository.Acceptance{second, first}) // they are sorted by reference
				if err != nil || (results[1].Conflict != nil) != c.conflicts || results[1].Err != nil || results[1].Remembered != nil || !c.want(first, results[0]) {
					t.Errorf("%+v, %v", results, err)
				}
				documents, err := db.Documents(ctx, "default", repository.DocumentFilter{Kind: faktur.KindInvoice, Limit: 10})
				if err != nil || len(documents) != want {
					t.Errorf("%d documents, not %d, %v", len(documents), want, err)
				}
			})
		})
	}
}

// The oldest go first, so many at a time; what is young enough stays.
func TestForgetsRequestsALittleAtATime(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx, now := context.Background(), time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
		request := func(key string) repository.Request {
			return repository.Request{Tenant: "default", Route: "POST /webhooks", Key: key, BodyHash: "h"}
		}
		for i, key := range []string{"third", "second", "first", "young"} {
			at := now.Add(-time.Duration(i) * time.Minute)
			if key == "young" {
				at = now.Add(time.Minute)
			}
			if _, err := db.BeginRequest(ctx, request(key), at, at.Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
		for _, want := range []int{2, 1, 0} {
			if forgotten, err := db.ForgetRequests(ctx, now.Add(time.Second), 2); err != nil || forgotten != want {
				t.Fatalf("%d forgotten, not %d: %v", forgotten, want, err)
			}
			if want == 2 {
				if _, err := db.BeginRequest(ctx, request("third"), now, now); !errors.Is(err, repository.ErrKeyRunning) {
					t.Errorf("the youngest of the old ones went first: %v", err)
				}
			}
		}
		if _, err := db.BeginRequest(ctx, request("young"), now, now); !errors.Is(err, repository.ErrKeyRunning) {
			t.Errorf("what is young enough is forgotten: %v", err)
		}
	})
}

func TestAConflictIsNotRemembered(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		accept(t, db, newAcceptance(t, db, "INV/1"))
		conflicting := newAcceptance(t, db, "INV/1")
		conflicting.ContentHash = "other"
		conflicting.Request = repository.Request{Tenant: "default", Route: "POST /invoices", Key: "k", BodyHash: "h"}
		results, err := db.Accept(ctx, []repository.Acceptance{conflicting})
		if err != nil || results[0].Conflict == nil {
			t.Fatalf("%+v, %v", results, err)
		}
		corrected := newAcceptance(t, db, "INV/2")
		corrected.Request = conflicting.Request
		corrected.Request.BodyHash = "of the corrected body"
		accept(t, db, corrected)
	})
}

// Eight committers on overlapping references: no deadlock, no error, one document a reference.
func TestCommittersDoNotDeadlock(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		template := newAcceptance(t, db, "-")
		taxpayer := faktur.Taxpayer{Tenant: "default", NPWP: seller, Channel: faktur.ChannelPJAP, Version: template.TaxpayerVersion}
		var committers sync.WaitGroup
		for w := range 8 {
			committers.Go(func() {
				for round := range 15 {
					batch := make([]repository.Acceptance, 20)
					for i := range batch {
						batch[i] = acceptanceFor(taxpayer, fmt.Sprint("INV/", round, "/", (i*7+w*5)%20), time.Now())
					}
					if w%2 == 1 {
						slices.Reverse(batch)
					}
					if _, err := db.Accept(ctx, batch); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		committers.Wait()
		documents, err := db.Documents(ctx, "default", repository.DocumentFilter{Kind: faktur.KindInvoice, Limit: 1000})
		if err != nil || len(documents) != 15*20 {
			t.Errorf("%d documents of 300, %v", len(documents), err)
		}
	})
}

// A transaction that its caller's leaving has rolled back is neither of unknown
// fate nor a fault of ours.
func TestALeftTransactionIsKnownToBeUndone(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx, leave := context.WithCancel(context.Background())
		err := db.InTx(ctx, func(tx *sqlx.Tx) error {
			leave()
			for !errors.Is(tx.Commit(), sql.ErrTxDone) { // with ctx at its end it commits nothing
				runtime.Gosched()
			}
			return nil
		})
		if !errors.Is(err, context.Canceled) || repository.IsCommitUnknown(err) {
			t.Errorf("unknown: %t, %v", repository.IsCommitUnknown(err), err)
		}
	})
}

func TestARefusedMemberIsRecognised(t *testing.T) {
	t.Parallel()
	for _, kind := range repotest.Kinds() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			url := repotest.URL(t, kind)
			db := repotest.Open(t, url)
			good, bad := newAcceptance(t, db, "INV/1"), newAcceptance(t, db, "INV/2")
			good.TaxpayerVersion = bad.TaxpayerVersion
			bad.Stored.Document.Reference = "INV\x00" // PostgreSQL's text has no NUL
			if kind == "sqlite" {
				refuse(t, url, bad.Stored.Document.ID)
			}
			_, err := db.Accept(context.Background(), []repository.Acceptance{good, bad})
			if !repository.IsRefused(err) {
				t.Fatalf("got %v", err)
			}
			accept(t, db, good)
		})
	}
}

// refuse makes a SQLite database refuse one document, which it does to none by itself.
func refuse(t *testing.T, url, id string) {
	t.Helper()
	raw, err := sqlx.Open("sqlite", "file:"+strings.TrimPrefix(url, "sqlite:")+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	raw.MustExec("CREATE TRIGGER refuse BEFORE INSERT ON documents WHEN NEW.id = '" + id + "' BEGIN SELECT RAISE(ABORT, 'refused'); END")
}
