package coretaxtest

import (
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/fakturgate/fakturgate/faktur"
)

const noNPWP = "0000000000000000"

// invoice checks a TaxInvoice whose shape is right (FACTS 1.1).
func (c *checker) invoice(n *node) (Row, error) {
	p := &problems{checker: c}
	row := Row{
		Reference: n.leaf("RefDesc"), TrxCode: n.leaf("TrxCode"),
		SellerTIN: c.config.TIN, SellerName: c.config.Name,
		BuyerTIN: n.leaf("BuyerTin"), BuyerDocumentNumber: n.leaf("BuyerDocumentNumber"), BuyerName: n.leaf("BuyerName"),
		Date: p.past(n, "TaxInvoiceDate", time.DateOnly),
	}
	p.facility(n)
	if idtku := n.leaf("SellerIDTKU"); idtku[:16] != c.config.TIN {
		p.refuse(n, "SellerIDTKU", "NITKU %s is not a place of %s.", idtku, c.config.TIN)
	}
	p.buyer(n)
	items := n.children[len(n.children)-1]
	for _, item := range items.children {
		p.item(item, row.TrxCode)
	}
	row.DPP, row.OtherDPP = p.total(items, "TaxBase"), p.total(items, "OtherTaxBase")
	row.PPN, row.PPnBM = p.total(items, "VAT"), p.total(items, "STLG")
	return row, p.err
}

// total adds up an amount of all lines.
func (p *problems) total(items *node, name string) faktur.Amount {
	sum := decimal.Zero
	for _, item := range items.children {
		sum = sum.Add(number(item, name))
	}
	total, err := faktur.ParseAmount(sum.StringFixed(2))
	if err != nil {
		p.refuse(items, name, "The total of %s is too large.", name)
	}
	return total
}

// facility: 07 and 08 have both codes, which pair by their last two digits;
// the others have none.
func (p *problems) facility(n *node) {
	trx, addInfo, stamp := n.leaf("TrxCode"), n.leaf("AddInfo"), n.leaf("FacilityStamp")
	for _, name := range []string{"AddInfo", "FacilityStamp"} {
		switch has, wants := n.leaf(name) != "", trx == "07" || trx == "08"; {
		case wants && !has:
			p.refuse(n, name, "It is required for code %s.", trx)
		case has && !wants:
			p.refuse(n, name, "It is for codes 07 and 08 only, and this is %s.", trx)
		}
	}
	if addInfo == "" || stamp == "" {
		return
	}
	p.known(n, "AddInfo", p.lists.addInfo, trx)
	p.known(n, "FacilityStamp", p.lists.stamps, trx)
	if addInfo[6:] != stamp[6:] {
		p.refuse(n, "FacilityStamp", "%s does not belong to %s.", stamp, addInfo)
	}
}

// buyer: number, document and place must fit one another. That the first 16
// digits of a NITKU are the NPWP is an inference (FACTS 3), and 000000 for a
// buyer without NPWP is the template's side of a conflict (FACTS 1.1 row 17).
func (p *problems) buyer(n *node) {
	tin, number, idtku := n.leaf("BuyerTin"), n.leaf("BuyerDocumentNumber"), n.leaf("BuyerIDTKU")
	p.known(n, "BuyerCountry", p.lists.countries, "")
	if document := n.leaf("BuyerDocument"); document != "TIN" {
		p.buyerWithoutNPWP(n, document)
		return
	}
	if tin == noNPWP {
		p.refuse(n, "BuyerTin", "It is required when BuyerDocument is TIN.")
	}
	if number != "-" {
		p.refuse(n, "BuyerDocumentNumber", "It is - when BuyerDocument is TIN.")
	}
	if len(idtku) != 22 || idtku[:16] != tin {
		p.refuse(n, "BuyerIDTKU", "NITKU pembeli tidak valid: %s is not a place of %s.", idtku, tin)
	}
}

func (p *problems) buyerWithoutNPWP(n *node, document string) {
	number := n.leaf("BuyerDocumentNumber")
	if n.leaf("BuyerTin") != noNPWP {
		p.refuse(n, "BuyerTin", "It is %s when BuyerDocument is %s.", noNPWP, document)
	}
	switch {
	case number == "-":
		p.refuse(n, "BuyerDocumentNumber", "It is required when BuyerDocument is %s.", document)
	case document == "National ID" && !npwp.pattern.MatchString(number):
		p.refuse(n, "BuyerDocumentNumber", "A NIK has 16 digits.")
	}
	if idtku := n.leaf("BuyerIDTKU"); idtku != faktur.HeadOffice {
		p.refuse(n, "BuyerIDTKU", "NITKU pembeli tidak valid: it is 000000 when BuyerDocument is %s.", document)
	}
}

// item checks a GoodService. TaxBase = Price x Qty - TotalDiscount under every
// code; VAT = VATRate x OtherTaxBase under 01, 04 and 09 only (FACTS 1.1, TPL).
// Which OtherTaxBase is right is not checked: PMK 131/2024 art. 4 allows many.
func (p *problems) item(n *node, trx string) {
	p.known(n, "Code", p.lists.goods, n.leaf("Opt"))
	p.known(n, "Unit", p.lists.units, "")
	if number(n, "Qty").IsZero() {
		p.refuse(n, "Qty", "It is 0.")
	}
	base := number(n, "Price").Mul(number(n, "Qty")).Sub(number(n, "TotalDiscount"))
	if base.IsNegative() {
		p.refuse(n, "TotalDiscount", "It is more than Price x Qty.")
	}
	p.equals(n, "TaxBase", base, "Price x Qty - TotalDiscount")
	if !slices.ContainsFunc(p.config.Rates, func(r faktur.Rate) bool { return sameRate(r, n.leaf("VATRate")) }) {
		p.refuse(n, "VATRate", "The rate %s is not in force.", n.leaf("VATRate"))
	}
	if trx == "01" || trx == "04" || trx == "09" {
		p.equals(n, "VAT", number(n, "VATRate").Mul(number(n, "OtherTaxBase")).Div(hundred), "VATRate x OtherTaxBase")
	}
}

func sameRate(r faktur.Rate, text string) bool {
	other, err := faktur.ParseRate(text)
	return err == nil && r.Equal(other)
}
