package faktur

import (
	"crypto/sha256"
	"encoding/hex"
)

// ContentHash gives 32 hex digits that two contents share exactly when they say
// the same: 100000 and "100000.00" are one amount, an absent discount is 0.00,
// an absent text is an empty one. An amount that is left out and the same
// amount given are two contents.
//
// Hashes are stored, so how a content is written must not change between
// releases; a test holds it.
func ContentHash(inv TaxInvoice) string {
	inv.Payment = inv.Payment.plain()
	return hashOf(inv)
}

// ReturnHash is ContentHash of a return.
func ReturnHash(r Return) string { return hashOf(r) }

func hashOf(content any) string {
	sum := sha256.Sum256(mustMarshal(content))
	return hex.EncodeToString(sum[:16])
}

// Given undoes Fill in what a caller sends back after GET, edit, PUT: an amount
// that equals what the gateway had computed, and that the ERP had not given
// itself, counts as left out. So a quantity can be edited without the amounts
// that follow from it. Stored is the content as it was accepted and a its
// assessment; corrected is left alone.
//
// A line whose amounts are all those of a stored line is that line, wherever it
// stands, because lines may have been added or removed; any other is compared
// with the stored one in its place.
func Given(corrected, stored TaxInvoice, a Assessment) TaxInvoice {
	places := map[lineKey]int{}
	for i := range a.Lines {
		places[a.Lines[i].key()] = i
	}
	lines := make([]Line, len(corrected.Lines))
	for i, line := range corrected.Lines {
		place := i
		key := line.key()
		if i >= len(a.Lines) || key != a.Lines[i].key() {
			if elsewhere, found := places[key]; found {
				place = elsewhere
			}
		}
		if place < len(a.Lines) {
			line.forget(&stored.Lines[place], &a.Lines[place])
		}
		lines[i] = line
	}
	corrected.Lines = lines
	if corrected.Payment.Parted() && stored.Payment.Parted() {
		corrected.Payment = corrected.Payment.forget(stored.Payment, a.Payment)
	}
	return corrected
}

// lineKey is the amounts of a line, to recognise it by.
type lineKey [6]string

func (a *LineAmounts) key() lineKey {
	return lineKey{a.DPP.String(), a.OtherDPP.String(), a.PPNRate.String(), a.PPN.String(), a.PPnBMRate.String(), a.PPnBM.String()}
}

// key is "" where an amount is left out, so that it equals no stored line's.
func (l *Line) key() (key lineKey) {
	for i, a := range [...]*Amount{0: l.DPP, 1: l.OtherDPP, 3: l.PPN, 5: l.PPnBM} {
		if a != nil {
			key[i] = a.String()
		}
	}
	for i, r := range [...]*Rate{2: l.PPNRate, 4: l.PPnBMRate} {
		if r != nil {
			key[i] = r.String()
		}
	}
	return key
}

// forget leaves out what equals the computed amounts and was not given.
func (l *Line) forget(stored *Line, computed *LineAmounts) {
	l.DPP = forget(l.DPP, stored.DPP, computed.DPP)
	l.OtherDPP = forget(l.OtherDPP, stored.OtherDPP, computed.OtherDPP)
	l.PPNRate = forget(l.PPNRate, stored.PPNRate, computed.PPNRate)
	l.PPN = forget(l.PPN, stored.PPN, computed.PPN)
	l.PPnBMRate = forget(l.PPnBMRate, stored.PPnBMRate, computed.PPnBMRate)
	l.PPnBM = forget(l.PPnBM, stored.PPnBM, computed.PPnBM)
}

func forget[N interface{ Equal(N) bool }](sent, stored *N, computed N) *N {
	if sent != nil && stored == nil && (*sent).Equal(computed) {
		return nil
	}
	return sent
}

// GivenReturn is Given of a return, whose lines are those of the bought invoice
// and stay in their places.
func GivenReturn(corrected, stored Return, a ReturnAssessment) Return {
	lines := make([]ReturnLine, len(corrected.Lines))
	for i, line := range corrected.Lines {
		if i < len(stored.Lines) {
			line.forget(&stored.Lines[i], &a.Lines[i])
		}
		lines[i] = line
	}
	corrected.Lines = lines
	return corrected
}

func (l *ReturnLine) forget(stored *ReturnLine, computed *ReturnAmounts) {
	l.ReturnDPP = forget(l.ReturnDPP, stored.ReturnDPP, computed.ReturnDPP)
	l.ReturnOtherDPP = forget(l.ReturnOtherDPP, stored.ReturnOtherDPP, computed.ReturnOtherDPP)
	l.ReturnPPN = forget(l.ReturnPPN, stored.ReturnPPN, computed.ReturnPPN)
	l.PPnBMRate = forget(l.PPnBMRate, stored.PPnBMRate, computed.PPnBMRate)
	l.ReturnPPnBM = forget(l.ReturnPPnBM, stored.ReturnPPnBM, computed.ReturnPPnBM)
}
