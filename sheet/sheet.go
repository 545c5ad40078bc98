// Package sheet reads spreadsheets, XLSX and CSV, within bounds of size. It
// knows nothing of taxes.
//
// It reads XLSX itself, as a stream: a spreadsheet library holds a sheet in
// memory to tell formulas, styles and merged cells, and passes over broken XML
// as if the rows ended there.
package sheet

import (
	"bytes"
	"fmt"
)

// Limits bound what a file may cost to read. All of them count inclusively.
type Limits struct {
	Bytes    int64 // of the file as it is sent
	Unzipped int64 // bytes of each part of an XLSX that is read: a sheet, the texts, the styles
	Sheets   int
	Rows     int // that hold anything, per sheet
	Columns  int
	Cell     int // bytes of one cell's text
}

// DefaultLimits suit a server: such a file is read in well below 200 MB of memory.
var DefaultLimits = Limits{Bytes: 16 << 20, Unzipped: 128 << 20, Sheets: 50, Rows: 110_000, Columns: 200, Cell: 32 << 10}

// Error says why a file cannot be read, and what to do.
type Error struct {
	Code     string // stable, snake_case
	Detail   string // a sentence or two for the person who sent the file
	TooLarge bool   // it goes beyond a limit
}

func (e *Error) Error() string { return e.Code + ": " + e.Detail }

func unreadable(code, detail string, args ...any) error {
	return &Error{Code: code, Detail: fmt.Sprintf(detail, args...)}
}

func tooLarge(code, detail string, args ...any) error {
	return &Error{Code: code, Detail: fmt.Sprintf(detail, args...), TooLarge: true}
}

// Kind is what a cell holds.
type Kind uint8

// The kinds of a cell. All cells of a CSV are Text or Empty.
const (
	Empty Kind = iota
	Text
	Number
	Date    // Text is YYYY-MM-DD, whatever the display format
	Boolean // Text is TRUE or FALSE
	Failure // Text is the error that the cell shows, such as #N/A
)

// Cell is one cell of a row. The zero value is an empty one.
type Cell struct {
	// Text is what the cell holds: of a number its digits, with a point before
	// the decimals and without an exponent.
	Text string
	Kind Kind
	// Inexact marks a number that spreadsheets cannot hold to its last digit:
	// beyond 15 significant digits they have put zeros or noise.
	Inexact bool
	// Formula marks a computed cell; Text is the value that was stored with it,
	// "" when there is none because no spreadsheet program has computed it yet.
	Formula bool
	// Merged marks a cell that is covered by a merged one beside or above it,
	// and is therefore empty.
	Merged bool
}

// Row is a row that holds something.
type Row struct {
	Number int    // in the file, 1 is the first
	Cells  []Cell // from column A on; those after the last are empty
	// Broken says why the row could not be taken apart; "" when it could.
	Broken string
}

// Cell gives the cell of a column, 0 being A; an empty one where there is none.
func (r *Row) Cell(column int) Cell {
	if column < 0 || column >= len(r.Cells) {
		return Cell{}
	}
	return r.Cells[column]
}

// Book is an opened file.
type Book struct {
	limits Limits
	names  []string
	text   []byte // of a CSV, in UTF-8
	xlsx   *xlsx  // nil for a CSV
}

// Rows walks the rows of one sheet that hold something, from the first to the last.
type Rows struct {
	next  func() (Row, bool, error)
	limit int
	row   Row
	seen  int
	err   error
	empty int
}

// Open looks at a file and says what is in it. The content must not change
// while the Book is in use. The error is an *Error.
func Open(content []byte, limits Limits) (*Book, error) {
	switch {
	case int64(len(content)) > limits.Bytes:
		return nil, tooLarge("file_too_large", "The file has %s; at most %s are read. Split it into several, or delete sheets, pictures and formatted rows that are not needed.", megabytes(int64(len(content))), megabytes(limits.Bytes))
	case len(bytes.TrimSpace(content)) == 0:
		return nil, unreadable("sheet_empty", "The file is empty.")
	}
	if err := knownStranger(content); err != nil {
		return nil, err
	}
	if bytes.HasPrefix(content, []byte("PK")) {
		return openXLSX(content, limits)
	}
	return openCSV(content, limits)
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/(1<<20)) }

// knownStranger names files that people send by mistake.
func knownStranger(content []byte) error {
	start := bytes.ToLower(bytes.TrimSpace(content[:min(len(content), 512)]))
	switch {
	case bytes.HasPrefix(content, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
		if bytes.Contains(content, utf16Text("EncryptedPackage")) {
			return unreadable("password_protected", "The file is protected with a password. Remove it (File, Info, Protect Workbook in Excel), save, and send the file again.")
		}
		return unreadable("old_excel", "The file is in Excel's old format (.xls). Open it and save it as Excel Workbook (.xlsx) or CSV.")
	case bytes.HasPrefix(content, []byte("%PDF")):
		return unreadable("not_a_spreadsheet", "The file is a PDF. Send the spreadsheet itself, as .xlsx or CSV.")
	case bytes.HasPrefix(start, []byte("<!doctype html")), bytes.HasPrefix(start, []byte("<html")), bytes.HasPrefix(start, []byte("<table")):
		return unreadable("not_a_spreadsheet", "The file is a web page, whatever its name says. Open it in Excel and save it as Excel Workbook (.xlsx) or CSV. When it was downloaded, the session may have ended: sign in and download it again.")
	case bytes.HasPrefix(start, []byte("<?xml")):
		return unreadable("not_a_spreadsheet", "The file is XML. Send an Excel Workbook (.xlsx) or CSV.")
	case bytes.HasPrefix(start, []byte("{")), bytes.HasPrefix(start, []byte("[")):
		return unreadable("not_a_spreadsheet", "The file is JSON. Send an Excel Workbook (.xlsx) or CSV.")
	}
	return nil
}

func utf16Text(text string) []byte {
	wide := make([]byte, 0, 2*len(text))
	for i := range len(text) {
		wide = append(wide, text[i], 0)
	}
	return wide
}

// Sheets names the sheets in their order. A CSV has one, named "".
func (b *Book) Sheets() []string { return b.names }

// Rows begins with the first row of a sheet. A name that Sheets does not give
// has no rows. Each call walks anew.
func (b *Book) Rows(name string) *Rows {
	rows := &Rows{limit: b.limits.Rows}
	if b.xlsx != nil {
		rows.next, rows.err = b.xlsx.rows(name, &rows.empty)
	} else {
		rows.next = csvRows(b.text, b.limits)
	}
	return rows
}

// Next goes to the next row; false at the end, and when Err has something to say.
func (r *Rows) Next() bool {
	if r.err != nil || r.next == nil {
		return false
	}
	row, more, err := r.next()
	if err != nil || !more {
		r.err, r.next = err, nil
		return false
	}
	if r.seen++; r.seen > r.limit {
		r.err = tooLarge("too_many_rows", "The sheet has more than %d rows. Split it into several files.", r.limit)
		return false
	}
	r.row = row
	return true
}

// Row is the current row.
func (r *Rows) Row() Row { return r.row }

// Err says why the walk ended early, an *Error; nil when it came to the end.
func (r *Rows) Err() error { return r.err }

// Empty is how many rows so far hold formatting and nothing else.
func (r *Rows) Empty() int { return r.empty }
