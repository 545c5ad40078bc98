package service

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
)

// Replace files a replacement (faktur pengganti) of an approved invoice: a new
// document with the same seller, reference and buyer. Its content as it was
// accepted before gives that document again, and replayed.
func (s *Service) Replace(ctx context.Context, tenant, id string, content faktur.TaxInvoice) (invoice faktur.StoredInvoice, replayed bool, err error) {
	for range changeTries {
		original, err := s.DB.Stored(ctx, tenant, id)
		if err == nil && original.Return != nil {
			err = repository.ErrNotFound
		}
		if err != nil {
			return invoice, false, translate(err, "invoice")
		}
		content := faktur.Given(content, original.Content, original.Assessment)
		if original.Document.ReplacedByID != "" {
			return s.replacedAlready(ctx, &original.Document, content)
		}
		a, err := s.replacement(ctx, &original, content)
		if err != nil {
			return invoice, false, err
		}
		switch replaced, err := s.DB.Replace(ctx, a); {
		case errors.Is(err, repository.ErrTaxpayerChanged):
			s.forgetSeller(tenant, a.Stored.Document.TaxpayerNPWP)
		case err != nil:
			return invoice, false, translate(err, "invoice")
		case replaced:
			s.queued.ring()
			s.grown()
			s.traceAccepted(ctx, &a.Stored.Document, a.Stored.Document.ID, false)
			return shown(&a.Stored), false, nil
		}
	}
	return invoice, false, errMoving
}

// replacedAlready answers for an original that has a replacement which is not
// cancelled: that one when the content is its own, else a conflict.
func (s *Service) replacedAlready(ctx context.Context, original *faktur.Document, content faktur.TaxInvoice) (faktur.StoredInvoice, bool, error) {
	replacement, err := s.DB.Stored(ctx, original.Tenant, original.ReplacedByID)
	if err != nil {
		return faktur.StoredInvoice{}, false, translate(err, "invoice")
	}
	hashes, err := s.DB.ContentHashes(ctx, replacement.Document.ID)
	if err != nil {
		return faktur.StoredInvoice{}, false, translate(err, "invoice")
	}
	if slices.Contains(hashes, faktur.ContentHash(content)) {
		return shown(&replacement), true, nil
	}
	detail := "It has a replacement with other content that is " + string(replacement.Document.Status) + ". Correct that one while it is queued or saved_invalid, or cancel it."
	if !replacement.Document.Status.Open() {
		detail = "It was replaced already. Replace its replacement, which document_id names."
	}
	return faktur.StoredInvoice{}, false, &faktur.Error{Kind: faktur.KindConflict, Code: "replacement_exists", Detail: detail,
		DocumentID: replacement.Document.ID, DocumentStatus: replacement.Document.Status}
}

// replacement makes the document of a replacement, ready to be stored.
//
// It has no upload deadline of its own: FACTS 5.5 (GOSRI, DDTC-MIG) has it
// allowed while the SPT of its period can still be filed or corrected, and
// names no day. That the 20th is not meant is an assumption.
func (s *Service) replacement(ctx context.Context, original *repository.Stored, content faktur.TaxInvoice) (repository.Acceptance, error) {
	if err := replaceable(&original.Document); err != nil {
		return repository.Acceptance{}, err
	}
	of := identity{"/seller/npwp", "seller", content.Seller.NPWP, content.Reference}
	if err := of.holds(&original.Document); err != nil {
		return repository.Acceptance{}, err
	}
	if err := sameBuyer(original, &content); err != nil {
		return repository.Acceptance{}, err
	}
	taxpayer, filed, assessment, err := s.assess(ctx, s.seller, original.Document.Tenant, content)
	if err != nil {
		return repository.Acceptance{}, err
	}
	if !s.canReplace(ctx, taxpayer.Channel) {
		return repository.Acceptance{}, &faktur.Error{Kind: faktur.KindConflict, Code: "channel_cannot", DocumentID: original.Document.ID,
			DocumentStatus: original.Document.Status, Detail: channelCannot(taxpayer.Channel, "replaced").Message}
	}
	assessment.Warnings = slices.DeleteFunc(assessment.Warnings, func(w faktur.Fault) bool { return w.Code == "deadline_passed" })
	a := s.newAcceptance(Request{Tenant: original.Document.Tenant}, &taxpayer, faktur.Document{Kind: faktur.KindInvoice,
		Reference: content.Reference, Counterpart: content.Buyer.IDNumber, ReplacesID: original.Document.ID})
	a.ContentHash = faktur.ContentHash(content)
	a.Stored.Content, a.Stored.Assessment = filed, assessment
	return a, nil
}

// sameBuyer holds that a replacement is of the buyer of its original: art. 48(2)
// PER-11/PJ/2025 has a wrong buyer cancelled and the invoice issued anew (FACTS 5.5).
func sameBuyer(stored *repository.Stored, content *faktur.TaxInvoice) error {
	before, after := &stored.Content.Buyer, &content.Buyer
	if before.IDType == after.IDType && before.IDNumber == after.IDNumber {
		return nil
	}
	reference := "the same reference."
	if stored.Document.ReplacesID != "" { // the amended original keeps it
		reference = "another reference."
	}
	return faktur.Invalid([]faktur.Fault{{Pointer: "/buyer/id_number", Code: "buyer_fixed",
		Message: "A replacement keeps its buyer, " + before.IDType + " " + before.IDNumber + " (PER-11/PJ/2025 art. 48). For another buyer cancel the invoice, and post a new one under " + reference}})
}

// replaceable refuses to replace what is not approved, or is being cancelled.
func replaceable(d *faktur.Document) error {
	switch {
	case d.Wish == faktur.WishCancel, d.Status == faktur.CancellationPending:
		return &faktur.Error{Kind: faktur.KindConflict, Code: "cancellation_under_way", DocumentID: d.ID, DocumentStatus: d.Status,
			Detail: "Its cancellation is under way. Wait for its end; when it is refused, it can be replaced."}
	case d.Status == faktur.Approved:
		return nil
	case d.Status == faktur.Queued, d.Status == faktur.SavedInvalid:
		return &faktur.Error{Kind: faktur.KindConflict, Code: "transition_not_allowed", DocumentID: d.ID, DocumentStatus: d.Status,
			Detail: "Only an approved invoice is replaced. Correct this one with PUT /invoices/" + d.ID + "."}
	}
	return notNow(d, "replaced")
}

// canReplace says whether a channel files replacements. One that is out of
// reach just now counts as able where its table says so.
func (s *Service) canReplace(ctx context.Context, name faktur.Channel) bool {
	c := s.channelNamed(name)
	if c == nil || c.caller == nil {
		return false
	}
	description, err := c.describe(ctx)
	return err != nil || description.Capabilities.Replace
}

// Chain gives every invoice of the chain of replacements that one is in, oldest
// first, and the id of the one that is in force, "" when none is.
func (s *Service) Chain(ctx context.Context, tenant, id string) ([]faktur.StoredInvoice, string, error) {
	members, err := s.DB.Chain(ctx, tenant, id)
	if err == nil && members[0].Return != nil {
		err = repository.ErrNotFound
	}
	if err != nil {
		return nil, "", translate(err, "invoice")
	}
	invoices := make([]faktur.StoredInvoice, len(members))
	documents := make([]faktur.Document, len(members))
	for i := range members {
		invoices[i], documents[i] = shown(&members[i]), members[i].Document
	}
	return invoices, faktur.InForce(documents), nil
}

// checkSerial logs when a replacement's number does not follow its original's.
// That the serial stays and digits 3 and 4 count is an inference (FACTS 3), so
// it stands in nobody's way.
func (s *Service) checkSerial(ctx context.Context, before, after *faktur.Document) {
	if after.ReplacesID == "" || before.Status == after.Status || after.Status != faktur.Approved {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	originals, err := s.DB.Reread(ctx, []string{after.ReplacesID})
	if err != nil || len(originals) == 0 {
		return // the log lacks a line then, and nothing else
	}
	replaced, err1 := faktur.ParseNSFP(originals[0].NSFP)
	number, err2 := faktur.ParseNSFP(after.NSFP)
	if err1 != nil || err2 != nil || !number.Follows(replaced) {
		s.Logger.WarnContext(ctx, "a replacement's number does not follow its original's",
			"document", after.ID, "nsfp", after.NSFP, "original", originals[0].ID, "original_nsfp", originals[0].NSFP)
	}
}
