package repository_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
)

// everything is the part of the channel of every test that a worker may touch.
func everything() repository.Part {
	p := repository.Part{Channel: faktur.ChannelPJAP}
	for shard := range faktur.Shards {
		p.Shards = append(p.Shards, repository.Lease{Shard: shard})
	}
	return p
}

// leaves gives how many documents may be handed over now.
func leaves(t *testing.T, db *repository.DB) int {
	t.Helper()
	first, err := db.ToSubmit(context.Background(), everything(), time.Now(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	again, err := db.ToResubmit(context.Background(), everything(), time.Now(), time.Now(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	return len(first) + len(again)
}

func setPaused(t *testing.T, db *repository.DB, paused, want bool) {
	t.Helper()
	changed, err := db.PauseTaxpayer(context.Background(), "default", seller, paused, time.Now(), faktur.AuditEntry{})
	if err != nil || changed != want {
		t.Fatalf("paused %t: changed %t, %v", paused, changed, err)
	}
}

// While a seller is paused nothing of it leaves: neither what waited, nor what
// is accepted, nor what comes back to the queue; afterwards all of it does.
func TestAPausedSellerHoldsEverythingBack(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		waiting := accept(t, db, newAcceptance(t, db, "INV/1")).Stored.Document
		away := accept(t, db, newAcceptance(t, db, "INV/2")).Stored.Document
		gone := submitting(t, away)
		if saved, err := db.Save(ctx, repository.Fence{}, []repository.Step{gone}); err != nil || !saved[away.ID] {
			t.Fatalf("not handed over: %v", err)
		}
		picked := submitting(t, waiting) // read before the pause, and saved after it

		setPaused(t, db, true, true)
		setPaused(t, db, true, false)
		if saved, err := db.Save(ctx, repository.Fence{}, []repository.Step{picked}); err != nil || len(saved) > 0 {
			t.Errorf("what was picked before the pause leaves after it: %v, %v", saved, err)
		}
		back := repository.Step{Document: gone.Document, From: gone.Document.Sequence}
		event, err := back.Document.Apply(faktur.Change{To: faktur.Queued, At: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		back.Events = []faktur.Event{event}
		if saved, err := db.Save(ctx, repository.Fence{}, []repository.Step{back}); err != nil || !saved[away.ID] {
			t.Fatalf("it did not come back: %v", err)
		}
		taxpayer, err := db.Taxpayer(ctx, "default", seller)
		if err != nil || taxpayer.PausedAt.IsZero() {
			t.Fatalf("%+v, %v", taxpayer, err)
		}
		accept(t, db, acceptanceFor(taxpayer, "INV/3", time.Now()))
		stored, err := db.Stored(ctx, "default", waiting.ID)
		if err != nil {
			t.Fatal(err)
		}
		corrected := repository.Step{Document: stored.Document, From: stored.Document.Sequence}
		corrected.Events = []faktur.Event{corrected.Document.Tell(faktur.EventCorrected, faktur.Queued, time.Now())}
		if saved, err := db.SaveCorrection(ctx, corrected, stored, "other"); err != nil || !saved {
			t.Fatalf("what waits cannot be corrected: %v", err)
		}
		if n := leaves(t, db); n != 0 {
			t.Errorf("%d documents of a paused seller leave", n)
		}
		depths, err := db.QueueDepths(ctx, time.Now())
		if err != nil || len(depths) != 1 || depths[0].Status != "held" || depths[0].Count != 3 {
			t.Errorf("the metrics say %+v, %v", depths, err)
		}

		setPaused(t, db, false, true)
		setPaused(t, db, false, false)
		if n := leaves(t, db); n != 3 {
			t.Errorf("after the pause %d documents leave, want 3", n)
		}
	})
}

// A pause that meets hand-overs coming back at the same moment holds them all.
func TestAPauseMeetsWhatComesBack(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		var away []faktur.Document
		for i := range 40 {
			step := submitting(t, accept(t, db, newAcceptance(t, db, "INV/"+string(rune('A'+i)))).Stored.Document)
			if _, err := db.Save(ctx, repository.Fence{}, []repository.Step{step}); err != nil {
				t.Fatal(err)
			}
			away = append(away, step.Document)
		}
		var coming sync.WaitGroup
		for _, d := range away {
			coming.Go(func() {
				step := repository.Step{Document: d, From: d.Sequence}
				event, err := step.Document.Apply(faktur.Change{To: faktur.Queued, At: time.Now()})
				step.Events = []faktur.Event{event}
				if _, saveErr := db.Save(ctx, repository.Fence{}, []repository.Step{step}); err != nil || saveErr != nil {
					t.Error(err, saveErr)
				}
			})
		}
		setPaused(t, db, true, true)
		coming.Wait()
		if n := leaves(t, db); n != 0 {
			t.Errorf("%d documents slipped through", n)
		}
	})
}

// A change of channel takes what is queued, but for what the new channel would
// file twice; and it is seen by who had picked a document before.
func TestAChangeOfChannelMovesWhatIsQueued(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		waiting := accept(t, db, newAcceptance(t, db, "INV/1")).Stored.Document
		stale := submitting(t, waiting)
		again := accept(t, db, newAcceptance(t, db, "INV/2")).Stored.Document
		reupload := repository.Step{Document: again, From: again.Sequence}
		reupload.Document.Attempt, reupload.Document.CoretaxStatus, reupload.Document.Receipt = 2, "Saved Invalid", "1001"
		reupload.Document.Work.DueAt = time.Now().Add(5 * time.Minute) // the old channel did not take it
		if saved, err := db.Save(ctx, repository.Fence{}, []repository.Step{reupload}); err != nil || !saved[again.ID] {
			t.Fatal(err)
		}
		replacing := newAcceptance(t, db, "INV/3")
		replacing.Stored.Document.ReplacesID = waiting.ID
		replacement := accept(t, db, replacing).Stored.Document
		move := func(to faktur.Channel, m repository.Move) {
			if _, _, err := db.SaveTaxpayer(ctx, faktur.Taxpayer{Tenant: "default", NPWP: seller, Name: "PT", Channel: to}, time.Now(), m); err != nil {
				t.Fatal(err)
			}
		}
		on := func(d faktur.Document, want faktur.Channel) {
			t.Helper()
			if got, err := db.Document(ctx, "default", d.ID); err != nil || got.Channel != want {
				t.Errorf("%s is on %s (%v), want %s", d.Reference, got.Channel, err, want)
			}
		}
		move(faktur.ChannelCoretaxXML, repository.Move{KeepHeld: true, Audit: faktur.AuditEntry{ID: "a", Tenant: "default", Action: "taxpayer.channel"}})
		on(waiting, faktur.ChannelCoretaxXML)
		on(again, faktur.ChannelPJAP)
		on(replacement, faktur.ChannelPJAP)
		if saved, err := db.Save(ctx, repository.Fence{}, []repository.Step{stale}); err != nil || len(saved) > 0 {
			t.Errorf("what was picked on the old channel leaves after the move: %v, %v", saved, err)
		}
		move(faktur.ChannelCoretaxXML, repository.Move{})
		on(again, faktur.ChannelCoretaxXML) // delete_then_import
		if got := must(db.Document(ctx, "default", again.ID)); got.Receipt != "" || !got.Work.DueAt.IsZero() {
			t.Errorf("the new channel gets the receipt %q, which is the former one's, and has to wait until %v", got.Receipt, got.Work.DueAt)
		}
		move(faktur.ChannelPajakio, repository.Move{Replaces: true})
		on(replacement, faktur.ChannelPajakio)
		astray := accept(t, db, acceptanceFor(must(db.Taxpayer(ctx, "default", seller)), "INV/4", time.Now())).Stored.Document
		step := submitting(t, astray)
		if _, err := db.Save(ctx, repository.Fence{}, []repository.Step{step}); err != nil {
			t.Fatal(err)
		}
		move(faktur.ChannelPJAP, repository.Move{Replaces: true})
		on(astray, faktur.ChannelPajakio)
		back := repository.Step{Document: step.Document, From: step.Document.Sequence}
		back.Document.Status, back.Document.Receipt = faktur.Queued, "1002"
		back.Document.Work.DueAt = time.Now().Add(5 * time.Minute)
		if _, err := db.Save(ctx, repository.Fence{}, []repository.Step{back}); err != nil {
			t.Fatal(err)
		}
		if err := db.FollowTaxpayers(ctx, []string{astray.ID}); err != nil {
			t.Fatal(err)
		}
		on(astray, faktur.ChannelPJAP)
		if got := must(db.Document(ctx, "default", astray.ID)); got.Receipt != "" || !got.Work.DueAt.IsZero() {
			t.Errorf("the new channel gets the receipt %q, which is the former one's, and has to wait until %v", got.Receipt, got.Work.DueAt)
		}
		entries, err := db.Audit(ctx, "default", "", 10)
		if err != nil || len(entries) != 1 || entries[0].Detail != "from pjap to coretax_xml, 1 queued documents moved" {
			t.Errorf("the audit says %+v, %v", entries, err)
		}
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
