package efaktur

import (
	"cmp"
	"math/big"
	"strings"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
)

// invoice writes an FK and its OFs.
func (w *writer) invoice(s *adapter.Submission) error {
	serial, err := serialOf(s.NSFP)
	if err != nil {
		return err
	}
	inv := &s.Invoice
	year, month, day := parts(inv.Date)
	npwp, name := buyer(&inv.Buyer)
	dpp, ppn, ppnbm := sums(inv.Lines)
	flag, part := payment(s)
	w.row([]string{
		"FK", inv.TrxCode, "0", serial, month, year, day + "/" + month + "/" + year,
		npwp, name, plain(inv.Buyer.Address), whole(dpp), whole(ppn), whole(ppnbm), addInfo(inv.AddInfo),
		flag, part.dpp, part.ppn, part.ppnbm, plain(s.Reference), "0",
	})
	for i := range inv.Lines {
		w.line(&inv.Lines[i])
	}
	return nil
}

// line writes an OF. DPP is the DPP nilai lain, of which PPN is 12 %: under code
// 04 the column held another base than the price long before PMK 131/2024. That
// it does so for 11/12 is recalled and an assumption. HARGA_TOTAL is the sum of
// the rounded DPP and DISKON, so that HARGA_TOTAL - DISKON is the DPP of the sale.
func (w *writer) line(l *faktur.Line) {
	discount := l.Discount.Rounded()
	w.row([]string{
		"OF", cmp.Or(l.Code, faktur.AnyCode), plain(l.Name), whole(l.UnitPrice), short(l.Quantity),
		whole(l.DPP.Rounded().Add(discount)), whole(discount), whole(*l.OtherDPP), whole(*l.PPN),
		l.PPnBMRate.String(), whole(*l.PPnBM),
	})
}

// sums are those of the rounded lines, so that the application finds the same.
func sums(lines []faktur.Line) (dpp, ppn, ppnbm faktur.Amount) {
	for i := range lines {
		dpp = dpp.Add(lines[i].OtherDPP.Rounded())
		ppn = ppn.Add(lines[i].PPN.Rounded())
		ppnbm = ppnbm.Add(lines[i].PPnBM.Rounded())
	}
	return dpp, ppn, ppnbm
}

// whole writes an amount in whole rupiah, half up (PER-11/PJ/2025 art. 129).
func whole(a faktur.Amount) string { return strings.TrimSuffix(a.Rounded().String(), ".00") }

// short writes a quantity without zeros after its decimals.
func short(a faktur.Amount) string {
	return strings.TrimSuffix(strings.TrimRight(a.String(), "0"), ".")
}

// serialOf gives the 13 digits of NOMOR_FAKTUR out of a number as it was drawn:
// the serial alone, as e-Nofa gives it, or the whole NSFP with the code and the
// status before it, which have columns of their own (FACTS 3: ODOO-LEGACY).
func serialOf(drawn string) (string, error) {
	if len(drawn) == 13 && strings.Trim(drawn, "0123456789") == "" {
		return drawn, nil
	}
	nsfp, err := faktur.ParseNSFP(drawn)
	return nsfp.Serial, err
}

// parts are a date's year, month and day without leading zeros, as the
// application has them: 3/9/2026 (FACTS 6).
func parts(d faktur.Date) (year, month, day string) {
	text := d.String()
	return text[:4], strings.TrimPrefix(text[5:7], "0"), strings.TrimPrefix(text[8:], "0")
}

// buyer gives NPWP and NAMA. Version 4.0 takes an NPWP of 15 or 16 digits, or a
// NIK in its place (DDTCNews 1804100, 18 July 2024), so the 16 digits are written
// as they are; older files have 15. Zeros are for foreigners (DDTCNews 1804242):
// of a person the passport stands before the name, written as Odoo writes a NIK
// there ("NUMBER#NIK#NAMA#NAME"), which for a passport is an assumption; of a
// company name and address are enough (ortax.org), and its number has no place.
func buyer(b *faktur.Buyer) (npwp, name string) {
	switch b.IDType {
	case faktur.IDTypeNPWP, faktur.IDTypeNIK:
		return b.IDNumber, plain(b.Name)
	case faktur.IDTypePassport:
		return faktur.NoNPWP, plain(b.IDNumber) + "#PASPOR#NAMA#" + plain(b.Name)
	}
	return faktur.NoNPWP, plain(b.Name)
}

// addInfo is ID_KETERANGAN_TAMBAHAN of TD.00501 and so on: the number with which
// DJP's own label begins ("1 - untuk BKP dan JKP Tertentu"). That the application
// counts them alike is an assumption; "" without one.
func addInfo(code string) string { return strings.TrimPrefix(strings.TrimPrefix(code, "TD.005"), "0") }

// paid is what of an invoice is paid with it, as it is written.
type paid struct{ dpp, ppn, ppnbm string }

// payment gives FG_UANG_MUKA and its amounts: 0 ordinary, 1 uang muka, 2
// pelunasan. The numbers are recalled, an assumption (Odoo only writes 0), and so
// is that a settlement names its own amounts. The number of the contract's first
// down payment has no column.
func payment(s *adapter.Submission) (flag string, part paid) {
	p := &s.Invoice.Payment
	if !p.Parted() {
		return "0", paid{"0", "0", "0"}
	}
	flag = "1"
	if p.Type == faktur.PaymentSettlement {
		flag = "2"
	}
	return flag, paid{otherBase(*p.DPP, s.Totals), whole(*p.PPN), whole(*p.PPnBM)}
}

// otherBase brings a payment's DPP, which is the full one, to the base that
// JUMLAH_DPP is in: the DPP nilai lain.
func otherBase(dpp faktur.Amount, t faktur.Totals) string {
	if t.DPP.IsZero() {
		return whole(dpp)
	}
	share := new(big.Rat).Mul(exact(dpp), exact(t.OtherDPP))
	return share.Quo(share, exact(t.DPP)).FloatString(0) // half up, being never negative
}

func exact(a faktur.Amount) *big.Rat {
	exact, _ := new(big.Rat).SetString(a.String()) // an amount is always a number
	return exact
}

// plain writes a text on one line: line breaks and tabs, with what spaces are
// around them, become one space, as in Odoo's addresses.
func plain(text string) string {
	if !strings.ContainsAny(text, "\r\n\t") {
		return text
	}
	var words []string
	for _, word := range strings.FieldsFunc(text, func(c rune) bool { return c == '\r' || c == '\n' || c == '\t' }) {
		if word = strings.TrimSpace(word); word != "" {
			words = append(words, word)
		}
	}
	return strings.Join(words, " ")
}
