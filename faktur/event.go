package faktur

import (
	"time"

	"github.com/go-json-experiment/json"
)

// EventType names what an event tells. CONTRACT: new types may appear in any release.
type EventType string

// The event types that code names; the others are "{kind}.{status}" by Apply.
const (
	EventQueued         EventType = "invoice.queued"
	EventCorrected      EventType = "invoice.corrected"
	EventSigningStuck   EventType = "invoice.signing_stuck"
	EventDeadlineNear   EventType = "invoice.deadline_near"
	EventDeadlineMissed EventType = "invoice.deadline_missed"
	EventSignerPaused   EventType = "signer.paused"
	EventWebhookTest    EventType = "webhook.test"
	EventWebhookOff     EventType = "webhook.disabled"
)

// DefaultEventTypes is what a webhook endpoint gets when it names none.
func DefaultEventTypes() []EventType {
	return []EventType{"invoice.approved", "invoice.saved_invalid"}
}

// EventTypes lists every type that an endpoint may subscribe to.
func EventTypes() []EventType {
	var types []EventType
	for _, kind := range []Kind{KindInvoice, KindReturn} {
		for _, name := range []string{"queued", "corrected", "submitting", "awaiting_upload", "signing_in_progress",
			"signing_stuck", "approved", "saved_invalid", "deadline_near", "deadline_missed",
			"amendment_requested", "amendment_pending", "amended", "amendment_refused",
			"cancellation_requested", "cancellation_pending", "cancelled", "cancellation_refused", "amount_mismatch", "duplicate_filed"} {
			types = append(types, EventType(string(kind)+"."+name))
		}
	}
	return append(types, EventSignerPaused, EventWebhookTest, EventWebhookOff)
}

// Event is one thing that happened, as the feed keeps it and webhooks tell it.
type Event struct {
	// Position is the event's place in the feed; 0 until it is stored.
	Position int64
	Tenant   string
	// DocumentID and Sequence name the document and the number of this event in
	// its life; "" and 0 for an event that is not about a document.
	DocumentID string
	Sequence   int64
	Type       EventType
	At         time.Time
	Data       []byte // the JSON of EventData, or of another event's own data
}

// MessageID is the webhook-id: the same over all tries and all endpoints.
// It names the document's event and not the feed's position, which would tell
// one tenant how much the others do.
func (e *Event) MessageID() string {
	if e.DocumentID == "" {
		return "msg_" + base36(e.Position)
	}
	return "msg_" + e.DocumentID + "_" + base36(e.Sequence)
}

// EventData is the data of every event about a document.
type EventData struct {
	ID             string     `json:"id" example:"0199c9a4-7a52-7d0e-8f3c-2b1f6d1c9a10"`
	Kind           Kind       `json:"kind" enums:"invoice,return" example:"invoice"`
	Livemode       bool       `json:"livemode" example:"true"`
	SellerNPWP     string     `json:"seller_npwp" example:"0012345674901000"`
	Reference      string     `json:"reference" example:"INV/2026/11/0001"`
	Status         Status     `json:"status" example:"approved"`
	PreviousStatus NullString `json:"previous_status" swaggertype:"string" extensions:"x-nullable" example:"signing_in_progress"`
	CoretaxStatus  NullString `json:"coretax_status" swaggertype:"string" extensions:"x-nullable" example:"Approved"`
	NSFP           NullString `json:"nsfp" swaggertype:"string" extensions:"x-nullable" example:"04002600000000001"`
	Reason         *Reason    `json:"reason" extensions:"x-nullable"`
	// Signer is the NIK or NPWP of who signs this attempt; null leaves it to the channel.
	Signer         NullString `json:"signer" swaggertype:"string" extensions:"x-nullable" example:"3174015506800001"`
	ReplacesID     NullString `json:"replaces_id" swaggertype:"string" extensions:"x-nullable"`
	UploadDeadline *Date      `json:"upload_deadline" swaggertype:"string" extensions:"x-nullable" example:"2026-12-20"`
	Sequence       int64      `json:"sequence" example:"4"`
	// Remedies is DJP's advice, in the events that ask a person to act; absent otherwise.
	Remedies []string `json:"remedies,omitempty"`
}

func newDocumentEvent(d *Document, eventType EventType, previous Status, at time.Time) Event {
	data := EventData{
		ID: d.ID, Kind: d.Kind, Livemode: d.Livemode, SellerNPWP: d.seller(), Reference: d.Reference,
		Status: d.Status, PreviousStatus: NullString(previous), CoretaxStatus: NullString(d.CoretaxStatus),
		NSFP: NullString(d.NSFP), Reason: d.Reason, Signer: NullString(d.Signer), ReplacesID: NullString(d.ReplacesID), Sequence: d.Sequence,
		Remedies: remedies[eventType],
	}
	if !d.UploadDeadline.IsZero() {
		data.UploadDeadline = &d.UploadDeadline
	}
	return Event{Tenant: d.Tenant, DocumentID: d.ID, Sequence: d.Sequence, Type: eventType, At: at, Data: mustMarshal(data)}
}

// remedies is what DJP's helpdesk advises (FACTS 5.3: SEED, DDTC-NORMAL, DDTC-STUCK, TDC).
var remedies = map[EventType][]string{
	EventSigningStuck:      stuckRemedies,
	"return.signing_stuck": stuckRemedies,
	EventDeadlineNear: {
		"Only what is approved by the upload deadline counts as a tax invoice (PER-11/PJ/2025 art. 44).",
		"Saved Invalid documents need a correction and a re-upload now; leave time for signing.",
	},
	EventDeadlineMissed: {
		"The upload deadline has passed: by PER-11/PJ/2025 art. 44(3) this is not a tax invoice unless DJP extended the month.",
		"Ask your tax adviser whether to issue a new one; a late invoice may cost 1% of its DPP.",
	},
}

var stuckRemedies = []string{
	"While it says Signing In Progress it may be neither uploaded again nor cancelled: wait, the gateway keeps asking.",
	"Days in this status mean that signing failed; Coretax will then show Saved Invalid.",
	"After Saved Invalid: give another user with a valid kode otorisasi the signer role under Pihak Terkait, and upload again, one by one.",
	"Check the signer's passphrase; letters, digits and !@#$&* are safe, ' / % + were advised against.",
}

// mustMarshal is for our own structs, whose encoding cannot fail.
func mustMarshal(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}
