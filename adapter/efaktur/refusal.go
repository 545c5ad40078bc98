package efaktur

import (
	"cmp"
	"fmt"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
)

// refusal says why the application does not take a document; nil when it does.
// Codes are told at acceptance already; a document that waited while its seller
// moved to this channel comes here all the same.
func refusal(s *adapter.Submission) *faktur.Reason {
	inv := &s.Invoice
	switch {
	case s.Return != nil: // only in Coretax (FACTS 6: DDTC-CUMA)
		return adapter.Refuse("return_not_carried", "DJP's desktop application takes no returns. Write it in the Coretax portal, or move the taxpayer to another channel.")
	case s.ReplacesNSFP != "":
		// Since 8 November 2025 it does not reach Coretax (FACTS 6: ORTAX-DESK, DDTC-MIG).
		return adapter.Refuse("replacement_not_carried", "A replacement made in DJP's desktop application does not reach Coretax any more (ETAX-API-10056). Replace %s in the Coretax portal; the next status import adopts the replacement.", s.ReplacesNSFP)
	case inv.TrxCode == "06", inv.TrxCode == "07": // FACTS 6: DDTC-NEWPKP
		return adapter.Refuse("trx_code_not_on_channel", "DJP's desktop application takes no invoices of code %s. Move the seller to another channel, or write this invoice in the portal.", inv.TrxCode)
	case inv.SupportingDocument.Number != "":
		// What KODE_DOKUMEN_PENDUKUNG takes is not known; the emitters write 0.
		return adapter.Refuse("supporting_document_not_carried", "How the desktop application takes the supporting document %s is not known. Move the seller to another channel, or write this invoice in the portal.", inv.SupportingDocument.Number)
	}
	return cmp.Or(
		adapter.RefuseCharacters(texts(s), inCSV, "DJP's desktop application does not take (ETAX-API-10001)"),
		adapter.RefuseBrokenReference(s.Reference))
}

// inCSV is printable ASCII without the backslash, which Odoo's file has as an
// escape before quotes: a reader that follows it would take another text. Line
// breaks and tabs pass, and become spaces.
func inCSV(c rune) bool {
	return c >= ' ' && c <= '~' && c != '\\' || c == '\n' || c == '\r' || c == '\t'
}

// texts are those of an invoice that are written.
func texts(s *adapter.Submission) []adapter.Text {
	inv := &s.Invoice
	texts := []adapter.Text{
		{Pointer: "/reference", Text: s.Reference},
		{Pointer: "/buyer/name", Text: inv.Buyer.Name},
		{Pointer: "/buyer/address", Text: inv.Buyer.Address},
	}
	if inv.Buyer.IDType == faktur.IDTypePassport {
		texts = append(texts, adapter.Text{Pointer: "/buyer/id_number", Text: inv.Buyer.IDNumber})
	}
	for i := range inv.Lines {
		texts = append(texts, adapter.Text{Pointer: fmt.Sprintf("/lines/%d/name", i), Text: inv.Lines[i].Name})
	}
	return texts
}
