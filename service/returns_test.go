package service_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
	"github.com/fakturgate/fakturgate/service"
	"github.com/fakturgate/fakturgate/simulator"
)

const someNSFP = "04002600000000001"

// returned gives back so much of an invoice of 10 reams of paper at 100,000.
func returned(npwp, reference, nsfp string, quantity int64) faktur.Return {
	return faktur.Return{
		Reference: reference, Date: faktur.DateOf(time.Now()), NSFP: nsfp, SellerNPWP: "0098765431109000",
		Buyer: faktur.ReturnBuyer{NPWP: npwp},
		Lines: []faktur.ReturnLine{{Kind: "goods", Code: "000000", Name: "Kertas A4", Unit: "UM.0018",
			UnitPrice: faktur.Rupiah(100_000), Quantity: faktur.Rupiah(10), ReturnQuantity: faktur.Rupiah(quantity)}},
	}
}

func (g *gateway) postReturn(t *testing.T, reference, nsfp string, quantity int64) string {
	t.Helper()
	accepted, err := g.AcceptReturn(context.Background(), service.Request{Tenant: tenant}, returned(seller, reference, nsfp, quantity))
	if err != nil {
		t.Fatal(err)
	}
	return accepted.DocumentID
}

// returnBecomes waits until a return has a status, and gives it.
func (g *gateway) returnBecomes(t *testing.T, id string, want faktur.Status) faktur.StatusView {
	t.Helper()
	deadline := time.Now().Add(repotest.Patience)
	var view faktur.StatusView
	for time.Now().Before(deadline) {
		var err error
		if view, err = g.AwaitReturnStatus(context.Background(), tenant, id, view.Sequence, time.Second); err != nil {
			t.Fatal(err)
		}
		if view.Status == want {
			return view
		}
	}
	t.Fatalf("return %s never became %s, it is %+v", id, want, view)
	return view
}

func TestAReturnIsApproved(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		g := start(t, db, simulator.Config{SigningDelay: 50 * time.Millisecond})
		id := g.postReturn(t, "RET/1", "040.026-00000000001", 2)
		view := g.returnBecomes(t, id, faktur.Approved)
		if view.NSFP != someNSFP || view.Livemode || view.SellerNPWP != "0098765431109000" {
			t.Errorf("approved as %+v", view)
		}
		history, err := g.ReturnHistory(context.Background(), tenant, id)
		if err != nil {
			t.Fatal(err)
		}
		var types []faktur.EventType
		for _, e := range history {
			types = append(types, e.Type)
			if !strings.Contains(string(e.Data), `"kind":"return"`) || !strings.Contains(string(e.Data), `"nsfp":"`+someNSFP+`"`) {
				t.Errorf("%s tells %s", e.Type, e.Data)
			}
		}
		want := []faktur.EventType{"return.queued", "return.submitting", "return.signing_in_progress", "return.approved"}
		if !slices.Equal(types, want) {
			t.Errorf("history %v, want %v", types, want)
		}
	})
}

// Whatever happens to the answer, a return is filed once and its outcome is
// adopted, together with the invoices that travelled with it.
func TestAReturnIsFiledOnce(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"SIM-DROP", "SIM-502", "SIM-LATE", "SIM-APPROVE"} {
		t.Run(word, func(t *testing.T) {
			t.Parallel()
			repotest.Each(t, func(t *testing.T, db *repository.DB) {
				g := start(t, db, simulator.Config{LookupLag: 400 * time.Millisecond})
				invoiceID := g.post(t, "INV/1")
				id := g.postReturn(t, "RET/1/"+word, someNSFP, 1)
				g.becomes(t, invoiceID, faktur.Approved)
				g.returnBecomes(t, id, faktur.Approved)
				for _, reference := range []string{"INV/1", "RET/1/" + word} {
					entries, err := g.sim.Ledger(reference)
					if err != nil {
						t.Fatal(err)
					}
					if len(entries) != 1 || entries[0].Accepted != 1 {
						t.Errorf("ledger of %s: %+v", reference, entries)
					}
				}
			})
		})
	}
}

func TestASavedInvalidReturnIsCorrectedAndUploadedAgain(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		g := start(t, db, simulator.Config{})
		id := g.postReturn(t, "RET/1/SIM-SAVED-INVALID", someNSFP, 3)
		view := g.returnBecomes(t, id, faktur.SavedInvalid)
		if view.Reason == nil || view.Reason.Origin != faktur.OriginTaxSystem {
			t.Errorf("reason: %+v", view.Reason)
		}
		shown, err := g.Return(ctx, tenant, id)
		if err != nil {
			t.Fatal(err)
		}
		shown.Lines[0].ReturnQuantity = faktur.Rupiah(4) // the amounts that follow from it are computed anew
		corrected, err := g.CorrectReturn(ctx, tenant, id, shown.Return, shown.Sequence, true)
		if err != nil {
			t.Fatal(err)
		}
		if corrected.Status != faktur.Queued || corrected.Attempt != 2 || corrected.Sequence != shown.Sequence+2 || corrected.Totals.ReturnPPN.String() != "44000.00" {
			t.Errorf("after the correction: %+v", corrected)
		}
		g.returnBecomes(t, id, faktur.Approved)
		if _, err := g.CorrectReturn(ctx, tenant, id, shown.Return, shown.Sequence, true); !isConflict(err, "stale") {
			t.Errorf("a stale If-Match: %v", err)
		}
	})
}

// A return whose signer failed goes again as it is; one that is given up is closed.
func TestAReturnIsUploadedAgainOrClosed(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		g := start(t, db, simulator.Config{})
		again, closed := g.postReturn(t, "RET/1/SIM-BAD-PASSPHRASE", someNSFP, 5), g.postReturn(t, "RET/2/SIM-SAVED-INVALID", someNSFP, 5)
		g.returnBecomes(t, again, faktur.SavedInvalid)
		g.returnBecomes(t, closed, faktur.SavedInvalid)
		if _, err := g.ReuploadReturn(ctx, tenant, again, ""); err != nil {
			t.Fatal(err)
		}
		g.returnBecomes(t, again, faktur.Approved)
		ret, _, err := g.CancelReturn(ctx, tenant, closed)
		if err != nil || ret.Status != faktur.Cancelled || !slices.ContainsFunc(ret.Warnings, func(f faktur.Fault) bool { return f.Code == "remains_in_coretax" }) {
			t.Errorf("closed as %+v, %v", ret, err)
		}
		g.postReturn(t, "RET/2", someNSFP, 5) // what it would have returned may be returned anew
		if ret, underWay, err := g.CancelReturn(ctx, tenant, again); err != nil || underWay || ret.Status != faktur.Cancelled || len(ret.Warnings) > 1 {
			t.Errorf("an approved one: %+v, under way %t, %v", ret, underWay, err)
		}
		g.postReturn(t, "RET/3", someNSFP, 5)
	})
}

// An invoice is not found among the returns, nor a return among the invoices.
func TestInvoicesAndReturnsAreApart(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		s := start(t, db, simulator.Config{})
		accepted, err := s.Accept(ctx, service.Request{Tenant: tenant}, invoice(seller, "SAME/1"))
		if err != nil {
			t.Fatal(err)
		}
		ret, err := s.AcceptReturn(ctx, service.Request{Tenant: tenant}, returned(seller, "SAME/1", someNSFP, 1))
		if err != nil {
			t.Fatalf("a reference is unique among the documents of its kind: %v", err)
		}
		for what, try := range map[string]func(id, other string) error{
			"get": func(i, r string) error {
				_, e := s.Invoice(ctx, tenant, r)
				_, f := s.Return(ctx, tenant, i)
				return both(e, f)
			},
			"status": func(i, r string) error {
				_, e := s.Status(ctx, tenant, r)
				_, f := s.AwaitReturnStatus(ctx, tenant, i, 0, 0)
				return both(e, f)
			},
			"history": func(i, r string) error {
				_, e := s.History(ctx, tenant, r)
				_, f := s.ReturnHistory(ctx, tenant, i)
				return both(e, f)
			},
			"cancel": func(i, r string) error {
				_, _, e := s.Cancel(ctx, tenant, r)
				_, _, f := s.CancelReturn(ctx, tenant, i)
				return both(e, f)
			},
			"reupload": func(i, r string) error {
				_, e := s.Reupload(ctx, tenant, r, "")
				_, f := s.ReuploadReturn(ctx, tenant, i, "")
				return both(e, f)
			},
			"correct": func(i, r string) error {
				_, e := s.Correct(ctx, tenant, r, invoice(seller, "SAME/1"), 0, false)
				_, f := s.CorrectReturn(ctx, tenant, i, returned(seller, "SAME/1", someNSFP, 1), 0, false)
				return both(e, f)
			},
		} {
			if err := try(accepted.DocumentID, ret.DocumentID); err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
		invoices, err := s.Invoices(ctx, tenant, service.InvoiceFilter{Limit: 10})
		if err != nil || len(invoices.Data) != 1 || invoices.Data[0].ID != accepted.DocumentID {
			t.Errorf("invoices: %+v, %v", invoices, err)
		}
		returns, err := s.Returns(ctx, tenant, service.ReturnFilter{Limit: 10, NSFP: "040.026-00000000001"})
		if err != nil || len(returns.Data) != 1 || returns.Data[0].ID != ret.DocumentID {
			t.Errorf("returns: %+v, %v", returns, err)
		}
	})
}

// both says which of two errors is not that the document is not there.
func both(errs ...error) error {
	for i, err := range errs {
		if e := faktur.AsError(err); e == nil || e.Kind != faktur.KindNotFound {
			return fmt.Errorf("the %d. is found: %w", i+1, errors.Join(err, errors.New("want not_found")))
		}
	}
	return nil
}

func TestWhoFilesAReturnIsRegistered(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		s := start(t, db, simulator.Config{})
		ret := returned("3174015506800001", "RET/1", "12", 1)
		_, err := s.AcceptReturn(context.Background(), service.Request{Tenant: tenant}, ret)
		if got := codes(err); got != "/buyer/npwp buyer_not_registered, /nsfp nsfp_malformed" {
			t.Errorf("%q, want every fault at once", got)
		}
	})
}

// codes writes the faults of a refusal as "pointer code, ...".
func codes(err error) string {
	e := faktur.AsError(err)
	if e == nil {
		return ""
	}
	var all []string
	for _, f := range e.Faults {
		all = append(all, f.Pointer+" "+f.Code)
	}
	return strings.Join(all, ", ")
}

// The lines of an invoice that the gateway itself has filed are what was bought.
func TestReturnsOfOurOwnInvoice(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		g := start(t, db, simulator.Config{})
		const buyer = "0098765431109000"
		g.register(t, buyer)
		nsfp := string(g.becomes(t, g.post(t, "INV/1"), faktur.Approved).NSFP) // one ream of paper
		ret := returned(buyer, "RET/1", nsfp, 1)
		ret.SellerNPWP = seller
		_, err := g.AcceptReturn(ctx, service.Request{Tenant: tenant}, ret)
		if got := codes(err); got != "/lines/0/quantity line_not_as_bought" {
			t.Errorf("10 of the one that was bought: %q, %v", got, err)
		}
		ret.Lines[0].Quantity = faktur.Rupiah(1)
		accepted, err := g.AcceptReturn(ctx, service.Request{Tenant: tenant}, ret)
		if err != nil {
			t.Fatal(err)
		}
		g.returnBecomes(t, accepted.DocumentID, faktur.Approved)
		ret.Reference = "RET/2"
		if _, err := g.PreviewReturn(ctx, tenant, ret); codes(err) != "/lines/0/return_quantity returned_more_than_bought" {
			t.Errorf("once more: %v", err)
		}
	})
}

// However many are posted at once: never more goes back than was bought.
func TestReturnsAtOnceNeverExceedWhatWasBought(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		s := start(t, db, simulator.Config{})
		var all sync.WaitGroup
		results := make([]error, 16)
		for i := range results {
			all.Go(func() {
				_, results[i] = s.AcceptReturn(ctx, service.Request{Tenant: tenant, Route: "POST /returns", Key: fmt.Sprint(i), BodyHash: "h"},
					returned(seller, fmt.Sprintf("RET/%d", i), someNSFP, 3))
			})
		}
		all.Wait()
		taken := 0
		for _, err := range results {
			switch codes(err) {
			case "/lines/0/return_quantity returned_more_than_bought":
			case "":
				if taken++; err != nil {
					t.Error(err)
				}
			default:
				t.Error(err)
			}
		}
		if taken != 3 {
			t.Errorf("%d returns of 3 were taken of 10, want 3", taken)
		}
		page, err := s.Returns(ctx, tenant, service.ReturnFilter{Limit: 20})
		if err != nil || len(page.Data) != taken {
			t.Errorf("%d are stored, %v", len(page.Data), err)
		}
		for i := range results { // a refused one has left nothing behind, not even its key
			_, err := s.AcceptReturn(ctx, service.Request{Tenant: tenant, Route: "POST /returns", Key: fmt.Sprint(i), BodyHash: "h"},
				returned(seller, fmt.Sprintf("RET/%d", i), someNSFP, 3))
			if (err == nil) != (results[i] == nil) {
				t.Errorf("RET/%d again: %v, at first %v", i, err, results[i])
			}
		}
		for i, refused := range results { // nor its reference: of the last one is left
			if refused == nil {
				continue
			}
			_, err := s.AcceptReturn(ctx, service.Request{Tenant: tenant}, returned(seller, fmt.Sprintf("RET/%d", i), someNSFP, 1))
			if err == nil {
				taken++
			} else if codes(err) != "/lines/0/return_quantity returned_more_than_bought" {
				t.Errorf("RET/%d of one: %v", i, err)
			}
		}
		if taken != 4 {
			t.Errorf("%d returns were taken, want 3 of 3 and 1 of 1", taken)
		}
	})
}

// Corrections at once never exceed what was bought either.
func TestCorrectionsAtOnceNeverExceedWhatWasBought(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		g := start(t, db, simulator.Config{})
		ids := make([]string, 5)
		for i := range ids {
			ids[i] = g.postReturn(t, fmt.Sprintf("RET/%d/SIM-SAVED-INVALID", i), someNSFP, 2)
		}
		for _, id := range ids {
			g.returnBecomes(t, id, faktur.SavedInvalid)
		}
		if _, _, err := g.CancelReturn(ctx, tenant, ids[4]); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for i, id := range ids[:4] {
			all.Go(func() { // of the 2 that are free again only one can have them
				_, err := g.CorrectReturn(ctx, tenant, id, returned(seller, fmt.Sprintf("RET/%d/SIM-SAVED-INVALID", i), someNSFP, 4), 0, false)
				if got := codes(err); err != nil && got != "/lines/0/return_quantity returned_more_than_bought" {
					t.Errorf("%s: %v", id, err)
				}
			})
		}
		all.Wait()
		page, err := g.Returns(ctx, tenant, service.ReturnFilter{Limit: 20, Status: faktur.SavedInvalid})
		if err != nil {
			t.Fatal(err)
		}
		var sum faktur.Amount
		for _, ret := range page.Data {
			sum = sum.Add(ret.Lines[0].ReturnQuantity)
		}
		if sum.String() != "10.00" {
			t.Errorf("%s go back of 10, want 10.00", sum)
		}
	})
}
