package faktur

import (
	"cmp"
	"fmt"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Date is a calendar date in Asia/Jakarta. The zero value is no date, null in JSON.
//
// In JSON it is "YYYY-MM-DD". Like Amount it decodes from anything: what is no
// date (31 February, 22/11/2026) is kept as its text and refused by Rules.Assess.
type Date struct {
	year       int16
	month, day uint8
	raw        string // the text that was refused, clipped; "" when it was taken
}

// NewDate gives a date; days and months beyond their range carry over, as in time.Date.
func NewDate(year int, month time.Month, day int) Date {
	return DateOf(time.Date(year, month, day, 0, 0, 0, 0, Jakarta))
}

// DateOf gives the date that it is in Jakarta at t.
func DateOf(t time.Time) Date {
	year, month, day := t.In(Jakarta).Date()
	return Date{year: int16(year), month: uint8(month), day: uint8(day)}
}

// ParseDate reads YYYY-MM-DD. "" is the zero date.
func ParseDate(text string) (Date, error) {
	d := readDate(text)
	if !d.Valid() {
		return Date{}, fmt.Errorf("%q is not a date of the calendar, written YYYY-MM-DD", d.raw)
	}
	return d, nil
}

func readDate(text string) Date {
	if text == "" {
		return Date{}
	}
	t, err := time.Parse(time.DateOnly, text)
	if err != nil || t.Year() == 0 {
		return Date{raw: clip(text)}
	}
	return Date{year: int16(t.Year()), month: uint8(t.Month()), day: uint8(t.Day())}
}

// Valid says whether d is a date, or none at all; false when it was decoded from something else.
func (d Date) Valid() bool { return d.raw == "" }

// IsZero says whether d is no date.
func (d Date) IsZero() bool { return d == Date{} }

// String writes YYYY-MM-DD, "" for no date, or the text that was no date.
func (d Date) String() string {
	switch {
	case !d.Valid():
		return d.raw
	case d.IsZero():
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.year, d.month, d.day)
}

// Month writes YYYY-MM, the tax period of the date; "" for no date.
func (d Date) Month() string {
	if d.month == 0 {
		return ""
	}
	return fmt.Sprintf("%04d-%02d", d.year, d.month)
}

// Compare gives -1, 0 or +1 as d is before, the same as or after other.
func (d Date) Compare(other Date) int {
	return cmp.Or(cmp.Compare(d.year, other.year), cmp.Compare(d.month, other.month), cmp.Compare(d.day, other.day))
}

// Equal says whether d and other are the same date.
func (d Date) Equal(other Date) bool { return d == other }

// AddDays gives the date n days later; n may be negative.
func (d Date) AddDays(n int) Date {
	return NewDate(int(d.year), time.Month(d.month), int(d.day)+n)
}

// DayOfNextMonth gives the date with that day in the month after d's.
func (d Date) DayOfNextMonth(day int) Date {
	return NewDate(int(d.year), time.Month(d.month)+1, day)
}

// StartOfDay gives the first moment of the date in Jakarta; the zero time for no date.
func (d Date) StartOfDay() time.Time {
	if d.month == 0 {
		return time.Time{}
	}
	return time.Date(int(d.year), time.Month(d.month), int(d.day), 0, 0, 0, 0, Jakarta)
}

// EndOfDay gives the last microsecond of the date in Jakarta; the zero time for no date.
func (d Date) EndOfDay() time.Time {
	if d.month == 0 {
		return time.Time{}
	}
	return time.Date(int(d.year), time.Month(d.month), int(d.day), 23, 59, 59, 999_999_000, Jakarta)
}

// MarshalJSONTo writes the date as a JSON string, no date as null.
func (d Date) MarshalJSONTo(enc *jsontext.Encoder) error {
	if d.IsZero() {
		return enc.WriteToken(jsontext.Null)
	}
	return enc.WriteToken(jsontext.String(d.String()))
}

// UnmarshalJSONFrom reads any JSON value; see Date. Only broken JSON is an error.
func (d *Date) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if dec.PeekKind() == '"' {
		token, err := dec.ReadToken()
		if err != nil {
			return err
		}
		*d = readDate(token.String())
		return nil
	}
	value, err := dec.ReadValue()
	if err != nil {
		return err
	}
	*d = Date{}
	if value.Kind() != 'n' {
		d.raw = clip(string(value))
	}
	return nil
}
