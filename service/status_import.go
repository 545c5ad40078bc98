package service

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/portal"
	"github.com/fakturgate/fakturgate/repository"
)

// StatusImport is the portal's exported list of one taxpayer.
type StatusImport struct {
	NPWP    string
	Content []byte // XLSX or CSV
	DryRun  bool   // change nothing, only say what would
	// ExportedAt is when the list was exported; zero when nobody knows. What has
	// moved since is then left to a person where it matters.
	ExportedAt time.Time
}

// ImportOutcome says what came of a row of a status import.
type ImportOutcome string

// The outcomes of a row. Only updated and noted change anything.
const (
	ImportUpdated    ImportOutcome = "updated"    // the document moved, or something was told about it
	ImportNoted      ImportOutcome = "noted"      // only the tax system's own word was kept
	ImportUnchanged  ImportOutcome = "unchanged"  // nothing that was not known
	ImportSuperseded ImportOutcome = "superseded" // another row of the same document says more
	ImportNotFound   ImportOutcome = "not_found"  // no document of this taxpayer
	ImportForeign    ImportOutcome = "foreign"    // made by a person in the portal; not ours
	ImportAmbiguous  ImportOutcome = "ambiguous"  // a person has to look
	ImportConflict   ImportOutcome = "conflict"   // it contradicts what is known
	ImportDuplicate  ImportOutcome = "duplicate"  // approved more than once under one reference
	ImportInvalid    ImportOutcome = "invalid"    // the row cannot be read
)

// ImportRow is what a row of the list did, or would do.
type ImportRow struct {
	Row       int               `json:"row" example:"5"` // its number in the file, 1 for the first
	Reference faktur.NullString `json:"reference" swaggertype:"string" extensions:"x-nullable" example:"INV/2026/11/0001"`
	NSFP      faktur.NullString `json:"nsfp" swaggertype:"string" extensions:"x-nullable" example:"04002600000000001"`
	// Status is where the document stands now; null when there is none.
	Status        faktur.NullString `json:"status" swaggertype:"string" extensions:"x-nullable" example:"approved"`
	CoretaxStatus string            `json:"coretax_status" example:"Approved"` // the list's own word
	Outcome       ImportOutcome     `json:"outcome" enums:"updated,noted,unchanged,superseded,not_found,foreign,ambiguous,conflict,duplicate,invalid" example:"updated"`
	DocumentID    faktur.NullString `json:"document_id" swaggertype:"string" extensions:"x-nullable" example:"0199c9a4-7a52-7d0e-8f3c-2b1f6d1c9a10"`
	// Code and Message say why, where that is not plain; null otherwise.
	Code    faktur.NullString `json:"code" swaggertype:"string" extensions:"x-nullable" example:"filed_elsewhere"`
	Message faktur.NullString `json:"message" swaggertype:"string" extensions:"x-nullable"`
}

// ImportResult is what a status import did, or would do.
type ImportResult struct {
	DryRun bool           `json:"dry_run" example:"false"`
	Rows   []ImportRow    `json:"rows"`
	Counts map[string]int `json:"counts"` // of rows, by outcome
}

// importChunk is how many references share a transaction: few enough that no
// lock is held for long.
const importChunk = 200

// clockTolerance is how far a person's clock may be ahead of ours.
const clockTolerance = 5 * time.Minute

// ImportStatuses adopts what the portal's list says of a taxpayer's documents,
// row by row: a bad row harms no good one. Importing the same list again
// changes nothing, and goes on where a crash cut the first time off.
func (s *Service) ImportStatuses(ctx context.Context, by Operator, in StatusImport) (ImportResult, error) {
	if in.ExportedAt.After(s.Now().Add(clockTolerance)) {
		return ImportResult{}, faktur.Invalid([]faktur.Fault{{Pointer: "exported_at", Code: "time_in_future", Message: "exported_at lies in the future."}})
	}
	taxpayer, err := s.DB.Taxpayer(ctx, by.Tenant, in.NPWP)
	if err != nil {
		return ImportResult{}, translate(err, "taxpayer")
	}
	select { // one at a time, because a large list takes a hundred megabytes
	case s.importing <- struct{}{}:
		defer func() { <-s.importing }()
	case <-ctx.Done():
		return ImportResult{}, translate(ctx.Err(), "import")
	}
	export, err := portal.ReadExport(in.Content)
	if err != nil {
		return ImportResult{}, err
	}
	i := &importer{s: s, StatusImport: in, taxpayer: taxpayer, export: export}
	if !in.DryRun {
		detail := fmt.Sprintf("%d rows", len(export.Rows))
		if !in.ExportedAt.IsZero() {
			detail += ", exported at " + in.ExportedAt.UTC().Format(time.RFC3339)
		}
		if err := s.DB.NoteAudit(ctx, s.audited(by, "status_import", in.NPWP, detail)); err != nil {
			return ImportResult{}, translate(err, "import")
		}
	}
	err = i.run(ctx)
	return i.result(), translate(err, "import")
}

// importer is one status import at work.
type importer struct {
	StatusImport
	s        *Service
	taxpayer faktur.Taxpayer
	export   portal.Export
	rows     []ImportRow // of the answer, as those of the export
	// elsewhere are numbers that stand at several references of the list.
	elsewhere map[string]bool
}

func (i *importer) run(ctx context.Context) error {
	groups := i.group()
	for chunk := range slices.Chunk(groups, importChunk) {
		if err := i.settle(ctx, chunk); err != nil {
			return err
		}
	}
	return nil
}

// group answers the rows that can be of no use, and gives the others by what
// they belong to: their reference, or of a list of returns the invoice's number.
func (i *importer) group() [][]int {
	i.rows = make([]ImportRow, len(i.export.Rows))
	i.elsewhere = map[string]bool{}
	place, owner := map[string]int{}, map[string]string{}
	var groups [][]int
	for n := range i.export.Rows {
		row := &i.export.Rows[n]
		i.rows[n] = ImportRow{Row: row.Row, Reference: faktur.NullString(row.Reference), NSFP: faktur.NullString(row.NSFP), CoretaxStatus: row.Status}
		key := row.Reference
		if i.export.Returns {
			key = row.NSFP
		}
		switch {
		case len(row.Faults) > 0:
			i.answer(n, ImportInvalid, row.Faults[0].Code, row.Faults[0].Message)
			continue
		case i.ofAnother(row):
			i.answer(n, ImportNotFound, "other_seller", "This row is of the seller "+row.Seller+", and the list was sent for "+i.NPWP+".")
			continue
		case key == "":
			i.answer(n, ImportNotFound, "reference_missing", "The portal knows no reference of this row, so it was not made by this gateway.")
			continue
		}
		if first, known := owner[row.NSFP]; row.NSFP != "" && known && first != key {
			i.elsewhere[row.NSFP] = true
		}
		owner[row.NSFP] = key
		at, known := place[key]
		if !known {
			at = len(groups)
			place[key], groups = at, append(groups, nil)
		}
		groups[at] = append(groups[at], n)
	}
	return groups
}

// ofAnother says whether a row is somebody else's. The seller in a list of
// returns is the other side.
func (i *importer) ofAnother(row *portal.ExportRow) bool {
	return !i.export.Returns && row.Seller != "" && row.Seller != i.NPWP
}

func (i *importer) answer(n int, outcome ImportOutcome, code, message string) {
	i.rows[n].Outcome, i.rows[n].Code, i.rows[n].Message = outcome, faktur.NullString(code), faktur.NullString(message)
	i.rows[n].DocumentID, i.rows[n].Status = "", ""
}

// answerFor is answer about a document as it is.
func (i *importer) answerFor(n int, d *faktur.Document, outcome ImportOutcome, code, message string) {
	i.answer(n, outcome, code, message)
	i.rows[n].DocumentID, i.rows[n].Status = faktur.NullString(d.ID), faktur.NullString(d.Status)
}

// settle judges groups and saves what follows, in one transaction. Those whose
// documents moved meanwhile are judged again.
func (i *importer) settle(ctx context.Context, groups [][]int) error {
	for range changeTries {
		known, err := i.look(ctx, groups)
		if err != nil {
			return err
		}
		var steps []repository.Step
		stepsOf := make([][]string, len(groups))
		for g, group := range groups {
			for _, step := range i.judge(group, known) {
				steps = append(steps, step)
				stepsOf[g] = append(stepsOf[g], step.Document.ID)
			}
		}
		if i.DryRun || len(steps) == 0 {
			return nil
		}
		saved, err := i.s.save(ctx, repository.Fence{}, steps)
		if err != nil {
			return err
		}
		i.s.grown()
		var moved [][]int
		for g := range groups {
			if slices.ContainsFunc(stepsOf[g], func(id string) bool { return !saved[id] }) {
				moved = append(moved, groups[g])
			}
		}
		if groups = moved; len(groups) == 0 {
			return nil
		}
	}
	for _, group := range groups {
		for _, n := range group {
			i.answer(n, ImportAmbiguous, "document_moving", "The document changes at this very moment. Import the list again.")
		}
	}
	return nil
}

func (i *importer) result() ImportResult {
	result := ImportResult{DryRun: i.DryRun, Rows: i.rows, Counts: map[string]int{}}
	for _, row := range i.rows {
		result.Counts[string(row.Outcome)]++
	}
	return result
}
