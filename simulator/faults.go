package simulator

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// callFails is how a whole call goes wrong.
type callFails int

const (
	failsNot       callFails = iota
	failsBefore              // 500, nothing was taken, and the caller cannot know
	failsTooMany             // 429, nothing was taken
	failsGateway             // 502 after everything was taken
	failsConnected           // the connection is cut after everything was taken
)

// callFault throws the dice of FailRate for one call.
func (s *Simulator) callFault(key ...string) callFails {
	if s.dice("call", key...) >= s.config.FailRate {
		return failsNot
	}
	return failsBefore + callFails(s.dice("fault", key...)*4)
}

// batchFault throws them for a call that hands over; the same call gets another
// throw when it comes again.
func (s *Simulator) batchFault(firstReference string) callFails {
	if s.config.FailRate == 0 {
		return failsNot
	}
	s.tries[firstReference]++
	return s.callFault(firstReference, fmt.Sprint(s.tries[firstReference]))
}

// before gives the failure that keeps a call from doing anything.
func (f callFails) before() error {
	switch f {
	case failsBefore:
		return &problem{Status: http.StatusInternalServerError, Code: "internal", Detail: "The tax system stumbled (a fault of the fail rate)."}
	case failsTooMany:
		return rateLimited(time.Second)
	}
	return nil
}

// after gives the failure that hides what a call did. A cut connection is a
// panic that net/http understands.
func (f callFails) after() error {
	switch f {
	case failsGateway:
		return &problem{Status: http.StatusBadGateway, Code: "bad_gateway", Detail: "The gateway in front of the tax system lost the answer."}
	case failsConnected:
		panic(http.ErrAbortHandler)
	}
	return nil
}

// worse gives the failure that magic words make of a call that newly took this
// reference: a cut connection beats a 502.
func (f callFails) worse(reference string) callFails {
	switch {
	case strings.Contains(reference, wordDrop), strings.Contains(reference, wordLate):
		return failsConnected
	case strings.Contains(reference, word502):
		return max(f, failsGateway)
	}
	return f
}

// pause waits for d, or until the caller is gone.
func pause(ctx context.Context, d time.Duration) {
	if d == 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
