package faktur

// checkSeller warns of an odd NPWP and of a place of business that is not its own.
func (c *check) checkSeller() {
	seller := c.inv.Seller
	if ValidNPWP(seller.NPWP) {
		c.doubtNPWP("/seller/npwp", seller.NPWP)
		c.doubtNITKU("/seller/nitku", seller.NITKU, seller.NPWP)
	}
}

// checkBuyer: a number that fits its kind, and a place of business where the
// kind has one.
func (c *check) checkBuyer() {
	buyer := c.inv.Buyer
	c.doubtText("/buyer/name", buyer.Name)
	c.doubtText("/buyer/address", buyer.Address)
	switch buyer.IDType {
	case IDTypeNPWP:
		c.checkBuyerNPWP(buyer)
	case IDTypeNIK:
		c.checkBuyerNIK(buyer)
	default:
		c.doubtText("/buyer/id_number", buyer.IDNumber)
		c.checkNITKUOfOthers(buyer)
	}
	c.doubtCountry(buyer)
	c.doubtPassport(buyer)
}

func (c *check) checkBuyerNPWP(buyer Buyer) {
	if buyer.NITKU != "" && !ValidNITKU(buyer.NITKU) {
		c.refuse("/buyer/nitku", "nitku_malformed", "%s", nitkuAdvice(clip(buyer.NITKU)))
	}
	if buyer.IDNumber == "" {
		return // told as missing
	}
	if !ValidNPWP(buyer.IDNumber) {
		code, message := npwpMalformed(buyer.IDNumber)
		c.refuse("/buyer/id_number", code, "%s", message)
		return
	}
	c.doubtNPWP("/buyer/id_number", buyer.IDNumber)
	c.doubtNITKU("/buyer/nitku", buyer.NITKU, buyer.IDNumber)
	if buyer.IDNumber == c.inv.Seller.NPWP {
		c.warn("/buyer/id_number", "buyer_is_seller", "Buyer and seller have the same NPWP. That is right only for deliveries to yourself.")
	}
}

func (c *check) checkBuyerNIK(buyer Buyer) {
	c.checkNITKUOfOthers(buyer)
	if buyer.IDNumber == "" {
		return // told as missing
	}
	if !ValidNIK(buyer.IDNumber) {
		c.refuse("/buyer/id_number", "nik_malformed", "%q is not a NIK, which has 16 digits.", clip(buyer.IDNumber))
		return
	}
	if doubt := nikDoubt(buyer.IDNumber); doubt != "" {
		c.warn("/buyer/id_number", "nik_doubtful", "%s", doubt)
	}
	if buyer.NITKU != HeadOffice && buyer.NITKU != "" {
		c.doubtNITKU("/buyer/nitku", buyer.NITKU, buyer.IDNumber)
	}
}

// checkNITKUOfOthers: DJP's template writes 000000 for a buyer without NPWP,
// whatever was given; that others write 22 digits is a conflict of sources
// (FACTS 1.1 row 17), so both are taken.
func (c *check) checkNITKUOfOthers(buyer Buyer) {
	if buyer.NITKU != "" && buyer.NITKU != HeadOffice && !ValidNITKU(buyer.NITKU) {
		c.refuse("/buyer/nitku", "nitku_malformed", "%s Leave it out for a buyer without NPWP.", nitkuAdvice(clip(buyer.NITKU)))
	}
}

func (c *check) doubtNPWP(pointer, npwp string) {
	if doubt := npwpDoubt(npwp); doubt != "" {
		c.warn(pointer, "npwp_doubtful", "%s", doubt)
	}
}

// doubtNITKU: an absent one means the head office; that its first 16 digits are
// the NPWP is an inference (FACTS 3), so another one only warns.
func (c *check) doubtNITKU(pointer, nitku, npwp string) {
	switch {
	case nitku == "":
		c.warn(pointer, "nitku_assumed", "No NITKU was given, so the head office is assumed: %s%s.", npwp, HeadOffice)
	case ValidNITKU(nitku) && nitku[:16] != npwp:
		c.warn(pointer, "nitku_of_another", "The first 16 digits of NITKU %s are not %s. Check that the place of business is the right one.", nitku, npwp)
	}
}

func (c *check) doubtCountry(buyer Buyer) {
	country := buyer.Country
	if !hasShape(country, shapeCountry) {
		return // told as missing or malformed
	}
	if !c.rules.Reference.has(ListCountries, "", country) {
		c.warn("/buyer/country", "country_unknown", "%s is not in DJP's list of countries. GET /reference/countries has it; some codes are not ISO's.", country)
	}
	if country != "IDN" && (buyer.IDType == IDTypeNPWP || buyer.IDType == IDTypeNIK) {
		c.warn("/buyer/country", "country_not_indonesia", "The buyer has an Indonesian %s and the country %s. The usual one is IDN.", buyer.IDType, country)
	}
}

// doubtPassport: code 06 is for holders of foreign passports (art. 16E UU PPN,
// FACTS 2). That Coretax refuses another identity there is an assumption.
func (c *check) doubtPassport(buyer Buyer) {
	if c.inv.TrxCode == "06" && buyer.IDType != IDTypePassport {
		c.warn("/buyer/id_type", "passport_expected", "Code 06 is for persons with a foreign passport, and this buyer is identified by %q.", buyer.IDType)
	}
}
