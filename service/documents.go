package service

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
)

// Invoice gives a tenant's invoice.
func (s *Service) Invoice(ctx context.Context, tenant, id string) (faktur.StoredInvoice, error) {
	return invoiceOf(s.stored(ctx, tenant, faktur.KindInvoice, id))
}

// stored gives a tenant's document of a kind; one of another kind is not there.
func (s *Service) stored(ctx context.Context, tenant string, kind faktur.Kind, id string) (repository.Stored, error) {
	stored, err := s.DB.Stored(ctx, tenant, id)
	if err == nil && stored.Document.Kind != kind {
		err = repository.ErrNotFound
	}
	return stored, translate(err, string(kind))
}

// invoiceOf shows a document that is an invoice.
func invoiceOf(stored repository.Stored, err error) (faktur.StoredInvoice, error) {
	if err != nil {
		return faktur.StoredInvoice{}, err
	}
	return shown(&stored), nil
}

// shown is an invoice as the API shows it, with what must be said about its
// status among its warnings.
func shown(stored *repository.Stored) faktur.StoredInvoice {
	invoice := faktur.NewStoredInvoice(&stored.Document, stored.Content, &stored.Assessment)
	if stored.Document.NSFP == "" {
		invoice.Warnings = append(invoice.Warnings, remains(&stored.Document)...)
	}
	if d := &stored.Document; d.Channel.WritesFiles() && d.Attempt > 1 && heldByCoretax(d) &&
		(d.Status == faktur.Queued || d.Status == faktur.AwaitingUpload) {
		invoice.Warnings = append(invoice.Warnings, faktur.Fault{Pointer: "/status", Code: "delete_in_portal_first",
			Message: "Coretax lists this invoice as " + d.CoretaxStatus + ". A person deletes it there before uploading its file, which would create it a second time."})
	}
	invoice.Warnings = append(invoice.Warnings, unsigned(&stored.Document)...)
	if stored.Document.Wish == faktur.WishCancel {
		invoice.Warnings = append(invoice.Warnings, faktur.Fault{Pointer: "/status", Code: "cancellation_requested",
			Message: "Its cancellation was asked for, and the channel has not answered yet. The gateway keeps asking."})
	}
	return invoice
}

// unsigned warns of a draft that a person must sign where it is.
func unsigned(d *faktur.Document) []faktur.Fault {
	if d.Status != faktur.AwaitingUpload || d.Channel.WritesFiles() {
		return nil
	}
	return []faktur.Fault{{Pointer: "/status", Code: "not_signed",
		Message: "It is a draft in the tax system, and no tax invoice yet. A person signs it there; the gateway follows it."}}
}

// remains warns of a document that was closed here and that the tax system may still list.
func remains(d *faktur.Document) []faktur.Fault {
	if d.Status != faktur.Cancelled || d.CoretaxStatus == "" {
		return nil
	}
	return []faktur.Fault{{Pointer: "/status", Code: "remains_in_coretax",
		Message: "It is closed here. Coretax may still list it as " + d.CoretaxStatus + "; a person deletes it there."}}
}

// InvoiceFilter narrows a list of invoices; a zero field narrows nothing.
type InvoiceFilter struct {
	Status         faktur.Status
	Reference      string
	TaxpayerNPWP   string
	Buyer          string // the buyer's identity number
	NSFP           string
	DateFrom       faktur.Date // inclusive
	DateTo         faktur.Date // inclusive
	UpdatedSince   time.Time   // inclusive
	DeadlineBefore faktur.Date // exclusive
	Limit          int         // at least 1
	Cursor         string
}

// Invoices lists a tenant's invoices, newest first.
func (s *Service) Invoices(ctx context.Context, tenant string, f InvoiceFilter) (Page[faktur.StoredInvoice], error) {
	before, err := openCursor(f.Cursor)
	if err != nil {
		return Page[faktur.StoredInvoice]{}, err
	}
	filter := repository.DocumentFilter{Kind: faktur.KindInvoice, Status: f.Status, Reference: f.Reference,
		TaxpayerNPWP: f.TaxpayerNPWP, Buyer: f.Buyer, NSFP: f.NSFP, DateFrom: f.DateFrom, DateTo: f.DateTo,
		DeadlineBefore: f.DeadlineBefore, BeforeID: before, Limit: f.Limit + 1}
	if !f.UpdatedSince.IsZero() {
		filter.UpdatedSince = f.UpdatedSince.UnixMicro()
	}
	stored, err := s.DB.Documents(ctx, tenant, filter)
	if err != nil {
		return Page[faktur.StoredInvoice]{}, translate(err, "invoice")
	}
	list := make([]faktur.StoredInvoice, len(stored))
	for i := range stored {
		list[i] = shown(&stored[i])
	}
	return newPage(list, f.Limit, func(i faktur.StoredInvoice) string { return i.ID }), nil
}

// Status gives how far an invoice has come.
func (s *Service) Status(ctx context.Context, tenant, id string) (faktur.StatusView, error) {
	return s.status(ctx, tenant, faktur.KindInvoice, id)
}

func (s *Service) status(ctx context.Context, tenant string, kind faktur.Kind, id string) (faktur.StatusView, error) {
	d, err := s.DB.Document(ctx, tenant, id)
	if err == nil && d.Kind != kind {
		err = repository.ErrNotFound
	}
	if err != nil {
		return faktur.StatusView{}, translate(err, string(kind))
	}
	return faktur.NewStatusView(&d), nil
}

// AwaitStatus is Status as soon as the invoice's sequence passes after, or
// when wait is over, whichever process makes the change.
func (s *Service) AwaitStatus(ctx context.Context, tenant, id string, after int64, wait time.Duration) (faktur.StatusView, error) {
	return s.awaitStatus(ctx, tenant, faktur.KindInvoice, id, after, wait)
}

func (s *Service) awaitStatus(ctx context.Context, tenant string, kind faktur.Kind, id string, after int64, wait time.Duration) (faktur.StatusView, error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	for {
		changed, stop := s.tail.watch(id)
		view, err := s.status(context.WithoutCancel(ctx), tenant, kind, id)
		if err != nil || view.Sequence > after {
			stop()
			return view, err
		}
		select {
		case <-changed:
			stop()
		case <-ctx.Done():
			stop()
			return view, nil
		}
	}
}

// History gives an invoice's events, oldest first.
func (s *Service) History(ctx context.Context, tenant, id string) ([]faktur.Event, error) {
	return s.history(ctx, tenant, faktur.KindInvoice, id)
}

func (s *Service) history(ctx context.Context, tenant string, kind faktur.Kind, id string) ([]faktur.Event, error) {
	events, err := s.DB.History(ctx, tenant, id)
	if err == nil && !strings.HasPrefix(string(events[0].Type), string(kind)+".") {
		err = repository.ErrNotFound
	}
	if err != nil {
		return nil, translate(err, string(kind))
	}
	return events, nil
}

// Feed gives a tenant's events after a cursor, oldest first, and the cursor to
// go on from, which is never empty.
func (s *Service) Feed(ctx context.Context, tenant, after string, limit int) ([]faktur.Event, string, error) {
	position, err := feedPosition(after)
	if err != nil {
		return nil, "", err
	}
	events, err := s.DB.Feed(ctx, tenant, position, limit)
	if err != nil {
		return nil, "", translate(err, "feed")
	}
	if len(events) > 0 {
		position = events[len(events)-1].Position
	}
	return events, FeedCursor(position), nil
}

// FeedCursor is the cursor that stands behind a position of the feed.
func FeedCursor(position int64) string { return sealCursor(strconv.FormatInt(position, 10)) }

func feedPosition(cursor string) (int64, error) {
	text, err := openCursor(cursor)
	if err != nil {
		return 0, badCursor("after")
	}
	if text == "" {
		return 0, nil
	}
	position, err := strconv.ParseInt(text, 10, 64)
	if err != nil || position < 0 {
		return 0, badCursor("after")
	}
	return position, nil
}

// documentID reads the id out of a remembered answer.
func documentID(answer []byte) (string, error) {
	var body struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(answer, &body); err != nil {
		return "", errors.Join(errors.New("a remembered answer cannot be read"), err)
	}
	return body.ID, nil
}
