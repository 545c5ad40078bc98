package service_test

import (
	"context"
	"testing"

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
			event, err := step.Document.Apply(faktur.Change{To: faktur.Submitting, At: g.Now()})
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
