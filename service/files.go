package service

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
)

// Files lists the files of a tenant's taxpayer, newest first, of one status or,
// with "", of all.
func (s *Service) Files(ctx context.Context, tenant, npwp string, status faktur.FileStatus, limit int, cursor string) (Page[faktur.File], error) {
	before, err := openCursor(cursor)
	if err != nil {
		return Page[faktur.File]{}, err
	}
	if _, err := s.DB.Taxpayer(ctx, tenant, npwp); err != nil {
		return Page[faktur.File]{}, translate(err, "taxpayer")
	}
	files, err := s.DB.Files(ctx, tenant, npwp, status, before, limit+1)
	if err != nil {
		return Page[faktur.File]{}, translate(err, "file")
	}
	return newPage(files, limit, func(f faktur.File) string { return f.ID }), nil
}

// File gives a tenant's file.
func (s *Service) File(ctx context.Context, tenant, id string) (faktur.File, error) {
	file, err := s.DB.File(ctx, tenant, id)
	return file, translate(err, "file")
}

// OfferedFile gives a file that can be downloaded, without doing so.
func (s *Service) OfferedFile(ctx context.Context, tenant, id string) (faktur.File, error) {
	file, err := s.File(ctx, tenant, id)
	if err == nil && file.Status == faktur.FileWithdrawn {
		return file, withdrawn(&file)
	}
	return file, err
}

// Download gives a file and its content for somebody to upload. From then on
// its documents cannot be taken back, so that is noted first.
func (s *Service) Download(ctx context.Context, tenant, id string) (faktur.File, []byte, error) {
	file, err := s.File(ctx, tenant, id)
	if err != nil {
		return file, nil, err
	}
	may, err := s.DB.NoteDownload(ctx, tenant, id, s.Now())
	if err != nil {
		return file, nil, translate(err, "file")
	}
	if !may {
		return file, nil, withdrawn(&file)
	}
	content, err := s.DB.FileContent(ctx, tenant, id)
	return file, content, translate(err, "file")
}

func withdrawn(file *faktur.File) error {
	return faktur.NewError(faktur.KindConflict, "file_withdrawn",
		"This file was withdrawn, because one of its documents was cancelled. Its other documents are in a newer file: GET /taxpayers/"+file.TaxpayerNPWP+"/files lists it.")
}

// FileUploaded takes a person's word that a file was uploaded: its documents
// are in the tax system's hands, and the status import tells how they fare.
// Saying it again changes nothing.
func (s *Service) FileUploaded(ctx context.Context, by Operator, id string) (faktur.File, error) {
	return s.changeFile(ctx, by.Tenant, id, func(c *fileStep) error {
		switch c.File.Status {
		case faktur.FileUploaded:
			return nil
		case faktur.FileReady:
		default:
			return notLive(&c.File)
		}
		c.File.Status, c.File.UploadedAt = faktur.FileUploaded, s.Now()
		c.Audit = s.audited(by, "file.uploaded", id, c.File.Name)
		return c.each(func(d *faktur.Document) (faktur.Event, error) {
			return d.Apply(faktur.Change{To: faktur.Submitting, At: s.Now()})
		}, faktur.AwaitingUpload)
	})
}

// Rejection is what the portal said of a file that it refused.
type Rejection struct {
	// Lines are those of the file that the portal names, the first being 1. None
	// means that it refused the file as a whole.
	Lines []int `json:"lines,omitempty" example:"57"`
	// Message is what it said, verbatim.
	Message string `json:"message" validate:"required" example:"NITKU pembeli tidak valid"`
}

// maxRejectedLines and maxRejectedMessage bound what a person passes on.
const (
	maxRejectedLines   = 100_000
	maxRejectedMessage = 4000
)

// FileRejected takes a person's word that the portal refused a file, of which
// it then holds nothing. The documents at the lines that it names become
// saved_invalid; the others go into a new file at once. When it names none,
// nobody knows which one was at fault, and the same file again would fail again:
// all become saved_invalid. Saying it again changes nothing.
func (s *Service) FileRejected(ctx context.Context, by Operator, id string, r Rejection) (faktur.File, error) {
	if err := r.check(); err != nil {
		return faktur.File{}, err
	}
	guilty, err := s.documentsAt(ctx, by.Tenant, id, r.Lines)
	if err != nil {
		return faktur.File{}, err
	}
	reason := &faktur.Reason{Code: "file_rejected", Action: faktur.ActionCorrectContent, Message: r.Message, Origin: faktur.OriginTaxSystem}
	if len(r.Lines) > 0 {
		reason.Code = "row_rejected"
	}
	return s.changeFile(ctx, by.Tenant, id, func(c *fileStep) error {
		switch c.File.Status {
		case faktur.FileRejected:
			return nil
		case faktur.FileReady, faktur.FileUploaded:
		default:
			return notLive(&c.File)
		}
		c.File.Status, c.File.Message = faktur.FileRejected, r.Message
		c.Audit = s.audited(by, "file.rejected", id, fmt.Sprintf("%s: %d lines", c.File.Name, len(r.Lines)))
		return c.each(func(d *faktur.Document) (faktur.Event, error) {
			if len(r.Lines) == 0 || guilty[d.ID] {
				return d.Apply(faktur.Change{To: faktur.SavedInvalid, Reason: reason, At: s.Now()})
			}
			return s.intoNewFile(d)
		}, faktur.AwaitingUpload, faktur.Submitting)
	})
}

func (r *Rejection) check() error {
	var faults []faktur.Fault
	if n := len(strings.TrimSpace(r.Message)); n == 0 || n > maxRejectedMessage || !utf8.ValidString(r.Message) || strings.ContainsRune(r.Message, 0) {
		faults = append(faults, faktur.Fault{Pointer: "/message", Code: "message_malformed",
			Message: fmt.Sprintf("Pass on what the portal said, as it said it, in at most %d bytes.", maxRejectedMessage)})
	}
	if len(r.Lines) > maxRejectedLines {
		faults = append(faults, faktur.Fault{Pointer: "/lines", Code: "too_many_lines",
			Message: fmt.Sprintf("At most %d lines are taken. When nearly all are at fault, leave lines out.", maxRejectedLines)})
	}
	return faktur.Invalid(faults)
}

// intoNewFile lets a document go again at once, before all others of its deadline.
func (s *Service) intoNewFile(d *faktur.Document) (faktur.Event, error) {
	event, err := d.Apply(faktur.Change{To: faktur.Queued, At: s.Now()})
	d.Work.TurnAt, d.Work.DueAt = time.Time{}, time.Time{}
	return event, err
}

// documentsAt gives the ids of the documents that stand in lines of a file.
func (s *Service) documentsAt(ctx context.Context, tenant, id string, lines []int) (map[string]bool, error) {
	if len(lines) == 0 {
		return nil, nil
	}
	opened, err := s.openFile(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	asked := make(map[int]string, len(lines)) // the document's id in each line, once it is found
	for _, line := range lines {
		asked[line] = ""
	}
	for line, place := range opened.writer.Places(opened.content) {
		if err := ctx.Err(); err != nil {
			return nil, translate(err, "file")
		}
		if _, ok := asked[line]; ok && opened.has(place) {
			asked[line] = opened.documents[place.Document].ID
		}
	}
	found := map[string]bool{}
	var faults []faktur.Fault
	for i, line := range lines {
		if asked[line] == "" {
			faults = append(faults, noSuchLine(fmt.Sprintf("/lines/%d", i), line))
			continue
		}
		found[asked[line]] = true
	}
	return found, faktur.Invalid(faults)
}

func noSuchLine(pointer string, line int) faktur.Fault {
	return faktur.Fault{Pointer: pointer, Code: "line_without_document", Message: fmt.Sprintf(
		"Line %d of this file has nothing of a document. Lines are those of the file itself, the first being 1; leave lines out when the file was refused as a whole.", line)}
}

// FileLine says what stands in a line of a file.
func (s *Service) FileLine(ctx context.Context, tenant, id string, line int) (faktur.FileLine, error) {
	opened, err := s.openFile(ctx, tenant, id)
	if err != nil {
		return faktur.FileLine{}, err
	}
	place, ok := adapter.Locate(opened.writer, opened.content, line)
	if !ok || !opened.has(place) {
		return faktur.FileLine{}, faktur.NewError(faktur.KindNotFound, "line_without_document", noSuchLine("", line).Message)
	}
	d := &opened.documents[place.Document]
	shown := faktur.FileLine{Line: line, DocumentID: d.ID, Reference: d.Reference, Element: place.Element}
	if place.Item >= 0 {
		shown.Item = &place.Item
	}
	return shown, nil
}

// openedFile is a file in which lines can be looked up.
type openedFile struct {
	writer    adapter.Writer
	content   []byte
	documents []faktur.Document
}

func (o *openedFile) has(place adapter.Place) bool {
	return place.Document >= 0 && place.Document < len(o.documents)
}

func (s *Service) openFile(ctx context.Context, tenant, id string) (*openedFile, error) {
	file, err := s.DB.File(ctx, tenant, id)
	if err != nil {
		return nil, translate(err, "file")
	}
	c, err := s.channelFor(file.Channel)
	if err != nil {
		return nil, err
	}
	o := &openedFile{writer: c.writer}
	if o.content, err = s.DB.FileContent(ctx, tenant, id); err != nil {
		return nil, translate(err, "file")
	}
	o.documents, err = s.DB.FileDocuments(ctx, id)
	return o, translate(err, "file")
}

// fileStep is a file's next step while it is being made.
type fileStep struct {
	repository.FileChange
	held []faktur.Document // as they are now
}

// each makes the step of every document that the file holds in one of the statuses.
func (c *fileStep) each(do func(d *faktur.Document) (faktur.Event, error), statuses ...faktur.Status) error {
	for _, d := range c.held {
		if !slices.Contains(statuses, d.Status) {
			continue
		}
		step := repository.Step{Document: d, From: d.Sequence}
		event, err := do(&step.Document)
		if err != nil {
			return err
		}
		step.Events = []faktur.Event{event}
		c.Steps = append(c.Steps, step)
	}
	return nil
}

// changeFile reads a file and what it holds, lets do make its next step, and
// saves it whole; a status left as it was is no step. It is tried anew when
// something moved meanwhile.
func (s *Service) changeFile(ctx context.Context, tenant, id string, do func(c *fileStep) error) (faktur.File, error) {
	for range changeTries {
		file, err := s.DB.File(ctx, tenant, id)
		if err != nil {
			return file, translate(err, "file")
		}
		held, err := s.DB.HeldDocuments(ctx, id)
		if err != nil {
			return file, translate(err, "file")
		}
		c := &fileStep{FileChange: repository.FileChange{File: file, From: file.Status}, held: held}
		if err := do(c); err != nil {
			return file, err
		}
		if c.File.Status == c.From {
			return file, nil
		}
		c.File.UpdatedAt = s.Now()
		saved, err := s.DB.ChangeFile(ctx, c.FileChange)
		if err != nil {
			return file, translate(err, "file")
		}
		if saved {
			s.traceSteps(ctx, c.Steps, allOf(c.Steps))
			s.grown()
			return c.File, nil
		}
	}
	return faktur.File{}, errMoving
}

func notLive(file *faktur.File) error {
	return faktur.NewError(faktur.KindConflict, "file_"+string(file.Status),
		fmt.Sprintf("This file is %s, and holds no documents any more. GET /taxpayers/%s/files lists the newer ones.", file.Status, file.TaxpayerNPWP))
}

// withdraw cancels a document that waits in a file which nobody has downloaded:
// the file is withdrawn, and its other documents go into a new one at once. It
// gives false when no file holds the document, which is then somebody else's matter.
func (s *Service) withdraw(ctx context.Context, tenant, documentID string) (bool, error) {
	d, err := s.DB.Document(ctx, tenant, documentID)
	if err != nil || d.Status != faktur.AwaitingUpload {
		return false, translate(err, "invoice")
	}
	file, err := s.DB.LiveFile(ctx, tenant, documentID)
	if errors.Is(err, repository.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, translate(err, "file")
	}
	cancelled := false
	_, err = s.changeFile(ctx, tenant, file.ID, func(c *fileStep) error {
		cancelled = false
		if c.File.Status != faktur.FileReady {
			return nil // its documents have moved: the caller looks again
		}
		if !c.File.DownloadedAt.IsZero() {
			return downloaded(&d, &c.File)
		}
		cancelled, c.NotDownloaded, c.File.Status = true, true, faktur.FileWithdrawn
		return c.each(func(d *faktur.Document) (faktur.Event, error) {
			if d.ID == documentID {
				return d.Apply(faktur.Change{To: faktur.Cancelled, At: s.Now()})
			}
			return s.intoNewFile(d)
		}, faktur.AwaitingUpload)
	})
	return cancelled, err
}

func downloaded(d *faktur.Document, file *faktur.File) error {
	return &faktur.Error{Kind: faktur.KindConflict, Code: "file_downloaded", DocumentID: d.ID, DocumentStatus: d.Status,
		Detail: fmt.Sprintf("It stands in file %s, which was downloaded at %s and may be uploaded by now. "+
			"Say what became of the file (POST /files/%s/uploaded or /rejected); once it is saved_invalid or approved, it can be cancelled again.",
			file.ID, file.DownloadedAt.UTC().Format(time.RFC3339), file.ID)}
}
