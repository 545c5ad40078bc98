package portal

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/sheet"
)

// reader reads the cells of one row and notes what is wrong with them.
type reader struct {
	row    *sheet.Row
	header *header
	comma  bool // numbers written as text have decimal commas
	faults []faktur.Fault
}

// fault notes what is wrong with a cell; a column has one fault at most.
func (r *reader) fault(key, code, message string, args ...any) {
	title := r.header.titles[key]
	for _, f := range r.faults {
		if f.Pointer == title {
			return
		}
	}
	r.faults = append(r.faults, faktur.Fault{Pointer: title, Code: code, Message: fmt.Sprintf(message, args...)})
}

// cell gives a cell, an empty one when it is not even fit to be looked at.
func (r *reader) cell(key string) sheet.Cell {
	c := r.header.cell(r.row, key)
	if f, wrong := cellFault(r.header.titles[key], c); wrong {
		r.fault(key, f.Code, "%s", f.Message)
		return sheet.Cell{}
	}
	c.Text = clean(c.Text)
	if c.Text == "-" {
		c.Text = ""
	}
	return c
}

func (r *reader) text(key string) string { return r.cell(key).Text }

// exact reads a text that must not have lost digits on its way through a spreadsheet.
func (r *reader) exact(key string) string {
	c := r.cell(key)
	if c.Kind == sheet.Number && c.Inexact || exponent.MatchString(c.Text) {
		r.fault(key, "digits_lost", "%s is %s: the spreadsheet took it for a number, which keeps 15 digits at most. Format the column as text and fill it anew.", r.header.titles[key], shorten(c.Text))
		return ""
	}
	return c.Text
}

// exponent is how spreadsheets show a long number: 1.23E+16, or 1,23E+16.
var exponent = regexp.MustCompile(`^\d+([.,]\d+)?[eE]\+?\d+$`)

// nsfp reads a number that DJP gave, of 17 digits or 16 (FACTS 3); "" when
// there is none, or when it is no such number. One of 16 digits that begins with
// 10 may be the desktop application's of code 10, or a number of code 01 whose
// first zero is lost: only who knows the invoice can tell.
func (r *reader) nsfp(key string) (text string, zeroMayBeLost bool) {
	c := r.cell(key)
	if c.Text == "" {
		return "", false
	}
	title := r.header.titles[key]
	if c.Kind == sheet.Number || exponent.MatchString(c.Text) {
		r.fault(key, "nsfp_as_number", "%s is %s: the spreadsheet took it for a number, which loses its first zero and its last digits. Export the list again and send it without opening and saving it, or with the column formatted as text.", title, shorten(c.Text))
		return "", false
	}
	number, err := faktur.ParseNSFP(c.Text)
	if err != nil {
		r.fault(key, "nsfp_malformed", "%s is %q; it has 17 digits, or 16 from the desktop application. Copy it from the portal.", title, shorten(c.Text))
		return "", false
	}
	if !trxCode(number.TrxCode) {
		r.fault(key, "nsfp_zero_lost", "%s is %s, which begins with no kode transaksi (01 to 10): its first zero is lost, because a spreadsheet took it for a number. Export the list again and send it without opening and saving it.", title, shorten(c.Text))
		return "", false
	}
	return number.String(), len(number.Status) == 1 && number.TrxCode == "10"
}

func trxCode(code string) bool { return code >= "01" && code <= "10" }

// shorten makes a text of a cell fit into a sentence.
func shorten(text string) string {
	runes := []rune(text)
	if len(runes) > 40 {
		return string(runes[:40]) + "…"
	}
	return text
}

// date reads a day of the calendar, the zero date when there is none or it is none.
func (r *reader) date(key string) faktur.Date {
	c := r.cell(key)
	if c.Text == "" {
		return faktur.Date{}
	}
	day, ok := readDay(c.Text)
	if ok {
		return day
	}
	title := r.header.titles[key]
	if _, swapped := readDay(swapDayMonth(c.Text)); swapped {
		r.fault(key, "day_month_swapped", "%s is %q, which has no such month when read as day/month/year. Day and month seem to be swapped: correct the cell, or the date format of the spreadsheet.", title, shorten(c.Text))
		return faktur.Date{}
	}
	r.fault(key, "date_malformed", "%s is %q, which is no day of the calendar. Write it as DD/MM/YYYY.", title, shorten(c.Text))
	return faktur.Date{}
}

// months are Indonesian month names, and English ones where they differ, by
// their first three letters.
var months = map[string]time.Month{
	"jan": 1, "feb": 2, "peb": 2, "mar": 3, "apr": 4, "mei": 5, "may": 5, "jun": 6, "jul": 7,
	"agu": 8, "ags": 8, "aug": 8, "sep": 9, "okt": 10, "oct": 10, "nov": 11, "nop": 11, "des": 12, "dec": 12,
}

var dayParts = regexp.MustCompile(`^(\d{1,2})[-/. ]+(\d{1,2}|\pL{3,9})[-/. ,]+(\d{4})(?:[ ,T].*)?$`)

// readDay reads 2026-11-22, 22/11/2026, 22-11-2026 and 22 November 2026, with
// or without a time of day behind it. A time with its zone counts in Jakarta.
func readDay(text string) (faktur.Date, bool) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return faktur.DateOf(at), true
	}
	if len(text) >= len(time.DateOnly) {
		if day, err := faktur.ParseDate(text[:len(time.DateOnly)]); err == nil && (len(text) == len(time.DateOnly) || strings.ContainsAny(text[10:11], " T")) {
			return day, true
		}
	}
	parts := dayParts.FindStringSubmatch(text)
	if parts == nil {
		return faktur.Date{}, false
	}
	month := twoDigits(parts[2])
	if named := []rune(strings.ToLower(parts[2])); len(named) >= 3 {
		month = fmt.Sprintf("%02d", months[string(named[:3])])
	}
	day, err := faktur.ParseDate(parts[3] + "-" + month + "-" + twoDigits(parts[1]))
	return day, err == nil
}

func twoDigits(text string) string {
	if len(text) == 1 {
		return "0" + text
	}
	return text
}

// swapDayMonth swaps the day and the month of 22/11/2026.
func swapDayMonth(text string) string {
	parts := dayParts.FindStringSubmatch(text)
	if parts == nil {
		return ""
	}
	return parts[2] + "/" + parts[1] + "/" + parts[3]
}

var (
	pointThousands = regexp.MustCompile(`^\d{1,3}(\.\d{3})+(,\d{1,2})?$`) // 1.000.000,50 and 100.000
	commaThousands = regexp.MustCompile(`^\d{1,3}(,\d{3})+(\.\d{1,2})?$`) // 1,000,000.50
	commaDecimals  = regexp.MustCompile(`^\d+,\d{1,2}$`)
)

// amount reads an amount of the portal, which has at most two decimals: three
// digits behind a point or a comma are thousands. nil when there is none, or
// when it is no amount.
func (r *reader) amount(key string) *faktur.Amount {
	c := r.cell(key)
	if c.Text == "" {
		return nil
	}
	text := c.Text
	if c.Kind != sheet.Number {
		text = plainAmount(text)
	}
	amount, err := faktur.ParseAmount(text)
	if err != nil || c.Inexact {
		r.fault(key, "amount_malformed", "%s is %q, which is no amount with at most two decimals.", r.header.titles[key], shorten(c.Text))
		return nil
	}
	return &amount
}

// plainAmount drops the currency and the separators of thousands.
func plainAmount(text string) string {
	text = strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(text, "Rp"), "."))
	switch {
	case pointThousands.MatchString(text):
		return strings.ReplaceAll(strings.ReplaceAll(text, ".", ""), ",", ".")
	case commaThousands.MatchString(text):
		return strings.ReplaceAll(text, ",", "")
	case commaDecimals.MatchString(text):
		return strings.ReplaceAll(text, ",", ".")
	}
	return text
}
