package faktur

import "strings"

// coretaxWords are the portal's words for where a document stands, bare: in
// small letters without spaces and punctuation. Several spellings are about
// (FACTS 5.1: "Waiting For Cancelation", Cancelled and CANCELED).
var coretaxWords = map[string]Status{
	"draft":                  AwaitingUpload,
	"created":                AwaitingUpload, // [R], an assumption
	"signinginprogress":      SigningInProgress,
	"approved":               Approved,
	"savedinvalid":           SavedInvalid,
	"waitingforamendment":    AmendmentPending,
	"amended":                Amended,
	"waitingforcancelation":  CancellationPending,
	"waitingforcancellation": CancellationPending,
	"cancelled":              Cancelled,
	"canceled":               Cancelled,
}

// ParseCoretaxStatus maps the tax system's own word to a status, without
// regard to case, spaces and punctuation; false for a word that this release
// does not know, which is kept raw and never guessed at (FACTS 5.1).
func ParseCoretaxStatus(word string) (Status, bool) {
	status, known := coretaxWords[bareWord(word)]
	return status, known
}

// bareWord leaves the small letters and digits of a word.
func bareWord(word string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		}
		return -1
	}, word)
}
