package faktur

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The buyer's identities, DJP's TIN, National ID, Passport and Other ID.
const (
	IDTypeNPWP     = "npwp"
	IDTypeNIK      = "nik"
	IDTypePassport = "passport"
	IDTypeOther    = "other"
)

// HeadOffice is the last six digits of a head office's NITKU (FACTS 3, ONLINEP-NITKU).
const HeadOffice = "000000"

// NoNPWP is what DJP's template wants where the buyer has no NPWP (FACTS 1.1).
const NoNPWP = "0000000000000000"

// ValidNPWP says whether text is an NPWP as it is written since 2024: 16
// digits, of a company 0 and its old 15, of an Indonesian person the NIK (FACTS 3).
func ValidNPWP(text string) bool { return digits(text, 16) && text != NoNPWP }

// ValidNIK says whether text is a person's number: 16 digits.
func ValidNIK(text string) bool { return digits(text, 16) }

// ValidNITKU says whether text names a place of business: 22 digits, an NPWP
// and the six digits of the place.
func ValidNITKU(text string) bool { return digits(text, 22) }

// npwpDoubt says what is odd about a valid NPWP; "" when nothing is. Only ever
// a warning: whether DJP enforces the check digit of 16-digit numbers is not
// known (FACTS 3 [NF]).
func npwpDoubt(npwp string) string {
	if npwp[0] != '0' {
		return nikDoubt(npwp)
	}
	if want := npwpCheckDigit(npwp[1:9]); npwp[9] != want {
		return fmt.Sprintf("The check digit of NPWP %s is %c, but %c follows from the digits before it. Look for a mistyped digit.", npwp, npwp[9], want)
	}
	return ""
}

// npwpCheckDigit is the ninth digit of a company's old NPWP: Luhn's over the
// eight before it (FACTS 3, TECHSCALES [S?], an assumption).
func npwpCheckDigit(eight string) byte {
	sum := 0
	for i := range eight {
		n := int(eight[i] - '0')
		if i%2 == 1 {
			n *= 2
			n = n/10 + n%10
		}
		sum += n
	}
	return byte('0' + (10-sum%10)%10)
}

// nikDoubt says what is odd about a valid NIK, PPRRSS DDMMYY XXXX with 40 added
// to a woman's day of birth (FACTS 3, TAXIDPRO); "" when nothing is. Only ever a
// warning, because numbers with an odd date were given out.
func nikDoubt(nik string) string {
	day, month, year := number2(nik[6:8]), number2(nik[8:10]), number2(nik[10:12])
	if day > 40 {
		day -= 40
	}
	born := time.Date(2000+year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if month < 1 || month > 12 || born.Day() != day {
		return fmt.Sprintf("Digits 7 to 12 of NIK %s, %s, are no date of birth (DDMMYY, 40 added to a woman's day). Look for a mistyped digit.", nik, nik[6:12])
	}
	if nik[0] == '0' {
		return fmt.Sprintf("NIK %s begins with 0, which no province does. Look for a mistyped digit.", nik)
	}
	return ""
}

func number2(text string) int { return int(text[0]-'0')*10 + int(text[1]-'0') }

// ungrouped drops the points, dashes and spaces that numbers are printed with.
var ungrouped = strings.NewReplacer(".", "", "-", "", " ", "")

// npwpMalformed says what is wrong with text that is no NPWP, and how to write it.
func npwpMalformed(text string) (code, message string) {
	bare := ungrouped.Replace(text)
	switch {
	case digits(text, 15):
		return "npwp_15_digits", fmt.Sprintf("%s is an NPWP of 15 digits; it has 16 now. A company's is 0 before the old one: 0%s. An Indonesian person's is the NIK.", text, text)
	case text == NoNPWP:
		return "npwp_malformed", "Sixteen zeros stand for a buyer without NPWP. Then set id_type to nik, passport or other and send that number."
	case bare != text && digits(bare, 16):
		return "npwp_malformed", fmt.Sprintf("Write the NPWP without points, dashes and spaces: %s.", bare)
	}
	return "npwp_malformed", fmt.Sprintf("%q is not an NPWP. It has 16 digits: a company's is 0 and the old 15, an Indonesian person's is the NIK.", clip(text))
}

// NSFP is the number that DJP gives an invoice on approval, in its parts.
type NSFP struct {
	TrxCode string // 2 digits
	// Status is the replacement counter, 00 for an original; 2 digits, of a
	// legacy number one (FACTS 3: inference from numbers seen).
	Status string
	Serial string // 13 digits; the first two of a Coretax serial are the year
}

// ParseNSFP reads a number of Coretax (17 digits) or of the desktop
// application (16), with or without the points and dashes of its print:
// 04002600000000001, 010.002-25.00000001. No check digit is known (FACTS 3).
func ParseNSFP(text string) (NSFP, error) {
	bare := ungrouped.Replace(text)
	switch {
	case digits(bare, 17):
		return NSFP{TrxCode: bare[:2], Status: bare[2:4], Serial: bare[4:]}, nil
	case digits(bare, 16):
		return NSFP{TrxCode: bare[:2], Status: bare[2:3], Serial: bare[3:]}, nil
	}
	return NSFP{}, fmt.Errorf("%q is not an NSFP, which has 17 digits, or 16 from the desktop application", clip(text))
}

// Follows says whether n is the number of the replacement of what has the number
// original: the same serial, and the counter one further (FACTS 3: inference).
func (n NSFP) Follows(original NSFP) bool {
	before, err1 := strconv.Atoi(original.Status)
	after, err2 := strconv.Atoi(n.Status)
	return err1 == nil && err2 == nil && n.Serial == original.Serial && after == before+1
}

// String writes the bare digits.
func (n NSFP) String() string { return n.TrxCode + n.Status + n.Serial }
