package service_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
	"github.com/fakturgate/fakturgate/service"
	"github.com/fakturgate/fakturgate/simulator"
)

const (
	siti, budi   = "3174015506800001", "3174015506800002"
	otherSeller  = "0012345674902000"
	wrongWord    = "SIM-WRONG-Rahasia"
	rightWord    = "Rahasia-Benar"
	rightWordToo = "Rahasia-Juga-Benar"
)

// signer registers a signer of a seller.
func (g *gateway) signer(t *testing.T, npwp, id string, priority int, passphrase string) faktur.Signer {
	t.Helper()
	signer, _, err := g.PutSigner(context.Background(), service.Operator{Tenant: tenant, Actor: "test"}, faktur.Signer{TaxpayerNPWP: npwp,
		ID: id, Name: "Penanda Tangan " + id, Priority: priority, Passphrase: faktur.Secret(passphrase)})
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// signerNow is a seller's signer as it is now.
func (g *gateway) signerNow(t *testing.T, npwp, id string) faktur.Signer {
	t.Helper()
	signers, err := g.Signers(context.Background(), tenant, npwp)
	if err != nil {
		t.Fatal(err)
	}
	for _, signer := range signers {
		if signer.ID == id {
			return signer
		}
	}
	t.Fatalf("%s is no signer", id)
	return faktur.Signer{}
}

func (g *gateway) postFor(t *testing.T, npwp, reference string) string {
	t.Helper()
	accepted, err := g.Accept(context.Background(), service.Request{Tenant: tenant}, invoice(npwp, reference))
	if err != nil {
		t.Fatal(err)
	}
	return accepted.DocumentID
}

// eventData are the events of a document of one type, decoded.
func (g *gateway) eventData(t *testing.T, id string, kind faktur.EventType) []faktur.EventData {
	t.Helper()
	var list []faktur.EventData
	for _, e := range g.told(t, id, kind) {
		var data faktur.EventData
		if err := json.Unmarshal(e.Data, &data); err != nil {
			t.Fatal(err)
		}
		list = append(list, data)
	}
	return list
}

// pausedSigners are the signer.paused events in the feed.
func (g *gateway) pausedSigners(t *testing.T) []faktur.SignerPausedData {
	t.Helper()
	var list []faktur.SignerPausedData
	for after := ""; ; {
		events, next, err := g.Feed(context.Background(), tenant, after, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			var data faktur.SignerPausedData
			if e.Type != faktur.EventSignerPaused {
				continue
			}
			if err := json.Unmarshal(e.Data, &data); err != nil {
				t.Fatal(err)
			}
			list = append(list, data)
		}
		if len(events) == 0 {
			return list
		}
		after = next
	}
}

// 200 invoices, and the first signer has a wrong passphrase: three fail and no
// more, the signer is paused, and the second one signs all of them. Nothing else
// is held up.
func TestAWrongPassphraseIsFoundByThree(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		again := largestAgain{largest{most: new(atomic.Int64)}}
		g := between(t, db, simulator.Config{}, func(sim http.Handler) http.Handler { return sim },
			func(c *service.Config) {
				again.Caller = c.Channels[0].(adapter.Caller)
				c.Channels = []adapter.Channel{&again}
			})
		g.mendItself(t, seller, 3)
		g.register(t, otherSeller)
		g.signer(t, seller, siti, 1, wrongWord)
		g.signer(t, seller, budi, 2, rightWord)
		var ids []string
		for i := range 200 {
			ids = append(ids, g.postFor(t, seller, fmt.Sprint("INV/", i)))
		}
		for i := range 20 {
			g.becomes(t, g.postFor(t, otherSeller, fmt.Sprint("OTHER/", i)), faktur.Approved)
		}
		failed := 0
		for _, id := range ids {
			g.becomes(t, id, faktur.Approved)
			for _, data := range g.eventData(t, id, "invoice.saved_invalid") {
				failed++
				if data.Signer != siti || data.Reason.Action != faktur.ActionChangeSigner {
					t.Errorf("failed for %s: %+v", data.Signer, data.Reason)
				}
			}
			if approved := g.eventData(t, id, "invoice.approved"); len(approved) != 1 || approved[0].Signer != budi {
				t.Errorf("approved %+v", approved)
			}
		}
		first, second := g.signerNow(t, seller, siti), g.signerNow(t, seller, budi)
		if failed != 3 || first.Failures != 3 || !first.Paused() || first.Proven {
			t.Errorf("%d documents failed; the first signer is %+v", failed, first)
		}
		if !second.Proven || second.Failures != 0 || second.Paused() {
			t.Errorf("the second signer is %+v", second)
		}
		if told := g.pausedSigners(t); len(told) != 1 || told[0].Signer != siti || told[0].Failures != 3 || told[0].TaxpayerNPWP != seller || told[0].Reason == nil {
			t.Errorf("told %+v", told)
		}
		if again.most.Load() > 1 {
			t.Errorf("%d re-uploads in one hand-over", again.most.Load())
		}
	})
}

// After another passphrase one document goes first; the others wait for it, and
// only for it.
func TestOneDocumentGoesFirst(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		g := start(t, db, simulator.Config{})
		operator := service.Operator{Tenant: tenant, Actor: "test", Why: "on leave"}
		g.signer(t, seller, siti, 1, rightWord)
		if _, err := g.PauseSigner(ctx, operator, seller, siti); err != nil {
			t.Fatal(err)
		}
		ids := []string{g.post(t, "INV/first SIM-STUCK")}
		for i := range 20 {
			ids = append(ids, g.post(t, fmt.Sprint("INV/", i)))
		}
		reason := func(id string) string {
			view, err := g.Status(ctx, tenant, id)
			if err != nil {
				t.Fatal(err)
			}
			if view.Reason == nil || view.Status != faktur.Queued {
				return ""
			}
			return view.Reason.Code
		}
		for _, id := range ids {
			eventually(t, "it waits for a signer", func() bool { return reason(id) == "no_usable_signer" })
		}
		g.signer(t, seller, siti, 1, rightWordToo)
		if after := g.signerNow(t, seller, siti); !after.Paused() {
			t.Error("another passphrase took an operator's pause back")
		}
		if _, err := g.ResumeSigner(ctx, operator, seller, siti); err != nil {
			t.Fatal(err)
		}
		g.becomes(t, ids[0], faktur.SigningInProgress)
		for _, id := range ids[1:] {
			eventually(t, "it waits for the first", func() bool { return reason(id) == "signer_on_trial" })
		}
		release := httptest.NewRequestWithContext(ctx, http.MethodPost, "/v1/simulator/release", strings.NewReader(`{"reference":"INV/first SIM-STUCK"}`))
		g.sim.Handler().ServeHTTP(httptest.NewRecorder(), release)
		for _, id := range ids {
			g.becomes(t, id, faktur.Approved)
		}
		if !g.signerNow(t, seller, siti).Proven {
			t.Error("the signer is not proven")
		}
	})
}

// A first document that hangs in signing does not hold the others for ever.
func TestATrialThatHangsHoldsNobodyForLong(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		g := start(t, db, simulator.Config{}, func(c *service.Config) { c.ReuploadWait = c.Lease / 10 })
		g.signer(t, seller, siti, 1, rightWord)
		stuck := g.post(t, "INV/1 SIM-STUCK")
		g.becomes(t, stuck, faktur.SigningInProgress)
		other := g.post(t, "INV/2")
		g.becomes(t, other, faktur.Approved)
		g.becomes(t, stuck, faktur.SigningInProgress)
	})
}

// A document that failed for its only signer waits until there is another.
func TestTheNextSignerMayComeLater(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		g := start(t, db, simulator.Config{})
		g.mendItself(t, seller, 2)
		g.signer(t, seller, siti, 1, wrongWord)
		id := g.post(t, "INV/1")
		g.becomes(t, id, faktur.SavedInvalid)
		g.signer(t, seller, budi, 2, wrongWord)
		eventually(t, "its last attempt has failed", func() bool { return len(g.told(t, id, "invoice.saved_invalid")) == 2 })
		g.signer(t, seller, "3174015506800003", 3, rightWord)
		second := g.post(t, "INV/2") // siti again, by priority
		eventually(t, "another has failed", func() bool { return len(g.told(t, second, "invoice.saved_invalid")) > 0 })
		if view, err := g.Status(context.Background(), tenant, id); err != nil || view.Status != faktur.SavedInvalid {
			t.Errorf("after its last attempt: %+v, %v", view, err)
		}
	})
}

// mendItself has a seller's documents uploaded again with the next signer.
func (g *gateway) mendItself(t *testing.T, npwp string, attempts int) {
	t.Helper()
	_, _, err := g.Register(context.Background(), faktur.Taxpayer{Tenant: tenant, NPWP: npwp, Name: "PT Penjual", Channel: faktur.ChannelPJAP,
		Settings: faktur.Settings{AutoReupload: &faktur.AutoReupload{MaxAttempts: attempts}}}, service.Operator{Tenant: tenant})
	if err != nil {
		t.Fatal(err)
	}
}

// largestAgain notes the most re-uploads that went in one hand-over.
type largestAgain struct{ largest }

func (l *largestAgain) Submit(ctx context.Context, batch []adapter.Submission) ([]adapter.Outcome, error) {
	n := int64(0)
	for _, s := range batch {
		if !strings.HasSuffix(s.ClientID, "-1") {
			n++
		}
	}
	l.most.Store(max(l.most.Load(), n))
	return l.Caller.Submit(ctx, batch)
}
