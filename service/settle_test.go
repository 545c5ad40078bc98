package service

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
)

// What the tax system says of a document decides, step by step, and no word of its is guessed at.
func TestWhatTheTaxSystemSaysIsAdopted(t *testing.T) {
	t.Parallel()
	const nsfp = "04002600000000001"
	known := func(status faktur.Status, word, number string) adapter.Outcome {
		return adapter.Outcome{Certainty: adapter.Known, Status: status, CoretaxStatus: word, NSFP: number}
	}
	for _, c := range []struct {
		name   string
		from   faktur.Status
		said   adapter.Outcome
		to     faktur.Status
		events string
	}{
		{"taken", faktur.Submitting, known(faktur.SigningInProgress, "Signing In Progress", ""), faktur.SigningInProgress, "[invoice.signing_in_progress]"},
		{"approved", faktur.SigningInProgress, known(faktur.Approved, "Approved", nsfp), faktur.Approved, "[invoice.approved]"},
		{"approved without a number", faktur.SigningInProgress, known(faktur.Approved, "Approved", ""), faktur.SigningInProgress, "[]"},
		{"older news", faktur.Approved, known(faktur.SigningInProgress, "", ""), faktur.Approved, "[]"},
		{"stale news of a refused one", faktur.SavedInvalid, known(faktur.SigningInProgress, "", ""), faktur.SavedInvalid, "[]"},
		{"uploaded again in the portal", faktur.SavedInvalid, known(faktur.SigningInProgress, "", ""), faktur.SigningInProgress, "[invoice.signing_in_progress]"},
		{"stale news of one in signing", faktur.SigningInProgress, known(faktur.Approved, "Approved", nsfp), faktur.Approved, "[invoice.approved]"},
		{"the same", faktur.SigningInProgress, known(faktur.SigningInProgress, "", ""), faktur.SigningInProgress, "[]"},
		{"a word that is new", faktur.SigningInProgress, known("", "Menunggu Pemeriksaan", ""), faktur.SigningInProgress, "[]"},
		{"cancelled before we looked", faktur.Submitting, known(faktur.Cancelled, "Cancelled", nsfp), faktur.Cancelled, "[invoice.approved invoice.cancelled]"},
		{"amended before we looked", faktur.SigningInProgress, known(faktur.Amended, "Amended", nsfp), faktur.Amended, "[invoice.approved invoice.amended]"},
		{"waits for its buyer still", faktur.CancellationPending, known(faktur.CancellationPending, "Waiting For Cancelation", nsfp), faktur.CancellationPending, "[]"},
		{"its replacement still waits", faktur.AmendmentPending, known(faktur.AmendmentPending, "Waiting For Amendment", nsfp), faktur.AmendmentPending, "[]"},
		{"the buyer refused", faktur.CancellationPending, known(faktur.Approved, "Approved", nsfp), faktur.Approved, "[invoice.cancellation_refused]"},
		{"stale news of one that waits for its buyer", faktur.CancellationPending, known(faktur.Approved, "", nsfp), faktur.CancellationPending, "[]"},
		{"stale news of one whose replacement waits", faktur.AmendmentPending, known(faktur.Approved, "", nsfp), faktur.AmendmentPending, "[]"},
		{"refused", faktur.Submitting, known(faktur.SavedInvalid, "Saved Invalid", ""), faktur.SavedInvalid, "[invoice.saved_invalid]"},
		{"not taken", faktur.Submitting, adapter.Outcome{Certainty: adapter.NotTaken}, faktur.Queued, "[invoice.queued]"},
		{"unknown", faktur.Submitting, adapter.Outcome{}, faktur.Submitting, "[]"},
	} {
		now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
		s := New(Config{Now: func() time.Time { return now }})
		d := faktur.Document{ID: "d", Kind: faktur.KindInvoice, Status: c.from, Attempt: 1, Sequence: 2}
		if strings.HasPrefix(c.name, "stale") {
			d.Work.StatusSince = now
		}
		events, err := s.adopt(&d, c.said, now.Add(-time.Second))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		types := []faktur.EventType{}
		for i, e := range events {
			types = append(types, e.Type)
			if e.Sequence != int64(3+i) {
				t.Errorf("%s: event %d has sequence %d", c.name, i, e.Sequence)
			}
		}
		if d.Status != c.to || fmt.Sprint(types) != c.events {
			t.Errorf("%s: became %s by %v, want %s by %s", c.name, d.Status, types, c.to, c.events)
		}
		if c.said.CoretaxStatus != "" && d.CoretaxStatus != c.said.CoretaxStatus {
			t.Errorf("%s: the tax system's word is %q, want %q", c.name, d.CoretaxStatus, c.said.CoretaxStatus)
		}
	}
}

// The feed tells of the past: the approval before a cancellation began is no
// refusal by the buyer, however late it is read.
func TestAnOldApprovalInTheFeedIsNoRefusal(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	s := New(Config{Now: func() time.Time { return now }})
	for _, c := range []struct {
		from, said, to faktur.Status
	}{
		{faktur.CancellationPending, faktur.Approved, faktur.CancellationPending},
		{faktur.AmendmentPending, faktur.Approved, faktur.AmendmentPending},
		{faktur.AmendmentPending, faktur.Amended, faktur.Amended},
		{faktur.SigningInProgress, faktur.Approved, faktur.Approved},
	} {
		d := faktur.Document{ID: "d", Kind: faktur.KindInvoice, Status: c.from, Attempt: 1, Sequence: 2}
		d.Work.StatusSince, d.Work.DueAt = now.Add(-time.Minute), now.Add(time.Hour)
		o := adapter.Outcome{Certainty: adapter.Known, Status: c.said, NSFP: "04002600000000001"}
		if _, err := s.adoptChange(&d, o, now); err != nil || d.Status != c.to {
			t.Errorf("%s, and the feed says %s: it became %s, %v", c.from, c.said, d.Status, err)
		}
		if d.Status == c.from && !d.Work.DueAt.Equal(now) {
			t.Errorf("%s, and the feed says %s: it is asked about at %s only", c.from, c.said, d.Work.DueAt)
		}
	}
}
