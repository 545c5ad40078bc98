package service

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
)

const (
	// gatherTick is how often a writer's worker looks for what to gather.
	gatherTick = 500 * time.Millisecond
	// gatherHeaps is how many sellers one step of it looks at: each gets one file, then the next its turn.
	gatherHeaps = 200
	// gatherSize is how much content, in bytes as stored, goes into one file at
	// most; DJP's own limit is not known (FACTS 1.1 [NF]).
	gatherSize = 16 << 20
)

// gather is the step of a file channel: it writes what waits into files, one
// for each taxpayer and kind in turn. A person does not want 900 files of one
// invoice, so that what is young waits for company until GatherAfter, unless
// it fills a file. It says whether a file was written.
func (c *channel) gather(ctx context.Context) (bool, error) {
	part, description, ok := c.part(ctx)
	if !ok {
		return false, nil
	}
	s := c.service
	now := s.Now()
	heaps, err := s.DB.Heaps(ctx, part, now, gatherHeaps)
	if err != nil {
		return false, err
	}
	worked := false
	var failures []error
	for _, heap := range heaps {
		did, err := c.gatherHeap(ctx, part, description, heap, now)
		worked = worked || did
		if err != nil {
			failures = append(failures, fmt.Errorf("write a file of %s: %w", heap.TaxpayerNPWP, err))
		}
	}
	return worked && len(failures) == 0, errors.Join(failures...)
}

// gatherHeap writes at most one file of what waits of a taxpayer and a kind. It
// says whether anything changed.
func (c *channel) gatherHeap(ctx context.Context, part repository.Part, description adapter.Description, heap repository.Heap, now time.Time) (bool, error) {
	s := c.service
	taxpayer, err := s.seller(ctx, heap.Tenant, heap.TaxpayerNPWP)
	if err != nil {
		return false, err
	}
	limit := min(orElse(taxpayer.Settings.MaxPerFile, faktur.DefaultMaxPerFile), description.MaxBatch)
	if heap.Waiting < limit && heap.Oldest.After(now.Add(-s.GatherAfter)) {
		return false, nil
	}
	batch, err := s.DB.ToGather(ctx, part, heap, now, limit, gatherSize)
	if err != nil || len(batch) == 0 {
		return false, err
	}
	// Whatever cannot go into the file leaves the queue first; the next step gathers the rest.
	if kept := keptOut(batch, &taxpayer); len(kept) > 0 {
		return true, s.settleOnce(ctx, part, kept, s.editInPortal)
	}
	ready, err := s.number(ctx, part, description, batch)
	if err != nil || len(ready.batch) == 0 {
		return false, err
	}
	return c.write(ctx, part, ready)
}

// write stores a file of the batch, or, when the format cannot carry some of
// it, only that.
func (c *channel) write(ctx context.Context, part repository.Part, ready numbered) (bool, error) {
	s := c.service
	equipped, err := s.equip(ctx, ready.batch)
	if err != nil {
		return false, err
	}
	documents, submissions := make([]faktur.Document, len(equipped)), make([]adapter.Submission, len(equipped))
	for i := range equipped {
		documents[i], submissions[i] = equipped[i].document, equipped[i].submission
		submissions[i].NSFP = ready.numbers[documents[i].ID]
	}
	written, outcomes, err := c.writer.Write(submissions)
	if err == nil && len(outcomes) != len(submissions) {
		err = fmt.Errorf("channel %s gave %d outcomes for %d documents", c.Name(), len(outcomes), len(submissions))
	}
	if err != nil {
		return false, err
	}
	refused, reasons, err := refusals(documents, outcomes)
	if err != nil {
		return false, err
	}
	if len(refused) > 0 {
		return true, s.settleOnce(ctx, part, refused, func(i int, d *faktur.Document) ([]faktur.Event, error) {
			event, err := d.Apply(faktur.Change{To: faktur.SavedInvalid, Reason: reasons[i], At: s.Now()})
			return []faktur.Event{event}, err
		})
	}
	return s.storeFile(ctx, part, documents, ready, written)
}

// refusals gives those documents of a batch that a format cannot carry, and why.
func refusals(documents []faktur.Document, outcomes []adapter.Outcome) ([]faktur.Document, []*faktur.Reason, error) {
	var refused []faktur.Document
	var reasons []*faktur.Reason
	for i, o := range outcomes {
		switch {
		case o.Certainty == adapter.Known && o.Status == faktur.AwaitingUpload:
		case o.Certainty == adapter.Known && o.Status == faktur.SavedInvalid:
			refused, reasons = append(refused, documents[i]), append(reasons, o.Reason)
		default:
			return nil, nil, fmt.Errorf("document %s is neither in the file nor refused", documents[i].ID)
		}
	}
	return refused, reasons, nil
}

// storeFile stores a file with the steps of its documents to awaiting_upload.
// Should one have moved meanwhile, nothing is stored: the bytes would lie.
func (s *Service) storeFile(ctx context.Context, part repository.Part, documents []faktur.Document, ready numbered, written adapter.File) (bool, error) {
	now := s.Now()
	n := repository.NewFile{Content: written.Content, Draws: ready.draws}
	n.File.MediaType = written.MediaType
	for _, d := range documents {
		step := repository.Step{Document: d, From: d.Sequence}
		event, err := step.Document.Apply(faktur.Change{To: faktur.AwaitingUpload, NSFP: ready.numbers[d.ID], At: now})
		if err != nil {
			return false, err
		}
		step.Events = []faktur.Event{event}
		n.Steps = append(n.Steps, step)
	}
	first := &documents[0]
	sum := sha256.Sum256(n.Content)
	n.File.ID, n.File.Tenant, n.File.TaxpayerNPWP, n.File.Kind = s.NewID(), first.Tenant, first.TaxpayerNPWP, first.Kind
	n.File.Channel, n.File.Livemode, n.File.Status = part.Channel, part.Livemode, faktur.FileReady
	n.File.Name = named(written.Name, n.File.ID)
	n.File.Size, n.File.SHA256, n.File.Documents = int64(len(n.Content)), hex.EncodeToString(sum[:]), len(documents)
	n.File.CreatedAt, n.File.UpdatedAt = now, now
	fence, err := repository.FenceFor(string(part.Channel), part.Shards, documents)
	if err != nil {
		return false, err
	}
	stored, err := s.DB.SaveFile(ctx, fence, n)
	if stored {
		s.grown()
		s.traceSteps(ctx, n.Steps, allOf(n.Steps))
	}
	return stored, err
}

// settleOnce saves verdicts under the part's fence. A document that moved since
// it was read is left alone: the verdict was on its content as it was then.
func (s *Service) settleOnce(ctx context.Context, part repository.Part, documents []faktur.Document, judge verdict) error {
	fence, err := repository.FenceFor(string(part.Channel), part.Shards, documents)
	if err != nil {
		return err
	}
	place := make(map[string]int, len(documents))
	for i := range documents {
		place[documents[i].ClientID()] = i
	}
	steps, err := s.judged(ctx, documents, place, judge)
	if err != nil {
		return err
	}
	if _, err := s.save(ctx, fence, steps); err != nil {
		return err
	}
	s.grown()
	return nil
}

// named puts the end of a file's id into its name, before the extension.
func named(name, id string) string {
	extension := path.Ext(name)
	return strings.TrimSuffix(name, extension) + "-" + id[strings.LastIndexByte(id, '-')+1:] + extension
}

// keptOut gives the re-uploads that Coretax holds already, as far as its owner
// wants them edited there: a file can only create, and would make a second one.
// A change of channel brings them here as well.
func keptOut(batch []repository.Stored, taxpayer *faktur.Taxpayer) []faktur.Document {
	var kept []faktur.Document
	for i := range batch {
		if heldByCoretax(&batch[i].Document) && taxpayer.Settings.ReuploadMode != faktur.DeleteThenImport {
			kept = append(kept, batch[i].Document)
		}
	}
	return kept
}

// heldByCoretax says that the tax system has spoken of the document, so that it
// has a row of it already.
func heldByCoretax(d *faktur.Document) bool { return d.CoretaxStatus != "" }

// editInPortal is the verdict on what Coretax holds and no file may carry.
func (s *Service) editInPortal(_ int, d *faktur.Document) ([]faktur.Event, error) {
	event, err := d.Apply(faktur.Change{To: faktur.SavedInvalid, At: s.Now(), Reason: &faktur.Reason{
		Code: "edit_in_portal", Action: faktur.ActionCorrectContent, Origin: faktur.OriginGateway, Message: editInPortalAdvice}})
	return []faktur.Event{event}, err
}

const editInPortalAdvice = "Coretax holds this document already, and a file would create it a second time. " +
	"A person corrects and signs it in the Coretax portal; the next status import adopts what comes of it. " +
	"Or set the seller's reupload_mode to delete_then_import, delete it in the portal, and upload it again."

// mayUploadAgain refuses the re-upload of what Coretax holds on a channel whose
// files can only create, unless the seller has it deleted there first.
func (s *Service) mayUploadAgain(ctx context.Context, d *faktur.Document) error {
	if !d.Channel.WritesFiles() || !heldByCoretax(d) {
		return nil
	}
	taxpayer, err := s.seller(ctx, d.Tenant, d.TaxpayerNPWP)
	if err != nil {
		return translate(err, "taxpayer")
	}
	if taxpayer.Settings.ReuploadMode == faktur.DeleteThenImport {
		return nil
	}
	return &faktur.Error{Kind: faktur.KindConflict, Code: "edit_in_portal", Detail: editInPortalAdvice,
		DocumentID: d.ID, DocumentStatus: d.Status}
}
