package portal

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/sheet"
)

// The kinds of table that a template has.
const (
	fakturTable = "Faktur"
	detailTable = "DetailFaktur"
	wideTable   = "both" // the columns of both side by side
)

// fakturColumns are the sheet Faktur's (TPL, data/template_field_rules.csv).
// Required are those without which no invoice can be made of a row.
var fakturColumns = []column{
	{key: "row", title: "Baris", names: []string{"baris", "row"}},
	{key: "date", title: "Tanggal Faktur", required: true, names: []string{"tanggalfaktur", "tanggalfakturpajak", "tglfaktur", "date", "taxinvoicedate"}},
	{key: "opt", title: "Jenis Faktur", names: []string{"jenisfaktur", "taxinvoiceopt"}},
	{key: "trx_code", title: "Kode Transaksi", required: true, names: []string{"kodetransaksi", "trxcode"}},
	{key: "add_info", title: "Keterangan Tambahan", names: []string{"keterangantambahan", "addinfo"}},
	{key: "document", title: "Dokumen Pendukung", names: []string{"dokumenpendukung", "nomordokumenpendukung", "customdoc"}},
	{key: "period", title: "Period Dok Pendukung", names: []string{"perioddokpendukung", "periodedokpendukung", "periodedokumenpendukung", "customdocmonthyear"}},
	{key: "reference", title: "Referensi", required: true, names: []string{"referensi", "reference", "refdesc"}},
	{key: "stamp", title: "Cap Fasilitas", names: []string{"capfasilitas", "facilitystamp"}},
	{key: "seller", title: "NPWP Penjual", names: []string{"npwppenjual", "sellernpwp", "sellertin"}},
	{key: "seller_nitku", title: "ID TKU Penjual", names: []string{"idtkupenjual", "nitkupenjual", "selleridtku"}},
	{key: "buyer", title: "NPWP/NIK Pembeli", required: true, names: []string{"npwpnikpembeli", "npwppembeli", "buyertin", "buyernpwp"}},
	{key: "id_type", title: "Jenis ID Pembeli", required: true, names: []string{"jenisidpembeli", "buyerdocument"}},
	{key: "country", title: "Negara Pembeli", names: []string{"negarapembeli", "buyercountry"}},
	{key: "id_number", title: "Nomor Dokumen Pembeli", names: []string{"nomordokumenpembeli", "buyerdocumentnumber"}},
	{key: "name", title: "Nama Pembeli", required: true, names: []string{"namapembeli", "buyername"}},
	{key: "address", title: "Alamat Pembeli", required: true, names: []string{"alamatpembeli", "buyeradress", "buyeraddress"}},
	{key: "email", title: "Email Pembeli", names: []string{"emailpembeli", "buyeremail"}},
	{key: "buyer_nitku", title: "ID TKU Pembeli", names: []string{"idtkupembeli", "nitkupembeli", "buyeridtku"}},
}

// detailColumns are the sheet DetailFaktur's.
var detailColumns = []column{
	{key: "row", title: "Baris", names: []string{"baris", "row"}},
	{key: "kind", title: "Barang/Jasa", required: true, names: []string{"barangjasa", "opt"}},
	{key: "code", title: "Kode Barang Jasa", names: []string{"kodebarangjasa", "code"}},
	{key: "line_name", title: "Nama Barang/Jasa", required: true, names: []string{"namabarangjasa", "name"}},
	{key: "unit", title: "Nama Satuan Ukur", required: true, names: []string{"namasatuanukur", "satuanukur", "satuan", "unit"}},
	{key: "unit_price", title: "Harga Satuan", required: true, names: []string{"hargasatuan", "price", "unitprice"}},
	{key: "quantity", title: "Jumlah Barang Jasa", required: true, names: []string{"jumlahbarangjasa", "jumlah", "kuantitas", "qty", "quantity"}},
	{key: "discount", title: "Total Diskon", names: []string{"totaldiskon", "diskon", "totaldiscount", "discount"}},
	{key: "dpp", title: "DPP", names: []string{"dpp", "taxbase"}},
	{key: "other_dpp", title: "DPP Nilai Lain", names: []string{"dppnilailain", "othertaxbase"}},
	{key: "ppn_rate", title: "Tarif PPN", names: []string{"tarifppn", "vatrate"}},
	{key: "ppn", title: "PPN", names: []string{"ppn", "vat"}},
	{key: "ppnbm_rate", title: "Tarif PPnBM", names: []string{"tarifppnbm", "stlgrate"}},
	{key: "ppnbm", title: "PPnBM", names: []string{"ppnbm", "stlg"}},
}

// wideColumns are both, Baris once.
var wideColumns = slices.Concat(fakturColumns, detailColumns[1:])

// templateHeader takes a row for the header of the table that it fits best.
func templateHeader(row sheet.Row) header {
	wide := readHeader(row, wideColumns)
	wide.kind = wideTable
	if wide.has("unit_price") && wide.has("trx_code") {
		return wide
	}
	head, detail := readHeader(row, withBaris(fakturColumns)), readHeader(row, withBaris(detailColumns))
	head.kind, detail.kind = fakturTable, detailTable
	if len(detail.at) > len(head.at) {
		return detail
	}
	return head
}

// withBaris makes Baris a required column: it ties the two sheets together.
func withBaris(columns []column) []column {
	columns = slices.Clone(columns)
	columns[0].required = true
	return columns
}

// invoiceKeys say which column an invoice's field comes from, by the pointer of
// its fault. The buyer's id_number comes from one of two; see place.
var invoiceKeys = map[string]string{
	"/lines": "row", "/reference": "reference", "/date": "date", "/trx_code": "trx_code", "/add_info": "add_info", "/facility_stamp": "stamp",
	"/supporting_document/number": "document", "/supporting_document/period": "period",
	"/seller/npwp": "seller", "/seller/nitku": "seller_nitku",
	"/buyer/id_type": "id_type", "/buyer/id_number": "id_number", "/buyer/nitku": "buyer_nitku", "/buyer/name": "name",
	"/buyer/address": "address", "/buyer/country": "country", "/buyer/email": "email",
}

// lineKeys do the same for the fields of a line.
var lineKeys = map[string]string{
	"kind": "kind", "code": "code", "name": "line_name", "unit": "unit", "unit_price": "unit_price", "quantity": "quantity",
	"discount": "discount", "dpp": "dpp", "other_dpp": "other_dpp", "ppn_rate": "ppn_rate", "ppn": "ppn",
	"ppnbm_rate": "ppnbm_rate", "ppnbm": "ppnbm", "luxury": "ppnbm_rate",
}

// place gives the place of a column in a row; of the row when there is no such column.
func (o origin) place(key string) Place {
	p := Place{Sheet: o.table.sheet, Row: o.row}
	if at, there := o.table.header.at[key]; there {
		p.Column, p.Letter = o.table.header.titles[key], letters(at)
	}
	return p
}

// letters is the name of a column: A is 0, AA 26.
func letters(column int) string {
	name := ""
	for column++; column > 0; column = (column - 1) / 26 {
		name = string(rune('A'+(column-1)%26)) + name
	}
	return name
}

// Place finds where in the file the pointer of a fault or warning of the API
// points to. What it does not know is the invoice's row.
func (i *TemplateInvoice) Place(pointer string) Place {
	parts := strings.Split(pointer, "/")
	if len(parts) >= 3 && parts[1] == "lines" {
		if n := index(parts[2]); n < len(i.lines) {
			field := ""
			if len(parts) > 3 {
				field = parts[3]
			}
			return i.lines[n].place(lineKeys[field])
		}
	}
	if pointer == "/buyer/id_number" && (i.Invoice.Buyer.IDType == faktur.IDTypeNPWP || !i.head.table.header.has("id_number")) {
		return i.head.place("buyer")
	}
	return i.head.place(invoiceKeys[pointer])
}

// index reads an index of a JSON Pointer; a number beyond every list when it is none.
func index(text string) int {
	n := 0
	for _, c := range []byte(text) {
		if c < '0' || c > '9' || n > 1<<20 {
			return 1 << 30
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// Locate turns a fault or warning of the API about this invoice into one about
// a place of the file, and adds what only the file's values tell.
func (i *TemplateInvoice) Locate(f faktur.Fault) CellFault {
	located := CellFault{i.Place(f.Pointer), f.Code, f.Message}
	if f.Pointer == "/buyer/id_type" && f.Code == "unknown_value" {
		located.Message = fmt.Sprintf("%s is %q; write TIN, National ID, Passport or Other ID.", located.Column, i.Invoice.Buyer.IDType)
	}
	parts := strings.Split(f.Pointer, "/")
	if len(parts) != 4 || parts[1] != "lines" || index(parts[2]) >= len(i.Invoice.Lines) {
		return located
	}
	line := i.Invoice.Lines[index(parts[2])]
	switch f.Code {
	case "unknown_value":
		if parts[3] == "kind" {
			located.Message = fmt.Sprintf("%s is %q; write A for goods, B for services.", located.Column, line.Kind)
		}
	case "unit_malformed":
		if code, known := unitByName(line.Unit); known {
			located.Message = fmt.Sprintf("%q is the name of a unit; write its code, %s.", line.Unit, code)
		}
	case "code_malformed":
		if code := line.Code; len(code) < 6 && code != "" && strings.Trim(code, "0123456789") == "" {
			located.Message = fmt.Sprintf("%s has %d digits and not 6: a spreadsheet that takes the code for a number drops the zeros before it. Format the column as text; it may be %s.", code, len(code), strings.Repeat("0", 6-len(code))+code)
		}
	}
	return located
}

// unitByName finds the code of a unit by its name in DJP's list.
func unitByName(name string) (string, bool) {
	units, err := faktur.BuiltInReference().List(faktur.ListUnits, "")
	if err != nil {
		return "", false
	}
	for _, unit := range units {
		if bare(unit.Label) == bare(name) {
			return unit.Code, true
		}
	}
	return "", false
}
