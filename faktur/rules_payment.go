package faktur

// assessPayment checks a down payment or a settlement and gives its amounts;
// totals are those of the whole contract's lines.
//
// FACTS 4 (DISKUSI, KMP, PAJAKIO): the first down payment lists the lines of
// the whole contract; later ones and the settlement quote its NSFP.
func (c *check) assessPayment(totals Totals) PaymentAmounts {
	p := c.inv.Payment
	if !p.Parted() {
		c.checkNoPayment(p)
		return PaymentAmounts{}
	}
	c.checkPaymentOnChannel(p)
	c.checkFirstNSFP(p)
	if !c.checkPaymentNumbers(p, totals) {
		return PaymentAmounts{}
	}
	// Since 1 April 2025 the field takes the full DPP and not 11/12 of it (DISKUSI,
	// KMP); VOFFICE still says 11/12. That the former is right is an assumption.
	c.warn("/payment/dpp", "payment_dpp_assumed", "dpp of a payment is taken as its full DPP, %s, and not as 11/12 of it, as is said of invoices since 1 April 2025. Sources differ; check it with the first one you file.", *p.DPP)
	a := PaymentAmounts{DPP: *p.DPP}
	a.PPN = c.paymentTax("ppn", p.PPN, c.share(totals.PPN, a.DPP, totals.DPP), totals.PPN)
	a.PPnBM = c.paymentTax("ppnbm", p.PPnBM, c.share(totals.PPnBM, a.DPP, totals.DPP), totals.PPnBM)
	return a
}

// checkNoPayment: an ordinary invoice names nothing of a payment.
func (c *check) checkNoPayment(p Payment) {
	if p.DPP != nil || p.PPN != nil || p.PPnBM != nil || p.FirstNSFP != "" {
		c.refuse("/payment/type", "payment_type_missing", "The payment has amounts or a first_nsfp and is an ordinary invoice by its type. Set type to down_payment or settlement, or leave payment out.")
	}
}

// checkPaymentOnChannel: what the channels carry is CONTRACT's table of channels.
func (c *check) checkPaymentOnChannel(p Payment) {
	switch c.channel {
	case ChannelCoretaxXML: // FACTS 0.5, 1.1 (TPL): TaxInvoiceBulk has no such fields
		c.refuse("/payment", "channel_cannot", "DJP's XML format has no field for a down payment or a settlement. A person writes this invoice in the Coretax portal and ticks Uang Muka or Pelunasan there; or move the seller to channel pjap.")
	case ChannelKlikpajak: // pjap-apis.md: downpayment_flag and nothing else
		if p.Type == PaymentDownPayment { // a settlement is refused by checkKlikpajak
			c.warn("/payment", "payment_flag_only", "Klikpajak's interface takes a down payment only as a flag: the amounts of the payment and first_nsfp are not sent, and it is signed at once. Check it in Klikpajak.")
		}
	case ChannelEfakturDesktop:
		if p.Type == PaymentDownPayment { // FACTS 4, 789B [S?]
			c.warn("/payment", "payment_settled_elsewhere", "A down payment made in DJP's desktop application is said not to be settled by the portal's check box Pelunasan.")
		}
	}
}

// PaymentsNotOnChannel is the fault of a down payment or a settlement on a
// channel that says of itself that it takes none.
func PaymentsNotOnChannel(channel Channel) Fault {
	return Fault{"/payment", "channel_cannot", "What is behind channel " + string(channel) + " takes no down payments and settlements. A person writes this invoice in the Coretax portal and ticks Uang Muka or Pelunasan there; or move the seller to another channel."}
}

func (c *check) checkFirstNSFP(p Payment) {
	switch {
	case p.FirstNSFP == "" && p.Type == PaymentSettlement:
		c.refuse("/payment/first_nsfp", "required", "A settlement quotes the NSFP of the contract's first down payment in first_nsfp.")
	case p.FirstNSFP == "":
	default:
		if nsfp, err := ParseNSFP(p.FirstNSFP); err != nil || nsfp.String() != p.FirstNSFP {
			c.refuse("/payment/first_nsfp", "first_nsfp_malformed", "%q is not an NSFP. Send the 17 digits of the first down payment's number (16 from the desktop application), without points and dashes.", clip(p.FirstNSFP))
		}
	}
}

// checkPaymentNumbers notes amounts that are none, and says whether there is
// enough to compute with.
func (c *check) checkPaymentNumbers(p Payment, totals Totals) bool {
	sound := true
	for _, a := range [...]struct {
		field  string
		amount *Amount
	}{{"dpp", p.DPP}, {"ppn", p.PPN}, {"ppnbm", p.PPnBM}} {
		if a.amount != nil && !a.amount.valid() {
			c.note(a.amount.fault("/payment/" + a.field))
			sound = false
		}
	}
	switch {
	case !sound:
	case p.DPP == nil || p.DPP.Absent() || p.DPP.IsZero():
		c.refuse("/payment/dpp", "required", "dpp is missing or 0. It is the DPP of this payment, such as 30000.00.")
		sound = false
	case len(c.faults) == 0 && p.DPP.Cmp(totals.DPP) > 0: // with faults in the lines the totals are not yet those meant
		c.refuse("/payment/dpp", "payment_too_large", "The payment's dpp is %s, and the lines have %s in all. A down payment lists the lines of the whole contract; check both.", *p.DPP, totals.DPP)
		sound = false
	}
	return sound && len(c.faults) == 0
}

// share gives a payment's share of a tax of the whole contract, rounded as lines are.
func (c *check) share(tax, part, whole Amount) Amount {
	places := newArithmetic(c.inv.TrxCode, c.settings, nil).places
	if whole.IsZero() {
		return Amount{}
	}
	return rounded(tax.exact().Mul(part.exact()).DivRound(whole.exact(), places))
}

// paymentTax takes a given tax of a payment, or its share of the contract's.
func (c *check) paymentTax(field string, given *Amount, expected, most Amount) Amount {
	if given == nil {
		return expected
	}
	switch sums := newArithmetic(c.inv.TrxCode, c.settings, nil); {
	case given.Cmp(most) > 0 && !sums.near(*given, most):
		c.refuse("/payment/"+field, "payment_too_large", "The payment's %s is %s, and the lines have %s in all.", field, *given, most)
	case sums.near(*given, expected):
	default:
		c.warn("/payment/"+field, "payment_tax_unusual", "The payment's %s is %s; its share of the lines' is %s. It is filed as given.", field, *given, expected)
	}
	return *given
}
