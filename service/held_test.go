package service_test

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/adapter/pjap"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
	"github.com/fakturgate/fakturgate/service"
	"github.com/fakturgate/fakturgate/simulator"
)

// What was filed elsewhere would be filed twice: nothing that lets other documents
// go lets this one go, and a list that says it again changes nothing.
func TestWhatWasFiledElsewhereIsHeldForGood(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, event := range map[string]func(t *testing.T, g *gateway) error{
		"a signer changes": func(t *testing.T, g *gateway) error {
			g.signer(t, seller, "3174015506800001", 1, "Rahasia#2026")
			return nil
		},
		"the seller changes its channel": func(_ *testing.T, g *gateway) error {
			taxpayer, err := g.db.Taxpayer(ctx, tenant, seller)
			if err != nil {
				return err
			}
			taxpayer.Channel = faktur.ChannelPajakio
			_, _, err = g.db.SaveTaxpayer(ctx, taxpayer, time.Now(), repository.Move{})
			return err
		},
		"it follows its seller": func(_ *testing.T, g *gateway) error {
			documents, err := g.db.Queued(ctx, "", 10)
			if err != nil {
				return err
			}
			return g.db.FollowTaxpayers(ctx, []string{documents[0].ID})
		},
		"its seller is paused, and resumed": func(_ *testing.T, g *gateway) error {
			if _, err := g.Pause(ctx, anybody, seller); err != nil {
				return err
			}
			_, err := g.Resume(ctx, anybody, seller)
			return err
		},
		"the database is restored": func(_ *testing.T, g *gateway) error {
			_, err := g.AfterRestore(ctx)
			return err
		},
		"it is corrected": func(_ *testing.T, g *gateway) error {
			documents, err := g.db.Queued(ctx, "", 10)
			if err != nil {
				return err
			}
			corrected := invoice(seller, "INV/1")
			corrected.Buyer.Name = "PT Pembeli Lain"
			_, err = g.Correct(ctx, tenant, documents[0].ID, corrected, 0, false)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			repotest.Each(t, func(t *testing.T, db *repository.DB) {
				g := &gateway{Service: accepting(t, db), db: db}
				g.register(t, seller)
				id := g.post(t, "INV/1")
				elsewhere := service.StatusImport{Content: list([3]string{"INV/1", numberA, "Approved"})}
				g.importList(t, elsewhere)
				if err := event(t, g); err != nil {
					t.Fatal(err)
				}
				g.importList(t, elsewhere)
				documents, err := db.Reread(ctx, []string{id})
				if err != nil {
					t.Fatal(err)
				}
				if d := documents[0]; d.Status != faktur.Queued || !d.Work.DueAt.Equal(faktur.HeldForGood) {
					t.Errorf("it is %s, and due at %v", d.Status, d.Work.DueAt)
				}
				if n := len(g.told(t, id, "invoice.queued")); n != 2 {
					t.Errorf("that it is queued was told %d times, want at first and when it was held", n)
				}
			})
		})
	}
}

// accepting takes documents for the simulated tax system, and has no workers.
func accepting(t *testing.T, db *repository.DB) *service.Service {
	t.Helper()
	sim, err := simulator.New(simulator.Config{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim.Handler())
	t.Cleanup(server.Close)
	channel, err := pjap.New(pjap.Config{BaseURL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	s := newService(t, db, quick, func(c *service.Config) {
		c.Channels = []adapter.Channel{channel}
	})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); s.Run(ctx, false) }()
	t.Cleanup(func() { stop(); <-ended })
	return s
}
