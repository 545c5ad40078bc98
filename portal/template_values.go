package portal

import (
	"regexp"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/sheet"
)

// identity reads an NPWP, NIK or NITKU of n digits; points, dashes and spaces
// go. What is no such number for another reason stays for the rules to refuse.
func (c *cells) identity(key string, n int) string {
	cell := c.cell(key)
	text := bareNumber(cell.Text)
	title := c.header.titles[key]
	digits := text != "" && strings.Trim(text, "0123456789") == ""
	switch {
	case cell.Kind == sheet.Number && cell.Inexact, exponent.MatchString(cell.Text):
		c.fault(key, "digits_lost", "%s is %s: the spreadsheet took it for a number and kept 15 digits of it. Format the column as text and write all %d digits anew.", title, shorten(cell.Text), n)
		return ""
	case cell.Kind == sheet.Number && len(text) < n, digits && len(text) == n-1:
		zeros := strings.Repeat("0", max(0, n-len(text)))
		c.fault(key, "leading_zero_lost", "%s is %s, which has %d digits and not %d: a spreadsheet that takes it for a number drops the zeros before it. Format the column as text and write it in full; it may be %s.", title, text, len(text), n, zeros+text)
		return ""
	}
	return text
}

// day reads the invoice's date and names a swap of day and month: a date that
// is impossible or lies in the future as it is read, and is not when swapped.
func (c *cells) day(key string) faktur.Date {
	cell := c.cell(key)
	title, today := c.header.titles[key], c.template.options.Today
	day, ok := readDay(cell.Text)
	swapped, possible := readDay(swapDayMonth(asDayFirst(cell.Text)))
	possible = possible && swapped.Compare(today) <= 0
	switch {
	case cell.Text == "":
		return faktur.Date{}
	case !ok && possible:
		c.fault(key, "day_month_swapped", "%s is %q, which is no day when read as day/month/year. With day and month swapped it is %s. Write dates as DD/MM/YYYY, in a column that is formatted as text or as a date.", title, shorten(cell.Text), swapped)
	case ok && day.Compare(today) > 0 && possible && swapped != day:
		c.fault(key, "day_month_swapped", "%s is %s, which lies in the future; with day and month swapped it is %s. The spreadsheet probably reads dates as month/day/year: set its region to Indonesia, or write the column as text.", title, day, swapped)
	case !ok:
		var malformed faktur.Date
		unmarshal(cell.Text, &malformed)
		return malformed
	}
	return day
}

// asDayFirst writes 2026-12-05, as a date cell gives it, as 05/12/2026.
func asDayFirst(text string) string {
	if day, err := faktur.ParseDate(text); err == nil && text != "" {
		day := day.String()
		return day[8:] + "/" + day[5:7] + "/" + day[:4]
	}
	return text
}

// optional reads an amount; nil when the cell is empty. What is no amount is
// kept for the rules to refuse, but for what spreadsheets do to numbers.
func (c *cells) optional(key string) *faktur.Amount {
	text, given := c.number(key)
	if !given {
		return nil
	}
	var amount faktur.Amount
	unmarshal(text, &amount)
	return &amount
}

// rate reads a rate in percent; nil when the cell is empty.
func (c *cells) rate(key string) *faktur.Rate {
	text, given := c.number(key)
	if !given {
		return nil
	}
	text = strings.TrimSpace(strings.TrimSuffix(text, "%"))
	if text == "0.12" || text == "0.11" {
		c.fault(key, "rate_as_fraction", "%s is %s, which is the stored value of a cell that shows a percentage. Write the rate as a plain number, 12.", c.header.titles[key], text)
		return nil
	}
	var rate faktur.Rate
	unmarshal(text, &rate)
	return &rate
}

// unmarshal lets one of our types decode a text as it would from JSON, where it
// keeps what it cannot read. No text fails it.
func unmarshal(text string, into any) {
	quoted, err := json.Marshal(strings.ToValidUTF8(text, "�"))
	if err == nil {
		err = json.Unmarshal(quoted, into)
	}
	if err != nil {
		panic(err) // a type of ours does not take a text
	}
}

var (
	commaNumber     = regexp.MustCompile(`^\d{1,3}(\.\d{3})*,\d{1,2}$|^\d+,\d{1,2}$`)
	thousandsNumber = regexp.MustCompile(`^\d{1,3}(\.\d{3}){2,}$|^\d{1,3}(,\d{3})+(\.\d+)?$`)
	indonesian      = regexp.MustCompile(`^\d{1,3}(\.\d{3})*(,\d+)?$|^\d+(,\d+)?$`)
)

// number reads the digits of a number; false when the cell is empty or its
// fault is told.
func (c *cells) number(key string) (string, bool) {
	cell := c.cell(key)
	text := strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(cell.Text, "Rp"), "."))
	title := c.header.titles[key]
	switch {
	case text == "":
		return "", false
	case cell.Kind == sheet.Number && cell.Inexact:
		c.fault(key, "digits_lost", "%s is %s, which has more digits than a spreadsheet keeps (15). Format the cell as text and write it anew.", title, text)
		return "", false
	case cell.Kind == sheet.Number:
		return text, true
	case c.comma && indonesian.MatchString(text):
		return strings.ReplaceAll(strings.ReplaceAll(text, ".", ""), ",", "."), true
	case commaNumber.MatchString(text):
		c.fault(key, "decimal_comma", "%s is the text %q with a decimal comma, and not a number. Format the column as a number, or say --decimal-comma when all numbers of the file are written so.", title, shorten(text))
		return "", false
	case thousandsNumber.MatchString(text):
		c.fault(key, "thousands_separator", "%s is the text %q with separators between the thousands, and not a number. Format the column as a number, or write the digits with a point before the decimals and nothing else.", title, shorten(text))
		return "", false
	}
	return text, true
}
