package faktur

import (
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// NullString is a text whose emptiness is null in JSON.
type NullString string

// MarshalJSONTo writes null for "".
func (s NullString) MarshalJSONTo(enc *jsontext.Encoder) error {
	if s == "" {
		return enc.WriteToken(jsontext.Null)
	}
	return enc.WriteToken(jsontext.String(string(s)))
}

// UnmarshalJSONFrom reads a string or null.
func (s *NullString) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	return json.UnmarshalDecode(dec, (*string)(s))
}

// Jakarta is the zone of every date of ours (WIB, UTC+7, no summer time).
var Jakarta = time.FixedZone("Asia/Jakarta", 7*60*60)

func base36(n int64) string { return strconv.FormatInt(n, 36) }
