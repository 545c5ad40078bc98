package service_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/service"
	"github.com/fakturgate/fakturgate/simulator"
)

// hesitant is a tax system that holds its news back until it is free: it then
// says of a document what was true just before.
type hesitant struct {
	adapter.Caller
	at   faktur.Status // where documents stay meanwhile
	free atomic.Bool
}

func (h *hesitant) Submit(ctx context.Context, batch []adapter.Submission) ([]adapter.Outcome, error) {
	outcomes, err := h.Caller.Submit(ctx, batch)
	return h.held(outcomes), err
}

func (h *hesitant) Status(ctx context.Context, questions []adapter.Question) ([]adapter.Outcome, error) {
	outcomes, err := h.Caller.Status(ctx, questions)
	return h.held(outcomes), err
}

func (h *hesitant) LookUp(ctx context.Context, questions []adapter.Question) ([]adapter.Outcome, error) {
	outcomes, err := h.Caller.LookUp(ctx, questions)
	return h.held(outcomes), err
}

func (h *hesitant) Cancel(ctx context.Context, c adapter.Cancellation) (adapter.Outcome, error) {
	outcome, err := h.Caller.(adapter.Canceller).Cancel(ctx, c)
	return h.held([]adapter.Outcome{outcome})[0], err
}

func (h *hesitant) held(outcomes []adapter.Outcome) []adapter.Outcome {
	for i := range outcomes {
		o := &outcomes[i]
		switch {
		case h.free.Load() || o.Certainty != adapter.Known:
		case h.at == faktur.Submitting:
			*o = adapter.Outcome{}
		case h.at == faktur.AwaitingUpload, h.at == faktur.SigningInProgress,
			h.at == faktur.AmendmentPending && o.Status == faktur.Amended,
			h.at == faktur.CancellationPending && o.Status == faktur.Cancelled:
			o.Status, o.NSFP = h.at, ""
		}
	}
	return outcomes
}

// stage is a document that was brought to a status by real calls.
type stage struct {
	*gateway
	slow *hesitant // nil on a file channel
	id   string
}

// slowStage is a gateway on a tax system that lets documents stay at a status.
func slowStage(t *testing.T, db *repository.DB, at faktur.Status) stage {
	t.Helper()
	slow := &hesitant{at: at}
	g := start(t, db, simulator.Config{}, func(c *service.Config) {
		slow.Caller = c.Channels[0].(adapter.Caller)
		c.Channels = []adapter.Channel{slow}
	})
	return stage{gateway: g, slow: slow}
}

// answered waits until a hand-over has its answer, whatever that says.
func (g *gateway) answered(t *testing.T, id string) {
	t.Helper()
	eventually(t, "its hand-over is answered", func() bool {
		d, err := g.db.Document(context.Background(), tenant, id)
		return err == nil && d.Work.DueAt.Before(d.Work.StatusSince.Add(g.Lease+g.CallTimeout))
	})
}

// arrived posts an invoice and waits until it is where the stage keeps it.
func (s stage) arrived(t *testing.T, reference string, at faktur.Status) stage {
	t.Helper()
	s.id = s.post(t, reference)
	s.becomes(t, s.id, at)
	if at == faktur.Submitting {
		s.answered(t, s.id)
	}
	return s
}

// stages bring a document to every status, by the name that docs/state-machine.md gives it.
var stages = map[string]func(*testing.T, *repository.DB) stage{
	"queued": func(t *testing.T, db *repository.DB) stage {
		s := slowStage(t, db, "")
		if _, err := s.Pause(context.Background(), anybody, seller); err != nil {
			t.Fatal(err)
		}
		return s.arrived(t, "INV/1", faktur.Queued)
	},
	"submitting": func(t *testing.T, db *repository.DB) stage {
		return slowStage(t, db, faktur.Submitting).arrived(t, "INV/1", faktur.Submitting)
	},
	"awaiting_upload, in a file": func(t *testing.T, db *repository.DB) stage {
		return stage{gateway: startFiles(t, db, faktur.ChannelCoretaxXML)}.arrived(t, "INV/1", faktur.AwaitingUpload)
	},
	"awaiting_upload, a draft": func(t *testing.T, db *repository.DB) stage {
		return slowStage(t, db, faktur.AwaitingUpload).arrived(t, "INV/1", faktur.AwaitingUpload)
	},
	"signing_in_progress": func(t *testing.T, db *repository.DB) stage {
		return slowStage(t, db, faktur.SigningInProgress).arrived(t, "INV/1", faktur.SigningInProgress)
	},
	"approved": func(t *testing.T, db *repository.DB) stage {
		return slowStage(t, db, "").arrived(t, "INV/1", faktur.Approved)
	},
	"saved_invalid": func(t *testing.T, db *repository.DB) stage {
		return slowStage(t, db, "").arrived(t, "INV/SIM-SAVED-INVALID", faktur.SavedInvalid)
	},
	"amendment_pending": func(t *testing.T, db *repository.DB) stage {
		return replaced(t, db, faktur.AmendmentPending, "INV/SIM-BUYER-CONSENT")
	},
	"amended": func(t *testing.T, db *repository.DB) stage {
		return replaced(t, db, faktur.Amended, "INV/1")
	},
	"cancellation_pending": func(t *testing.T, db *repository.DB) stage {
		return asked(t, db, faktur.CancellationPending, "INV/SIM-BUYER-CONSENT")
	},
	"cancelled": func(t *testing.T, db *repository.DB) stage {
		return asked(t, db, faktur.Cancelled, "INV/1")
	},
}

func replaced(t *testing.T, db *repository.DB, at faktur.Status, reference string) stage {
	t.Helper()
	s := slowStage(t, db, at).arrived(t, reference, faktur.Approved)
	s.replace(t, s.id, corrected(reference, "Kertas A3"))
	s.becomes(t, s.id, at)
	return s
}

func asked(t *testing.T, db *repository.DB, at faktur.Status, reference string) stage {
	t.Helper()
	s := slowStage(t, db, at).arrived(t, reference, faktur.Approved)
	if _, _, err := s.Cancel(context.Background(), tenant, s.id); err != nil {
		t.Fatal(err)
	}
	s.becomes(t, s.id, at)
	return s
}

// listed imports a list in which the portal shows the document so.
func (s stage) listed(t *testing.T, word string) error {
	t.Helper()
	shown, err := s.Invoice(context.Background(), tenant, s.id)
	if err != nil {
		return err
	}
	number := string(shown.NSFP)
	if number == "" && word == "Approved" {
		number = numberA
	}
	result := s.importList(t, service.StatusImport{ExportedAt: time.Now(), Content: list([3]string{shown.Reference, number, word})})
	if len(result.Rows) != 1 || result.Rows[0].Outcome != service.ImportUpdated {
		return fmt.Errorf("the list changed nothing: %+v", result.Rows)
	}
	return nil
}

func (s stage) cancel() error {
	_, _, err := s.Cancel(context.Background(), tenant, s.id)
	return err
}
