package faktur

import (
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
)

// NullString is a text whose emptiness is null in JSON.
type NullString string

// MarshalJSON gives null for "".
func (s NullString) MarshalJSON() ([]byte, error) {
	if s == "" {
		return []byte("null"), nil
	}
	return json.Marshal(string(s))
}

// UnmarshalJSON takes a string or null.
func (s *NullString) UnmarshalJSON(text []byte) error { return json.Unmarshal(text, (*string)(s)) }

// Jakarta is the zone of every date of ours (WIB, UTC+7, no summer time).
var Jakarta = time.FixedZone("Asia/Jakarta", 7*60*60)

func base36(n int64) string { return strconv.FormatInt(n, 36) }
