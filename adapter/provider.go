package adapter

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
)

// This file is what the channels share to which every taxpayer signs in for
// itself (Description.PerTaxpayer): what a failed call makes certain, and which
// failures are the provider's and which one taxpayer's own.

// Trouble sorts the failures of a call by what is certain then.
type Trouble int

// The troubles of a CallError.
const (
	Unsure     Trouble = iota // nothing is certain: a time-out, a cut, 3xx, 408, 409, 5xx, an answer that cannot be read
	NotReached                // nothing arrived: no connection was made, the time was over before, or 429
	Unwelcome                 // 401, 403, or there are no credentials to begin with: nothing was taken
	TurnedAway                // another 4xx without the provider's own words, as of a proxy or a wrong path: nothing was taken
	Refused                   // a 4xx with the provider's own words: nothing was taken
	Gone                      // 404 with the provider's own words: it has no such document
)

// CallError is a call to a provider that failed.
type CallError struct {
	Trouble Trouble
	// Own: it went to an address that the taxpayer set for itself, so that it
	// says nothing about the provider.
	Own        bool
	Message    string        // the provider's own words, clean and without secrets; "" when it gave none
	RetryAfter time.Duration // 0 when it did not say
	Cause      error
}

func (e *CallError) Error() string {
	if e.Message != "" {
		return fmt.Sprintf("%v: %s", e.Cause, e.Message)
	}
	return e.Cause.Error()
}

func (e *CallError) Unwrap() error { return e.Cause }

// NewCallError sorts the outcome of an Exchange; nil when it is 200 or 201 and
// was read. words are the provider's own, "" when the answer has none of them.
func NewCallError(what string, answer Answer, err error, own bool, words string) *CallError {
	e := &CallError{Own: own, Message: words, RetryAfter: RetryAfter(answer.Header)}
	status := answer.Status
	if status == http.StatusOK || status == http.StatusCreated {
		if err == nil {
			return nil
		}
		status = 0
	}
	if status == 0 {
		if _, notSent := errors.AsType[*NotSent](err); notSent {
			e.Trouble = NotReached
		}
		e.Cause = fmt.Errorf("%s: %w", what, err)
		return e
	}
	e.Cause = fmt.Errorf("%s: the provider answered %d", what, status)
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		e.Trouble = Unwelcome
	case status == http.StatusTooManyRequests:
		e.Trouble = NotReached
	case status < 400, status >= 500, status == http.StatusRequestTimeout, status == http.StatusConflict:
		e.Trouble = Unsure
	case words == "":
		e.Trouble = TurnedAway
	case status == http.StatusNotFound:
		e.Trouble = Gone
	default:
		e.Trouble = Refused
	}
	return e
}

// NoCredentials is the CallError of a taxpayer whose Provider is missing or unusable.
func NoCredentials(why string) *CallError {
	return &CallError{Trouble: Unwelcome, Own: true, Cause: errors.New(why)}
}

// Outcome is what the failure says of a submission. Only Refused is a refusal of
// its content.
func (e *CallError) Outcome() Outcome {
	switch e.Trouble {
	case Refused:
		return Outcome{Certainty: Known, Status: faktur.SavedInvalid, Reason: Refusal(e.Message, faktur.OriginChannel)}
	case NotReached, TurnedAway, Unwelcome, Gone:
		return Outcome{Certainty: NotTaken, Reason: e.reason()}
	}
	return Outcome{Certainty: Unknown, Reason: &faktur.Reason{Code: "submission_unknown", Action: faktur.ActionRetry, Origin: faktur.OriginGateway,
		Message: "The provider's answer to the hand-over was lost. It is looked up before anything is sent again."}}
}

// Answer is what the failure says in answer to a Question: nothing, but that a
// person must see to the credentials.
func (e *CallError) Answer() Outcome {
	if e.Trouble == Unwelcome {
		return Outcome{Reason: e.reason()}
	}
	return Outcome{}
}

func (e *CallError) reason() *faktur.Reason {
	switch e.Trouble {
	case Unwelcome:
		return &faktur.Reason{Code: "provider_credentials", Action: faktur.ActionContactSupport, Origin: faktur.OriginChannel,
			Message: cmp.Or(e.Message, "The provider does not take this taxpayer's credentials.") + " Set them at PUT /taxpayers/{npwp} under settings.provider; it goes again by itself."}
	case TurnedAway, Gone:
		return &faktur.Reason{Code: "provider_turned_away", Action: faktur.ActionContactSupport, Origin: faktur.OriginChannel,
			Message: "Nothing was taken. " + faktur.CleanText(e.Cause.Error()) + ": see base_url and paths under settings.provider. It goes again by itself."}
	}
	return &faktur.Reason{Code: "channel_unreachable", Action: faktur.ActionRetry, Origin: faktur.OriginGateway,
		Message: "The provider could not be reached, so nothing was sent. It goes again by itself."}
}

// Refusal is the Reason of a refusal in the provider's own words. Words about a
// passphrase or a certificate are about the signer, which is an assumption: no
// provider's codes are publicly known (FACTS 7).
func Refusal(message string, origin faktur.Origin) *faktur.Reason {
	if message == "" {
		return &faktur.Reason{Code: "no_reason_given", Action: faktur.ActionContactSupport, Origin: origin, Message: "The provider gave no reason."}
	}
	lower := strings.ToLower(message)
	for _, word := range []string{"passphrase", "kode otorisasi", "sertifikat", "penandatangan"} {
		if strings.Contains(lower, word) {
			return &faktur.Reason{Code: "signing_refused", Action: faktur.ActionChangeSigner, Origin: origin, Message: message}
		}
	}
	return &faktur.Reason{Code: "provider_refused", Action: faktur.ActionCorrectContent, Origin: origin, Message: message}
}

// Result is what came of one item of a batch.
type Result struct {
	Outcome Outcome
	Failure *CallError // nil when its calls went well
}

// atOnce is how many items of a batch are under way at the same time: how much
// a provider bears is not known (FACTS 7).
const atOnce = 5

// EachItem makes the results of n items, a few at a time, and gives their outcomes
// in order. When every item failed in the same way for all, and none is half
// done, the batch failed as a whole: the error is *NotSent when nothing of it
// arrived. What is one taxpayer's own, its credentials or the address that it
// set, never fails a batch.
func EachItem(n int, do func(i int) Result) ([]Outcome, error) {
	results := make([]Result, n)
	var all sync.WaitGroup
	turns := make(chan struct{}, atOnce)
	for i := range n {
		turns <- struct{}{}
		all.Go(func() {
			defer func() { <-turns }()
			results[i] = do(i)
		})
	}
	all.Wait()
	if err := together(results); err != nil {
		return nil, err
	}
	outcomes := make([]Outcome, n)
	for i, r := range results {
		outcomes[i] = r.Outcome
	}
	return outcomes, nil
}

// together gives the error of a batch that failed as a whole, and nil otherwise.
func together(results []Result) error {
	nothingSent := true
	var wait time.Duration
	for _, r := range results {
		if r.Failure == nil || r.Failure.Own || r.Outcome.Receipt != "" || r.Failure.Trouble != NotReached && r.Failure.Trouble != Unsure {
			return nil
		}
		nothingSent = nothingSent && r.Failure.Trouble == NotReached
		wait = max(wait, r.Failure.RetryAfter)
	}
	switch {
	case len(results) == 0:
		return nil
	case nothingSent:
		return &NotSent{RetryAfter: wait, Cause: results[0].Failure}
	}
	return results[0].Failure
}
