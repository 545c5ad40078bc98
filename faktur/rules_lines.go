package faktur

// checkLine notes what is wrong with line i itself; its amounts are arithmetic's.
func (c *check) checkLine(i int, l *Line) {
	if doubtful(l.Name) {
		c.doubtText(linePointer(i, "name"), l.Name)
	}
	c.doubtUnit(i, l)
	c.doubtGoodsCode(i, l)
	if !l.Luxury && l.PPnBMRate != nil && !l.PPnBMRate.IsZero() {
		// Odoo refuses this; that Coretax does is not known (FACTS 4, ODOO-MOVE).
		c.warn(linePointer(i, "ppnbm_rate"), "ppnbm_without_luxury", "The line has a PPnBM rate of %s %% and is not marked as luxury. PPnBM is for luxury goods: set luxury, or leave the rate out.", l.PPnBMRate)
	}
}

// checkNumbers notes the numbers of line i that are none, and says whether
// there is enough to compute with.
func (c *check) checkNumbers(i int, l *Line) bool {
	sound := !l.UnitPrice.Absent() && !l.Quantity.Absent() // told as missing
	if l.Quantity.IsZero() && !l.Quantity.Absent() {
		c.refuse(linePointer(i, "quantity"), "quantity_zero", "The quantity is 0. Leave the line out, or send how many units it sells.")
		sound = false
	}
	sound = c.checkAmounts(i, namedAmount{"unit_price", &l.UnitPrice}, namedAmount{"quantity", &l.Quantity}, namedAmount{"discount", &l.Discount},
		namedAmount{"dpp", l.DPP}, namedAmount{"other_dpp", l.OtherDPP}, namedAmount{"ppn", l.PPN}, namedAmount{"ppnbm", l.PPnBM}) && sound
	sound = c.checkRate(i, "ppn_rate", l.PPNRate) && sound
	return c.checkRate(i, "ppnbm_rate", l.PPnBMRate) && sound
}

// namedAmount is an amount of a line and the name of its field; nil when left out.
type namedAmount struct {
	field  string
	amount *Amount
}

// checkAmounts notes those amounts of line i that are none, and says whether all are sound.
func (f *findings) checkAmounts(i int, amounts ...namedAmount) bool {
	sound := true
	for _, a := range amounts {
		if a.amount != nil && !a.amount.valid() {
			f.note(a.amount.fault(linePointer(i, a.field)))
			sound = false
		}
	}
	return sound
}

// checkRate notes a rate of line i that is none, and says whether it is sound.
func (f *findings) checkRate(i int, field string, rate *Rate) bool {
	if rate == nil || rate.valid() {
		return true
	}
	f.note(rate.fault(linePointer(i, field)))
	return false
}

// doubtUnit: the list may be older than the code, and that the portal refuses a
// unit of the other picklist is not known (data/SOURCES.md).
func (c *check) doubtUnit(i int, l *Line) {
	if !matches(l.Unit, shapeUnit) {
		return // told as missing or malformed
	}
	unit, known := c.rules.Reference.row(ListUnits, "", l.Unit)
	switch {
	case !known:
		c.warn(linePointer(i, "unit"), "unit_unknown", "%s is not in DJP's list of units. GET /reference/units has it.", l.Unit)
	case unit.Kind != "" && l.Kind != unit.Kind:
		c.warn(linePointer(i, "unit"), "unit_of_other_kind", "The portal offers %s (%s) for lines of kind %s, and this one is of kind %s. UM.0033 (Lainnya) fits both.", l.Unit, unit.Label, unit.Kind, l.Kind)
	}
}

// doubtGoodsCode: the list comes from a third party and may lack codes.
func (c *check) doubtGoodsCode(i int, l *Line) {
	if !matches(l.Code, shapeGoodsCode) || c.rules.Reference.has(ListGoodsServices, l.Kind, l.Code) {
		return
	}
	other := Goods
	if l.Kind == Goods {
		other = Service
	}
	if c.rules.Reference.has(ListGoodsServices, other, l.Code) {
		c.warn(linePointer(i, "code"), "code_of_other_kind", "%s is known as a code of kind %s only, and this line is of kind %s.", l.Code, other, l.Kind)
		return
	}
	c.warn(linePointer(i, "code"), "code_unknown", "%s is in no list of goods and services. Look for a mistyped digit; 000000 fits all.", l.Code)
}

// doubtLuxury: codes 01 and 04 tell luxury from ordinary goods (FACTS 2,
// ENF-KODE), and one invoice has one group of PPN (FACTS 4, ODOO-MOVE). Both
// are practice and no known refusal of Coretax.
func (c *check) doubtLuxury() {
	luxury := 0
	for i := range c.inv.Lines {
		if c.inv.Lines[i].Luxury {
			luxury++
		}
	}
	if luxury > 0 && luxury < len(c.inv.Lines) {
		c.warn("/lines", "luxury_mixed", "%d of %d lines are luxury goods. Luxury and ordinary goods usually go into invoices of their own.", luxury, len(c.inv.Lines))
	}
	switch {
	case c.inv.TrxCode == "01" && luxury < len(c.inv.Lines):
		c.warn("/trx_code", "trx_01_without_luxury", "Code 01 is in use for luxury goods at full DPP, and not every line is marked as luxury. Ordinary goods and services go under 04 (DPP nilai lain 11/12).")
	case c.inv.TrxCode == "04" && luxury > 0:
		c.warn("/trx_code", "trx_04_with_luxury", "Code 04 is for DPP nilai lain, and luxury goods have the full DPP. They usually go under 01.")
	}
}
