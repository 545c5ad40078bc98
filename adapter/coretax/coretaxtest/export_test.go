package coretaxtest_test

import (
	"encoding/csv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/fakturgate/fakturgate/adapter/coretax/coretaxtest"
	"github.com/fakturgate/fakturgate/faktur"
)

func readCSV(t *testing.T, file string, comma rune) [][]string {
	t.Helper()
	r := csv.NewReader(strings.NewReader(file))
	r.Comma, r.FieldsPerRecord = comma, -1
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func export(t *testing.T, p *coretaxtest.Portal, o coretaxtest.ExportOptions) string {
	t.Helper()
	file, err := p.Export(o)
	if err != nil {
		t.Fatal(err)
	}
	return string(file)
}

// signed gives a portal with an approved invoice and two approved returns.
func signed(t *testing.T) *coretaxtest.Portal {
	t.Helper()
	p := newPortal()
	upload(t, p, testdata(t, "invoice.xml"))
	upload(t, p, testdata(t, "returns.xml"))
	p.SignAll()
	return p
}

func TestExport(t *testing.T) {
	t.Parallel()
	want := [][]string{
		{"NPWP Pembeli / Identitas lainnya", "Nama Pembeli", "Kode Transaksi", "Nomor Faktur Pajak", "Tanggal Faktur Pajak", "Masa Pajak", "Tahun", "Status Faktur", "Status e-Sign",
			"Harga Jual/Penggantian/DPP", "DPP Nilai Lain/DPP", "PPN", "PPnBM", "Referensi", "NPWP Penjual", "Nama Penjual"},
		{"0098765431109000", "PT Pembeli", "04", number, "20/11/2026", "11", "2026", "Approved", "Done",
			"324500.50", "297458.79", "35695.05", "0.00", first, seller, "PT Penjual"},
	}
	if diff := cmp.Diff(want, readCSV(t, export(t, signed(t), coretaxtest.ExportOptions{}), ',')); diff != "" {
		t.Error(diff)
	}
}

func TestExportOfReturns(t *testing.T) {
	t.Parallel()
	rows := readCSV(t, export(t, signed(t), coretaxtest.ExportOptions{Kind: faktur.KindReturn}), ',')
	want := []string{"0098765431109000", "", number, "20/11/2026", "Approved", "Done", "200000.00", "183333.33", "22000.00", "0.00"}
	if len(rows) != 3 || cmp.Diff(want, rows[1]) != "" {
		t.Errorf("%q, want %q second", rows, want)
	}
}

func TestExportVariants(t *testing.T) {
	t.Parallel()
	file := export(t, signed(t), coretaxtest.ExportOptions{
		Columns:  []string{coretaxtest.ColumnStatus, coretaxtest.ColumnReference, "Kolom Lain", coretaxtest.ColumnDate},
		Headings: map[string]string{coretaxtest.ColumnReference: "REFERENSI "},
		Words:    map[string]string{coretaxtest.Approved: "APPROVED", "Done": "?"},
		Titles:   [][]string{{"Daftar Faktur Pajak Keluaran"}, {}},
		Comma:    ';', BOM: true, DateLayout: "2006-01-02",
	})
	want := "\xef\xbb\xbfDaftar Faktur Pajak Keluaran\n\nStatus Faktur;REFERENSI ;Kolom Lain;Tanggal Faktur Pajak\nAPPROVED;" + first + ";;2026-11-20\n"
	if diff := cmp.Diff(want, file); diff != "" {
		t.Error(diff)
	}
	none := export(t, signed(t), coretaxtest.ExportOptions{Where: func(coretaxtest.Row) bool { return false }})
	if rows := readCSV(t, none, ','); len(rows) != 1 {
		t.Errorf("no row was wanted: %q", rows)
	}
}

// TestExportAsSpreadsheet: the same table, with numbers as numbers.
func TestExportAsSpreadsheet(t *testing.T) {
	t.Parallel()
	for _, asDates := range []bool{false, true} {
		file := export(t, signed(t), coretaxtest.ExportOptions{
			XLSX: true, DateCells: asDates, Titles: [][]string{{"Daftar"}},
			Columns: []string{coretaxtest.ColumnReference, coretaxtest.ColumnNSFP, coretaxtest.ColumnDate, coretaxtest.ColumnPPN},
		})
		book, err := excelize.OpenReader(strings.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := book.GetRows("Sheet1", excelize.Options{RawCellValue: true})
		if err != nil {
			t.Fatal(err)
		}
		want := [][]string{{"Daftar"}, {"Referensi", "Nomor Faktur Pajak", "Tanggal Faktur Pajak", "PPN"}, {first, number, "20/11/2026", "35695.05"}}
		if asDates {
			want[2][2] = "46346" // days since 1900, as spreadsheets count
		}
		if diff := cmp.Diff(want, rows); diff != "" {
			t.Error(diff)
		}
		if kind, err := book.GetCellType("Sheet1", "D3"); err != nil || kind == excelize.CellTypeInlineString || kind == excelize.CellTypeSharedString {
			t.Errorf("the amount is of cell type %v: %v", kind, err)
		}
	}
}
