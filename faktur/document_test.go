package faktur_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fakturgate/fakturgate/faktur"
)

func document(status faktur.Status) *faktur.Document {
	return &faktur.Document{
		ID: "0199c9a4-7a52-7d0e-8f3c-2b1f6d1c9a10", Tenant: "default", Kind: faktur.KindInvoice, Channel: faktur.ChannelPJAP,
		TaxpayerNPWP: "0012345674901000", Reference: "INV/2026/11/0001", Status: status, Attempt: 1, Sequence: 3,
		UploadDeadline: date("2026-12-20"),
	}
}

func TestOnlyTransitionsOfTheTableHappen(t *testing.T) {
	t.Parallel()
	legal := map[[2]faktur.Status]bool{}
	for _, step := range faktur.Transitions() {
		legal[[2]faktur.Status{step.From, step.To}] = true
	}
	for _, from := range faktur.Statuses() {
		for _, to := range append(faktur.Statuses(), "unheard_of") {
			d := document(from)
			before := *d
			event, err := d.Apply(faktur.Change{To: to, CoretaxStatus: "Word", At: now})
			if !legal[[2]faktur.Status{from, to}] {
				if faktur.AsError(err).Kind != faktur.KindConflict || faktur.AsError(err).DocumentID != d.ID {
					t.Errorf("%s to %s gives %v", from, to, err)
				}
				if diff := cmp.Diff(&before, d); diff != "" {
					t.Errorf("%s to %s was refused and changed the document:\n%s", from, to, diff)
				}
				continue
			}
			if err != nil || d.Status != to || d.Sequence != 4 || event.Sequence != 4 || event.Type != eventOf(from, to) {
				t.Errorf("%s to %s gives %v, %s sequence %d, event %s %d", from, to, err, d.Status, d.Sequence, event.Type, event.Sequence)
			}
		}
	}
}

// eventOf: back from waiting for the buyer is a refusal, and no second approval.
func eventOf(from, to faktur.Status) faktur.EventType {
	switch {
	case from == faktur.AmendmentPending && to == faktur.Approved:
		return "invoice.amendment_refused"
	case from == faktur.CancellationPending && to == faktur.Approved:
		return "invoice.cancellation_refused"
	}
	return faktur.EventType("invoice." + to)
}

func TestEveryStatusIsReachable(t *testing.T) {
	t.Parallel()
	reached := []faktur.Status{faktur.Queued}
	for i := 0; i < len(reached); i++ {
		for _, next := range faktur.Statuses() {
			if reached[i].CanBecome(next) && !slices.Contains(reached, next) {
				reached = append(reached, next)
			}
		}
	}
	for _, s := range faktur.Statuses() {
		if !slices.Contains(reached, s) || !s.Valid() {
			t.Errorf("%s is never reached", s)
		}
	}
	if faktur.Status("unheard_of").Valid() {
		t.Error("a status that nobody knows is not valid")
	}
}

func TestTransitionsStandOnceWithAReason(t *testing.T) {
	t.Parallel()
	seen := map[[2]faktur.Status]bool{}
	for _, step := range faktur.Transitions() {
		key := [2]faktur.Status{step.From, step.To}
		if seen[key] || step.Why == "" || step.From == step.To {
			t.Errorf("%s to %s: twice, without reason, or to itself", step.From, step.To)
		}
		seen[key] = true
	}
}

func TestApplyKeepsWhatTheChangeDoesNotSay(t *testing.T) {
	t.Parallel()
	d := document(faktur.SigningInProgress)
	d.CoretaxStatus, d.NSFP, d.Signer = "Signing In Progress", "04002600000000001", "3174015506800001"
	d.Reason = &faktur.Reason{Code: "x"}
	d.Work = faktur.Work{AbsentSince: now, StuckTold: true, DeadlineTold: 1, DueAt: now}
	if _, err := d.Apply(faktur.Change{To: faktur.Approved, At: now}); err != nil {
		t.Fatal(err)
	}
	if d.CoretaxStatus == "" || d.NSFP == "" || d.Signer == "" {
		t.Errorf("an empty word of the change erased one of the document: %+v", d)
	}
	if d.Reason != nil {
		t.Error("the reason of the status before is still there")
	}
	if want := (faktur.Work{StatusSince: now, DeadlineTold: 1, DueAt: now}); d.Work != want {
		t.Errorf("the work is %+v, want %+v", d.Work, want)
	}
}

func TestClientIDIsOfOneAttempt(t *testing.T) {
	t.Parallel()
	d := document(faktur.Queued)
	first := d.ClientID()
	d.Attempt++
	if first != "0199c9a4-7a52-7d0e-8f3c-2b1f6d1c9a10-1" || d.ClientID() == first {
		t.Errorf("%s, then %s", first, d.ClientID())
	}
}

func TestShardsAreFixedAndEven(t *testing.T) {
	t.Parallel()
	if got := faktur.ShardOf("default", "0012345674901000"); got != 54 {
		t.Errorf("documents are stored with their shard, and this one's moved to %d", got)
	}
	var load [faktur.Shards]int
	for i := range 64_000 {
		load[faktur.ShardOf("default", fmt.Sprintf("%016d", i))]++
	}
	for shard, n := range load {
		if n < 500 || n > 1500 {
			t.Errorf("shard %d has %d of 64,000 sellers", shard, n)
		}
	}
}

func TestEventOfADocument(t *testing.T) {
	t.Parallel()
	d := document(faktur.SigningInProgress)
	d.Livemode = true
	at := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	event, err := d.Apply(faktur.Change{To: faktur.Approved, CoretaxStatus: "Approved", NSFP: "04002600000000001", At: at})
	if err != nil {
		t.Fatal(err)
	}
	// CONTRACT, "Webhooks".
	const want = `{"id":"0199c9a4-7a52-7d0e-8f3c-2b1f6d1c9a10","kind":"invoice","livemode":true,"seller_npwp":"0012345674901000","reference":"INV/2026/11/0001",` +
		`"status":"approved","previous_status":"signing_in_progress","coretax_status":"Approved",` +
		`"nsfp":"04002600000000001","reason":null,"signer":null,"replaces_id":null,"upload_deadline":"2026-12-20","sequence":4}`
	if string(event.Data) != want {
		t.Errorf("the data is\n%s, want\n%s", event.Data, want)
	}
	if event.MessageID() != "msg_0199c9a4-7a52-7d0e-8f3c-2b1f6d1c9a10_4" || !event.At.Equal(at) || event.Tenant != "default" {
		t.Errorf("the event is %+v, its message %s", event, event.MessageID())
	}
	stuck := document(faktur.SigningInProgress)
	told := stuck.Tell(faktur.EventSigningStuck, faktur.SigningInProgress, at)
	if stuck.Status != faktur.SigningInProgress || stuck.Sequence != 4 || len(decode[faktur.EventData](t, told.Data).Remedies) == 0 {
		t.Errorf("a watcher's word is %s", told.Data)
	}
}

func TestEventTypesCoverEveryStatus(t *testing.T) {
	t.Parallel()
	for _, s := range faktur.Statuses() {
		if !slices.Contains(faktur.EventTypes(), faktur.EventType("invoice."+s)) {
			t.Errorf("nobody can subscribe to invoice.%s", s)
		}
	}
	for _, e := range append(faktur.DefaultEventTypes(), faktur.EventSigningStuck, faktur.EventDeadlineNear, faktur.EventDeadlineMissed, faktur.EventWebhookTest) {
		if !slices.Contains(faktur.EventTypes(), e) {
			t.Errorf("nobody can subscribe to %s", e)
		}
	}
	global := faktur.Event{Position: 71}
	if global.MessageID() != "msg_1z" {
		t.Errorf("an event about no document is %s", global.MessageID())
	}
}

func TestWhatAStatusAllows(t *testing.T) {
	t.Parallel()
	open := []faktur.Status{faktur.Queued, faktur.Submitting, faktur.AwaitingUpload, faktur.SigningInProgress, faktur.SavedInvalid}
	correctable := []faktur.Status{faktur.Queued, faktur.SavedInvalid}
	for _, s := range faktur.Statuses() {
		if s.Open() != slices.Contains(open, s) || s.Correctable() != slices.Contains(correctable, s) {
			t.Errorf("%s: open %t, correctable %t", s, s.Open(), s.Correctable())
		}
	}
}
