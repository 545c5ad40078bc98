package portal

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/sheet"
)

// headerRows is how far down a table's header may stand, empty rows not counted.
const headerRows = 50

// column is one that a table may have: what we call it, and its names, bare
// (see bare), the likeliest first.
type column struct {
	key      string
	title    string // as DJP writes it
	names    []string
	required bool
}

// header says where the columns of a table are.
type header struct {
	columns []column
	kind    string            // of the table, in a template
	row     int               // its number in the file
	at      map[string]int    // by key
	titles  map[string]string // by key, as they stand in the file
	twice   []string          // titles of which there are two
}

// bare leaves the small letters and digits of a title: "Status e-Sign" is statusesign.
func bare(title string) string {
	return strings.Map(func(r rune) rune {
		if r = unicode.ToLower(r); unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, title)
}

// readHeader takes a row for a header as far as it goes.
func readHeader(row sheet.Row, columns []column) header {
	h := header{columns: columns, row: row.Number, at: map[string]int{}, titles: map[string]string{}}
	for _, c := range columns {
		best := len(c.names)
		for i, cell := range row.Cells {
			rank := slices.Index(c.names, bare(cell.Text))
			switch {
			case rank < 0 || rank > best:
			case rank == best:
				h.twice = append(h.twice, clean(cell.Text))
			default:
				best = rank
				h.at[c.key], h.titles[c.key] = i, clean(cell.Text)
			}
		}
	}
	return h
}

// missing gives the titles of required columns that are not there.
func (h *header) missing() []string {
	var titles []string
	for _, c := range h.columns {
		if c.required && !h.has(c.key) {
			titles = append(titles, c.title)
		}
	}
	return titles
}

// present gives the titles that are there, as they stand in the file.
func (h *header) present() []string {
	var titles []string
	for _, c := range h.columns {
		if h.has(c.key) {
			titles = append(titles, h.titles[c.key])
		}
	}
	return titles
}

// ambiguous is the error of a header that has columns twice.
func (h *header) ambiguous() error {
	return faktur.NewError(faktur.KindInvalid, "column_twice", fmt.Sprintf("Row %d has two columns %s. Delete the one that is not meant.", h.row, strings.Join(h.twice, ", ")))
}

// has says whether the table has a column.
func (h *header) has(key string) bool {
	_, there := h.at[key]
	return there
}

// cell gives a row's cell in a column, an empty one where there is no such column.
func (h *header) cell(row *sheet.Row, key string) sheet.Cell {
	at, there := h.at[key]
	if !there {
		return sheet.Cell{}
	}
	return row.Cell(at)
}

// clean drops what spreadsheets put around a text: spaces, also unbreakable
// ones, the apostrophe that makes a number a text, and ="..." of CSV exports.
func clean(text string) string {
	text = strings.TrimFunc(text, func(r rune) bool { return unicode.IsSpace(r) || r == '\u200b' || r == '\ufeff' })
	if inner, found := strings.CutPrefix(text, `="`); found && strings.HasSuffix(inner, `"`) {
		return strings.TrimSuffix(inner, `"`)
	}
	return strings.TrimPrefix(text, "'")
}

// cellFault says what is wrong with a cell before anybody looks at its text;
// false when nothing is.
func cellFault(title string, c sheet.Cell) (faktur.Fault, bool) {
	switch {
	case c.Kind == sheet.Failure:
		return faktur.Fault{Pointer: title, Code: "cell_error", Message: fmt.Sprintf("%s shows the error %s. Correct the formula, or write the value itself.", title, c.Text)}, true
	case c.Formula && c.Text == "":
		return faktur.Fault{Pointer: title, Code: "formula_without_value", Message: fmt.Sprintf("%s is a formula without a stored value. Open the file in Excel, let it compute, save, and send it again.", title)}, true
	case c.Merged && c.Text == "":
		return faktur.Fault{Pointer: title, Code: "merged_cell", Message: fmt.Sprintf("%s is covered by a merged cell, so it is not known what belongs here. Unmerge the cells and fill every row.", title)}, true
	}
	return faktur.Fault{}, false
}
