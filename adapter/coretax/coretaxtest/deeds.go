package coretaxtest

import (
	"fmt"
	"slices"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
)

// Advance ends the signing of every row whose SigningDelay has passed by now.
func (p *Portal) Advance() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sign(p.config.Clock().Add(-p.config.SigningDelay))
}

// SignAll ends the signing of every row at once.
func (p *Portal) SignAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sign(p.config.Clock())
}

// sign ends the signing of the rows that have been signing since then or longer.
func (p *Portal) sign(since time.Time) {
	now := p.config.Clock()
	for _, row := range p.rows {
		if row.Status != SigningInProgress || row.SigningSince.After(since) {
			continue
		}
		row.DoneAt = now
		if row.Reason = p.invalid(row); row.Reason != "" {
			row.Status = SavedInvalid
			continue
		}
		row.Status = Approved
		p.number(row)
		p.replaced(row)
	}
}

// invalid says why a row cannot be approved. An invoice past its deadline is
// not (PER-11/PJ/2025 art. 44(1), FACTS 5.5); that it becomes Saved Invalid
// is an assumption, as FACTS names no other status of refusal.
func (p *Portal) invalid(row *Row) string {
	deadline := faktur.UploadDeadline(row.Date, faktur.ChannelCoretaxXML, nil)
	if row.Kind == faktur.KindInvoice && faktur.DateOf(row.UploadedAt).Compare(deadline) > 0 {
		return fmt.Sprintf("Faktur pajak of %s was to be uploaded by %s.", row.Date, deadline)
	}
	if p.config.Invalid == nil || row.edited {
		return ""
	}
	return p.config.Invalid(*row)
}

// number gives an invoice its NSFP: transaction code, replacement counter, year
// and serial (FACTS 3). A replacement keeps the serial. That the year is the
// invoice date's is an assumption. A return keeps its invoice's number.
func (p *Portal) number(row *Row) {
	switch {
	case row.Kind != faktur.KindInvoice || row.NSFP != "":
	case row.replaces != nil:
		old := row.replaces.NSFP
		counter := int(old[2]-'0')*10 + int(old[3]-'0') + 1
		row.NSFP = fmt.Sprintf("%s%02d%s", row.TrxCode, counter, old[4:])
	default:
		p.serial++
		row.NSFP = fmt.Sprintf("%s00%s%011d", row.TrxCode, row.Date.String()[2:4], p.serial)
	}
}

// replaced moves on the row that an approved one replaces.
func (p *Portal) replaced(row *Row) {
	if row.replaces == nil {
		return
	}
	row.replaces.Status = Amended
	if p.config.BuyerAgrees {
		row.replaces.Status = WaitingForAmendment
	}
	row.replaces.DoneAt = row.DoneAt
	row.replaces = nil
}

// act lets a person do something to the newest row of a reference that stands
// at one of these words.
func (p *Portal) act(reference, what string, words []string, do func(*Row)) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	row := p.find(reference)
	if row == nil {
		return fmt.Errorf("%s: the portal has no row of %q", what, reference)
	}
	if !slices.Contains(words, row.Status) {
		return fmt.Errorf("%s: %q is %s", what, reference, row.Status)
	}
	do(row)
	return nil
}

// EditAndSign mends what is Saved Invalid and signs it again; Config.Invalid is
// not asked any more.
func (p *Portal) EditAndSign(reference string) error {
	return p.act(reference, "edit and sign", []string{SavedInvalid}, func(row *Row) {
		row.Status, row.Reason, row.edited = SigningInProgress, "", true
		row.UploadedAt = p.config.Clock()
		row.SigningSince = row.UploadedAt
	})
}

// Delete takes what is Saved Invalid out of the list. The ledger keeps it.
func (p *Portal) Delete(reference string) error {
	return p.act(reference, "delete", []string{SavedInvalid}, func(row *Row) {
		p.rows = slices.DeleteFunc(p.rows, func(r *Row) bool { return r == row })
	})
}

// Cancel cancels what is approved: at once, or when the buyer agrees.
func (p *Portal) Cancel(reference string) error {
	return p.act(reference, "cancel", []string{Approved}, func(row *Row) {
		row.Status, row.DoneAt = Cancelled, p.config.Clock()
		if p.config.BuyerAgrees {
			row.Status = WaitingForCancelation
		}
	})
}

// Replace makes a replacement (faktur pengganti) of what is approved: a new
// row of the same reference and serial that is signed in its turn. The old one
// becomes Amended when the new one is approved, or waits for the buyer.
func (p *Portal) Replace(reference string) error {
	return p.act(reference, "replace", []string{Approved}, func(row *Row) {
		next := *row
		next.Status, next.NSFP, next.Receipt, next.Line = SigningInProgress, "", 0, 0
		next.UploadedAt = p.config.Clock()
		next.SigningSince, next.DoneAt = next.UploadedAt, time.Time{}
		next.edited, next.replaces = true, row
		p.rows = append(p.rows, &next)
	})
}

// Agree is the buyer's yes to all that waits for it under a reference.
func (p *Portal) Agree(reference string) { p.answer(reference, Amended, Cancelled) }

// Refuse is the buyer's no. That the row is then Approved as before is an
// assumption (FACTS 5.2 [NF]).
func (p *Portal) Refuse(reference string) { p.answer(reference, Approved, Approved) }

func (p *Portal) answer(reference, amendment, cancelation string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, row := range p.rows {
		switch {
		case row.Reference != reference:
		case row.Status == WaitingForAmendment:
			row.Status = amendment
		case row.Status == WaitingForCancelation:
			row.Status = cancelation
		}
	}
}
