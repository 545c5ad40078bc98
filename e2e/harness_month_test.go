package e2e

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
)

// planned is an invoice that the ERP will post.
type planned struct {
	invoice faktur.TaxInvoice
	stuck   bool // it never leaves the signing queue; every other one ends approved
}

// fates are what the simulator does to an invoice by the words in its
// reference, and how many of a month's 2,000 meet each.
var fates = []struct {
	words string
	count int
}{
	{"SIM-APPROVE", 100},
	{"SIM-SAVED-INVALID", 80},
	{"SIM-BAD-PASSPHRASE", 40},
	{"SIM-STUCK", 40},
	// One of these hides the fate of its whole batch.
	{"SIM-DROP", 10},
	{"SIM-502", 10},
	{"SIM-SLOW", 6},
	{"SIM-LATE", 10},
	{"SIM-SAVED-INVALID/SIM-DROP", 3},
	{"SIM-SAVED-INVALID/SIM-LATE", 3},
	{"SIM-BAD-PASSPHRASE/SIM-502", 3},
	{"SIM-SAVED-INVALID/SIM-STUCK", 3},
}

// planMonth makes the invoices of a month: sellers most of which have one or
// two, and a few hundreds; 1 to 50 lines; every fate.
func planMonth(seed uint64, invoices, sellers int) (npwps []string, month []planned) {
	dice := rand.New(rand.NewPCG(seed, 1))
	today := faktur.DateOf(time.Now())
	for i := range sellers {
		npwps = append(npwps, fmt.Sprintf("0%09d%06d", 12_345_678+i, 901_000))
	}
	words := make([]string, invoices)
	place := 0
	for _, fate := range fates {
		for range fate.count * invoices / 2000 {
			words[place] = "/" + fate.words
			place++
		}
	}
	dice.Shuffle(invoices, func(i, j int) { words[i], words[j] = words[j], words[i] })
	for i, seller := range spread(dice, invoices, sellers) {
		reference := fmt.Sprintf("INV/%s/%05d%s", today.Month(), i+1, words[i])
		month = append(month, planned{makeInvoice(dice, npwps[seller], reference, today), strings.Contains(words[i], "SIM-STUCK")})
	}
	return npwps, month
}

// spread gives each invoice its seller: the first of every hundred sellers have
// together three of five invoices, the others one or two each.
func spread(dice *rand.Rand, invoices, sellers int) []int {
	large := max(sellers/100, 1)
	of := make([]int, invoices)
	for i := range of {
		switch {
		case i < sellers:
			of[i] = i // everyone has one
		case i-sellers < invoices-sellers-(sellers*3/5):
			of[i] = i % large
		default:
			of[i] = large + i%(sellers-large)
		}
	}
	dice.Shuffle(invoices, func(i, j int) { of[i], of[j] = of[j], of[i] })
	return of
}

func makeInvoice(dice *rand.Rand, npwp, reference string, date faktur.Date) faktur.TaxInvoice {
	invoice := faktur.TaxInvoice{
		Reference: reference, Date: date, TrxCode: "04",
		Seller: faktur.Seller{NPWP: npwp, NITKU: npwp + "000000"},
		Buyer: faktur.Buyer{IDType: faktur.IDTypeNPWP, IDNumber: "0098765431109000", NITKU: "0098765431109000000000",
			Name: "PT Pembeli", Address: "Jl. Merdeka 1, Jakarta", Country: "IDN"},
	}
	most := []int{3, 3, 3, 3, 12, 12, 50}[dice.IntN(7)]
	for n := range 1 + dice.IntN(most) {
		line := faktur.Line{Kind: faktur.Goods, Code: "000000", Name: fmt.Sprintf("Barang %d", n+1), Unit: "UM.0018",
			UnitPrice: faktur.Cents(100 + dice.Int64N(1_000_000_00)), Quantity: faktur.Cents(100 * (1 + dice.Int64N(20)))}
		if dice.IntN(4) == 0 {
			line.Kind, line.Name = faktur.Service, fmt.Sprintf("Jasa %d", n+1)
			line.Discount = faktur.Cents(dice.Int64N(100))
		}
		invoice.Lines = append(invoice.Lines, line)
	}
	return invoice
}

// simpleInvoice is an ordinary one with one line, dated today.
func simpleInvoice(npwp, reference string) faktur.TaxInvoice {
	dice := rand.New(rand.NewPCG(1, 1))
	invoice := makeInvoice(dice, npwp, reference, faktur.DateOf(time.Now()))
	invoice.Lines = invoice.Lines[:1]
	return invoice
}

// inParallel calls do for 0 to n-1, width at a time, and waits for all.
func inParallel(width, n int, do func(i int)) {
	places := make(chan int)
	var workers sync.WaitGroup
	for range min(width, n) {
		workers.Go(func() {
			for i := range places {
				do(i)
			}
		})
	}
	for i := range n {
		places <- i
	}
	close(places)
	workers.Wait()
}
