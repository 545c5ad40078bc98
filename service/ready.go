package service

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Check is one thing that readiness looks at.
type Check struct {
	Name   string `json:"name" example:"database"`
	OK     bool   `json:"ok" example:"true"`
	Detail string `json:"detail,omitempty" example:""` // what is wrong, or worth knowing
}

// Readiness says whether this process can do its work.
type Readiness struct {
	Ready  bool    `json:"ready" example:"true"`
	Checks []Check `json:"checks"`
}

// Ready looks at the database and the channels. A channel that is out of reach
// does not make the process unready: invoices are accepted and wait. It is said, though.
func (s *Service) Ready(ctx context.Context) Readiness {
	r := Readiness{Ready: true}
	database := Check{Name: "database", OK: true}
	if err := s.DB.Ping(ctx); err != nil {
		s.Logger.WarnContext(ctx, "not ready", "error", err)
		database = Check{Name: "database", Detail: "The database does not answer."}
		r.Ready = false
	}
	r.Checks = append(r.Checks, database)
	for _, c := range s.channels {
		r.Checks = append(r.Checks, s.checkChannel(ctx, c))
	}
	return r
}

// readyWait is how long readiness waits for a channel. Who asks for it, as a load
// balancer, takes no answer for unready.
const readyWait = time.Second

func (s *Service) checkChannel(ctx context.Context, c *channel) Check {
	check := Check{Name: "channel " + string(c.Name()), OK: true}
	complain := func(detail string) {
		check.OK, check.Detail = false, strings.TrimSpace(check.Detail+" "+detail)
	}
	if c.health() != nil {
		complain("Its last call failed; documents wait. The log says why.")
	}
	asking, cancel := context.WithTimeout(ctx, readyWait)
	defer cancel()
	description, err := c.describe(asking)
	switch {
	case asking.Err() != nil:
		complain(fmt.Sprintf("It did not answer within %s.", readyWait))
		return check
	case err != nil:
		complain("It does not answer; documents wait in queued.")
		return check
	}
	waiting, err := s.DB.WaitingElsewhere(ctx, c.Name(), description.Livemode)
	if err == nil && waiting > 0 {
		complain(fmt.Sprintf("At least %d documents wait in queued: their sellers have livemode %t, and the channel "+
			"set up in FAKTURGATE_PJAP_URL has livemode %t. They never go there.", waiting, !description.Livemode, description.Livemode))
	}
	return check
}
