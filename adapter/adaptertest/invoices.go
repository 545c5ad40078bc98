package adaptertest

import (
	"strings"

	"github.com/fakturgate/fakturgate/faktur"
)

// Case is an invoice that the gateway accepts, to be carried by every channel
// whose format has room for it.
type Case struct {
	Name    string // plain, for a file
	Invoice faktur.TaxInvoice
}

// Cases gives an invoice of every transaction code, every identity of a buyer
// and what else a format may trip over.
func Cases() []Case {
	var cases []Case
	add := func(name string, change func(*faktur.TaxInvoice)) {
		inv := ordinary("INV/2026/11/" + name)
		inv.Lines = inv.Lines[:1]
		change(&inv)
		cases = append(cases, Case{name, inv})
	}
	for _, code := range []string{"01", "02", "03", "04", "05", "06", "07", "08", "09", "10"} {
		add("trx-"+code, func(inv *faktur.TaxInvoice) { ofCode(inv, code) })
	}
	for _, buyer := range []faktur.Buyer{
		{IDType: faktur.IDTypeNIK, IDNumber: "3174015506800001"},
		{IDType: faktur.IDTypePassport, IDNumber: "E1234567"},
		{IDType: faktur.IDTypeOther, IDNumber: "TIN-5567"},
	} {
		add("buyer-"+buyer.IDType, func(inv *faktur.TaxInvoice) {
			inv.Buyer.IDType, inv.Buyer.IDNumber, inv.Buyer.NITKU = buyer.IDType, buyer.IDNumber, ""
		})
	}
	addContents(add)
	return cases
}

// ofCode makes an invoice one of a transaction code, with what the code asks for.
func ofCode(inv *faktur.TaxInvoice, code string) {
	inv.TrxCode = code
	switch code {
	case "01":
		inv.Lines[0].Luxury = true
	case "05":
		ppn := faktur.Rupiah(3300)
		inv.Lines[0].PPN = &ppn
	case "06":
		inv.Buyer.IDType, inv.Buyer.IDNumber, inv.Buyer.NITKU, inv.Buyer.Country = faktur.IDTypePassport, "X7654321", "", "AUS"
	case "07":
		inv.AddInfo, inv.FacilityStamp = "TD.00501", "TD.01101"
		inv.SupportingDocument = faktur.SupportingDocument{Number: "000000-123456-20261030-000123", Period: "102026"}
	case "08":
		inv.AddInfo, inv.FacilityStamp = "TD.00510", "TD.01110"
	}
}

func addContents(add func(string, func(*faktur.TaxInvoice))) {
	add("head-offices", func(inv *faktur.TaxInvoice) { inv.Seller.NITKU, inv.Buyer.NITKU = "", "" })
	add("branches", func(inv *faktur.TaxInvoice) {
		inv.Seller.NITKU, inv.Buyer.NITKU = inv.Seller.NPWP+"000012", inv.Buyer.IDNumber+"000345"
		inv.Buyer.Email = "pajak@pembeli.example"
	})
	add("no-goods-code", func(inv *faktur.TaxInvoice) { inv.Lines[0].Code = "" })
	add("multi-line", func(inv *faktur.TaxInvoice) {
		service, cheap := inv.Lines[0], inv.Lines[0]
		service.Kind, service.Name, service.Unit = faktur.Service, "Jasa pemasangan", "UM.0030"
		cheap.Name, cheap.UnitPrice, cheap.Quantity, cheap.Discount = "Sekrup", faktur.Cents(1_25), faktur.Cents(1000_50), faktur.Cents(63)
		inv.Lines = append(inv.Lines, service, cheap)
	})
	add("luxury", func(inv *faktur.TaxInvoice) {
		rate := faktur.Percent(40)
		inv.TrxCode, inv.Lines[0].Luxury, inv.Lines[0].PPnBMRate = "01", true, &rate
	})
	add("other-dpp", func(inv *faktur.TaxInvoice) {
		other := faktur.Rupiah(30_000)
		inv.Lines[0].OtherDPP = &other
	})
	add("cents", func(inv *faktur.TaxInvoice) {
		inv.Lines[0].UnitPrice, inv.Lines[0].Quantity = faktur.Cents(1_500_000_49), faktur.Rupiah(1)
		half := inv.Lines[0]
		half.UnitPrice = faktur.Cents(1_900_000_50)
		inv.Lines = append(inv.Lines, half)
	})
	add("escaping", func(inv *faktur.TaxInvoice) {
		inv.Buyer.Name, inv.Buyer.Address = `CV "Maju" & <Jaya>'s, Tbk`, "Jl. A & B > C, ]]> No. 1"
		inv.Lines[0].Name = `Pipa 3" & 4' <AISI>; =1+1`
	})
	add("line-breaks", func(inv *faktur.TaxInvoice) {
		inv.Buyer.Address = "Gedung A\r\nLantai 2 \n\n\tJakarta"
	})
	add("not-ascii", func(inv *faktur.TaxInvoice) { inv.Lines[0].Name = "Café crème 😀" })
	add("long-texts", func(inv *faktur.TaxInvoice) {
		inv.Buyer.Name, inv.Buyer.Address = strings.Repeat("N", 255), strings.Repeat("A", 1000)
		inv.Lines[0].Name = strings.Repeat("L", 1000)
	})
	add("down-payment", func(inv *faktur.TaxInvoice) { pay(inv, faktur.PaymentDownPayment, "") })
	add("settlement", func(inv *faktur.TaxInvoice) { pay(inv, faktur.PaymentSettlement, "04002600000000001") })
}

func pay(inv *faktur.TaxInvoice, kind, first string) {
	dpp := faktur.Rupiah(90_000)
	inv.Payment = faktur.Payment{Type: kind, DPP: &dpp, FirstNSFP: first}
}
