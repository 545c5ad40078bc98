package faktur

import (
	"maps"
	"slices"
	"time"
)

// The values of Settings.Rounding.
const (
	RoundCents  = "cents"
	RoundRupiah = "rupiah"
)

// Taxpayer is a seller (PKP) registered by a tenant.
type Taxpayer struct {
	Tenant   string   `json:"-"`
	NPWP     string   `json:"npwp" validate:"npwp" readonly:"true" example:"0012345674901000"`
	Name     string   `json:"name" validate:"required,filled,max=255,plain" example:"PT Penjual"`
	Channel  Channel  `json:"channel" validate:"required,oneof=pjap coretax_xml pajakio klikpajak efaktur_desktop" enums:"pjap,coretax_xml,pajakio,klikpajak,efaktur_desktop" example:"pjap"`
	Settings Settings `json:"settings"`
	Livemode bool     `json:"livemode" readonly:"true" example:"false"` // fixed at registration
	// SealedProvider is Settings.Provider as it is stored, sealed with the master key; "" for none.
	SealedProvider string    `json:"-"`
	Version        int64     `json:"-"`                                  // grows with every change
	PausedAt       time.Time `json:"paused_at,omitzero" readonly:"true"` // when handing over was stopped; absent: it is not
	CreatedAt      time.Time `json:"created_at" readonly:"true" example:"2026-11-22T08:00:00Z"`
	UpdatedAt      time.Time `json:"updated_at" readonly:"true" example:"2026-11-22T08:00:00Z"`
	// Warnings are what an operator should see to; absent when there is nothing.
	Warnings []Fault `json:"warnings,omitempty" readonly:"true"`
}

// The values of Settings.ReuploadMode.
const (
	EditInPortal     = "edit_in_portal"
	DeleteThenImport = "delete_then_import"
)

// DefaultMaxPerFile is how many invoices an XML file has unless a setting says
// otherwise. Sources name 1,000 and 15,000 (FACTS 1.1: DDTC-15ROWS, LIP6).
const DefaultMaxPerFile = 1000

// AutoReupload is the policy of uploading again what failed for its signer.
type AutoReupload struct {
	// MaxAttempts is how many attempts a document has in all, the first one counted.
	MaxAttempts int `json:"max_attempts" validate:"min=2,max=20" example:"3"`
}

// Settings are a seller's choices where the rules leave one, or are uncertain.
// The zero value of each field means its default.
type Settings struct {
	// Rounding is where amounts are rounded: "cents" (two decimals a line, DJP's
	// template, the default) or "rupiah" (PER-11/PJ/2025 art. 129).
	Rounding string `json:"rounding,omitempty" validate:"omitempty,oneof=cents rupiah" enums:"cents,rupiah" example:"cents"`
	// Tolerance is how far a given amount may be from the computed one, per line;
	// nil means one unit of the rounding. DJP's own is not known (FACTS 4 [NF]).
	Tolerance *Amount `json:"tolerance,omitempty" swaggertype:"string" example:"0.01"`
	// SettleWindow is how long until an absent submission counts as certainly
	// absent, as a Go duration ("30m"); "" means FAKTURGATE_SETTLE_WINDOW.
	SettleWindow Duration `json:"settle_window,omitempty" validate:"length" swaggertype:"string" example:"30m"`
	// UploadDeadlines overrides single months, "2026-11" to "2026-12-22", for
	// when DJP extends one.
	UploadDeadlines map[string]Date `json:"upload_deadlines,omitempty" swaggertype:"object,string"`
	// MaxPerFile is how many documents a file of a file channel has at most; 0
	// means DefaultMaxPerFile.
	MaxPerFile int `json:"max_per_file,omitzero" validate:"min=0,max=15000" example:"1000"`
	// ReuploadMode says what a re-upload means on coretax_xml, whose files can only
	// create: "edit_in_portal" (the default: a person corrects it there) or
	// "delete_then_import" (a person deletes it there first).
	ReuploadMode string `json:"reupload_mode,omitempty" validate:"omitempty,oneof=edit_in_portal delete_then_import" enums:"edit_in_portal,delete_then_import" example:"edit_in_portal"`
	// AutoReupload uploads again by itself what is Saved Invalid for its signer,
	// with the next signer; nil: off.
	AutoReupload *AutoReupload `json:"auto_reupload,omitempty"`
	// ReturnRate is the PPN rate of returns in percent; nil means 12. DJP's return
	// template computes 11 (FACTS 1.2 [S?]), an apparent mismatch.
	ReturnRate *Rate `json:"return_rate,omitempty" swaggertype:"string" example:"12"`
	// UnitCodes maps the ERP's own codes of units to DJP's: "PCS" to "UM.0021". An
	// invoice that is posted with PCS is checked, shown and filed with UM.0021;
	// posting it again still answers with the stored one. What the map does not
	// name, letter by letter, is taken as it is.
	UnitCodes map[string]string `json:"unit_codes,omitempty" example:"PCS:UM.0021"`
	// ProductCodes does the same for the codes of goods and services, which have six digits.
	ProductCodes map[string]string `json:"product_codes,omitempty" example:"A4-80G:480200"`
	// Provider is how the seller signs in at its provider, on pajakio and
	// klikpajak; nil: not at all.
	Provider *Provider `json:"provider,omitempty"`
}

// Validate checks a registration: the NPWP that its address names, the name, the
// channel and the settings. The error has every fault, with pointers into the
// body of PUT /taxpayers/{npwp}; the NPWP's is "npwp".
//
// Whether a channel is set up at all (FAKTURGATE_PJAP_URL) is not known here.
func (t *Taxpayer) Validate() error {
	var found findings
	found.checkFields(t)
	for i := range found.faults {
		if found.faults[i].Pointer == "/npwp" {
			found.faults[i].Pointer = "npwp"
		}
	}
	if tolerance := t.Settings.Tolerance; tolerance != nil && !tolerance.valid() {
		found.note(tolerance.fault("/settings/tolerance"))
	}
	if rate := t.Settings.ReturnRate; rate != nil && !rate.valid() {
		found.note(rate.fault("/settings/return_rate"))
	}
	found.checkMapping("/settings/unit_codes", t.Settings.UnitCodes, "unit_malformed", shapeUnit)
	found.checkMapping("/settings/product_codes", t.Settings.ProductCodes, "code_malformed", shapeGoodsCode)
	for _, month := range slices.Sorted(maps.Keys(t.Settings.UploadDeadlines)) {
		found.checkDeadline(month, t.Settings.UploadDeadlines[month])
	}
	found.checkProvider(t.Channel, t.Settings.Provider)
	return found.refusal()
}

// checkDeadline: an upload deadline lies after the month that it is for.
func (f *findings) checkDeadline(month string, deadline Date) {
	pointer := "/settings/upload_deadlines/" + escapePointer.Replace(month)
	first, err := ParseDate(month + "-01")
	switch {
	case err != nil:
		f.refuse(pointer, "month_malformed", "%q is not a month. Write the month of the invoices as YYYY-MM.", clip(month))
	case !deadline.Valid() || deadline.IsZero():
		f.refuse(pointer, "date_malformed", "%q is not a day of the calendar. Write the last day for invoices of %s as YYYY-MM-DD.", deadline, month)
	case deadline.Compare(first.DayOfNextMonth(1)) < 0:
		f.refuse(pointer, "deadline_too_early", "The deadline for invoices of %s is %s, before the month is over.", month, deadline)
	}
}
