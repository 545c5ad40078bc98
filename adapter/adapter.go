// Package adapter is the contract between the gateway and a channel into the
// tax system. A package per channel below this one keeps it; adaptertest is the
// suite that every one of them passes.
//
// A Channel is either a Caller, which speaks to a service over the network, or
// a Writer, which makes files that a person uploads. What a channel can do
// beyond that is in its Capabilities and in the small interfaces below.
//
// The rules of a Caller, in short:
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
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
)

// Channel is one way into the tax system: a Caller or a Writer.
type Channel interface {
	// Name is the channel's name in CONTRACT's table.
	Name() faktur.Channel

	// Describe asks the channel what it is and what it can do. It is called at
	// start, now and then, and after a failure. An error means that the channel
	// is out of reach for now.
	Describe(ctx context.Context) (Description, error)
}

// Caller is a channel that hands documents over by calling a service.
type Caller interface {
	Channel

	// Submit hands over documents of one livemode, at most Description.MaxBatch.
	// It gives one outcome for each, in order. A document that the channel
	// refuses is Known as SavedInvalid with its Reason, and harms no other.
	Submit(ctx context.Context, batch []Submission) ([]Outcome, error)

	// Status asks how submissions fare that the channel is known to hold. One
	// that it does not know is not an error: its Outcome is Absent. Unknown is an
	// item that the answer left out: nothing changes.
	Status(ctx context.Context, questions []Question) ([]Outcome, error)

	// LookUp asks whether submissions of unknown fate arrived. Absent means that
	// the channel does not see it now, which by itself is not certain (see
	// Description.ResendHarmless, and the settle window in CONTRACT).
	LookUp(ctx context.Context, questions []Question) ([]Outcome, error)
}

// Writer is a channel whose files a person uploads. What comes of them is told
// by the portal's status export, which works for every channel. It does no
// input or output: the gateway stores the file together with the step of its
// documents, in one transaction.
type Writer interface {
	Channel

	// Write makes one file out of documents of one taxpayer, one kind and one
	// livemode, at most Description.MaxBatch. It gives one outcome for each, in order:
	// Known as AwaitingUpload when it is in the file, Known as SavedInvalid with
	// its Reason when the format cannot carry it, which harms no other. The file
	// has its documents in the batch's order; its Content is empty when none is in it.
	// The same batch gives the same bytes. An error means that nothing was written.
	Write(batch []Submission) (File, []Outcome, error)

	// Places gives what stands in each line of a file's content, in order, the
	// first line being 1. Lines with nothing of a document are left out.
	Places(content []byte) iter.Seq2[int, Place]
}

// Locate says what stands in one line of a file's content; false when the file
// has no such line, or nothing of a document in it. It reads up to that line.
func Locate(w Writer, content []byte, line int) (Place, bool) {
	for number, place := range w.Places(content) {
		if number >= line {
			return place, number == line
		}
	}
	return Place{}, false
}

// File is what a Writer has written.
type File struct {
	Name      string // proposed to who downloads it: "faktur-...xml", plain ASCII
	MediaType string
	Content   []byte
}

// Place is what stands in one line of a file.
type Place struct {
	Document int    // the place of its document in the file, 0 for the first
	Item     int    // the place of the invoice's or return's line, 0 for the first; -1 when the line is not about one
	Element  string // the format's own name: "BuyerTin"; "FK" or "OF" in a desktop CSV
}

// ChangeFeed is what a channel may offer besides: news of every change of
// status, so that documents in signing need not be asked about so often. It is
// a short cut and no more: what it misses, Status tells.
type ChangeFeed interface {
	// Changes gives what changed after a cursor, oldest first, and the cursor to
	// go on from. The cursor "" asks for no changes, only where the feed ends now.
	Changes(ctx context.Context, after string) (changes []Changed, next string, err error)
}

// Canceller is a channel that can cancel what is approved; only those with
// Capabilities.Cancel are asked to.
type Canceller interface {
	// Cancel asks for the cancellation of an approved submission. Its Outcome is
	// Known with the status that follows: Cancelled, CancellationPending while
	// the buyer must agree, or the status that it keeps, with the Reason why, when
	// the channel refuses. Repeating it is harmless. Unknown and errors are as
	// for Status: it is asked again.
	Cancel(ctx context.Context, c Cancellation) (Outcome, error)
}

// Cancellation asks to cancel an approved submission.
type Cancellation struct {
	Question
	Livemode bool
	Signer   *faktur.Signer // nil leaves it to the channel
}

// Printer is a channel that has the PDF of what is approved; only those with
// Capabilities.PDF are asked for it.
type Printer interface {
	// PDF gives the print of an approved submission: its Content, or else a Link
	// to it. ErrNoPDF when the channel has none, yet or for ever.
	PDF(ctx context.Context, q Question) (PDF, error)
}

// PDF is the print of an approved document; one of its fields is set.
type PDF struct {
	Content []byte
	Link    string // an absolute https address (http only on loopback)
}

// ErrNoPDF says that a channel has no PDF of a document.
var ErrNoPDF = errors.New("the channel has no PDF of this document")

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
	MaxBatch       int // submissions, statuses or look-ups a call, documents a file; at least 1
	// CallsPerMinute is how many Status, LookUp and Changes calls the channel bears; 0 is no limit.
	CallsPerMinute int
	// Changes: the channel is a ChangeFeed and its other side keeps one.
	Changes bool
	// PerTaxpayer: each taxpayer signs in with its own Provider, which travels
	// with every submission and question.
	PerTaxpayer  bool
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
	Files       bool // a person uploads: the channel is a Writer
	DrawsNSFP   bool // numbers come from the seller's own ranges
}

// Submission is one document on its way to the tax system: an invoice, or a
// return when Return is set.
type Submission struct {
	ClientID     string // Document.ClientID
	Livemode     bool
	TaxpayerNPWP string // whose document it is: the seller of an invoice, the buyer who files a return
	TaxpayerName string
	Reference    string
	// Receipt is the channel's own name of the document's attempt before this
	// one, "" when there is none or the channel gives none.
	Receipt string
	// NSFP is a number drawn beforehand out of the seller's ranges, where
	// Capabilities.DrawsNSFP asks for it; "" elsewhere.
	NSFP string
	// ReplacesNSFP and ReplacesReceipt name the approved invoice that this one
	// replaces: its number, and the channel's own name of it; "" for an original.
	ReplacesNSFP, ReplacesReceipt string
	// Signer signs, with the passphrase; nil leaves it to the channel.
	Signer *faktur.Signer
	// Provider is how this taxpayer signs in at its provider; nil where the
	// channel itself is set up for all.
	Provider *faktur.Provider

	Invoice faktur.TaxInvoice // every amount filled in; zero for a return
	Totals  faktur.Totals
	Return  *faktur.Return // every amount filled in; nil for an invoice
}

// Question asks about one submission.
type Question struct {
	ClientID     string
	Kind         faktur.Kind
	TaxpayerNPWP string
	Reference    string
	Receipt      string           // as the channel gave it; "" when its answer was lost, or it gives none
	NSFP         string           // "" before approval
	Attempt      int              // 1 for the first; 0 when it is not said
	AcceptedAt   time.Time        // when the gateway accepted the document; zero when it is not said
	Provider     *faktur.Provider // nil where the channel itself is set up for all
	// Secrets are what an answer might repeat and nobody may see: the
	// passphrases of the taxpayer's signers, where the channel is PerTaxpayer.
	Secrets []faktur.Secret
	// ReplacesNSFP and ReplacesReceipt name the invoice that this one replaces,
	// which has the same reference; "" for an original.
	ReplacesNSFP, ReplacesReceipt string
}

// Certainty says how much an Outcome knows.
type Certainty int

// The certainties of an Outcome.
const (
	Unknown Certainty = iota // it may have arrived or not: look it up
	Known                    // it arrived, or was refused for good: Status says where it stands
	// NotTaken: the tax system certainly has not got it, and nothing is wrong
	// with it: send it again. Submit, when the channel would not take it now; LookUp,
	// when the channel holds no more than a draft of it, which its Receipt names.
	NotTaken
	Absent // the channel does not see it; Status and LookUp only
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
	// Receipt is the channel's own name of what it took, kept and given back with
	// every Question; "" keeps the one known.
	Receipt string
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
