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

// Assess checks an invoice and computes its amounts. What is refused comes back
// as one *Error with every fault; what is doubtful stands in the Assessment's
// warnings. Settings and channel are those of the seller, now decides what lies
// in the future and what is past its deadline.
func (r *Rules) Assess(inv TaxInvoice, s Settings, channel Channel, now time.Time) (Assessment, error) {
	if len(inv.Lines) > MaxLines {
		return Assessment{}, &Error{Kind: KindTooLarge, Code: "too_many_lines", Detail: "An invoice has at most 5,000 lines. Split it."}
	}
	var found findings
	a := Assessment{Lines: make([]LineAmounts, len(inv.Lines))}
	sums := newArithmetic(inv.TrxCode, s, &found)
	for i := range inv.Lines {
		a.Lines[i] = sums.line(i, &inv.Lines[i])
		a.Totals.add(&inv.Lines[i], a.Lines[i])
	}
	a.Warnings = found.warnings
	return a, Invalid(found.faults)
}
