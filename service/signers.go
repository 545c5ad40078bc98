package service

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
)

// PutSigner registers a signer of a taxpayer, or changes it; it says whether the
// signer is new. No passphrase, or the word that hides it, keeps the stored one;
// another one puts the signer on trial.
func (s *Service) PutSigner(ctx context.Context, o Operator, given faktur.Signer) (faktur.Signer, bool, error) {
	if err := given.Validate(); err != nil {
		return given, false, err
	}
	doubts := []faktur.Fault{}
	detail := "passphrase kept"
	if given.Passphrase != "" && !given.Passphrase.Hidden() {
		doubts, detail = faktur.PassphraseDoubts(given.Passphrase), "passphrase given"
	}
	audit := s.audited(o, "signer.put", signerSubject(given.TaxpayerNPWP, given.ID), fmt.Sprintf("priority %d, %s", given.Priority, detail))
	stored, created, err := s.changeSigner(ctx, o, given.TaxpayerNPWP, given.ID, audit, func(signer *faktur.Signer, isNew bool) error {
		signer.Name, signer.Position, signer.City, signer.Priority = given.Name, given.Position, given.City, given.Priority
		if isNew {
			signer.CreatedAt = signer.UpdatedAt
		}
		return s.givePassphrase(signer, given.Passphrase)
	})
	stored.Warnings = doubts
	return stored, created, err
}

// givePassphrase seals another passphrase than the stored one.
func (s *Service) givePassphrase(signer *faktur.Signer, given faktur.Secret) error {
	if given == "" || given.Hidden() {
		return nil
	}
	if err := s.openPassphrase(signer); err == nil && signer.SealedPassphrase != "" && signer.Passphrase == given {
		return nil
	} // one that does not open is replaced
	signer.SealedPassphrase = s.Sealer.Seal([]byte(given.Reveal()), signerIdentity(signer))
	signer.Renew()
	return nil
}

// Signers lists a taxpayer's signers by priority.
func (s *Service) Signers(ctx context.Context, tenant, npwp string) ([]faktur.Signer, error) {
	if _, err := s.DB.Taxpayer(ctx, tenant, npwp); err != nil {
		return nil, translate(err, "taxpayer")
	}
	signers, err := s.DB.Signers(ctx, tenant, npwp)
	if err != nil {
		return nil, translate(err, "taxpayer")
	}
	for i := range signers {
		hidePassphrase(&signers[i])
	}
	return signers, nil
}

// DeleteSigner removes a signer. Documents in signing are not touched.
func (s *Service) DeleteSigner(ctx context.Context, o Operator, npwp, id string) error {
	audit := s.audited(o, "signer.delete", signerSubject(npwp, id), "")
	_, _, err := s.DB.SaveSigner(ctx, o.Tenant, npwp, id, audit, true, onlyStored)
	s.queued.ring()
	return translateSigner(err)
}

// ResumeSigner takes a signer's pause back; what comes next in its name is on trial.
func (s *Service) ResumeSigner(ctx context.Context, o Operator, npwp, id string) (faktur.Signer, error) {
	audit := s.audited(o, "signer.resume", signerSubject(npwp, id), "")
	signer, _, err := s.changeSigner(ctx, o, npwp, id, audit, func(signer *faktur.Signer, isNew bool) error {
		if signer.Paused() {
			signer.Resume()
		}
		return onlyStored(signer, isNew)
	})
	return signer, err
}

// PauseSigner takes a signer out of turn until it is resumed. What is handed
// over already is not touched.
func (s *Service) PauseSigner(ctx context.Context, o Operator, npwp, id string) (faktur.Signer, error) {
	audit := s.audited(o, "signer.pause", signerSubject(npwp, id), "")
	signer, _, err := s.changeSigner(ctx, o, npwp, id, audit, func(signer *faktur.Signer, isNew bool) error {
		if !signer.Paused() {
			signer.PausedAt, signer.PausedWhy = s.Now(), o.Why
		}
		return onlyStored(signer, isNew)
	})
	return signer, err
}

// changeSigner stores what do makes of a signer, and gives it as it is shown.
func (s *Service) changeSigner(ctx context.Context, o Operator, npwp, id string, audit faktur.AuditEntry,
	do func(signer *faktur.Signer, isNew bool) error) (faktur.Signer, bool, error) {
	signer, created, err := s.DB.SaveSigner(ctx, o.Tenant, npwp, id, audit, false, func(signer *faktur.Signer, isNew bool) error {
		signer.UpdatedAt = s.Now()
		return do(signer, isNew)
	})
	s.queued.ring()
	hidePassphrase(&signer)
	return signer, created, translateSigner(err)
}

var errNoSigner = faktur.NotFound("signer")

// onlyStored refuses to make a signer of what is not there.
func onlyStored(_ *faktur.Signer, isNew bool) error {
	if isNew {
		return errNoSigner
	}
	return nil
}

func translateSigner(err error) error {
	switch {
	case errors.Is(err, repository.ErrTooManySigners):
		return faktur.NewError(faktur.KindConflict, "signers_limit", "This taxpayer has as many signers as it may. Delete one that signs no more.")
	case errors.Is(err, errNoSigner):
		return errNoSigner
	}
	return translate(err, "taxpayer")
}

// openPassphrase fills in a stored signer's passphrase.
func (s *Service) openPassphrase(signer *faktur.Signer) error {
	if signer.SealedPassphrase == "" {
		return nil
	}
	text, err := s.Sealer.Open(signer.SealedPassphrase, signerIdentity(signer))
	signer.Passphrase = faktur.Secret(text)
	return err
}

// hidePassphrase leaves of a passphrase only that there is one.
func hidePassphrase(signer *faktur.Signer) {
	signer.Passphrase = ""
	if signer.SealedPassphrase != "" {
		signer.Passphrase = faktur.Secret(signer.SealedPassphrase) // shown as hidden, as any secret
	}
	if signer.Warnings == nil {
		signer.Warnings = []faktur.Fault{}
	}
}

// signerIdentity is the row that a sealed passphrase is bound to.
func signerIdentity(signer *faktur.Signer) string {
	return "signers/" + signer.Tenant + "/" + signer.TaxpayerNPWP + "/" + signer.ID
}

// signerSubject names a signer in the audit.
func signerSubject(npwp, id string) string { return npwp + "/" + id }

// checkSigner refuses a signer for a re-upload who is none of the taxpayer's.
// Without registered signers the channel knows them, and any well-formed number
// may be named; "" names nobody.
func (s *Service) checkSigner(ctx context.Context, tenant, npwp, id string) error {
	if id == "" {
		return nil
	}
	if !faktur.ValidNPWP(id) { // a NIK has 16 digits too
		return faktur.Invalid([]faktur.Fault{faktur.SignerMalformed("/signer")})
	}
	if npwp == "" {
		return nil
	}
	signers, err := s.DB.Signers(ctx, tenant, npwp)
	if err != nil {
		return translate(err, "taxpayer")
	}
	at := slices.IndexFunc(signers, func(signer faktur.Signer) bool { return signer.ID == id })
	switch {
	case len(signers) == 0:
		return nil
	case at < 0:
		return faktur.Invalid([]faktur.Fault{{Pointer: "/signer", Code: "signer_unknown",
			Message: "This is none of the taxpayer's signers. GET /taxpayers/" + npwp + "/signers lists them, and PUT registers one."}})
	case signers[at].Paused():
		return faktur.NewError(faktur.KindConflict, "signer_paused",
			"This signer is paused. Name another one, or resume this one first: POST /taxpayers/"+npwp+"/signers/"+id+"/resume.")
	}
	return nil
}
