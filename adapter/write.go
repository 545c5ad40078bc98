package adapter

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/fakturgate/fakturgate/faktur"
)

// Sift is how a Writer's Write begins: it tells the documents that its format
// carries, in the batch's order, from those that it refuses, and gives the
// outcome of each. refuse gives nil for what can be carried. The error, when one
// file cannot be made of the batch at all, is what Write gives back.
func Sift(batch []Submission, most int, refuse func(*Submission) *faktur.Reason) (carried []*Submission, outcomes []Outcome, err error) {
	if len(batch) > most {
		return nil, nil, fmt.Errorf("%d documents for one file, which has at most %d", len(batch), most)
	}
	outcomes = make([]Outcome, len(batch))
	for i := range batch {
		s := &batch[i]
		if err := fitting(s, &batch[0]); err != nil {
			return nil, nil, err
		}
		if reason := refuse(s); reason != nil {
			outcomes[i] = Outcome{Certainty: Known, Status: faktur.SavedInvalid, Reason: reason}
			continue
		}
		outcomes[i] = Outcome{Certainty: Known, Status: faktur.AwaitingUpload}
		carried = append(carried, s)
	}
	return carried, outcomes, nil
}

// fitting: a file is of one taxpayer and one kind. It is never of a simulated
// document, because a person would upload it to the real tax system.
func fitting(s, first *Submission) error {
	switch {
	case !s.Livemode:
		return errors.New("a simulated document never goes into a file for the tax system")
	case s.TaxpayerNPWP != first.TaxpayerNPWP:
		return errors.New("documents of two taxpayers for one file")
	case (s.Return == nil) != (first.Return == nil):
		return errors.New("invoices and returns for one file")
	}
	return nil
}

// Refuse makes the reason why a format cannot carry a document.
func Refuse(code, format string, args ...any) *faktur.Reason {
	return &faktur.Reason{Code: code, Action: faktur.ActionCorrectContent, Message: fmt.Sprintf(format, args...), Origin: faktur.OriginGateway}
}

// Text is a text of a document and where it stands in the body that the ERP
// posted, as a JSON Pointer.
type Text struct{ Pointer, Text string }

// RefuseCharacters refuses the first character that a format cannot carry, or
// that is no character at all (broken UTF-8): to leave it out would file another
// text. nil when there is none. why ends the sentence "... holds U+FFFE, which".
func RefuseCharacters(texts []Text, carries func(rune) bool, why string) *faktur.Reason {
	for _, t := range texts {
		broken := !utf8.ValidString(t.Text)
		at := strings.IndexFunc(t.Text, func(c rune) bool { return !carries(c) || broken && c == utf8.RuneError })
		if at >= 0 {
			c, _ := utf8.DecodeRuneInString(t.Text[at:])
			return Refuse("character_not_carried", "%s holds %U as its character %d, which %s. Write it otherwise and upload again.",
				t.Pointer, c, utf8.RuneCountInString(t.Text[:at])+1, why)
		}
	}
	return nil
}

// RefuseBrokenReference refuses a reference with a line break or a tab in it:
// other texts are put on one line, but this one is the key by which the outcome
// finds its way back, and must stand in the tax system as the ERP knows it.
func RefuseBrokenReference(reference string) *faktur.Reason {
	unbroken := func(c rune) bool { return !isBreak(c) }
	return RefuseCharacters([]Text{{"/reference", reference}}, unbroken, "cannot stand in a reference that is to be found again")
}

// OneLine puts a text on one line: line breaks and tabs, with the spaces around
// them, become one space, and those at its ends go. DJP's imports are known to
// trip over them (FACTS 5.3, FAQ-95), and addresses of ERPs are full of them.
func OneLine(text string) string {
	parts := strings.FieldsFunc(text, isBreak)
	kept := parts[:0]
	for _, part := range parts {
		if part = strings.Trim(part, " "); part != "" {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, " ")
}

func isBreak(c rune) bool { return c == '\n' || c == '\r' || c == '\t' }

// FileName makes the name of a file: its prefix, the taxpayer, the latest date
// among its documents and its extension, so that the same batch always has the
// same. There must be at least one document.
func FileName(prefix, extension string, carried []*Submission) string {
	latest := faktur.Date{}
	for _, s := range carried {
		date := s.Invoice.Date
		if s.Return != nil {
			date = s.Return.Date
		}
		if date.Compare(latest) > 0 {
			latest = date
		}
	}
	return prefix + "-" + carried[0].TaxpayerNPWP + "-" + strings.ReplaceAll(latest.String(), "-", "") + extension
}
