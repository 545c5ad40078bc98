package service

import (
	"context"
	"strings"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
)

// acceptedBefore gives what a refused POST had before, and the refusal when it had
// nothing. Whoever asks again because no answer came must hear that the document is on
// its way, though the registration or the rules have changed since and would refuse it now.
func (s *Service) acceptedBefore(ctx context.Context, a repository.Acceptance, refusal error) (*pendingAcceptance, error) {
	result, had, err := s.DB.AcceptedBefore(ctx, a)
	switch {
	case err != nil:
		return nil, translate(err, string(a.Stored.Document.Kind))
	case !had:
		return nil, refusal
	}
	return decided(a, result), nil
}

// asPosted is what AcceptedBefore needs to know of an invoice.
func asPosted(request Request, invoice faktur.TaxInvoice) repository.Acceptance {
	return posted(request, invoice.Seller.NPWP, faktur.ContentHash(invoice), faktur.Document{Kind: faktur.KindInvoice, Reference: invoice.Reference})
}

func posted(request Request, npwp, hash string, d faktur.Document) repository.Acceptance {
	d.Tenant, d.TaxpayerNPWP = request.Tenant, npwp
	if strings.ContainsRune(d.Reference, 0) || !faktur.ValidNPWP(npwp) { // no document has such, and PostgreSQL takes no NUL
		d.Reference = ""
	}
	a := repository.Acceptance{Request: request, ContentHash: hash}
	a.Stored.Document = d
	return a
}

// Unreadable gives the answer to a POST whose body cannot be read: what its key
// remembers goes before the refusal, as with a body that can be read.
func (s *Service) Unreadable(ctx context.Context, request Request, refusal error) error {
	if request.Key == "" {
		return refusal
	}
	result, had, err := s.DB.AcceptedBefore(ctx, repository.Acceptance{Request: request})
	switch {
	case err != nil:
		return translate(err, "request")
	case !had || result.Err == nil:
		return refusal
	}
	return translate(result.Err, "request")
}
