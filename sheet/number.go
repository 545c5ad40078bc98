package sheet

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// exactDigits is how many significant digits spreadsheets keep of a number.
const exactDigits = 15

// numberText writes a stored number with its digits and no exponent, without
// the noise of binary fractions: 4.3499999999999996 is 4.35. It says whether
// the digits are in doubt.
func numberText(stored string) (text string, inexact bool) {
	value, err := strconv.ParseFloat(stored, 64)
	switch {
	case err != nil || math.IsInf(value, 0) || math.IsNaN(value):
		return stored, true
	case math.Abs(value) >= 1e15:
		if allDigits(stored) {
			return stored, true
		}
		return strconv.FormatFloat(value, 'f', -1, 64), true
	}
	if short := strconv.FormatFloat(value, 'e', exactDigits-1, 64); same(short, value) {
		return strconv.FormatFloat(value, 'f', -1, 64), false
	}
	noise := 8 * math.Abs(math.Nextafter(value, math.Inf(1))-value)
	for digits := 12; digits <= exactDigits; digits++ {
		short := strconv.FormatFloat(value, 'e', digits-1, 64)
		near, _ := strconv.ParseFloat(short, 64)
		if math.Abs(near-value) <= noise {
			return strconv.FormatFloat(near, 'f', -1, 64), false
		}
	}
	return strconv.FormatFloat(value, 'f', -1, 64), true
}

func same(text string, value float64) bool {
	read, err := strconv.ParseFloat(text, 64)
	return err == nil && read == value
}

func allDigits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

// lastSerial is 9999-12-31, the last day that Excel knows.
const lastSerial = 2_958_465

// dateText turns a serial day, as it stands in a cell with a date's format,
// into YYYY-MM-DD; false when it is none. since1904 is the other epoch that
// workbooks of old Macintoshes have.
func dateText(stored string, since1904 bool) (string, bool) {
	serial, err := strconv.ParseFloat(stored, 64)
	if err != nil || serial < 1 || serial > lastSerial {
		return "", false
	}
	epoch := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	switch {
	case since1904:
		epoch = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	case serial < 60: // Excel's 1900 has a 29 February
		epoch = epoch.AddDate(0, 0, 1)
	}
	return epoch.AddDate(0, 0, int(serial)).Format(time.DateOnly), true
}

// dateFormat says whether a number format shows a date. id is Excel's number of
// the format, code its pattern, "" for a built-in one.
func dateFormat(id int, code string) bool {
	if code == "" {
		return id >= 14 && id <= 17 || id == 22 || id >= 27 && id <= 31 || id >= 34 && id <= 36 || id >= 50 && id <= 58
	}
	bare := strings.ToLower(barePattern(code))
	if strings.ContainsAny(bare, "yd") {
		return !strings.Contains(bare, "general")
	}
	return strings.Contains(bare, "mmm") && !strings.ContainsAny(bare, "hs0#")
}

// barePattern leaves out of a number format what is in quotes, in brackets, or escaped.
func barePattern(code string) string {
	var bare strings.Builder
	for i := 0; i < len(code); i++ {
		switch c := code[i]; c {
		case '\\', '_', '*':
			i++
		case '"', '[':
			end := byte('"')
			if c == '[' {
				end = ']'
			}
			skip := strings.IndexByte(code[i+1:], end)
			if skip < 0 {
				return bare.String()
			}
			i += skip + 1
		case ';': // the first section is that of positive numbers
			return bare.String()
		default:
			bare.WriteByte(c)
		}
	}
	return bare.String()
}
