package faktur

import (
	"fmt"
	"strings"
)

// NotOnKlikpajak tells what of an invoice Klikpajak's interface, as far as it is
// publicly known, has no field for, and which must not be left out in silence
// (FACTS 7, OPSY; that there is none is an assumption). nil when it carries all.
func NotOnKlikpajak(inv *TaxInvoice) []Fault {
	var faults []Fault
	refuse := func(pointer, code, message string) {
		faults = append(faults, Fault{Pointer: pointer, Code: code, Message: message})
	}
	if inv.Payment.Type == PaymentSettlement { // downpayment_flag and nothing else
		refuse("/payment", "channel_cannot", "Klikpajak's interface has no settlement. A person writes this invoice in Klikpajak or in the Coretax portal and ticks Pelunasan there.")
	}
	if inv.SupportingDocument.Number != "" {
		refuse("/supporting_document/number", "supporting_document_not_on_channel", "Klikpajak's interface is not known to have a field for a supporting document. Move the seller to another channel, or write this invoice in the portal.")
	}
	for _, party := range []struct{ pointer, nitku string }{{"/seller/nitku", inv.Seller.NITKU}, {"/buyer/nitku", inv.Buyer.NITKU}} {
		if !strings.HasSuffix(party.nitku, HeadOffice) && ValidNITKU(party.nitku) {
			refuse(party.pointer, "nitku_not_on_channel", fmt.Sprintf("Klikpajak's interface is not known to have a field for a place of business, and %s is not a head office. Move the seller to another channel, or write this invoice in the portal.", party.nitku))
		}
	}
	return faults
}

// checkKlikpajak tells at once what Klikpajak does not carry.
func (c *check) checkKlikpajak() {
	if c.channel != ChannelKlikpajak {
		return
	}
	for _, f := range NotOnKlikpajak(c.inv) {
		c.note(f)
	}
	for i := range c.inv.Lines {
		if code := c.inv.Lines[i].Code; code != "" && code != AnyCode {
			c.warn(fmt.Sprintf("/lines/%d/code", i), "code_not_sent", "Klikpajak's interface is not known to have a field for the code of a good or service: %s is not sent.", clip(code))
		}
	}
}
