package efaktur

import (
	"cmp"
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
	flag, part := payment(inv.Payment)
	w.row([]string{
		"FK", inv.TrxCode, "0", serial, month, year, day + "/" + month + "/" + year,
		npwp, name, adapter.OneLine(inv.Buyer.Address), whole(dpp), whole(ppn), whole(ppnbm), addInfo(inv.AddInfo),
		flag, part.dpp, part.ppn, part.ppnbm, s.Reference, "0",
	})
	for i := range inv.Lines {
		w.line(&inv.Lines[i])
	}
	return nil
}

// line writes an OF. DPP is the DPP of the sale and not the DPP nilai lain, which
// has no column: Odoo writes the untaxed amount there, and whether the application
// wants 11/12 of it under code 04 was not found. HARGA_TOTAL is what price x
// quantity rounds to, and DISKON what remains of it above DPP: it is the discount
// to within a rupiah, and HARGA_TOTAL - DISKON is always DPP.
func (w *writer) line(l *faktur.Line) {
	total, dpp := l.DPP.Add(l.Discount).Rounded(), l.DPP.Rounded()
	w.row([]string{
		"OF", cmp.Or(l.Code, faktur.AnyCode), adapter.OneLine(l.Name), short(l.UnitPrice), short(l.Quantity),
		whole(total), whole(total.Sub(dpp)), whole(dpp), whole(*l.PPN), l.PPnBMRate.String(), whole(*l.PPnBM),
	})
}

// sums are those of the rounded lines, so that the application finds the same.
func sums(lines []faktur.Line) (dpp, ppn, ppnbm faktur.Amount) {
	for i := range lines {
		dpp = dpp.Add(lines[i].DPP.Rounded())
		ppn = ppn.Add(lines[i].PPN.Rounded())
		ppnbm = ppnbm.Add(lines[i].PPnBM.Rounded())
	}
	return dpp, ppn, ppnbm
}

// whole writes an amount in whole rupiah, half up (PER-11/PJ/2025 art. 129).
func whole(a faktur.Amount) string { return strings.TrimSuffix(a.Rounded().String(), ".00") }

// short writes a price or a quantity, which may have decimals, without zeros after its decimals.
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
// of a person the passport stands before the name as Odoo writes a NIK there
// ("NUMBER#NIK#NAMA#NAME"), which for a passport is an assumption; of a company
// name and address are enough (UU PPN art. 13(5)), and its number has no place.
func buyer(b *faktur.Buyer) (npwp, name string) {
	switch b.IDType {
	case faktur.IDTypeNPWP, faktur.IDTypeNIK:
		return b.IDNumber, adapter.OneLine(b.Name)
	case faktur.IDTypePassport:
		return faktur.NoNPWP, adapter.OneLine(b.IDNumber) + "#PASPOR#NAMA#" + adapter.OneLine(b.Name)
	}
	return faktur.NoNPWP, adapter.OneLine(b.Name)
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
func payment(p faktur.Payment) (flag string, part paid) {
	if !p.Parted() {
		return "0", paid{"0", "0", "0"}
	}
	flag = "1"
	if p.Type == faktur.PaymentSettlement {
		flag = "2"
	}
	return flag, paid{whole(*p.DPP), whole(*p.PPN), whole(*p.PPnBM)}
}
