package bench

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
)

// plan is which invoice comes when: it depends on the seed alone.
type plan struct {
	sellers []string // NPWPs
	share   []float64
	invalid float64
	today   string
	run     string // tells this run's references from another's
	seed    uint64
}

func newPlan(c Config) *plan {
	p := &plan{today: faktur.DateOf(time.Now()).String(), invalid: c.SavedInvalid, seed: c.Seed,
		run: strconv.FormatInt(time.Now().UnixMilli(), 36)}
	total := 0.0
	for i := range max(c.Sellers, 1) {
		p.sellers = append(p.sellers, fmt.Sprintf("0%09d%06d", 10_000_000+i, 901_000))
		total += 1 / math.Pow(float64(i+1), zipfExponent)
		p.share = append(p.share, total)
	}
	for i := range p.share {
		p.share[i] /= total
	}
	return p
}

// zipfExponent spreads the invoices over the sellers: with 50,000 sellers the
// largest has one in a hundred, and most have a few. Masa January 2025 had 59
// a seller on average (FACTS 8).
const zipfExponent = 0.8

// request writes the POST of the n-th invoice: 1 to 50 lines, five on average.
func (p *plan) request(n int) (reference string, request []byte) {
	dice := rand.New(rand.NewPCG(p.seed, uint64(n))) //nolint:gosec // the same plan every time is what is wanted
	seller := p.sellers[p.seller(dice.Float64())]
	reference = fmt.Sprintf("B/%s/%07d", p.run, n)
	if dice.Float64() < p.invalid {
		reference += "/SIM-SAVED-INVALID"
	}
	quantities := make([]int, lines(dice))
	for i := range quantities {
		quantities[i] = 1 + dice.IntN(20)
	}
	body := p.invoice(reference, seller, n, quantities)
	request = fmt.Appendf(make([]byte, 0, len(body)+256), "POST /invoices HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", benchKey, len(body))
	return reference, append(request, body...)
}

// invoice writes an invoice with a line for each quantity.
func (p *plan) invoice(reference, seller string, n int, quantities []int) []byte {
	body := fmt.Appendf(make([]byte, 0, 2048), `{"reference":"%s","date":"%s","trx_code":"04","seller":{"npwp":"%s","nitku":"%s000000"},`+
		`"buyer":{"id_type":"npwp","id_number":"0098765431109000","nitku":"0098765431109000000000","name":"PT Pembeli %d","address":"Jl. Merdeka %d, Jakarta","country":"IDN"},"lines":[`,
		reference, p.today, seller, seller, n%1000, n%100)
	for i, quantity := range quantities {
		if i > 0 {
			body = append(body, ',')
		}
		body = fmt.Appendf(body, `{"kind":"goods","code":"000000","name":"Barang nomor %d","unit":"UM.0018","unit_price":"%d.%02d","quantity":"%d","discount":"0.00"}`,
			i+1, 1000+n*7919%1_000_000, n%100, quantity)
	}
	return append(body, "]}"...)
}

// lines draws how many lines an invoice has: mostly few, at most 50, five on average.
func lines(dice *rand.Rand) int { return min(1+int(dice.ExpFloat64()*4.2), 50) }

// seller finds whose invoice a number from 0 to 1 falls on.
func (p *plan) seller(x float64) int {
	low, high := 0, len(p.share)-1
	for low < high {
		if middle := (low + high) / 2; p.share[middle] < x {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}
