package faktur

import (
	"fmt"
	"hash/fnv"
	"time"
)

// Kind says which of DJP's documents a Document is.
type Kind string

// The kinds of document in our care.
const (
	KindInvoice Kind = "invoice" // faktur pajak keluaran
	KindReturn  Kind = "return"  // retur pajak masukan
)

// Channel names a way into the tax system; see CONTRACT's table of channels.
type Channel string

// The channels. A seller is registered on one of them.
const (
	ChannelPJAP           Channel = "pjap"
	ChannelCoretaxXML     Channel = "coretax_xml"
	ChannelPajakio        Channel = "pajakio"
	ChannelKlikpajak      Channel = "klikpajak"
	ChannelEfakturDesktop Channel = "efaktur_desktop"
)

// Channels lists every channel that CONTRACT names.
func Channels() []Channel {
	return []Channel{ChannelPJAP, ChannelCoretaxXML, ChannelPajakio, ChannelKlikpajak, ChannelEfakturDesktop}
}

// WritesFiles says whether a person uploads what the channel writes.
func (c Channel) WritesFiles() bool { return c == ChannelCoretaxXML || c == ChannelEfakturDesktop }

// Action is what a person or the ERP should do about a Reason.
type Action string

// The actions of a Reason.
const (
	ActionCorrectContent Action = "correct_content"
	ActionChangeSigner   Action = "change_signer"
	ActionRetry          Action = "retry"
	ActionContactSupport Action = "contact_support"
)

// Origin says who gave a Reason.
type Origin string

// The origins of a Reason.
const (
	OriginGateway   Origin = "gateway"
	OriginChannel   Origin = "channel"
	OriginTaxSystem Origin = "tax_system"
)

// Reason says why a document is where it is: a refusal, or a doubt.
type Reason struct {
	Code    string `json:"code" example:"DJP-SIGN-MASTER"`
	Action  Action `json:"action" enums:"correct_content,change_signer,retry,contact_support" example:"change_signer"`
	Message string `json:"message" example:"Passphrase tidak dikenali"` // the raw text, verbatim
	Origin  Origin `json:"origin" enums:"gateway,channel,tax_system" example:"tax_system"`
}

// Document is an invoice (or a return) in our care: what was asked to be filed,
// and how far it has come.
type Document struct {
	ID       string // UUIDv7
	Tenant   string
	Kind     Kind
	Livemode bool // false: only ever sent to the simulator; fixed at the seller's registration
	Channel  Channel
	// TaxpayerNPWP is whose document it is, 16 digits: the seller of an invoice,
	// the buyer who files a return.
	TaxpayerNPWP string
	// Counterpart is the other side's number: the buyer's identity number of an
	// invoice, the seller's NPWP of a return.
	Counterpart string
	Reference   string // the ERP's own number

	Status        Status
	CoretaxStatus string  // the tax system's own word, raw; "" before it said one
	NSFP          string  // 17 digits (16 on legacy channels); "" before approval
	Reason        *Reason // nil when there is nothing to say
	Attempt       int     // 1 at first, one more with each re-upload
	Signer        string  // NIK or NPWP of who signs; "" leaves it to the channel
	ReplacesID    string  // the document this one replaces; ""
	ReplacedByID  string  // the document that replaces this one; ""
	Receipt       string  // the channel's own name of the last attempt; "" when it gives none
	Wish          Wish    // what is still to be done about it; a step clears it; "" for nothing
	Sequence      int64   // number of the last event; 1 at acceptance, no gaps

	UploadDeadline Date // last day to be approved, in Asia/Jakarta; zero for a return and for a replacement
	CreatedAt      time.Time
	UpdatedAt      time.Time

	Work Work
}

// Wish is what is still to be done about a document that has otherwise come to rest.
type Wish string

// The wishes. They are stored; "" is none.
const (
	// WishCancel: somebody wants it cancelled, and the channel has not answered yet.
	WishCancel Wish = "cancel"
	// WishAmend: its replacement is approved, and its own step to amended has not been seen yet.
	WishAmend Wish = "amend"
	// WishMend: it is Saved Invalid for its signer, and the taxpayer's policy
	// wants it uploaded again with the next one.
	WishMend Wish = "mend"
)

// Want notes what is to be done about a document that is at rest, and tells of
// it. It is due at once.
func (d *Document) Want(wish Wish, at time.Time) Event {
	name := "cancellation_requested"
	if wish == WishAmend {
		name = "amendment_requested"
	}
	d.Wish, d.Reason, d.Work.DueAt = wish, nil, at
	return d.Tell(d.Event(name), d.Status, at)
}

// HeldForGood is when a queued document is due that was filed elsewhere: never.
// Nothing but its end frees it, since it would be filed twice.
var HeldForGood = time.Date(9999, time.December, 31, 0, 0, 0, 0, time.UTC)

// Work is what the workers note on a document; no caller sees it.
type Work struct {
	// DueAt is when a worker should next look at the document (look-up, poll,
	// or a hand-over that was put off); HeldForGood is never.
	DueAt time.Time
	// StatusSince is when the document entered its status.
	StatusSince time.Time
	// AbsentSince is when a look-up first found nothing; zero when none has.
	AbsentSince time.Time
	// LeaveBy and TurnAt order the queue: earliest deadline first, then fairly
	// between sellers (docs/adr/0006).
	LeaveBy time.Time
	TurnAt  time.Time
	// StuckTold says that signing_stuck was told for this attempt.
	StuckTold bool
	// Held says that its taxpayer is paused: while queued it is not handed over.
	// The repository keeps it; a step does not change it.
	Held bool
	// DeadlineTold is 1 after deadline_near, 2 after deadline_missed.
	DeadlineTold int
}

// SetUploadDeadline gives the document a deadline. Of another than before nothing
// was told yet.
func (d *Document) SetUploadDeadline(deadline Date) {
	if !deadline.Equal(d.UploadDeadline) {
		d.UploadDeadline, d.Work.DeadlineTold = deadline, 0
	}
}

// seller is whose invoice it is, or was that is returned.
func (d *Document) seller() string {
	if d.Kind == KindReturn {
		return d.Counterpart
	}
	return d.TaxpayerNPWP
}

// ClientID is the name under which one attempt travels to the tax system. A
// resend of the same attempt keeps it, so that a connector can recognise it;
// a re-upload after Saved Invalid has a new one.
func (d *Document) ClientID() string { return fmt.Sprintf("%s-%d", d.ID, d.Attempt) }

// Shards is how many shards each channel's work is divided into. It is fixed:
// documents store their shard.
const Shards = 64

// ShardOf gives the shard of a seller's documents, 0 to Shards-1.
func ShardOf(tenant, sellerNPWP string) int {
	h := fnv.New32a()
	h.Write([]byte(tenant))
	h.Write([]byte{0})
	h.Write([]byte(sellerNPWP))
	return int(h.Sum32() % Shards)
}

// Change is what happened to a document.
type Change struct {
	To Status
	// CoretaxStatus, NSFP, Signer and Receipt replace what the document had; "" keeps it.
	CoretaxStatus string
	NSFP          string
	Signer        string
	Receipt       string
	// Reason replaces the document's reason; nil clears it.
	Reason *Reason
	At     time.Time
}

// Apply moves the document by one step and gives the event that tells of it.
// A step that Transitions does not hold is refused and leaves d as it was.
func (d *Document) Apply(c Change) (Event, error) {
	if !d.Status.CanBecome(c.To) {
		return Event{}, &Error{Kind: KindConflict, Code: "transition_not_allowed",
			Detail:     fmt.Sprintf("A document that is %s cannot become %s.", d.Status, c.To),
			DocumentID: d.ID, DocumentStatus: d.Status}
	}
	previous := d.Status
	d.Status = c.To
	d.Reason = c.Reason
	if c.CoretaxStatus != "" {
		d.CoretaxStatus = c.CoretaxStatus
	}
	if c.NSFP != "" && d.Kind != KindReturn { // a return's names the invoice, from the start
		d.NSFP = c.NSFP
	}
	if c.Signer != "" {
		d.Signer = c.Signer
	}
	if c.Receipt != "" {
		d.Receipt = c.Receipt
	}
	d.Work.StatusSince = c.At
	d.Work.AbsentSince = time.Time{}
	d.Work.StuckTold = false
	d.Wish = ""
	return d.Tell(d.eventOf(previous), previous, c.At), nil
}

// eventOf names the step that brought d from previous to where it is. Back from
// waiting for the buyer is a refusal, not a second approval.
func (d *Document) eventOf(previous Status) EventType {
	name := string(d.Status)
	switch {
	case d.Status == Approved && previous == AmendmentPending:
		name = "amendment_refused"
	case d.Status == Approved && previous == CancellationPending:
		name = "cancellation_refused"
	}
	return d.Event(name)
}

// Path is where the API shows d.
func (d *Document) Path() string { return "/" + string(d.Kind) + "s/" + d.ID }

// Event is the type of an event about d, such as approved: invoice.approved, or
// return.approved.
func (d *Document) Event(name string) EventType { return EventType(string(d.Kind) + "." + name) }

// Tell makes the next event of the document without a step in its life (a
// watcher's word), or, from Apply, with one.
func (d *Document) Tell(eventType EventType, previous Status, at time.Time) Event {
	d.Sequence++
	d.UpdatedAt = at
	return newDocumentEvent(d, eventType, previous, at)
}
