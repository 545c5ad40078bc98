package faktur

import "strings"

// The shapes of codes: # is a digit, @ a capital letter, | parts alternatives.
const (
	shapeTrxCode   = "##"
	shapeAddInfo   = "TD.005##"
	shapeStamp     = "TD.011##"
	shapeUnit      = "UM.####"
	shapeCountry   = "@@@|@@"
	shapeGoodsCode = "######"
)

// hasShape says whether text is written like one of the shapes.
func hasShape(text, shapes string) bool {
	for shape := range strings.SplitSeq(shapes, "|") {
		if matches(text, shape) {
			return true
		}
	}
	return false
}

func matches(text, shape string) bool {
	if len(text) != len(shape) {
		return false
	}
	for i := range len(shape) {
		c := text[i]
		switch shape[i] {
		case '#':
			if c < '0' || c > '9' {
				return false
			}
		case '@':
			if c < 'A' || c > 'Z' {
				return false
			}
		default:
			if c != shape[i] {
				return false
			}
		}
	}
	return true
}

// digits says whether text is n digits.
func digits(text string, n int) bool {
	return len(text) == n && strings.Trim(text, "0123456789") == ""
}
