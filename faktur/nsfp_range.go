package faktur

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
)

// NSFPRange is a range of numbers that DJP gave a seller through e-Nofa, for
// the desktop application. Numbers are 13-digit serials, as printed
// (000-26.00000001) or bare.
type NSFPRange struct {
	First string `json:"first" validate:"required" example:"0002600000001"`
	Last  string `json:"last" validate:"required" example:"0002600000100"`
	Next  string `json:"next,omitempty" readonly:"true" example:"0002600000008"` // the next free one; absent: used up
	Left  int64  `json:"left" readonly:"true" example:"93"`                      // how many are free
}

// NSFPRanges are all ranges of a seller.
type NSFPRanges struct {
	Ranges []NSFPRange `json:"ranges" validate:"required"`
	Left   int64       `json:"left" readonly:"true" example:"93"` // in all of them
}

// NumberRange is an NSFPRange as numbers.
type NumberRange struct {
	First, Last int64
	Next        int64 // the next free one; Last+1 when used up
}

// Left is how many numbers are free.
func (r NumberRange) Left() int64 { return r.Last - r.Next + 1 }

// MaxNSFPRanges is how many ranges a seller may have.
const MaxNSFPRanges = 1000

// LowOnNSFPs is how many free numbers are few enough to warn of.
const LowOnNSFPs = 100

// Parse reads the ranges, sorted by their first number; Next and Left are
// ignored. The error has every fault, with pointers into {"ranges": [...]}.
func (r NSFPRanges) Parse() ([]NumberRange, error) {
	if len(r.Ranges) > MaxNSFPRanges {
		return nil, Invalid([]Fault{{Pointer: "/ranges", Code: "too_many_ranges",
			Message: fmt.Sprintf("A seller has at most %d ranges.", MaxNSFPRanges)}})
	}
	var found findings
	parsed := make([]NumberRange, len(r.Ranges))
	place := map[int64]int{}
	for i, one := range r.Ranges {
		first, last := found.serial(i, "first", one.First), found.serial(i, "last", one.Last)
		if first > last && last > 0 {
			found.refuse(fmt.Sprintf("/ranges/%d/last", i), "range_backwards", "The range ends at %s, before it begins.", clip(one.Last))
		}
		parsed[i] = NumberRange{First: first, Last: last, Next: first}
		place[first] = i
	}
	slices.SortFunc(parsed, func(a, b NumberRange) int { return cmp.Compare(a.First, b.First) })
	for i := 1; i < len(parsed); i++ {
		if parsed[i].First > 0 && parsed[i].First <= parsed[i-1].Last {
			found.refuse(fmt.Sprintf("/ranges/%d", place[parsed[i].First]), "ranges_overlap",
				"This range and the one from %s share numbers.", FormatSerial(parsed[i-1].First))
		}
	}
	return parsed, found.refusal()
}

// serial reads a 13-digit serial; 0 when it is none.
func (f *findings) serial(i int, name, text string) int64 {
	bare := ungrouped.Replace(text)
	n, err := strconv.ParseInt(bare, 10, 64)
	if !digits(bare, 13) || err != nil || n == 0 {
		f.refuse(fmt.Sprintf("/ranges/%d/%s", i, name), "serial_malformed",
			"%q is no serial of 13 digits. Write it as e-Nofa prints it, such as 000-26.00000001.", clip(text))
		return 0
	}
	return n
}

// FormatSerial writes a serial's 13 digits.
func FormatSerial(n int64) string { return fmt.Sprintf("%013d", n) }

// NewNSFPRanges shows ranges.
func NewNSFPRanges(ranges []NumberRange) NSFPRanges {
	shown := NSFPRanges{Ranges: make([]NSFPRange, len(ranges))}
	for i, r := range ranges {
		shown.Ranges[i] = NSFPRange{First: FormatSerial(r.First), Last: FormatSerial(r.Last), Left: r.Left()}
		if r.Left() > 0 {
			shown.Ranges[i].Next = FormatSerial(r.Next)
		}
		shown.Left += r.Left()
	}
	return shown
}

// legacyStatus is the third digit of an original's number in the desktop
// application; 1 is a replacement's (FACTS 3: ODOO-LEGACY).
const legacyStatus = "0"

// LegacyNSFP is the whole number of 16 digits that an invoice of the desktop
// application has with a serial.
func LegacyNSFP(trxCode, serial string) string {
	return NSFP{TrxCode: trxCode, Status: legacyStatus, Serial: serial}.String()
}
