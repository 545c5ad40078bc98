package klikpajak

import (
	"context"
	"fmt"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
)

// PDF gives Klikpajak's link to the print of an approved document. That it leads
// to one before approval, too, is possible; it is not given then.
func (c *Channel) PDF(ctx context.Context, q adapter.Question) (adapter.PDF, error) {
	a, failed := c.account(q.Provider)
	if failed != nil {
		return adapter.PDF{}, failed
	}
	id := q.Receipt
	if id == "" {
		found, failed := a.search(ctx, q.ClientID)
		if failed != nil {
			return adapter.PDF{}, failed
		}
		if id = found.Receipt; id == "" {
			return adapter.PDF{}, adapter.ErrNoPDF
		}
	}
	d, failed := a.detail(ctx, id)
	if failed != nil && failed.Trouble == adapter.Gone {
		return adapter.PDF{}, fmt.Errorf("%w: %w", adapter.ErrNoPDF, failed)
	}
	if failed != nil {
		return adapter.PDF{}, failed
	}
	if d.TaxInvoiceLink == "" || a.standing(&d).NSFP == "" {
		return adapter.PDF{}, adapter.ErrNoPDF
	}
	link, err := faktur.ParseLink(string(d.TaxInvoiceLink))
	if err != nil {
		return adapter.PDF{}, fmt.Errorf("klikpajak: detail: tax_invoice_link: %w", err)
	}
	return adapter.PDF{Link: link}, nil
}
