package service

import (
	"context"
	"slices"
	"time"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
)

// signersPausedWait is how long documents wait until it is looked again whether
// a signer is there; a signer's change releases them at once.
const signersPausedWait = time.Minute

// sign chooses who signs each document of a batch, and parts those that may go
// now from those that wait for their signer and hold up nobody (docs/adr/0018).
func (s *Service) sign(ctx context.Context, batch []outgoing) (signed []outgoing, waiting []repository.Waiting, err error) {
	documents := make([]faktur.Document, len(batch))
	for i := range batch {
		documents[i] = batch[i].document
	}
	read, err := s.DB.SignersOf(ctx, documents)
	if err != nil {
		return nil, nil, err
	}
	benches := s.benches(ctx, read)
	for _, out := range batch {
		bench, d := benches[repository.TaxpayerKey{Tenant: out.document.Tenant, NPWP: out.document.TaxpayerNPWP}], &out.document
		if len(bench) == 0 {
			out.submission.Signer = unregistered(d.Signer)
			signed = append(signed, out)
			continue
		}
		chosen := firstInTurn(bench, d.Signer)
		if wait, must := s.mustWait(*d, chosen); must {
			wait.AllPaused = chosen == nil && !slices.ContainsFunc(bench, unreadable)
			waiting = append(waiting, wait)
			continue
		}
		if out.trial = chosen.OnTrial() && chosen.TriedAt.IsZero(); out.trial {
			chosen.TriedAt = s.Now() // for the others of this batch
		}
		out.submission.Signer = chosen
		signed = append(signed, out)
	}
	return signed, waiting, nil
}

// putOff lets documents wait for their signers.
func (s *Service) putOff(ctx context.Context, part repository.Part, waiting []repository.Waiting) error {
	documents := make([]faktur.Document, len(waiting))
	for i := range waiting {
		documents[i] = waiting[i].Document
	}
	fence, err := repository.FenceFor(string(part.Channel), part.Shards, documents)
	if err != nil {
		return err
	}
	return s.DB.AwaitSigner(ctx, fence, waiting)
}

// unregistered is a signer whom only the channel knows; nil leaves it to the channel.
func unregistered(id string) *faktur.Signer {
	if id == "" {
		return nil
	}
	return &faktur.Signer{ID: id}
}

// benches are the signers by taxpayer, each in the order of its priority and
// with its passphrase. One whose passphrase does not open, its master key having
// been lost, signs nothing.
func (s *Service) benches(ctx context.Context, signers []faktur.Signer) map[repository.TaxpayerKey][]*faktur.Signer {
	benches := map[repository.TaxpayerKey][]*faktur.Signer{}
	for _, signer := range signers {
		if err := s.openPassphrase(&signer); err != nil {
			s.Logger.WarnContext(ctx, "a signer's passphrase does not open; it must be given anew", "signer", signer.ID, "npwp", signer.TaxpayerNPWP, "error", err)
			signer.PausedAt = s.Now()
		}
		key := repository.TaxpayerKey{Tenant: signer.Tenant, NPWP: signer.TaxpayerNPWP}
		benches[key] = append(benches[key], &signer)
	}
	return benches
}

// unreadable says that a signer has a passphrase that does not open.
func unreadable(signer *faktur.Signer) bool {
	return signer.SealedPassphrase != "" && signer.Passphrase == ""
}

// firstInTurn is the signer that a document names unless it is paused, or else
// the first who is not; nil when all are.
func firstInTurn(bench []*faktur.Signer, named string) *faktur.Signer {
	var first *faktur.Signer
	for _, signer := range bench {
		switch {
		case signer.Paused():
		case signer.ID == named:
			return signer
		case first == nil:
			first = signer
		}
	}
	return first
}

// mustWait says whether, until when and why a document waits for the signer
// whose turn it is, or, when that is nil, for there to be one. While a signer is
// on trial, one document at a time goes; one whose outcome is long in coming
// holds the others no more, for signing may hang for days (FACTS 5.3).
func (s *Service) mustWait(d faktur.Document, signer *faktur.Signer) (repository.Waiting, bool) {
	if signer == nil {
		d.Work.DueAt = s.Now().Add(signersPausedWait)
		d.Reason = &faktur.Reason{Code: "no_usable_signer", Action: faktur.ActionChangeSigner, Origin: faktur.OriginGateway,
			Message: "Every signer of this taxpayer is paused. Resume one or give one another passphrase; then this document goes by itself."}
		return repository.Waiting{Document: d}, true
	}
	until := signer.TriedAt.Add(s.ReuploadWait)
	if !signer.OnTrial() || signer.TriedAt.IsZero() || !s.Now().Before(until) {
		return repository.Waiting{}, false
	}
	d.Work.DueAt = until
	d.Reason = &faktur.Reason{Code: "signer_on_trial", Action: faktur.ActionRetry, Origin: faktur.OriginGateway,
		Message: "Another document goes first, to see whether the signer's passphrase is right. This one follows by itself."}
	return repository.Waiting{Document: d, TrialOf: signer.ID}, true
}

// signerFor gives who signs for a taxpayer now, with the passphrase: the one
// that is named unless it is paused, or else the first by priority. nil leaves
// it to the channel.
func (s *Service) signerFor(ctx context.Context, d *faktur.Document) (*faktur.Signer, error) {
	read, err := s.DB.Signers(ctx, d.Tenant, d.TaxpayerNPWP)
	if err != nil || len(read) == 0 {
		return unregistered(d.Signer), err
	}
	return firstInTurn(s.benches(ctx, read)[repository.TaxpayerKey{Tenant: d.Tenant, NPWP: d.TaxpayerNPWP}], d.Signer), nil
}

// hideTold takes the signers' passphrases out of the reasons that a channel
// gave: what it says is kept verbatim, and shown.
func (s *Service) hideTold(ctx context.Context, documents []faktur.Document, outcomes []adapter.Outcome) error {
	var signed []faktur.Document
	for i := range documents {
		if outcomes[i].Reason != nil && documents[i].Signer != "" {
			signed = append(signed, documents[i])
		}
	}
	if len(signed) == 0 {
		return nil
	}
	signers, err := s.DB.SignersOf(ctx, signed)
	if err != nil {
		return err
	}
	benches := s.benches(ctx, signers)
	for i := range documents {
		for _, signer := range benches[repository.TaxpayerKey{Tenant: documents[i].Tenant, NPWP: documents[i].TaxpayerNPWP}] {
			hidePassphrases(&outcomes[i], signer.Passphrase)
		}
	}
	return nil
}

// hidePassphrases takes a passphrase out of an outcome's reason.
func hidePassphrases(o *adapter.Outcome, passphrase faktur.Secret) {
	if o.Reason == nil || passphrase == "" {
		return
	}
	scrub, told := adapter.NewScrub(passphrase), *o.Reason
	told.Code, told.Message = scrub.Text(told.Code), scrub.Text(told.Message)
	o.Reason = &told
}

// signingResult is what a document's step out of signing tells of its signer.
func signingResult(before, after *faktur.Document) faktur.SigningResult {
	inHand := before.Status == faktur.Submitting || before.Status == faktur.SigningInProgress
	if !inHand || after.Status == before.Status {
		return faktur.SigningUntouched
	}
	switch after.Status {
	case faktur.SigningInProgress:
		return faktur.SigningUntouched
	case faktur.Queued, faktur.AwaitingUpload:
		return faktur.SigningUntold
	case faktur.SavedInvalid:
		if after.Reason != nil && after.Reason.Action == faktur.ActionChangeSigner {
			return faktur.SigningFailed
		}
		return faktur.SigningUntold
	}
	return faktur.SigningApproved // or further, by way of it
}
