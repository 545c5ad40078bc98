package service_test

import (
	"context"
	"database/sql"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"weak"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository/repotest"
	"github.com/fakturgate/fakturgate/service"
	"github.com/fakturgate/fakturgate/simulator"
)

// One member of a shared transaction that the database refuses fails alone.
func TestARefusedMemberFailsAlone(t *testing.T) {
	t.Parallel()
	for _, kind := range repotest.Kinds() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			url := repotest.URL(t, kind)
			db := repotest.Open(t, url)
			g := start(t, db, simulator.Config{})
			refuse(t, kind, url, "INV/7")
			var posters sync.WaitGroup
			for i := range 20 {
				posters.Go(func() {
					_, err := g.Accept(context.Background(), service.Request{Tenant: tenant}, invoice(seller, fmt.Sprint("INV/", i)))
					e := faktur.AsError(err)
					if refused := e != nil && e.Kind == faktur.KindInternal; refused != (i == 7) {
						t.Errorf("INV/%d: %v", i, err)
					}
				})
			}
			posters.Wait()
			page, err := g.Invoices(context.Background(), tenant, service.InvoiceFilter{Limit: 100})
			if err != nil || len(page.Data) != 19 {
				t.Errorf("%d of 19 stored, %v", len(page.Data), err)
			}
		})
	}
}

// refuse makes a database refuse one reference.
func refuse(t *testing.T, kind, url, reference string) {
	t.Helper()
	source, rule := url, "ALTER TABLE documents ADD CONSTRAINT refused CHECK (reference <> '"+reference+"')"
	if kind == "sqlite" {
		source = "file:" + strings.TrimPrefix(url, "sqlite:") + "?_pragma=busy_timeout(10000)" // the gateway writes meanwhile
		rule = "CREATE TRIGGER refused BEFORE INSERT ON documents WHEN NEW.reference = '" + reference + "' BEGIN SELECT RAISE(ABORT, 'refused'); END"
	}
	raw, err := sql.Open(kind, source)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	if _, err := raw.ExecContext(context.Background(), rule); err != nil {
		t.Fatal(err)
	}
}

// Of a COMMIT whose answer is lost nobody is told that nothing was stored.
func TestALostCommitIsUnknown(t *testing.T) {
	t.Parallel()
	if !slices.Contains(repotest.Kinds(), "postgres") {
		return // SQLite has no server that could go away
	}
	url := repotest.URL(t, "postgres")
	g := start(t, repotest.Open(t, url), simulator.Config{})
	raw, err := sql.Open("postgres", url)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	if _, err := raw.ExecContext(context.Background(), `
		CREATE FUNCTION go_away() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
		CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON documents DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION go_away()`); err != nil {
		t.Fatal(err)
	}
	_, err = g.Accept(context.Background(), service.Request{Tenant: tenant}, invoice(seller, "INV/1"))
	e := faktur.AsError(err)
	if e == nil || e.Code != "database_unavailable" || !strings.Contains(e.Detail, "may have been stored, or not") || strings.Contains(e.Detail, "nothing") {
		t.Errorf("%+v", err)
	}
}

// A caller who leaves aborts nobody: what entered is stored, and the reference finds it.
func TestACallerWhoLeavesAbortsNobody(t *testing.T) {
	t.Parallel()
	g := start(t, repotest.SQLite(t), simulator.Config{})
	gone, leave := context.WithCancel(context.Background())
	defer leave()
	var posters sync.WaitGroup
	for i := range 50 {
		ctx := context.Background()
		if i%2 == 0 {
			ctx = gone
		}
		posters.Go(func() {
			if i == 25 {
				leave()
			}
			_, err := g.Accept(ctx, service.Request{Tenant: tenant}, invoice(seller, fmt.Sprint("INV/", i)))
			if err != nil && i%2 == 1 {
				t.Errorf("INV/%d: %v", i, err)
			}
			if err != nil && faktur.AsError(err).Kind == faktur.KindInternal {
				t.Errorf("INV/%d: a caller who leaves is told of a fault of ours: %v", i, err)
			}
		})
	}
	posters.Wait()
	for i := range 50 {
		if _, err := g.Accept(context.Background(), service.Request{Tenant: tenant}, invoice(seller, fmt.Sprint("INV/", i))); err != nil {
			t.Errorf("again: %v", err)
		}
	}
	page, err := g.Invoices(context.Background(), tenant, service.InvoiceFilter{Limit: 100})
	if err != nil || len(page.Data) != 50 {
		t.Errorf("%d documents of 50, %v", len(page.Data), err)
	}
}

// A request that ends while its document may be on its way into the database is
// not told that nothing was stored.
func TestARequestThatEndsEarlyIsToldNothingFalse(t *testing.T) {
	t.Parallel()
	g := start(t, repotest.SQLite(t), simulator.Config{})
	if _, err := g.Accept(context.Background(), service.Request{Tenant: tenant}, invoice(seller, "INV/0")); err != nil {
		t.Fatal(err) // from here on the seller is known without asking the database
	}
	ended, cancel := context.WithDeadline(context.Background(), time.Unix(0, 0))
	defer cancel()
	failed := 0
	for i := 1; failed < 10; i++ { // whether the commit or the end is seen first is chance
		_, err := g.Accept(ended, service.Request{Tenant: tenant}, invoice(seller, fmt.Sprint("INV/", i)))
		if err == nil {
			continue
		}
		if failed++; faktur.AsError(err).Code != "request_cancelled" || strings.Contains(err.Error(), "nothing was stored") {
			t.Fatalf("INV/%d: %v", i, err)
		}
	}
}

// A batch holds none of the invoices that it has refused: sixteen megabytes of
// empty lines would be three gigabytes of invoices.
func TestABatchLetsGoOfWhatItRefused(t *testing.T) {
	t.Parallel()
	g := start(t, repotest.SQLite(t), simulator.Config{})
	var refused weak.Pointer[faktur.Line]
	results := g.AcceptAll(context.Background(), tenant, 2, func(i int) (faktur.TaxInvoice, error) {
		if i == 1 {
			runtime.GC()
			runtime.GC() // the first leaves what lies in pools
			if refused.Value() != nil {
				t.Error("the first is still held")
			}
			return invoice(seller, "INV/1"), nil
		}
		lines := make([]faktur.Line, 1)
		refused = weak.Make(&lines[0])
		return faktur.TaxInvoice{Lines: lines}, nil
	})
	if results[0].Err == nil || results[1].Err != nil {
		t.Errorf("%v", results)
	}
}

func TestCursorsThatAreNotOursAreRefused(t *testing.T) {
	t.Parallel()
	g := newService(t, repotest.SQLite(t))
	for _, cursor := range []string{"x", "%", "bm90IG91cnM", strings.Repeat("A", 5000), "YzE6JyBPUiAxPTE", "YzE6"} {
		if _, err := g.Invoices(context.Background(), tenant, service.InvoiceFilter{Limit: 1, Cursor: cursor}); !isConflict(err, "cursor_invalid") {
			t.Errorf("cursor %.20q: %v", cursor, err)
		}
		if _, _, err := g.Feed(context.Background(), tenant, cursor, 1); !isConflict(err, "cursor_invalid") {
			t.Errorf("feed cursor %.20q: %v", cursor, err)
		}
	}
}

// What to do about the document that has the reference already is said as far
// as it has come, for a return too.
func TestAReferenceConflictSaysWhatCanBeDone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		d    faktur.Document
		want string
	}{
		{"queued", faktur.Document{Status: faktur.Queued}, "Correct that one with PUT /invoices/ID."},
		{"saved invalid", faktur.Document{Status: faktur.SavedInvalid}, "Correct that one with PUT /invoices/ID?reupload=true."},
		{"submitting", faktur.Document{Status: faktur.Submitting}, "wait for its outcome (GET /invoices/ID/status?wait=60s)."},
		{"signing", faktur.Document{Status: faktur.SigningInProgress}, "wait for its outcome (GET /invoices/ID/status?wait=60s)."},
		{"in a file", faktur.Document{Status: faktur.AwaitingUpload, Channel: faktur.ChannelCoretaxXML}, "or cancel the document while nobody has downloaded it."},
		{"a draft", faktur.Document{Status: faktur.AwaitingUpload, Channel: faktur.ChannelPajakio}, "POST /invoices/ID/resolve with the outcome not_filed."},
		{"approved", faktur.Document{Status: faktur.Approved}, "replace it with POST /invoices/ID/replace; or, for another buyer, cancel it with POST /invoices/ID/cancel,"},
		{"being replaced", faktur.Document{Status: faktur.Approved, ReplacedByID: "NEW"}, "GET /invoices/ID/chain"},
		{"its replacement waits for the buyer", faktur.Document{Status: faktur.AmendmentPending, ReplacedByID: "NEW"}, "wait for its outcome"},
		{"amended", faktur.Document{Status: faktur.Amended, ReplacedByID: "NEW"}, "GET /invoices/ID/chain"},
		{"amended in the portal", faktur.Document{Status: faktur.Amended}, "GET /invoices/ID/chain"},
		{"to be cancelled", faktur.Document{Status: faktur.Approved, Wish: faktur.WishCancel}, "post this one again when it is cancelled."},
		{"its cancellation waits for the buyer", faktur.Document{Status: faktur.CancellationPending}, "post this one again when it is cancelled."},
		{"a queued return", faktur.Document{Kind: faktur.KindReturn, Status: faktur.Queued}, "Correct that one with PUT /returns/ID."},
		{"a refused return", faktur.Document{Kind: faktur.KindReturn, Status: faktur.SavedInvalid}, "Correct that one with PUT /returns/ID?reupload=true."},
		{"a return under way", faktur.Document{Kind: faktur.KindReturn, Status: faktur.Submitting}, "wait for its outcome (GET /returns/ID/status?wait=60s)."},
		{"an approved return", faktur.Document{Kind: faktur.KindReturn, Status: faktur.Approved}, "It is filed: cancel it with POST /returns/ID/cancel, and post this one again when it is cancelled."},
	} {
		c.d.ID = "ID"
		if c.d.Kind == "" {
			c.d.Kind = faktur.KindInvoice
		}
		e := faktur.AsError(service.ReferenceConflict(&c.d))
		if e.Code != "reference_conflict" || e.DocumentID != "ID" || e.DocumentStatus != c.d.Status || !strings.Contains(e.Detail, c.want) {
			t.Errorf("%s: %+v\nwant %q", c.name, e, c.want)
		}
		if puts := strings.Contains(e.Detail, "PUT "); puts != c.d.Status.Correctable() {
			t.Errorf("%s: PUT is for what can be corrected only: %s", c.name, e.Detail)
		}
		if c.d.Kind == faktur.KindReturn && (strings.Contains(e.Detail, "replace") || strings.Contains(e.Detail, "chain")) {
			t.Errorf("%s: a return has no replacement: %s", c.name, e.Detail)
		}
	}
}
