package sheet

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
)

const sheetPart = "xl/worksheets/sheet1.xml"

// withSheet gives a small workbook whose only sheet is what write writes.
func withSheet(t testing.TB, write func(io.Writer)) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	check(t, f.SetCellValue("Sheet1", "A1", "x"))
	small := bytesOf(t, f)
	archive, err := zip.NewReader(bytes.NewReader(small), int64(len(small)))
	check(t, err)
	var to bytes.Buffer
	out := zip.NewWriter(&to)
	for _, part := range archive.File {
		if part.Name != sheetPart {
			check(t, out.Copy(part))
		}
	}
	part, err := out.Create(sheetPart)
	check(t, err)
	write(part)
	check(t, out.Close())
	return to.Bytes()
}

// rowsOf writes a sheet of n rows of twelve cells.
func rowsOf(n int) func(io.Writer) {
	return func(to io.Writer) {
		fmt.Fprint(to, `<worksheet><sheetData>`)
		for row := 1; row <= n; row++ {
			fmt.Fprintf(to, `<row r="%d">`, row)
			for column := 'A'; column < 'M'; column++ {
				fmt.Fprintf(to, `<c r="%c%d" t="inlineStr"><is><t>INV/%d/%d</t></is></c>`, column, row, row*7919%1000003, column)
			}
			fmt.Fprint(to, `</row>`)
		}
		fmt.Fprint(to, `</sheetData></worksheet>`)
	}
}

func repeated(before, text string, n int, after string) func(io.Writer) {
	return func(to io.Writer) {
		fmt.Fprint(to, before)
		many := strings.Repeat(text, 1000)
		for range n / 1000 {
			fmt.Fprint(to, many)
		}
		fmt.Fprint(to, after)
	}
}

func TestBoundsOfAWorkbook(t *testing.T) {
	t.Parallel()
	small := DefaultLimits
	small.Unzipped, small.Rows, small.Columns, small.Sheets = 8<<20, 100, 10, 1
	for _, tt := range []struct {
		name  string
		write func(io.Writer)
		code  string
	}{
		{"zip bomb", repeated(`<worksheet><sheetData>`, `<row><c/></row>`, 2_000_000, `</sheetData></worksheet>`), "sheet_too_large"},
		{"depth bomb", repeated(`<worksheet><sheetData>`, `<a>`, 100_000, ``), "sheet_too_large"},
		{"one endless text", repeated(`<worksheet><sheetData><row><c t="inlineStr"><is><t>`, `aaaaaaaaaa`, 500_000, `</t></is></c></row></sheetData></worksheet>`), "sheet_too_large"},
		{"one long text", repeated(`<worksheet><sheetData><row><c t="inlineStr"><is><t>`, `aaaaaaaaaa`, 5_000, `</t></is></c></row></sheetData></worksheet>`), "cell_too_long"},
		{"columns", rowsOf(101), "too_many_columns"},
		{"a column far out", repeated(`<worksheet><sheetData><row r="1"><c r="XFD1"><v>1</v></c></row>`, ``, 0, `</sheetData></worksheet>`), "too_many_columns"},
		{"rows", repeated(`<worksheet><sheetData>`, `<row><c><v>1</v></c></row>`, 1000, `</sheetData></worksheet>`), "too_many_rows"},
		{"cut off", repeated(`<worksheet><sheetData>`, `<row><c><v>1</v></c></row>`, 0, `<row><c><v>1`), "file_damaged"},
		{"rows back to front", repeated(`<worksheet><sheetData><row r="5"><c><v>1</v></c></row><row r="4"><c><v>1</v></c></row>`, ``, 0, `</sheetData></worksheet>`), "file_damaged"},
		{"cell twice", repeated(`<worksheet><sheetData><row r="5"><c r="A5"><v>1</v></c><c r="A5"><v>1</v></c></row>`, ``, 0, `</sheetData></worksheet>`), "file_damaged"},
		{"entities", repeated(`<!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet><sheetData><row><c><v>&a;</v></c></row>`, ``, 0, `</sheetData></worksheet>`), "file_damaged"},
		{"merges", repeated(`<worksheet><sheetData/><mergeCells>`, `<mergeCell ref="A1:B2"/>`, 30_000, `</mergeCells></worksheet>`), "too_many_merged_cells"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, _, err := readAll(t, withSheet(t, tt.write), small, "Sheet1")
			if e, ok := errors.AsType[*Error](err); !ok || e.Code != tt.code {
				t.Errorf("%v, want %s", err, tt.code)
			}
		})
	}
}

func TestManyOverlappingMergedCellsCostLittle(t *testing.T) {
	t.Parallel()
	content := withSheet(t, func(to io.Writer) {
		fmt.Fprint(to, `<worksheet><sheetData>`)
		for range 20_000 {
			fmt.Fprint(to, `<row><c><v>1</v></c></row>`)
		}
		fmt.Fprint(to, `</sheetData><mergeCells>`)
		for range 19_000 {
			fmt.Fprint(to, `<mergeCell ref="A1:XFD1048576"/>`)
		}
		fmt.Fprint(to, `</mergeCells></worksheet>`)
	})
	rows, _, err := readAll(t, content, DefaultLimits, "Sheet1")
	check(t, err)
	if len(rows) != 20_000 || len(rows[7].Cells) != DefaultLimits.Columns || !rows[7].Cells[3].Merged {
		t.Errorf("%d rows, the eighth with %d cells", len(rows), len(rows[7].Cells))
	}
}

func TestAFileBeyondTheBoundIsRefusedUnread(t *testing.T) {
	t.Parallel()
	for _, start := range []string{"PK\x03\x04", "a,b\n"} {
		_, err := Open(append([]byte(start), make([]byte, 50<<20)...), DefaultLimits)
		if e, ok := errors.AsType[*Error](err); !ok || e.Code != "file_too_large" || !e.TooLarge || !strings.Contains(e.Detail, "50.0 MB; at most 16.0 MB") {
			t.Errorf("%v, want file_too_large", err)
		}
	}
}

func TestAPartThatLiesAboutItsSize(t *testing.T) {
	t.Parallel()
	content := withSheet(t, repeated(`<worksheet><sheetData>`, `<row><c/></row>`, 2_000_000, `</sheetData></worksheet>`))
	// Write a size of 1000 into the central directory.
	at := bytes.LastIndex(content, []byte("PK\x01\x02"))
	copy(content[at+24:], []byte{0xe8, 0x03, 0, 0})
	limits := DefaultLimits
	limits.Unzipped = 8 << 20
	_, _, err := readAll(t, content, limits, "Sheet1")
	if _, ok := errors.AsType[*Error](err); !ok {
		t.Errorf("%v, want an *Error", err)
	}
}

// A sheet of 50 MB is read in a fraction of its size. This test does not run in
// parallel:
// it measures the process.
func TestMemoryOfALargeSheet(t *testing.T) {
	content := withSheet(t, rowsOf(80_000))
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	var peak atomic.Uint64
	done := make(chan struct{})
	go func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				var now runtime.MemStats
				runtime.ReadMemStats(&now)
				peak.Store(max(peak.Load(), now.HeapAlloc))
			}
		}
	}()
	book, err := Open(content, DefaultLimits)
	check(t, err)
	rows := book.Rows("Sheet1")
	seen := 0
	for rows.Next() {
		seen++
	}
	close(done)
	check(t, rows.Err())
	size := book.xlsx.parts[sheetPart].UncompressedSize64
	grown := int64(peak.Load()) - int64(before.HeapAlloc)
	t.Logf("%d rows of %d MB in %d MB of memory", seen, size>>20, grown>>20)
	if seen != 80_000 || size < 50<<20 || grown > 24<<20 {
		t.Errorf("%d rows of a sheet of %d MB took %d MB of memory", seen, size>>20, grown>>20)
	}
}
