package service

import (
	"context"
	"errors"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
)

// Restored is what AfterRestore did.
type Restored struct {
	Doubted int // queued documents that are looked up before anything is sent
	Paused  int // taxpayers whose files a person uploads
}

// AfterRestore makes a database fit to be served from that was restored from a
// backup, and so is older than the tax system. No process may work on it.
//
// What is queued in the backup may have been handed over since. Whether it was is
// not known, and that is what submitting means: it is looked up, adopted when it
// is found, and goes again when it is certainly absent. What goes into files
// cannot be looked up: its taxpayers are paused until a person has compared.
// Repeating it does no harm.
func (s *Service) AfterRestore(ctx context.Context) (Restored, error) {
	var done Restored
	if err := s.nobodyWorks(ctx); err != nil {
		return done, err
	}
	paused := map[repository.TaxpayerKey]bool{}
	for after := ""; ; {
		documents, err := s.DB.Queued(ctx, after, doubtBatch)
		if err != nil || len(documents) == 0 {
			done.Paused = len(paused)
			return done, orError(err, s.DB.AdoptIdentity(ctx, true))
		}
		after = documents[len(documents)-1].ID
		var doubtful []faktur.Document
		for _, d := range documents {
			if d.Work.DueAt.Equal(faktur.HeldForGood) {
				continue // it does not go in any case
			}
			if !d.Channel.WritesFiles() {
				doubtful = append(doubtful, d)
				continue
			}
			key := repository.TaxpayerKey{Tenant: d.Tenant, NPWP: d.TaxpayerNPWP}
			if paused[key] {
				continue
			}
			entry := s.audited(Operator{Tenant: d.Tenant, Actor: "fakturgate restored",
				Why: "restored from a backup: import the portal's list, then resume"}, "taxpayer.pause", d.TaxpayerNPWP, "")
			if _, err := s.DB.PauseTaxpayer(ctx, d.Tenant, d.TaxpayerNPWP, true, s.Now(), entry); err != nil {
				return done, err
			}
			paused[key] = true
		}
		n, err := s.doubt(ctx, doubtful)
		if done.Doubted += n; err != nil {
			return done, err
		}
	}
}

// nobodyWorks gives an error while a process works on this database. In one that
// was just restored none can; the workers in it are those of the backup.
func (s *Service) nobodyWorks(ctx context.Context) error {
	if err := s.DB.CheckIdentity(ctx); err != nil {
		if errors.Is(err, repository.ErrRestored) {
			return nil
		}
		return err
	}
	return s.DB.NobodyWorks(ctx)
}

// doubtBatch is how many queued documents AfterRestore takes at once.
const doubtBatch = 500

// doubt moves queued documents to submitting, and gives how many.
func (s *Service) doubt(ctx context.Context, documents []faktur.Document) (int, error) {
	steps := make([]repository.Step, len(documents))
	now := s.Now()
	for i, d := range documents {
		steps[i] = repository.Step{Document: d, From: d.Sequence}
		event, err := steps[i].Document.Apply(faktur.Change{To: faktur.Submitting, At: now, Reason: &faktur.Reason{
			Code: "restored", Action: faktur.ActionRetry, Origin: faktur.OriginGateway,
			Message: "It was queued in a backup that was restored. Whether it was handed over since is looked up before anything is sent."}})
		if err != nil {
			return 0, err
		}
		steps[i].Document.Work.DueAt = now
		steps[i].Events = []faktur.Event{event}
	}
	saved, err := s.save(ctx, repository.Fence{}, steps)
	return len(saved), err
}

func orError(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}
