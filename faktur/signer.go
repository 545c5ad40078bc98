package faktur

import "time"

// Signer is a person who signs a taxpayer's documents: listed under Pihak
// Terkait with the signer role, and with a kode otorisasi or certificate
// (FACTS 5.3, SEED).
type Signer struct {
	Tenant       string `json:"-"`
	TaxpayerNPWP string `json:"-"`
	// ID is the signer's NIK or NPWP, 16 digits.
	ID         string `json:"id" validate:"npwp" readonly:"true" example:"3174015506800001"`
	Name       string `json:"name" validate:"required,filled,max=255,plain" example:"Siti Rahayu"`
	Position   string `json:"position,omitempty" validate:"max=100,plain" example:"Direktur"`
	City       string `json:"city,omitempty" validate:"max=100,plain" example:"Jakarta"`
	Passphrase Secret `json:"passphrase,omitzero" writeonly:"true" swaggertype:"string" example:"Rahasia#2026"` // of the kode otorisasi; "" where the channel knows it
	// Priority orders signers: the lowest number signs first.
	Priority int `json:"priority" validate:"min=0,max=1000" example:"1"`

	// Failures is how many documents in a row failed because of this signer.
	Failures int `json:"failures" readonly:"true" example:"0"`
	// Proven says that a document was approved with the present passphrase.
	Proven bool `json:"proven" readonly:"true" example:"true"`
	// PausedAt is when it was taken out of turn, by itself after
	// SignerFailureLimit failures in a row, or by an operator; zero: it is not.
	PausedAt  time.Time `json:"paused_at,omitzero" readonly:"true"`
	PausedWhy string    `json:"paused_why,omitempty" readonly:"true"`
	// TriedAt is when the last document was handed over with it while it was on
	// trial (not proven, or failing); zero: none is under way.
	TriedAt   time.Time `json:"-"`
	CreatedAt time.Time `json:"created_at" readonly:"true" example:"2026-11-22T08:00:00Z"`
	UpdatedAt time.Time `json:"updated_at" readonly:"true" example:"2026-11-22T08:00:00Z"`
}

// SignerFailureLimit is how many signing failures in a row take a signer out of
// turn, before hundreds of documents go the same way.
const SignerFailureLimit = 3
