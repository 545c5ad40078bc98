package coretaxtest

import (
	"github.com/shopspring/decimal"
)

// returned checks an InputReturnData whose shape is right (FACTS 1.2).
func (c *checker) returned(n *node) (Row, error) {
	p := &problems{checker: c}
	head, details := n.children[0], n.children[1]
	rows, footer := details.all("Rows"), details.children[len(details.children)-1]
	number := head.leaf("InvoiceNumber")
	row := Row{
		NSFP: number, TrxCode: number[:2], BuyerTIN: c.config.TIN, BuyerName: c.config.Name, SellerTIN: head.leaf("SellerTIN"),
		Date: p.past(head, "ReturnDate", "02-01-2006"),
		DPP:  money(head, "ReturnTaxBase"), OtherDPP: money(head, "ReturnOtherTaxBase"),
		PPN: money(head, "ReturnVAT"), PPnBM: money(head, "ReturnSTLG"),
	}
	if row.SellerTIN == noNPWP {
		p.refuse(head, "SellerTIN", "It is required.")
	}
	for _, r := range rows {
		p.returnRow(r, row.TrxCode)
	}
	for _, name := range []string{"ReturnTaxBase", "ReturnOtherTaxBase", "ReturnVAT", "ReturnSTLG"} {
		p.sums(name, head, rows, footer)
	}
	return row, p.err
}

// returnRow checks one line: no more goes back than was bought, and its amounts
// follow from one another. ReturnVAT is Config.ReturnRate of ReturnOtherTaxBase. As for invoices it is checked under codes 01, 04 and 09 only. That
// ReturnOtherTaxBaseCheck says whether there is another base is an inference.
func (p *problems) returnRow(n *node, trx string) {
	p.known(n, "Code", p.lists.goods, n.leaf("Type"))
	p.known(n, "Unit", p.lists.units, "")
	if number(n, "ReturnQuantity").GreaterThan(number(n, "Quantity")) {
		p.refuse(n, "ReturnQuantity", "More goes back than was bought.")
	}
	base := number(n, "UnitPrice").Mul(number(n, "ReturnQuantity")).Sub(number(n, "ReturnDiscount"))
	if base.IsNegative() {
		p.refuse(n, "ReturnDiscount", "It is more than UnitPrice x ReturnQuantity.")
	}
	p.equals(n, "ReturnTaxBase", base, "UnitPrice x ReturnQuantity - ReturnDiscount")
	if n.leaf("ReturnOtherTaxBaseCheck") == "false" && !number(n, "ReturnOtherTaxBase").Equal(number(n, "ReturnTaxBase")) {
		p.refuse(n, "ReturnOtherTaxBaseCheck", "It is false, and ReturnOtherTaxBase is not ReturnTaxBase.")
	}
	if trx == "01" || trx == "04" || trx == "09" {
		rate := p.config.ReturnRate.String()
		p.equals(n, "ReturnVAT", number(n, "ReturnOtherTaxBase").Mul(decimal.RequireFromString(rate)).Div(hundred), rate+" % of ReturnOtherTaxBase")
	}
}

// sums: the rows of an amount add up to its total in the footer and in the head, exactly.
func (p *problems) sums(name string, head *node, rows []*node, footer *node) {
	sum := decimal.Zero
	for _, r := range rows {
		sum = sum.Add(number(r, name))
	}
	if total := number(footer, name+"Total"); !total.Equal(sum) {
		p.refuse(footer, name+"Total", "It is %s, and the rows add up to %s.", total, sum)
	}
	if total := number(head, name); !total.Equal(sum) {
		p.refuse(head, name, "It is %s, and the rows add up to %s.", total, sum)
	}
}
