package sheet

import (
	"cmp"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
)

const (
	maxRows   = 1 << 20 // of a sheet, empty ones counted; Excel's own
	maxMerges = 20_000
)

// scan is a walk over the rows of a sheet.
type scan struct {
	book   *xlsx
	name   string // of the part
	in     *tokens
	merges *merges
	empty  *int // rows without content so far
	row    Row
	last   int // number of the last row
	column int // of the next cell that does not say its own
}

// rows begins a walk; the first pass over the part has found the merged cells,
// which stand behind the rows. Empty counts rows without content.
func (x *xlsx) rows(sheet string, empty *int) (func() (Row, bool, error), error) {
	name, known := x.sheets[sheet]
	if !known {
		return nil, nil
	}
	covered, err := x.readMerges(name)
	if err != nil {
		return nil, err
	}
	content, err := x.parts[partName(name)].Open()
	if err != nil {
		return nil, damaged(name)
	}
	s := &scan{book: x, name: name, in: newTokens(content, x.limits.Unzipped), merges: covered, empty: empty}
	return s.next, nil
}

// next gives the next row that holds something.
func (s *scan) next() (Row, bool, error) {
	for {
		token, err := s.in.next()
		if errors.Is(err, io.EOF) {
			return Row{}, false, nil
		}
		if err == nil {
			switch element := token.(type) {
			case xml.StartElement:
				switch element.Name.Local {
				case "row":
					err = s.begin(&element)
				case "c":
					err = s.cell(&element)
				}
			case xml.EndElement:
				if element.Name.Local == "row" && s.finish() {
					return s.row, true, nil
				}
			}
		}
		if err != nil {
			return Row{}, false, s.book.partError(s.name, err)
		}
	}
}

func (s *scan) begin(element *xml.StartElement) error {
	s.row, s.column = Row{Number: s.last + 1}, 0
	if r := attribute(element, "r"); r != "" {
		s.row.Number = number(r)
	}
	if s.row.Number <= s.last || s.row.Number > maxRows {
		return damaged(s.name)
	}
	s.last = s.row.Number
	return nil
}

// finish says whether the row holds something.
func (s *scan) finish() bool {
	filled := slices.ContainsFunc(s.row.Cells, func(c Cell) bool { return c.Formula || strings.TrimSpace(c.Text) != "" })
	if !filled {
		*s.empty++
		return false
	}
	s.merges.mark(&s.row, s.book.limits.Columns)
	return true
}

// rawCell is a cell as it is written: its kind, style and value.
type rawCell struct {
	kind, value string
	style       int
	formula     bool
}

// cell reads one cell to its end.
func (s *scan) cell(element *xml.StartElement) error {
	column := s.column
	if r := attribute(element, "r"); r != "" {
		column = columnOf(r)
	}
	s.column = column + 1
	raw := rawCell{kind: attribute(element, "t"), style: number(attribute(element, "s"))}
	if err := s.content(&raw); err != nil {
		return err
	}
	cell := s.book.read(raw)
	switch {
	case cell == Cell{}:
		return nil
	case column < len(s.row.Cells):
		return damaged(s.name) // twice, or not in order
	case column >= s.book.limits.Columns:
		return tooLarge("too_many_columns", "Row %d has something in a column beyond the %dth. Delete what does not belong to the table.", s.row.Number, s.book.limits.Columns)
	}
	s.row.Cells = append(s.row.Cells, make([]Cell, column-len(s.row.Cells)+1)...)
	s.row.Cells[column] = cell
	return nil
}

// content reads what stands within a cell: v is its value, f its formula, is a
// text of its own.
func (s *scan) content(raw *rawCell) error {
	var value strings.Builder
	take, aid := false, false
	for depth := s.in.depth; s.in.depth >= depth; {
		token, err := s.in.next()
		if err != nil {
			return err
		}
		switch element := token.(type) {
		case xml.StartElement:
			switch element.Name.Local {
			case "f":
				raw.formula = true
			case "rPh":
				aid = true
			case "v", "t":
				take = !aid
			}
		case xml.CharData:
			if take {
				value.Write(element)
			}
		case xml.EndElement:
			take = false
			aid = aid && element.Name.Local != "rPh"
		}
		if value.Len() > s.book.limits.Cell {
			return s.book.cellTooLong(s.name)
		}
	}
	raw.value = value.String()
	return nil
}

// read turns a cell as it is written into what it says.
func (x *xlsx) read(raw rawCell) Cell {
	cell := Cell{Text: raw.value, Kind: Text, Formula: raw.formula}
	switch raw.kind {
	case "s":
		if i := number(raw.value); i >= 0 && i < len(x.texts) {
			cell.Text = x.texts[i]
		} else {
			cell.Text = ""
		}
	case "inlineStr", "str":
		cell.Text = unescape(raw.value)
	case "b":
		cell.Kind, cell.Text = Boolean, "FALSE"
		if raw.value == "1" || raw.value == "true" {
			cell.Text = "TRUE"
		}
	case "e":
		cell.Kind = Failure
	case "d":
		cell.Kind, cell.Text = Date, raw.value[:min(len(raw.value), len("2006-01-02"))]
	default:
		x.readNumber(&cell, raw)
	}
	if cell.Text == "" {
		cell.Kind = Empty
	}
	return cell
}

func (x *xlsx) readNumber(cell *Cell, raw rawCell) {
	stored := strings.TrimSpace(raw.value)
	if stored == "" {
		cell.Text = ""
		return
	}
	if raw.style >= 0 && raw.style < len(x.dates) && x.dates[raw.style] {
		if day, ok := dateText(stored, x.since1904); ok {
			cell.Kind, cell.Text = Date, day
			return
		}
	}
	cell.Kind = Number
	cell.Text, cell.Inexact = numberText(stored)
}

// columnOf reads the letters of B7, 0 being A; a number beyond every limit when
// there are none.
func columnOf(reference string) int {
	column, _ := place(reference)
	return column
}

// place reads B7 as column 1 and row 7.
func place(reference string) (column, row int) {
	letters := strings.TrimRight(strings.ToUpper(reference), "0123456789")
	if letters == "" || len(letters) > 3 {
		return maxRows, -1
	}
	for _, c := range []byte(letters) {
		if c < 'A' || c > 'Z' {
			return maxRows, -1
		}
		column = column*26 + int(c-'A') + 1
	}
	return column - 1, number(reference[len(letters):])
}

// merge is a range of merged cells, by its corners.
type merge struct{ top, bottom, left, right int }

// merges are those of a sheet, from top to bottom, walked along with its rows.
type merges struct {
	rest   []merge
	active []merge
}

// readMerges reads the merged cells of a sheet.
func (x *xlsx) readMerges(name string) (*merges, error) {
	found := &merges{}
	err := x.walk(name, func(token xml.Token) error {
		element, ok := token.(xml.StartElement)
		if !ok || element.Name.Local != "mergeCell" {
			return nil
		}
		from, to, _ := strings.Cut(attribute(&element, "ref"), ":")
		m := merge{}
		m.left, m.top = place(from)
		m.right, m.bottom = place(to)
		if m.top > 0 && m.bottom >= m.top && m.right >= m.left {
			found.rest = append(found.rest, m)
		}
		if len(found.rest) > maxMerges {
			return tooLarge("too_many_merged_cells", "The sheet has more than %d merged cells. Unmerge them: every row needs its own values.", maxMerges)
		}
		return nil
	})
	slices.SortFunc(found.rest, func(a, b merge) int { return cmp.Compare(a.top, b.top) })
	return found, err
}

// mark marks the cells of a row that a merged one covers. Rows come in order.
func (m *merges) mark(row *Row, columns int) {
	for len(m.rest) > 0 && m.rest[0].top <= row.Number {
		if len(m.active) < columns {
			m.active = append(m.active, m.rest[0])
		}
		m.rest = m.rest[1:]
	}
	m.active = slices.DeleteFunc(m.active, func(a merge) bool { return a.bottom < row.Number })
	left := columns // merged cells do not overlap, so there are no more to mark
	for _, a := range m.active {
		for column := a.left; column <= min(a.right, columns-1); column++ {
			if left--; left < 0 {
				return
			}
			if row.Number == a.top && column == a.left {
				continue
			}
			if column >= len(row.Cells) {
				row.Cells = append(row.Cells, make([]Cell, column-len(row.Cells)+1)...)
			}
			row.Cells[column].Merged = true
		}
	}
}
