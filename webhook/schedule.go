package webhook

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// DefaultDelays are CONTRACT's delays between one try and the next: eleven
// tries over about three days.
func DefaultDelays() []time.Duration {
	return []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute,
		2 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 30 * time.Hour}
}

const (
	// jitter is how much longer than planned a delay may become, so that the
	// messages of one outage do not all come back in the same second.
	jitter = 0.1
	// maxRetryAfter bounds what a receiver may ask for.
	maxRetryAfter = 24 * time.Hour
)

// Schedule says when a message is tried again.
type Schedule struct {
	Delays []time.Duration // nil means DefaultDelays
	// Random gives numbers in [0, 1); nil means math/rand.
	Random func() float64
}

// After gives how long to wait after a message's try number tries (1 is the
// first) failed; false when that was the last one. Jitter only ever lengthens
// a delay, and so does the receiver's Retry-After (0: it asked for nothing).
func (s Schedule) After(tries int, retryAfter time.Duration) (time.Duration, bool) {
	delays, random := s.Delays, s.Random
	if delays == nil {
		delays = DefaultDelays()
	}
	if random == nil {
		random = rand.Float64
	}
	if tries > len(delays) {
		return 0, false
	}
	delay := delays[max(tries, 1)-1]
	delay += time.Duration(random() * jitter * float64(delay))
	return max(delay, retryAfter), true
}

// retryAfter reads the Retry-After header of an answer that came at now:
// seconds or an HTTP date. It is 0 when there is none or it cannot be read, and
// never more than a day.
func retryAfter(header http.Header, now time.Time) time.Duration {
	text := header.Get("Retry-After")
	seconds, err := strconv.ParseUint(text, 10, 64) // the largest number when out of range
	if err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(min(seconds, uint64(maxRetryAfter/time.Second))) * time.Second
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), maxRetryAfter)
}
