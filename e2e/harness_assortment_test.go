package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
)

// assortment gives n invoices of a seller, dated today, that go through every
// transaction code and every buyer identity that a channel takes, again and
// again, and every other sort of content on the way.
func assortment(t *testing.T, channel faktur.Channel, npwp string, n int) []faktur.TaxInvoice {
	t.Helper()
	var kinds []faktur.TaxInvoice
	for _, code := range []string{"01", "02", "03", "04", "05", "06", "07", "08", "09", "10"} {
		if channel == faktur.ChannelEfakturDesktop && (code == "06" || code == "07") {
			continue // the application takes none
		}
		for _, buyer := range buyers {
			inv := invoiceOf(code, buyer, npwp)
			if channel == faktur.ChannelEfakturDesktop || channel == faktur.ChannelKlikpajak {
				inv.SupportingDocument = faktur.SupportingDocument{}
			}
			kinds = append(kinds, inv)
		}
	}
	list := make([]faktur.TaxInvoice, n)
	for i := range list {
		list[i] = kinds[i%len(kinds)]
		list[i].Lines = slices.Clone(list[i].Lines)
		list[i].Reference = fmt.Sprintf("%s/%04d", channel, i+1)
		switch i % 5 {
		case 1:
			list[i].Lines = append(list[i].Lines, line(faktur.Service, `Jasa "antar" & pasang <2 hari>`, "UM.0030", 35_000_050, 100))
		case 2:
			list[i].Lines = append(list[i].Lines, line(faktur.Goods, "Kabel, 2,5 mm", "UM.0021", 1_234_567, 250))
			list[i].Lines[1].Discount = faktur.Cents(5_000)
		case 3:
			for k := range 20 {
				list[i].Lines = append(list[i].Lines, line(faktur.Goods, fmt.Sprintf("Barang %d", k+1), "UM.0018", int64(1_000_000+k*111), 300))
			}
		}
		for k := range list[i].Lines {
			if list[i].TrxCode == "05" { // besaran tertentu: PPN is what the seller says
				ppn := faktur.Rupiah(1_100)
				list[i].Lines[k].PPN = &ppn
			}
		}
	}
	return list
}

var buyers = []faktur.Buyer{
	{IDType: faktur.IDTypeNPWP, IDNumber: "0098765431109000", NITKU: "0098765431109000000000", Name: "PT Pembeli & Anak", Address: "Jl. Merdeka 1, Jakarta", Country: "IDN"},
	{IDType: faktur.IDTypeNIK, IDNumber: "3174015506800001", Name: "Siti Rahayu", Address: "Jl. Melati 5, Bandung", Country: "IDN"},
	{IDType: faktur.IDTypePassport, IDNumber: "X1234567", Name: "John O'Neil", Address: "1 Example Road, Perth", Country: "AUS"},
	{IDType: faktur.IDTypeOther, IDNumber: "KITAS-2E21AA0001", Name: "Maria Gonzalez", Address: "Jl. Kenanga 9, Denpasar", Country: "IDN"},
}

// invoiceOf gives an invoice of a transaction code that breaks none of its rules.
func invoiceOf(code string, buyer faktur.Buyer, npwp string) faktur.TaxInvoice {
	inv := faktur.TaxInvoice{Date: faktur.DateOf(time.Now()), TrxCode: code, Seller: faktur.Seller{NPWP: npwp, NITKU: npwp + "000000"},
		Buyer: buyer, Lines: []faktur.Line{line(faktur.Goods, "Kertas A4 80 gsm", "UM.0018", 10_000_000, 100)}}
	switch code {
	case "01":
		rate, err := faktur.ParseRate("20")
		if err != nil {
			panic(err)
		}
		inv.Lines[0].Luxury, inv.Lines[0].PPnBMRate = true, &rate
	case "07", "08":
		inv.AddInfo, inv.FacilityStamp = "TD.00501", "TD.01101"
		inv.SupportingDocument = faktur.SupportingDocument{Number: "SPPB-000123", Period: "112026"}
	}
	return inv
}

func line(kind, name, unit string, priceCents, quantityCents int64) faktur.Line {
	return faktur.Line{Kind: kind, Code: "000000", Name: name, Unit: unit, UnitPrice: faktur.Cents(priceCents), Quantity: faktur.Cents(quantityCents)}
}
