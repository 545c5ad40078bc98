package faktur

import "time"

// Return is a retur pajak masukan: goods or services that a buyer gives back,
// filed by the buyer (FACTS 1.2). What is absent among the amounts is computed;
// see Rules.AssessReturn.
type Return struct {
	// Reference is the ERP's own number of the return.
	Reference string `json:"reference" validate:"required,filled,max=100,plain" example:"RET/2026/11/0001"`
	Date      Date   `json:"date" validate:"required" swaggertype:"string" format:"date" example:"2026-11-22"`
	// NSFP is the number of the invoice whose lines are returned.
	NSFP       string `json:"nsfp" validate:"required" example:"04002600000000001"`
	SellerNPWP string `json:"seller_npwp" validate:"required,npwp" example:"0098765431109000"` // who issued that invoice
	// Buyer is who files the return, a taxpayer of this tenant.
	Buyer ReturnBuyer  `json:"buyer" validate:"required"`
	Lines []ReturnLine `json:"lines" validate:"required,min=1,dive"` // every bought line
}

// Bare gives the return with its NSFP as bare digits, however it was written;
// one that is malformed stays as it is, to be refused.
func (r Return) Bare() Return {
	if nsfp, err := ParseNSFP(r.NSFP); err == nil {
		r.NSFP = nsfp.String()
	}
	return r
}

// ReturnBuyer is the taxpayer who files a return.
type ReturnBuyer struct {
	NPWP string `json:"npwp" validate:"required,npwp" example:"0012345674901000"`
	Name string `json:"name,omitempty" validate:"max=255,plain" example:"PT Pembeli"` // "" means the registered one
}

// ReturnLine is one line of the bought invoice and how much of it goes back; 0
// of those not returned. The amounts after ReturnDiscount may be left out; nil
// means: compute it.
type ReturnLine struct {
	Kind      string `json:"kind" validate:"required,oneof=goods service" enums:"goods,service" example:"goods"`
	Code      string `json:"code" validate:"omitempty,shape=######" example:"000000"` // "" is filed as 000000
	Name      string `json:"name" validate:"required,filled,max=1000,plain" example:"Kertas A4"`
	Unit      string `json:"unit" validate:"required,shape=UM.####" example:"UM.0018"`
	UnitPrice Amount `json:"unit_price" validate:"required" swaggertype:"string" example:"100000.00"`
	Quantity  Amount `json:"quantity" validate:"required" swaggertype:"string" example:"10.00"` // as bought
	// ReturnQuantity is how much of it goes back with this return, at most what
	// is left of Quantity after all earlier returns of this NSFP.
	ReturnQuantity Amount `json:"return_quantity" validate:"required" swaggertype:"string" example:"2.00"`
	ReturnDiscount Amount `json:"return_discount" swaggertype:"string" example:"0.00"`

	Luxury         bool    `json:"luxury,omitzero" example:"false"`
	ReturnDPP      *Amount `json:"return_dpp,omitempty" swaggertype:"string" example:"200000.00"`
	ReturnOtherDPP *Amount `json:"return_other_dpp,omitempty" swaggertype:"string" example:"183333.33"`
	ReturnPPN      *Amount `json:"return_ppn,omitempty" swaggertype:"string" example:"22000.00"`
	PPnBMRate      *Rate   `json:"ppnbm_rate,omitempty" swaggertype:"string" example:"0"`
	ReturnPPnBM    *Amount `json:"return_ppnbm,omitempty" swaggertype:"string" example:"0.00"`
}

// ReturnTotals are the sums of the rounded lines.
type ReturnTotals struct {
	ReturnDPP      Amount `json:"return_dpp" swaggertype:"string" example:"200000.00"`
	ReturnOtherDPP Amount `json:"return_other_dpp" swaggertype:"string" example:"183333.33"`
	ReturnPPN      Amount `json:"return_ppn" swaggertype:"string" example:"22000.00"`
	ReturnPPnBM    Amount `json:"return_ppnbm" swaggertype:"string" example:"0.00"`
}

// StoredReturn is a return as the API shows it: the content with all its
// amounts, and how far it has come.
type StoredReturn struct {
	Return

	ID            string       `json:"id" readonly:"true" example:"0199c9a4-7a52-7d0e-8f3c-2b1f6d1c9a10"`
	Livemode      bool         `json:"livemode" readonly:"true" example:"true"`
	Channel       Channel      `json:"channel" readonly:"true" example:"pjap"`
	Status        Status       `json:"status" readonly:"true" example:"queued"`
	CoretaxStatus NullString   `json:"coretax_status" readonly:"true" swaggertype:"string" extensions:"x-nullable" example:"Approved"`
	Reason        *Reason      `json:"reason" readonly:"true" extensions:"x-nullable"`
	Totals        ReturnTotals `json:"totals" readonly:"true"`
	Warnings      []Fault      `json:"warnings" readonly:"true"`
	Attempt       int          `json:"attempt" readonly:"true" example:"1"`
	Signer        NullString   `json:"signer" readonly:"true" swaggertype:"string" extensions:"x-nullable" example:"3174015506800001"`
	Sequence      int64        `json:"sequence" readonly:"true" example:"1"`
	CreatedAt     time.Time    `json:"created_at" readonly:"true" example:"2026-11-22T08:00:00Z"`
	UpdatedAt     time.Time    `json:"updated_at" readonly:"true" example:"2026-11-22T08:00:00Z"`
}

// ReturnAssessment is what the gateway makes of a return's content.
type ReturnAssessment struct {
	Lines    []ReturnAmounts `json:"lines"`
	Totals   ReturnTotals    `json:"totals"`
	Warnings []Fault         `json:"warnings"`
}

// ReturnAmounts are the amounts of one line as they are filed.
type ReturnAmounts struct {
	ReturnDPP      Amount `json:"return_dpp"`
	ReturnOtherDPP Amount `json:"return_other_dpp"`
	ReturnPPN      Amount `json:"return_ppn"`
	PPnBMRate      Rate   `json:"ppnbm_rate"`
	ReturnPPnBM    Amount `json:"return_ppnbm"`
}

// Totals are the sums of the lines' amounts; one that is left out counts as 0.
func (r *Return) Totals() ReturnTotals {
	var t ReturnTotals
	for i := range r.Lines {
		l := &r.Lines[i]
		for sum, amount := range map[*Amount]*Amount{&t.ReturnDPP: l.ReturnDPP, &t.ReturnOtherDPP: l.ReturnOtherDPP,
			&t.ReturnPPN: l.ReturnPPN, &t.ReturnPPnBM: l.ReturnPPnBM} {
			if amount != nil {
				*sum = sum.Add(*amount)
			}
		}
	}
	return t
}

// Fill gives lines with every amount set to what is filed. The lines given are left alone.
func (a *ReturnAssessment) Fill(lines []ReturnLine) []ReturnLine {
	filled := make([]ReturnLine, len(lines))
	for i, line := range lines {
		amounts := a.Lines[i]
		line.ReturnDPP, line.ReturnOtherDPP = &amounts.ReturnDPP, &amounts.ReturnOtherDPP
		line.ReturnPPN = &amounts.ReturnPPN
		line.PPnBMRate, line.ReturnPPnBM = &amounts.PPnBMRate, &amounts.ReturnPPnBM
		filled[i] = line
	}
	return filled
}

// NewStoredReturn joins a document, its content and its assessment for the API.
func NewStoredReturn(d *Document, content Return, a *ReturnAssessment) StoredReturn {
	content.Lines = a.Fill(content.Lines)
	return StoredReturn{
		Return: content,
		ID:     d.ID, Livemode: d.Livemode, Channel: d.Channel, Status: d.Status,
		CoretaxStatus: NullString(d.CoretaxStatus), Reason: d.Reason,
		Totals: a.Totals, Warnings: listed(a.Warnings), Attempt: d.Attempt, Signer: NullString(d.Signer),
		Sequence: d.Sequence, CreatedAt: d.CreatedAt.UTC(), UpdatedAt: d.UpdatedAt.UTC(),
	}
}
