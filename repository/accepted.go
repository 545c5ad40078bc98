package repository

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// AcceptedBefore gives what a POST had before, and whether it had anything: what its key
// remembers (ErrKeyReused and ErrKeyRunning are in the result), or the live document of
// its reference when that was accepted with this very content. It stores nothing. Of a
// zero reference only the key is looked for.
func (db *DB) AcceptedBefore(ctx context.Context, a Acceptance) (result AcceptResult, had bool, err error) {
	if a.Request.Key != "" {
		result.Remembered, result.Err = rememberedIn(ctx, db.selectPrepared, a.Request)
		switch {
		case isKeyVerdict(result.Err):
			return result, true, nil
		case !errors.Is(result.Err, errAgain): // which says here that there is no such key
			return AcceptResult{}, false, wrap("find idempotency key", result.Err)
		}
	}
	if a.Stored.Document.Reference == "" {
		return AcceptResult{}, false, nil
	}
	live, hashes, err := liveDocument(ctx, db.selectPrepared, &a.Stored.Document)
	if errors.Is(err, errAgain) || err == nil && !slices.Contains(strings.Fields(hashes), a.ContentHash) {
		return AcceptResult{}, false, nil
	}
	return AcceptResult{Live: &live}, err == nil, wrap("find live document", err)
}
