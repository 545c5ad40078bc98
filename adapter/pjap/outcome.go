package pjap

import (
	"strings"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
)

// result is one item of any answer.
type result interface {
	clientID() string
	// outcome is what the item says; Unknown when it contradicts the protocol.
	outcome() adapter.Outcome
}

// match gives each client id the outcome of its one result. The order of the
// results is free; none, or several, leave the fate unknown, and results that
// nobody asked for are passed over.
func match[R result](clientIDs []string, results []R) []adapter.Outcome {
	outcomes := make([]adapter.Outcome, len(clientIDs)) // Unknown
	place := make(map[string]int, len(clientIDs))
	for i, id := range clientIDs {
		place[id] = i
	}
	seen := make(map[string]bool, len(results))
	for _, r := range results {
		i, asked := place[r.clientID()]
		switch {
		case !asked:
		case seen[r.clientID()]:
			outcomes[i] = adapter.Outcome{}
		default:
			outcomes[i] = r.outcome()
			seen[r.clientID()] = true
		}
	}
	return outcomes
}

func (r submitResult) clientID() string { return r.ClientID }

func (r submitResult) outcome() adapter.Outcome {
	switch {
	case r.Outcome == "taken":
		return r.standing.outcome()
	case r.Outcome == "refused" && r.Reason != nil:
		return adapter.Outcome{Certainty: adapter.Known, Status: faktur.SavedInvalid, CoretaxStatus: faktur.CleanText(r.CoretaxStatus), Reason: r.Reason.reason()}
	case r.Outcome == "try_later":
		return adapter.Outcome{Certainty: adapter.NotTaken, Reason: r.Reason.reason()}
	}
	return adapter.Outcome{}
}

func (r statusResult) clientID() string { return r.ClientID }

func (r statusResult) outcome() adapter.Outcome {
	switch {
	case r.Found == nil:
		return adapter.Outcome{}
	case !*r.Found:
		return adapter.Outcome{Certainty: adapter.Absent}
	}
	return r.standing.outcome()
}

func (r lookUpResult) clientID() string { return r.ClientID }

// outcome of several entries is the furthest one: whatever else happened, that
// one is filed. More than one that is filed is told as a doubt.
func (r lookUpResult) outcome() adapter.Outcome {
	if r.Entries == nil {
		return adapter.Outcome{}
	}
	best, filed := adapter.Outcome{Certainty: adapter.Absent}, []string{}
	for _, entry := range r.Entries {
		o := entry.outcome()
		if o.Certainty == adapter.Unknown {
			return adapter.Outcome{}
		}
		if best.Certainty == adapter.Absent || adapter.Reach(o.Status) > adapter.Reach(best.Status) {
			best = o
		}
		if adapter.Filed(o.Status) {
			filed = append(filed, entry.CoretaxStatus+" "+entry.NSFP)
		}
	}
	if len(filed) > 1 {
		best.Reason = &faktur.Reason{Code: "filed_more_than_once", Action: faktur.ActionContactSupport, Origin: faktur.OriginChannel,
			Message: faktur.CleanText("The connector holds it more than once: " + strings.Join(filed, ", "))}
	}
	return best
}

// outcome of a submission that the connector holds. A status that the protocol
// does not have is not guessed at: only the tax system's word is passed on.
func (s standing) outcome() adapter.Outcome {
	o := adapter.Outcome{Certainty: adapter.Known, Status: faktur.Status(s.Status), CoretaxStatus: faktur.CleanText(s.CoretaxStatus), Reason: s.Reason.reason()}
	if adapter.Reach(o.Status) < 0 {
		o.Status = ""
	}
	if s.NSFP != "" {
		nsfp, err := faktur.ParseNSFP(s.NSFP)
		if err != nil {
			return adapter.Outcome{}
		}
		o.NSFP = nsfp.String()
	}
	if faktur.ValidNIK(s.Signer) {
		o.Signer = s.Signer
	}
	if o.Status == faktur.Approved && o.NSFP == "" {
		return adapter.Outcome{} // an approval without its number is none (FACTS 0.4)
	}
	if o.Status == faktur.SavedInvalid && o.Reason == nil {
		o.Reason = &faktur.Reason{Code: "no_reason_given", Action: faktur.ActionContactSupport, Origin: faktur.OriginChannel, Message: "The connector gave no reason."}
	}
	return o
}

// reason passes on what was said; nil when nothing was.
func (r *reason) reason() *faktur.Reason {
	if r == nil {
		return nil
	}
	told := &faktur.Reason{Code: faktur.CleanText(r.Code), Action: faktur.Action(r.Action), Message: faktur.CleanText(r.Message), Origin: faktur.Origin(r.Origin)}
	switch told.Action {
	case faktur.ActionCorrectContent, faktur.ActionChangeSigner, faktur.ActionRetry, faktur.ActionContactSupport:
	default:
		told.Action = faktur.ActionContactSupport
	}
	if told.Origin != faktur.OriginChannel {
		told.Origin = faktur.OriginTaxSystem
	}
	return told
}
