package efakturtest

import (
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/fakturgate/fakturgate/adapter/coretax/coretaxtest"
	"github.com/fakturgate/fakturgate/faktur"
)

// problems collects the faults of one invoice.
type problems struct {
	*checker
	err error
}

func (p *problems) refuse(r *record, column, format string, args ...any) {
	if p.err == nil {
		p.err = p.fault(r.line, column, format, args...)
	}
}

// fk and of give the value of a column.
func (r *record) fk(name string) string { return r.values[place(fkColumns, name)] }
func (r *record) of(name string) string { return r.values[place(ofColumns, name)] }

// content checks an invoice whose values are all well written.
func (c *checker) content(i *invoice) error {
	p := &problems{checker: c}
	h := &i.head
	p.code(h)
	p.number(h)
	date := p.date(h)
	p.buyer(h)
	for k := range i.lines {
		p.item(&i.lines[k], h.fk("KD_JENIS_TRANSAKSI"))
	}
	for _, column := range []string{"DPP", "PPN", "PPNBM"} {
		p.sum(i, "JUMLAH_"+column, column)
	}
	p.downPayment(h)
	c.rows = append(c.rows, coretaxtest.Row{
		Kind: faktur.KindInvoice, Reference: h.fk("REFERENSI"), Date: date, TrxCode: h.fk("KD_JENIS_TRANSAKSI"), Line: h.line,
		NSFP:      h.fk("KD_JENIS_TRANSAKSI") + h.fk("FG_PENGGANTI") + h.fk("NOMOR_FAKTUR"),
		SellerTIN: c.config.NPWP, SellerName: c.config.Name, BuyerTIN: h.fk("NPWP"), BuyerName: h.fk("NAMA"),
		DPP: money(h.fk("JUMLAH_DPP")), OtherDPP: money(h.fk("JUMLAH_DPP")), PPN: money(h.fk("JUMLAH_PPN")), PPnBM: money(h.fk("JUMLAH_PPNBM")),
	})
	return p.err
}

func money(text string) faktur.Amount {
	a, err := faktur.ParseAmount(text)
	if err != nil {
		return faktur.Amount{}
	}
	return a
}

// code: not 06 and 07 (FACTS 6, DDTC-NEWPKP). Only 08 has an additional
// information; that it is the last two digits of TD.005NN, without leading zero,
// and required, is an assumption.
func (p *problems) code(h *record) {
	code, info := h.fk("KD_JENIS_TRANSAKSI"), h.fk("ID_KETERANGAN_TAMBAHAN")
	switch {
	case code == "06", code == "07":
		p.refuse(h, "KD_JENIS_TRANSAKSI", "Invoices of code %s are to be made in Coretax.", code)
	case code == "08" && info == "":
		p.refuse(h, "ID_KETERANGAN_TAMBAHAN", "It is required for code 08.")
	case code != "08" && info != "":
		p.refuse(h, "ID_KETERANGAN_TAMBAHAN", "It is for code 08 only, and this is %s.", code)
	}
}

// number: a number is used once, and comes from the ranges of e-Nofa.
func (p *problems) number(h *record) {
	number := h.fk("NOMOR_FAKTUR")
	if p.used[number] {
		p.refuse(h, "NOMOR_FAKTUR", "The number %s has been used already.", number)
	}
	p.used[number] = true
	for _, r := range p.config.Ranges {
		if number >= r.First && number <= r.Last {
			return
		}
	}
	if len(p.config.Ranges) > 0 {
		p.refuse(h, "NOMOR_FAKTUR", "The number %s is in no range of yours.", number)
	}
}

// date: today, because nothing is backdated (FACTS 6), and the tax period is its month.
func (p *problems) date(h *record) faktur.Date {
	day, err := time.ParseInLocation("2/1/2006", h.fk("TANGGAL_FAKTUR"), faktur.Jakarta)
	if err != nil {
		p.refuse(h, "TANGGAL_FAKTUR", "%s is not a day of the calendar.", h.fk("TANGGAL_FAKTUR"))
		return faktur.Date{}
	}
	date := faktur.DateOf(day)
	switch {
	case date.Compare(p.today) > 0:
		p.refuse(h, "TANGGAL_FAKTUR", "The day %s is still to come; today is %s.", date, p.today)
	case date != p.today && !p.config.Backdating:
		p.refuse(h, "TANGGAL_FAKTUR", "The day %s is over; today is %s.", date, p.today)
	}
	if h.fk("MASA_PAJAK") != strconv.Itoa(int(day.Month())) {
		p.refuse(h, "MASA_PAJAK", "It is %s, and the date is of month %d.", h.fk("MASA_PAJAK"), day.Month())
	}
	if h.fk("TAHUN_PAJAK") != strconv.Itoa(day.Year()) {
		p.refuse(h, "TAHUN_PAJAK", "It is %s, and the date is of %d.", h.fk("TAHUN_PAJAK"), day.Year())
	}
	return date
}

// buyer: one without NPWP has zeros there. A number before the name is written
// as "3174015506800001#NIK#NAMA#Budi" (ODOO-LEGACY); that a passport's is
// "...#PASPOR#NAMA#..." and that a company abroad has none are assumptions.
func (p *problems) buyer(h *record) {
	name := h.fk("NAMA")
	if !strings.Contains(name, "#NAMA#") || strings.Trim(h.fk("NPWP"), "0") != "" {
		return
	}
	parts := strings.Split(name, "#")
	if len(parts) != 4 || parts[0] == "" || parts[1] != "NIK" && parts[1] != "PASPOR" || parts[3] == "" {
		p.refuse(h, "NAMA", "A number before a name is written NUMBER#NIK#NAMA#NAME or NUMBER#PASPOR#NAMA#NAME.")
	}
	if parts[1] == "NIK" && (len(parts[0]) != 16 || strings.Trim(parts[0], "0123456789") != "") {
		p.refuse(h, "NAMA", "A NIK has 16 digits.")
	}
}

var (
	one    = decimal.New(1, 0)
	two    = decimal.New(2, 0)   // price, discount and base may each have been rounded
	twelve = decimal.New(12, -2) // as a factor
	eleven = decimal.New(11, -2)
)

// item checks a line. FACTS 6 says whole rupiah and no more, so all of it is an
// assumption: HARGA_TOTAL is HARGA_SATUAN x JUMLAH_BARANG within two rupiah; DPP
// is what is left after DISKON, or less as DPP nilai lain; PPN under 01, 04 and
// 09 is 12 % of DPP, or 11 % where DPP is not the nilai lain.
func (p *problems) item(r *record, trx string) {
	quantity := number(r.of("JUMLAH_BARANG"))
	if quantity.IsZero() {
		p.refuse(r, "JUMLAH_BARANG", "It is 0.")
	}
	if total := number(r.of("HARGA_SATUAN")).Mul(quantity); number(r.of("HARGA_TOTAL")).Sub(total).Abs().GreaterThan(two) {
		p.refuse(r, "HARGA_TOTAL", "It is %s, and HARGA_SATUAN x JUMLAH_BARANG = %s.", r.of("HARGA_TOTAL"), total)
	}
	base, dpp := number(r.of("HARGA_TOTAL")).Sub(number(r.of("DISKON"))), number(r.of("DPP"))
	if dpp.GreaterThan(base) {
		p.refuse(r, "DPP", "It is %s, and HARGA_TOTAL - DISKON = %s.", dpp, base)
	}
	if trx != "01" && trx != "04" && trx != "09" {
		return
	}
	ppn := number(r.of("PPN"))
	if ppn.Sub(dpp.Mul(twelve)).Abs().GreaterThan(one) && (!dpp.Equal(base) || ppn.Sub(dpp.Mul(eleven)).Abs().GreaterThan(one)) {
		p.refuse(r, "PPN", "It is %s, and 12 %% of DPP is %s.", ppn, dpp.Mul(twelve).Round(0))
	}
}

// sum: the lines add up to the invoice's total, exactly.
func (p *problems) sum(i *invoice, total, column string) {
	sum := decimal.Zero
	for k := range i.lines {
		sum = sum.Add(number(i.lines[k].of(column)))
	}
	if !number(i.head.fk(total)).Equal(sum) {
		p.refuse(&i.head, total, "It is %s, and the lines add up to %s.", i.head.fk(total), sum)
	}
}

// downPayment: the amounts of a payment are at most those of the whole
// contract; an ordinary invoice has none.
func (p *problems) downPayment(h *record) {
	for _, tax := range []string{"DPP", "PPN", "PPNBM"} {
		paid := number(h.fk("UANG_MUKA_" + tax))
		switch ordinary := h.fk("FG_UANG_MUKA") == "0"; {
		case ordinary && !paid.IsZero():
			p.refuse(h, "UANG_MUKA_"+tax, "It is 0 unless FG_UANG_MUKA says what it is.")
		case paid.GreaterThan(number(h.fk("JUMLAH_" + tax))):
			p.refuse(h, "UANG_MUKA_"+tax, "It is more than JUMLAH_%s.", tax)
		}
	}
	if h.fk("FG_UANG_MUKA") != "0" && h.fk("UANG_MUKA_DPP") == "0" {
		p.refuse(h, "UANG_MUKA_DPP", "It is required for a down payment or a settlement.")
	}
}
