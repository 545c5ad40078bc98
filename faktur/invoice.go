package faktur

import "time"

// TaxInvoice is the content of a faktur pajak keluaran as an ERP posts it.
// What is absent among the amounts is computed; see Rules.Assess. The validate
// tags are the rules of single fields; those between fields are beside Assess.
// Bounds on lengths are our own: DJP's are not known.
type TaxInvoice struct {
	// Reference is the ERP's own number. It travels to the tax system and is the
	// only key by which the outcome finds its way back (FACTS 0.4).
	Reference string `json:"reference" validate:"required,filled,max=100,plain" example:"INV/2026/11/0001"`
	Date      Date   `json:"date" validate:"required" swaggertype:"string" format:"date" example:"2026-11-22"`
	// TrxCode is the kode transaksi, 01 to 10.
	TrxCode string `json:"trx_code" validate:"required,shape=##" example:"04"`
	// AddInfo (TD.005NN) and FacilityStamp (TD.011NN) are the facility of codes
	// 07 and 08; the other codes have none.
	AddInfo            string             `json:"add_info,omitempty" validate:"omitempty,shape=TD.005##" example:""`
	FacilityStamp      string             `json:"facility_stamp,omitempty" validate:"omitempty,shape=TD.011##" example:""`
	SupportingDocument SupportingDocument `json:"supporting_document,omitzero"`
	// Payment is of a down payment or a settlement; absent: an ordinary invoice.
	Payment Payment `json:"payment,omitzero"`
	Seller  Seller  `json:"seller" validate:"required"`
	Buyer   Buyer   `json:"buyer" validate:"required"`
	Lines   []Line  `json:"lines" validate:"required,min=1,dive"`
}

// SupportingDocument is the dokumen pendukung of facilities, such as an SPPB:
// its number, and the month of its date.
type SupportingDocument struct {
	Number string `json:"number" validate:"max=100,plain" example:""`
	Period string `json:"period" validate:"omitempty,mmyyyy" example:""` // MMYYYY
}

// Seller is the PKP that issues the invoice.
type Seller struct {
	NPWP  string `json:"npwp" validate:"required,npwp" example:"0012345674901000"`
	NITKU string `json:"nitku,omitempty" validate:"omitempty,nitku" example:"0012345674901000000000"` // "" means the head office
}

// Buyer is whom the invoice is made out to.
type Buyer struct {
	IDType string `json:"id_type" validate:"required,oneof=npwp nik passport other" enums:"npwp,nik,passport,other" example:"npwp"`
	// IDNumber is 16 digits for npwp and nik, free text otherwise.
	IDNumber string `json:"id_number" validate:"required,filled,max=100,plain" example:"0098765431109000"`
	// NITKU is the buyer's place of business; "" means the head office, and is
	// right for a buyer without NPWP.
	NITKU   string `json:"nitku,omitempty" example:"0098765431109000000000"`
	Name    string `json:"name" validate:"required,filled,max=255,plain" example:"PT Pembeli"`
	Address string `json:"address" validate:"required,filled,max=1000,plain" example:"Jl. Merdeka 1, Jakarta"`
	Country string `json:"country" validate:"required,country" example:"IDN"` // of DJP's list, mostly ISO 3166 alpha-3
	Email   string `json:"email,omitempty" validate:"omitempty,max=254,email" example:""`
}

// The kinds of a Line, DJP's opt A (barang) and B (jasa).
const (
	Goods   = "goods"
	Service = "service"
)

// AnyCode is the goods or service code that fits everything, and what an absent
// one is filed as (FACTS 2, EIL).
const AnyCode = "000000"

// Line is one good or service of an invoice. The amounts after Discount may be
// left out; nil means: compute it.
type Line struct {
	Kind string `json:"kind" validate:"required,oneof=goods service" enums:"goods,service" example:"goods"`
	// Code is DJP's six-digit goods or service code; 000000 is valid for both.
	// DJP does not require one (FACTS 1.1, TPL): "" is filed as 000000.
	// The seller's product_codes may map the ERP's own codes to it.
	Code string `json:"code" validate:"omitempty,shape=######" extensions:"x-own-codes" example:"000000"`
	Name string `json:"name" validate:"required,filled,max=1000,plain" example:"Kertas A4"`
	// The seller's unit_codes may map the ERP's own codes to it.
	Unit      string `json:"unit" validate:"required,shape=UM.####" extensions:"x-own-codes" example:"UM.0018"`
	UnitPrice Amount `json:"unit_price" validate:"required" swaggertype:"string" example:"100000.00"` // excludes tax
	Quantity  Amount `json:"quantity" validate:"required" swaggertype:"string" example:"1.00"`
	Discount  Amount `json:"discount" swaggertype:"string" example:"0.00"` // the line's total

	Luxury    bool    `json:"luxury,omitzero" example:"false"` // BKP mewah: full base, PPnBM possible
	DPP       *Amount `json:"dpp,omitempty" swaggertype:"string" example:"100000.00"`
	OtherDPP  *Amount `json:"other_dpp,omitempty" swaggertype:"string" example:"91666.67"`
	PPNRate   *Rate   `json:"ppn_rate,omitempty" swaggertype:"string" example:"12"`
	PPN       *Amount `json:"ppn,omitempty" swaggertype:"string" example:"11000.00"`
	PPnBMRate *Rate   `json:"ppnbm_rate,omitempty" swaggertype:"string" example:"0"`
	PPnBM     *Amount `json:"ppnbm,omitempty" swaggertype:"string" example:"0.00"`
}

// Totals are the sums of the rounded lines.
type Totals struct {
	DPP      Amount `json:"dpp" swaggertype:"string" example:"100000.00"`
	OtherDPP Amount `json:"other_dpp" swaggertype:"string" example:"91666.67"`
	PPN      Amount `json:"ppn" swaggertype:"string" example:"11000.00"`
	PPnBM    Amount `json:"ppnbm" swaggertype:"string" example:"0.00"`
	Discount Amount `json:"discount" swaggertype:"string" example:"0.00"`
}

// Assessment is what the gateway makes of an invoice's content: every amount
// of every line, the totals, and what is doubtful.
type Assessment struct {
	Lines  []LineAmounts `json:"lines"`
	Totals Totals        `json:"totals"`
	// Payment is zero unless the invoice is a down payment or a settlement.
	Payment  PaymentAmounts `json:"payment,omitzero"`
	Warnings []Fault        `json:"warnings"`
}

// LineAmounts are the amounts of one line as they are filed.
type LineAmounts struct {
	DPP       Amount `json:"dpp"`
	OtherDPP  Amount `json:"other_dpp"`
	PPNRate   Rate   `json:"ppn_rate"`
	PPN       Amount `json:"ppn"`
	PPnBMRate Rate   `json:"ppnbm_rate"`
	PPnBM     Amount `json:"ppnbm"`
}

// StoredInvoice is an invoice as the API shows it: the content with all its
// amounts, and how far it has come.
type StoredInvoice struct {
	TaxInvoice

	ID             string     `json:"id" readonly:"true" example:"0199c9a4-7a52-7d0e-8f3c-2b1f6d1c9a10"`
	Livemode       bool       `json:"livemode" readonly:"true" example:"true"`
	Channel        Channel    `json:"channel" readonly:"true" example:"pjap"`
	Status         Status     `json:"status" readonly:"true" example:"queued"`
	CoretaxStatus  NullString `json:"coretax_status" readonly:"true" swaggertype:"string" extensions:"x-nullable" example:"Approved"`
	NSFP           NullString `json:"nsfp" readonly:"true" swaggertype:"string" extensions:"x-nullable" example:"04002600000000001"`
	Reason         *Reason    `json:"reason" readonly:"true" extensions:"x-nullable"`
	Totals         Totals     `json:"totals" readonly:"true"`
	UploadDeadline Date       `json:"upload_deadline" readonly:"true" swaggertype:"string" format:"date" extensions:"x-nullable" example:"2026-12-20"` // null for a replacement
	Warnings       []Fault    `json:"warnings" readonly:"true"`
	Attempt        int        `json:"attempt" readonly:"true" example:"1"`
	Signer         NullString `json:"signer" readonly:"true" swaggertype:"string" extensions:"x-nullable" example:"3174015506800001"`
	ReplacesID     NullString `json:"replaces_id" readonly:"true" swaggertype:"string" extensions:"x-nullable"`
	ReplacedByID   NullString `json:"replaced_by_id" readonly:"true" swaggertype:"string" extensions:"x-nullable"`
	Sequence       int64      `json:"sequence" readonly:"true" example:"1"`
	CreatedAt      time.Time  `json:"created_at" readonly:"true" example:"2026-11-22T08:00:00Z"`
	UpdatedAt      time.Time  `json:"updated_at" readonly:"true" example:"2026-11-22T08:00:00Z"`
}

// NewStoredInvoice joins a document, its content and its assessment for the API.
func NewStoredInvoice(d *Document, content TaxInvoice, a *Assessment) StoredInvoice {
	return StoredInvoice{
		TaxInvoice: a.Complete(content),
		ID:         d.ID, Livemode: d.Livemode, Channel: d.Channel, Status: d.Status,
		CoretaxStatus: NullString(d.CoretaxStatus), NSFP: NullString(d.NSFP), Reason: d.Reason,
		Totals: a.Totals, UploadDeadline: d.UploadDeadline, Warnings: listed(a.Warnings),
		Attempt: d.Attempt, Signer: NullString(d.Signer),
		ReplacesID: NullString(d.ReplacesID), ReplacedByID: NullString(d.ReplacedByID),
		Sequence: d.Sequence, CreatedAt: d.CreatedAt.UTC(), UpdatedAt: d.UpdatedAt.UTC(),
	}
}

// Fill gives lines with every amount set to what is filed. The lines given are left alone.
func (a *Assessment) Fill(lines []Line) []Line {
	filled := make([]Line, len(lines))
	for i, line := range lines {
		amounts := a.Lines[i]
		line.DPP, line.OtherDPP = &amounts.DPP, &amounts.OtherDPP
		line.PPNRate, line.PPN = &amounts.PPNRate, &amounts.PPN
		line.PPnBMRate, line.PPnBM = &amounts.PPnBMRate, &amounts.PPnBM
		filled[i] = line
	}
	return filled
}
