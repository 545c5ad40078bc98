package efakturtest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/fakturgate/fakturgate/adapter/coretax/coretaxtest"
	"github.com/fakturgate/fakturgate/faktur"
)

// errStop ends the reading of a file whose faults say why.
var errStop = errors.New("stop")

// checker reads one file.
type checker struct {
	config *Config
	today  faktur.Date
	used   map[string]bool // numbers of earlier files
	faults []Fault
	rows   []coretaxtest.Row
}

// invoice is an FK record and its OF records.
type invoice struct {
	head   record
	lines  []record
	broken bool // a line of it could not be read
}

func (c *checker) fault(line int, column, format string, args ...any) error {
	c.faults = append(c.faults, Fault{line, column, fmt.Sprintf(format, args...)})
	if len(c.faults) >= maxFaults {
		return errStop
	}
	return nil
}

// file checks a whole file: three lines of headings, then FK and OF lines.
func (c *checker) file(content []byte) error {
	if len(content) > maxBytes {
		return c.fault(1, "", "The file is larger than %d bytes.", maxBytes)
	}
	content, err := c.headings(content)
	if err != nil {
		return err
	}
	var open *invoice
	for line := 4; len(content) > 0; line++ {
		var text []byte
		text, content = cut(content)
		before := len(c.faults)
		if open, err = c.line(open, text, line); err != nil {
			return err
		}
		if open != nil && open.head.line < line && len(c.faults) > before {
			open.broken = true
		}
	}
	if open == nil && len(c.faults) == 0 {
		return c.fault(3, "", "There is no invoice in it.")
	}
	return c.close(open)
}

// line reads a line and gives the invoice that it belongs to; open is the one
// of the line before it.
func (c *checker) line(open *invoice, text []byte, line int) (*invoice, error) {
	r, err := c.record(text, line)
	switch {
	case r == nil:
		return open, err
	case r.is("FK"):
		return &invoice{head: *r}, c.close(open)
	case r.is("OF") && open != nil:
		open.lines = append(open.lines, *r)
		return open, nil
	case r.is("OF"):
		return nil, c.fault(line, "OF", "A line of no invoice: an FK line comes first.")
	}
	return open, c.fault(line, "", "It begins with %q, and lines begin with FK or OF.", clip(r.values[0]))
}

// headings reads the three lines of headings and gives what follows.
func (c *checker) headings(content []byte) ([]byte, error) {
	for i, columns := range [][]column{fkColumns, ltColumns, ofColumns} {
		names := make([]string, len(columns))
		for k, column := range columns {
			names[k] = `"` + column.name + `"`
		}
		var line []byte
		line, content = cut(content)
		if want := strings.Join(names, ","); string(line) != want {
			if err := c.fault(i+1, "", "It is to be the heading %s", want); err != nil {
				return nil, err
			}
		}
	}
	return content, nil
}

// record reads a line; nil when it is none, which has been noted.
func (c *checker) record(text []byte, line int) (*record, error) {
	if at := foreign(text); at >= 0 {
		return nil, c.fault(line, "", "ETAX-API-10001: the character after %q is not plain ASCII.", clip(string(text[:at])))
	}
	if len(text) == 0 {
		return nil, c.fault(line, "", "The line is empty.")
	}
	values, wrong := values(text)
	if wrong != "" {
		return nil, c.fault(line, "", "%s", wrong)
	}
	return &record{line, values}, nil
}

// close checks an invoice when all of its lines have been read; nil is none.
func (c *checker) close(i *invoice) error {
	if i == nil {
		return nil
	}
	before := len(c.faults)
	if err := c.forms(&i.head, fkColumns); err != nil {
		return err
	}
	for k := range i.lines {
		if err := c.forms(&i.lines[k], ofColumns); err != nil {
			return err
		}
	}
	if i.broken {
		return nil
	}
	if len(i.lines) == 0 {
		return c.fault(i.head.line, "FK", "The invoice has no OF line.")
	}
	if len(c.faults) > before {
		return nil
	}
	return c.content(i)
}

// forms checks the number of values and how each is written.
func (c *checker) forms(r *record, columns []column) error {
	if len(r.values) != len(columns) {
		return c.fault(r.line, r.values[0], "It has %d values, and %d columns.", len(r.values), len(columns))
	}
	for i, column := range columns {
		if column.form.pattern.MatchString(r.values[i]) {
			continue
		}
		if err := c.fault(r.line, column.name, "%s It says %q.", column.form.says, clip(r.values[i])); err != nil {
			return err
		}
	}
	return nil
}

// number gives a value whose form has been checked.
func number(text string) decimal.Decimal {
	d, err := decimal.NewFromString(text)
	if err != nil {
		return decimal.Zero
	}
	return d
}
