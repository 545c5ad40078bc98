package faktur

import "time"

// returnCheck is one return being assessed. It has the checks of an invoice's
// lines, texts and numbers; there is no invoice in it.
type returnCheck struct {
	check
	ret *Return
}

// AssessReturn is Assess for a return: settings and channel are those of the
// buyer, who files it. Whether more goes back than was bought is not known
// here; see Return.CheckBought.
func (r *Rules) AssessReturn(ret Return, s Settings, channel Channel, now time.Time) (ReturnAssessment, error) {
	if len(ret.Lines) > MaxLines {
		return ReturnAssessment{}, &Error{Kind: KindTooLarge, Code: "too_many_lines",
			Detail: "A return has at most 5,000 lines, as the invoice has whose lines it lists."}
	}
	c := &returnCheck{check: check{rules: r, settings: &s, channel: channel, today: DateOf(now)}, ret: &ret}
	c.checkFields(&ret)
	c.checkDay(ret.Date, KindReturn)
	c.checkChannel()
	c.doubtText("/reference", ret.Reference)
	c.checkReturnParties()
	a := c.assessReturnLines()
	if err := c.refusal(); err != nil {
		return ReturnAssessment{}, err
	}
	a.Warnings = c.told()
	return a, nil
}

// checkChannel: which channels take returns is CONTRACT's table of channels.
func (c *returnCheck) checkChannel() {
	switch c.channel {
	case ChannelPajakio, ChannelKlikpajak, ChannelEfakturDesktop:
		c.note(ReturnsNotOnChannel(c.channel))
	case ChannelCoretaxXML: // FACTS 1.2: InputReturnData has no field for it
		c.warn("/reference", "reference_not_in_file", "DJP's XML format of returns has no field for your reference. What became of it is found in the portal's export by NSFP, date and amounts: give no two returns of one invoice the same date and amounts.")
	}
}

// ReturnsNotOnChannel is the fault of a return whose taxpayer is on a channel
// that takes none.
func ReturnsNotOnChannel(channel Channel) Fault {
	return Fault{"", "channel_cannot", "Channel " + string(channel) + " takes no returns. A person files this one in the Coretax portal, under returns of input tax; or move the taxpayer to channel pjap or coretax_xml."}
}

func (c *returnCheck) checkReturnParties() {
	ret := c.ret
	if _, err := ParseNSFP(ret.NSFP); err != nil && ret.NSFP != "" {
		c.refuse("/nsfp", "nsfp_malformed", "%q is not an NSFP. Send the number of the invoice whose lines are returned: 17 digits, or 16 from the desktop application.", clip(ret.NSFP))
	}
	if ValidNPWP(ret.SellerNPWP) {
		c.doubtNPWP("/seller_npwp", ret.SellerNPWP)
	}
	if ValidNPWP(ret.Buyer.NPWP) {
		c.doubtNPWP("/buyer/npwp", ret.Buyer.NPWP)
		if ret.Buyer.NPWP == ret.SellerNPWP {
			c.warn("/seller_npwp", "buyer_is_seller", "Buyer and seller have the same NPWP. A return is filed by the buyer; seller_npwp is who issued the invoice.")
		}
	}
	c.doubtText("/buyer/name", ret.Buyer.Name)
}

// assessReturnLines checks the lines, computes their amounts and sums them.
func (c *returnCheck) assessReturnLines() ReturnAssessment {
	a := ReturnAssessment{Lines: make([]ReturnAmounts, len(c.ret.Lines))}
	sums := newReturnArithmetic(c.ret.trxCode(), c.settings, &c.findings)
	var totals Totals
	within, returned := true, false
	for i := range c.ret.Lines {
		bought := &c.ret.Lines[i]
		line := bought.asLine()
		c.checkLine(i, &line)
		if !c.checkReturnNumbers(i, bought) {
			returned = true // what is wrong with it is told; that it is 0 is not known
			continue
		}
		returned = returned || !bought.ReturnQuantity.IsZero()
		amounts := sums.line(i, &line)
		a.Lines[i] = ReturnAmounts{ReturnDPP: amounts.DPP, ReturnOtherDPP: amounts.OtherDPP, ReturnPPN: amounts.PPN,
			PPnBMRate: amounts.PPnBMRate, ReturnPPnBM: amounts.PPnBM}
		within = within && totals.add(&line, amounts)
	}
	a.Totals = ReturnTotals{ReturnDPP: totals.DPP, ReturnOtherDPP: totals.OtherDPP, ReturnPPN: totals.PPN, ReturnPPnBM: totals.PPnBM}
	switch {
	case !within:
		c.refuse("/lines", "amount_too_large", "A total has more than %d digits before the point. Check prices and quantities.", MaxAmountDigits)
	case !returned && len(c.ret.Lines) > 0:
		c.refuse("/lines", "nothing_returned", "No line has a return_quantity above 0. Every bought line is listed, with how much of it goes back.")
	}
	c.doubtReturnRate()
	return a
}

// trxCode is the transaction code of the returned invoice, the first two digits
// of its number (FACTS 3); "" when that is malformed.
func (r *Return) trxCode() string {
	nsfp, _ := ParseNSFP(r.NSFP)
	return nsfp.TrxCode
}

// asLine is what goes back as a line of an invoice, so that the rules of lines
// are one for both.
func (l *ReturnLine) asLine() Line {
	return Line{Kind: l.Kind, Code: l.Code, Name: l.Name, Unit: l.Unit, UnitPrice: l.UnitPrice,
		Quantity: l.ReturnQuantity, Discount: l.ReturnDiscount, Luxury: l.Luxury,
		DPP: l.ReturnDPP, OtherDPP: l.ReturnOtherDPP, PPN: l.ReturnPPN, PPnBMRate: l.PPnBMRate, PPnBM: l.ReturnPPnBM}
}

// checkReturnNumbers notes the numbers of line i that are none, and says
// whether there is enough to compute with.
func (c *returnCheck) checkReturnNumbers(i int, l *ReturnLine) bool {
	sound := !l.UnitPrice.Absent() && !l.Quantity.Absent() && !l.ReturnQuantity.Absent() // told as missing
	sound = c.checkAmounts(i, namedAmount{"unit_price", &l.UnitPrice}, namedAmount{"quantity", &l.Quantity},
		namedAmount{"return_quantity", &l.ReturnQuantity}, namedAmount{"return_discount", &l.ReturnDiscount},
		namedAmount{"return_dpp", l.ReturnDPP}, namedAmount{"return_other_dpp", l.ReturnOtherDPP},
		namedAmount{"return_ppn", l.ReturnPPN}, namedAmount{"return_ppnbm", l.ReturnPPnBM}) && sound
	sound = c.checkRate(i, "ppnbm_rate", l.PPnBMRate) && sound
	switch {
	case !sound:
	case l.Quantity.IsZero():
		c.refuse(linePointer(i, "quantity"), "quantity_zero", "The quantity is 0. It is how many units were bought, also of a line of which nothing goes back.")
		sound = false
	case l.ReturnQuantity.Cmp(l.Quantity) > 0:
		c.refuse(linePointer(i, "return_quantity"), "return_quantity_too_large", "return_quantity is %s, and %s were bought by this line's quantity.", l.ReturnQuantity, l.Quantity)
		sound = false
	}
	return sound
}

// doubtReturnRate: DJP's template of returns computes 11 % of DPP nilai lain, an
// apparent mismatch with 12 % x 11/12 (FACTS 1.2 [S?]). That 12 is right is an
// assumption, until the taxpayer's setting says which.
func (c *returnCheck) doubtReturnRate() {
	if c.settings.ReturnRate != nil {
		return
	}
	for i := range c.ret.Lines {
		if l := &c.ret.Lines[i]; l.ReturnPPN == nil && l.ReturnQuantity.valid() && !l.ReturnQuantity.IsZero() {
			c.warn("/lines", "return_rate_assumed", "PPN of what goes back is computed as %s %% of its DPP nilai lain, as of an invoice; DJP's template of returns is said to compute 11 %%. Set return_rate of the taxpayer to 12 or 11, or send return_ppn.", usualPPNRate)
			return
		}
	}
}
