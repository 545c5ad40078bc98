package service

import (
	"fmt"
	"time"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/portal"
	"github.com/fakturgate/fakturgate/repository"
)

// apply takes over what a row says of a document.
func (j *judgingRows) apply(n int, about *repository.Filed) {
	row, d := &j.export.Rows[n], about.Document
	if other, spoken := j.taken[d.ID]; spoken {
		j.answerFor(n, &d, ImportAmbiguous, "rows_contradict", fmt.Sprintf("Row %d is about the same document. Look it up in the portal.", j.rows[other].Row))
		return
	}
	j.taken[d.ID] = n
	if row.ZeroMayBeLost && row.NSFP != d.NSFP { // the desktop application's number is known beforehand
		j.answerFor(n, &d, ImportInvalid, "nsfp_zero_lost", "The number "+row.NSFP+" has 16 digits and begins with 10, and is not the one that was drawn for this invoice: "+
			"its first zero is lost, because a spreadsheet took it for a number. Export the list again and send it without opening and saving it.")
		return
	}
	if d.Status == faktur.Queued {
		j.queued(n, about)
		return
	}
	status, known := faktur.ParseCoretaxStatus(row.Status)
	if known {
		if outcome, code, message := j.doubt(&d, status); outcome != "" {
			j.answerFor(n, &d, outcome, code, message)
			return
		}
	}
	before := d
	events, err := j.s.adoptKnown(&d, outcomeOf(row, &d, status, known), j.s.Now())
	if err != nil {
		j.answerFor(n, &before, ImportConflict, "transition_not_allowed", faktur.AsError(err).Detail)
		return
	}
	outcome, code, message := ImportUnchanged, "", ""
	switch {
	case len(events) > 0:
		outcome = ImportUpdated
	case d.CoretaxStatus != before.CoretaxStatus && d.Status == before.Status:
		outcome = ImportNoted
	}
	if !known {
		code, message = "word_unknown", "This release does not know the portal's word. It is kept as coretax_status and moves nothing."
	} else if status == faktur.Approved && d.Status.Open() {
		code, message = "nsfp_missing", "An approval without its number is none yet. Export the list again with the column Nomor Faktur Pajak."
	}
	if mismatch := j.mismatch(row, about); mismatch != "" && !d.Status.Open() {
		code, message = "amount_mismatch", mismatch
		if event := d.Event("amount_mismatch"); !j.known.told[repository.Told{DocumentID: d.ID, Type: event}] {
			events, outcome = append(events, d.Tell(event, d.Status, j.s.Now())), ImportUpdated
		}
	}
	j.answerFor(n, &d, outcome, code, message)
	if outcome == ImportUpdated || outcome == ImportNoted {
		j.steps = append(j.steps, repository.Step{Document: d, From: before.Sequence, Events: events})
	}
}

// outcomeOf is what a row says, as a channel would.
func outcomeOf(row *portal.ExportRow, d *faktur.Document, status faktur.Status, known bool) adapter.Outcome {
	o := adapter.Outcome{Certainty: adapter.Known, CoretaxStatus: row.Status}
	if known {
		o.Status = status
	}
	if d.Kind == faktur.KindInvoice && effective(row) {
		o.NSFP = row.NSFP
	}
	if o.Status == faktur.SavedInvalid {
		message := row.Status
		if row.ESign != "" {
			message += "; e-Sign: " + row.ESign
		}
		o.Reason = &faktur.Reason{Code: "saved_invalid", Action: faktur.ActionCorrectContent, Message: message, Origin: faktur.OriginTaxSystem}
	}
	return o
}

// doubt says why a row must not move a document although it names another
// status; "" when it may, or does not. The list may be older than what is known.
func (j *judgingRows) doubt(d *faktur.Document, status faktur.Status) (ImportOutcome, string, string) {
	switch {
	case d.Status == status:
		return "", "", ""
	case !d.Status.CanBecome(status) && !(d.Status.CanBecome(faktur.Approved) && faktur.Approved.CanBecome(status)):
		return ImportUnchanged, "older_news", "Here it is " + string(d.Status) + " already, and stays so."
	case !backward(d, status):
		return "", "", ""
	case j.ExportedAt.IsZero():
		return ImportAmbiguous, "exported_at_missing", "Here it is " + string(d.Status) + ", and the list may be older than that. Import it again with ?exported_at= when it was exported."
	case j.ExportedAt.Before(d.Work.StatusSince):
		return ImportAmbiguous, "older_export", fmt.Sprintf("Here it has been %s since %s, after the list was exported. Export a newer one.",
			d.Status, d.Work.StatusSince.UTC().Format(time.RFC3339))
	}
	return "", "", ""
}

// backward says whether an older list might say so of the document: of an
// earlier attempt, or of where it was before.
func backward(d *faktur.Document, status faktur.Status) bool {
	switch status {
	case faktur.SavedInvalid:
		return d.Attempt > 1 && heldByCoretax(d)
	case faktur.SigningInProgress, faktur.AwaitingUpload:
		return heldByCoretax(d) && (d.Attempt > 1 || d.Status == faktur.SavedInvalid || d.Status == faktur.SigningInProgress)
	case faktur.Approved:
		return d.Status == faktur.AmendmentPending || d.Status == faktur.CancellationPending
	}
	return false
}

// queued answers a row about a document that was not handed over yet. When
// Coretax has it all the same, it was filed elsewhere, and must not go.
func (j *judgingRows) queued(n int, about *repository.Filed) {
	d := &about.Document
	status, known := faktur.ParseCoretaxStatus(j.export.Rows[n].Status)
	if known && (effective(&j.export.Rows[n]) || status == faktur.SigningInProgress && !heldByCoretax(d)) {
		j.hold([]int{n}, about)
		return
	}
	j.answerFor(n, d, ImportAmbiguous, "queued_here", "It waits here to be handed over, and the portal lists it already. If somebody else filed it, cancel it here.")
}

const filedElsewhere = "filed_elsewhere"

// hold keeps a queued document from being handed over, because Coretax has an
// invoice of its reference already, and tells so once.
func (j *judgingRows) hold(rows []int, about *repository.Filed) {
	d := about.Document
	for _, n := range rows {
		j.taken[d.ID] = n
		j.answerFor(n, &d, ImportConflict, filedElsewhere, heldAdvice)
	}
	if d.Work.DueAt.Equal(faktur.HeldForGood) {
		return
	}
	now := j.s.Now()
	d.Reason = &faktur.Reason{Code: filedElsewhere, Action: faktur.ActionContactSupport, Message: heldAdvice, Origin: faktur.OriginGateway}
	d.Work.DueAt = faktur.HeldForGood
	// The event's number keeps a worker who has read it before from handing it over.
	event := d.Tell(d.Event("queued"), d.Status, now)
	j.steps = append(j.steps, repository.Step{Document: d, From: about.Document.Sequence, Events: []faktur.Event{event}})
}

const heldAdvice = "Coretax has an invoice of this reference, although this document was not handed over: it was filed elsewhere. " +
	"It is held back, so that it is not filed twice. Cancel it here if the portal's is the right one; or cancel the portal's, then cancel this one and post it again."

// mismatch says which amounts of a row are not ours; "" when none is. Where
// Coretax rounds is not known (FACTS 4 [NF]): half a rupiah a line, and at least
// one, is no difference.
func (j *judgingRows) mismatch(row *portal.ExportRow, about *repository.Filed) string {
	tolerance := faktur.Cents(max(100, 50*int64(about.Lines)))
	for _, c := range []struct {
		name        string
		told, known *faktur.Amount
	}{
		{"DPP", row.DPP, &about.Totals.DPP}, {"DPP nilai lain", row.OtherDPP, &about.Totals.OtherDPP},
		{"PPN", row.PPN, &about.Totals.PPN}, {"PPnBM", row.PPnBM, &about.Totals.PPnBM},
	} {
		if c.told == nil || c.known == &about.Totals.OtherDPP && about.Document.Channel == faktur.ChannelEfakturDesktop {
			continue // its file has one DPP only
		}
		if c.told.Cmp(c.known.Add(tolerance)) > 0 || c.known.Cmp(c.told.Add(tolerance)) > 0 {
			return fmt.Sprintf("%s is %s in the portal and %s here.", c.name, c.told, c.known)
		}
	}
	return ""
}

// matchReturns finds the return of every row. The file that carries returns has
// no reference (FACTS 1.2), so the invoice's number, the date and the amounts
// have to do, and what they leave open waits for a person.
func (j *judgingRows) matchReturns(group []int) {
	speaking := map[string][]int{}
	candidates := make(map[int][]*repository.Filed, len(group))
	for _, n := range group {
		row := &j.export.Rows[n]
		for k := range j.filed {
			f := &j.filed[k]
			if f.Document.Status != faktur.Cancelled && f.Date == row.Date && j.mismatch(row, f) == "" &&
				(row.Reference == "" || row.Reference == f.Document.Reference) {
				candidates[n] = append(candidates[n], f)
				speaking[f.Document.ID] = append(speaking[f.Document.ID], n)
			}
		}
	}
	for _, n := range group {
		switch found := candidates[n]; {
		case len(found) == 0:
			j.answer(n, ImportNotFound, "", "")
		case len(found) > 1 || len(speaking[found[0].Document.ID]) > 1:
			j.answer(n, ImportAmbiguous, "returns_alike", "Several returns of this invoice have this date and these amounts. Tell the gateway which is which: POST /returns/{id}/resolve, once it is submitting.")
		default:
			j.apply(n, found[0])
		}
	}
}
