package portal

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/fakturgate/fakturgate/faktur"
)

// A thousand rows of which fifty are bad: the others are there in full.
func TestFiftyBadRowsHideNoGoodOne(t *testing.T) {
	t.Parallel()
	text := "Referensi;Tanggal Faktur Pajak;Nomor Faktur Pajak;Status Faktur\r\n"
	spoilt := []string{"INV/%d;09/17/2025;040025%011d;Approved", "INV/%d;17/09/2025;4.0025E+%d;Approved", "INV/%d;17/09/2025;04%d;Approved", "INV/%d;17/09/2025;040025%011d;", "INV/%d;\"17/09/2025;040025%011d;Approved"}
	for i := range 1000 {
		row := "INV/%d;17/09/2025;040025%011d;Approved"
		if i%20 == 13 {
			row = spoilt[i/20%len(spoilt)]
		}
		text += fmt.Sprintf(row, i, i) + "\r\n"
	}
	export, err := ReadExport([]byte(text))
	if err != nil || len(export.Rows) != 1000 {
		t.Fatalf("%d rows, %v", len(export.Rows), err)
	}
	good := 0
	for i, row := range export.Rows {
		if bad := i%20 == 13; bad != (len(row.Faults) > 0) {
			t.Errorf("row %d: %+v", row.Row, row.Faults)
		}
		if len(row.Faults) == 0 {
			good++
			if row.Row != i+2 || row.Reference != fmt.Sprint("INV/", i) || row.NSFP != fmt.Sprintf("040025%011d", i) {
				t.Errorf("row %d: %+v", i+2, row)
			}
		}
	}
	if good != 950 {
		t.Errorf("%d good rows, want 950", good)
	}
}

func TestFormulasMergedCellsAndErrorsInAnExport(t *testing.T) {
	t.Parallel()
	f := excelize.NewFile()
	defer f.Close()
	row := []any{"INV/1", "17/09/2025", "04002500000000001", "Approved"}
	for cell, values := range map[string][]any{"A1": {"Referensi", "Tanggal Faktur Pajak", "Nomor Faktur Pajak", "Status Faktur"}, "A2": row, "A3": row, "A4": row, "A5": row} {
		if err := f.SetSheetRow("Sheet1", cell, &values); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(f.SetCellValue("Sheet1", "D3", nil), f.MergeCell("Sheet1", "D2", "D3"), f.SetCellValue("Sheet1", "C4", nil), f.SetCellFormula("Sheet1", "C4", "C2&\"\"")); err != nil {
		t.Fatal(err)
	}
	export, err := ReadExport(written(t, f))
	if err != nil || len(export.Rows) != 4 {
		t.Fatalf("%+v, %v", export, err)
	}
	for i, want := range []string{"", "merged_cell", "formula_without_value", ""} {
		got := ""
		if faults := export.Rows[i].Faults; len(faults) > 0 {
			got = faults[0].Code
		}
		if got != want {
			t.Errorf("row %d: %q, want %q", i+2, got, want)
		}
	}
}

func TestAnExportBeyondTheBoundIsRefused(t *testing.T) {
	t.Parallel()
	text := "Referensi,Tanggal Faktur Pajak,Nomor Faktur Pajak,Status Faktur\n" + strings.Repeat("INV,17/09/2025,,Draft\n", MaxExportRows)
	if export, err := ReadExport([]byte(text)); err != nil || len(export.Rows) != MaxExportRows {
		t.Errorf("%d rows, %v", len(export.Rows), err)
	}
	_, err := ReadExport([]byte(text + "INV,17/09/2025,,Draft\n"))
	if e, _ := errors.AsType[*faktur.Error](err); e == nil || e.Kind != faktur.KindTooLarge || e.Code != "too_many_rows" {
		t.Errorf("one row more: %v", err)
	}
}
