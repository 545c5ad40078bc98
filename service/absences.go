package service

import (
	"sync"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
)

// absences are the hand-overs that this process has found absent, and since when.
// Stored times are of a wall clock, this one's or another's, which may be set
// forward between two look-ups; the times here also have the monotonic reading,
// by which a settle window is as long as it says.
type absences struct {
	mu         sync.Mutex
	young, old map[absence]time.Time
	turnedAt   time.Time
}

// absence is one hand-over: an attempt, and when it was marked, in microseconds.
type absence struct {
	clientID string
	marked   int64
}

// absencesKept is how long an absence is remembered at least that no look-up
// finds again. One that is forgotten begins its window anew.
const absencesKept = time.Hour

// since gives when a look-up first found a document absent, as did the one of asked.
func (a *absences) since(d *faktur.Document, asked time.Time) time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.young == nil || asked.Sub(a.turnedAt) >= absencesKept {
		a.old, a.young, a.turnedAt = a.young, map[absence]time.Time{}, asked
	}
	key := absence{d.ClientID(), d.Work.StatusSince.UnixMicro()}
	first, known := a.young[key]
	if !known {
		first, known = a.old[key]
	}
	if !known {
		first = asked
	}
	a.young[key] = first
	return first
}
