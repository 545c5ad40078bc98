package faktur

import (
	"fmt"
	"strings"
)

// checkDesktop refuses what DJP's desktop application does not take (FACTS 6:
// DDTC-NEWPKP, DDTC-54), so that it is known at once and not when the file is
// written.
func (c *check) checkDesktop() {
	if c.channel != ChannelEfakturDesktop {
		return
	}
	inv := c.inv
	if inv.TrxCode == "06" || inv.TrxCode == "07" {
		c.refuse("/trx_code", "trx_code_not_on_channel", "DJP's desktop application takes no invoices of code %s. Move the seller to another channel, or write this invoice in the portal.", inv.TrxCode)
	}
	if inv.Date.Valid() && !inv.Date.IsZero() && inv.Date.Compare(c.today) < 0 {
		c.refuse("/date", "backdated", "DJP's desktop application takes no invoices of an earlier day than today, %s. Date it today, or move the seller to another channel.", c.today)
	}
	if inv.SupportingDocument.Number != "" {
		// What KODE_DOKUMEN_PENDUKUNG takes is not known (FACTS 6 [NF]).
		c.refuse("/supporting_document/number", "supporting_document_not_on_channel", "How DJP's desktop application takes a supporting document is not known. Move the seller to another channel, or write this invoice in the portal.")
	}
	c.checkASCII("/reference", inv.Reference)
	c.checkASCII("/buyer/name", inv.Buyer.Name)
	c.checkASCII("/buyer/address", inv.Buyer.Address)
	for i := range inv.Lines {
		c.checkASCII(fmt.Sprintf("/lines/%d/name", i), inv.Lines[i].Name)
	}
}

// checkASCII: the application refuses a file with other characters as
// ETAX-API-10001 (FACTS 6: DDTC-10001), and to change them would file another text.
func (c *check) checkASCII(pointer, text string) {
	if at := strings.IndexFunc(text, func(r rune) bool { return r > '~' || r == '\\' }); at >= 0 {
		r := []rune(text[at:])[0]
		c.refuse(pointer, "character_not_on_channel", "DJP's desktop application does not take %q (%U; ETAX-API-10001). Write it otherwise, or move the seller to another channel.", r, r)
	}
}
