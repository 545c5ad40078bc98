package faktur

import "slices"

// Status is where a document stands in its life.
type Status string

// The statuses of a document. CONTRACT: new ones may appear in any release.
const (
	// Queued: stored here, not yet handed over.
	Queued Status = "queued"
	// Submitting: handed over, and whether it arrived is not known yet. It is
	// looked up before anything is sent again.
	Submitting Status = "submitting"
	// AwaitingUpload: a file or a draft is ready; a person must upload or sign it.
	AwaitingUpload Status = "awaiting_upload"
	// SigningInProgress: in Coretax's signing queue. It may neither be uploaded
	// again nor cancelled (FACTS SEED).
	SigningInProgress Status = "signing_in_progress"
	// Approved: approved by DJP; it has its NSFP.
	Approved Status = "approved"
	// SavedInvalid: refused, or its signing failed. It may be corrected and uploaded again.
	SavedInvalid Status = "saved_invalid"
	// AmendmentPending: its replacement waits for the buyer (Waiting For Amendment).
	AmendmentPending Status = "amendment_pending"
	// Amended: its replacement is effective.
	Amended Status = "amended"
	// CancellationPending: its cancellation waits for the buyer (Waiting For Cancelation).
	CancellationPending Status = "cancellation_pending"
	// Cancelled: its cancellation is effective; its reference is free again.
	Cancelled Status = "cancelled"
)

// Statuses lists every status in the order of a document's life.
func Statuses() []Status {
	return []Status{Queued, Submitting, AwaitingUpload, SigningInProgress, Approved, SavedInvalid,
		AmendmentPending, Amended, CancellationPending, Cancelled}
}

// Transition is one legal step of a document's life.
type Transition struct {
	From, To Status
	Why      string
}

// Transitions is the whole life of a document: what is not in this table does
// not happen. docs/state-machine.md is generated from it.
//
// What the tax system says wins over what we expected: a document that was
// handed over may be seen as approved whatever we knew of it last, and one that
// is seen further still is taken there by way of approved.
func Transitions() []Transition {
	return []Transition{
		{Queued, Submitting, "the relay hands it over"},
		{Queued, AwaitingUpload, "a file channel writes it into a file"},
		{Queued, SavedInvalid, "its channel's format cannot carry it"},
		{Queued, Cancelled, "cancelled before it was handed over"},

		{Submitting, SigningInProgress, "the tax system took it"},
		{Submitting, Approved, "found or answered as approved"},
		{Submitting, SavedInvalid, "refused"},
		{Submitting, AwaitingUpload, "taken as a draft"},
		{Submitting, Queued, "certainly never arrived: it goes again under the same client id"},

		{AwaitingUpload, Queued, "its file was rejected because of other rows"},
		{AwaitingUpload, Submitting, "a person says it was uploaded"},
		{AwaitingUpload, SigningInProgress, "signed by a person"},
		{AwaitingUpload, Approved, "seen as approved"},
		{AwaitingUpload, SavedInvalid, "refused"},
		{AwaitingUpload, Cancelled, "cancelled before it was downloaded"},

		{SigningInProgress, Approved, "signed and approved by DJP"},
		{SigningInProgress, SavedInvalid, "refused, or signing failed"},
		{SigningInProgress, AwaitingUpload, "back to draft in the tax system"},

		{SavedInvalid, Queued, "uploaded again"},
		{SavedInvalid, SigningInProgress, "a person uploaded it again in the portal"},
		{SavedInvalid, Approved, "a person uploaded it again in the portal"},
		{SavedInvalid, Cancelled, "closed"},

		{Approved, AmendmentPending, "a replacement waits for the buyer"},
		{Approved, Amended, "replaced"},
		{Approved, CancellationPending, "a cancellation waits for the buyer"},
		{Approved, Cancelled, "cancelled"},

		{AmendmentPending, Amended, "the buyer agreed to the replacement"},
		{AmendmentPending, Approved, "the buyer refused the replacement"},

		{CancellationPending, Cancelled, "the buyer agreed to the cancellation"},
		{CancellationPending, Approved, "the buyer refused the cancellation"},
	}
}

var allowed = func() map[Status][]Status {
	to := map[Status][]Status{}
	for _, t := range Transitions() {
		to[t.From] = append(to[t.From], t.To)
	}
	return to
}()

// CanBecome says whether a document may go from s to next.
func (s Status) CanBecome(next Status) bool { return slices.Contains(allowed[s], next) }

// Valid says whether s is a status this release knows.
func (s Status) Valid() bool { return slices.Contains(Statuses(), s) }

// Open says whether the document still has to become approved to count as a tax invoice.
func (s Status) Open() bool {
	switch s {
	case Queued, Submitting, AwaitingUpload, SigningInProgress, SavedInvalid:
		return true
	}
	return false
}

// Correctable says whether the content may still be corrected by PUT.
func (s Status) Correctable() bool { return s == Queued || s == SavedInvalid }
