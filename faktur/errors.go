package faktur

import (
	"errors"
	"time"
)

// ErrorKind sorts errors by what the caller can do about them. Package handlers
// holds the one table from kind to HTTP status.
type ErrorKind string

// The kinds of error that leave the service.
const (
	KindMalformed   ErrorKind = "malformed"    // not JSON at all
	KindInvalid     ErrorKind = "invalid"      // well-formed, but its content is refused
	KindTooLarge    ErrorKind = "too_large"    // over a size limit
	KindUnsupported ErrorKind = "unsupported"  // a media type we do not read
	KindUnknownKey  ErrorKind = "unauthorized" // no API key, or not one of ours
	KindForbidden   ErrorKind = "forbidden"    // the key lacks the scope
	KindNotFound    ErrorKind = "not_found"    // absent, or another tenant's
	KindConflict    ErrorKind = "conflict"     // the document's state forbids it
	KindStale       ErrorKind = "stale"        // If-Match names an older version
	KindBusy        ErrorKind = "busy"         // too much at once; try again later
	KindUnavailable ErrorKind = "unavailable"  // the database or a needed peer is away
	KindInternal    ErrorKind = "internal"     // a fault of ours
)

// Fault is one thing wrong (or, among warnings, doubtful) at one place.
type Fault struct {
	// Pointer is the JSON Pointer (RFC 6901) of the place in the request's body,
	// "" for the body as a whole. A query parameter is written as its name.
	Pointer string `json:"pointer" example:"/lines/0/unit_price"`
	// Code is stable across releases; programs may rely on it.
	Code string `json:"code" example:"too_many_decimals"`
	// Message says what is wrong and what to do, for an accountant.
	Message string `json:"message" example:"100.005 has three decimals; Coretax takes at most two. Use quantity 1 in unit UM.0033 (Lainnya) and put the exact total in unit_price."`
}

// Error is the one error type that callers of the gateway see.
type Error struct {
	Kind   ErrorKind
	Code   string // stable, snake_case
	Detail string // one or two sentences: what happened and what to do
	Faults []Fault

	// DocumentID and DocumentStatus name the document that stands in the way;
	// both empty when there is none.
	DocumentID     string
	DocumentStatus Status

	// RetryAfter says when trying again is worth it; zero when unknown.
	RetryAfter time.Duration

	// Cause is for the log only and never reaches the caller; nil when there is none.
	Cause error
}

func (e *Error) Error() string {
	text := e.Code + ": " + e.Detail
	for _, f := range e.Faults {
		text += "; " + f.Pointer + " " + f.Code
	}
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

func (e *Error) Unwrap() error { return e.Cause }

// NewError makes an Error of a kind with its stable code and its sentence.
func NewError(kind ErrorKind, code, detail string) *Error {
	return &Error{Kind: kind, Code: code, Detail: detail}
}

// AsError finds the Error in err's chain. An err that has none becomes
// KindInternal with err as its Cause; nil stays nil.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Kind: KindInternal, Code: "internal", Detail: "The gateway failed. The request id finds the cause in its log.", Cause: err}
}

// NotFound is the answer for what does not exist and, so that nobody can probe,
// for what belongs to another tenant. What is "invoice", "webhook endpoint", ...
func NotFound(what string) *Error {
	return NewError(KindNotFound, "not_found", "There is no such "+what+".")
}

// Invalid makes the error for refused content out of its faults; nil when there are none.
func Invalid(faults []Fault) error {
	if len(faults) == 0 {
		return nil
	}
	detail := "The content is refused; errors names every fault."
	if len(faults) == 1 {
		detail = faults[0].Message
	}
	return &Error{Kind: KindInvalid, Code: faults[0].Code, Detail: detail, Faults: faults}
}
