package service_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"testing"

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
