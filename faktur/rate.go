package faktur

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/shopspring/decimal"
)

// rateLimits: PPnBM goes up to 200 %, effective rates down to 0.11 % (besaran
// tertentu). Four decimals are our own bound.
var rateLimits = limits{integer: 3, fraction: 4}

// Rate is a tax rate in percent: 12 means 12 %. The zero value is 0.
//
// In JSON it is a string without trailing zeros ("12", "2.5"); a number is
// accepted too. Like Amount it decodes from anything and is refused later.
type Rate struct{ number }

// Percent gives the rate of n percent; n must not be negative.
func Percent(n int64) Rate { return Rate{given(n * 10_000)} }

// ParseRate reads a rate such as "12" or "2.5".
func ParseRate(text string) (Rate, error) {
	r := Rate{parseNumber([]byte(text), rateLimits)}
	if !r.valid() {
		return Rate{}, errors.New(r.fault("").Message)
	}
	return r, nil
}

// String writes the rate without trailing zeros, or the text that was no rate.
func (r Rate) String() string {
	if !r.valid() {
		return r.raw
	}
	text := r.appendText(nil, rateLimits)
	return string(bytes.TrimSuffix(bytes.TrimRight(text, "0"), []byte(".")))
}

// IsZero says whether r is 0, given or not.
func (r Rate) IsZero() bool { return r.valid() && r.unscaled == 0 }

// Equal says whether r and other are the same rate; 0 equals an absent one.
func (r Rate) Equal(other Rate) bool { return r.raw == other.raw && r.unscaled == other.unscaled }

// exact is the rate as a factor: 0.12 of 12 %.
func (r Rate) exact() decimal.Decimal { return decimal.New(r.unscaled, -6) }

// MarshalJSONTo writes the rate as a JSON string.
func (r Rate) MarshalJSONTo(enc *jsontext.Encoder) error {
	return enc.WriteToken(jsontext.String(r.String()))
}

// UnmarshalJSONFrom reads any JSON value; see Rate. Only broken JSON is an error.
func (r *Rate) UnmarshalJSONFrom(dec *jsontext.Decoder) (err error) {
	r.number, err = decodeNumber(dec, rateLimits)
	return err
}

// fault says what is wrong with the rate at pointer. It must not be valid.
func (r Rate) fault(pointer string) Fault {
	switch r.state {
	case numberMalformed, numberNegative:
		return Fault{pointer, "rate_malformed", fmt.Sprintf("%q is not a rate. Write it in percent, such as 12 or 2.5.", r.raw)}
	case numberTooManyDecimals:
		return Fault{pointer, "too_many_decimals", fmt.Sprintf("%s has more than %d decimals. Write the rate in percent, such as 12 or 2.5.", r.raw, rateLimits.fraction)}
	case numberTooLarge:
		return Fault{pointer, "rate_too_large", fmt.Sprintf("%s %% is no rate of a tax. Write it in percent, such as 12 or 2.5.", r.raw)}
	}
	return Fault{pointer, "wrong_type", fmt.Sprintf("%s is neither a text nor a number. Write the rate as a string such as \"12\".", r.raw)}
}
