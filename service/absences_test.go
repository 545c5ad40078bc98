package service

import (
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
)

// A document is certainly absent when two look-ups of one process found nothing
// that were asked a settle window apart. What another process noted, by a clock
// that may be wrong, does not count, nor how long an answer lay about.
func TestADocumentIsAbsentByTwoLookUpsOfOneProcess(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	now := start
	s := New(Config{Now: func() time.Time { return now }, SettleWindow: 30 * time.Minute, Channels: []adapter.Channel{&deadlineKeeper{}}})
	s.sellers.known = map[repository.TaxpayerKey]rememberedTaxpayer{{}: {readAt: start.Add(24 * time.Hour)}}
	d := faktur.Document{ID: "d", Status: faktur.Submitting, Attempt: 1, Sequence: 2}
	d.Work.StatusSince, d.Work.AbsentSince = start.Add(-time.Hour), start.Add(-45*time.Minute)
	for _, look := range []struct {
		asked, judged time.Duration // from start
		want          faktur.Status
	}{
		{0, 0, faktur.Submitting},
		{time.Minute, 40 * time.Minute, faktur.Submitting},
		{30*time.Minute - 1, 30 * time.Minute, faktur.Submitting},
		{30 * time.Minute, 30 * time.Minute, faktur.Queued},
	} {
		now = start.Add(look.judged)
		if _, err := s.channels[0].absent(t.Context(), &d, adapter.Description{}, start.Add(look.asked)); err != nil || d.Status != look.want {
			t.Errorf("asked after %v and judged after %v it is %s, want %s, %v", look.asked, look.judged, d.Status, look.want, err)
		}
	}
}

// What no look-up finds absent any more is forgotten in time.
func TestAbsencesAreForgotten(t *testing.T) {
	t.Parallel()
	var a absences
	start := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	once, often := &faktur.Document{ID: "once", Attempt: 1}, &faktur.Document{ID: "often", Attempt: 1}
	a.since(once, start)
	for at := start; at.Before(start.Add(5 * time.Hour)); at = at.Add(time.Minute) {
		if since := a.since(often, at); !since.Equal(start) {
			t.Fatalf("at %v it is absent since %v", at, since)
		}
	}
	if n := len(a.young) + len(a.old); n != 2 {
		t.Errorf("%d absences are remembered", n) // often, in both
	}
}
