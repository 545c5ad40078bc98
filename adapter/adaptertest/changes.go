package adaptertest

import (
	"testing"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
)

// tellsChanges: a channel that says it has news has all of it, once and in order.
func tellsChanges(t *testing.T, h Harness) {
	t.Parallel()
	b := h.Open(t)
	feed, ok := b.Channel.(adapter.ChangeFeed)
	if !b.describe(t).Changes {
		return // it promises nothing
	}
	if !ok {
		t.Fatal("it says that it has news, and is no adapter.ChangeFeed")
	}
	news := func(after string) ([]adapter.Changed, string) {
		changes, next, err := feed.Changes(t.Context(), after)
		if err != nil || next == "" {
			t.Fatalf("Changes(%q) gave the cursor %q and %v", after, next, err)
		}
		return changes, next
	}
	if _, err := b.Channel.Submit(t.Context(), b.batch(t, 1, b.Livemode)); err != nil {
		t.Fatal(err)
	}
	b.Settle()
	old, cursor := news("")
	if len(old) != 0 {
		t.Errorf("the feed's end came with %d changes", len(old))
	}
	batch := b.batch(t, 5, b.Livemode)
	if _, err := b.Channel.Submit(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	b.Settle()
	last := map[string]faktur.Status{}
	for changes, next := news(cursor); len(changes) > 0; changes, next = news(next) {
		for _, c := range changes {
			if last[c.ClientID] == c.Outcome.Status {
				t.Errorf("%s became %s twice", c.ClientID, c.Outcome.Status)
			}
			last[c.ClientID] = c.Outcome.Status
		}
	}
	for _, s := range batch {
		if last[s.ClientID] != faktur.Approved {
			t.Errorf("%s: the last news is %q, want approved", s.ClientID, last[s.ClientID])
		}
	}
	if len(last) != len(batch) {
		t.Errorf("news of %d submissions, want %d: what was before the cursor is over", len(last), len(batch))
	}
}
