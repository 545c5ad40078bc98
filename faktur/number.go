package faktur

import (
	"bytes"
	"math/big"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// numberState says what was made of a number's text. The zero value is absent.
type numberState uint8

const (
	numberAbsent numberState = iota
	numberGiven
	numberMalformed
	numberNegative
	numberTooManyDecimals
	numberTooLarge
	numberWrongType // neither a JSON string nor a JSON number
)

// number is what Amount and Rate share: an exact decimal with a fixed number of
// decimals, or, when the text was no such number, the text itself. Decoding
// never fails over a value, so that all faults of an invoice are reported
// together; see Rules.Assess.
type number struct {
	unscaled int64  // the value in units of its last decimal; 0 unless state is numberGiven
	raw      string // the text that was refused, clipped; "" when it was taken
	state    numberState
}

// limits are the most digits a number may have before the point, and how many
// it has after it. Together they fit 64 bits.
type limits struct{ integer, fraction int }

func given(unscaled int64) number { return number{unscaled: unscaled, state: numberGiven} }

// parseNumber reads a decimal without an exponent.
func parseNumber(text []byte, most limits) number {
	state, unscaled := scanNumber(text, most)
	if state != numberGiven {
		return number{raw: clip(string(text)), state: state}
	}
	return given(unscaled)
}

// scanNumber gives the number in units of its last decimal.
func scanNumber(text []byte, most limits) (numberState, int64) {
	plain, negative := bytes.CutPrefix(text, []byte("-"))
	whole, decimals, point := bytes.Cut(plain, []byte("."))
	switch {
	case !allDigits(whole), point && !allDigits(decimals), len(whole) > 1 && whole[0] == '0':
		return numberMalformed, 0
	case negative:
		return numberNegative, 0
	case len(decimals) > most.fraction:
		return numberTooManyDecimals, 0
	case len(whole) > most.integer:
		return numberTooLarge, 0
	}
	unscaled := int64(0)
	for _, digit := range whole {
		unscaled = unscaled*10 + int64(digit-'0')
	}
	for i := range most.fraction {
		unscaled *= 10
		if i < len(decimals) {
			unscaled += int64(decimals[i] - '0')
		}
	}
	return numberGiven, unscaled
}

func allDigits(text []byte) bool {
	for _, c := range text {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(text) > 0
}

// decodeNumber reads the next JSON value as a number; null is absent.
func decodeNumber(dec *jsontext.Decoder, most limits) (number, error) {
	value, err := dec.ReadValue()
	if err != nil {
		return number{}, err
	}
	switch value.Kind() {
	case 'n':
		return number{}, nil
	case '0':
		n := parseNumber(withoutExponent(value), most)
		if n.state != numberGiven {
			n.raw = clip(string(value))
		}
		return n, nil
	case '"':
		if text := value[1 : len(value)-1]; bytes.IndexByte(text, '\\') < 0 {
			return parseNumber(text, most), nil
		}
		text, err := jsontext.AppendUnquote(nil, value)
		return parseNumber(text, most), err
	}
	return number{raw: clip(string(value)), state: numberWrongType}, nil
}

// mostExponent is more than any number within limits needs, of digits too.
const mostExponent = 40

// withoutExponent writes a JSON number in full: some libraries write 100000 as 1E+5.
// One that is beyond mostExponent stays as it is, and is no decimal then.
func withoutExponent(number []byte) []byte {
	at := bytes.IndexAny(number, "eE")
	if at < 0 {
		return number
	}
	exponent, err := strconv.Atoi(string(number[at+1:]))
	if err != nil || exponent > mostExponent || exponent < -mostExponent || at > mostExponent {
		return number
	}
	exact, ok := new(big.Rat).SetString(string(number))
	if !ok {
		return number
	}
	full := exact.FloatString(at + mostExponent) // more decimals than it has
	return []byte(strings.TrimRight(strings.TrimRight(full, "0"), "."))
}

// valid says whether n is a number, or absent, which counts as 0.
func (n number) valid() bool { return n.state <= numberGiven }

// appendText writes n with all its decimals, or the text that was refused.
func (n number) appendText(to []byte, most limits) []byte {
	if !n.valid() {
		return append(to, n.raw...)
	}
	one := int64(1)
	for range most.fraction {
		one *= 10
	}
	to = append(strconv.AppendInt(to, n.unscaled/one, 10), '.')
	for rest := n.unscaled % one; one > 1; rest %= one {
		one /= 10
		to = append(to, byte('0'+rest/one))
	}
	return to
}
