// Package faktur is the fixture's nouns.
package faktur

import "time"

// Status is where an invoice stands.
type Status string

// The statuses.
const (
	Queued   Status = "queued" // stored here
	Approved Status = "approved"
)

// Amount is an exact decimal.
type Amount struct{ digits string }

// Date is a day.
type Date struct{ day int }

// TaxInvoice is what the ERP posts.
type TaxInvoice struct {
	// Reference is the ERP's own number, under which
	// it is known (FACTS 0.4).
	Reference string `json:"reference" validate:"required,max=100" pattern:"^[^ ].*$" example:"INV/1"`
	Code      string `json:"code" validate:"omitempty,shape=TD.##" example:""` // "" may be left out
	Date      Date   `json:"date" validate:"required" swaggertype:"string" example:"2026-11-22"`
	Note      string `json:"note,omitzero" example:"a,b"`
	Lines     []Line `json:"lines" validate:"required,min=1,max=5000"`
}

// Line is one good or service.
type Line struct {
	Kind  string  `json:"kind" validate:"required" enums:"goods,service" example:"goods"`
	Price Amount  `json:"price" validate:"required" swaggertype:"string" example:"100.00"`
	PPN   *Amount `json:"ppn,omitempty" swaggertype:"string" example:"11.00"`
}

// StoredInvoice is an invoice in our care.
type StoredInvoice struct {
	TaxInvoice

	ID        string          `json:"id" readonly:"true" format:"uuid"`
	Status    Status          `json:"status" readonly:"true" example:"queued"`
	NSFP      string          `json:"nsfp" readonly:"true" extensions:"x-nullable" example:"04002600000000001"`
	Reason    *Reason         `json:"reason" readonly:"true" extensions:"x-nullable"` // why it is where it is
	Deadlines map[string]Date `json:"deadlines" readonly:"true" swaggertype:"object,string"`
	CreatedAt time.Time       `json:"created_at" readonly:"true"`

	secret string
}

// Reason says why.
type Reason struct {
	Code string `json:"code"`
}

// EventData is what every event carries.
type EventData struct {
	ID     string `json:"id" example:"1"`
	Kind   string `json:"kind"`
	Status Status `json:"status"`
}

// Signer is named by no handler; the overlay asks for it.
type Signer struct {
	NIK string `json:"nik"`
}
