package faktur

import "time"

// StatusView is how far a document has come, and nothing else.
type StatusView struct {
	ID            string     `json:"id" example:"0199c9a4-7a52-7d0e-8f3c-2b1f6d1c9a10"`
	Reference     string     `json:"reference" example:"INV/2026/11/0001"`
	SellerNPWP    string     `json:"seller_npwp" example:"0012345674901000"`
	Livemode      bool       `json:"livemode" example:"true"`
	Status        Status     `json:"status" example:"approved"`
	CoretaxStatus NullString `json:"coretax_status" swaggertype:"string" extensions:"x-nullable" example:"Approved"`
	NSFP          NullString `json:"nsfp" swaggertype:"string" extensions:"x-nullable" example:"04002600000000001"`
	Reason        *Reason    `json:"reason" extensions:"x-nullable"`
	Sequence      int64      `json:"sequence" example:"4"` // of the last event; send it back as ?after=
	UpdatedAt     time.Time  `json:"updated_at" example:"2026-11-22T08:00:00Z"`
}

// NewStatusView gives the status of a document.
func NewStatusView(d *Document) StatusView {
	return StatusView{
		ID: d.ID, Reference: d.Reference, SellerNPWP: d.seller(), Livemode: d.Livemode, Status: d.Status,
		CoretaxStatus: NullString(d.CoretaxStatus), NSFP: NullString(d.NSFP), Reason: d.Reason,
		Sequence: d.Sequence, UpdatedAt: d.UpdatedAt.UTC(),
	}
}

// Preview is what POST /invoices would make of a content: the answer of POST
// /invoices/validate, of which nothing is stored.
type Preview struct {
	TaxInvoice

	Totals         Totals  `json:"totals"`
	UploadDeadline Date    `json:"upload_deadline" swaggertype:"string" format:"date" example:"2026-12-20"`
	Warnings       []Fault `json:"warnings"`
}

// NewPreview joins a content and its assessment.
func NewPreview(content TaxInvoice, a *Assessment, uploadDeadline Date) Preview {
	return Preview{TaxInvoice: a.Complete(content), Totals: a.Totals, UploadDeadline: uploadDeadline, Warnings: listed(a.Warnings)}
}

// ReturnPreview is what POST /returns would make of a content: the answer of
// POST /returns/validate, of which nothing is stored.
type ReturnPreview struct {
	Return

	Totals   ReturnTotals `json:"totals"`
	Warnings []Fault      `json:"warnings"`
}

// NewReturnPreview joins a content and its assessment.
func NewReturnPreview(content Return, a *ReturnAssessment) ReturnPreview {
	content.Lines = a.Fill(content.Lines)
	return ReturnPreview{Return: content, Totals: a.Totals, Warnings: listed(a.Warnings)}
}

// listed makes an absent list an empty one, which JSON shows as [].
func listed(faults []Fault) []Fault {
	if faults == nil {
		return []Fault{}
	}
	return faults
}
