package coretax

import (
	"bytes"
	"iter"

	"github.com/fakturgate/fakturgate/adapter"
)

// Places reads the file: it keeps no map, because every element has a line of
// its own.
func (*Channel) Places(content []byte) iter.Seq2[int, adapter.Place] {
	return func(yield func(int, adapter.Place) bool) {
		document, item := -1, -1
		inDocument, inItem := false, false
		number := 0
		for text := range bytes.Lines(content) {
			number++
			name, closing := elementIn(text)
			ofDocument := name == "TaxInvoice" || name == "InputReturnData"
			ofItem := name == "GoodService" || name == "Rows"
			switch {
			case ofDocument && !closing:
				document, item, inDocument = document+1, -1, true
			case ofItem && !closing:
				item, inItem = item+1, true
			}
			place := adapter.Place{Document: document, Item: -1, Element: name}
			if inItem {
				place.Item = item
			}
			if inDocument && name != "" && !yield(number, place) {
				return
			}
			if closing {
				inDocument = inDocument && !ofDocument
				inItem = inItem && !ofItem
			}
		}
	}
}

// elementIn names the element of a line of a file, and says whether the line is
// only its end; "" when there is none.
func elementIn(text []byte) (name string, closing bool) {
	text, found := bytes.CutPrefix(bytes.TrimLeft(text, " "), []byte("<"))
	text, closing = bytes.CutPrefix(text, []byte("/"))
	end := bytes.IndexAny(text, "/> ")
	if !found || end < 0 {
		return "", closing
	}
	return string(text[:end]), closing
}
