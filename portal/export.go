package portal

import (
	"fmt"
	"strings"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/sheet"
)

// MaxExportRows is how many rows of an export are read.
const MaxExportRows = 100_000

// Export is the list of invoices or returns that the portal exports (FACTS 5.4,
// EIL-IMPORT): how the outcome of what a person uploaded finds its way back.
type Export struct {
	// Returns says that the list is one of returns: it has a date of return.
	// Its rows carry the number of the returned invoice in NSFP.
	Returns bool
	Sheet   string // the name of the sheet that was read; "" of a CSV
	Rows    []ExportRow
}

// ExportRow is one row of an Export.
type ExportRow struct {
	Row       int    // its number in the file, 1 is the first
	Reference string // the ERP's own number; "" when the portal knows none
	// Seller is the bare NPWP of the PKP that issued it, "" when the list has no
	// such column: it is the list of one seller.
	Seller string
	Date   faktur.Date // of the invoice, or of the return
	NSFP   string      // bare digits, 16 or 17; "" none yet
	// ZeroMayBeLost: NSFP has 16 digits and begins with 10. It is the desktop
	// application's of code 10, or a number of code 01 whose first zero a
	// spreadsheet has eaten.
	ZeroMayBeLost bool
	Status        string // the portal's word, raw; see faktur.ParseCoretaxStatus
	ESign         string // the word for its signature, raw; "" when there is none
	// The amounts; nil when there is no such column or it is empty.
	DPP, OtherDPP, PPN, PPnBM *faktur.Amount
	// Faults say why the row cannot be used; Pointer is the column's title. What
	// was read in spite of them is there.
	Faults []faktur.Fault
}

// invoiceColumns are those of the list of invoices. The titles were seen in
// EIL-IMPORT and TAXIO (FACTS 5.4); the other names are assumptions, which do
// no harm when the portal does not use them.
var invoiceColumns = append([]column{
	{key: "reference", title: "Referensi", required: true, names: []string{"referensi", "nomorreferensi", "noreferensi", "reference", "referenceno", "referencenumber", "refdesc", "ref"}},
	{key: "date", title: "Tanggal Faktur Pajak", required: true, names: []string{"tanggalfakturpajak", "tanggalfaktur", "tglfakturpajak", "tglfaktur", "taxinvoicedate", "invoicedate", "tanggal", "tgl", "date"}},
	{key: "nsfp", title: "Nomor Faktur Pajak", required: true, names: []string{"nomorfakturpajak", "nofakturpajak", "nomorseri", "nomorserifakturpajak", "nsfp", "nomorfaktur", "nofaktur", "taxinvoicenumber", "taxinvoiceno", "invoicenumber", "invoiceno"}},
	{key: "status", title: "Status Faktur", required: true, names: []string{"statusfaktur", "statusfakturpajak", "taxinvoicestatus", "invoicestatus", "status"}},
}, sharedColumns...)

// returnColumns are those of the list of returns; the XML of a return carries
// no reference (FACTS 1.2), so the list may have none.
var returnColumns = append([]column{
	{key: "reference", title: "Referensi", names: []string{"referensi", "nomorreferensi", "noreferensi", "reference", "referenceno", "referencenumber", "refdesc", "ref"}},
	{key: "return_date", title: "Tanggal Retur", required: true, names: []string{"tanggalretur", "tglretur", "tanggalnotaretur", "tanggaldokumenretur", "returndate"}},
	{key: "nsfp", title: "Nomor Faktur", required: true, names: []string{"nomorfaktur", "nofaktur", "nomorfakturpajak", "nofakturpajak", "nomorfakturyangdiretur", "nsfp", "taxinvoicenumber", "invoicenumber", "invoiceno"}},
	{key: "status", title: "Status Retur", required: true, names: []string{"statusretur", "returnstatus", "statusnotaretur", "statusfaktur", "status"}},
}, sharedColumns...)

var sharedColumns = []column{
	{key: "esign", title: "Status e-Sign", names: []string{"statusesign", "esignstatus", "esign", "statustandatanganelektronik", "statustandatangan", "signaturestatus"}},
	{key: "seller", title: "NPWP Penjual", names: []string{"npwppenjual", "tinpenjual", "sellertin", "sellernpwp"}},
	{key: "dpp", title: "DPP", names: []string{"dpp", "hargajualpenggantiandpp", "hargajualpenggantian", "hargajual", "dasarpengenaanpajak", "nilaidpp", "dppretur", "taxbase", "sellingprice", "returntaxbase"}},
	{key: "other_dpp", title: "DPP Nilai Lain", names: []string{"dppnilailain", "dppnilailaindpp", "nilailain", "dppnilailainretur", "othertaxbase", "returnothertaxbase"}},
	{key: "ppn", title: "PPN", names: []string{"ppn", "jumlahppn", "nilaippn", "ppnretur", "vat", "returnvat"}},
	{key: "ppnbm", title: "PPnBM", names: []string{"ppnbm", "jumlahppnbm", "nilaippnbm", "ppnbmretur", "stlg", "returnstlg"}},
}

// ReadExport reads the portal's exported list, XLSX or CSV. The columns may
// stand in any order, the header in any of the first rows, and titles are
// matched without case, spaces and punctuation. The first sheet that has every
// required column is read.
//
// A row that cannot be used carries its Faults and hides no other. The error, a
// *faktur.Error, is about the file: KindInvalid when it is no spreadsheet or a
// required column is missing, KindTooLarge when it is beyond a bound.
func ReadExport(content []byte) (Export, error) {
	limits := sheet.DefaultLimits
	limits.Rows = MaxExportRows + headerRows
	book, err := sheet.Open(content, limits)
	if err != nil {
		return Export{}, fileError(err)
	}
	var nearest *header
	for _, name := range book.Sheets() {
		export, found, err := readExportSheet(book, name)
		if err != nil {
			return Export{}, fileError(err)
		}
		if export != nil {
			return *export, nil
		}
		if nearest == nil || len(found.at) > len(nearest.at) {
			nearest = &found
		}
	}
	return Export{}, noExport(nearest)
}

// readExportSheet reads a sheet that has the columns; no Export and the header
// that comes nearest when it has not.
func readExportSheet(book *sheet.Book, name string) (*Export, header, error) {
	rows := book.Rows(name)
	export := &Export{Sheet: name}
	best := header{}
	for seen := 0; seen < headerRows && rows.Next(); seen++ {
		h := exportHeader(rows.Row())
		if len(h.at) > len(best.at) {
			best = h
		}
		if len(h.missing()) > 0 {
			continue
		}
		if len(h.twice) > 0 {
			return nil, h, h.ambiguous()
		}
		export.Returns = h.has("return_date")
		return export, h, export.read(rows, h)
	}
	return nil, best, rows.Err()
}

// exportHeader takes a row for the header of a list. A date of return makes it
// one of returns.
func exportHeader(row sheet.Row) header {
	if h := readHeader(row, returnColumns); h.has("return_date") {
		return h
	}
	return readHeader(row, invoiceColumns)
}

// noExport says which columns are missing from the header that comes nearest.
func noExport(h *header) error {
	if h == nil || len(h.at) == 0 {
		return faktur.NewError(faktur.KindInvalid, "not_an_export", "No row has the titles of the portal's list: Referensi, Tanggal Faktur Pajak, Nomor Faktur Pajak, Status Faktur. Export the list from the portal and send it as it is.")
	}
	return faktur.NewError(faktur.KindInvalid, "column_missing", fmt.Sprintf("Row %d has no column %s; it has %s. Export the list from the portal with all its columns and send it as it is.",
		h.row, strings.Join(h.missing(), ", "), strings.Join(h.present(), ", ")))
}

// read reads the rows below the header.
func (e *Export) read(rows *sheet.Rows, h header) error {
	for rows.Next() {
		if len(e.Rows) == MaxExportRows {
			return faktur.NewError(faktur.KindTooLarge, "too_many_rows", fmt.Sprintf("The list has more than %d rows. Export it by month or by status, and send the parts.", MaxExportRows))
		}
		row := rows.Row()
		e.Rows = append(e.Rows, exportRow(&row, &h))
	}
	return rows.Err()
}

// exportRow reads one row and notes what is wrong with it.
func exportRow(row *sheet.Row, h *header) ExportRow {
	e := ExportRow{Row: row.Number}
	if row.Broken != "" {
		e.Faults = []faktur.Fault{{Code: "row_broken", Message: row.Broken}}
		return e
	}
	r := reader{row: row, header: h}
	e.Reference = r.exact("reference")
	e.Seller = bareNumber(r.text("seller"))
	e.Date = r.date("date")
	if h.has("return_date") {
		e.Date = r.date("return_date")
	}
	e.NSFP, e.ZeroMayBeLost = r.nsfp("nsfp")
	e.Status = r.text("status")
	e.ESign = r.text("esign")
	e.DPP, e.OtherDPP = r.amount("dpp"), r.amount("other_dpp")
	e.PPN, e.PPnBM = r.amount("ppn"), r.amount("ppnbm")
	if e.Status == "" {
		r.fault("status", "status_missing", "%s is empty, so there is nothing to learn from this row.", h.titles["status"])
	}
	e.Faults = r.faults
	return e
}
