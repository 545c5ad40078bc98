package service

import (
	"context"
	"errors"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
)

// translate turns an error of the repository into one that a caller can act
// upon. what names the thing that was looked for.
func translate(err error, what string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, repository.ErrNotFound):
		return faktur.NotFound(what)
	case errors.Is(err, repository.ErrKeyReused):
		return faktur.NewError(faktur.KindInvalid, "idempotency_key_reused",
			"This Idempotency-Key was used for another body or other query parameters. Use a new key for a new request.")
	case errors.Is(err, repository.ErrKeyRunning):
		return faktur.NewError(faktur.KindConflict, "in_progress",
			"A request with this Idempotency-Key is still running. Wait for its answer, then try again.")
	case errors.Is(err, context.Canceled), errors.Is(err, errUnawaited):
		return &faktur.Error{Kind: faktur.KindUnavailable, Code: "request_cancelled",
			Detail: "The request ended before the answer was known. Send it again: the reference finds what was stored.", Cause: err}
	case repository.IsUnavailable(err) && repository.IsCommitUnknown(err):
		return &faktur.Error{Kind: faktur.KindUnavailable, Code: "database_unavailable",
			Detail:     "The database went away at the very end: this may have been stored, or not. Send it again under the same reference or Idempotency-Key, which finds what was stored.",
			RetryAfter: 5 * time.Second, Cause: err}
	case repository.IsUnavailable(err):
		return &faktur.Error{Kind: faktur.KindUnavailable, Code: "database_unavailable",
			Detail: "The database is away; nothing was stored. Try again soon.", RetryAfter: 5 * time.Second, Cause: err}
	}
	return faktur.AsError(err)
}
