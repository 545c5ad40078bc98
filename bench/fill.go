package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
)

// benchTenant is whose key benchKey is.
const benchTenant = "default"

// fillBatch is how many documents are put into the database at once.
const fillBatch = 1000

// filling puts documents into a database, as if the gateway had been at work for
// long: approved ones, and a backlog that is queued.
type filling struct {
	world *world
	plan  *plan
	// versions are those of the sellers' registrations.
	versions map[string]int64
	// sample is what all of them say: five lines.
	sample     faktur.TaxInvoice
	assessment faktur.Assessment
	stored     int
	queued     map[string]string // references of the backlog, by document id
}

func (w *world) newFilling(ctx context.Context, p *plan) (*filling, error) {
	f := &filling{world: w, plan: p, versions: make(map[string]int64, len(p.sellers)), queued: map[string]string{}}
	if err := f.readVersions(ctx); err != nil {
		return nil, err
	}
	return f, f.makeSample()
}

// fill adds so many documents, queued or approved, while the gateway is away.
func (f *filling) fill(ctx context.Context, count int, queued bool) error {
	if count == 0 {
		return nil
	}
	if err := f.world.stopGateway(); err != nil {
		return err
	}
	for left := count; left > 0; left -= fillBatch {
		if err := f.store(ctx, min(left, fillBatch), queued); err != nil {
			return fmt.Errorf("fill the database: %w", err)
		}
		if f.stored%(100*fillBatch) == 0 {
			fmt.Fprintf(f.world.config.Progress, "filling the database: %d documents\n", f.stored)
		}
	}
	if err := f.world.db.Tidy(ctx); err != nil {
		return err
	}
	return f.world.startGateway(ctx)
}

func (f *filling) readVersions(ctx context.Context) error {
	for sellers := range slices.Chunk(f.plan.sellers, fillBatch) {
		keys := make([]repository.TaxpayerKey, len(sellers))
		for i, npwp := range sellers {
			keys[i] = repository.TaxpayerKey{Tenant: benchTenant, NPWP: npwp}
		}
		taxpayers, err := f.world.db.TaxpayersNamed(ctx, keys)
		if err != nil {
			return err
		}
		for i := range taxpayers {
			f.versions[taxpayers[i].NPWP] = taxpayers[i].Version
		}
	}
	return nil
}

func (f *filling) makeSample() error {
	body := f.plan.invoice("F", f.plan.sellers[0], 0, []int{1, 2, 3, 4, 5})
	if err := json.Unmarshal(body, &f.sample); err != nil {
		return err
	}
	var err error
	f.assessment, err = faktur.NewRules(nil).Assess(f.sample, faktur.Settings{}, faktur.ChannelPJAP, time.Now())
	return err
}

func (f *filling) store(ctx context.Context, count int, queued bool) error {
	batch := make([]repository.Acceptance, count)
	for i := range batch {
		batch[i] = f.document(f.stored, queued)
		if f.stored++; queued {
			f.queued[batch[i].Stored.Document.ID] = batch[i].Stored.Document.Reference
		}
	}
	results, err := f.world.db.Accept(ctx, batch)
	for _, r := range results {
		err = errors.Join(err, r.Err)
	}
	return err
}

func (f *filling) document(n int, queued bool) repository.Acceptance {
	now := time.Now()
	npwp := f.plan.sellers[n%len(f.plan.sellers)]
	d := faktur.Document{ID: uuid.Must(uuid.NewV7()).String(), Tenant: benchTenant, Kind: faktur.KindInvoice, Channel: faktur.ChannelPJAP,
		TaxpayerNPWP: npwp, Counterpart: f.sample.Buyer.IDNumber, Reference: fmt.Sprintf("F/%s/%08d", f.plan.run, n),
		Status: faktur.Queued, Attempt: 1, CreatedAt: now, UploadDeadline: faktur.UploadDeadline(f.sample.Date, faktur.ChannelPJAP, nil)}
	d.Work.StatusSince, d.Work.TurnAt, d.Work.LeaveBy = now, now, d.UploadDeadline.EndOfDay()
	event := d.Tell(faktur.EventQueued, "", now)
	if !queued {
		d.Status, d.CoretaxStatus, d.NSFP = faktur.Approved, "Approved", fmt.Sprintf("040026%011d", n)
		event = d.Tell(d.Event("approved"), faktur.SigningInProgress, now)
	}
	a := repository.Acceptance{ContentHash: faktur.ContentHash(f.sample), TaxpayerVersion: f.versions[npwp], Event: event}
	a.Stored.Document, a.Stored.Content, a.Stored.Assessment = d, f.sample, f.assessment
	a.Stored.Content.Reference, a.Stored.Content.Seller.NPWP, a.Stored.Content.Seller.NITKU = d.Reference, npwp, npwp+"000000"
	return a
}
