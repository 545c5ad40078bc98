package coretax_test

import (
	"fmt"
	"testing"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/adapter/coretax/coretaxtest"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/portal"
)

// shapes are ways in which the portal's list may look.
func shapes() map[string]coretaxtest.ExportOptions {
	five := []string{coretaxtest.ColumnReference, coretaxtest.ColumnDate, coretaxtest.ColumnNSFP, coretaxtest.ColumnStatus, coretaxtest.ColumnESign}
	backwards := []string{coretaxtest.ColumnStatus, "Kolom Lain", coretaxtest.ColumnNSFP, coretaxtest.ColumnPPN, coretaxtest.ColumnDate, coretaxtest.ColumnReference}
	return map[string]coretaxtest.ExportOptions{
		"as it is":      {},
		"known columns": {Columns: five},
		"other order":   {Columns: backwards},
		"semicolons":    {Comma: ';', BOM: true},
		"titles":        {Titles: [][]string{{"Daftar Faktur Pajak Keluaran"}, {}, {"NPWP", taxpayer}}},
		"ISO dates":     {DateLayout: "2006-01-02"},
		"capitals": {
			Headings: map[string]string{coretaxtest.ColumnReference: "REFERENSI", coretaxtest.ColumnStatus: " status  faktur", coretaxtest.ColumnESign: "Status E-Sign"},
			Words:    map[string]string{coretaxtest.Approved: "APPROVED", coretaxtest.SavedInvalid: "SAVED_INVALID", coretaxtest.Cancelled: "CANCELED"},
		},
		"a new word": {Words: map[string]string{coretaxtest.SigningInProgress: "Menunggu Tanda Tangan"}},
	}
}

// story gives a portal whose rows stand at every word.
func story(t *testing.T) *coretaxtest.Portal {
	t.Helper()
	p := coretaxtest.New(coretaxtest.Config{TIN: taxpayer, Name: "PT Penjual", Clock: portalDay.StartOfDay, Invalid: func(row coretaxtest.Row) string {
		if row.Reference == "INV/2" || row.Reference == "INV/3" {
			return "Passphrase tidak dikenali"
		}
		return ""
	}})
	var batch []adapter.Submission
	for i := range 7 {
		batch = append(batch, accepted(t, ordinary(fmt.Sprintf("INV/%d", i), "04", 1+i), faktur.Settings{}))
	}
	taken(t, p, faktur.KindInvoice, written(t, batch))
	p.SignAll()
	for _, err := range []error{p.EditAndSign("INV/3"), p.Cancel("INV/4"), p.Replace("INV/5")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	p.SignAll()
	if err := p.Replace("INV/6"); err != nil {
		t.Fatal(err)
	}
	return p
}

// TestExportIsRead: what the portal exports, in whatever shape, is read row by row.
func TestExportIsRead(t *testing.T) {
	t.Parallel()
	p := story(t)
	for name, o := range shapes() {
		for _, spreadsheet := range []bool{false, true} {
			for _, dates := range []bool{false, spreadsheet} {
				o.XLSX, o.DateCells = spreadsheet, dates
				t.Run(fmt.Sprintf("%s, XLSX %t, dates %t", name, spreadsheet, dates), func(t *testing.T) {
					t.Parallel()
					isRead(t, p, o)
				})
			}
		}
	}
}

func isRead(t *testing.T, p *coretaxtest.Portal, o coretaxtest.ExportOptions) {
	t.Helper()
	file, err := p.Export(o)
	if err != nil {
		t.Fatal(err)
	}
	list, err := portal.ReadExport(file)
	if err != nil {
		t.Fatalf("read: %v\n%s", err, file)
	}
	rows := p.Rows()
	if list.Returns || len(list.Rows) != len(rows) {
		t.Fatalf("%d rows of %d were read", len(list.Rows), len(rows))
	}
	for i, got := range list.Rows {
		want := rows[i]
		if got.Reference != want.Reference || got.Date != want.Date || got.NSFP != want.NSFP || len(got.Faults) > 0 {
			t.Errorf("row %d is read as %+v, want %+v", i, got, want)
		}
		status, known := faktur.ParseCoretaxStatus(got.Status)
		wantStatus, _ := faktur.ParseCoretaxStatus(want.Status)
		if word, renamed := o.Words[want.Status]; !known && renamed {
			if got.Status != word {
				t.Errorf("row %d stands at %q, want %q", i, got.Status, word)
			}
		} else if status != wantStatus {
			t.Errorf("row %d stands at %q, want %q", i, got.Status, want.Status)
		}
		if got.PPN != nil && !got.PPN.Equal(want.PPN) || got.DPP != nil && !got.DPP.Equal(want.DPP) {
			t.Errorf("row %d has the amounts %v and %v, want %s and %s", i, got.DPP, got.PPN, want.DPP, want.PPN)
		}
		if o.Columns == nil && (got.PPN == nil || got.DPP == nil || got.OtherDPP == nil || got.PPnBM == nil || got.Seller != taxpayer || got.ESign == "") {
			t.Errorf("row %d lacks what the list has: %+v", i, got)
		}
	}
}

// TestExportOfReturnsIsRead: it has no reference.
func TestExportOfReturnsIsRead(t *testing.T) {
	t.Parallel()
	p := newPortal()
	taken(t, p, faktur.KindReturn, written(t, []adapter.Submission{returnOf("RET/1", 3), returnOf("RET/2", 10)}))
	p.SignAll()
	for _, spreadsheet := range []bool{false, true} {
		file, err := p.Export(coretaxtest.ExportOptions{Kind: faktur.KindReturn, XLSX: spreadsheet})
		if err != nil {
			t.Fatal(err)
		}
		list, err := portal.ReadExport(file)
		if err != nil {
			t.Fatalf("read: %v\n%s", err, file)
		}
		if !list.Returns || len(list.Rows) != 2 {
			t.Fatalf("read %+v", list)
		}
		row := list.Rows[1]
		if row.NSFP != "04002600000000001" || row.Date != portalDay || row.Reference != "" || row.Seller != "0098765431109000" || len(row.Faults) > 0 ||
			row.DPP == nil || row.DPP.String() != "1000000.00" || row.PPN == nil || row.PPN.String() != "110000.00" {
			t.Errorf("read %+v", row)
		}
	}
}
