package faktur

import (
	"fmt"
	"strings"
	"time"
)

// Signer is a person who signs a taxpayer's documents: listed under Pihak
// Terkait with the signer role, and with a kode otorisasi or certificate
// (FACTS 5.3, SEED).
type Signer struct {
	Tenant       string `json:"-"`
	TaxpayerNPWP string `json:"-"`
	// ID is the signer's NIK or NPWP, 16 digits.
	ID         string `json:"id" readonly:"true" pattern:"^[0-9]{16}$" example:"3174015506800001"`
	Name       string `json:"name" validate:"required,filled,max=255,plain" example:"Siti Rahayu"`
	Position   string `json:"position,omitempty" validate:"max=100,plain" example:"Direktur"`
	City       string `json:"city,omitempty" validate:"max=100,plain" example:"Jakarta"`
	Passphrase Secret `json:"passphrase,omitzero" writeonly:"true" swaggertype:"string" validate:"max=255,plain" example:"Rahasia#2026"` // of the kode otorisasi; "" where the channel knows it
	// SealedPassphrase is Passphrase as it is stored, sealed with the master key; "" for none.
	SealedPassphrase string `json:"-"`
	// Priority orders signers: the lowest number signs first, 0 to 1000.
	Priority int `json:"priority" minimum:"0" maximum:"1000" example:"1"`

	// Failures is how many documents in a row failed because of this signer.
	Failures int `json:"failures" readonly:"true" example:"0"`
	// Proven says that a document was approved with the present passphrase.
	Proven bool `json:"proven" readonly:"true" example:"true"`
	// PausedAt is when it was taken out of turn, by itself after
	// SignerFailureLimit failures in a row, or by an operator; zero: it is not.
	PausedAt  time.Time `json:"paused_at,omitzero" readonly:"true"`
	PausedWhy string    `json:"paused_why,omitempty" readonly:"true"`
	// TriedAt is when the last document was handed over with it while it was on
	// trial (OnTrial), and no outcome of it is known; zero: none is under way.
	TriedAt   time.Time `json:"-"`
	CreatedAt time.Time `json:"created_at" readonly:"true" example:"2026-11-22T08:00:00Z"`
	UpdatedAt time.Time `json:"updated_at" readonly:"true" example:"2026-11-22T08:00:00Z"`
	// Warnings are doubts about the passphrase, told when it is given.
	Warnings []Fault `json:"warnings" readonly:"true"`
}

// SignerFailureLimit is how many signing failures in a row take a signer out of
// turn, before hundreds of documents go the same way.
const SignerFailureLimit = 3

const mostPriority = 1000

// Validate checks a signer that is registered. The error has every fault, with
// pointers into the body of PUT /taxpayers/{npwp}/signers/{id}; the id's is "id".
func (s *Signer) Validate() error {
	var found findings
	found.checkFields(s)
	if !ValidNPWP(s.ID) { // a NIK has 16 digits too
		found.note(SignerMalformed("id"))
	}
	if s.Priority < 0 || s.Priority > mostPriority {
		found.note(Fault{"/priority", "priority_out_of_range", fmt.Sprintf("priority is %d; it is a number from 0 to %d, and the lowest signs first.", s.Priority, mostPriority)})
	}
	return found.refusal()
}

// SignerMalformed is the fault of what names no signer.
func SignerMalformed(pointer string) Fault {
	return Fault{pointer, "signer_malformed", "A signer is named by a NIK or an NPWP of 16 digits, without dots and dashes."}
}

// PassphraseDoubts warns of a passphrase with other characters than DJP
// recommends. Its advice differs: letters, digits and !@#$%&* are recommended
// (FACTS 5.3, SEED), and ' / % + were advised against in January 2025 (TDC), so
// that % is doubtful. Whether Coretax refuses any is not known, so it is never refused.
func PassphraseDoubts(passphrase Secret) []Fault {
	var avoid, other bool
	for _, r := range passphrase.Reveal() {
		switch {
		case strings.ContainsRune("'/%+", r):
			avoid = true
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("!@#$&*", r):
		default:
			other = true
		}
	}
	doubts := []Fault{}
	if avoid {
		doubts = append(doubts, Fault{"/passphrase", "passphrase_characters_avoided",
			"The passphrase has one of ' / % +, which DJP's helpdesk advised against in January 2025. If signing fails, ask for a new kode otorisasi with letters, digits and !@#$&* only."})
	}
	if other {
		doubts = append(doubts, Fault{"/passphrase", "passphrase_characters_unusual",
			"The passphrase has other characters than DJP recommends: letters, digits and !@#$&*. Look for a space or a typographic character that was copied along; if signing fails, ask for a new kode otorisasi."})
	}
	return doubts
}

// Paused says whether the signer is out of turn.
func (s *Signer) Paused() bool { return !s.PausedAt.IsZero() }

// OnTrial says whether documents go one at a time with this signer, because it
// is not known that its passphrase is right: none was approved with it yet, or
// the last one failed.
func (s *Signer) OnTrial() bool { return !s.Proven || s.Failures > 0 }

// Resume takes a pause back. What the signer did before counts no more: it is
// on trial again.
func (s *Signer) Resume() {
	s.PausedAt, s.PausedWhy = time.Time{}, ""
	s.Failures, s.Proven, s.TriedAt = 0, false, time.Time{}
}

// Renew is for a signer that got another passphrase: it is on trial, and a pause
// that its failures brought is over. One by an operator stays.
func (s *Signer) Renew() {
	if s.Failures >= SignerFailureLimit {
		s.Resume()
	}
	s.Failures, s.Proven, s.TriedAt = 0, false, time.Time{}
}

// SigningResult is what a document's step tells of who signs it.
type SigningResult int

// The signing results; the zero value tells nothing.
const (
	SigningUntouched SigningResult = iota
	SigningTried                   // handed over while the signer is on trial
	SigningUntold                  // it came back for another reason: the trial, if it was one, told nothing
	SigningApproved                // approved
	SigningFailed                  // Saved Invalid because of the signer
)

// Judge takes one result over, and says whether it pauses the signer. A pause is
// never taken back by a result: those of attempts from before it arrive late.
// For the same reason an approval proves a passphrase only while a trial of it
// is under way.
func (s *Signer) Judge(result SigningResult, at time.Time) (paused bool) {
	switch result {
	case SigningUntouched:
		return false
	case SigningTried:
		s.TriedAt = at
		return false
	case SigningApproved:
		if !s.Proven && s.TriedAt.IsZero() {
			return false
		}
		s.Proven, s.Failures = true, 0
	case SigningFailed:
		s.Failures++
		if paused = s.Failures >= SignerFailureLimit && !s.Paused(); paused {
			s.PausedAt = at
			s.PausedWhy = fmt.Sprintf("%d documents in a row failed for this signer.", s.Failures)
		}
	}
	s.TriedAt = time.Time{}
	return paused
}

// SignerPausedData is the data of signer.paused.
type SignerPausedData struct {
	TaxpayerNPWP string `json:"taxpayer_npwp" example:"0012345674901000"`
	Livemode     bool   `json:"livemode" example:"true"`
	// Signer is the NIK or NPWP of who signs nothing until they are resumed.
	Signer   string `json:"signer" example:"3174015506800001"`
	Name     string `json:"name" example:"Siti Rahayu"`
	Failures int    `json:"failures" example:"3"`
	// Reason is why the last document failed.
	Reason *Reason `json:"reason" extensions:"x-nullable"`
}

// PausedEvent tells that the failure of d paused the signer.
func (s *Signer) PausedEvent(d *Document, at time.Time) Event {
	return Event{Tenant: s.Tenant, Type: EventSignerPaused, At: at, Data: mustMarshal(SignerPausedData{
		TaxpayerNPWP: s.TaxpayerNPWP, Livemode: d.Livemode, Signer: s.ID, Name: s.Name, Failures: s.Failures, Reason: d.Reason})}
}
