package faktur

// checkDate: a real day, not after today in Jakarta. Past its upload deadline
// it is only doubtful, because DJP extends deadlines (FACTS 5.5).
func (c *check) checkDate() {
	date := c.inv.Date
	if !c.checkDay(date, KindInvoice) {
		return
	}
	deadline := UploadDeadline(date, c.channel, c.settings.UploadDeadlines)
	if c.today.Compare(deadline) > 0 {
		c.warn("/date", "deadline_passed", "An invoice of %s had to be uploaded and approved by %s (PER-11/PJ/2025 art. 44). DJP will probably not approve it, unless it extended the month.", date, deadline)
	}
}

// checkDay holds a document's date to be a real day, not after today in
// Jakarta, and says whether it is.
func (c *check) checkDay(date Date, kind Kind) bool {
	switch {
	case date.IsZero(): // told as missing
	case !date.Valid():
		c.refuse("/date", "date_malformed", "%q is not a day of the calendar. Write the %s's date as YYYY-MM-DD.", date, kind)
	case date.Compare(c.today) > 0:
		c.refuse("/date", "date_in_future", "The date %s lies in the future; today is %s in Jakarta. Send the %s on its day.", date, c.today, kind)
	default:
		return true
	}
	return false
}

// checkTrxCode: the code decides how amounts are computed, so one that is not
// in the list is refused and not guessed at. A new one comes with a newer list.
func (c *check) checkTrxCode() {
	if hasShape(c.inv.TrxCode, shapeTrxCode) && !c.rules.Reference.has(ListTransactionCodes, "", c.inv.TrxCode) {
		c.refuse("/trx_code", "trx_code_unknown", "There is no transaction code %s. GET /reference/transaction-codes lists them, 01 to 10.", c.inv.TrxCode)
	}
}

// hasFacility says whether invoices of a transaction code name a facility.
func hasFacility(trxCode string) bool { return trxCode == "07" || trxCode == "08" }

// checkFacility: codes 07 and 08 need an additional information and a facility
// stamp, the other codes have neither (FACTS 1.1, TPL "Wajib diisi untuk Kode
// Transaksi 07 atau 08").
//
// Both are keyed on (trx_code, code), because TD.00501 to TD.00510 exist under
// 07 and under 08 with different meanings. The code alone cannot tell which one
// was meant, so a contradiction is what the lists can prove: a code that they
// know under the other transaction code only, or two that do not pair. A code
// that they know under neither may be newer than they are, and only warns.
func (c *check) checkFacility() {
	inv := c.inv
	if !hasFacility(inv.TrxCode) {
		if inv.AddInfo != "" {
			c.refuse("/add_info", "facility_not_allowed", "add_info belongs to codes 07 and 08 only, and this invoice has code %s. Leave it out, or correct trx_code.", inv.TrxCode)
		}
		if inv.FacilityStamp != "" {
			c.refuse("/facility_stamp", "facility_not_allowed", "facility_stamp belongs to codes 07 and 08 only, and this invoice has code %s. Leave it out, or correct trx_code.", inv.TrxCode)
		}
		return
	}
	addInfo := c.facilityCode("/add_info", ListAdditionalInfo, shapeAddInfo, inv.AddInfo)
	stamp := c.facilityCode("/facility_stamp", ListFacilityStamps, shapeStamp, inv.FacilityStamp)
	if addInfo && stamp && inv.AddInfo[6:] != inv.FacilityStamp[6:] {
		c.refuse("/facility_stamp", "facility_pair_mismatch", "add_info %s and facility_stamp %s do not belong together: their last two digits pair. Was one of them meant for code %s?", inv.AddInfo, inv.FacilityStamp, otherFacility(inv.TrxCode))
	}
}

// facilityCode checks one of the two codes and says whether it can stand.
func (c *check) facilityCode(pointer, list, shape, code string) bool {
	trx := c.inv.TrxCode
	switch {
	case code == "":
		c.refuse(pointer, "facility_required", "Code %s needs a facility: %s, one of GET /reference/%s of this code.", trx, pointer[1:], list)
		return false
	case !matches(code, shape): // told as malformed
		return false
	case c.rules.Reference.has(list, trx, code):
		return true
	case c.rules.Reference.has(list, otherFacility(trx), code):
		c.refuse(pointer, "facility_of_other_code", "%s exists under code %s and not under %s. Correct it or trx_code; when DJP has just added it, put the newer list into FAKTURGATE_REFERENCE_DIR.", code, otherFacility(trx), trx)
		return false
	}
	c.warn(pointer, "facility_unknown", "%s is in no code list of this release. When DJP has just added it all is well; otherwise look for a mistyped digit.", code)
	return true
}

func otherFacility(trxCode string) string {
	if trxCode == "07" {
		return "08"
	}
	return "07"
}

// checkSupportingDocument only warns: DJP's template requires none, and which
// facilities ask for one is known from a training clone (data/SOURCES.md).
func (c *check) checkSupportingDocument() {
	document := c.inv.SupportingDocument
	c.doubtText("/supporting_document/number", document.Number)
	row, _ := c.rules.Reference.row(ListAdditionalInfo, c.inv.TrxCode, c.inv.AddInfo)
	switch {
	case row.SupportingDocument == "yes" && document.Number == "":
		c.warn("/supporting_document/number", "supporting_document_missing", "The portal asks for a supporting document with %s (such as the SPPB or PPBJ). Send its number and the month of its date.", c.inv.AddInfo)
	case document.Number != "" && document.Period == "":
		c.warn("/supporting_document/period", "supporting_document_incomplete", "The supporting document has a number and no period. Send the month of its date as MMYYYY.")
	case document.Number == "" && document.Period != "":
		c.warn("/supporting_document/number", "supporting_document_incomplete", "The supporting document has a period and no number.")
	}
}
