package service

import (
	"context"

	"github.com/fakturgate/fakturgate/faktur"
)

// Operator is who does what is audited, and why.
type Operator struct {
	Tenant string
	Actor  string // the API key, by its id
	Why    string // as the operator wrote it; "" when nothing
}

// audited makes the audit's entry of what an operator does to a subject (an
// NPWP, a document's id); detail says what changes, never a secret. The
// repository stores it in the transaction that does it.
func (s *Service) audited(o Operator, action, subject, detail string) faktur.AuditEntry {
	return faktur.AuditEntry{ID: s.NewID(), Tenant: o.Tenant, At: s.Now(), Actor: o.Actor,
		Action: action, Subject: subject, Why: o.Why, Detail: detail}
}

// Audit lists what the operators of a tenant did, newest first.
func (s *Service) Audit(ctx context.Context, tenant string, limit int, cursor string) (Page[faktur.AuditEntry], error) {
	before, err := openCursor(cursor)
	if err != nil {
		return Page[faktur.AuditEntry]{}, err
	}
	entries, err := s.DB.Audit(ctx, tenant, before, limit+1)
	if err != nil {
		return Page[faktur.AuditEntry]{}, translate(err, "audit")
	}
	return newPage(entries, limit, func(e faktur.AuditEntry) string { return e.ID }), nil
}
