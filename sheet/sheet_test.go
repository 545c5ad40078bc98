package sheet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

// readAll gives every row of a sheet.
func readAll(t *testing.T, content []byte, limits Limits, name string) ([]Row, *Rows, error) {
	t.Helper()
	book, err := Open(content, limits)
	if err != nil {
		return nil, nil, err
	}
	var all []Row
	rows := book.Rows(name)
	for rows.Next() {
		all = append(all, rows.Row())
	}
	return all, rows, rows.Err()
}

// texts gives the texts of rows, each row's joined by a bar behind its number.
func texts(rows []Row) []string {
	var all []string
	for _, row := range rows {
		var cells []string
		for _, c := range row.Cells {
			cells = append(cells, c.Text)
		}
		text := fmt.Sprintf("%d %s", row.Number, strings.Join(cells, "|"))
		if row.Broken != "" {
			text = fmt.Sprintf("%d broken", row.Number)
		}
		all = append(all, text)
	}
	return all
}

// check fails t over an error of excelize, which only writes fixtures.
func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func bytesOf(t testing.TB, f *excelize.File) []byte {
	t.Helper()
	var to bytes.Buffer
	check(t, f.Write(&to))
	return to.Bytes()
}

func TestCellsOfAWorkbook(t *testing.T) {
	t.Parallel()
	f := excelize.NewFile()
	defer f.Close()
	american, err := f.NewStyle(&excelize.Style{CustomNumFmt: new("[$-409]m/d/yyyy;@")})
	check(t, err)
	builtIn, err := f.NewStyle(&excelize.Style{NumFmt: 14})
	check(t, err)
	for cell, value := range map[string]any{
		"A1": "text", "B1": 12.5, "C1": true, "D1": 46348, "E1": 46348.75, "F1": "a & <b>",
		"A3": 0.1 + 0.2, "B3": 4002600000000001, "C3": 100000, "D3": " spaced ", "E3": "line\nbreak", "F3": 1234567.89,
		"A7": "over three", "C8": "x",
	} {
		check(t, f.SetCellValue("Sheet1", cell, value))
	}
	check(t, f.SetCellStyle("Sheet1", "D1", "D1", american))
	check(t, f.SetCellStyle("Sheet1", "E1", "E1", builtIn))
	check(t, f.SetCellStyle("Sheet1", "A5", "A6", builtIn)) // formatted, empty
	check(t, f.SetCellFormula("Sheet1", "G1", "B1*2"))
	check(t, f.MergeCell("Sheet1", "A7", "B8"))
	rows, walk, err := readAll(t, bytesOf(t, f), DefaultLimits, "Sheet1")
	check(t, err)
	want := []Row{
		{Number: 1, Cells: []Cell{{Text: "text", Kind: Text}, {Text: "12.5", Kind: Number}, {Text: "TRUE", Kind: Boolean},
			{Text: "2026-11-22", Kind: Date}, {Text: "2026-11-22", Kind: Date}, {Text: "a & <b>", Kind: Text}, {Formula: true}}},
		{Number: 3, Cells: []Cell{{Text: "0.3", Kind: Number}, {Text: "4002600000000001", Kind: Number, Inexact: true},
			{Text: "100000", Kind: Number}, {Text: " spaced ", Kind: Text}, {Text: "line\nbreak", Kind: Text}, {Text: "1234567.89", Kind: Number}}},
		{Number: 7, Cells: []Cell{{Text: "over three", Kind: Text}, {Merged: true}}},
		{Number: 8, Cells: []Cell{{Merged: true}, {Merged: true}, {Text: "x", Kind: Text}}},
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Error(diff)
	}
	if walk.Empty() != 2 {
		t.Errorf("%d rows without content, want 2", walk.Empty())
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		stored, want string
		inexact      bool
	}{
		{"0", "0", false}, {"1", "1", false}, {"4.3499999999999996", "4.35", false}, {"0.30000000000000004", "0.3", false},
		{"999999.9999999994", "1000000", false}, {"1E3", "1000", false}, {"1.5E-3", "0.0015", false}, {"-2.5", "-2.5", false},
		{"123456789012345", "123456789012345", false}, {"1234567890123.45", "1234567890123.45", false},
		{"12345678901234.56", "12345678901234.56", true}, {"4002600000000001", "4002600000000001", true},
		{"1.23E+16", "12300000000000000", true}, {"999999999999999", "999999999999999", false}, {"1e400", "1e400", true}, {"abc", "abc", true},
	} {
		if got, inexact := numberText(tt.stored); got != tt.want || inexact != tt.inexact {
			t.Errorf("%s: %s, %t, want %s, %t", tt.stored, got, inexact, tt.want, tt.inexact)
		}
	}
}

func TestDates(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		serial    string
		since1904 bool
		want      string
	}{
		{"1", false, "1900-01-01"}, {"59", false, "1900-02-28"}, {"61", false, "1900-03-01"}, {"46348", false, "2026-11-22"},
		{"46348.999", false, "2026-11-22"}, {"44886", true, "2026-11-22"}, {"2958465", false, "9999-12-31"},
		{"0.5", false, ""}, {"2958466", false, ""}, {"-1", false, ""}, {"x", false, ""},
	} {
		if got, _ := dateText(tt.serial, tt.since1904); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.serial, got, tt.want)
		}
	}
	for _, tt := range []struct {
		id   int
		code string
		want bool
	}{
		{14, "", true}, {22, "", true}, {18, "", false}, {0, "", false}, {4, "", false}, {164, "dd/mm/yyyy", true}, {164, "[$-421]dd mmmm yyyy;@", true},
		{164, `#,##0.00`, false}, {164, `"day" 0`, false}, {164, `[Red]0.00`, false}, {164, `h:mm:ss`, false}, {164, "mmmm", true}, {164, "General", false},
		{164, `_-"Rp"* #,##0_-;-"Rp"* #,##0_-;_-"Rp"* "-"_-;_-@_-`, false}, {164, `0\d`, false},
	} {
		if got := dateFormat(tt.id, tt.code); got != tt.want {
			t.Errorf("format %d %q: %t, want %t", tt.id, tt.code, got, tt.want)
		}
	}
}

func TestUnescape(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"a": "a", "a_x000D_b": "a\rb", "a_x0000_b": "ab", "_xD800_": "_xD800_", "_x00": "_x00", "_x005F_x0000_": "_x0000_"} {
		if got := unescape(text); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestCSV(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, content string
		want          []string
	}{
		{"commas", "a,b\n1,\"x,y\"\n", []string{"1 a|b", "2 1|x,y"}},
		{"semicolons with decimal commas", "a;b;c\n1,5;2,5;x\n1,5;2,5;y\n", []string{"1 a|b|c", "2 1,5|2,5|x", "3 1,5|2,5|y"}},
		{"tabs", "a\tb\n1\t2, 3\n", []string{"1 a|b", "2 1|2, 3"}},
		{"hint", "sep=,\na,b;c\n", []string{"2 a|b;c"}},
		{"CRLF, BOM, blank lines", "\xef\xbb\xbfa,b\r\n\r\n,\r\nc,\"d\"\r\n", []string{"1 a|b", "4 c|d"}},
		{"old Macintosh", "a,b\rc,d\r", []string{"1 a|b", "2 c|d"}},
		{"Windows-1252", "a,b\n\x93caf\xe9\x94,\x80\n", []string{"1 a|b", "2 “café”|€"}},
		{"line break within quotes is one row", "a,\"x\ny\"\nc,d\n", []string{"1 a|x\ny", "2 c|d"}},
		{"quotation mark within a text", "a,b\n24\" screen,=\"0400\"\n", []string{"1 a|b", "2 24\" screen|=\"0400\""}},
		{"twice for one", "a,\"say \"\"yes\"\"\"\n", []string{`1 a|say "yes"`}},
		{"never closed", "a,b\nc,\"d\ne,f\n", []string{"1 a|b", "2 broken", "3 e|f"}},
		{"closed and going on", "a,b\n\"c\" d,e\nf,g\n", []string{"1 a|b", "2 broken", "3 f|g"}},
		{"separator at the end", "a,b,", []string{"1 a|b"}},
		{"too many columns", "a,b\n" + strings.Repeat("x,", 300) + "\nc,d\n", []string{"1 a|b", "2 broken", "3 c|d"}},
		{"too long", "a,b\n" + strings.Repeat("x", 40<<10) + ",y\nc,d\n", []string{"1 a|b", "2 broken", "3 c|d"}},
	} {
		rows, _, err := readAll(t, []byte(tt.content), DefaultLimits, "")
		if diff := cmp.Diff(tt.want, texts(rows)); err != nil || diff != "" {
			t.Errorf("%s: %v %s", tt.name, err, diff)
		}
	}
}

func TestStrangersAreNamed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ content, code, tells string }{
		{" \n", "sheet_empty", "empty"},
		{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1....W\x00o\x00r\x00k\x00b\x00o\x00o\x00k\x00", "old_excel", ".xls"},
		{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1....E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00", "password_protected", "password"},
		{"%PDF-1.7", "not_a_spreadsheet", "PDF"},
		{"\n<!DOCTYPE html><html>", "not_a_spreadsheet", "web page"},
		{"<?xml version=\"1.0\"?><TaxInvoiceBulk/>", "not_a_spreadsheet", "XML"},
		{"\xff\xfea\x00", "not_a_spreadsheet", "UTF-16"},
		{"abc\x00def", "not_a_spreadsheet", "neither"},
		{"PK\x03\x04", "file_damaged", "damaged"},
	} {
		_, err := Open([]byte(tt.content), DefaultLimits)
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Code != tt.code || !strings.Contains(e.Detail, tt.tells) || e.TooLarge {
			t.Errorf("%q: %v, want %s that tells %q", tt.content, err, tt.code, tt.tells)
		}
	}
}

func TestAWorkbookWithAPasswordIsNamed(t *testing.T) {
	t.Parallel()
	f := excelize.NewFile()
	defer f.Close()
	var to bytes.Buffer
	check(t, f.Write(&to, excelize.Options{Password: "rahasia"}))
	_, err := Open(to.Bytes(), DefaultLimits)
	if e, ok := errors.AsType[*Error](err); !ok || e.Code != "password_protected" {
		t.Errorf("%v, want password_protected", err)
	}
}

func TestSheetsInTheirOrder(t *testing.T) {
	t.Parallel()
	f := excelize.NewFile()
	defer f.Close()
	for _, name := range []string{"Faktur", "Detail & more"} {
		_, err := f.NewSheet(name)
		check(t, err)
	}
	check(t, f.SetCellValue("Detail & more", "B2", time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)))
	content := bytesOf(t, f)
	book, err := Open(content, DefaultLimits)
	check(t, err)
	if diff := cmp.Diff([]string{"Sheet1", "Faktur", "Detail & more"}, book.Sheets()); diff != "" {
		t.Error(diff)
	}
	rows, _, err := readAll(t, content, DefaultLimits, "Detail & more")
	check(t, err)
	if diff := cmp.Diff([]string{"2 |2026-11-22"}, texts(rows)); diff != "" {
		t.Error(diff)
	}
	if rows, _, err := readAll(t, content, DefaultLimits, "none"); rows != nil || err != nil {
		t.Errorf("a sheet that is not there has rows %v, %v", rows, err)
	}
}

// Cells need not say where they are: one after the other they stand in their
// columns, the empty ones, too.
func TestCellsWithoutAReference(t *testing.T) {
	t.Parallel()
	rows, _, err := readAll(t, withSheet(t, func(to io.Writer) {
		fmt.Fprint(to, `<worksheet><sheetData><row><c t="inlineStr"><is><t>a</t></is></c><c/><c t="inlineStr"><is><t>c</t></is></c></row>`+
			`<row><c/><c><v>1</v></c></row><row r="5"><c/><c r="D5"><v>4</v></c><c/><c><v>6</v></c></row></sheetData></worksheet>`)
	}), DefaultLimits, "Sheet1")
	if diff := cmp.Diff([]string{"1 a||c", "2 |1", "5 |||4||6"}, texts(rows)); diff != "" || err != nil {
		t.Errorf("%s %v", diff, err)
	}
}
