package portal

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/fakturgate/fakturgate/faktur"
)

// workbook writes an XLSX with the given rows; a cell that begins with = is a formula.
func workbook(t testing.TB, sheets map[string][][]any) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	for name, rows := range sheets {
		if _, err := f.NewSheet(name); err != nil {
			t.Fatal(err)
		}
		for i, row := range rows {
			if err := f.SetSheetRow(name, fmt.Sprintf("A%d", i+1), &row); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := f.DeleteSheet("Sheet1"); err != nil {
		t.Fatal(err)
	}
	return written(t, f)
}

func written(t testing.TB, f *excelize.File) []byte {
	t.Helper()
	var to bytes.Buffer
	if err := f.Write(&to); err != nil {
		t.Fatal(err)
	}
	return to.Bytes()
}

func amount(text string) *faktur.Amount {
	a, err := faktur.ParseAmount(text)
	if err != nil {
		panic(err)
	}
	return &a
}

func day(text string) faktur.Date {
	d, err := faktur.ParseDate(text)
	if err != nil {
		panic(err)
	}
	return d
}

func TestReadExportOfAWorkbook(t *testing.T) {
	t.Parallel()
	content := workbook(t, map[string][][]any{"Pajak Keluaran": {
		{"Daftar Faktur Pajak Keluaran"},
		{},
		{"No.", "STATUS FAKTUR", "Nomor Faktur-Pajak", "Referensi", "Tanggal Faktur Pajak", "ESignStatus", "Harga Jual/Penggantian/DPP", "DPP Nilai Lain/DPP", "PPN", "PPnBM"},
		{1, "APPROVED", "04002500000000001", "INV/1", "2025-09-17T00:00:00+07:00", "Done", 353189, 323757, 38851, 0},
		{2, "Saved Invalid", "", "INV/2", "17/09/2025", "", "353.189,00", nil, "38,851.50"},
		{},
		{3, "Something New", "010.002-25.00000001", "INV/3", "17 September 2025"},
	}})
	got, err := ReadExport(content)
	if err != nil {
		t.Fatal(err)
	}
	want := Export{Sheet: "Pajak Keluaran", Rows: []ExportRow{
		{Row: 4, Reference: "INV/1", Date: day("2025-09-17"), NSFP: "04002500000000001", Status: "APPROVED", ESign: "Done", DPP: amount("353189"), OtherDPP: amount("323757"), PPN: amount("38851"), PPnBM: amount("0")},
		{Row: 5, Reference: "INV/2", Date: day("2025-09-17"), Status: "Saved Invalid", DPP: amount("353189"), PPN: amount("38851.5")},
		{Row: 7, Reference: "INV/3", Date: day("2025-09-17"), NSFP: "0100022500000001", Status: "Something New"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestReadExportOfACSV(t *testing.T) {
	t.Parallel()
	rows := "Nomor Faktur Pajak;Referensi;Status Faktur;Tanggal Faktur Pajak;Status e-Sign\r\n" +
		"04002500000000001;\"INV;1\";Approved;17/09/2025;Done\r\n" +
		"=\"04002500000000002\";'INV/2;Approved;17-09-2025;Done\r\n"
	want := []ExportRow{
		{Row: 2, Reference: "INV;1", Date: day("2025-09-17"), NSFP: "04002500000000001", Status: "Approved", ESign: "Done"},
		{Row: 3, Reference: "INV/2", Date: day("2025-09-17"), NSFP: "04002500000000002", Status: "Approved", ESign: "Done"},
	}
	for name, content := range map[string]string{
		"semicolons": rows, "tabs": strings.NewReplacer("INV;1", "INV;1", ";", "\t").Replace(rows), "BOM": "\xef\xbb\xbf" + rows,
	} {
		got, err := ReadExport([]byte(content))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got.Rows); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestReadExportOfReturns(t *testing.T) {
	t.Parallel()
	got, err := ReadExport([]byte("Nomor Faktur,Tanggal Retur,Status Retur,DPP,DPP Nilai Lain,PPN,PPnBM\n04002500000000001,18/09/2025,Approved,100.000,91.666,11.000,0\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := Export{Returns: true, Rows: []ExportRow{{Row: 2, Date: day("2025-09-18"), NSFP: "04002500000000001", Status: "Approved",
		DPP: amount("100000"), OtherDPP: amount("91666"), PPN: amount("11000"), PPnBM: amount("0")}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestReadExportNamesWhatIsWrongWithARow(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		row     []any
		pointer string
		code    string
	}{
		{[]any{"INV/1", "17/09/2025", 4002500000000001, "Approved"}, "Nomor Faktur Pajak", "nsfp_as_number"},
		{[]any{"INV/1", "17/09/2025", "4.0025E+15", "Approved"}, "Nomor Faktur Pajak", "nsfp_as_number"},
		{[]any{"INV/1", "17/09/2025", "4,0025E+15", "Approved"}, "Nomor Faktur Pajak", "nsfp_as_number"},
		{[]any{"INV/1", "17/09/2025", "4002500000000001", "Approved"}, "Nomor Faktur Pajak", "nsfp_zero_lost"},
		{[]any{"INV/1", "17/09/2025", "1002500000000001", "Approved"}, "", ""}, // ZeroMayBeLost
		{[]any{"INV/1", "17/09/2025", "0400250000000000", "Approved"}, "", ""},
		{[]any{"INV/1", "17/09/2025", "040025000000000", "Approved"}, "Nomor Faktur Pajak", "nsfp_malformed"},
		{[]any{"INV/1", "09/17/2025", "04002500000000001", "Approved"}, "Tanggal Faktur Pajak", "day_month_swapped"},
		{[]any{"INV/1", "31/02/2025", "04002500000000001", "Approved"}, "Tanggal Faktur Pajak", "date_malformed"},
		{[]any{"INV/1", "17/09/2025", "04002500000000001", ""}, "Status Faktur", "status_missing"},
		{[]any{202611220000000017, "17/09/2025", "04002500000000001", "Approved"}, "Referensi", "digits_lost"},
		{[]any{2026, "17/09/2025", "04002500000000001", "Approved"}, "", ""},
	} {
		content := workbook(t, map[string][][]any{"S": {{"Referensi", "Tanggal Faktur Pajak", "Nomor Faktur Pajak", "Status Faktur"}, tt.row, {"INV/2", "17/09/2025", "04002500000000002", "Approved"}}})
		got, err := ReadExport(content)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Rows) != 2 || got.Rows[1].Faults != nil || got.Rows[1].NSFP != "04002500000000002" {
			t.Errorf("%v: the good row is %+v", tt.row, got.Rows)
		}
		faults := got.Rows[0].Faults
		switch {
		case tt.code == "" && faults != nil:
			t.Errorf("%v: %v, want no faults", tt.row, faults)
		case tt.code != "" && (len(faults) != 1 || faults[0].Pointer != tt.pointer || faults[0].Code != tt.code):
			t.Errorf("%v: %v, want %s of %s", tt.row, faults, tt.code, tt.pointer)
		}
	}
}

func TestReadExportRefusesWhatIsNoExport(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ content, code, tells string }{
		{"", "sheet_empty", "empty"},
		{"Referensi,Status Faktur,Tanggal Faktur Pajak\nINV/1,Approved,17/09/2025\n", "column_missing", "no column Nomor Faktur Pajak; it has Referensi, Tanggal Faktur Pajak, Status Faktur"},
		{"a,b\nc,d\n", "not_an_export", "Status Faktur"},
		{"Referensi,Referensi,Status Faktur,Tanggal Faktur Pajak,Nomor Faktur Pajak\n", "column_twice", "two columns Referensi"},
		{"{\"invoices\": []}", "not_a_spreadsheet", "JSON"},
		{"PK\x03\x04 and no more", "file_damaged", "damaged"},
	} {
		_, err := ReadExport([]byte(tt.content))
		e, ok := errors.AsType[*faktur.Error](err)
		if !ok || e.Kind != faktur.KindInvalid || e.Code != tt.code || !strings.Contains(e.Detail, tt.tells) {
			t.Errorf("%q: %v, want %s that tells %q", tt.content, err, tt.code, tt.tells)
		}
	}
}
