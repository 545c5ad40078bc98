package service

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/fault"
	"github.com/fakturgate/fakturgate/repository"
)

// verdict applies what was learnt to the i-th document, and gives the events
// that tell of it; none when nothing but the work's notes changed.
type verdict func(i int, d *faktur.Document) ([]faktur.Event, error)

// settle saves verdicts under the part's fence. A document that moved meanwhile
// (a watcher told its deadline, a person corrected it) is read anew and judged
// again, unless another attempt has begun, of which the verdict says nothing.
func (s *Service) settle(ctx context.Context, part repository.Part, documents []faktur.Document, judge verdict) error {
	place := make(map[string]int, len(documents)) // by client id
	for i := range documents {
		place[documents[i].ClientID()] = i
	}
	for range changeTries {
		fence, err := repository.FenceFor(string(part.Channel), part.Shards, documents)
		if err != nil {
			return err
		}
		steps, err := s.judged(ctx, documents, place, judge)
		if err != nil {
			return err
		}
		fault.Reached(fault.BeforeSave)
		saved, err := s.save(ctx, fence, steps)
		if err != nil {
			return err
		}
		fault.Reached(fault.AfterSave)
		s.grown()
		var moved []string
		for i := range documents {
			if !saved[documents[i].ID] {
				moved = append(moved, documents[i].ID)
				continue
			}
			s.counts.signed(&documents[i], &steps[i].Document)
			s.checkSerial(ctx, &documents[i], &steps[i].Document)
		}
		if len(moved) == 0 {
			return nil
		}
		if documents, err = s.DB.Reread(ctx, moved); err != nil {
			return err
		}
		documents = slices.DeleteFunc(documents, func(d faktur.Document) bool {
			_, same := place[d.ClientID()]
			return !same
		})
	}
	return fmt.Errorf("%d documents kept moving and wait for the next look", len(documents))
}

// judged makes the steps of the documents; place gives each attempt's index at first.
func (s *Service) judged(ctx context.Context, documents []faktur.Document, place map[string]int, judge verdict) ([]repository.Step, error) {
	steps := make([]repository.Step, len(documents))
	for n := range documents {
		d := documents[n]
		events, err := judge(place[d.ClientID()], &d)
		if err != nil {
			return nil, fmt.Errorf("document %s: %w", d.ID, err)
		}
		result := signingResult(&documents[n], &d)
		if result == faktur.SigningFailed {
			if err := s.wishMend(ctx, &d); err != nil {
				return nil, err
			}
		}
		steps[n] = repository.Step{Document: d, From: documents[n].Sequence, Events: events,
			Signing: result, SignedBy: documents[n].Signer}
	}
	return steps, nil
}

// adopt takes over what the tax system said of a document at asOf or later.
func (s *Service) adopt(d *faktur.Document, o adapter.Outcome, asOf time.Time) ([]faktur.Event, error) {
	if o.Certainty == adapter.Known {
		return s.adoptKnown(d, o, asOf)
	}
	if o.Receipt != "" && d.Status == faktur.Submitting {
		d.Receipt = o.Receipt // half done there: the next attempt goes on with it
	}
	if o.Certainty == adapter.NotTaken {
		return s.backToQueue(d, o.Reason, s.Now().Add(notTakenPause(s.Now().Sub(d.CreatedAt))))
	}
	return s.stillUnknown(d, o.Reason)
}

// notTakenPause is how long one document waits that a channel did not take this
// time: longer and longer, because it may be its seller's settings that are
// wrong, and each try is two steps in its history.
func notTakenPause(age time.Duration) time.Duration {
	return min(max(age/4, 15*time.Second), 5*time.Minute)
}

func (s *Service) adoptKnown(d *faktur.Document, o adapter.Outcome, asOf time.Time) ([]faktur.Event, error) {
	now := s.Now()
	d.Work.DueAt = now.Add(s.pollPause(d, now))
	if isStale(d, asOf) {
		return nil, nil
	}
	if o.Status == faktur.Approved && o.NSFP == "" && d.NSFP == "" {
		// An approval without its number is none yet; only the word is kept.
		o.Status = ""
	}
	if d.Status.CanBecome(o.Status) {
		return s.steps(d, o, o.Status)
	}
	if o.NSFP != "" && o.Status != d.Status && d.Status.CanBecome(faktur.Approved) && faktur.Approved.CanBecome(o.Status) {
		return s.steps(d, o, faktur.Approved, o.Status) // seen only after more had happened
	}
	s.adoptWord(d, o)
	return nil, nil
}

// isStale says that what was known at asOf may be over: the document has come
// further since, to where there is a way back. From submitting and signing all
// ways lead on, so that older news do no harm there.
func isStale(d *faktur.Document, asOf time.Time) bool {
	return d.Work.StatusSince.After(asOf) && d.Status != faktur.Submitting && d.Status != faktur.SigningInProgress
}

// steps takes a document to the last of the statuses by way of the others.
func (s *Service) steps(d *faktur.Document, o adapter.Outcome, by ...faktur.Status) ([]faktur.Event, error) {
	now := s.Now()
	var events []faktur.Event
	for _, status := range by {
		why := o.Reason
		if why == nil && status == faktur.Approved {
			why = buyerRefused(d.Status)
		}
		event, err := d.Apply(faktur.Change{To: status, CoretaxStatus: o.CoretaxStatus, NSFP: o.NSFP, Reason: why, Signer: o.Signer, Receipt: o.Receipt, At: now})
		if err != nil {
			return nil, err
		}
		events = append(events, event)
	}
	d.Work.DueAt = now.Add(s.pollPause(d, now))
	return events, nil
}

// buyerRefused is why a document is approved again that waited for its buyer; nil
// for one that did not. That there is no other way back is an assumption (FACTS
// 5.2: "Refusal by the buyer: [NF]").
func buyerRefused(from faktur.Status) *faktur.Reason {
	message := "The buyer did not agree to the cancellation."
	switch from {
	case faktur.CancellationPending:
	case faktur.AmendmentPending:
		message = "The buyer did not agree to the replacement."
	default:
		return nil
	}
	return &faktur.Reason{Code: "buyer_refused", Action: faktur.ActionContactSupport, Origin: faktur.OriginGateway, Message: message}
}

// adoptWord keeps the tax system's own word, and the channel's name of the
// document, where they make no step.
func (s *Service) adoptWord(d *faktur.Document, o adapter.Outcome) {
	if o.CoretaxStatus != "" && o.CoretaxStatus != d.CoretaxStatus {
		d.CoretaxStatus, d.UpdatedAt = o.CoretaxStatus, s.Now()
	}
	if o.Receipt != "" {
		d.Receipt = o.Receipt
	}
}

// backToQueue lets a document go again that certainly did not arrive.
func (s *Service) backToQueue(d *faktur.Document, why *faktur.Reason, due time.Time) ([]faktur.Event, error) {
	if d.Status != faktur.Submitting {
		return nil, nil
	}
	event, err := d.Apply(faktur.Change{To: faktur.Queued, Reason: why, At: s.Now()})
	d.Work.DueAt = due
	return []faktur.Event{event}, err
}

// stillUnknown puts the next look-up off: soon at first, later as time passes.
func (s *Service) stillUnknown(d *faktur.Document, why *faktur.Reason) ([]faktur.Event, error) {
	now := s.Now()
	if why != nil {
		d.Reason = why
	}
	d.Work.DueAt = now.Add(lookUpPause(now.Sub(d.Work.StatusSince)))
	return nil, nil
}

// lookUpPause is the time between look-ups of a document that has been
// submitting for age.
func lookUpPause(age time.Duration) time.Duration { return min(max(age/2, time.Second), time.Minute) }

// pollPause is the time between questions about a document: a quarter of how
// long it has been where it is, so that young ones are asked about often and
// old ones rarely. Where the channel's news tell of changes, that none is missed
// is all that questions are for, and there are few.
func (s *Service) pollPause(d *faktur.Document, now time.Time) time.Duration {
	age := now.Sub(d.Work.StatusSince)
	pause := min(max(age/4, s.PollMin), s.PollMax)
	c := s.channelNamed(d.Channel)
	if c == nil {
		return pause
	}
	followed, catchUpUntil := c.following()
	if followed {
		pause = min(max(age/2, followedPollMin), s.PollMax)
	}
	return max(pause, catchUpUntil.Sub(now))
}

// notSent is the verdict on a batch of which certainly nothing arrived.
func (s *Service) notSent(_ int, d *faktur.Document) ([]faktur.Event, error) {
	return s.backToQueue(d, &faktur.Reason{Code: "channel_unreachable", Action: faktur.ActionRetry, Origin: faktur.OriginGateway,
		Message: "The channel could not be reached, so nothing was sent. It goes again by itself."}, time.Time{})
}

// fateUnknown is the verdict on a batch that may or may not have arrived.
func (s *Service) fateUnknown(_ int, d *faktur.Document) ([]faktur.Event, error) {
	return s.stillUnknown(d, &faktur.Reason{Code: "submission_unknown", Action: faktur.ActionRetry, Origin: faktur.OriginGateway,
		Message: "The answer to the hand-over was lost. It is looked up before anything is sent again."})
}

// isFenced says that another process has taken over; what it needs is in the database.
func isFenced(err error) bool { return errors.Is(err, repository.ErrFenced) }
