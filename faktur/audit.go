package faktur

import "time"

// AuditEntry is one thing that an operator did: who, when, what and why.
type AuditEntry struct {
	ID     string    `json:"id" example:"0199c9a4-7a52-7d0e-8f3c-2b1f6d1c9a10"`
	Tenant string    `json:"-"`
	At     time.Time `json:"at" example:"2026-11-22T08:00:00Z"`
	// Actor is the API key that did it, by its id.
	Actor string `json:"actor" example:"0199c9a4-7a52-7d0e-8f3c-2b1f6d1c9a11"`
	// Action is what was done: taxpayer.pause, taxpayer.resume, taxpayer.channel,
	// invoice.resolve, status_import, signer.put, signer.resume, ...
	Action string `json:"action" example:"taxpayer.pause"`
	// Subject is what it was done to: an NPWP, a document's id, ...
	Subject string `json:"subject" example:"0012345674901000"`
	Why     string `json:"why" example:"Provider is down"` // as the operator wrote it; "" when nothing
	// Detail says what changed, in a few words; never a secret.
	Detail string `json:"detail" example:"from pjap to coretax_xml"`
}
