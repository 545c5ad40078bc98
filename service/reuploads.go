package service

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
)

const (
	// mostReuploaded is how many documents one request uploads again.
	mostReuploaded = 10_000
	// reuploadChunk is how many are queued in one transaction.
	reuploadChunk = 200
	// mostReferences is how many references a filter names.
	mostReferences = 1000
	// mostOfReference and mostOfCode are how many characters a reference and a
	// reason's code in it have.
	mostOfReference = 100
	mostOfCode      = 500
)

// ReuploadFilter says which Saved Invalid invoices are uploaded again, and by whom.
type ReuploadFilter struct {
	// NPWP is the seller whose invoices they are.
	NPWP string `json:"npwp,omitempty" pattern:"^([0-9]{16})?$" example:"0012345674901000"`
	// ReasonCode is the `reason.code` that they have.
	ReasonCode string `json:"reason_code,omitempty" maxLength:"500" example:"REG-KODJP-00024"`
	// References names them one by one, at most 1,000 of 100 characters each.
	References []string    `json:"references,omitempty" example:"INV/2026/11/0001"`
	DateFrom   faktur.Date `json:"date_from,omitzero" swaggertype:"string" example:"2026-11-01"` // of the invoice, inclusive
	DateTo     faktur.Date `json:"date_to,omitzero" swaggertype:"string" example:"2026-11-30"`   // inclusive
	// Signer is the NIK or NPWP of who signs this time; "" leaves it as it was.
	Signer string `json:"signer,omitempty" pattern:"^([0-9]{16})?$" example:"3174015506800001"`
	// Why is kept in the audit.
	Why string `json:"why,omitempty" maxLength:"1000" example:"The new passphrase is there"`
}

// ReuploadResult is what a request to upload many again has begun.
type ReuploadResult struct {
	ID       string            `json:"id" example:"0199c9a4-7a52-7d0e-8f3c-2b1f6d1c9a10"`
	Matched  int               `json:"matched" example:"200"`  // invoices that agree with the filter
	Requeued int               `json:"requeued" example:"198"` // of them, queued again
	Skipped  []SkippedReupload `json:"skipped"`
}

// SkippedReupload is an invoice that was not queued again, and why.
type SkippedReupload struct {
	ID        string `json:"id" example:"0199c9a4-7a52-7d0e-8f3c-2b1f6d1c9a10"`
	Reference string `json:"reference" example:"INV/2026/11/0001"`
	Code      string `json:"code" example:"edit_in_portal"`
	Message   string `json:"message" example:"Coretax holds this document already."`
}

// ReuploadProgress is how far the documents of a request have come.
type ReuploadProgress struct {
	ID        string                `json:"id" example:"0199c9a4-7a52-7d0e-8f3c-2b1f6d1c9a10"`
	CreatedAt time.Time             `json:"created_at" example:"2026-11-22T08:00:00Z"`
	Total     int                   `json:"total" example:"198"`
	Done      int                   `json:"done" example:"120"`                                    // approved, or failed again: at rest
	ByStatus  map[faktur.Status]int `json:"by_status" swaggertype:"object,integer"`                // how many are where
	Failed    []string              `json:"failed" example:"0199c9a4-7a52-7d0e-8f3c-2b1f6d1c9a10"` // ids of those that are Saved Invalid, at most 1,000
}

// ReuploadMany queues again every Saved Invalid invoice that agrees with the
// filter. They still go one by one for each seller. What a crash leaves undone is
// still Saved Invalid, and the same request again finds just that.
func (s *Service) ReuploadMany(ctx context.Context, o Operator, f ReuploadFilter) (ReuploadResult, error) {
	if err := s.checkReupload(ctx, o.Tenant, f); err != nil {
		return ReuploadResult{}, err
	}
	matched, err := s.savedInvalid(ctx, o.Tenant, f)
	if err != nil {
		return ReuploadResult{}, err
	}
	result := ReuploadResult{ID: s.NewID(), Matched: len(matched), Skipped: []SkippedReupload{}}
	request, err := json.Marshal(f)
	if err != nil {
		return result, translate(err, "")
	}
	audit := s.audited(o, "invoice.reupload", result.ID, fmt.Sprintf("%d invoices", len(matched)))
	if err := s.DB.AddReupload(ctx, repository.Reupload{ID: result.ID, Tenant: o.Tenant, Request: string(request), CreatedAt: s.Now()}, audit); err != nil {
		return result, translate(err, "")
	}
	slices.Reverse(matched) // the oldest first
	for chunk := range slices.Chunk(matched, reuploadChunk) {
		if err := s.requeueChunk(ctx, &result, chunk, f.Signer); err != nil {
			return result, translate(err, "")
		}
	}
	return result, nil
}

func (s *Service) checkReupload(ctx context.Context, tenant string, f ReuploadFilter) error {
	var faults []faktur.Fault
	if f.NPWP == "" && f.ReasonCode == "" && len(f.References) == 0 && f.DateFrom.IsZero() && f.DateTo.IsZero() {
		faults = append(faults, faktur.Fault{Code: "filter_missing",
			Message: "Say which invoices: npwp, reason_code, references, date_from or date_to. Without a filter all would go."})
	}
	if f.NPWP != "" && !faktur.ValidNPWP(f.NPWP) {
		faults = append(faults, faktur.Fault{Pointer: "/npwp", Code: "npwp_malformed", Message: "npwp must be the 16 digits of an NPWP."})
	}
	faults = append(faults, faktur.TextFaults("/reason_code", "reason_code", f.ReasonCode, mostOfCode)...)
	if len(f.References) > mostReferences {
		faults = append(faults, faktur.Fault{Pointer: "/references", Code: "too_many_references",
			Message: fmt.Sprintf("There are %d references; a request takes %d.", len(f.References), mostReferences)})
	} else {
		for i, reference := range f.References {
			faults = append(faults, faktur.TextFaults(fmt.Sprintf("/references/%d", i), "This reference", reference, mostOfReference)...)
		}
	}
	for i, date := range []faktur.Date{f.DateFrom, f.DateTo} {
		if !date.IsZero() && !date.Valid() {
			faults = append(faults, faktur.Fault{Pointer: []string{"/date_from", "/date_to"}[i], Code: "date_malformed", Message: "Write a day of the calendar as YYYY-MM-DD."})
		}
	}
	if err := faktur.Invalid(faults); err != nil {
		return err
	}
	return s.checkSigner(ctx, tenant, f.NPWP, f.Signer)
}

// savedInvalid finds what agrees with the filter, newest first.
func (s *Service) savedInvalid(ctx context.Context, tenant string, f ReuploadFilter) ([]faktur.Document, error) {
	filter := repository.DocumentFilter{TaxpayerNPWP: f.NPWP, DateFrom: f.DateFrom, DateTo: f.DateTo, Limit: 1000}
	var matched []faktur.Document
	for {
		page, err := s.DB.SavedInvalid(ctx, tenant, filter, f.References)
		if err != nil {
			return nil, translate(err, "invoice")
		}
		for _, d := range page {
			if f.ReasonCode == "" || d.Reason != nil && d.Reason.Code == f.ReasonCode {
				matched = append(matched, d)
			}
		}
		switch {
		case len(matched) > mostReuploaded:
			return nil, faktur.Invalid([]faktur.Fault{{Code: "too_many_invoices",
				Message: fmt.Sprintf("More than %d invoices agree with the filter. Narrow it, by npwp or by dates.", mostReuploaded)}})
		case len(page) < filter.Limit:
			return matched, nil
		}
		filter.BeforeID = page[len(page)-1].ID
	}
}

// requeueChunk queues documents again in one transaction, but for those that
// must not be, or that moved meanwhile.
func (s *Service) requeueChunk(ctx context.Context, result *ReuploadResult, documents []faktur.Document, signer string) error {
	var steps []repository.Step
	skip := func(d *faktur.Document, e *faktur.Error) {
		result.Skipped = append(result.Skipped, SkippedReupload{ID: d.ID, Reference: d.Reference, Code: e.Code, Message: e.Detail})
	}
	refused := map[string]*faktur.Error{} // by taxpayer: whether the signer is one of theirs
	for _, d := range documents {
		why, asked := refused[d.TaxpayerNPWP]
		if !asked {
			why = faktur.AsError(s.checkSigner(ctx, d.Tenant, d.TaxpayerNPWP, signer))
			refused[d.TaxpayerNPWP] = why
		}
		if why == nil {
			why = faktur.AsError(s.mayUploadAgain(ctx, &d))
		}
		switch {
		case why == nil:
		case why.Kind == faktur.KindInternal || why.Kind == faktur.KindUnavailable:
			return why
		default:
			skip(&d, why)
			continue
		}
		step := repository.Step{Document: d, From: d.Sequence}
		event, err := s.requeue(&step.Document, signer)
		if err != nil {
			return err
		}
		step.Events = []faktur.Event{event}
		steps = append(steps, step)
	}
	if len(steps) == 0 {
		return nil
	}
	saved, err := s.DB.SaveReupload(ctx, result.ID, steps)
	if err != nil {
		return err
	}
	s.traceSteps(ctx, steps, saved)
	for i := range steps {
		if !saved[steps[i].Document.ID] {
			skip(&steps[i].Document, errMoving)
		}
	}
	result.Requeued += len(saved)
	s.queued.ring()
	s.grown()
	return nil
}

// ReuploadProgress says how far the documents of a request have come.
func (s *Service) ReuploadProgress(ctx context.Context, tenant, id string) (ReuploadProgress, error) {
	stored, byStatus, err := s.DB.Reupload(ctx, tenant, id)
	if err != nil {
		return ReuploadProgress{}, translate(err, "reupload")
	}
	failed, err := s.DB.ReuploadFailed(ctx, id, 1000)
	if err != nil {
		return ReuploadProgress{}, translate(err, "reupload")
	}
	progress := ReuploadProgress{ID: id, CreatedAt: stored.CreatedAt, ByStatus: byStatus, Failed: append([]string{}, failed...)}
	for status, count := range byStatus {
		progress.Total += count
		if status == faktur.SavedInvalid || !status.Open() {
			progress.Done += count
		}
	}
	return progress, nil
}
