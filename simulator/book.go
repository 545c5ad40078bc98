package simulator

import (
	"cmp"
	"container/heap"
	"fmt"
	"strings"

	"github.com/fakturgate/fakturgate/faktur"
)

// book is all that the tax system holds. It is a function of the journal's
// entries in their order: nothing here asks a clock, a seed or a setting, so
// that a restart arrives at the same numbers and the same feed.
type book struct {
	now         int64 // microseconds; never goes back
	submissions []*submission
	byClient    map[string]*submission
	byReference map[string][]*submission
	byNSFP      map[string]*submission
	badSigner   map[string]signedWith // by the NPWP of who files: whose passphrase SIM-BAD-PASSPHRASE made wrong
	serial      int64                 // the last one given
	due         dueHeap
	changes     []change
}

// submission is one document that the tax system took.
type submission struct {
	taken
	number   int // its place in the book
	clientID string
	takenAt  int64
	accepted int // how often it was taken under this client id
	hidden   bool
	status   faktur.Status
	reason   *reason
	nsfp     string
	serial   int64
	counter  int // of replacements, digits 3 and 4 of the NSFP
}

// change is one line of the feed; its position is its index plus one.
type change struct {
	submission *submission
	status     faktur.Status
	reason     *reason
	at         int64
}

func newBook() *book {
	return &book{byClient: map[string]*submission{}, byReference: map[string][]*submission{}, byNSFP: map[string]*submission{},
		badSigner: map[string]signedWith{}}
}

// apply makes one entry of the journal true.
func (b *book) apply(e entry) error {
	b.advance(e.At)
	if e.Op == opTake {
		return b.take(e)
	}
	s, known := b.byClient[e.ClientID]
	if !known {
		return fmt.Errorf("%s of %q, which was never taken", e.Op, e.ClientID)
	}
	switch e.Op {
	case opAgain:
		s.accepted++
	case opCancel:
		b.cancel(s)
	case opRelease:
		s.Signs = 0
		b.schedule(s, b.now)
	default:
		return fmt.Errorf("unknown op %q", e.Op)
	}
	return nil
}

func (b *book) take(e entry) error {
	if e.Taken == nil || b.byClient[e.ClientID] != nil {
		return fmt.Errorf("take of %q without content, or a second one", e.ClientID)
	}
	if e.Taken.Fails != "" && reasons[e.Taken.Fails] == nil {
		return fmt.Errorf("take of %q fails for the unknown reason %q", e.ClientID, e.Taken.Fails)
	}
	s := &submission{taken: *e.Taken, number: len(b.submissions), clientID: e.ClientID, takenAt: b.now, accepted: 1}
	b.submissions = append(b.submissions, s)
	b.byClient[s.clientID] = s
	key := referenceKey(s.Kind, s.NPWP, s.Reference)
	b.byReference[key] = append(b.byReference[key], s)
	if _, known := b.badSigner[s.NPWP]; !known && s.Signer != "" && s.Fails == codePassphrase && strings.Contains(s.Reference, wordBadPassphrase) {
		b.badSigner[s.NPWP] = s.signedWith()
	}
	if s.hidden = s.Hides > 0; s.hidden {
		s.status = faktur.SigningInProgress
		b.schedule(s, b.now+s.Hides)
		return nil
	}
	b.queue(s, b.now)
	return nil
}

// queue puts s into the signing queue.
func (b *book) queue(s *submission, at int64) {
	b.enter(s, faktur.SigningInProgress, nil, at)
	if s.Signs >= 0 {
		b.schedule(s, at+s.Signs)
	}
}

// advance takes every step that is due up to now.
func (b *book) advance(now int64) {
	b.now = max(b.now, now)
	for len(b.due) > 0 && b.due[0].at <= b.now {
		next := heap.Pop(&b.due).(dueStep)
		b.step(next.submission, next.at)
	}
}

// step takes the one step that s has waited for.
func (b *book) step(s *submission, at int64) {
	switch {
	case s.hidden:
		s.hidden = false
		b.queue(s, at)
	case s.status == faktur.SigningInProgress:
		b.sign(s, at)
	case s.status == faktur.CancellationPending && s.buyerRefuses(), s.status == faktur.AmendmentPending && s.buyerRefuses():
		b.enter(s, faktur.Approved, nil, at)
	case s.status == faktur.CancellationPending:
		b.enter(s, faktur.Cancelled, nil, at)
	case s.status == faktur.AmendmentPending:
		b.enter(s, faktur.Amended, nil, at)
	}
}

// sign ends the signing of s as it was planned.
func (b *book) sign(s *submission, at int64) {
	if s.Fails != "" {
		b.enter(s, faktur.SavedInvalid, reasons[s.Fails], at)
		return
	}
	if s.Kind == faktur.KindReturn {
		s.nsfp = s.ReturnsNSFP
		b.enter(s, faktur.Approved, nil, at)
		return
	}
	original := b.byNSFP[s.ReplacesNSFP]
	if s.ReplacesNSFP != "" && (original == nil || original.status != faktur.Approved) {
		b.enter(s, faktur.SavedInvalid, reasons[codeReplacedState], at)
		return
	}
	b.approve(s, original, at)
}

// approve gives s its number. A replacement keeps the serial of its original
// and counts up (FACTS 3, "replacement counter").
func (b *book) approve(s, original *submission, at int64) {
	if original == nil {
		b.serial++
		s.serial = b.serial
	} else {
		s.serial, s.counter, s.Year = original.serial, original.counter+1, original.Year
	}
	s.nsfp = fmt.Sprintf("%s%02d%s%011d", s.TrxCode, s.counter, s.Year, s.serial)
	b.byNSFP[s.nsfp] = s
	b.enter(s, faktur.Approved, nil, at)
	if original != nil {
		b.leave(original, faktur.AmendmentPending, faktur.Amended, at)
	}
}

// cancel asks for the cancellation of an approved one; anything else stays as it is.
func (b *book) cancel(s *submission) {
	if s.status == faktur.Approved {
		b.leave(s, faktur.CancellationPending, faktur.Cancelled, b.now)
	}
}

// leave takes s out of Approved: at once, or by way of its buyer.
func (b *book) leave(s *submission, pending, final faktur.Status, at int64) {
	if !s.asksBuyer() {
		b.enter(s, final, nil, at)
		return
	}
	b.enter(s, pending, nil, at)
	b.schedule(s, at+max(s.Signs, 0))
}

func (b *book) enter(s *submission, status faktur.Status, why *reason, at int64) {
	s.status, s.reason = status, why
	b.changes = append(b.changes, change{s, status, why, at})
}

func (b *book) schedule(s *submission, at int64) { heap.Push(&b.due, dueStep{at, s}) }

// earlier gives the attempts so far to file this document.
func (b *book) earlier(kind faktur.Kind, npwp, reference string) []*submission {
	return b.byReference[referenceKey(kind, npwp, reference)]
}

func referenceKey(kind faktur.Kind, npwp, reference string) string {
	return string(kind) + npwp + reference
}

// dueStep is a step to be taken; a submission waits for at most one.
type dueStep struct {
	at         int64
	submission *submission
}

// dueHeap orders steps by time, then by who was taken first.
type dueHeap []dueStep

func (h dueHeap) Len() int { return len(h) }
func (h dueHeap) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(h[i].at, h[j].at), cmp.Compare(h[i].submission.number, h[j].submission.number)) < 0
}
func (h dueHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push is heap's, not to be called.
func (h *dueHeap) Push(x any) { *h = append(*h, x.(dueStep)) }

// Pop is heap's, not to be called.
func (h *dueHeap) Pop() any {
	last := (*h)[len(*h)-1]
	(*h)[len(*h)-1] = dueStep{}
	*h = (*h)[:len(*h)-1]
	return last
}
