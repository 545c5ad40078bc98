package faktur

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/shopspring/decimal"
)

// MaxAmountDigits is how many digits an amount may have before the point: up to
// 999,999,999,999,999.99. It is our own bound, far above any invoice; Coretax's
// is not known.
const MaxAmountDigits = 15

var amountLimits = limits{integer: MaxAmountDigits, fraction: 2}

// Amount is an exact amount of money in rupiah, or a quantity: never negative,
// with at most two decimals (FACTS 1.1, "Maks 2 digit"). The zero value is 0.00.
//
// In JSON it is a string with two decimals ("100000.00"); a number is accepted
// too, digit by digit, never through a float. Decoding takes anything: what is
// no amount is kept as its text and refused by Rules.Assess, together with all
// other faults of the invoice. Such an amount counts as 0.00 in arithmetic.
type Amount struct{ number }

// ParseAmount reads an amount such as "100000" or "0.5".
func ParseAmount(text string) (Amount, error) {
	a := Amount{parseNumber([]byte(text), amountLimits)}
	if !a.valid() {
		return Amount{}, errors.New(a.fault("").Message)
	}
	return a, nil
}

// Cents gives the amount of n hundredths; n must not be negative.
func Cents(n int64) Amount { return Amount{given(n)} }

// Rupiah gives the amount of n whole rupiah; n must not be negative.
func Rupiah(n int64) Amount { return Cents(n * 100) }

// String writes the amount with two decimals, or the text that was no amount.
func (a Amount) String() string { return string(a.appendText(nil, amountLimits)) }

// IsZero says whether a is 0.00, given or not.
func (a Amount) IsZero() bool { return a.valid() && a.unscaled == 0 }

// Absent says whether a was never given: it counts as 0.00, but a required
// amount must not be absent.
func (a Amount) Absent() bool { return a.state == numberAbsent }

// Rounded gives the amount in whole rupiah, half up (PER-11/PJ/2025 art. 129).
func (a Amount) Rounded() Amount { return rounded(a.exact().Round(0)) }

// Add gives a + b. Ninety of the largest amounts can be added up.
func (a Amount) Add(b Amount) Amount { return Cents(a.unscaled + b.unscaled) }

// Sub gives a - b; b must not be more than a.
func (a Amount) Sub(b Amount) Amount { return Cents(a.unscaled - b.unscaled) }

// Cmp gives -1, 0 or +1 as a is less than, equal to or more than b.
func (a Amount) Cmp(b Amount) int { return cmp.Compare(a.unscaled, b.unscaled) }

// Equal says whether a and b are the same amount; 0.00 equals an absent one.
func (a Amount) Equal(b Amount) bool { return a.raw == b.raw && a.unscaled == b.unscaled }

// exact is the amount for arithmetic whose results have more decimals.
func (a Amount) exact() decimal.Decimal { return decimal.New(a.unscaled, -2) }

// rounded gives the amount of a decimal that is rounded to at most two decimals.
func rounded(d decimal.Decimal) Amount { return Cents(d.Shift(2).IntPart()) }

// MarshalJSONTo writes the amount as a JSON string with two decimals.
func (a Amount) MarshalJSONTo(enc *jsontext.Encoder) error {
	if !a.valid() {
		return enc.WriteToken(jsontext.String(a.raw))
	}
	text := append(enc.AvailableBuffer(), '"')
	return enc.WriteValue(append(a.appendText(text, amountLimits), '"'))
}

// UnmarshalJSONFrom reads any JSON value; see Amount. Only broken JSON is an error.
func (a *Amount) UnmarshalJSONFrom(dec *jsontext.Decoder) (err error) {
	a.number, err = decodeNumber(dec, amountLimits)
	return err
}

// fault says what is wrong with the amount at pointer. It must not be valid.
func (a Amount) fault(pointer string) Fault {
	switch a.state {
	case numberMalformed:
		return Fault{pointer, "amount_malformed", fmt.Sprintf("%q is not an amount. Write digits with a point before the decimals and nothing else, such as 1000000.50.", a.raw)}
	case numberNegative:
		return Fault{pointer, "amount_negative", fmt.Sprintf("%s has a minus sign. An amount is never negative here; a rebate goes into discount, a taken-back good into a return.", a.raw)}
	case numberTooManyDecimals:
		return Fault{pointer, "too_many_decimals", fmt.Sprintf("%s has more than two decimals, and Coretax takes at most two. Where the exact total matters use quantity 1 in unit UM.0033 (Lainnya) with the total as unit_price. The point is the decimal sign: a hundred thousand is 100000, not 100.000.", a.raw)}
	case numberTooLarge:
		return Fault{pointer, "amount_too_large", fmt.Sprintf("%s has more than %d digits before the point. Check the amount.", a.raw, MaxAmountDigits)}
	}
	return Fault{pointer, "wrong_type", fmt.Sprintf("%s is neither a text nor a number. Write the amount as a string such as \"100000.00\".", a.raw)}
}
