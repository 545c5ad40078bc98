package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
)

// The sellers and buyers of the story exist nowhere else.
const (
	demoSeller      = "0012345674901000"
	demoOtherSeller = "0023456784902000"
)

// scenes are the invoices of the story. The words after SIM- tell the simulator
// what to do with them (docs/simulator.md).
func scenes() []scene {
	today := faktur.DateOf(time.Now())
	reference := func(n int, word string) string {
		text := fmt.Sprintf("INV/%s/%04d", strings.ReplaceAll(today.Month(), "-", "/"), n)
		if word != "" {
			text += "-" + word
		}
		return text
	}
	company := faktur.Buyer{IDType: "npwp", IDNumber: "0098765431109000", NITKU: "0098765431109000000000",
		Name: "PT Pembeli Sejahtera", Address: "Jl. Merdeka 1, Jakarta", Country: "IDN"}
	person := faktur.Buyer{IDType: "nik", IDNumber: "3174015506800001", Name: "Siti Rahayu", Address: "Jl. Melati 5, Bandung", Country: "IDN"}
	misplaced := company
	misplaced.NITKU = "0098765431109000000009" // no such branch, and nobody can know before Coretax says so

	issue := func(n int, word, seller, trxCode string, buyer faktur.Buyer, lines ...faktur.Line) faktur.TaxInvoice {
		return faktur.TaxInvoice{Reference: reference(n, word), Date: today, TrxCode: trxCode,
			Seller: faktur.Seller{NPWP: seller, NITKU: seller + "000000"}, Buyer: buyer, Lines: lines}
	}
	paper := line("goods", "Kertas A4 80 gsm", "UM.0022", "55000", "40")
	car := line("goods", "Mobil sedan 3.500 cc", "UM.0018", "950000000", "1")
	car.Luxury = true
	rate, _ := faktur.ParseRate("40")
	car.PPnBMRate = &rate
	return []scene{
		{invoice: issue(1, "", demoSeller, "04", company, paper), ends: faktur.Approved},
		{invoice: issue(2, "", demoSeller, "04", company, paper, line("service", "Jasa pengiriman", "UM.0030", "350000", "1")), ends: faktur.Approved},
		{invoice: issue(3, "", demoOtherSeller, "01", company, car), ends: faktur.Approved},
		{invoice: issue(4, "", demoOtherSeller, "04", person, line("goods", "Meja kerja", "UM.0018", "1250000.50", "2")), ends: faktur.Approved},
		{invoice: issue(5, "SIM-SAVED-INVALID", demoSeller, "04", misplaced, paper), ends: faktur.Approved, fix: true},
		{invoice: issue(6, "SIM-DROP", demoSeller, "04", company, paper), ends: faktur.Approved},
		{invoice: issue(7, "SIM-STUCK", demoOtherSeller, "04", company, paper), ends: faktur.SigningInProgress},
	}
}

func line(kind, name, unit, price, quantity string) faktur.Line {
	unitPrice, _ := faktur.ParseAmount(price)
	count, _ := faktur.ParseAmount(quantity)
	return faktur.Line{Kind: kind, Code: "000000", Name: name, Unit: unit, UnitPrice: unitPrice, Quantity: count}
}
