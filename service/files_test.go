package service_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
	"github.com/fakturgate/fakturgate/service"
)

// lister is the least of all writers: a heading, and a line for each reference.
// Its format cannot carry a reference that says REFUSE.
type lister struct{ name faktur.Channel }

func (l lister) Name() faktur.Channel { return l.name }

func (l lister) Describe(context.Context) (adapter.Description, error) {
	return adapter.Description{Livemode: true, MaxBatch: 1000,
		Capabilities: adapter.Capabilities{Files: true, DrawsNSFP: l.name == faktur.ChannelEfakturDesktop, Returns: l.name == faktur.ChannelCoretaxXML}}, nil
}

func (l lister) Write(batch []adapter.Submission) (adapter.File, []adapter.Outcome, error) {
	file := adapter.File{Name: "faktur-" + batch[0].TaxpayerNPWP + ".xml", MediaType: "application/xml", Content: []byte("<head>\n")}
	outcomes := make([]adapter.Outcome, len(batch))
	for i, sent := range batch {
		if strings.Contains(sent.Reference, "REFUSE") {
			outcomes[i] = adapter.Outcome{Certainty: adapter.Known, Status: faktur.SavedInvalid,
				Reason: &faktur.Reason{Code: "too_long", Action: faktur.ActionCorrectContent, Message: "too long", Origin: faktur.OriginChannel}}
			continue
		}
		outcomes[i] = adapter.Outcome{Certainty: adapter.Known, Status: faktur.AwaitingUpload}
		file.Content = fmt.Appendf(file.Content, "%s %s\n", sent.Reference, sent.NSFP)
	}
	return file, outcomes, nil
}

func (l lister) Places(content []byte) iter.Seq2[int, adapter.Place] {
	return func(yield func(int, adapter.Place) bool) {
		for line := 2; line <= bytes.Count(content, []byte("\n")); line++ {
			if !yield(line, adapter.Place{Document: line - 2, Item: -1, Element: "TaxInvoice"}) {
				return
			}
		}
	}
}

// startFiles brings up a gateway whose seller uploads files by hand.
func startFiles(t *testing.T, db *repository.DB, channel faktur.Channel, configure ...func(*service.Config)) *gateway {
	t.Helper()
	g := fileService(t, db, channel, configure...)
	runService(t, g.Service)
	return g
}

// fileService is startFiles without anything at work.
func fileService(t *testing.T, db *repository.DB, channel faktur.Channel, configure ...func(*service.Config)) *gateway {
	t.Helper()
	g := &gateway{db: db, Service: newService(t, db, append([]func(*service.Config){quick, func(c *service.Config) {
		c.Channels, c.GatherAfter = []adapter.Channel{lister{channel}}, time.Nanosecond
	}}, configure...)...)}
	g.registerOn(t, channel, faktur.Settings{})
	return g
}

func runService(t *testing.T, s *service.Service) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); s.Run(ctx, true) }()
	t.Cleanup(func() { stop(); <-ended })
}

func (g *gateway) registerOn(t *testing.T, channel faktur.Channel, settings faktur.Settings) {
	t.Helper()
	_, _, err := g.Register(context.Background(), faktur.Taxpayer{Tenant: tenant, NPWP: seller, Name: "PT Penjual", Channel: channel, Settings: settings}, anybody)
	if err != nil {
		t.Fatal(err)
	}
}

// accept stores invoices as one batch, so that they are gathered together.
func (g *gateway) accept(t *testing.T, references ...string) []string {
	t.Helper()
	ids := make([]string, len(references))
	for i, reference := range references {
		ids[i] = g.post(t, reference)
	}
	return ids
}

func (g *gateway) files(t *testing.T, status faktur.FileStatus) []faktur.File {
	t.Helper()
	page, err := g.Files(context.Background(), tenant, seller, status, 200, "")
	if err != nil {
		t.Fatal(err)
	}
	return page.Data
}

func (g *gateway) status(t *testing.T, id string) faktur.Status {
	t.Helper()
	view, err := g.Status(context.Background(), tenant, id)
	if err != nil {
		t.Fatal(err)
	}
	return view.Status
}

// oneFile waits for the only live file.
func (g *gateway) oneFile(t *testing.T) faktur.File {
	t.Helper()
	var files []faktur.File
	eventually(t, "there is a file", func() bool { files = g.files(t, faktur.FileReady); return len(files) > 0 })
	if len(files) != 1 {
		t.Fatalf("%d files, want one", len(files))
	}
	return files[0]
}

var anybody = service.Operator{Tenant: tenant, Actor: "key"}

func TestWhatWaitsIsWrittenIntoAFile(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		g := fileService(t, db, faktur.ChannelCoretaxXML)
		running, stop := context.WithCancel(ctx)
		var at sync.WaitGroup
		at.Go(func() { g.Run(running, false) })
		ids := g.accept(t, "INV/1", "INV/REFUSE", "INV/2")
		stop()
		at.Wait()
		runService(t, newService(t, db, quick, func(c *service.Config) {
			c.Channels, c.GatherAfter = []adapter.Channel{lister{faktur.ChannelCoretaxXML}}, time.Nanosecond
		}))
		for i, want := range []faktur.Status{faktur.AwaitingUpload, faktur.SavedInvalid, faktur.AwaitingUpload} {
			g.becomes(t, ids[i], want)
		}
		file := g.oneFile(t)
		if file.Documents != 2 || !file.Livemode || !file.DownloadedAt.IsZero() ||
			file.Name != "faktur-"+seller+"-"+file.ID[len(file.ID)-12:]+".xml" {
			t.Errorf("the file: %+v", file)
		}
		_, content, err := g.Download(ctx, tenant, file.ID)
		if err != nil || string(content) != "<head>\nINV/1 \nINV/2 \n" {
			t.Errorf("content %q, %v", content, err)
		}
		if again, err := g.File(ctx, tenant, file.ID); err != nil || again.DownloadedAt.IsZero() {
			t.Errorf("the download was not noted: %+v, %v", again, err)
		}
		if _, _, err := g.Download(ctx, "another", file.ID); !isConflict(err, "not_found") {
			t.Errorf("another tenant downloads it: %v", err)
		}
		line, err := g.FileLine(ctx, tenant, file.ID, 3)
		if err != nil || line.DocumentID != ids[2] || line.Reference != "INV/2" || line.Item != nil {
			t.Errorf("line 3: %+v, %v", line, err)
		}
		for _, n := range []int{-1, 0, 1, 4} {
			if _, err := g.FileLine(ctx, tenant, file.ID, n); !isConflict(err, "line_without_document") {
				t.Errorf("line %d: %v", n, err)
			}
		}
	})
}

func TestAFileIsUploaded(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		g := startFiles(t, db, faktur.ChannelCoretaxXML)
		id := g.post(t, "INV/1")
		file := g.oneFile(t)
		for range 2 {
			said, err := g.FileUploaded(ctx, anybody, file.ID)
			if err != nil || said.Status != faktur.FileUploaded || said.UploadedAt.IsZero() {
				t.Fatalf("uploaded: %+v, %v", said, err)
			}
		}
		if status := g.status(t, id); status != faktur.Submitting {
			t.Errorf("it is %s", status)
		}
		if entries, err := db.Audit(ctx, tenant, "", 10); err != nil || len(entries) != 1 || entries[0].Action != "file.uploaded" {
			t.Errorf("audit: %+v, %v", entries, err)
		}
		if _, _, err := g.Cancel(ctx, tenant, id); !isConflict(err, "submission_unknown") || !strings.Contains(err.Error(), "/status-imports") {
			t.Errorf("cancel of what was uploaded: %v", err)
		}
		if _, err := g.FileUploaded(ctx, service.Operator{Tenant: "another"}, file.ID); !isConflict(err, "not_found") {
			t.Errorf("another tenant's word: %v", err)
		}
	})
}

// The row that the portal names is refused; the others go into a new file at once.
func TestAFileIsRejected(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		g := startFiles(t, db, faktur.ChannelCoretaxXML, func(c *service.Config) { c.GatherAfter = time.Second })
		ids := g.accept(t, "INV/1", "INV/2", "INV/3")
		first := g.oneFile(t)
		if first.Documents != 3 {
			t.Fatalf("%d documents are in the first file, want all three together", first.Documents)
		}
		if _, err := g.FileRejected(ctx, anybody, first.ID, service.Rejection{Lines: []int{1}, Message: "bad"}); !isConflict(err, "line_without_document") {
			t.Errorf("the heading was rejected: %v", err)
		}
		if _, err := g.FileRejected(ctx, anybody, first.ID, service.Rejection{Lines: []int{2}}); !isConflict(err, "message_malformed") {
			t.Errorf("without a message: %v", err)
		}
		if _, err := g.FileUploaded(ctx, anybody, first.ID); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			said, err := g.FileRejected(ctx, anybody, first.ID, service.Rejection{Lines: []int{3}, Message: "NITKU pembeli tidak valid"})
			if err != nil || said.Status != faktur.FileRejected {
				t.Fatalf("rejected: %+v, %v", said, err)
			}
		}
		view := g.becomes(t, ids[1], faktur.SavedInvalid)
		if view.Reason == nil || view.Reason.Message != "NITKU pembeli tidak valid" || view.Reason.Origin != faktur.OriginTaxSystem || view.CoretaxStatus != "" {
			t.Errorf("refused as %+v", view)
		}
		second := g.oneFile(t)
		if second.Documents != 2 || second.ID == first.ID {
			t.Errorf("the second file: %+v", second)
		}
		// Coretax holds nothing of it: it may be written again.
		if _, err := g.Reupload(ctx, tenant, ids[1], ""); err != nil {
			t.Errorf("re-upload of a rejected row: %v", err)
		}
		g.becomes(t, ids[1], faktur.AwaitingUpload)
		if _, err := g.FileUploaded(ctx, anybody, first.ID); !isConflict(err, "file_rejected") {
			t.Errorf("a rejected file was uploaded: %v", err)
		}
		// As a whole: nobody knows which row it was.
		if _, err := g.FileRejected(ctx, anybody, second.ID, service.Rejection{Message: "Invoices have errors!"}); err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{ids[0], ids[2]} {
			if status := g.status(t, id); status != faktur.SavedInvalid {
				t.Errorf("after a rejection without lines it is %s", status)
			}
		}
	})
}

func TestCancellingWithdrawsAFileNobodyHas(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		g := startFiles(t, db, faktur.ChannelCoretaxXML, func(c *service.Config) { c.GatherAfter = time.Second })
		ids := g.accept(t, "INV/1", "INV/2")
		first := g.oneFile(t)
		for range 2 {
			cancelled, _, err := g.Cancel(ctx, tenant, ids[0])
			if err != nil || cancelled.Status != faktur.Cancelled {
				t.Fatalf("cancel: %+v, %v", cancelled, err)
			}
		}
		second := g.oneFile(t)
		if second.ID == first.ID || second.Documents != 1 {
			t.Fatalf("the second file: %+v", second)
		}
		if _, _, err := g.Download(ctx, tenant, first.ID); !isConflict(err, "file_withdrawn") {
			t.Errorf("a withdrawn file is downloaded: %v", err)
		}
		if _, _, err := g.Download(ctx, tenant, second.ID); err != nil {
			t.Fatal(err)
		}
		if _, _, err := g.Cancel(ctx, tenant, ids[1]); !isConflict(err, "file_downloaded") {
			t.Errorf("cancel of what was downloaded: %v", err)
		}
		if status := g.status(t, ids[1]); status != faktur.AwaitingUpload {
			t.Errorf("it is %s", status)
		}
	})
}

// What Coretax holds is never written a second time by our hand.
func TestWhatCoretaxHoldsIsEditedThere(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		g := startFiles(t, db, faktur.ChannelCoretaxXML)
		id := g.post(t, "INV/1")
		file := g.oneFile(t)
		if _, err := g.FileUploaded(ctx, anybody, file.ID); err != nil {
			t.Fatal(err)
		}
		g.step(t, id, faktur.Change{To: faktur.SavedInvalid, CoretaxStatus: "Saved Invalid"})
		if _, err := g.Reupload(ctx, tenant, id, ""); !isConflict(err, "edit_in_portal") {
			t.Errorf("re-upload: %v", err)
		}
		shown, err := g.Invoice(ctx, tenant, id)
		if err != nil {
			t.Fatal(err)
		}
		shown.Buyer.Address = "Jl. Merdeka 2, Jakarta"
		if _, err := g.Correct(ctx, tenant, id, shown.TaxInvoice, 0, true); !isConflict(err, "edit_in_portal") {
			t.Errorf("correction with re-upload: %v", err)
		}
		// However it came into the queue.
		g.step(t, id, faktur.Change{To: faktur.Queued})
		view := g.becomes(t, id, faktur.SavedInvalid)
		if view.Reason == nil || view.Reason.Code != "edit_in_portal" {
			t.Errorf("out of the queue with %+v", view.Reason)
		}
		g.registerOn(t, faktur.ChannelCoretaxXML, faktur.Settings{ReuploadMode: faktur.DeleteThenImport})
		again, err := g.Reupload(ctx, tenant, id, "")
		if err != nil || len(again.Warnings) == 0 || again.Warnings[len(again.Warnings)-1].Code != "delete_in_portal_first" {
			t.Errorf("re-upload after deletion: %+v, %v", again.Warnings, err)
		}
		g.becomes(t, id, faktur.AwaitingUpload)
	})
}

// step takes a document on, as if the tax system had spoken.
func (g *gateway) step(t *testing.T, id string, c faktur.Change) {
	t.Helper()
	d, err := g.db.Document(context.Background(), tenant, id)
	if err != nil {
		t.Fatal(err)
	}
	step := repository.Step{Document: d, From: d.Sequence}
	c.At = time.Now()
	if d.Status == faktur.SavedInvalid && c.To == faktur.Queued {
		step.Document.Attempt++
	}
	event, err := step.Document.Apply(c)
	if err != nil {
		t.Fatal(err)
	}
	step.Events = []faktur.Event{event}
	if saved, err := g.db.Save(context.Background(), repository.Fence{}, []repository.Step{step}); err != nil || !saved[id] {
		t.Fatalf("saved %v, %v", saved, err)
	}
}

// Young invoices wait for company, and go at once when they fill a file.
func TestAFileWaitsForCompany(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		g := fileService(t, db, faktur.ChannelCoretaxXML, func(c *service.Config) { c.GatherAfter = time.Hour })
		g.registerOn(t, faktur.ChannelCoretaxXML, faktur.Settings{MaxPerFile: 2})
		runService(t, g.Service)
		g.accept(t, "INV/1", "INV/2", "INV/3")
		file := g.oneFile(t)
		if file.Documents != 2 {
			t.Errorf("%d documents in a file of two", file.Documents)
		}
		if files := g.files(t, ""); len(files) != 1 {
			t.Errorf("%d files; the third invoice is young", len(files))
		}
	})
}

// Whatever people and two processes do at once: a document is in at most one
// live file, and what is cancelled is in none.
func TestFilesHoldUnderConcurrency(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		g := startFiles(t, db, faktur.ChannelCoretaxXML)
		if db.Kind() == "postgres" {
			runService(t, newService(t, db, quick, func(c *service.Config) {
				c.Channels, c.GatherAfter = []adapter.Channel{lister{faktur.ChannelCoretaxXML}}, time.Nanosecond
			}))
		}
		const n = 40
		ids := make([]string, n)
		var people sync.WaitGroup
		for i := range n {
			ids[i] = g.post(t, fmt.Sprintf("INV/%d", i))
			people.Go(func() {
				if i%4 == 0 {
					ignoreBusy(t, func() error { _, _, err := g.Cancel(ctx, tenant, ids[i]); return err })
				}
				if i%4 == 1 {
					content := invoice(seller, fmt.Sprintf("INV/%d", i))
					content.Buyer.Address = "Jl. Merdeka 2, Jakarta"
					_, err := g.Correct(ctx, tenant, ids[i], content, 0, false)
					if e := faktur.AsError(err); err != nil && e.Kind != faktur.KindConflict && e.Kind != faktur.KindBusy {
						t.Error(err)
					}
				}
				if i%10 == 9 {
					if files := g.files(t, faktur.FileReady); len(files) > 0 {
						_, err := g.FileRejected(ctx, anybody, files[0].ID, service.Rejection{Lines: []int{2}, Message: "bad"})
						if e := faktur.AsError(err); err != nil && e.Kind != faktur.KindConflict && e.Kind != faktur.KindBusy {
							t.Error(err)
						}
					}
				}
			})
		}
		people.Wait()
		eventually(t, "nothing is queued", func() bool {
			for _, id := range ids {
				if g.status(t, id) == faktur.Queued {
					return false
				}
			}
			return true
		})
		held := map[string]string{}
		for _, file := range g.files(t, faktur.FileReady) {
			documents, err := db.HeldDocuments(ctx, file.ID)
			if err != nil {
				t.Fatal(err)
			}
			_, content, err := g.Download(ctx, tenant, file.ID)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range documents {
				if other, twice := held[d.ID]; twice {
					t.Errorf("%s is in %s and in %s", d.Reference, other, file.ID)
				}
				held[d.ID] = file.ID
				if d.Status != faktur.AwaitingUpload || !bytes.Contains(content, []byte(d.Reference+" \n")) {
					t.Errorf("%s, %s, is in a ready file: %q", d.Reference, d.Status, content)
				}
			}
			if lines := bytes.Count(content, []byte("\n")) - 1; lines != len(documents) {
				t.Errorf("%d lines for %d documents", lines, len(documents))
			}
		}
		for i, id := range ids {
			if _, inFile := held[id]; inFile != (g.status(t, id) == faktur.AwaitingUpload) {
				t.Errorf("INV/%d is %s and in a file: %t", i, g.status(t, id), inFile)
			}
		}
	})
}

// ignoreBusy tries again while a document moves.
func ignoreBusy(t *testing.T, do func() error) {
	t.Helper()
	for range 50 {
		err := do()
		if e, ok := errors.AsType[*faktur.Error](err); !ok || e.Kind != faktur.KindBusy {
			if err != nil {
				t.Error(err)
			}
			return
		}
	}
	t.Error("it was busy fifty times")
}
