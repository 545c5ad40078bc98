package efakturtest

import (
	"bytes"
	"fmt"
	"strings"
)

// Bounds of a file. DJP's are not known; these keep the memory of a reader small.
const (
	maxBytes  = 32 << 20
	maxValues = 50  // of a line
	maxFaults = 100 // after which reading ends
)

// Fault is one thing that is wrong with a file.
type Fault struct {
	Line    int    // of the file, the first being 1
	Column  string // "" when it is the whole line
	Message string
}

// Refused is the error of Import: nothing of the file was taken. That the
// application rolls a whole file back is an assumption.
type Refused struct {
	Faults []Fault // in the order of their lines; never empty
}

// Error gives the faults, one a line.
func (r *Refused) Error() string {
	var text strings.Builder
	text.WriteString("The import failed.")
	for _, f := range r.Faults {
		fmt.Fprintf(&text, "\nline %d: %s: %s", f.Line, f.Column, f.Message)
	}
	return text.String()
}

// record is one line of a file: its values, every one of which is quoted.
type record struct {
	line   int
	values []string
}

// is says whether the record is of a type: FK, LT, OF.
func (r *record) is(kind string) bool { return len(r.values) > 0 && r.values[0] == kind }

// cut takes the first line off a file. It ends with a line feed, which a
// carriage return may precede; that the last one may lack it is an assumption.
func cut(file []byte) (line, rest []byte) {
	line, rest, _ = bytes.Cut(file, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r")), rest
}

// values parts a line, whose values are all quoted (FACTS 6, ODOO-LEGACY). A
// quote within a value is doubled, an assumption. The message says what is wrong.
func values(line []byte) (values []string, wrong string) {
	rest := string(line)
	for {
		if !strings.HasPrefix(rest, `"`) {
			return nil, "Every value is to stand in quotation marks."
		}
		value, after, closed := unquote(rest[1:])
		if !closed {
			return nil, "A quotation mark is never closed."
		}
		values = append(values, value)
		if after == "" {
			return values, ""
		}
		if len(values) == maxValues {
			return nil, "It has too many values."
		}
		if after[0] != ',' {
			return nil, "After a value in quotation marks only a comma may follow; a quotation mark within it is to be doubled."
		}
		rest = after[1:]
	}
}

// unquote gives a value up to its closing quotation mark, and what follows.
func unquote(text string) (value, after string, closed bool) {
	var b strings.Builder
	for {
		part, rest, found := strings.Cut(text, `"`)
		b.WriteString(part)
		if !found {
			return "", "", false
		}
		if !strings.HasPrefix(rest, `"`) {
			return b.String(), rest, true
		}
		b.WriteByte('"')
		text = rest[1:]
	}
}

// foreign finds the first character that is not plain ASCII. DJP's application
// answers ETAX-API-10001 to text that is not UTF-8 (FACTS 6, DDTC-10001); that
// it takes nothing beyond ASCII is an assumption.
func foreign(line []byte) int {
	return bytes.IndexFunc(line, func(c rune) bool { return c < ' ' || c > '~' })
}

func clip(text string) string {
	const most = 60
	if len(text) <= most {
		return text
	}
	return text[:most] + "..." // ASCII
}
