package faktur_test

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/fakturgate/fakturgate/faktur"
)

// drawInvoice makes any acceptable invoice of up to eight lines whose amounts
// are all left out.
func drawInvoice(t *rapid.T) (faktur.TaxInvoice, faktur.Settings) {
	cents := func(name string, least, most int64) faktur.Amount {
		return faktur.Cents(rapid.Int64Range(least, most).Draw(t, name))
	}
	trxCode := rapid.SampledFrom([]string{"01", "02", "03", "04", "06", "07", "08", "09", "10"}).Draw(t, "trx_code")
	inv := line(trxCode, faktur.Line{})
	ordinary := inv.Lines[0]
	inv.Lines = nil
	for range rapid.IntRange(1, 8).Draw(t, "lines") {
		l := ordinary
		l.UnitPrice, l.Quantity = cents("price", 0, 1e12), cents("quantity", 1, 1e5)
		l.Luxury = rapid.Bool().Draw(t, "luxury")
		if rapid.Bool().Draw(t, "discounted") {
			l.Discount = cents("discount", 0, exactGross(l))
		}
		if l.Luxury {
			l.PPnBMRate = rate(rapid.SampledFrom([]string{"0", "10", "12.5", "200"}).Draw(t, "ppnbm_rate"))
		}
		inv.Lines = append(inv.Lines, l)
	}
	return inv, faktur.Settings{Rounding: rapid.SampledFrom([]string{"", faktur.RoundCents, faktur.RoundRupiah}).Draw(t, "rounding")}
}

// exactGross is price x quantity in cents, rounded down.
func exactGross(l faktur.Line) int64 {
	gross := new(big.Int).Mul(inCents(l.UnitPrice), inCents(l.Quantity))
	return gross.Div(gross, big.NewInt(100)).Int64()
}

// inCents reads an amount's own text, so that it shares no code with it.
func inCents(a faktur.Amount) *big.Int {
	text := a.String()
	n, ok := new(big.Int).SetString(text[:len(text)-3]+text[len(text)-2:], 10)
	if !ok {
		panic(text)
	}
	return n
}

// halfUp is numerator/denominator rounded half up, in whole numbers alone.
func halfUp(numerator, denominator *big.Int) *big.Int {
	two := big.NewInt(2)
	twice := new(big.Int).Add(new(big.Int).Mul(numerator, two), denominator)
	return twice.Div(twice, new(big.Int).Mul(denominator, two))
}

// Every amount is what whole-number arithmetic says, and totals are their sums.
func TestAmountsAgreeWithWholeNumbers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		inv, settings := drawInvoice(t)
		a, err := assessWith(inv, settings)
		if err != nil {
			t.Fatalf("refused: %v", err)
		}
		unit := big.NewInt(1) // the cents of one unit of the rounding
		if settings.Rounding == faktur.RoundRupiah {
			unit = big.NewInt(100)
		}
		round := func(numerator *big.Int, denominator int64) *big.Int {
			whole := halfUp(numerator, new(big.Int).Mul(big.NewInt(denominator), unit))
			return whole.Mul(whole, unit)
		}
		sum := new(big.Int)
		for i, l := range inv.Lines {
			net := new(big.Int).Mul(inCents(l.UnitPrice), inCents(l.Quantity))
			net.Sub(net, new(big.Int).Mul(inCents(l.Discount), big.NewInt(100)))
			got := a.Lines[i]
			if want := round(net, 100); inCents(got.DPP).Cmp(want) != 0 {
				t.Fatalf("line %d: DPP %s, want %s cents", i, got.DPP, want)
			}
			otherDPP := inCents(got.DPP)
			if !l.Luxury && inv.TrxCode != "01" {
				otherDPP = round(otherDPP.Mul(otherDPP, big.NewInt(11)), 12)
			}
			if inCents(got.OtherDPP).Cmp(otherDPP) != 0 {
				t.Fatalf("line %d: DPP nilai lain %s, want %s cents", i, got.OtherDPP, otherDPP)
			}
			if want := round(new(big.Int).Mul(otherDPP, big.NewInt(12)), 100); inCents(got.PPN).Cmp(want) != 0 {
				t.Fatalf("line %d: PPN %s, want %s cents", i, got.PPN, want)
			}
			sum.Add(sum, inCents(got.PPN))
		}
		if inCents(a.Totals.PPN).Cmp(sum) != 0 {
			t.Fatalf("total PPN %s, want %s cents", a.Totals.PPN, sum)
		}
	})
}

// Posting the filled amounts back is accepted, files the same and warns of
// nothing new, and after GET, PUT they count as left out.
func TestFilledAmountsComeBackUnchanged(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		inv, settings := drawInvoice(t)
		first, err := assessWith(inv, settings)
		if err != nil {
			t.Fatalf("refused: %v", err)
		}
		filled := inv
		filled.Lines = first.Fill(inv.Lines)
		second, err := assessWith(filled, settings)
		if err != nil {
			t.Fatalf("filled, it is refused: %v", err)
		}
		if len(second.Warnings) > len(first.Warnings) {
			t.Fatalf("filled, it is doubted: %v", second.Warnings)
		}
		for i := range first.Lines {
			if second.Lines[i] != first.Lines[i] {
				t.Fatalf("line %d is filed as %+v, then %+v", i, first.Lines[i], second.Lines[i])
			}
		}
		if faktur.ContentHash(faktur.Given(filled, inv, first)) != faktur.ContentHash(inv) {
			t.Fatal("after GET and PUT it is another content")
		}
	})
}
