package adaptertest

import (
	"context"
	"slices"

	"github.com/fakturgate/fakturgate/adapter"
)

// Desk makes a Caller of a Writer, so that one suite serves both: a person who
// uploads every file as soon as it is written, and reads the portal's list when
// asked how something fares.
type Desk struct {
	adapter.Writer
	// Upload gives a file to the other side. An error means that it took nothing of it.
	Upload func(file adapter.File) error
	// Listed is what the other side's list says of a document.
	Listed func(q adapter.Question) adapter.Outcome
	// Draw gives a number out of the seller's ranges; nil where the channel asks for none.
	Draw func() string
}

// Submit writes a file of the invoices and one of the returns, and uploads them.
func (d *Desk) Submit(ctx context.Context, batch []adapter.Submission) ([]adapter.Outcome, error) {
	if err := ctx.Err(); err != nil && len(batch) > 0 {
		return nil, &adapter.NotSent{Cause: err}
	}
	outcomes := make([]adapter.Outcome, len(batch))
	for _, returns := range []bool{false, true} {
		var places []int
		var kind []adapter.Submission
		for i, s := range batch {
			if (s.Return != nil) == returns {
				places, kind = append(places, i), append(kind, s)
			}
		}
		made, err := d.carry(kind)
		if err != nil {
			return nil, err
		}
		for n, i := range places {
			outcomes[i] = made[n]
		}
	}
	return outcomes, nil
}

// carry writes one file and uploads it.
func (d *Desk) carry(batch []adapter.Submission) ([]adapter.Outcome, error) {
	if len(batch) == 0 {
		return nil, nil
	}
	file, outcomes, err := d.Write(d.numbered(batch))
	if err != nil {
		return nil, &adapter.NotSent{Cause: err} // there is no file
	}
	if len(file.Content) == 0 {
		return outcomes, nil
	}
	if err := d.Upload(file); err != nil {
		return nil, &adapter.NotSent{Cause: err}
	}
	return outcomes, nil
}

// numbered gives each document its number where it needs one.
func (d *Desk) numbered(batch []adapter.Submission) []adapter.Submission {
	if d.Draw == nil {
		return batch
	}
	batch = slices.Clone(batch)
	for i := range batch {
		batch[i].NSFP = d.Draw()
	}
	return batch
}

// Status reads the list.
func (d *Desk) Status(_ context.Context, questions []adapter.Question) ([]adapter.Outcome, error) {
	var outcomes []adapter.Outcome
	for _, q := range questions {
		outcomes = append(outcomes, d.Listed(q))
	}
	return outcomes, nil
}

// LookUp reads the list, too.
func (d *Desk) LookUp(ctx context.Context, questions []adapter.Question) ([]adapter.Outcome, error) {
	return d.Status(ctx, questions)
}
