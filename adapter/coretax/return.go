package coretax

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
)

// returns writes an InputTaxInvoiceReturn. The
// structure is that of converters and connectors that agree (FACTS 1.2: KAB, BC,
// ODOO-PROP); DJP's own definition of it was not found. The format has no field
// for the ERP's reference: a return is known by the number that it returns.
func (w *writer) returns(carried []*adapter.Submission) {
	w.open("InputTaxInvoiceReturn")
	w.element("TIN", carried[0].TaxpayerNPWP)
	w.open("InputReturnDataList")
	for _, s := range carried {
		w.oneReturn(s.Return)
	}
	w.close("InputReturnDataList")
	w.close("InputTaxInvoiceReturn")
}

func (w *writer) oneReturn(r *faktur.Return) {
	var total faktur.ReturnTotals
	for i := range r.Lines {
		l := &r.Lines[i]
		total.ReturnDPP = total.ReturnDPP.Add(*l.ReturnDPP)
		total.ReturnOtherDPP = total.ReturnOtherDPP.Add(*l.ReturnOtherDPP)
		total.ReturnPPN = total.ReturnPPN.Add(*l.ReturnPPN)
		total.ReturnPPnBM = total.ReturnPPnBM.Add(*l.ReturnPPnBM)
	}
	w.open("InputReturnData")
	w.open("TransactionDocumentData")
	w.element("InvoiceNumber", r.NSFP)
	w.element("SellerTIN", r.SellerNPWP)
	w.element("ReturnDate", dayFirst(r.Date))
	w.element("ReturnTaxBase", short(total.ReturnDPP))
	w.element("ReturnOtherTaxBase", short(total.ReturnOtherDPP))
	w.element("ReturnVAT", short(total.ReturnPPN))
	w.element("ReturnSTLG", short(total.ReturnPPnBM))
	w.close("TransactionDocumentData")
	w.open("TransactionDetailsData")
	for i := range r.Lines {
		w.row(&r.Lines[i])
	}
	w.open("FooterRow")
	w.element("ReturnTaxBaseTotal", short(total.ReturnDPP))
	w.element("ReturnOtherTaxBaseTotal", short(total.ReturnOtherDPP))
	w.element("ReturnVATTotal", short(total.ReturnPPN))
	w.element("ReturnSTLGTotal", short(total.ReturnPPnBM))
	w.close("FooterRow")
	w.close("TransactionDetailsData")
	w.close("InputReturnData")
}

// row writes one line of the bought invoice; all are listed, those of which
// nothing goes back with 0 (FACTS 1.2, FAQ-116). ReturnOtherTaxBaseCheck is the
// template's flag that the DPP nilai lain is another than the DPP (KAB).
func (w *writer) row(l *faktur.ReturnLine) {
	w.open("Rows")
	w.element("Type", opt(l.Kind))
	w.element("Name", adapter.OneLine(l.Name))
	w.element("Code", cmp.Or(l.Code, faktur.AnyCode))
	w.element("Quantity", short(l.Quantity))
	w.element("Unit", l.Unit)
	w.element("UnitPrice", short(l.UnitPrice))
	w.element("STLGRate", l.PPnBMRate.String())
	w.element("ReturnQuantity", short(l.ReturnQuantity))
	w.element("ReturnDiscount", short(l.ReturnDiscount))
	w.element("ReturnTaxBase", short(*l.ReturnDPP))
	w.element("ReturnOtherTaxBase", short(*l.ReturnOtherDPP))
	w.element("ReturnOtherTaxBaseCheck", strconv.FormatBool(!l.ReturnOtherDPP.Equal(*l.ReturnDPP)))
	w.element("ReturnVAT", short(*l.ReturnPPN))
	w.element("ReturnSTLG", short(*l.ReturnPPnBM))
	w.close("Rows")
}

// short writes an amount as the samples of returns have it, without zeros after
// its decimals: 11000 and 91666.67.
func short(a faktur.Amount) string {
	return strings.TrimSuffix(strings.TrimRight(a.String(), "0"), ".")
}

// dayFirst writes DD-MM-YYYY, which this format wants and TaxInvoiceBulk refuses.
func dayFirst(d faktur.Date) string {
	text := d.String()
	return text[8:] + "-" + text[5:7] + "-" + text[:4]
}
