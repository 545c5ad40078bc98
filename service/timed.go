package service

import (
	"context"
	"errors"
	"time"

	"github.com/fakturgate/fakturgate/adapter"
)

// timedCaller measures a channel's calls.
type timedCaller struct {
	adapter.Caller
	service *Service
}

// Submit hands documents over, and counts them by what is said of them.
func (c timedCaller) Submit(ctx context.Context, batch []adapter.Submission) ([]adapter.Outcome, error) {
	began := c.service.Now()
	outcomes, err := c.Caller.Submit(ctx, batch)
	c.service.called(c.Caller, "hand_over", began, err)
	counted := c.service.counts.handedOver.MustCurryWith(map[string]string{"channel": string(c.Name())})
	switch {
	case isNotSent(err):
		counted.WithLabelValues("not_sent").Add(float64(len(batch)))
	case err != nil:
		counted.WithLabelValues("unknown").Add(float64(len(batch)))
	default:
		for _, o := range outcomes {
			counted.WithLabelValues(saidOf(o)).Inc()
		}
	}
	return outcomes, err
}

// Status asks how documents fare.
func (c timedCaller) Status(ctx context.Context, questions []adapter.Question) ([]adapter.Outcome, error) {
	began := c.service.Now()
	outcomes, err := c.Caller.Status(ctx, questions)
	c.service.called(c.Caller, "status", began, err)
	return outcomes, err
}

// LookUp asks whether documents arrived.
func (c timedCaller) LookUp(ctx context.Context, questions []adapter.Question) ([]adapter.Outcome, error) {
	began := c.service.Now()
	outcomes, err := c.Caller.LookUp(ctx, questions)
	c.service.called(c.Caller, "look_up", began, err)
	return outcomes, err
}

// called notes a call to a channel, which began at a moment and ends now.
func (s *Service) called(channel adapter.Channel, call string, began time.Time, err error) {
	outcome := "answered"
	if isNotSent(err) {
		outcome = "not_sent"
	} else if err != nil {
		outcome = "failed"
	}
	s.counts.calls.WithLabelValues(string(channel.Name()), call, outcome).Observe(s.Now().Sub(began).Seconds())
}

// isNotSent says that certainly nothing of a call arrived.
func isNotSent(err error) bool {
	_, ok := errors.AsType[*adapter.NotSent](err)
	return ok
}

// saidOf is an outcome in a word, of which there are few.
func saidOf(o adapter.Outcome) string {
	switch {
	case o.Certainty == adapter.Unknown:
		return "unknown"
	case o.Certainty == adapter.NotTaken:
		return "not_taken"
	case o.Certainty == adapter.Absent:
		return "absent"
	case o.Status == "":
		return "unnamed" // it arrived, under a word of the tax system that nobody knows
	}
	return string(o.Status)
}
