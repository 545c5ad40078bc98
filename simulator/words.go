package simulator

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
)

// The magic words: a reference that contains one forces what happens. CONTRACT
// fixes their names; docs/simulator.md says how they combine.
const (
	wordApprove       = "SIM-APPROVE"
	wordSavedInvalid  = "SIM-SAVED-INVALID"
	wordBadPassphrase = "SIM-BAD-PASSPHRASE"
	wordStuck         = "SIM-STUCK"
	wordDrop          = "SIM-DROP"
	word502           = "SIM-502"
	wordSlow          = "SIM-SLOW"
	wordLate          = "SIM-LATE"
	wordLose          = "SIM-LOSE"
	wordBuyerConsent  = "SIM-BUYER-CONSENT"
	wordBuyerRefuses  = "SIM-BUYER-REFUSES"
)

// wrongPassphrase in a passphrase makes it wrong, whoever signs with it.
const wrongPassphrase = "SIM-WRONG"

// defaultLateLag is how long SIM-LATE hides a submission when no lag is configured.
const defaultLateLag = 2 * time.Second

// reason is why a document was refused, as the wire has it.
type reason struct {
	Code    string        `json:"code"`
	Action  faktur.Action `json:"action"`
	Message string        `json:"message"`
	Origin  faktur.Origin `json:"origin"`
}

const (
	codeBuyerNITKU    = "buyer_nitku_invalid"
	codePassphrase    = "REG-KODJP-00024"
	codeReplacedState = "replaced_not_approved"
)

// reasons are the ends of signing other than approval, by their code. The codes
// in capitals are those that users report (FACTS 5.3, SIPAJAK); the others
// are the simulator's own, because DJP's are not known.
var reasons = func() map[string]*reason {
	table := map[string]*reason{}
	for _, r := range []reason{
		{codeBuyerNITKU, faktur.ActionCorrectContent, "NITKU pembeli tidak valid", faktur.OriginTaxSystem},
		{codePassphrase, faktur.ActionChangeSigner, "REG-KODJP-00024: passphrase salah", faktur.OriginTaxSystem},
		{"DJP-SIGN-MASTER", faktur.ActionChangeSigner, "DJP-SIGN-MASTER: passphrase tidak dikenali", faktur.OriginTaxSystem},
		{"REG-KODJP-00003", faktur.ActionChangeSigner, "REG-KODJP-00003: sertifikat tidak terdeteksi", faktur.OriginTaxSystem},
		{"signing_failed", faktur.ActionRetry, "Penandatanganan gagal, silakan unggah ulang", faktur.OriginTaxSystem},
		{codeReplacedState, faktur.ActionContactSupport, "Faktur yang diganti tidak lagi berstatus Approved", faktur.OriginTaxSystem},
	} {
		table[r.Code] = &r
	}
	return table
}()

// mishaps are the codes that FailRate draws from.
var mishaps = []string{"DJP-SIGN-MASTER", "REG-KODJP-00003", "signing_failed"}

// plan fills in what will become of a document that is taken now: how long
// it hides and signs, and how that ends. attempts are the earlier ones to file
// the same document; wrong says that its passphrase is.
func (s *Simulator) plan(t *taken, content any, wrong bool, attempts []*submission) {
	key := []string{t.NPWP, t.Reference, fmt.Sprint(len(attempts))}
	t.Signs = s.signingTime(s.dice("signing", key...))
	has := func(word string) bool { return strings.Contains(t.Reference, word) }
	if has("SIM-") {
		t.Content = contentHash(content)
	}
	if has(wordLate) {
		t.Hides = s.lateLag().Microseconds()
	}
	switch {
	case has(wordSavedInvalid) && !corrected(t, attempts):
		t.Fails = codeBuyerNITKU
	case wrong, has(wordBadPassphrase) && !s.book.resigned(t, attempts):
		t.Fails = codePassphrase
	case has(wordStuck):
		t.Signs = neverSigns
	case !has("SIM-") && s.dice("outcome", key...) < s.config.FailRate:
		t.Fails = mishaps[int(s.dice("mishap", key...)*float64(len(mishaps)))]
	}
}

// signingTime is how long signing takes, in microseconds; luck is 0 up to 1.
func (s *Simulator) signingTime(luck float64) int64 {
	delay := float64(s.config.SigningDelay.Microseconds())
	if s.config.SigningSigma == 0 {
		return int64(delay * (0.5 + luck))
	}
	normal := math.Sqrt2 * math.Erfinv(2*min(max(luck, 1e-9), 1-1e-9)-1)
	return int64(delay * math.Exp(s.config.SigningSigma*normal))
}

// neverSigns is the time in the queue of what is stuck until it is released.
const neverSigns = -1

// corrected says whether an attempt failed for its content, and this one says something else.
func corrected(t *taken, attempts []*submission) bool {
	failed := false
	for _, a := range attempts {
		if a.Fails == codeBuyerNITKU {
			failed = true
			if a.Content == t.Content {
				return false
			}
		}
	}
	return failed
}

// resigned says whether SIM-BAD-PASSPHRASE does no harm any more. The wrong
// passphrase is one signer's: the first that is named with the word for a seller
// has it, and any other named one signs at once, in a first attempt too, and so
// does the same one with another passphrase. An attempt that named nobody blames
// nobody: then a re-upload is enough.
func (b *book) resigned(t *taken, attempts []*submission) bool {
	if bad := b.badSigner[t.NPWP]; t.Signer != "" && bad != (signedWith{}) {
		return bad != t.signedWith()
	}
	return slices.ContainsFunc(attempts, func(a *submission) bool { return a.Fails == codePassphrase })
}

// signedWith is a signer with a passphrase, by its fingerprint.
type signedWith struct{ signer, passphrase string }

func (t *taken) signedWith() signedWith { return signedWith{t.Signer, t.Passphrase} }

func (s *signature) wrong() bool { return strings.Contains(s.Passphrase, wrongPassphrase) }

// fingerprint tells one passphrase of a signer from the next, and is far too
// short to find one by; "" for none. Its values live in the state file.
func (s *signature) fingerprint() string {
	if s.Passphrase == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(s.Passphrase))
	return hex.EncodeToString(sum[:2])
}

func (s *Simulator) lateLag() time.Duration {
	if s.config.LookupLag > 0 {
		return s.config.LookupLag
	}
	return defaultLateLag
}

// loses says whether what is taken under this reference is forgotten.
func (s *Simulator) loses(reference string) bool {
	return strings.Contains(reference, wordLose) || s.config.Lose != "" && strings.Contains(reference, s.config.Lose)
}

func (s *submission) asksBuyer() bool {
	return strings.Contains(s.Reference, wordBuyerConsent) || s.buyerRefuses()
}

func (s *submission) buyerRefuses() bool { return strings.Contains(s.Reference, wordBuyerRefuses) }

// dice gives a number from 0 up to but not including 1 that depends only on the
// seed, what it is for and the key.
func (s *Simulator) dice(purpose string, key ...string) float64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d\x00%s", s.config.Seed, purpose)
	for _, part := range key {
		h.Write([]byte{0})
		h.Write([]byte(part))
	}
	return float64(mix(h.Sum64())>>11) / (1 << 53)
}

// mix spreads FNV's weak high bits (the finaliser of splitmix64).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// contentHash tells two contents apart. Its values live in the state file.
func contentHash(content any) string {
	h := fnv.New64a()
	fmt.Fprintf(h, "%v", content)
	return fmt.Sprintf("%016x", h.Sum64())
}
