package repository_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
)

const desk = faktur.ChannelEfakturDesktop

// waiting are queued documents of the desktop channel.
func waiting(t *testing.T, db *repository.DB, references ...string) []faktur.Document {
	t.Helper()
	now := time.Now().Truncate(time.Microsecond)
	taxpayer, _, err := db.SaveTaxpayer(context.Background(), faktur.Taxpayer{Tenant: "default", NPWP: seller, Name: "PT Penjual", Channel: desk}, now, repository.Move{})
	if err != nil {
		t.Fatal(err)
	}
	documents := make([]faktur.Document, len(references))
	for i, reference := range references {
		a := acceptanceFor(taxpayer, reference, now)
		documents[i] = accept(t, db, a).Stored.Document
	}
	return documents
}

// deskFence is the fence of a worker who holds the whole channel.
func deskFence(t *testing.T, db *repository.DB, documents []faktur.Document) (repository.Part, repository.Fence) {
	t.Helper()
	ctx := context.Background()
	if err := db.EnsureShards(ctx, string(desk), faktur.Shards); err != nil {
		t.Fatal(err)
	}
	held, err := db.HoldShards(ctx, string(desk), "a", time.Minute, faktur.Shards)
	if err != nil {
		t.Fatal(err)
	}
	fence, err := repository.FenceFor(string(desk), held, documents)
	if err != nil {
		t.Fatal(err)
	}
	return repository.Part{Channel: desk, Livemode: documents[0].Livemode, Shards: held}, fence
}

func stepTo(t *testing.T, d faktur.Document, c faktur.Change) repository.Step {
	t.Helper()
	step := repository.Step{Document: d, From: d.Sequence}
	c.At = time.Now()
	event, err := step.Document.Apply(c)
	if err != nil {
		t.Fatal(err)
	}
	step.Events = []faktur.Event{event}
	return step
}

func newFile(t *testing.T, documents []faktur.Document) repository.NewFile {
	t.Helper()
	n := repository.NewFile{Content: []byte("content"), File: faktur.File{ID: uuid.Must(uuid.NewV7()).String(), Tenant: "default", TaxpayerNPWP: seller,
		Channel: desk, Kind: faktur.KindInvoice, Status: faktur.FileReady, Name: "a.csv", MediaType: "text/csv", Size: 7, Documents: len(documents), CreatedAt: time.Now()}}
	for _, d := range documents {
		n.Steps = append(n.Steps, stepTo(t, d, faktur.Change{To: faktur.AwaitingUpload}))
	}
	return n
}

func TestAFileIsStoredWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		documents := waiting(t, db, "INV/1", "INV/2")
		_, fence := deskFence(t, db, documents)
		if _, err := db.SaveRanges(ctx, repository.RangeChange{Tenant: "default", TaxpayerNPWP: seller, At: time.Now(),
			Ranges: []faktur.NumberRange{{First: 1, Last: 9, Next: 1}}}); err != nil {
			t.Fatal(err)
		}
		left := func() int64 {
			ranges, err := db.Ranges(ctx, "default", seller)
			if err != nil || len(ranges) != 1 {
				t.Fatalf("ranges %v, %v", ranges, err)
			}
			return ranges[0].Left()
		}
		nothing := func(why string) {
			t.Helper()
			files, err := db.Files(ctx, "default", seller, "", "", 10)
			d, err2 := db.Document(ctx, "default", documents[0].ID)
			if err != nil || err2 != nil || len(files) != 0 || d.Status != faktur.Queued || left() != 9 {
				t.Errorf("%s, and yet: %d files, %s, %d left, %v %v", why, len(files), d.Status, left(), err, err2)
			}
		}
		draws := []repository.Draw{{Tenant: "default", TaxpayerNPWP: seller, First: 1, From: 1, Next: 3}}
		n := newFile(t, documents)
		n.Draws, n.Steps[1].From = draws, 99
		if stored, err := db.SaveFile(ctx, fence, n); stored || err != nil {
			t.Errorf("with a document that moved: %v, %v", stored, err)
		}
		nothing("a document moved")
		n = newFile(t, documents)
		n.Draws = []repository.Draw{{Tenant: "default", TaxpayerNPWP: seller, First: 1, From: 2, Next: 3}}
		if stored, err := db.SaveFile(ctx, fence, n); stored || err != nil {
			t.Errorf("with a range that moved: %v, %v", stored, err)
		}
		nothing("a range moved")
		late := fence
		late.Tokens = map[int]int64{faktur.ShardOf("default", seller): 0}
		if _, err := db.SaveFile(ctx, late, n); !errors.Is(err, repository.ErrFenced) {
			t.Errorf("under a lost lease: %v", err)
		}
		nothing("the lease is lost")
		n.Draws = draws
		if stored, err := db.SaveFile(ctx, fence, n); !stored || err != nil {
			t.Fatalf("%v, %v", stored, err)
		}
		if left() != 7 {
			t.Errorf("%d numbers are left, want 7", left())
		}
		held, err := db.HeldDocuments(ctx, n.File.ID)
		if err != nil || len(held) != 2 || held[0].ID != documents[0].ID || held[1].ID != documents[1].ID {
			t.Errorf("held %v, %v", held, err)
		}
		content, err := db.FileContent(ctx, "default", n.File.ID)
		if err != nil || string(content) != "content" {
			t.Errorf("content %q, %v", content, err)
		}
		if _, err := db.FileContent(ctx, "another", n.File.ID); !errors.Is(err, repository.ErrNotFound) {
			t.Errorf("another tenant: %v", err)
		}
	})
}

func TestADocumentIsInOneLiveFile(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		documents := waiting(t, db, "INV/1", "INV/2")
		_, fence := deskFence(t, db, documents)
		first := newFile(t, documents)
		if stored, err := db.SaveFile(ctx, fence, first); !stored || err != nil {
			t.Fatalf("%v, %v", stored, err)
		}
		change := repository.FileChange{File: first.File, From: faktur.FileReady, NotDownloaded: true}
		change.File.Status = faktur.FileWithdrawn
		change.Steps = []repository.Step{stepTo(t, first.Steps[0].Document, faktur.Change{To: faktur.Cancelled}),
			stepTo(t, first.Steps[1].Document, faktur.Change{To: faktur.Queued})}
		if may, err := db.NoteDownload(ctx, "default", first.File.ID, time.Now()); !may || err != nil {
			t.Fatalf("download: %v, %v", may, err)
		}
		if changed, err := db.ChangeFile(ctx, change); changed || err != nil {
			t.Errorf("withdrawn although downloaded: %v, %v", changed, err)
		}
		change.NotDownloaded = false
		if changed, err := db.ChangeFile(ctx, change); !changed || err != nil {
			t.Fatalf("%v, %v", changed, err)
		}
		if may, err := db.NoteDownload(ctx, "default", first.File.ID, time.Now()); may || err != nil {
			t.Errorf("a withdrawn file is downloaded: %v, %v", may, err)
		}
		if _, err := db.LiveFile(ctx, "default", documents[1].ID); !errors.Is(err, repository.ErrNotFound) {
			t.Errorf("a withdrawn file holds it: %v", err)
		}
		second := newFile(t, []faktur.Document{change.Steps[1].Document})
		if stored, err := db.SaveFile(ctx, fence, second); !stored || err != nil {
			t.Fatalf("%v, %v", stored, err)
		}
		if file, err := db.LiveFile(ctx, "default", documents[1].ID); err != nil || file.ID != second.File.ID {
			t.Errorf("held by %s, %v", file.ID, err)
		}
		if all, err := db.FileDocuments(ctx, first.File.ID); err != nil || len(all) != 2 {
			t.Errorf("the first file had %d documents, %v", len(all), err)
		}
	})
}

func TestHeapsAndWhatIsGathered(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		documents := waiting(t, db, "INV/1", "INV/2", "INV/3")
		part, fence := deskFence(t, db, documents)
		now := time.Now()
		heaps, err := db.Heaps(ctx, part, now, 10)
		if err != nil || len(heaps) != 1 || heaps[0].Waiting != 3 || heaps[0].TaxpayerNPWP != seller || heaps[0].Kind != faktur.KindInvoice {
			t.Fatalf("heaps %+v, %v", heaps, err)
		}
		for _, c := range []struct {
			limit int
			size  int64
			want  int
		}{{10, 1 << 20, 3}, {2, 1 << 20, 2}, {10, 1, 1}} {
			batch, err := db.ToGather(ctx, part, heaps[0], now, c.limit, c.size)
			if err != nil || len(batch) != c.want {
				t.Errorf("limit %d, size %d: %d documents, %v; want %d", c.limit, c.size, len(batch), err, c.want)
			}
		}
		// What was put off, or is elsewhere, is not in the heap.
		documents[0].Work.DueAt = now.Add(time.Hour)
		if err := db.PutOff(ctx, fence, documents[:1]); err != nil {
			t.Fatal(err)
		}
		part.Livemode = !part.Livemode
		if heaps, err := db.Heaps(ctx, part, now, 10); err != nil || len(heaps) != 0 {
			t.Errorf("of the other livemode: %+v, %v", heaps, err)
		}
		part.Livemode = !part.Livemode
		batch, err := db.ToGather(ctx, part, heaps[0], now, 10, 1<<20)
		if err != nil || len(batch) != 2 || slices.ContainsFunc(batch, func(s repository.Stored) bool { return s.Document.ID == documents[0].ID }) {
			t.Errorf("gathered %d, %v", len(batch), err)
		}
	})
}
