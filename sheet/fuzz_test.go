package sheet

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"testing"
)

// small keeps a fuzzer's steps short.
var small = Limits{Bytes: 1 << 20, Unzipped: 1 << 20, Sheets: 5, Rows: 1000, Columns: 50, Cell: 1000}

// walkAll holds what is true of every file, whatever is in it.
func walkAll(t *testing.T, content []byte) {
	t.Helper()
	book, err := Open(content, small)
	for err == nil {
		for _, name := range book.Sheets() {
			rows, last := book.Rows(name), 0
			for rows.Next() {
				row := rows.Row()
				if row.Number <= last || len(row.Cells) > small.Columns || row.Broken == "" && len(row.Cells) == 0 {
					t.Fatalf("row %d with %d cells after row %d", row.Number, len(row.Cells), last)
				}
				for _, cell := range row.Cells {
					if len(cell.Text) > small.Cell || (cell.Kind == Empty) != (cell.Text == "") {
						t.Fatalf("row %d: a cell of kind %d and %d bytes", row.Number, cell.Kind, len(cell.Text))
					}
				}
				last = row.Number
			}
			if err = rows.Err(); err != nil {
				break
			}
		}
		if err == nil {
			return
		}
	}
	if e, ok := errors.AsType[*Error](err); !ok || e.Code == "" || e.Detail == "" {
		t.Fatalf("%v is no *Error that tells anything", err)
	}
}

func FuzzCSV(f *testing.F) {
	for _, seed := range []string{"a,b\n1,\"x\"\n", "sep=;\r\na;b\r\n\"c\nd\";e", "a\tb\n\"", "\xef\xbb\xbfa;b\n\x93\x80;=\"01\"", "a,\"b\"\"c\",\n,,\n\"d\"x,e\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		if bytes.HasPrefix(content, []byte("PK")) {
			return
		}
		walkAll(t, content)
	})
}

func FuzzWorkbook(f *testing.F) {
	f.Add([]byte(`<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" s="1"><v>46348</v></c></row></sheetData><mergeCells><mergeCell ref="A1:B2"/></mergeCells></worksheet>`),
		[]byte(`<sst><si><t>a</t></si><si><r><t>b_x000D_</t></r><rPh><t>c</t></rPh></si></sst>`), []byte(`<styleSheet><numFmts><numFmt numFmtId="164" formatCode="dd/mm/yyyy"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs></styleSheet>`))
	f.Add([]byte(`<x:worksheet xmlns:x="y"><x:sheetData><x:row><x:c t="inlineStr"><x:is><x:t>a</x:t></x:is></x:c><x:c><x:f>1+1</x:f></x:c><x:c t="e"><x:v>#N/A</x:v></x:c><x:c t="b"><x:v>1</x:v></x:c><x:c t="d"><x:v>2026-11-22T00:00:00</x:v></x:c></x:row></x:sheetData></x:worksheet>`), []byte(``), []byte(`<styleSheet/>`))
	f.Fuzz(func(t *testing.T, sheet, texts, styles []byte) {
		var to bytes.Buffer
		out := zip.NewWriter(&to)
		for name, content := range map[string][]byte{
			"_rels/.rels":                []byte(`<Relationships><Relationship Id="r" Type="/officeDocument" Target="xl/workbook.xml"/></Relationships>`),
			"xl/workbook.xml":            []byte(`<workbook xmlns:r="r"><sheets><sheet name="S" sheetId="1" r:id="a"/></sheets></workbook>`),
			"xl/_rels/workbook.xml.rels": []byte(`<Relationships><Relationship Id="a" Type="/worksheet" Target="s.xml"/><Relationship Id="b" Type="/sharedStrings" Target="t.xml"/><Relationship Id="c" Type="/styles" Target="/xl/u.xml"/></Relationships>`),
			"xl/s.xml":                   sheet, "xl/t.xml": texts, "xl/u.xml": styles,
		} {
			part, err := out.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
			check(t, err)
			_, err = io.Copy(part, bytes.NewReader(content))
			check(t, err)
		}
		check(t, out.Close())
		walkAll(t, to.Bytes())
	})
}
