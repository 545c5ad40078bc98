package coretax

import (
	"cmp"
	"fmt"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
)

// refusal says why the format cannot carry a document; nil when it can. What is
// refused for its kind is told at acceptance already; a document that waited
// while its seller moved to this channel comes here all the same.
func refusal(s *adapter.Submission) *faktur.Reason {
	switch {
	case s.Return != nil:
		return refuseCharacters(textsOfReturn(s.Return))
	case s.ReplacesNSFP != "":
		return adapter.Refuse("replacement_not_carried", "DJP's XML format has no field for the invoice that is replaced (%s). Replace it in the Coretax portal; the next status import adopts the replacement.", s.ReplacesNSFP)
	case s.Invoice.Payment.Parted():
		return adapter.Refuse("payment_not_carried", "DJP's XML format has no field for a down payment or a settlement. Write this invoice in the Coretax portal and tick Uang Muka or Pelunasan there; the next status import adopts it.")
	}
	return cmp.Or(refuseCharacters(textsOfInvoice(s)), adapter.RefuseBrokenReference(s.Reference))
}

func refuseCharacters(texts []adapter.Text) *faktur.Reason {
	return adapter.RefuseCharacters(texts, inXML, "XML cannot hold")
}

// inXML is XML 1.0's production 2, Char: what is not in it cannot stand in a
// file, not even as a reference.
func inXML(c rune) bool {
	return c == '\t' || c == '\n' || c == '\r' ||
		c >= 0x20 && c <= 0xD7FF || c >= 0xE000 && c <= 0xFFFD || c >= 0x10000 && c <= 0x10FFFF
}

func textsOfInvoice(s *adapter.Submission) []adapter.Text {
	inv := &s.Invoice
	texts := []adapter.Text{
		{Pointer: "/reference", Text: s.Reference},
		{Pointer: "/supporting_document/number", Text: inv.SupportingDocument.Number},
		{Pointer: "/buyer/id_number", Text: inv.Buyer.IDNumber},
		{Pointer: "/buyer/name", Text: inv.Buyer.Name},
		{Pointer: "/buyer/address", Text: inv.Buyer.Address},
		{Pointer: "/buyer/email", Text: inv.Buyer.Email},
	}
	for i := range inv.Lines {
		texts = append(texts, adapter.Text{Pointer: fmt.Sprintf("/lines/%d/name", i), Text: inv.Lines[i].Name})
	}
	return texts
}

func textsOfReturn(r *faktur.Return) []adapter.Text {
	texts := make([]adapter.Text, len(r.Lines))
	for i := range r.Lines {
		texts[i] = adapter.Text{Pointer: fmt.Sprintf("/lines/%d/name", i), Text: r.Lines[i].Name}
	}
	return texts
}
