package portal

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/sheet"
)

// group is the rows of one invoice.
type group struct {
	key   string
	head  *sheet.Row
	lines []*sheet.Row
	twice int // the row of another invoice with this key; 0 for none
}

// readSheets joins the rows of Faktur and DetailFaktur by their Baris.
func (t *template) readSheets() {
	groups, byKey := []*group{}, map[string]*group{}
	for i := range t.faktur.rows {
		row := &t.faktur.rows[i]
		if !t.typed(t.faktur, row) {
			continue
		}
		g := &group{key: t.baris(t.faktur, row), head: row}
		switch other := byKey[g.key]; {
		case g.key == "":
			t.fault(t.faktur, row, "row", "baris_missing", "Baris is empty, so the lines of this invoice cannot be found. Number the invoices from 1.")
		case other != nil:
			t.fault(t.faktur, row, "row", "baris_twice", "Baris %s is in row %d already, so it is not known which lines belong to which invoice. Number the invoices without repeating.", g.key, other.head.Number)
			other.twice = row.Number
		default:
			byKey[g.key] = g
			groups = append(groups, g)
		}
	}
	for i := range t.detail.rows {
		row := &t.detail.rows[i]
		if !t.typed(t.detail, row) {
			continue
		}
		key := t.baris(t.detail, row)
		if g := byKey[key]; g != nil {
			g.lines = append(g.lines, row)
			continue
		}
		if key == "" {
			t.fault(t.detail, row, "row", "baris_missing", "Baris is empty, so it is not known which invoice this line belongs to.")
			continue
		}
		t.fault(t.detail, row, "row", "baris_unknown", "No row of %s has Baris %s, so this line belongs to no invoice.", t.faktur.sheet, key)
	}
	for _, g := range groups {
		t.read(g)
	}
}

// readWide gathers the rows of an invoice from a table that has all columns.
func (t *template) readWide() {
	key := "row"
	if !t.faktur.header.has(key) {
		key = "reference"
	}
	groups, byKey := []*group{}, map[string]*group{}
	for i := range t.faktur.rows {
		row := &t.faktur.rows[i]
		if !t.typed(t.faktur, row) {
			continue
		}
		name := clean(t.faktur.header.cell(row, key).Text)
		g := byKey[name]
		if name == "" {
			t.fault(t.faktur, row, key, "baris_missing", "%s is empty, so it is not known which invoice this row belongs to.", t.faktur.header.titles[key])
			continue
		}
		if g == nil {
			g = &group{key: name, head: row}
			byKey[name] = g
			groups = append(groups, g)
		}
		g.lines = append(g.lines, row)
	}
	for _, g := range groups {
		t.read(g)
	}
}

// checkReferences holds that a reference names one invoice. The first one is
// good, and the gateway would take the other for a repetition of it, or refuse it.
func (t *template) checkReferences() {
	rows := map[[2]string]int{}
	for n := range t.result.Invoices {
		i := &t.result.Invoices[n]
		key := [2]string{i.Invoice.Seller.NPWP, i.Invoice.Reference}
		if first := rows[key]; first > 0 && key[1] != "" {
			i.Faults = append(i.Faults, CellFault{i.head.place("reference"), "reference_twice", fmt.Sprintf("The reference %s is in row %d already. Every invoice needs one of its own.", shorten(key[1]), first)})
			continue
		}
		rows[key] = i.head.row
	}
}

// typed says whether somebody wrote something into a row: formulas that a
// template brings along are no content.
func (t *template) typed(from *table, row *sheet.Row) bool {
	if row.Broken != "" {
		t.result.Faults = append(t.result.Faults, CellFault{Place{Sheet: from.sheet, Row: row.Number}, "row_broken", row.Broken})
		return false
	}
	if slices.ContainsFunc(row.Cells, func(c sheet.Cell) bool { return !c.Formula && clean(c.Text) != "" }) {
		return true
	}
	t.empty++
	return false
}

func (t *template) baris(from *table, row *sheet.Row) string {
	return clean(from.header.cell(row, "row").Text)
}

// fault notes what is wrong with a row that belongs to no invoice.
func (t *template) fault(from *table, row *sheet.Row, key, code, message string, args ...any) {
	t.result.Faults = append(t.result.Faults, CellFault{origin{from, row.Number}.place(key), code, fmt.Sprintf(message, args...)})
}

// read makes an invoice of its rows.
func (t *template) read(g *group) {
	i := TemplateInvoice{head: origin{t.faktur, g.head.Number}}
	head := &cells{template: t, origin: i.head, reader: reader{row: g.head, header: &t.faktur.header, comma: t.options.DecimalComma}}
	i.Invoice = head.invoice()
	i.Faults = head.told()
	if g.twice > 0 {
		i.Faults = append(i.Faults, CellFault{i.head.place("row"), "baris_twice", fmt.Sprintf("Baris %s is in row %d too, so it is not known which lines belong to which invoice. Number the invoices without repeating.", g.key, g.twice)})
	}
	if len(g.lines) == 0 {
		i.Faults = append(i.Faults, CellFault{i.head.place("row"), "lines_missing", fmt.Sprintf("No row of %s has Baris %s, so the invoice has no lines.", t.detail.sheet, g.key)})
	}
	for _, row := range g.lines {
		line := &cells{template: t, origin: origin{t.detail, row.Number}, reader: reader{row: row, header: &t.detail.header, comma: t.options.DecimalComma}}
		if t.detail == t.faktur && row != g.head {
			line.sameHead(g.head)
		}
		i.Invoice.Lines = append(i.Invoice.Lines, line.line())
		i.lines = append(i.lines, line.origin)
		i.Faults = append(i.Faults, line.told()...)
	}
	t.result.Invoices = append(t.result.Invoices, i)
}

// cells reads a row of a template.
type cells struct {
	template *template
	origin   origin
	reader
}

// told gives what is wrong with the row's cells.
func (c *cells) told() []CellFault {
	var told []CellFault
	for _, f := range c.faults {
		place := Place{Sheet: c.origin.table.sheet, Row: c.origin.row}
		for key, title := range c.header.titles {
			if title == f.Pointer {
				place = c.origin.place(key)
			}
		}
		told = append(told, CellFault{place, f.Code, f.Message})
	}
	return told
}

// sameHead holds that a further row of an invoice says nothing else about it
// than the first.
func (c *cells) sameHead(head *sheet.Row) {
	for _, column := range fakturColumns {
		here, first := clean(c.header.cell(c.row, column.key).Text), clean(c.header.cell(head, column.key).Text)
		if here != "" && here != first {
			c.fault(column.key, "row_differs", "%s is %q here and %q in row %d, and both rows are of one invoice. Make them the same, or give the rows another Baris or Referensi.",
				c.header.titles[column.key], shorten(here), shorten(first), head.Number)
		}
	}
}

// invoice reads the columns of an invoice without its lines.
func (c *cells) invoice() faktur.TaxInvoice {
	inv := faktur.TaxInvoice{
		Reference: c.exact("reference"), Date: c.day("date"), TrxCode: padded(c.text("trx_code"), 2),
		AddInfo: c.text("add_info"), FacilityStamp: c.text("stamp"),
		SupportingDocument: faktur.SupportingDocument{Number: c.exact("document"), Period: padded(c.text("period"), 6)},
		Seller:             faktur.Seller{NPWP: c.sellerNPWP(), NITKU: c.identity("seller_nitku", 22)},
		Buyer: faktur.Buyer{IDType: idType(c.text("id_type")), Name: c.text("name"), Address: c.text("address"),
			Country: strings.ToUpper(c.text("country")), Email: c.text("email")},
	}
	if opt := c.text("opt"); opt != "" && !strings.EqualFold(opt, "normal") {
		c.fault("opt", "not_normal", "%s is %q; the template takes Normal only. A replacement is made of the approved invoice: POST /invoices/{id}/replace.", c.header.titles["opt"], shorten(opt))
	}
	c.buyer(&inv.Buyer)
	return inv
}

// buyer reads the buyer's identity: with TIN it is the NPWP, otherwise the
// number of the document, and the NPWP is sixteen zeros (TPL).
func (c *cells) buyer(b *faktur.Buyer) {
	if b.IDType == faktur.IDTypeNPWP {
		b.IDNumber, b.NITKU = c.identity("buyer", 16), c.identity("buyer_nitku", 22)
		return
	}
	b.IDNumber = c.exact("id_number")
	if b.IDType == faktur.IDTypeNIK {
		b.IDNumber = c.identity("id_number", 16)
		if npwp := c.text("buyer"); b.IDNumber == "" && strings.Trim(npwp, "0") != "" {
			b.IDNumber = c.identity("buyer", 16)
		}
	}
	if nitku := c.text("buyer_nitku"); strings.Trim(nitku, "0") != "" {
		b.NITKU = c.identity("buyer_nitku", 22)
	}
}

// sellerNPWP is the one of the row, of the file, or of the options.
func (c *cells) sellerNPWP() string {
	asked := c.template.options.Seller
	npwp := cmp.Or(c.identity("seller", 16), c.template.seller, asked)
	if asked != "" && npwp != asked {
		c.fault("seller", "seller_differs", "The row is of the seller %s, and %s was asked for.", npwp, asked)
	}
	return npwp
}

// idType translates DJP's words for the buyer's identity; others stay as they are.
func idType(text string) string {
	switch bare(text) {
	case "tin", "npwp":
		return faktur.IDTypeNPWP
	case "nationalid", "nik", "ktp":
		return faktur.IDTypeNIK
	case "passport", "paspor":
		return faktur.IDTypePassport
	case "otherid", "other", "dokumenlainnya", "lainnya":
		return faktur.IDTypeOther
	}
	return text
}

// line reads the columns of a line. PPnBM is for luxury goods alone (FACTS 4,
// ODOO-MOVE), so a line that has some is one of those: the template says it
// nowhere else.
func (c *cells) line() faktur.Line {
	l := faktur.Line{
		Kind: kind(c.text("kind")), Code: c.text("code"), Name: c.text("line_name"), Unit: c.text("unit"),
		DPP: c.optional("dpp"), OtherDPP: c.optional("other_dpp"), PPN: c.optional("ppn"), PPnBM: c.optional("ppnbm"),
		PPNRate: c.rate("ppn_rate"), PPnBMRate: c.rate("ppnbm_rate"),
	}
	if strings.Trim(l.Code, "0") == "" && l.Code != "" {
		l.Code = "000000" // a spreadsheet's 0
	}
	for _, of := range []struct { // in the order of the columns, as their faults are told
		key    string
		amount *faktur.Amount
	}{{"unit_price", &l.UnitPrice}, {"quantity", &l.Quantity}, {"discount", &l.Discount}} {
		switch given := c.optional(of.key); {
		case given != nil:
			*of.amount = *given
		case of.key != "discount" && c.text(of.key) == "":
			c.fault(of.key, "required", "%s is empty. Fill it in every row.", c.header.titles[of.key])
		}
	}
	l.Luxury = l.PPnBMRate != nil && !l.PPnBMRate.IsZero() || l.PPnBM != nil && !l.PPnBM.IsZero()
	return l
}

func kind(text string) string {
	switch bare(text) {
	case "a", "barang", "goods":
		return faktur.Goods
	case "b", "jasa", "service", "services":
		return faktur.Service
	}
	return text
}

// padded gives back the zero that a spreadsheet dropped from a code of n digits.
func padded(text string, n int) string {
	if len(text) == n-1 && strings.Trim(text, "0123456789") == "" {
		return "0" + text
	}
	return text
}
