// Package adapter is the contract between the gateway and a channel into the
// tax system. A package per channel below this one keeps it; adaptertest is the
// suite that every one of them passes.
//
// The rules, in short:
//
//   - A call says what is certain. An item whose fate is not certain is Unknown,
//     never guessed: the gateway looks it up before anything is sent again.
//   - A call that returns an error made no statement about any item, except
//     when the error is a *NotSent: then certainly nothing arrived.
//   - A call ends when its context does.
//   - Livemode travels with every submission. A channel refuses what does not
//     match its own, so that no approval is ever invented for a live seller.
//   - The tax system's words are passed on raw, in CoretaxStatus and Reason.Message.
package adapter

import (
	"context"
	"fmt"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
)

// Channel is one way into the tax system.
type Channel interface {
	// Name is the channel's name in CONTRACT's table.
	Name() faktur.Channel

	// Describe asks the channel what it is and what it can do. It is called at
	// start, now and then, and after a failure. An error means that the channel
	// is out of reach for now.
	Describe(ctx context.Context) (Description, error)

	// Submit hands over documents of one livemode, at most Description.MaxBatch.
	// It gives one outcome for each, in order. A document that the channel
	// refuses is Known as SavedInvalid with its Reason, and harms no other.
	Submit(ctx context.Context, batch []Submission) ([]Outcome, error)

	// Status asks how submissions fare that the channel is known to hold. One
	// that it does not know is not an error: its Outcome is Absent. Unknown is an
	// item that the answer left out: nothing changes.
	Status(ctx context.Context, clientIDs []string) ([]Outcome, error)

	// LookUp asks whether submissions of unknown fate arrived. Absent means that
	// the channel does not see it now, which by itself is not certain (see
	// Description.ResendHarmless, and the settle window in CONTRACT).
	LookUp(ctx context.Context, clientIDs []string) ([]Outcome, error)
}

// ChangeFeed is what a channel may offer besides: news of every change of
// status, so that documents in signing need not be asked about so often. It is
// a short cut and no more: what it misses, Status tells.
type ChangeFeed interface {
	// Changes gives what changed after a cursor, oldest first, and the cursor to
	// go on from. The cursor "" asks for no changes, only where the feed ends now.
	Changes(ctx context.Context, after string) (changes []Changed, next string, err error)
}

// Changed is one change of a submission; its Outcome is Known or Unknown.
type Changed struct {
	ClientID string
	Outcome  Outcome
}

// Description is what a channel says of itself.
type Description struct {
	Livemode bool // false: a simulator
	// ResendHarmless: a submission under a known client id is recognised and
	// not filed twice. Then an absent one may be sent again at once.
	ResendHarmless bool
	MaxBatch       int // submissions, statuses or look-ups a call; at least 1
	// CallsPerMinute is how many Status, LookUp and Changes calls the channel bears; 0 is no limit.
	CallsPerMinute int
	// Changes: the channel is a ChangeFeed and its other side keeps one.
	Changes      bool
	Capabilities Capabilities
}

// Capabilities are what a channel can do beyond handing over and asking; the
// table of CONTRACT holds every channel to its row.
type Capabilities struct {
	LookUp      bool // before a resend
	Replace     bool
	Cancel      bool // of approved ones
	DownPayment bool
	Returns     bool
	PDF         bool
	Files       bool // a person uploads
}

// Submission is one document on its way to the tax system.
type Submission struct {
	ClientID   string // Document.ClientID
	Livemode   bool
	SellerNPWP string
	Reference  string
	Signer     string            // NIK or NPWP; "" leaves it to the channel
	Invoice    faktur.TaxInvoice // every amount filled in
	Totals     faktur.Totals
}

// Certainty says how much an Outcome knows.
type Certainty int

// The certainties of an Outcome.
const (
	Unknown  Certainty = iota // it may have arrived or not: look it up
	Known                     // it arrived, or was refused for good: Status says where it stands
	NotTaken                  // certainly not taken, nothing is wrong with it: send it again later; Submit only
	Absent                    // the channel does not see it; Status and LookUp only
)

// Outcome is what a channel knows of one submission.
type Outcome struct {
	Certainty Certainty
	// Status is where the document stands; only when Known. Known with Status ""
	// is a document that arrived and whose state the channel cannot name, because
	// the tax system used a word nobody knows: it changes only CoretaxStatus, and
	// the document is neither sent again nor moved.
	Status        faktur.Status
	CoretaxStatus string         // raw, "" when the channel said nothing
	NSFP          string         // "" before approval
	Reason        *faktur.Reason // of a refusal or a doubt; nil when there is none
	Signer        string         // who signed, when the channel says so
}

// NotSent is the error of a call of which certainly nothing arrived: the
// connection was never made, or the whole call was turned away.
type NotSent struct {
	// RetryAfter is when the channel wants to be asked again; 0 when it did not say.
	RetryAfter time.Duration
	Cause      error
}

func (e *NotSent) Error() string { return fmt.Sprintf("not sent: %v", e.Cause) }

func (e *NotSent) Unwrap() error { return e.Cause }
