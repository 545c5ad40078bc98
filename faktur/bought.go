package faktur

import (
	"fmt"
	"strings"
)

// Bought is what is known of an invoice whose lines are returned: nothing, at
// first; later what its first return listed, or the invoice itself when it is
// one of ours.
type Bought struct {
	// Source names where Lines come from, for a message; "" when nothing is known.
	Source string
	Lines  []BoughtLine
	// BuyerNPWP is whom the invoice was made out to; "" when that is not known.
	BuyerNPWP string
	// Earlier are the other returns of the same invoice, oldest first, that are not cancelled.
	Earlier []EarlierReturn
}

// BoughtLine is one line of the bought invoice.
type BoughtLine struct {
	Kind, Code, Name, Unit string
	UnitPrice, Quantity    Amount
}

// EarlierReturn is another return of the same invoice.
type EarlierReturn struct {
	DocumentID, Reference string
	Lines                 []ReturnLine
}

// BoughtLines are the lines that a return lists, as they were bought.
func (r *Return) BoughtLines() []BoughtLine {
	lines := make([]BoughtLine, len(r.Lines))
	for i := range r.Lines {
		lines[i] = r.Lines[i].bought()
	}
	return lines
}

// BoughtLines are the lines of an invoice as its buyer bought them.
func (inv *TaxInvoice) BoughtLines() []BoughtLine {
	lines := make([]BoughtLine, len(inv.Lines))
	for i, l := range inv.Lines {
		lines[i] = BoughtLine{l.Kind, goodsCode(l.Code), l.Name, l.Unit, l.UnitPrice, l.Quantity}
	}
	return lines
}

func (l *ReturnLine) bought() BoughtLine {
	return BoughtLine{l.Kind, goodsCode(l.Code), l.Name, l.Unit, l.UnitPrice, l.Quantity}
}

// goodsCode is a line's code as it is filed.
func goodsCode(code string) string {
	if code == "" {
		return "000000"
	}
	return code
}

// CheckBought holds a return against what was bought and what went back before.
// An invoice has one list of lines: another number of them, another price or
// quantity contradicts it and is refused, and so is more than was bought.
// Another name, code, kind or unit may be the ERP's word of today, and only
// warns. The lines may stand in another order.
func (r *Return) CheckBought(b Bought) (faults, warnings []Fault) {
	var found findings
	if b.BuyerNPWP != "" && b.BuyerNPWP != r.Buyer.NPWP {
		found.warn("/buyer/npwp", "buyer_of_another", "Invoice %s was made out to %s, and this return is filed by %s.", r.NSFP, b.BuyerNPWP, r.Buyer.NPWP)
	}
	if b.Source == "" {
		return nil, found.warnings
	}
	listed := r.BoughtLines()
	if len(listed) != len(b.Lines) {
		found.refuse("/lines", "lines_not_as_bought", "There are %d lines in %s, and %d here. List every bought line, with return_quantity 0 where nothing goes back.%s", len(b.Lines), b.Source, len(listed), b.wayOut())
		return found.faults, found.warnings
	}
	place := pair(listed, b.Lines)
	for i := range listed {
		b.compare(&found, i, listed[i], b.Lines[place[i]])
	}
	if len(found.faults) == 0 {
		b.countReturned(&found, r, place)
	}
	if err := found.refusal(); err != nil {
		return AsError(err).Faults, found.told()
	}
	return nil, found.told()
}

// wayOut is for when it is an earlier return that is wrong.
func (b *Bought) wayOut() string {
	if len(b.Earlier) == 0 {
		return ""
	}
	return " If it is the earlier one that is wrong, correct or cancel that one first."
}

// pair gives for each line the place of the bought one that it is: one that is
// the same in all, preferably in the same place, and otherwise those left over
// in their order. Both lists are of one length.
func pair(lines, bought []BoughtLine) []int {
	place, taken := make([]int, len(lines)), make([]bool, len(bought))
	free := map[lineIdentity][]int{}
	for k := range bought {
		if key := bought[k].identity(); key == lines[k].identity() {
			place[k], taken[k] = k, true
		} else {
			free[key] = append(free[key], k)
			place[k] = -1
		}
	}
	for i := range lines {
		if same := free[lines[i].identity()]; place[i] < 0 && len(same) > 0 {
			place[i], taken[same[0]] = same[0], true
			free[lines[i].identity()] = same[1:]
		}
	}
	next := 0
	for i := range lines {
		if place[i] >= 0 {
			continue
		}
		for taken[next] {
			next++
		}
		place[i], taken[next] = next, true
	}
	return place
}

// lineIdentity is all of a BoughtLine, its amounts as they are written.
type lineIdentity struct{ kind, code, name, unit, price, quantity string }

func (l BoughtLine) identity() lineIdentity {
	return lineIdentity{l.Kind, l.Code, l.Name, l.Unit, l.UnitPrice.String(), l.Quantity.String()}
}

func (b *Bought) compare(found *findings, i int, listed, bought BoughtLine) {
	if !listed.Quantity.Equal(bought.Quantity) {
		found.refuse(linePointer(i, "quantity"), "line_not_as_bought", "The quantity is %s, and in %s it is %s. It is how much was bought, not what is left.%s", listed.Quantity, b.Source, bought.Quantity, b.wayOut())
	}
	if !listed.UnitPrice.Equal(bought.UnitPrice) {
		found.refuse(linePointer(i, "unit_price"), "line_not_as_bought", "The unit_price is %s, and in %s it is %s.%s", listed.UnitPrice, b.Source, bought.UnitPrice, b.wayOut())
	}
	for _, text := range [...]struct{ field, listed, bought string }{
		{"kind", listed.Kind, bought.Kind}, {"code", listed.Code, bought.Code},
		{"name", listed.Name, bought.Name}, {"unit", listed.Unit, bought.Unit},
	} {
		if text.listed != text.bought {
			found.warn(linePointer(i, text.field), "line_unlike_bought", "%s is %q, and in %s it is %q. Coretax may compare them.", text.field, clip(text.listed), b.Source, clip(text.bought))
		}
	}
}

// countReturned refuses what is more than was bought, all returns together.
func (b *Bought) countReturned(found *findings, r *Return, place []int) {
	before := make([]Amount, len(b.Lines))
	who := make([][]string, len(b.Lines))
	for _, earlier := range b.Earlier {
		for k, quantity := range earlier.quantities(b.Lines) {
			if quantity.IsZero() {
				continue
			}
			before[k] = before[k].Add(quantity)
			who[k] = append(who[k], fmt.Sprintf("%s (%s) %s", earlier.Reference, earlier.DocumentID, quantity))
		}
	}
	for i := range r.Lines {
		k, quantity := place[i], r.Lines[i].ReturnQuantity
		if quantity.IsZero() || quantity.Add(before[k]).Cmp(b.Lines[k].Quantity) <= 0 {
			continue
		}
		found.refuse(linePointer(i, "return_quantity"), "returned_more_than_bought",
			"%s were bought and %s of them returned before, by %s: %s cannot be returned as well. Return what is left, or correct or cancel one of those.",
			b.Lines[k].Quantity, before[k], strings.Join(who[k], ", "), quantity)
	}
}

// quantities is how much of each bought line went back.
func (e *EarlierReturn) quantities(bought []BoughtLine) []Amount {
	quantities := make([]Amount, len(bought))
	if len(e.Lines) != len(bought) { // of a list that was corrected since: by their places
		for k := range min(len(e.Lines), len(bought)) {
			quantities[k] = e.Lines[k].ReturnQuantity
		}
		return quantities
	}
	listed := make([]BoughtLine, len(e.Lines))
	for i := range e.Lines {
		listed[i] = e.Lines[i].bought()
	}
	for i, k := range pair(listed, bought) {
		quantities[k] = e.Lines[i].ReturnQuantity
	}
	return quantities
}
