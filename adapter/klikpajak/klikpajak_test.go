package klikpajak_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/adapter/adaptertest"
	"github.com/fakturgate/fakturgate/adapter/klikpajak"
	"github.com/fakturgate/fakturgate/adapter/klikpajak/klikpajaktest"
	"github.com/fakturgate/fakturgate/faktur"
)

const (
	seller   = "0012345674901000"
	clientID = "app-1234"
	secret   = "s3cret-of-the-seller"
)

// clock is a clock that the test moves.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

// bench is the channel in front of a fresh Klikpajak.
type bench struct {
	*klikpajaktest.Server
	clock
	faulty  *adaptertest.Faulty
	channel *klikpajak.Channel
	address string
}

func open(t *testing.T, config klikpajaktest.Config) *bench {
	t.Helper()
	b := &bench{}
	config.Clients = map[string]klikpajaktest.Client{clientID: {Secret: secret, NPWP: seller}, "another": {Secret: "another", NPWP: "0098765431109000"}}
	config.SigningDelay, config.Now = time.Second, b.now
	b.Server = klikpajaktest.New(config)
	b.faulty = &adaptertest.Faulty{Inner: b.Server}
	address, transport := b.faulty.Serve(t)
	channel, err := klikpajak.New(klikpajak.Config{BaseURL: address, Transport: transport, Now: b.now})
	if err != nil {
		t.Fatal(err)
	}
	b.channel, b.address = channel, address
	return b
}

func provider() *faktur.Provider { return &faktur.Provider{ClientID: clientID, ClientSecret: secret} }

// submission gives one that signs in.
func submission(t *testing.T, reference string) adapter.Submission {
	s := adaptertest.Submission(t, reference, true)
	s.TaxpayerName, s.Provider = "PT Penjual", provider()
	return s
}

func (b *bench) submit(t *testing.T, batch ...adapter.Submission) []adapter.Outcome {
	t.Helper()
	outcomes, err := b.channel.Submit(t.Context(), batch)
	if err != nil || len(outcomes) != len(batch) {
		t.Fatalf("Submit = %+v, %v", outcomes, err)
	}
	return outcomes
}

func (b *bench) lookUp(t *testing.T, s adapter.Submission) adapter.Outcome {
	t.Helper()
	outcomes, err := b.channel.LookUp(t.Context(), []adapter.Question{adaptertest.QuestionAbout(s)})
	if err != nil || len(outcomes) != 1 {
		t.Fatalf("LookUp = %+v, %v", outcomes, err)
	}
	return outcomes[0]
}

func (b *bench) status(t *testing.T, s adapter.Submission, receipt string) adapter.Outcome {
	t.Helper()
	q := adaptertest.QuestionAbout(s)
	q.Receipt = receipt
	outcomes, err := b.channel.Status(t.Context(), []adapter.Question{q})
	if err != nil || len(outcomes) != 1 {
		t.Fatalf("Status = %+v, %v", outcomes, err)
	}
	return outcomes[0]
}

// approve files a submission and waits until it is approved.
func (b *bench) approve(t *testing.T, s adapter.Submission) adapter.Outcome {
	t.Helper()
	receipt := b.submit(t, s)[0].Receipt
	b.advance(time.Minute)
	o := b.status(t, s, receipt)
	if o.Status != faktur.Approved {
		t.Fatalf("Status = %+v, want it approved", o)
	}
	return o
}

// TestContract holds the channel to the contract in front of the other side, as
// it is and where nothing is approved by itself.
func TestContract(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]klikpajaktest.Config{
		"automatic": {}, "drafts": {Drafts: true}, "forgetful": {Forgets: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			adaptertest.Run(t, faktur.ChannelKlikpajak, adaptertest.Harness{Faults: adaptertest.Faults(), Spoil: spoil, Open: func(t *testing.T) *adaptertest.Bench {
				b := open(t, config)
				return &adaptertest.Bench{
					Channel: b.channel, Livemode: true, Provider: provider(), Break: b.faulty.Break,
					Filed:  func(s adapter.Submission) int { return b.Filed(s.Reference) },
					Settle: func() { b.advance(time.Minute) },
				}
			}})
		})
	}
}

// spoil makes Klikpajak refuse it at the door.
func spoil(s adapter.Submission) adapter.Submission {
	s.Invoice.Buyer.IDNumber, s.Invoice.Buyer.NITKU = "12345", ""
	return s
}

// TestHalfDone: whatever goes wrong in one step, with the outcome kept or lost in
// a crash, in the end there is one document, and it was filed once.
func TestHalfDone(t *testing.T) {
	t.Parallel()
	for _, step := range []string{http.MethodPost, http.MethodPut} {
		for _, fault := range adaptertest.Faults() {
			for _, config := range []klikpajaktest.Config{{Drafts: step == http.MethodPut}, {Drafts: true}, {Drafts: true, Forgets: true}} {
				for _, crash := range []bool{false, true} {
					t.Run(fmt.Sprintf("%s %s, %+v, crash %t", step, fault, config, crash), func(t *testing.T) {
						t.Parallel()
						halfDone(t, config, step, fault, crash)
					})
				}
			}
		}
	}
}

func halfDone(t *testing.T, config klikpajaktest.Config, step string, fault adaptertest.Fault, crash bool) {
	b := open(t, config)
	b.faulty.Only = func(r *http.Request) bool { return r.Method == step }
	b.submit(t, submission(t, "INV/BEFORE")) // so that connections are kept
	s := submission(t, "INV/HALF")
	b.faulty.Break(fault)
	patience := 30 * time.Second
	if fault == adaptertest.Silent {
		patience = 300 * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	outcomes, err := b.channel.Submit(ctx, []adapter.Submission{s})
	b.faulty.Break(adaptertest.Mended)
	b.advance(time.Minute)
	filed := b.Filed(s.Reference)
	if _, notSent := errors.AsType[*adapter.NotSent](err); notSent && filed != 0 {
		t.Errorf("NotSent, and it was filed %d times", filed)
	}
	if err == nil && outcomes[0].Certainty == adapter.NotTaken && filed != 0 {
		t.Errorf("NotTaken, and it was filed %d times", filed)
	}
	if err == nil && !crash {
		s.Receipt = outcomes[0].Receipt
	}
	found := b.lookUp(t, s)
	if want := map[bool]bool{true: found.Status == faktur.Approved, false: found.Certainty == adapter.NotTaken || found.Certainty == adapter.Absent}; !want[filed == 1] {
		t.Errorf("LookUp = %+v, and it was filed %d times", found, filed)
	}
	if found.Certainty != adapter.Known {
		if found.Receipt != "" {
			s.Receipt = found.Receipt
		}
		if again := b.submit(t, s)[0]; again.Status != faktur.SigningInProgress {
			t.Errorf("Submit again = %+v", again)
		}
	}
	if all := b.Documents(s.Reference); len(all) != 1 || all[0].Approvals != 1 {
		t.Errorf("in the end there are %+v, want one document filed once", all)
	}
}

// TestPostIsNotRepeated: net/http repeats by itself what has an X-Idempotency-Key,
// on a connection that was used before and is cut.
func TestPostIsNotRepeated(t *testing.T) {
	t.Parallel()
	b := open(t, klikpajaktest.Config{})
	for _, fault := range []adaptertest.Fault{adaptertest.DroppedAfter, adaptertest.DroppedBefore} {
		b.submit(t, submission(t, "INV/FIRST")) // leaves a connection
		posts := atomic.Int64{}
		b.faulty.Only = func(r *http.Request) bool {
			if r.Method == http.MethodPost {
				posts.Add(1)
			}
			return true
		}
		b.faulty.Break(fault)
		if outcomes, err := b.channel.Submit(t.Context(), []adapter.Submission{submission(t, "INV/CUT")}); err == nil {
			t.Errorf("%s: Submit = %+v without an error", fault, outcomes)
		}
		if n := posts.Load(); n != 1 {
			t.Errorf("%s: %d POSTs, want 1", fault, n)
		}
		b.faulty.Break(adaptertest.Mended)
		b.faulty.Only = nil
	}
}

// TestSameAttemptSentAgain: it is known by its key, or refused for its
// client_reference_id and then found; never filed twice, never taken for refused.
func TestSameAttemptSentAgain(t *testing.T) {
	t.Parallel()
	for _, config := range []klikpajaktest.Config{{}, {Forgets: true}, {Drafts: true}, {Drafts: true, Forgets: true}} {
		b := open(t, config)
		s := submission(t, "INV/TWICE")
		for range 3 {
			if o := b.submit(t, s)[0]; o.Certainty != adapter.Known || o.Status != faktur.SigningInProgress {
				t.Errorf("%+v: Submit = %+v %+v", config, o, o.Reason)
			}
		}
		if n := b.Filed(s.Reference); n != 1 {
			t.Errorf("%+v: filed %d times", config, n)
		}
	}
}

// TestRefusedThenCorrected: the next attempt is a document of its own, and the
// one before is asked for first.
func TestRefusedThenCorrected(t *testing.T) {
	t.Parallel()
	b := open(t, klikpajaktest.Config{Reject: func(inv klikpajaktest.Invoice) string {
		if inv.Customer.Name != "PT Pembeli Baru" {
			return "NPWP pembeli tidak aktif"
		}
		return ""
	}})
	s := submission(t, "INV/REFUSED")
	first := b.submit(t, s)[0]
	b.advance(time.Minute)
	invalid := b.status(t, s, first.Receipt)
	if invalid.Status != faktur.SavedInvalid || invalid.CoretaxStatus != "REJECTED" || invalid.Reason == nil ||
		invalid.Reason.Action != faktur.ActionCorrectContent || invalid.Reason.Message != "NPWP pembeli tidak aktif" || invalid.Reason.Origin != faktur.OriginTaxSystem {
		t.Fatalf("Status = %+v %+v, want it refused", invalid, invalid.Reason)
	}
	again := submission(t, s.Reference)
	again.Receipt, again.Invoice.Buyer.Name = first.Receipt, "PT Pembeli Baru"
	// Its answer is lost: what is found must be this attempt, not the one before.
	if o := b.lookUp(t, again); o.Certainty != adapter.Absent {
		t.Errorf("LookUp of what was not sent = %+v, want Absent", o)
	}
	second := b.submit(t, again)[0]
	if second.Status != faktur.SigningInProgress || second.Receipt == first.Receipt {
		t.Fatalf("Submit again = %+v", second)
	}
	b.advance(time.Minute)
	for _, receipt := range []string{second.Receipt, first.Receipt, ""} {
		if o := b.status(t, again, receipt); o.Status != faktur.Approved || o.Receipt != second.Receipt {
			t.Errorf("Status by %q = %+v, want it approved", receipt, o)
		}
	}
	if all := b.Documents(s.Reference); len(all) != 2 || all[0].ApprovalStatus != klikpajaktest.Rejected {
		t.Errorf("there are %+v, want the refused one and the approved one", all)
	}
}

// TestFormerAttemptThatGotThrough: what was thought refused and is filed after all
// is not filed a second time; a draft of it is not approved with its old content.
func TestFormerAttemptThatGotThrough(t *testing.T) {
	t.Parallel()
	b := open(t, klikpajaktest.Config{})
	s := submission(t, "INV/THROUGH")
	approved := b.approve(t, s)
	again := submission(t, s.Reference)
	again.Receipt = approved.Receipt
	if o := b.submit(t, again)[0]; o.Status != faktur.Approved || o.NSFP != approved.NSFP || b.Filed(s.Reference) != 1 {
		t.Errorf("Submit = %+v, filed %d times", o, b.Filed(s.Reference))
	}
	for _, mute := range []bool{false, true} {
		b = open(t, klikpajaktest.Config{Drafts: true, Mute: mute})
		b.faulty.Only = func(r *http.Request) bool { return r.Method == http.MethodPut }
		b.faulty.Break(adaptertest.TurnedAway)
		draft := b.submit(t, s)[0]
		b.faulty.Break(adaptertest.Mended)
		if draft.Certainty != adapter.NotTaken || draft.Receipt == "" {
			t.Fatalf("Submit = %+v, want NotTaken with the draft's id", draft)
		}
		again.Receipt, again.Invoice.Buyer.Name = draft.Receipt, "PT Pembeli Baru"
		b.submit(t, again)
		all := b.Documents(s.Reference)
		if len(all) != 2 || all[0].Approvals != 0 || all[1].Approvals != 1 || all[1].Body.Customer.Name != "PT Pembeli Baru" {
			t.Errorf("there are %+v, want the new content approved", all)
		}
	}
}

// TestReplacement: it goes as a substitution of the original's id; what Klikpajak
// does not hold itself it cannot replace.
func TestReplacement(t *testing.T) {
	t.Parallel()
	b := open(t, klikpajaktest.Config{})
	original := submission(t, "INV/REPLACED")
	approved := b.approve(t, original)
	s := submission(t, original.Reference)
	s.ReplacesNSFP = approved.NSFP
	if o := b.submit(t, s)[0]; o.Status != faktur.SavedInvalid || o.Reason.Code != "channel_cannot" || b.Calls("create") != 1 {
		t.Errorf("a replacement of what is not there = %+v", o)
	}
	s.ReplacesReceipt = approved.Receipt
	if o := b.lookUp(t, s); o.Certainty != adapter.Absent {
		t.Errorf("LookUp of what was not sent = %+v, want Absent", o)
	}
	if o := b.approve(t, s); o.NSFP == approved.NSFP || !strings.HasPrefix(o.NSFP, "0401") {
		t.Errorf("the replacement's number is %q", o.NSFP)
	}
	if o := b.status(t, original, approved.Receipt); o.Status != faktur.Amended || o.CoretaxStatus != "SUBSTITUED" || o.NSFP != approved.NSFP {
		t.Errorf("what was replaced is %+v", o)
	}
}
