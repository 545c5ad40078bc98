package faktur

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// The values of Settings.Rounding.
const (
	RoundCents  = "cents"
	RoundRupiah = "rupiah"
)

// Taxpayer is a seller (PKP) registered by a tenant.
type Taxpayer struct {
	Tenant    string    `json:"-"`
	NPWP      string    `json:"npwp" validate:"npwp" readonly:"true" example:"0012345674901000"`
	Name      string    `json:"name" validate:"required,filled,max=255,plain" example:"PT Penjual"`
	Channel   Channel   `json:"channel" validate:"required,oneof=pjap coretax_xml pajakio klikpajak efaktur_desktop" enums:"pjap,coretax_xml,pajakio,klikpajak,efaktur_desktop" example:"pjap"`
	Settings  Settings  `json:"settings"`
	Livemode  bool      `json:"livemode" readonly:"true" example:"false"` // fixed at registration
	Version   int64     `json:"-"`                                        // grows with every change
	PausedAt  time.Time `json:"-"`                                        // zero: not paused
	CreatedAt time.Time `json:"created_at" readonly:"true" example:"2026-11-22T08:00:00Z"`
	UpdatedAt time.Time `json:"updated_at" readonly:"true" example:"2026-11-22T08:00:00Z"`
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
	for _, month := range slices.Sorted(maps.Keys(t.Settings.UploadDeadlines)) {
		found.checkDeadline(month, t.Settings.UploadDeadlines[month])
	}
	return found.refusal()
}

// checkDeadline: an upload deadline lies after the month that it is for.
func (f *findings) checkDeadline(month string, deadline Date) {
	pointer := "/settings/upload_deadlines/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(month)
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
