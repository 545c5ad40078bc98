package service

import (
	"context"
	"log/slog"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
)

// The trace is what the log says at debug of each document, so that one can be
// followed by its id from acceptance to webhook. It holds no content and no
// message of a channel, which may repeat some. Nothing of it is made unless the
// log takes it.

// tracing says whether the log takes the trace.
func (s *Service) tracing(ctx context.Context) bool { return s.Logger.Enabled(ctx, slog.LevelDebug) }

// save stores steps as repository.DB.Save does, and traces those that were taken.
func (s *Service) save(ctx context.Context, f repository.Fence, steps []repository.Step) (map[string]bool, error) {
	saved, err := s.DB.Save(ctx, f, steps)
	if err == nil {
		s.traceSteps(ctx, steps, saved)
	}
	return saved, err
}

// traceSteps traces the steps of the documents in saved.
func (s *Service) traceSteps(ctx context.Context, steps []repository.Step, saved map[string]bool) {
	if !s.tracing(ctx) {
		return
	}
	for i := range steps {
		d := &steps[i].Document
		if !saved[d.ID] {
			s.Logger.LogAttrs(ctx, slog.LevelDebug, "document had moved meanwhile", slog.String("document", d.ID), slog.Int64("from", steps[i].From))
			continue
		}
		attributes := []slog.Attr{slog.String("document", d.ID), slog.String("status", string(d.Status)), slog.Int("attempt", d.Attempt),
			slog.String("coretax_status", d.CoretaxStatus), slog.String("nsfp", d.NSFP), slog.String("receipt", d.Receipt), slog.String("reason", reasonCode(d.Reason))}
		if len(steps[i].Events) == 0 {
			s.Logger.LogAttrs(ctx, slog.LevelDebug, "document waits", append(attributes, slog.Time("due", d.Work.DueAt))...)
		}
		for _, e := range steps[i].Events {
			s.Logger.LogAttrs(ctx, slog.LevelDebug, "document moved", append(attributes[:len(attributes):len(attributes)],
				slog.String("event", string(e.Type)), slog.Int64("sequence", e.Sequence))...)
		}
	}
}

func reasonCode(r *faktur.Reason) string {
	if r == nil {
		return ""
	}
	return r.Code
}

// traceAccepted traces a document that is in our care from now on, or was already.
func (s *Service) traceAccepted(ctx context.Context, d *faktur.Document, id string, replayed bool) {
	if s.tracing(ctx) {
		s.Logger.LogAttrs(ctx, slog.LevelDebug, "document accepted", slog.String("document", id), slog.String("tenant", d.Tenant),
			slog.String("taxpayer", d.TaxpayerNPWP), slog.String("reference", d.Reference), slog.String("channel", string(d.Channel)), slog.Bool("replayed", replayed))
	}
}

// traceAnswers traces what a channel said of documents that it was asked about.
func (s *Service) traceAnswers(ctx context.Context, documents []faktur.Document, outcomes []adapter.Outcome) {
	if !s.tracing(ctx) {
		return
	}
	for i := range documents {
		message := "document asked about"
		if documents[i].Status == faktur.Submitting {
			message = "document looked up"
		}
		s.Logger.LogAttrs(ctx, slog.LevelDebug, message, slog.String("document", documents[i].ID), slog.Int("attempt", documents[i].Attempt),
			slog.String("answer", saidOf(outcomes[i])), slog.String("coretax_status", outcomes[i].CoretaxStatus))
	}
}

// traceTry traces a webhook try of a document's message.
func (s *Service) traceTry(ctx context.Context, d *repository.Delivery) {
	if s.tracing(ctx) {
		s.Logger.LogAttrs(ctx, slog.LevelDebug, "webhook tried", slog.String("document", d.DocumentID), slog.String("event", d.EventType),
			slog.String("endpoint", d.EndpointID), slog.String("delivery", d.ID), slog.String("message_id", d.MessageID), slog.Int("try", d.Tries),
			slog.Int("status_code", d.StatusCode), slog.String("state", string(d.State)))
	}
}

// allOf names the documents of all steps, for what is stored whole or not at all.
func allOf(steps []repository.Step) map[string]bool {
	ids := make(map[string]bool, len(steps))
	for i := range steps {
		ids[steps[i].Document.ID] = true
	}
	return ids
}
