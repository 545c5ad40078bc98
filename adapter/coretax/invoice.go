package coretax

import (
	"cmp"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
)

// invoices writes a TaxInvoiceBulk. Elements,
// their order and their spelling (BuyerAdress) are DJP's (FACTS 1.1).
func (w *writer) invoices(carried []*adapter.Submission) {
	w.line(`<TaxInvoiceBulk xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="TaxInvoice.xsd">`)
	w.depth++
	w.element("TIN", carried[0].TaxpayerNPWP)
	w.open("ListOfTaxInvoice")
	for _, s := range carried {
		w.invoice(s)
	}
	w.close("ListOfTaxInvoice")
	w.close("TaxInvoiceBulk")
}

// invoice writes one TaxInvoice. Optional elements that have nothing to say are
// written empty and not left out: so do Odoo, ERPNext-EIL and the clone of DJP's
// converter (FACTS 1.1: ODOO-TPL, EIL-JINJA, KAB), and a sequence without them
// was seen nowhere. Where they differ, in CustomDocMonthYear, template 1.6.1 has it.
func (w *writer) invoice(s *adapter.Submission) {
	inv := &s.Invoice
	w.open("TaxInvoice")
	w.element("TaxInvoiceDate", inv.Date.String())
	w.element("TaxInvoiceOpt", "Normal")
	w.element("TrxCode", inv.TrxCode)
	w.element("AddInfo", inv.AddInfo)
	w.element("CustomDoc", adapter.OneLine(inv.SupportingDocument.Number))
	w.element("CustomDocMonthYear", inv.SupportingDocument.Period)
	w.element("RefDesc", s.Reference)
	w.element("FacilityStamp", inv.FacilityStamp)
	w.element("SellerIDTKU", cmp.Or(inv.Seller.NITKU, s.TaxpayerNPWP+faktur.HeadOffice))
	w.buyer(&inv.Buyer)
	w.open("ListOfGoodService")
	for i := range inv.Lines {
		w.goodService(&inv.Lines[i])
	}
	w.close("ListOfGoodService")
	w.close("TaxInvoice")
}

// documents are the template's words for the buyer's identities.
var documents = map[string]string{
	faktur.IDTypeNPWP:     "TIN",
	faktur.IDTypeNIK:      "National ID",
	faktur.IDTypePassport: "Passport",
	faktur.IDTypeOther:    "Other ID",
}

// buyer writes the buyer as the template's sheet Keterangan wants it (FACTS 1.1,
// rows 10 to 17). Practice differs: Odoo leaves BuyerDocumentNumber empty with an
// NPWP and writes a 22-digit BuyerIDTKU for everyone, EIL as well. The template is
// DJP's own word, so it wins over both; a NITKU given of a buyer without NPWP is
// therefore not filed.
func (w *writer) buyer(b *faktur.Buyer) {
	tin, number, idtku := faktur.NoNPWP, b.IDNumber, faktur.HeadOffice
	if b.IDType == faktur.IDTypeNPWP {
		tin, number, idtku = b.IDNumber, "-", cmp.Or(b.NITKU, b.IDNumber+faktur.HeadOffice)
	}
	w.element("BuyerTin", tin)
	w.element("BuyerDocument", documents[b.IDType])
	w.element("BuyerCountry", b.Country)
	w.element("BuyerDocumentNumber", adapter.OneLine(number))
	w.element("BuyerName", adapter.OneLine(b.Name))
	w.element("BuyerAdress", adapter.OneLine(b.Address))
	w.element("BuyerEmail", adapter.OneLine(b.Email))
	w.element("BuyerIDTKU", idtku)
}

// goodService writes one line. Amounts and quantities have exactly two decimals:
// the template allows two at most, and Odoo's x.000000001 could not be submitted
// (FACTS 4, PR 212186). Rates are written as they are, 12 and 0.
func (w *writer) goodService(l *faktur.Line) {
	w.open("GoodService")
	w.element("Opt", opt(l.Kind))
	w.element("Code", cmp.Or(l.Code, faktur.AnyCode))
	w.element("Name", adapter.OneLine(l.Name))
	w.element("Unit", l.Unit)
	w.element("Price", l.UnitPrice.String())
	w.element("Qty", l.Quantity.String())
	w.element("TotalDiscount", l.Discount.String())
	w.element("TaxBase", l.DPP.String())
	w.element("OtherTaxBase", l.OtherDPP.String())
	w.element("VATRate", l.PPNRate.String())
	w.element("VAT", l.PPN.String())
	w.element("STLGRate", l.PPnBMRate.String())
	w.element("STLG", l.PPnBM.String())
	w.close("GoodService")
}

// opt is DJP's letter of a line's kind: A barang, B jasa.
func opt(kind string) string {
	if kind == faktur.Service {
		return "B"
	}
	return "A"
}
