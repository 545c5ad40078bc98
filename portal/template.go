package portal

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/sheet"
)

// Place is where in a file something stands.
type Place struct {
	Sheet  string // "" of a CSV
	Row    int    // 1 is the first; 0: the sheet as a whole
	Column string // the title, as it stands in the file; "" when it is about the whole row
	Letter string // the letter of the column, such as E; "" with Column
}

// CellFault is what is wrong at one place of a file.
type CellFault struct {
	Place
	Code    string // stable, snake_case
	Message string // says what is wrong and what to do, for an accountant
}

// Template is what DJP's Excel template of output invoices holds (FACTS 1.1,
// TPL), or a CSV with its columns.
type Template struct {
	Invoices []TemplateInvoice // in the order of the file
	Faults   []CellFault       // of rows that belong to no invoice
	Notes    []string          // what was passed over, each said once
}

// TemplateInvoice is an invoice and where its parts come from.
type TemplateInvoice struct {
	Invoice faktur.TaxInvoice
	// Faults were found on reading, and only reading can find them: the invoice
	// must not be posted. They are not all: the rules find the others.
	Faults []CellFault

	head  origin
	lines []origin
}

// origin is a row and the table that it stands in.
type origin struct {
	table *table
	row   int
}

// TemplateOptions say what a file does not.
type TemplateOptions struct {
	Seller string // the NPWP of the PKP, for a file that names none
	// DecimalComma says that numbers written as text have a comma before the
	// decimals and points between the thousands: 1.000.000,50.
	DecimalComma bool
	Today        faktur.Date // in Jakarta; later dates are faults
}

// table is a sheet, or a part of one, with its header.
type table struct {
	sheet  string
	header header
	rows   []sheet.Row
}

// template is a file being read.
type template struct {
	options TemplateOptions
	faktur  *table // one row an invoice
	detail  *table // one row a line; the same as faktur when both stand side by side
	seller  string // NPWP Penjual, above the header; "" when the file has none
	result  Template
	empty   int // rows with formatting and nothing else
}

// ReadTemplate reads invoices from DJP's Excel template, with its sheets Faktur
// and DetailFaktur, or from a single sheet or CSV that has the columns of both
// side by side, one row a line of an invoice. There the rows of one Baris (or,
// without that column, of one Referensi) are one invoice, whose own columns are
// taken from its first row; in the others they are empty or the same.
//
// What is wrong in a cell is a fault of its invoice and hides no other. The
// error, a *faktur.Error, is about the file. What the rules check is not checked
// here: amounts and dates that are none are kept for them as they are.
func ReadTemplate(content []byte, o TemplateOptions) (Template, error) {
	t := &template{options: o}
	if err := t.open(content); err != nil {
		return Template{}, fileError(err)
	}
	if t.detail == t.faktur {
		t.readWide()
	} else {
		t.readSheets()
	}
	t.checkReferences()
	if t.empty > 0 {
		t.result.Notes = append(t.result.Notes, fmt.Sprintf("%d formatted rows without content were passed over. DJP's converter is known to take such rows for invoices; delete them before using it.", t.empty))
	}
	if len(t.result.Invoices) == 0 && len(t.result.Faults) == 0 {
		return Template{}, faktur.NewError(faktur.KindInvalid, "no_invoices", "There is no invoice below the header.")
	}
	return t.result, nil
}

// open finds the tables of the file and reads their rows.
func (t *template) open(content []byte) error {
	book, err := sheet.Open(content, sheet.DefaultLimits)
	if err != nil {
		return err
	}
	var nearest []header
	for _, name := range book.Sheets() {
		tables, best, err := t.readSheet(book, name)
		if err != nil {
			return err
		}
		for _, found := range tables {
			switch {
			case found.header.kind == wideTable && t.faktur == nil:
				t.faktur, t.detail = found, found
			case found.header.kind == fakturTable && t.faktur == nil:
				t.faktur = found
			case found.header.kind == detailTable && t.detail == nil:
				t.detail = found
			}
		}
		if len(tables) == 0 && len(best.at) > 0 {
			nearest = append(nearest, best)
		}
	}
	if t.faktur == nil || t.detail == nil {
		return t.notTemplate(nearest)
	}
	return t.checkSeller()
}

// readSheet reads a sheet that has the header of a table, with the rows below
// it; the header that comes nearest when none is complete.
func (t *template) readSheet(book *sheet.Book, name string) ([]*table, header, error) {
	rows, best := book.Rows(name), header{}
	for seen := 0; seen < headerRows && rows.Next(); seen++ {
		row := rows.Row()
		t.readSeller(&row)
		h := templateHeader(row)
		if len(h.at) > len(best.at) {
			best = h
		}
		if len(h.missing()) > 0 {
			continue
		}
		if len(h.twice) > 0 {
			return nil, h, h.ambiguous()
		}
		found := &table{sheet: name, header: h}
		for rows.Next() {
			if ended(rows.Row()) {
				break
			}
			found.rows = append(found.rows, rows.Row())
		}
		t.empty += rows.Empty()
		return []*table{found}, h, rows.Err()
	}
	return nil, best, rows.Err()
}

// readSeller reads the NPWP Penjual, which stands above the header beside its title.
func (t *template) readSeller(row *sheet.Row) {
	for i, cell := range row.Cells {
		if t.seller != "" || bare(cell.Text) != "npwppenjual" {
			continue
		}
		for _, beside := range row.Cells[i+1:] {
			if text := bareNumber(beside.Text); text != "" && strings.Trim(text, "0123456789") == "" {
				t.seller = text
				return
			}
		}
	}
}

var ungrouped = strings.NewReplacer(".", "", "-", "", " ", "")

// bareNumber drops the points, dashes and spaces that numbers of identity are printed with.
func bareNumber(text string) string {
	return ungrouped.Replace(clean(text))
}

// checkSeller holds that it is known whose invoices these are.
func (t *template) checkSeller() error {
	asked := t.options.Seller
	switch {
	case t.seller == "" && asked == "" && !t.faktur.header.has("seller"):
		return faktur.NewError(faktur.KindInvalid, "seller_missing", "The file names no NPWP Penjual. Write it above the header as in DJP's template, or give it with --npwp.")
	case t.seller != "" && !faktur.ValidNPWP(t.seller):
		return faktur.NewError(faktur.KindInvalid, "seller_malformed", fmt.Sprintf("NPWP Penjual is %s, which has %d digits and not 16: a spreadsheet that takes it for a number drops the zeros before it. Format the cell as text and write it in full. (A company's NPWP is 0 and the old 15 digits.)", t.seller, len(t.seller)))
	case t.seller != "" && asked != "" && asked != t.seller:
		return faktur.NewError(faktur.KindInvalid, "seller_differs", fmt.Sprintf("The file is of the seller %s, and %s was asked for. Is it the right file?", t.seller, asked))
	}
	return nil
}

// ended says whether a row is the line END that closes a table in the files of
// DJP's converter.
func ended(row sheet.Row) bool {
	for _, cell := range row.Cells {
		if text := clean(cell.Text); text != "" {
			return text == "END"
		}
	}
	return false
}

// notTemplate says what is missing for a template.
func (t *template) notTemplate(nearest []header) error {
	const way = "DJP's template has the sheets Faktur and DetailFaktur; a CSV has the columns of both side by side."
	slices.SortFunc(nearest, func(a, b header) int { return len(b.at) - len(a.at) })
	switch {
	case t.faktur != nil:
		return faktur.NewError(faktur.KindInvalid, "sheet_missing", "The sheet Faktur has no sheet DetailFaktur beside it with the lines of the invoices"+nearestText(nearest)+". "+way)
	case t.detail != nil:
		return faktur.NewError(faktur.KindInvalid, "sheet_missing", "The sheet DetailFaktur has no sheet Faktur beside it with the invoices"+nearestText(nearest)+". "+way)
	case len(nearest) > 0:
		return faktur.NewError(faktur.KindInvalid, "column_missing", fmt.Sprintf("Row %d has no column %s; it has %s. %s",
			nearest[0].row, strings.Join(nearest[0].missing(), ", "), strings.Join(nearest[0].present(), ", "), way))
	}
	return faktur.NewError(faktur.KindInvalid, "not_a_template", "No row has the titles of DJP's template, such as Tanggal Faktur and Kode Transaksi. "+way)
}

func nearestText(nearest []header) string {
	if len(nearest) == 0 {
		return ""
	}
	return fmt.Sprintf(" (row %d of another sheet has no column %s)", nearest[0].row, strings.Join(nearest[0].missing(), ", "))
}
