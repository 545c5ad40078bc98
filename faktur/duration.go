package faktur

import "time"

// Duration is a length of time as people write it in settings: "30m", "24h",
// "1h30m" (time.ParseDuration). "" leaves it to the default.
type Duration string

// Or gives the duration, or otherwise when d is "" or not Valid.
func (d Duration) Or(otherwise time.Duration) time.Duration {
	length, err := time.ParseDuration(string(d))
	if err != nil || length <= 0 {
		return otherwise
	}
	return length
}

// Valid says whether d is "" or a positive length of time.
func (d Duration) Valid() bool {
	if d == "" {
		return true
	}
	length, err := time.ParseDuration(string(d))
	return err == nil && length > 0
}
