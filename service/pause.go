package service

import (
	"context"

	"github.com/fakturgate/fakturgate/faktur"
)

// Pause stops handing a seller's documents over until Resume. Invoices are
// accepted and wait; what was handed over already is looked up and asked about
// as ever. Repeating it changes nothing.
func (s *Service) Pause(ctx context.Context, o Operator, npwp string) (faktur.Taxpayer, error) {
	return s.setPaused(ctx, s.audited(o, "taxpayer.pause", npwp, ""), true)
}

// Resume lets a paused seller's documents go. Repeating it changes nothing.
func (s *Service) Resume(ctx context.Context, o Operator, npwp string) (faktur.Taxpayer, error) {
	return s.setPaused(ctx, s.audited(o, "taxpayer.resume", npwp, ""), false)
}

func (s *Service) setPaused(ctx context.Context, entry faktur.AuditEntry, paused bool) (faktur.Taxpayer, error) {
	tenant, npwp := entry.Tenant, entry.Subject
	if _, err := s.DB.Taxpayer(ctx, tenant, npwp); err != nil {
		return faktur.Taxpayer{}, translate(err, "taxpayer")
	}
	if _, err := s.DB.PauseTaxpayer(ctx, tenant, npwp, paused, s.Now(), entry); err != nil {
		return faktur.Taxpayer{}, translate(err, "taxpayer")
	}
	s.forgetSeller(tenant, npwp)
	s.queued.ring()
	return s.Taxpayer(ctx, tenant, npwp)
}
