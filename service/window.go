package service

import "time"

const (
	// maxWindow is how many tries to one endpoint are under way at most.
	maxWindow = 64
	// failuresToPause is how many tries in a row must fail before the endpoint
	// itself, and not one message, is taken for the cause.
	failuresToPause = 4
	firstPause      = time.Second
	longestPause    = 5 * time.Minute
)

// window is how many tries to one endpoint may be under way: one more with
// each success, half with each failure. An endpoint that only fails is asked
// one message at a time, after a pause that doubles. The zero value is the
// window of an endpoint of which nothing is known.
type window struct {
	size     int // 0 counts as 1
	failures int // in a row
	pause    time.Duration
	until    time.Time // nothing is tried before
}

// room is how many more tries may start beside those under way.
func (w *window) room(underWay int, now time.Time) int {
	switch {
	case now.Before(w.until):
		return 0
	case w.pause > 0:
		return max(1-underWay, 0)
	}
	return max(w.size, 1) - underWay
}

func (w *window) succeeded() {
	*w = window{size: min(max(w.size, 1)+1, maxWindow)}
}

// failed notes a failure. A receiver that asks for time gets it as a whole, and
// not only for that message; how long the message itself waits is its schedule's matter.
func (w *window) failed(now time.Time, retryAfter time.Duration) {
	w.size = max(w.size/2, 1)
	w.failures++
	wait := min(retryAfter, longestPause)
	// A try that began before a pause and ends in it says nothing new.
	if w.failures >= failuresToPause && !now.Before(w.until) {
		w.pause = min(max(2*w.pause, firstPause), longestPause)
		wait = max(wait, w.pause)
	}
	if until := now.Add(wait); until.After(w.until) {
		w.until = until
	}
}
