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

// PDF gives the print of an invoice that was approved, from its channel, or a
// link to it. KindConflict when the channel has none.
func (s *Service) PDF(ctx context.Context, tenant, id string) (adapter.PDF, error) {
	d, err := s.DB.Document(ctx, tenant, id)
	if err == nil && d.Kind != faktur.KindInvoice {
		err = repository.ErrNotFound
	}
	if err != nil {
		return adapter.PDF{}, translate(err, "invoice")
	}
	conflict := func(code, detail string) error {
		return &faktur.Error{Kind: faktur.KindConflict, Code: code, Detail: detail, DocumentID: d.ID, DocumentStatus: d.Status}
	}
	c := s.channelNamed(d.Channel)
	printer, can := adapter.Printer(nil), false
	if c != nil {
		printer, can = c.Channel.(adapter.Printer)
	}
	if !can {
		return adapter.PDF{}, conflict("channel_cannot", fmt.Sprintf("The channel %s has no PDFs. A person downloads it in the Coretax portal, under Pajak Keluaran.", d.Channel))
	}
	if d.Status.Open() || d.NSFP == "" {
		return adapter.PDF{}, conflict("not_approved", "There is a PDF once the invoice is approved.")
	}
	pdf, err := s.print(ctx, c, printer, &d)
	switch {
	case errors.Is(err, adapter.ErrNoPDF):
		return pdf, conflict("no_pdf", "The channel has no PDF of this invoice now. Try again later, or download it in the Coretax portal.")
	case err != nil:
		return pdf, &faktur.Error{Kind: faktur.KindUnavailable, Code: "channel_unreachable", Cause: err, RetryAfter: 5 * time.Second,
			Detail: "The channel did not give the PDF. Try again soon."}
	}
	return pdf, nil
}

func (s *Service) print(ctx context.Context, c *channel, printer adapter.Printer, d *faktur.Document) (adapter.PDF, error) {
	description, err := c.describe(ctx)
	if err != nil {
		return adapter.PDF{}, err
	}
	question, err := s.question(ctx, d, description)
	if err != nil {
		return adapter.PDF{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.CallTimeout)
	defer cancel()
	return printer.PDF(ctx, question)
}
