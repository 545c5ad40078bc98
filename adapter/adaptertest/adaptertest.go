// Package adaptertest holds every channel to the contract of package adapter.
// A channel's test gives Run a Harness: the channel in front of a tax system
// that the suite can ask what it really took, and make misbehave.
//
// The oracle of most rules is that ledger: whatever a channel says must agree
// with what the other side took, under every fault.
package adaptertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
)

// Fault is a way in which the other side misbehaves until it is mended.
type Fault string

// The faults that the suite asks a Bench for.
const (
	Mended        Fault = "mended"
	Unreachable   Fault = "unreachable"    // no connection can be made
	TurnedAway    Fault = "turned away"    // the call is refused before anything is taken
	DroppedBefore Fault = "dropped before" // the connection is cut, nothing was taken
	DroppedAfter  Fault = "dropped after"  // everything is taken, then the connection is cut
	FailedAfter   Fault = "failed after"   // everything is taken, then comes a 5xx or its like
	Silent        Fault = "silent"         // everything is taken, and no answer comes
	Garbage       Fault = "garbage"        // everything is taken, the answer cannot be read
	Truncated     Fault = "truncated"      // everything is taken, half of the answer comes
	Empty         Fault = "empty"          // everything is taken, the answer is empty
)

// Faults lists every fault but Mended.
func Faults() []Fault {
	return []Fault{Unreachable, TurnedAway, DroppedBefore, DroppedAfter, FailedAfter, Silent, Garbage, Truncated, Empty}
}

// Harness opens what the suite runs on.
type Harness struct {
	// Open gives the channel in front of a fresh tax system; t closes both.
	Open func(t *testing.T) *Bench
	// Faults are those that this channel's other side can show.
	Faults []Fault
	// Spoil gives the submission content that the channel refuses at once; nil
	// when it refuses nothing by itself.
	Spoil func(adapter.Submission) adapter.Submission
}

// Bench is one channel and its other side.
type Bench struct {
	Channel  adapter.Caller
	Livemode bool // the other side's own
	// Provider is how the suite's taxpayer signs in, where the channel is PerTaxpayer.
	Provider *faktur.Provider
	// Filed says how often the tax system took a submission.
	Filed func(s adapter.Submission) int
	// Settle lets enough time pass that all that was taken is signed and seen by
	// look-up.
	Settle func()
	// Break makes the other side show a fault from now on; nil when Faults is empty.
	Break func(Fault)
}

// Table is CONTRACT's table of what each channel can do.
var Table = map[faktur.Channel]adapter.Capabilities{
	faktur.ChannelPJAP:           {LookUp: true, Replace: true, Cancel: true, DownPayment: true, Returns: true},
	faktur.ChannelCoretaxXML:     {Files: true, Returns: true},
	faktur.ChannelEfakturDesktop: {Files: true, DrawsNSFP: true, DownPayment: true},
	faktur.ChannelPajakio:        {LookUp: true, Replace: true, DownPayment: true, PDF: true},
	faktur.ChannelKlikpajak:      {LookUp: true, Replace: true, DownPayment: true, PDF: true},
}

// Run holds the channel called name to the contract.
func Run(t *testing.T, name faktur.Channel, h Harness) {
	t.Run("describes itself", func(t *testing.T) { describes(t, name, h) })
	t.Run("asks nothing for nothing", func(t *testing.T) { asksNothing(t, h) })
	t.Run("hands over each once, in order", func(t *testing.T) { handsOver(t, h) })
	t.Run("does not know what was never sent", func(t *testing.T) { knowsNothingUnsent(t, h) })
	t.Run("refuses the other livemode", func(t *testing.T) { refusesOtherLivemode(t, h) })
	t.Run("sends nothing when its time is up before it starts", func(t *testing.T) { startsNotLate(t, h) })
	t.Run("tells every change once", func(t *testing.T) { tellsChanges(t, h) })
	t.Run("serves many at once", func(t *testing.T) { servesMany(t, h) })
	t.Run("does what it says", func(t *testing.T) { doesWhatItSays(t, h) })
	if h.Spoil != nil {
		t.Run("a refused one harms no other", func(t *testing.T) { refusesOne(t, h) })
	}
	for _, fault := range h.Faults {
		t.Run("says only what is certain when "+string(fault), func(t *testing.T) { saysOnlyWhatIsCertain(t, h, fault, Batch) })
	}
	if Table[name].Returns {
		runReturns(t, h)
	}
}

func describes(t *testing.T, name faktur.Channel, h Harness) {
	t.Parallel()
	b := h.Open(t)
	if b.Channel.Name() != name {
		t.Errorf("Name() = %q, want %q", b.Channel.Name(), name)
	}
	d := b.describe(t)
	if d.Livemode != b.Livemode {
		t.Errorf("Livemode = %v, want the other side's %v", d.Livemode, b.Livemode)
	}
	if d.MaxBatch < 1 || d.CallsPerMinute < 0 {
		t.Errorf("MaxBatch %d, CallsPerMinute %d: want at least 1 and 0", d.MaxBatch, d.CallsPerMinute)
	}
	if want, known := Table[name]; !known || d.Capabilities != want {
		t.Errorf("Capabilities = %+v, want CONTRACT's %+v", d.Capabilities, want)
	}
}

func asksNothing(t *testing.T, h Harness) {
	t.Parallel()
	b := h.Open(t)
	for what, call := range map[string]func() ([]adapter.Outcome, error){
		"Submit": func() ([]adapter.Outcome, error) { return b.Channel.Submit(t.Context(), nil) },
		"Status": func() ([]adapter.Outcome, error) { return b.Channel.Status(t.Context(), nil) },
		"LookUp": func() ([]adapter.Outcome, error) { return b.Channel.LookUp(t.Context(), nil) },
	} {
		if outcomes, err := call(); err != nil || len(outcomes) != 0 {
			t.Errorf("%s of nothing = %v, %v; want nothing", what, outcomes, err)
		}
	}
}

func handsOver(t *testing.T, h Harness) {
	t.Parallel()
	b := h.Open(t)
	d := b.describe(t)
	batch := b.batch(t, min(d.MaxBatch, 20), b.Livemode)
	outcomes, err := b.Channel.Submit(t.Context(), batch)
	if err != nil || len(outcomes) != len(batch) {
		t.Fatalf("Submit gave %d outcomes and %v, want %d", len(outcomes), err, len(batch))
	}
	for i, o := range outcomes {
		if o.Certainty != adapter.Known || !faktur.Submitting.CanBecome(o.Status) || o.Status == faktur.SavedInvalid {
			t.Errorf("outcome %d = %s, want it Known, in a status that follows submitting", i, told(o))
		}
		if n := b.Filed(batch[i]); n != 1 {
			t.Errorf("item %d was taken %d times, want once", i, n)
		}
	}
	b.Settle()
	ids := Questions(batch)
	slices.Reverse(ids) // the order asked in is the order answered in
	approved, err := b.Channel.Status(t.Context(), ids)
	if err != nil || len(approved) != len(ids) {
		t.Fatalf("Status gave %d outcomes and %v, want %d", len(approved), err, len(ids))
	}
	numbers := map[string]bool{}
	for i, o := range approved {
		if o.Certainty != adapter.Known || o.Status != faktur.Approved || o.CoretaxStatus == "" {
			t.Errorf("outcome %d = %s, want it approved, with the tax system's own word", i, told(o))
		}
		if _, err := faktur.ParseNSFP(o.NSFP); err != nil || numbers[o.NSFP] {
			t.Errorf("NSFP %q of outcome %d is malformed or another's: %v", o.NSFP, i, err)
		}
		numbers[o.NSFP] = true
	}
}

func (b *Bench) neverSent() adapter.Question {
	return adapter.Question{ClientID: "never-sent-1", Kind: faktur.KindInvoice, TaxpayerNPWP: "0012345674901000", Reference: "NEVER/1", Provider: b.Provider}
}

func knowsNothingUnsent(t *testing.T, h Harness) {
	t.Parallel()
	b := h.Open(t)
	d := b.describe(t)
	neverSent := b.neverSent()
	outcomes, err := b.Channel.Status(t.Context(), []adapter.Question{neverSent})
	if err != nil || len(outcomes) != 1 || outcomes[0].Certainty != adapter.Absent {
		t.Errorf("Status = %s, %v; want Absent", told(outcomes...), err)
	}
	if !d.Capabilities.LookUp {
		return
	}
	outcomes, err = b.Channel.LookUp(t.Context(), []adapter.Question{neverSent})
	if err != nil || len(outcomes) != 1 || outcomes[0].Certainty != adapter.Absent {
		t.Errorf("LookUp = %s, %v; want Absent", told(outcomes...), err)
	}
}

// refusesOtherLivemode: no approval is ever invented for a live seller.
func refusesOtherLivemode(t *testing.T, h Harness) {
	t.Parallel()
	for _, described := range []bool{false, true} {
		b := h.Open(t)
		if described {
			b.describe(t)
		}
		batch := b.batch(t, 2, !b.Livemode)
		outcomes, err := b.Channel.Submit(t.Context(), batch)
		if _, ok := errors.AsType[*adapter.NotSent](err); !ok {
			t.Errorf("Submit = %s, %v; want *adapter.NotSent", told(outcomes...), err)
		}
		for _, s := range batch {
			if n := b.Filed(s); n != 0 {
				t.Errorf("%s was taken %d times by the wrong side", s.ClientID, n)
			}
		}
	}
}

func startsNotLate(t *testing.T, h Harness) {
	t.Parallel()
	b := h.Open(t)
	b.describe(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	batch := b.batch(t, 1, b.Livemode)
	outcomes, err := b.Channel.Submit(ctx, batch)
	if _, ok := errors.AsType[*adapter.NotSent](err); !ok || b.Filed(batch[0]) != 0 {
		t.Errorf("Submit = %s, %v; want *adapter.NotSent and nothing taken", told(outcomes...), err)
	}
}

func servesMany(t *testing.T, h Harness) {
	t.Parallel()
	b := h.Open(t)
	b.describe(t)
	var all sync.WaitGroup
	for range 8 {
		batch := b.batch(t, 5, b.Livemode)
		all.Go(func() {
			outcomes, err := b.Channel.Submit(t.Context(), batch)
			if err != nil || len(outcomes) != len(batch) {
				t.Errorf("Submit = %s, %v", told(outcomes...), err)
			}
			if _, err := b.Channel.Status(t.Context(), Questions(batch)); err != nil {
				t.Errorf("Status: %v", err)
			}
			for _, s := range batch {
				if n := b.Filed(s); n != 1 {
					t.Errorf("%s was taken %d times, want once", s.ClientID, n)
				}
			}
		})
	}
	all.Wait()
}

func refusesOne(t *testing.T, h Harness) {
	t.Parallel()
	b := h.Open(t)
	b.describe(t)
	for bad := range 3 {
		batch := b.batch(t, 3, b.Livemode)
		batch[bad] = h.Spoil(batch[bad])
		outcomes, err := b.Channel.Submit(t.Context(), batch)
		if err != nil || len(outcomes) != len(batch) {
			t.Fatalf("Submit = %s, %v", told(outcomes...), err)
		}
		for i, o := range outcomes {
			want, filed := faktur.SavedInvalid, 0
			if i != bad {
				want, filed = o.Status, 1
			}
			if o.Certainty != adapter.Known || o.Status != want || b.Filed(batch[i]) != filed {
				t.Errorf("outcome %d = %s, taken %d times; want %s, taken %d times", i, told(o), b.Filed(batch[i]), want, filed)
			}
		}
		if why := outcomes[bad].Reason; why == nil || why.Code == "" || why.Action == "" || why.Message == "" || why.Origin == "" {
			t.Errorf("the reason of the refusal is %+v; want all of it", why)
		}
	}
}

// saysOnlyWhatIsCertain submits into a fault, then does what the gateway does:
// looks up what is unknown, and sends again what is certainly absent. In the
// end everything is filed exactly once.
func saysOnlyWhatIsCertain(t *testing.T, h Harness, fault Fault, batchOf func(testing.TB, int, bool) []adapter.Submission) {
	t.Parallel()
	b := h.Open(t)
	d := b.describe(t)
	batch := b.signIn(batchOf(t, 4, b.Livemode))
	b.Break(fault)
	patience := 30 * time.Second
	if fault == Silent {
		patience = time.Second
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	outcomes, err := b.Channel.Submit(ctx, batch)
	b.agrees(t, batch, outcomes, err)
	if fault == Unreachable || fault == TurnedAway {
		if _, ok := errors.AsType[*adapter.NotSent](err); !ok {
			t.Errorf("Submit = %s, %v; want *adapter.NotSent, because nothing can have arrived", told(outcomes...), err)
		}
	}
	for what, ask := range map[string]func(context.Context, []adapter.Question) ([]adapter.Outcome, error){"Status": b.Channel.Status, "LookUp": b.Channel.LookUp} {
		asking, stop := context.WithTimeout(t.Context(), patience)
		if said, err := ask(asking, Questions(batch)); err == nil && slices.ContainsFunc(said, func(o adapter.Outcome) bool { return o.Certainty != adapter.Unknown }) {
			t.Errorf("%s says %s out of nothing", what, told(said...))
		}
		stop()
	}
	b.Break(Mended)
	b.Settle()
	if !d.Capabilities.LookUp {
		return
	}
	b.recover(t, batch)
	for _, s := range batch {
		if n := b.Filed(s); n != 1 {
			t.Errorf("%s was taken %d times in the end, want once", s.ClientID, n)
		}
	}
}

// agrees compares what the channel said with what the other side took.
func (b *Bench) agrees(t *testing.T, batch []adapter.Submission, outcomes []adapter.Outcome, err error) {
	t.Helper()
	_, notSent := errors.AsType[*adapter.NotSent](err)
	if err == nil && len(outcomes) != len(batch) {
		t.Fatalf("Submit gave %d outcomes, want %d", len(outcomes), len(batch))
	}
	for i, s := range batch {
		filed := b.Filed(s)
		switch {
		case notSent && filed != 0:
			t.Errorf("%s: the channel says that nothing was sent (%v), and it was taken", s.ClientID, err)
		case err != nil:
		case outcomes[i].Certainty == adapter.NotTaken && filed != 0:
			t.Errorf("%s: the channel says that it was not taken, and it was", s.ClientID)
		case outcomes[i].Certainty == adapter.Absent:
			t.Errorf("%s: Absent is no outcome of Submit", s.ClientID)
		case outcomes[i].Certainty == adapter.Known && outcomes[i].Status != faktur.SavedInvalid && filed != 1:
			t.Errorf("%s: the channel says %s, and it was taken %d times", s.ClientID, outcomes[i].Status, filed)
		}
	}
}

// recover looks up a batch of unknown fate and sends what is absent.
func (b *Bench) recover(t *testing.T, batch []adapter.Submission) {
	t.Helper()
	found, err := b.Channel.LookUp(t.Context(), Questions(batch))
	if err != nil || len(found) != len(batch) {
		t.Fatalf("LookUp = %s, %v", told(found...), err)
	}
	for i, o := range found {
		if o.Certainty == adapter.Known && b.Filed(batch[i]) == 1 {
			continue
		}
		if o.Certainty != adapter.Absent && o.Certainty != adapter.NotTaken || b.Filed(batch[i]) != 0 {
			t.Errorf("LookUp of %s = %s, and it was taken %d times", batch[i].ClientID, told(o), b.Filed(batch[i]))
			continue
		}
		batch[i].Receipt = o.Receipt // as the gateway keeps it
		if again, err := b.Channel.Submit(t.Context(), batch[i:i+1]); err != nil || again[0].Certainty != adapter.Known {
			t.Errorf("Submit again = %s, %v", told(again...), err)
		}
	}
}

func (b *Bench) describe(t *testing.T) adapter.Description {
	t.Helper()
	d, err := b.Channel.Describe(t.Context())
	if err != nil {
		t.Fatalf("Describe: %v", err)
	}
	return d
}

// told writes outcomes with their reasons.
func told(outcomes ...adapter.Outcome) string {
	text := ""
	for _, o := range outcomes {
		why := "-"
		if o.Reason != nil {
			why = fmt.Sprintf("%+v", *o.Reason)
		}
		text += fmt.Sprintf("{certainty %d, %q, %q, NSFP %q, reason %s} ", o.Certainty, o.Status, o.CoretaxStatus, o.NSFP, why)
	}
	return text
}
