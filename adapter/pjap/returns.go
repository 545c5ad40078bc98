package pjap

import (
	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
)

func newReturnsRequest(batch []adapter.Submission, livemode bool) any {
	call := returnsRequest{Livemode: livemode, Returns: make([]returnDoc, len(batch))}
	for i := range batch {
		call.Returns[i] = newReturn(&batch[i])
	}
	return call
}

// newReturn writes a return as the wire has it.
func newReturn(s *adapter.Submission) returnDoc {
	ret := s.Return
	doc := returnDoc{
		ClientID: s.ClientID, BuyerNPWP: s.TaxpayerNPWP, Reference: s.Reference, Signer: signerID(s.Signer), Signature: signatureOf(s.Signer),
		Date: ret.Date, NSFP: ret.NSFP, SellerNPWP: ret.SellerNPWP,
		Lines: make([]returnLine, len(ret.Lines)), Totals: returnTotals(ret.Totals()),
	}
	for i := range ret.Lines {
		doc.Lines[i] = newReturnLine(&ret.Lines[i])
	}
	return doc
}

func newReturnLine(l *faktur.ReturnLine) returnLine {
	return returnLine{
		Kind: l.Kind, Code: l.Code, Name: l.Name, Unit: l.Unit, UnitPrice: l.UnitPrice, Quantity: l.Quantity,
		ReturnQuantity: l.ReturnQuantity, ReturnDiscount: l.ReturnDiscount,
		ReturnDPP: l.ReturnDPP, ReturnOtherDPP: l.ReturnOtherDPP, ReturnPPN: l.ReturnPPN,
		PPnBMRate: l.PPnBMRate, ReturnPPnBM: l.ReturnPPnBM,
	}
}
