package service

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
)

// NSFPRanges gives a taxpayer's ranges of numbers, and what is left of them.
func (s *Service) NSFPRanges(ctx context.Context, tenant, npwp string) (faktur.NSFPRanges, error) {
	if _, err := s.DB.Taxpayer(ctx, tenant, npwp); err != nil {
		return faktur.NSFPRanges{}, translate(err, "taxpayer")
	}
	ranges, err := s.DB.Ranges(ctx, tenant, npwp)
	return faktur.NewNSFPRanges(ranges), translate(err, "taxpayer")
}

// PutNSFPRanges replaces a taxpayer's ranges of numbers. A range from which
// numbers were drawn stays, and goes on where it is.
func (s *Service) PutNSFPRanges(ctx context.Context, by Operator, npwp string, wanted faktur.NSFPRanges) (faktur.NSFPRanges, error) {
	taxpayer, err := s.DB.Taxpayer(ctx, by.Tenant, npwp)
	if err != nil {
		return faktur.NSFPRanges{}, translate(err, "taxpayer")
	}
	if taxpayer.Channel != faktur.ChannelEfakturDesktop {
		return faktur.NSFPRanges{}, faktur.NewError(faktur.KindConflict, "channel_cannot", fmt.Sprintf(
			"This seller is on channel %s, where DJP gives the number on approval. Only efaktur_desktop draws numbers from ranges.", taxpayer.Channel))
	}
	parsed, err := wanted.Parse()
	if err != nil {
		return faktur.NSFPRanges{}, err
	}
	ranges, err := s.DB.SaveRanges(ctx, repository.RangeChange{Tenant: by.Tenant, TaxpayerNPWP: npwp, Ranges: parsed, At: s.Now(),
		Audit: s.audited(by, "taxpayer.nsfp_ranges", npwp, fmt.Sprintf("%d ranges", len(parsed)))})
	if errors.Is(err, repository.ErrRangeInUse) {
		return faktur.NSFPRanges{}, faktur.NewError(faktur.KindConflict, "range_in_use",
			"Numbers were drawn from one of the ranges that are there. It has to stay with its first number and at least up to the last one drawn: GET it, and change only what is free.")
	}
	return faktur.NewNSFPRanges(ranges), translate(err, "taxpayer")
}

// noNumberPause is how long a document waits that found no number left; new
// ranges let it go at once.
const noNumberPause = time.Minute

// number finds a number for every document of a batch where the channel draws
// them out of the seller's ranges, by the document's id. A document that has
// one keeps its serial. Those that find none left wait in the queue and say
// why. Nothing is drawn before the file is stored.
func (s *Service) number(ctx context.Context, part repository.Part, description adapter.Description, batch []repository.Stored) (numbered, error) {
	n := numbered{batch: batch}
	if !description.Capabilities.DrawsNSFP {
		return n, nil
	}
	first := &batch[0].Document
	ranges, err := s.DB.Ranges(ctx, first.Tenant, first.TaxpayerNPWP)
	if err != nil {
		return n, err
	}
	pool := numberPool{ranges: ranges}
	n.batch, n.numbers = nil, map[string]string{}
	var waiting []faktur.Document
	for i := range batch {
		d := &batch[i].Document
		serial := pool.serialFor(d)
		if serial == "" {
			waiting = append(waiting, *d)
			continue
		}
		n.numbers[d.ID] = faktur.LegacyNSFP(batch[i].Content.TrxCode, serial)
		n.batch = append(n.batch, batch[i])
	}
	n.draws = pool.draws(first.Tenant, first.TaxpayerNPWP)
	if len(waiting) > 0 {
		err = s.settleOnce(ctx, part, waiting, s.withoutNumber)
	}
	return n, err
}

// numbered is a batch with the numbers that its documents get.
type numbered struct {
	batch   []repository.Stored
	numbers map[string]string // by document id
	draws   []repository.Draw
}

// numberPool hands out serials; what it took is in next.
type numberPool struct {
	ranges []faktur.NumberRange
	taken  []int64 // of each range
}

// serialFor gives the serial that a document has, or else the next free one; ""
// when none is left.
func (p *numberPool) serialFor(d *faktur.Document) string {
	if nsfp, err := faktur.ParseNSFP(d.NSFP); err == nil {
		return nsfp.Serial
	}
	if p.taken == nil {
		p.taken = make([]int64, len(p.ranges))
	}
	for i, r := range p.ranges {
		if p.taken[i] < r.Left() {
			p.taken[i]++
			return faktur.FormatSerial(r.Next + p.taken[i] - 1)
		}
	}
	return ""
}

func (p *numberPool) draws(tenant, npwp string) []repository.Draw {
	var draws []repository.Draw
	for i, n := range p.taken {
		if n > 0 {
			r := p.ranges[i]
			draws = append(draws, repository.Draw{Tenant: tenant, TaxpayerNPWP: npwp, First: r.First, From: r.Next, Next: r.Next + n})
		}
	}
	return draws
}

// withoutNumber is the verdict on a document for which no number is left.
func (s *Service) withoutNumber(_ int, d *faktur.Document) ([]faktur.Event, error) {
	now := s.Now()
	d.Reason = &faktur.Reason{Code: "nsfp_ranges_empty", Action: faktur.ActionRetry, Origin: faktur.OriginGateway,
		Message: "No number is left in the seller's ranges. Ask e-Nofa for more and send them to PUT /taxpayers/" + d.TaxpayerNPWP + "/nsfp-ranges; it goes on by itself then."}
	d.UpdatedAt, d.Work.DueAt = now, now.Add(noNumberPause)
	return nil, nil
}

// warnOfNumbers adds to a registration that its numbers run out.
func (s *Service) warnOfNumbers(ctx context.Context, t *faktur.Taxpayer) error {
	if t.Channel != faktur.ChannelEfakturDesktop {
		return nil
	}
	ranges, err := s.DB.Ranges(ctx, t.Tenant, t.NPWP)
	if err != nil {
		return translate(err, "taxpayer")
	}
	left := faktur.NewNSFPRanges(ranges).Left
	if left >= faktur.LowOnNSFPs {
		return nil
	}
	warning := faktur.Fault{Pointer: "/channel", Code: "nsfp_ranges_low", Message: fmt.Sprintf("%d numbers are left in this seller's ranges.", left)}
	if left == 0 {
		warning.Code, warning.Message = "nsfp_ranges_empty", "No number is left in this seller's ranges: its invoices wait in queued."
	}
	warning.Message += " Ask e-Nofa for more and send them to PUT /taxpayers/" + t.NPWP + "/nsfp-ranges."
	t.Warnings = append(t.Warnings, warning)
	return nil
}
