package pajakio_test

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
	"github.com/fakturgate/fakturgate/adapter/pajakio"
	"github.com/fakturgate/fakturgate/adapter/pajakio/pajakiotest"
	"github.com/fakturgate/fakturgate/faktur"
)

const (
	seller     = "0012345674901000"
	token      = "t0ken-of-the-seller"
	passphrase = "Rahasia#2026"
	signerID   = "3174015506800001"
)

// clock is a clock that the test moves.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

// bench is the channel in front of a fresh Pajak.io.
type bench struct {
	*pajakiotest.Server
	clock
	faulty  *adaptertest.Faulty
	channel *pajakio.Channel
	address string
}

func open(t *testing.T, config pajakiotest.Config) *bench {
	t.Helper()
	b := &bench{}
	config.Tokens = map[string]string{token: seller, "another": "0098765431109000"}
	config.Passphrases = map[string]string{signerID: passphrase}
	config.SigningDelay, config.Now = time.Second, b.now
	b.Server = pajakiotest.New(config)
	b.faulty = &adaptertest.Faulty{Inner: b.Server}
	address, transport := b.faulty.Serve(t)
	channel, err := pajakio.New(pajakio.Config{BaseURL: address, Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	b.channel, b.address = channel, address
	return b
}

func provider() *faktur.Provider { return &faktur.Provider{Token: token} }

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

func (b *bench) lookUp(t *testing.T, s adapter.Submission, receipt string) adapter.Outcome {
	t.Helper()
	q := adaptertest.QuestionAbout(s)
	q.Receipt = receipt
	outcomes, err := b.channel.LookUp(t.Context(), []adapter.Question{q})
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

// TestContract holds the channel to the contract in front of the other side.
func TestContract(t *testing.T) {
	t.Parallel()
	adaptertest.Run(t, faktur.ChannelPajakio, adaptertest.Harness{Faults: adaptertest.Faults(), Spoil: spoil, Open: func(t *testing.T) *adaptertest.Bench {
		b := open(t, pajakiotest.Config{})
		return &adaptertest.Bench{
			Channel: b.channel, Livemode: true, Provider: provider(), Break: b.faulty.Break,
			Filed:  func(s adapter.Submission) int { return b.Filed(s.Reference) },
			Settle: func() { b.advance(time.Minute) },
		}
	}})
}

// spoil makes Pajak.io refuse it at the door.
func spoil(s adapter.Submission) adapter.Submission {
	s.Invoice.Buyer.NITKU = "1234567890123456000000"
	return s
}

// TestHalfDone: whatever goes wrong in one step, with the outcome kept or lost in
// a crash, in the end there is one document, and it was filed once.
func TestHalfDone(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"POST /efaktur/v3/penjualan", "POST /efaktur/v3/penjualan/upload"} {
		for _, fault := range adaptertest.Faults() {
			for _, crash := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s %s, crash %t", step, fault, crash), func(t *testing.T) {
					t.Parallel()
					halfDone(t, step, fault, crash)
				})
			}
		}
	}
}

func halfDone(t *testing.T, step string, fault adaptertest.Fault, crash bool) {
	b := open(t, pajakiotest.Config{})
	b.faulty.Only = func(r *http.Request) bool { return r.Method+" "+r.URL.Path == step }
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
	receipt := ""
	if err == nil && !crash {
		receipt = outcomes[0].Receipt
	}
	found := b.lookUp(t, s, receipt)
	if want := map[bool]bool{true: found.Status == faktur.Approved, false: found.Certainty == adapter.NotTaken || found.Certainty == adapter.Absent}; !want[filed == 1] {
		t.Errorf("LookUp = %+v, and it was filed %d times", found, filed)
	}
	if found.Certainty != adapter.Known {
		s.Receipt = found.Receipt
		if again := b.submit(t, s)[0]; again.Status != faktur.SigningInProgress {
			t.Errorf("Submit again = %+v", again)
		}
	}
	if all := b.Documents(s.Reference); len(all) != 1 || all[0].Uploads != 1 {
		t.Errorf("in the end there are %+v, want one document filed once", all)
	}
}

// TestRefusedThenCorrected: the same document is written anew and uploaded again.
func TestRefusedThenCorrected(t *testing.T) {
	t.Parallel()
	b := open(t, pajakiotest.Config{})
	s := submission(t, "INV/REFUSED")
	s.Signer = &faktur.Signer{ID: signerID, Name: "Siti", Position: "Direktur", City: "Jakarta", Passphrase: "Salah#1"}
	first := b.submit(t, s)[0]
	b.advance(time.Minute)
	invalid := b.status(t, s, first.Receipt)
	if invalid.Status != faktur.SavedInvalid || invalid.CoretaxStatus != "DITOLAK" || invalid.Reason == nil ||
		invalid.Reason.Action != faktur.ActionChangeSigner || !strings.Contains(invalid.Reason.Message, "Passphrase tidak dikenali") {
		t.Fatalf("Status = %+v %+v, want it refused for its signer", invalid, invalid.Reason)
	}
	again := s
	again.ClientID, again.Receipt, again.Signer = s.ClientID+"-2", first.Receipt, &faktur.Signer{ID: signerID, Name: "Siti", Position: "Direktur", City: "Jakarta", Passphrase: passphrase}
	again.Invoice.Buyer.Name = "PT Pembeli Baru"
	if o := b.submit(t, again)[0]; o.Status != faktur.SigningInProgress || o.Receipt != first.Receipt {
		t.Fatalf("Submit again = %+v", o)
	}
	b.advance(time.Minute)
	if o := b.status(t, again, first.Receipt); o.Status != faktur.Approved {
		t.Errorf("Status = %+v, want it approved", o)
	}
	all := b.Documents(s.Reference)
	if len(all) != 1 || all[0].Uploads != 2 || all[0].Body.LawanTransaksi.Nama != "PT Pembeli Baru" {
		t.Errorf("there are %+v, want the one document with its new content", all)
	}
}

// TestReuploadOfUnknownFate: a refusal found by look-up may be the one before, so
// it goes again; what got through meanwhile is found and not written over.
func TestReuploadOfUnknownFate(t *testing.T) {
	t.Parallel()
	b := open(t, pajakiotest.Config{})
	s := submission(t, "INV/AGAIN")
	s.Signer = &faktur.Signer{ID: signerID, Name: "Siti", Position: "Direktur", City: "Jakarta", Passphrase: "Salah#1"}
	receipt := b.submit(t, s)[0].Receipt
	b.advance(time.Minute)
	q := adaptertest.QuestionAbout(s)
	q.Receipt, q.Attempt = receipt, 2
	found, err := b.channel.LookUp(t.Context(), []adapter.Question{q})
	if err != nil || found[0].Certainty != adapter.NotTaken || found[0].Receipt != receipt {
		t.Errorf("LookUp of attempt 2 = %+v, %v; want NotTaken", found, err)
	}
	s.Signer.Passphrase = passphrase
	s.Receipt = receipt
	for range 2 { // the answer to the first one is lost
		if o := b.submit(t, s)[0]; o.Certainty != adapter.Known || o.Status == faktur.SavedInvalid {
			t.Errorf("Submit = %+v", o)
		}
		b.advance(time.Minute)
	}
	if n := b.Filed(s.Reference); n != 2 { // the refused one, and the approved one
		t.Errorf("filed %d times, want 2", n)
	}
}

// TestDeletedThere: a document that somebody deleted in Pajak.io is created anew.
func TestDeletedThere(t *testing.T) {
	t.Parallel()
	b := open(t, pajakiotest.Config{})
	s := submission(t, "INV/DELETED")
	s.Receipt = "trx-999999"
	if o := b.submit(t, s)[0]; o.Status != faktur.SigningInProgress || o.Receipt == s.Receipt || len(b.Documents(s.Reference)) != 1 {
		t.Errorf("Submit = %+v", o)
	}
	if o := b.status(t, s, "trx-999999"); o.Certainty != adapter.Absent {
		t.Errorf("Status = %+v, want Absent", o)
	}
}

// TestReplacement: it goes as pengganti, and is not taken for its original, which
// has the same number.
func TestReplacement(t *testing.T) {
	t.Parallel()
	b := open(t, pajakiotest.Config{})
	original := submission(t, "INV/REPLACED")
	approved := b.approve(t, original)
	s := submission(t, original.Reference)
	s.ReplacesNSFP, s.ReplacesReceipt = approved.NSFP, approved.Receipt
	q := adaptertest.QuestionAbout(s)
	for _, known := range []bool{true, false} {
		q.ReplacesNSFP, q.ReplacesReceipt = approved.NSFP, ""
		if known {
			q.ReplacesReceipt = approved.Receipt
		}
		if found, err := b.channel.LookUp(t.Context(), []adapter.Question{q}); err != nil || found[0].Certainty != adapter.Absent {
			t.Errorf("LookUp of what was not sent = %+v, %v; want Absent", found, err)
		}
	}
	b.submit(t, s)
	b.advance(time.Minute)
	found, err := b.channel.LookUp(t.Context(), []adapter.Question{q})
	if err != nil || found[0].Status != faktur.Approved || found[0].NSFP == approved.NSFP {
		t.Errorf("LookUp = %+v, %v; want the replacement", found, err)
	}
	if o := b.lookUp(t, original, ""); o.NSFP != approved.NSFP {
		t.Errorf("LookUp of the original = %+v, want NSFP %s", o, approved.NSFP)
	}
	body := b.Documents(s.Reference)[1].Body
	if !body.Pengganti || body.NofaDiganti != approved.NSFP {
		t.Errorf("it was sent with pengganti %t, nofaDiganti %q", body.Pengganti, body.NofaDiganti)
	}
}

// TestNumberUsedBefore: an older document whose number became free again is not
// taken for the new one; when its age leaves a doubt, a person decides.
func TestNumberUsedBefore(t *testing.T) {
	t.Parallel()
	for age, want := range map[time.Duration]adapter.Certainty{
		48 * time.Hour: adapter.Absent, time.Hour: adapter.Unknown, -time.Hour: adapter.Known,
	} {
		b := open(t, pajakiotest.Config{})
		s := submission(t, "INV/FREED")
		b.approve(t, s)
		q := adaptertest.QuestionAbout(s)
		q.AcceptedAt = time.Now().Add(age)
		found, err := b.channel.LookUp(t.Context(), []adapter.Question{q})
		if err != nil || found[0].Certainty != want || (want == adapter.Unknown) != (found[0].Reason != nil) {
			t.Errorf("made %s before: %+v, %v; want certainty %d", age, found, err, want)
		}
	}
}

// TestListIsReadToItsEnd: whatever its pages are like.
func TestListIsReadToItsEnd(t *testing.T) {
	t.Parallel()
	for _, config := range []pajakiotest.Config{
		{PageLimit: 3, Unfiltered: true}, {PageLimit: 3, Unfiltered: true, FirstPage: 1}, {PageLimit: 1, FirstPage: 1}, {},
	} {
		b := open(t, config)
		s := submission(t, "INV/FIRST")
		b.submit(t, s)
		for i := range 10 {
			b.submit(t, submission(t, fmt.Sprintf("INV/LATER/%d", i)))
		}
		if found := b.lookUp(t, s, ""); found.Certainty != adapter.Known {
			t.Errorf("%+v: LookUp = %+v, want it found", config, found)
		}
		if found := b.lookUp(t, submission(t, "INV/NEVER"), ""); found.Certainty != adapter.Absent {
			t.Errorf("%+v: LookUp = %+v, want Absent", config, found)
		}
	}
}
