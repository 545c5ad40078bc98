package faktur

import (
	"github.com/shopspring/decimal"
)

var (
	eleven = decimal.New(11, 0)
	twelve = decimal.New(12, 0)
	// tooLarge is the first amount beyond MaxAmountDigits.
	tooLarge = Rupiah(1e15)
	// usualPPNRate is PMK 131/2024's 12 % (FACTS 4).
	usualPPNRate = Percent(12)
)

// arithmetic computes the amounts of the lines of one invoice, or of one return,
// and compares them with those that the ERP gave. CONTRACT, "Amounts"; FACTS 4.
type arithmetic struct {
	trxCode   string
	returned  bool   // of a return: the fields are called return_dpp, ...
	ppnRate   Rate   // of lines that name none
	places    int32  // decimals of every computed amount: 2, or 0 for whole rupiah
	tolerance Amount // of each amount of a line
	*findings
}

func newArithmetic(trxCode string, s *Settings, f *findings) *arithmetic {
	places, tolerance := int32(2), Cents(1)
	if s.Rounding == RoundRupiah {
		places, tolerance = 0, Rupiah(1)
	}
	if s.Tolerance != nil && s.Tolerance.valid() {
		tolerance = *s.Tolerance
	}
	return &arithmetic{trxCode: trxCode, ppnRate: usualPPNRate, places: places, tolerance: tolerance, findings: f}
}

// newReturnArithmetic computes returns of an invoice of a transaction code.
func newReturnArithmetic(trxCode string, s *Settings, f *findings) *arithmetic {
	c := newArithmetic(trxCode, s, f)
	c.returned, c.ppnRate = true, orRate(s.ReturnRate, usualPPNRate)
	return c
}

// name is what the ERP calls a field of a line: dpp is return_dpp in a return.
func (c *arithmetic) name(field string) string {
	if c.returned {
		return "return_" + field
	}
	return field
}

// line gives the amounts of line i as they are filed.
func (c *arithmetic) line(i int, l *Line) LineAmounts {
	gross := l.UnitPrice.exact().Mul(l.Quantity.exact())
	net := gross.Sub(l.Discount.exact())
	if net.IsNegative() {
		c.refuse(linePointer(i, c.name("discount")), "discount_too_large", "The discount %s is more than unit_price x %s = %s. %s is the line's total in rupiah, not a percentage.", l.Discount, c.name("quantity"), gross.StringFixed(2), c.name("discount"))
		return LineAmounts{}
	}
	if net.GreaterThanOrEqual(tooLarge.exact()) {
		c.refuse(linePointer(i, "unit_price"), "amount_too_large", "unit_price x %s has more than %d digits before the point. Check both.", c.name("quantity"), MaxAmountDigits)
		return LineAmounts{}
	}
	var a LineAmounts
	a.DPP = c.dpp(i, l, c.round(net))
	a.OtherDPP = c.otherDPP(i, l, a.DPP)
	a.PPNRate = orRate(l.PPNRate, c.ppnRate)
	a.PPN = c.ppn(i, l, a)
	a.PPnBMRate = orRate(l.PPnBMRate, Percent(0))
	a.PPnBM = c.ppnbm(i, l, a)
	return a
}

// round rounds half up, which for amounts, never negative, is what
// PER-11/PJ/2025 art. 129 says of rupiah and DJP's template of decimals.
func (c *arithmetic) round(exact decimal.Decimal) Amount { return rounded(exact.Round(c.places)) }

// of gives the tax at rate of base.
func (c *arithmetic) of(rate Rate, base Amount) Amount {
	return c.round(base.exact().Mul(rate.exact()))
}

// near says whether a given amount is within the tolerance of the expected one.
func (c *arithmetic) near(given, expected Amount) bool {
	return max(given.unscaled, expected.unscaled)-min(given.unscaled, expected.unscaled) <= c.tolerance.unscaled
}

// keep notes that a given amount differs a little and is filed as given.
func (c *arithmetic) keep(i int, field string, given, expected Amount) {
	if !given.Equal(expected) {
		c.warn(linePointer(i, c.name(field)), "within_tolerance", "%s is %s and the computed one is %s. The difference is within the tolerance, so it is filed as given.", c.name(field), given, expected)
	}
}

// dpp: price x quantity - discount. A difference beyond the tolerance is refused
// under every code: the template computes it the same way (FACTS 1.1).
func (c *arithmetic) dpp(i int, l *Line, expected Amount) Amount {
	if l.DPP == nil {
		return expected
	}
	if !c.near(*l.DPP, expected) {
		c.refuse(linePointer(i, c.name("dpp")), "dpp_mismatch", "%s is %s, but unit_price x %s - %s is %s. Send %s, or leave %s out and it is computed.",
			c.name("dpp"), l.DPP, c.name("quantity"), c.name("discount"), expected, expected, c.name("dpp"))
		return expected // so that the faults that follow name what would be right
	}
	c.keep(i, "dpp", *l.DPP, expected)
	return *l.DPP
}

// otherDPP: 11/12 of DPP (PMK 131/2024 art. 3), but DPP itself on luxury lines
// and under code 01, and under 05, where it is the caller's to give. Another
// one is legal (art. 4), so it only warns.
func (c *arithmetic) otherDPP(i int, l *Line, dpp Amount) Amount {
	expected := dpp
	if !l.Luxury && c.trxCode != "01" && c.trxCode != "05" {
		expected = rounded(dpp.exact().Mul(eleven).DivRound(twelve, c.places))
	}
	if l.OtherDPP == nil {
		return expected
	}
	if c.near(*l.OtherDPP, expected) {
		c.keep(i, "other_dpp", *l.OtherDPP, expected)
	} else {
		c.warn(linePointer(i, c.name("other_dpp")), "other_dpp_unusual", "%s is %s; the usual one here is %s. Another DPP nilai lain is legal where PMK 131/2024 art. 4 names one, so it is filed as given and PPN is checked against it.", c.name("other_dpp"), l.OtherDPP, expected)
	}
	return *l.OtherDPP
}

// ppn: rate x DPP nilai lain. DJP's template lets it differ under every code
// but 01, 04 and 09 (FACTS 1.1, TPL).
func (c *arithmetic) ppn(i int, l *Line, a LineAmounts) Amount {
	if !a.PPNRate.Equal(usualPPNRate) && !c.returned { // a return's is the taxpayer's setting
		c.warn(linePointer(i, "ppn_rate"), "ppn_rate_unusual", "The PPN rate is %s %%; the usual one is 12 %%, and DJP's template is said to take no other.", a.PPNRate)
	}
	expected := c.of(a.PPNRate, a.OtherDPP)
	if l.PPN == nil {
		if c.trxCode == "05" && !(c.returned && expected.IsZero()) { // of what is not returned, PPN is 0 however it is computed
			c.refuse(linePointer(i, c.name("ppn")), "required", "Under code 05 (besaran tertentu) only you know how PPN is computed: send %s.", c.name("ppn"))
		}
		return expected
	}
	switch {
	case c.near(*l.PPN, expected):
		c.keep(i, "ppn", *l.PPN, expected)
	case c.returned: // whose rate is uncertain (FACTS 1.2 [S?])
		c.warn(linePointer(i, c.name("ppn")), "ppn_unusual", "return_ppn is %s; %s %% of DPP nilai lain %s is %s. It is filed as given.", l.PPN, a.PPNRate, a.OtherDPP, expected)
	case c.trxCode == "01", c.trxCode == "04", c.trxCode == "09":
		c.refuse(linePointer(i, "ppn"), "ppn_mismatch", "ppn is %s, but %s %% of DPP nilai lain %s is %s. Under code %s Coretax takes no other. Send %s, or leave ppn out and it is computed.", l.PPN, a.PPNRate, a.OtherDPP, expected, c.trxCode, expected)
	default:
		c.warn(linePointer(i, "ppn"), "ppn_unusual", "ppn is %s; %s %% of DPP nilai lain %s is %s. Under code %s another PPN is possible, so it is filed as given.", l.PPN, a.PPNRate, a.OtherDPP, expected, c.trxCode)
	}
	return *l.PPN
}

// ppnbm: rate x DPP nilai lain (FACTS 4, ODOO-LINE). The template lets it differ.
func (c *arithmetic) ppnbm(i int, l *Line, a LineAmounts) Amount {
	expected := c.of(a.PPnBMRate, a.OtherDPP)
	if l.PPnBM == nil {
		return expected
	}
	if c.near(*l.PPnBM, expected) {
		c.keep(i, "ppnbm", *l.PPnBM, expected)
	} else {
		c.warn(linePointer(i, c.name("ppnbm")), "ppnbm_unusual", "%s is %s; %s %% of DPP nilai lain %s is %s. It is filed as given.", c.name("ppnbm"), l.PPnBM, a.PPnBMRate, a.OtherDPP, expected)
	}
	return *l.PPnBM
}

// add sums the rounded amounts of a line into the totals. It says whether every
// total still has no more digits than an amount may have; when one has more, no
// further line must be added.
func (t *Totals) add(l *Line, a LineAmounts) bool {
	t.DPP = t.DPP.Add(a.DPP)
	t.OtherDPP = t.OtherDPP.Add(a.OtherDPP)
	t.PPN = t.PPN.Add(a.PPN)
	t.PPnBM = t.PPnBM.Add(a.PPnBM)
	t.Discount = t.Discount.Add(l.Discount)
	return max(t.DPP.unscaled, t.OtherDPP.unscaled, t.PPN.unscaled, t.PPnBM.unscaled, t.Discount.unscaled) < tooLarge.unscaled
}

func orRate(given *Rate, usual Rate) Rate {
	if given == nil {
		return usual
	}
	return *given
}
