package faktur

// The values of Payment.Type; "" is normal.
const (
	PaymentNormal      = "normal"
	PaymentDownPayment = "down_payment" // uang muka
	PaymentSettlement  = "settlement"   // pelunasan
)

// Payment says that an invoice is about one payment of a contract, a down
// payment or the settlement. The lines and the totals are those of the whole
// contract; the amounts here are of this payment (FACTS 4, "Down payment /
// settlement"). The zero value is an ordinary invoice.
type Payment struct {
	Type string `json:"type" validate:"omitempty,oneof=normal down_payment settlement" enums:"normal,down_payment,settlement" example:"down_payment"`
	// DPP is the full DPP of this payment, not 11/12 of it; required unless normal.
	DPP *Amount `json:"dpp,omitempty" swaggertype:"string" example:"30000.00"`
	// PPN and PPnBM of this payment; nil means: compute its share of the lines'.
	PPN   *Amount `json:"ppn,omitempty" swaggertype:"string" example:"3300.00"`
	PPnBM *Amount `json:"ppnbm,omitempty" swaggertype:"string" example:"0.00"`
	// FirstNSFP is the number of the contract's first down payment, 17 digits (16
	// from the desktop application); "" for that first one itself.
	FirstNSFP string `json:"first_nsfp,omitempty" pattern:"^([0-9]{16,17})?$" example:""`
}

// PaymentAmounts are the amounts of a payment as they are filed; zero for an
// ordinary invoice.
type PaymentAmounts struct {
	DPP   Amount `json:"dpp"`
	PPN   Amount `json:"ppn"`
	PPnBM Amount `json:"ppnbm"`
}

// Parted says whether the invoice is about a part of its lines' price: a down
// payment or a settlement.
func (p Payment) Parted() bool { return p.Type != "" && p.Type != PaymentNormal }

// plain gives p with the ways to say "ordinary" written alike.
func (p Payment) plain() Payment {
	if p.Type == PaymentNormal {
		p.Type = ""
	}
	return p
}

// Complete gives an invoice with every amount set to what is filed, those of
// the lines and of the payment. The one given is left alone.
func (a *Assessment) Complete(inv TaxInvoice) TaxInvoice {
	inv.Lines = a.Fill(inv.Lines)
	if inv.Payment.Parted() {
		amounts := a.Payment
		inv.Payment.DPP, inv.Payment.PPN, inv.Payment.PPnBM = &amounts.DPP, &amounts.PPN, &amounts.PPnBM
	}
	return inv
}

// forget leaves out what equals the computed amounts and was not given; see Given.
func (p Payment) forget(stored Payment, computed PaymentAmounts) Payment {
	p.DPP = forget(p.DPP, stored.DPP, computed.DPP)
	p.PPN = forget(p.PPN, stored.PPN, computed.PPN)
	p.PPnBM = forget(p.PPnBM, stored.PPnBM, computed.PPnBM)
	return p
}
