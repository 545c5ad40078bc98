package faktur

import "time"

// MaxLines is how many lines an invoice may have.
const MaxLines = 5000

// Rules check invoices against DJP's rules and code lists. They hold no state
// beyond the lists and may be used by many goroutines.
type Rules struct{ Reference *Reference }

// NewRules gives the rules over code lists; nil means the built-in ones.
func NewRules(reference *Reference) *Rules {
	if reference == nil {
		reference = BuiltInReference()
	}
	return &Rules{Reference: reference}
}

// check is one invoice being assessed.
type check struct {
	findings
	rules    *Rules
	inv      *TaxInvoice
	settings *Settings
	channel  Channel
	today    Date // in Jakarta
}

// Assess checks an invoice and computes its amounts. What is refused comes back
// as one *Error with every fault, and no Assessment; what is doubtful stands in
// the Assessment's warnings. Settings and channel are those of the seller; now
// decides what lies in the future and what is past its deadline.
//
// More than MaxLines lines are KindTooLarge and nothing else is looked at.
func (r *Rules) Assess(inv TaxInvoice, s Settings, channel Channel, now time.Time) (Assessment, error) {
	if len(inv.Lines) > MaxLines {
		return Assessment{}, &Error{Kind: KindTooLarge, Code: "too_many_lines",
			Detail: "An invoice has at most 5,000 lines. Split it into several."}
	}
	c := &check{rules: r, inv: &inv, settings: &s, channel: channel, today: DateOf(now)}
	c.checkFields(&inv)
	c.checkDate()
	c.checkTrxCode()
	c.checkDesktop()
	c.checkKlikpajak()
	c.checkFacility()
	c.checkSupportingDocument()
	c.doubtText("/reference", inv.Reference)
	c.checkSeller()
	c.checkBuyer()
	a := c.assessLines()
	a.Payment = c.assessPayment(a.Totals)
	if err := c.refusal(); err != nil {
		return Assessment{}, err
	}
	a.Warnings = c.told()
	return a, nil
}

// assessLines checks the lines, computes their amounts and sums them.
func (c *check) assessLines() Assessment {
	a := Assessment{Lines: make([]LineAmounts, len(c.inv.Lines))}
	sums := newArithmetic(c.inv.TrxCode, c.settings, &c.findings)
	within := true
	for i := range c.inv.Lines {
		line := &c.inv.Lines[i]
		c.checkLine(i, line)
		if !c.checkNumbers(i, line) {
			continue
		}
		a.Lines[i] = sums.line(i, line)
		within = within && a.Totals.add(line, a.Lines[i])
	}
	if !within {
		c.refuse("/lines", "amount_too_large", "A total has more than %d digits before the point. Check prices and quantities.", MaxAmountDigits)
	}
	c.doubtLuxury()
	if hasFacility(c.inv.TrxCode) {
		c.doubtFacilityPPN()
	}
	return a
}

// doubtFacilityPPN: that PPN is computed and shown under 07 and 08, though it
// is not collected, is recalled and unverified (FACTS 4 [R], [NF]).
func (c *check) doubtFacilityPPN() {
	for i := range c.inv.Lines {
		if c.inv.Lines[i].PPN == nil {
			c.warn("/trx_code", "facility_ppn_assumed", "PPN under code %s is computed and shown, though it is not collected: what Coretax wants here is an assumption. Send ppn to decide it yourself.", c.inv.TrxCode)
			return
		}
	}
}
