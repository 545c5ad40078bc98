package service_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
	"github.com/fakturgate/fakturgate/service"
)

// An operator's word ends what nobody can find out.
func TestResolve(t *testing.T) {
	t.Parallel()
	const nsfp = "04002600000000001"
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		p := newProvider(t)
		g := startOn(t, db, p.channel, p.sim)
		p.setDown(true)
		submitting := func(reference string) string {
			if _, err := g.Pause(ctx, somebody(""), seller); err != nil { // nobody else touches it
				t.Fatal(err)
			}
			id := g.post(t, reference)
			d, err := db.Document(ctx, tenant, id)
			if err != nil {
				t.Fatal(err)
			}
			step := repository.Step{Document: d, From: d.Sequence}
			event, err := step.Document.Apply(faktur.Change{To: faktur.Submitting, At: g.Now().Add(-time.Hour)})
			if err != nil {
				t.Fatal(err)
			}
			step.Document.Work.DueAt = g.Now().AddDate(0, 0, 1)
			step.Events = []faktur.Event{event}
			if saved, err := db.Save(ctx, repository.Fence{}, []repository.Step{step}); err != nil || !saved[id] {
				t.Fatal(err)
			}
			return id
		}
		first, second, third := submitting("INV/1"), submitting("INV/2"), submitting("INV/3")
		for _, c := range []struct {
			id   string
			word service.Resolution
			want faktur.Status
		}{
			{first, service.Resolution{Filed: true, NSFP: nsfp}, faktur.Approved},
			{second, service.Resolution{Filed: true}, faktur.SigningInProgress},
			{third, service.Resolution{}, faktur.Queued},
		} {
			invoice, err := g.Resolve(ctx, somebody("seen in the portal"), c.id, c.word)
			if err != nil || invoice.Status != c.want || string(invoice.NSFP) != c.word.NSFP {
				t.Errorf("%+v: %s %s, %v", c.word, invoice.Status, invoice.NSFP, err)
			}
			if _, err := g.Resolve(ctx, somebody(""), c.id, c.word); !isConflict(err, "not_submitting") {
				t.Errorf("again: %v", err)
			}
		}
		fourth := submitting("INV/4")
		if _, err := g.Resolve(ctx, somebody(""), fourth, service.Resolution{Filed: true, NSFP: nsfp}); !isConflict(err, "nsfp_taken") {
			t.Errorf("a number that another has: %v", err)
		}
		for _, word := range []service.Resolution{{NSFP: nsfp}, {Filed: true, NSFP: "040.026"}} {
			if _, err := g.Resolve(ctx, somebody(""), fourth, word); faktur.AsError(err).Kind != faktur.KindInvalid {
				t.Errorf("%+v: %v", word, err)
			}
		}
		if entries := g.audits(t, "invoice.resolve"); len(entries) != 3 || entries[0].Why != "seen in the portal" {
			t.Errorf("audited: %+v", entries)
		}
		p.setDown(false)
		if _, err := g.Resume(ctx, somebody(""), seller); err != nil {
			t.Fatal(err)
		}
		g.becomes(t, third, faktur.Approved) // it went again
	})
}

// While a hand-over may still arrive, nobody's word lets the document go again.
func TestNobodyResolvesWhatIsBeingHandedOver(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		p := newProvider(t)
		g := startOn(t, db, p.channel, p.sim)
		if _, err := g.Pause(ctx, somebody(""), seller); err != nil { // nobody else touches it
			t.Fatal(err)
		}
		id := g.post(t, "INV/1")
		d, err := db.Document(ctx, tenant, id)
		if err != nil {
			t.Fatal(err)
		}
		step := repository.Step{Document: d, From: d.Sequence}
		event, err := step.Document.Apply(faktur.Change{To: faktur.Submitting, At: g.Now()})
		if err != nil {
			t.Fatal(err)
		}
		step.Document.Work.DueAt = g.Now().Add(g.Lease + g.CallTimeout)
		step.Events = []faktur.Event{event}
		if saved, err := db.Save(ctx, repository.Fence{}, []repository.Step{step}); err != nil || !saved[id] {
			t.Fatal(err)
		}
		_, err = g.Resolve(ctx, somebody(""), id, service.Resolution{})
		if !isConflict(err, "hand_over_under_way") || faktur.AsError(err).RetryAfter <= 0 {
			t.Fatalf("in the middle of its hand-over: %v", err)
		}
		if _, err := g.Resolve(ctx, somebody("its number is known"), id, service.Resolution{Filed: true}); err != nil {
			t.Errorf("what is there already: %v", err)
		}
	})
}

// An operator's word on a return: its number is the invoice's, so that its
// approval is said by itself.
func TestResolveAReturn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		word service.Resolution
		want faktur.Status
	}{
		"approved":  {service.Resolution{Filed: true, Approved: true}, faktur.Approved},
		"filed":     {service.Resolution{Filed: true}, faktur.SigningInProgress},
		"not filed": {service.Resolution{}, faktur.Queued},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			repotest.Each(t, func(t *testing.T, db *repository.DB) {
				ctx := context.Background()
				g := slowStage(t, db, faktur.Submitting)
				id := g.postReturn(t, "RET/1", someNSFP, 1)
				g.returnBecomes(t, id, faktur.Submitting)
				g.answered(t, id)
				ret, err := g.ResolveReturn(ctx, somebody("seen in the portal"), id, c.word)
				if err != nil || ret.Status != c.want || ret.NSFP != someNSFP {
					t.Errorf("%s %s, %v", ret.Status, ret.NSFP, err)
				}
				if entries := g.audits(t, "return.resolve"); len(entries) != 1 || entries[0].Why != "seen in the portal" || entries[0].Subject != id {
					t.Errorf("audited: %+v", entries)
				}
				if _, err := g.Resolve(ctx, somebody(""), id, c.word); !isNotFound(err) {
					t.Errorf("as an invoice: %v", err)
				}
			})
		})
	}
}

// A draft is said to be one; once it was deleted there it goes as another
// attempt, for the first one's name is spent.
func TestResolveADraft(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		s := stages["awaiting_upload, a draft"](t, db)
		shown, err := s.Invoice(ctx, tenant, s.id)
		if err != nil || !slices.ContainsFunc(shown.Warnings, func(w faktur.Fault) bool { return w.Code == "not_signed" }) {
			t.Errorf("warned of %+v, %v", shown.Warnings, err)
		}
		again, err := s.Resolve(ctx, somebody("deleted at the provider"), s.id, service.Resolution{})
		if err != nil || again.Status != faktur.Queued || again.Attempt != 2 {
			t.Errorf("%s, attempt %d, %v", again.Status, again.Attempt, err)
		}
	})
}
