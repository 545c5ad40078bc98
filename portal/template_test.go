package portal

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/fakturgate/fakturgate/faktur"
)

var today = faktur.NewDate(2026, 11, 22)

// fakturRow and detailRow are good rows of DJP's template.
func fakturRow(baris int) map[string]any {
	return map[string]any{"Baris": baris, "Tanggal Faktur": "20/11/2026", "Jenis Faktur": "Normal", "Kode Transaksi": "04",
		"Referensi": fmt.Sprint("INV/", baris), "ID TKU Penjual": "0012345674901000000000", "NPWP/NIK Pembeli": "0098765431109000",
		"Jenis ID Pembeli": "TIN", "Negara Pembeli": "IDN", "Nomor Dokumen Pembeli": "-", "Nama Pembeli": "PT Pembeli",
		"Alamat Pembeli": "Jl. Merdeka 1, Jakarta", "ID TKU Pembeli": "0098765431109000000000"}
}

func detailRow(baris int) map[string]any {
	return map[string]any{"Baris": baris, "Barang/Jasa": "A", "Kode Barang Jasa": "000000", "Nama Barang/Jasa": "Kertas A4",
		"Nama Satuan Ukur": "UM.0018", "Harga Satuan": 100000, "Jumlah Barang Jasa": 1, "Total Diskon": 0, "Tarif PPN": 12}
}

// with gives a row with other cells; an odd number of them is the test's fault.
func with(row map[string]any, cells ...any) map[string]any {
	for i := 0; i < len(cells); i += 2 {
		row[cells[i].(string)] = cells[i+1]
	}
	return row
}

// under lays rows out under a header made of the columns' titles.
func under(columns []column, above [][]any, rows ...map[string]any) [][]any {
	var titles []any
	for _, c := range columns {
		if c.key != "seller" {
			titles = append(titles, c.title)
		}
	}
	laid := slices.Concat(above, [][]any{titles})
	for _, row := range rows {
		var cells []any
		for _, title := range titles {
			cells = append(cells, row[title.(string)])
		}
		laid = append(laid, cells)
	}
	return laid
}

var sellerAbove = [][]any{{"NPWP Penjual", nil, "0012345674901000"}, {}}

// twoSheets is DJP's template: rows of Faktur begin at 4, of DetailFaktur at 2.
func twoSheets(t testing.TB, invoices, lines []map[string]any) []byte {
	t.Helper()
	return workbook(t, map[string][][]any{
		"Faktur":       append(under(fakturColumns, sellerAbove, invoices...), []any{"END"}),
		"DetailFaktur": append(under(detailColumns, nil, lines...), []any{"END"}),
	})
}

// briefly writes faults as sheet!letter+row code.
func briefly(faults []CellFault) []string {
	var all []string
	for _, f := range faults {
		all = append(all, fmt.Sprintf("%s!%s%d %s", f.Sheet, f.Letter, f.Row, f.Code))
	}
	return all
}

// refusals gives all faults of a template: those of reading, and those of the rules.
func refusals(t *testing.T, template Template) []CellFault {
	t.Helper()
	all := template.Faults
	for _, i := range template.Invoices {
		all = append(all, i.Faults...)
		_, err := faktur.NewRules(nil).Assess(i.Invoice, faktur.Settings{}, faktur.ChannelPJAP, today.StartOfDay())
		if len(i.Faults) > 0 || err == nil {
			continue
		}
		for _, f := range faktur.AsError(err).Faults {
			all = append(all, i.Locate(f))
		}
	}
	return all
}

// The file is one as Excel writes it, made without the library that the other
// tests use: rich text, formulas with values, formatted rows without content.
func TestReadTemplateOfAFile(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("testdata/template.xlsx")
	if err != nil {
		t.Fatal(err)
	}
	template, err := ReadTemplate(content, TemplateOptions{Today: today})
	if err != nil {
		t.Fatal(err)
	}
	if got := briefly(refusals(t, template)); len(got) > 0 || len(template.Invoices) != 3 {
		t.Fatalf("%d invoices, refused: %v", len(template.Invoices), got)
	}
	var invoices []faktur.TaxInvoice
	for _, i := range template.Invoices {
		invoices = append(invoices, i.Invoice)
	}
	var want []faktur.TaxInvoice
	expected, err := os.ReadFile("testdata/template.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(expected, &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, invoices); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsWrongIsNamedByItsPlace(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name          string
		invoice, line []any
		want          []string
		tells         string
	}{
		{"nothing", nil, nil, nil, ""},
		{"day and month swapped, impossible", []any{"Tanggal Faktur", "11/20/2026"}, nil, []string{"Faktur!B4 day_month_swapped"}, "2026-11-20"},
		{"day and month swapped, in the future", []any{"Tanggal Faktur", "2026-12-05"}, nil, []string{"Faktur!B4 day_month_swapped"}, "2026-05-12"},
		{"no date", []any{"Tanggal Faktur", "31/02/2026"}, nil, []string{"Faktur!B4 date_malformed"}, "31/02/2026"},
		{"in the future either way", []any{"Tanggal Faktur", "25/11/2026"}, nil, []string{"Faktur!B4 date_in_future"}, ""},
		{"NPWP as a number", []any{"NPWP/NIK Pembeli", 98765431109000}, nil, []string{"Faktur!K4 leading_zero_lost"}, "0098765431109000"},
		{"NPWP without its zero", []any{"NPWP/NIK Pembeli", "098765431109000"}, nil, []string{"Faktur!K4 leading_zero_lost"}, "0098765431109000"},
		{"NPWP with points", []any{"NPWP/NIK Pembeli", "00.987.654.3-1109.000"}, nil, nil, ""},
		{"NIK as a number", []any{"Jenis ID Pembeli", "National ID", "Nomor Dokumen Pembeli", 3174015506800001}, nil, []string{"Faktur!N4 digits_lost"}, "15 digits"},
		{"NIK where the NPWP belongs", []any{"Jenis ID Pembeli", "NIK", "NPWP/NIK Pembeli", "3174015506800001", "ID TKU Pembeli", 0}, nil, nil, ""},
		{"NITKU as a number", []any{"ID TKU Pembeli", 9876543110900000000.0}, nil, []string{"Faktur!R4 digits_lost"}, "22"},
		{"code as a number", []any{"Kode Transaksi", 4}, nil, nil, ""},
		{"a replacement", []any{"Jenis Faktur", "Pengganti"}, nil, []string{"Faktur!C4 not_normal"}, "replace"},
		{"no reference", []any{"Referensi", ""}, nil, []string{"Faktur!H4 required"}, "reference"},
		{"an identity that is none", []any{"Jenis ID Pembeli", "SIM"}, nil, []string{"Faktur!L4 unknown_value", "Faktur!N4 required"}, "National ID"},
		{"neither goods nor services", nil, []any{"Barang/Jasa", "X"}, []string{"DetailFaktur!B2 unknown_value"}, "A for goods"},
		{"decimal comma", nil, []any{"Harga Satuan", "1.000.000,50"}, []string{"DetailFaktur!F2 decimal_comma"}, "--decimal-comma"},
		{"thousands", nil, []any{"Harga Satuan", "1,000,000"}, []string{"DetailFaktur!F2 thousands_separator"}, ""},
		{"a hundred thousand", nil, []any{"Harga Satuan", "100.000"}, []string{"DetailFaktur!F2 too_many_decimals"}, "not 100.000"},
		{"no number", nil, []any{"Jumlah Barang Jasa", "satu"}, []string{"DetailFaktur!G2 amount_malformed"}, "satu"},
		{"no quantity", nil, []any{"Jumlah Barang Jasa", ""}, []string{"DetailFaktur!G2 required"}, "is empty"},
		{"a unit's name", nil, []any{"Nama Satuan Ukur", "Piece"}, []string{"DetailFaktur!E2 unit_malformed"}, "UM.0021"},
		{"an unknown unit", nil, []any{"Nama Satuan Ukur", "PCS"}, []string{"DetailFaktur!E2 unit_malformed"}, "unit_codes"},
		{"a code that lost its zero", nil, []any{"Kode Barang Jasa", 10100}, []string{"DetailFaktur!C2 code_malformed"}, "010100"},
		{"a code of zeros as a number", nil, []any{"Kode Barang Jasa", 0}, nil, ""},
		{"a rate as a fraction", nil, []any{"Tarif PPN", 0.12}, []string{"DetailFaktur!K2 rate_as_fraction"}, "12"},
		{"a rate with its sign", nil, []any{"Tarif PPN", "12%"}, nil, ""},
		{"float noise", nil, []any{"Harga Satuan", 0.1 + 0.2}, nil, ""},
		{"PPN that does not fit", nil, []any{"PPN", 500}, []string{"DetailFaktur!L2 ppn_mismatch"}, ""},
		{"all at once", []any{"Tanggal Faktur", "11/20/2026", "NPWP/NIK Pembeli", 98765431109000}, []any{"Harga Satuan", "1,5", "Jumlah Barang Jasa", "1.000,00"},
			[]string{"Faktur!B4 day_month_swapped", "Faktur!K4 leading_zero_lost", "DetailFaktur!F2 decimal_comma", "DetailFaktur!G2 decimal_comma"}, ""},
	} {
		content := twoSheets(t, []map[string]any{with(fakturRow(1), tt.invoice...)}, []map[string]any{with(detailRow(1), tt.line...)})
		template, err := ReadTemplate(content, TemplateOptions{Today: today})
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		faults := refusals(t, template)
		if diff := cmp.Diff(tt.want, briefly(faults)); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
			continue
		}
		if len(faults) > 0 && !strings.Contains(faults[0].Message, tt.tells) {
			t.Errorf("%s: %s does not tell of %q", tt.name, faults[0].Message, tt.tells)
		}
	}
}

func TestBarisTiesLinesToInvoices(t *testing.T) {
	t.Parallel()
	content := twoSheets(t,
		[]map[string]any{fakturRow(1), fakturRow(2), with(fakturRow(2), "Referensi", "INV/2b"), fakturRow(3), with(fakturRow(4), "Baris", nil), with(fakturRow(5), "Referensi", "INV/1")},
		[]map[string]any{detailRow(1), detailRow(5), detailRow(1), detailRow(2), detailRow(99), with(detailRow(1), "Baris", nil)})
	template, err := ReadTemplate(content, TemplateOptions{Today: today})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"Faktur!A6 baris_twice", "Faktur!A8 baris_missing", "DetailFaktur!A6 baris_unknown", "DetailFaktur!A7 baris_missing",
		"Faktur!A5 baris_twice", "Faktur!A7 lines_missing", "Faktur!H9 reference_twice"}
	if diff := cmp.Diff(want, briefly(refusals(t, template))); diff != "" {
		t.Error(diff)
	}
	if first := template.Invoices[0]; len(first.Invoice.Lines) != 2 || first.Place("/lines/1/unit").Row != 4 {
		t.Errorf("the first invoice: %d lines, the second in row %d", len(first.Invoice.Lines), first.Place("/lines/1/unit").Row)
	}
}

func TestAWideTableHasOneRowALine(t *testing.T) {
	t.Parallel()
	content := "NPWP Penjual;Tanggal Faktur;Kode Transaksi;Referensi;NPWP/NIK Pembeli;Jenis ID Pembeli;Negara Pembeli;Nama Pembeli;Alamat Pembeli;Barang/Jasa;Nama Barang/Jasa;Nama Satuan Ukur;Harga Satuan;Jumlah Barang Jasa\n" +
		"0012345674901000;20/11/2026;04;INV/1;0098765431109000;TIN;IDN;PT Pembeli;Jl. Merdeka 1;A;Kertas;UM.0018;100.000,50;2\n" +
		";;;INV/1;;;;;;B;Jasa kirim;UM.0033;1.250,00;1\n" +
		"0012345674901000;20/11/2026;04;INV/2;0098765431109000;TIN;IDN;PT Lain;Jl. Merdeka 2;A;Kertas;UM.0018;100,5;2\n" +
		"0012345674901000;20/11/2026;04;INV/2;0098765431109000;TIN;IDN;PT Anak;Jl. Merdeka 2;A;Kertas;UM.0018;100,5;2\n"
	template, err := ReadTemplate([]byte(content), TemplateOptions{Today: today, DecimalComma: true})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"!H5 row_differs"}, briefly(refusals(t, template))); diff != "" || len(template.Invoices) != 2 {
		t.Fatalf("%d invoices, %s", len(template.Invoices), diff)
	}
	first := template.Invoices[0].Invoice
	if len(first.Lines) != 2 || first.Lines[0].UnitPrice.String() != "100000.50" || first.Lines[1].UnitPrice.String() != "1250.00" || first.Seller.NPWP != "0012345674901000" {
		t.Errorf("%+v", first)
	}
	if got := template.Invoices[0].Place("/lines/1/quantity"); got != (Place{Row: 3, Column: "Jumlah Barang Jasa", Letter: "N"}) {
		t.Errorf("the second line's quantity is at %+v", got)
	}
	person := template.Invoices[0]
	person.Invoice.Buyer.IDType = faktur.IDTypeNIK // this table has one column for both numbers
	if got := person.Place("/buyer/id_number"); got != (Place{Row: 2, Column: "NPWP/NIK Pembeli", Letter: "E"}) {
		t.Errorf("the buyer's number is at %+v", got)
	}
}

func TestTheSellerOfAFile(t *testing.T) {
	t.Parallel()
	const good = "0012345674901000"
	for _, tt := range []struct{ inFile, asked, code string }{
		{good, "", ""}, {good, good, ""}, {"", good, ""}, {"00.123.456.7-4901.000", "", ""},
		{"", "", "seller_missing"}, {"12345674901000", "", "seller_malformed"}, {good, "0098765431109000", "seller_differs"},
	} {
		content := workbook(t, map[string][][]any{
			"Faktur":       under(fakturColumns, [][]any{{"NPWP Penjual", nil, tt.inFile}}, fakturRow(1)),
			"DetailFaktur": under(detailColumns, nil, detailRow(1)),
		})
		template, err := ReadTemplate(content, TemplateOptions{Today: today, Seller: tt.asked})
		if tt.code == "" && (err != nil || template.Invoices[0].Invoice.Seller.NPWP != good) {
			t.Errorf("%q, %q: %+v, %v", tt.inFile, tt.asked, template, err)
		}
		if e, _ := errors.AsType[*faktur.Error](err); tt.code != "" && (e == nil || e.Code != tt.code) {
			t.Errorf("%q, %q: %v, want %s", tt.inFile, tt.asked, err, tt.code)
		}
	}
}

func TestReadTemplateRefusesWhatIsNoTemplate(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, code, tells string
		sheets            map[string][][]any
	}{
		{"another table", "not_a_template", "Kode Transaksi", map[string][][]any{"S": {{"a", "b"}, {1, 2}}}},
		{"no lines", "sheet_missing", "DetailFaktur", map[string][][]any{"Faktur": under(fakturColumns, sellerAbove, fakturRow(1))}},
		{"no invoices", "sheet_missing", "no sheet Faktur", map[string][][]any{"DetailFaktur": under(detailColumns, nil, detailRow(1))}},
		{"a column short", "sheet_missing", "Harga Satuan", map[string][][]any{"Faktur": under(fakturColumns, sellerAbove, fakturRow(1)),
			"DetailFaktur": {{"Baris", "Barang/Jasa", "Nama Barang/Jasa", "Nama Satuan Ukur", "Jumlah Barang Jasa"}}}},
		{"no rows", "no_invoices", "below the header", map[string][][]any{"Faktur": under(fakturColumns, sellerAbove), "DetailFaktur": under(detailColumns, nil)}},
	} {
		_, err := ReadTemplate(workbook(t, tt.sheets), TemplateOptions{Today: today})
		if e, _ := errors.AsType[*faktur.Error](err); e == nil || e.Code != tt.code || !strings.Contains(e.Detail, tt.tells) {
			t.Errorf("%s: %v, want %s that tells %q", tt.name, err, tt.code, tt.tells)
		}
	}
}
