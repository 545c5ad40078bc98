package simulator

import (
	"fmt"
	"math/bits"
	"regexp"
	"strings"

	"github.com/fakturgate/fakturgate/faktur"
)

// fault is a place in a request that is not of the protocol.
type fault struct {
	Pointer string `json:"pointer"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

var clientIDForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,100}$`)

// form collects what is missing or misshapen in one item; decoding has already
// refused unknown fields and wrong types.
type form struct {
	pointer string
	faults  []fault
}

func (f *form) must(ok bool, place, message string) {
	if !ok {
		f.faults = append(f.faults, fault{f.pointer + place, "invalid", message})
	}
}

func (f *form) key(clientID, npwpPlace, npwp, reference, signer string) {
	f.must(clientIDForm.MatchString(clientID), "/client_id", "A client id has 1 to 100 letters, digits, points, underscores and hyphens.")
	f.must(faktur.ValidNPWP(npwp), npwpPlace, "An NPWP has 16 digits.")
	f.must(reference != "" && len([]rune(reference)) <= 100, "/reference", "A reference has 1 to 100 characters.")
	f.must(signer == "" || faktur.ValidNIK(signer), "/signer", "A signer is a NIK or an NPWP, 16 digits.")
}

func (f *form) signature(s signature) {
	f.must(s == (signature{}) || s.Name != "", "/signature/name", "A signature names who signs.")
}

func (f *form) amounts(place string, amounts ...amount) {
	for _, a := range amounts {
		f.must(a.given, place, "An amount is missing.")
	}
}

// misshapen says what of an invoice is not of the protocol.
func (inv *invoice) misshapen(pointer string) []fault {
	f := &form{pointer: pointer}
	f.key(inv.ClientID, "/seller_npwp", inv.SellerNPWP, inv.Reference, inv.Signer)
	f.signature(inv.Signature)
	f.must(inv.ReplacesNSFP == "" || isNSFP(inv.ReplacesNSFP), "/replaces_nsfp", "An NSFP has 16 or 17 digits.")
	c := &inv.Invoice
	f.must(c.Date != "", "/invoice/date", "The date is missing.")
	f.must(len(c.TrxCode) == 2 && c.TrxCode >= "01" && c.TrxCode <= "10", "/invoice/trx_code", "A transaction code is 01 to 10.")
	f.must(faktur.ValidNITKU(c.SellerNITKU), "/invoice/seller_nitku", "A NITKU has 22 digits.")
	f.must(c.Buyer.IDType != "" && c.Buyer.IDNumber != "", "/invoice/buyer", "The buyer's id_type or id_number is missing.")
	if p := c.Payment; p.Type != "" {
		f.amounts("/invoice/payment", p.DPP, p.PPN, p.PPnBM)
	}
	f.must(len(c.Lines) > 0 && len(c.Lines) <= faktur.MaxLines, "/invoice/lines", "An invoice has 1 to 5,000 lines.")
	for i, l := range c.Lines {
		place := fmt.Sprintf("/invoice/lines/%d", i)
		f.must(l.Kind == "goods" || l.Kind == "service", place+"/kind", "A line is goods or service.")
		f.must(l.Name != "", place+"/name", "The name is missing.")
		f.amounts(place, l.UnitPrice, l.Quantity, l.Discount, l.DPP, l.OtherDPP, l.PPN, l.PPnBM)
		f.must(l.PPNRate.given && l.PPnBMRate.given, place, "A rate is missing.")
	}
	f.amounts("/totals", inv.Totals.DPP, inv.Totals.OtherDPP, inv.Totals.PPN, inv.Totals.PPnBM, inv.Totals.Discount)
	return f.faults
}

// misshapen says what of a return is not of the protocol.
func (r *returnDoc) misshapen(pointer string) []fault {
	f := &form{pointer: pointer}
	f.key(r.ClientID, "/buyer_npwp", r.BuyerNPWP, r.Reference, r.Signer)
	f.signature(r.Signature)
	f.must(r.Date != "", "/date", "The date is missing.")
	f.must(isNSFP(r.NSFP), "/nsfp", "An NSFP has 16 or 17 digits.")
	f.must(faktur.ValidNPWP(r.SellerNPWP), "/seller_npwp", "An NPWP has 16 digits.")
	f.must(len(r.Lines) > 0 && len(r.Lines) <= faktur.MaxLines, "/lines", "A return has 1 to 5,000 lines.")
	for i, l := range r.Lines {
		place := fmt.Sprintf("/lines/%d", i)
		f.must(l.Kind == "goods" || l.Kind == "service", place+"/kind", "A line is goods or service.")
		f.amounts(place, l.UnitPrice, l.Quantity, l.ReturnQuantity, l.ReturnDiscount, l.ReturnDPP, l.ReturnOtherDPP, l.ReturnPPN, l.ReturnPPnBM)
		f.must(l.PPnBMRate.given, place, "A rate is missing.")
	}
	f.amounts("/totals", r.Totals.ReturnDPP, r.Totals.ReturnOtherDPP, r.Totals.ReturnPPN, r.Totals.ReturnPPnBM)
	return f.faults
}

// slack is how far an amount may be from its formula, in hundredths a line. What
// DJP tolerates is not known (FACTS 4 [NF]); this only catches gross errors.
const slack = 100_00

// objection says why the tax system would refuse an invoice at once; nil when it would not.
func (inv *invoice) objection() *reason {
	c := &inv.Invoice
	if why := c.Buyer.objection(); why != nil {
		return why
	}
	if c.Payment.Type == "settlement" && c.Payment.FirstNSFP == "" {
		return refuse("first_nsfp_missing", "Nomor faktur uang muka pertama belum diisi")
	}
	var sums totals
	for i, l := range c.Lines {
		if why := l.objection(i+1, c.TrxCode); why != nil {
			return why
		}
		sums.DPP.hundredths += l.DPP.hundredths
		sums.OtherDPP.hundredths += l.OtherDPP.hundredths
		sums.PPN.hundredths += l.PPN.hundredths
		sums.PPnBM.hundredths += l.PPnBM.hundredths
		sums.Discount.hundredths += l.Discount.hundredths
	}
	t := inv.Totals
	if t.DPP.hundredths != sums.DPP.hundredths || t.OtherDPP.hundredths != sums.OtherDPP.hundredths ||
		t.PPN.hundredths != sums.PPN.hundredths || t.PPnBM.hundredths != sums.PPnBM.hundredths || t.Discount.hundredths != sums.Discount.hundredths {
		return refuse("totals_mismatch", "Jumlah pada faktur tidak sama dengan jumlah barisnya")
	}
	return nil
}

// objection to a buyer: numbers of the wrong form, and the number that stands for none.
func (b *buyer) objection() *reason {
	switch b.IDType {
	case faktur.IDTypeNPWP:
		if !faktur.ValidNPWP(b.IDNumber) {
			return refuse("buyer_npwp_invalid", "NPWP pembeli tidak valid")
		}
		if !faktur.ValidNITKU(b.NITKU) || !strings.HasPrefix(b.NITKU, b.IDNumber) {
			return refuse(codeBuyerNITKU, "NITKU pembeli tidak valid")
		}
	case faktur.IDTypeNIK:
		if !faktur.ValidNIK(b.IDNumber) {
			return refuse("buyer_nik_invalid", "NIK pembeli tidak valid")
		}
	}
	return nil
}

// objection to the n-th line: DPP = price x quantity - discount, and under 01,
// 04 and 09 PPN = rate x DPP nilai lain (FACTS 1.1, TPL).
func (l *line) objection(n int, trxCode string) *reason {
	gross, fits := product(l.UnitPrice.hundredths, l.Quantity.hundredths, 100)
	if !fits || apart(gross, l.DPP.hundredths+l.Discount.hundredths) {
		return refuse("dpp_mismatch", fmt.Sprintf("Baris %d: DPP tidak sesuai dengan harga x jumlah - diskon", n))
	}
	if trxCode != "01" && trxCode != "04" && trxCode != "09" {
		return nil
	}
	ppn, fits := product(l.OtherDPP.hundredths, l.PPNRate.tenThousandths, 1_000_000)
	if !fits || apart(ppn, l.PPN.hundredths) {
		return refuse("ppn_mismatch", fmt.Sprintf("Baris %d: PPN tidak sesuai dengan tarif x DPP nilai lain", n))
	}
	return nil
}

// objection to a return: more goes back than was bought.
func (r *returnDoc) objection() *reason {
	for i, l := range r.Lines {
		if l.ReturnQuantity.hundredths > l.Quantity.hundredths {
			return refuse("return_quantity", fmt.Sprintf("Baris %d: jumlah retur melebihi jumlah pembelian", i+1))
		}
	}
	return nil
}

func refuse(code, message string) *reason {
	return &reason{code, faktur.ActionCorrectContent, message, faktur.OriginTaxSystem}
}

// product gives a x b / scale; false when it is beyond any amount. Neither is negative.
func product(a, b, scale int64) (int64, bool) {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	if hi >= uint64(scale) {
		return 0, false
	}
	quotient, _ := bits.Div64(hi, lo, uint64(scale))
	return int64(quotient), quotient < 1<<62
}

func apart(a, b int64) bool { return a-b > slack || b-a > slack }

func isNSFP(text string) bool {
	return (len(text) == 16 || len(text) == 17) && strings.Trim(text, "0123456789") == ""
}
