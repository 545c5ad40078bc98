package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	_ "github.com/lib/pq"  // driver "postgres"
	_ "modernc.org/sqlite" // driver "sqlite"

	"github.com/fakturgate/fakturgate/faktur"
)

// plain is what a good engineer would write first: chi, sqlx, the same strict
// decoding, the same rules, the same rows, prepared statements, a tuned pool,
// and one transaction a request. It has no keys, no feed lock and no batch.
type plain struct {
	db     *sqlx.DB
	rules  *faktur.Rules
	seller *sqlx.Stmt
	insert [4]*sqlx.Stmt
}

// servePlain answers POST /invoices until the process is told to end.
func servePlain(address, databaseURL string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	p, err := openPlain(databaseURL)
	if err != nil {
		return err
	}
	defer p.db.Close()
	router := chi.NewRouter()
	router.Get("/readyz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	router.Post("/invoices", p.post)
	server := &http.Server{Addr: address, Handler: router, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err := server.ListenAndServe(); ctx.Err() == nil {
		return err
	}
	return nil
}

func openPlain(databaseURL string) (*plain, error) {
	driver, source, connections := "postgres", databaseURL, 20
	if path, ok := strings.CutPrefix(databaseURL, "sqlite:"); ok {
		q := url.Values{"_txlock": {"immediate"}, "_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)"}}
		driver, source, connections = "sqlite", "file:"+path+"?"+q.Encode(), 1
	}
	db, err := sqlx.Open(driver, source)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	p := &plain{db: db, rules: faktur.NewRules(nil)}
	if p.seller, err = db.Preparex(db.Rebind(`SELECT channel, livemode FROM taxpayers WHERE tenant = 'default' AND npwp = ?`)); err != nil {
		return nil, err
	}
	for i, table := range []struct{ name, columns string }{
		{"document_references", referenceColumns}, {"documents", documentColumns}, {"document_bodies", bodyColumns}, {"events", eventColumns},
	} {
		marks := strings.Repeat(", ?", strings.Count(table.columns, ",")+1)[2:]
		if p.insert[i], err = db.Preparex(db.Rebind("INSERT INTO " + table.name + " (" + table.columns + ") VALUES (" + marks + ")")); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// The columns that the gateway's intake writes.
const (
	referenceColumns = "tenant, reference, taxpayer_npwp, kind, document_id"
	documentColumns  = `id, tenant, taxpayer_npwp, kind, reference, channel, shard, livemode, status, attempt, sequence, replaces_id,
		invoice_date, counterpart, nsfp, upload_deadline, deadline_at, leave_by, turn_at, status_since, created_at, updated_at`
	bodyColumns  = "document_id, content, assessment, content_hashes, tenant, kind, taxpayer_npwp, counterpart"
	eventColumns = "tenant, document_id, sequence, type, at, data"
)

func (p *plain) post(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 4<<20))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var invoice faktur.TaxInvoice
	if err := json.Unmarshal(body, &invoice, json.RejectUnknownMembers(true)); err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	answer, err := p.accept(r.Context(), invoice)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = w.Write(answer)
}

func (p *plain) accept(ctx context.Context, invoice faktur.TaxInvoice) ([]byte, error) {
	var seller struct {
		Channel  string `db:"channel"`
		Livemode bool   `db:"livemode"`
	}
	if err := p.seller.GetContext(ctx, &seller, invoice.Seller.NPWP); err != nil {
		return nil, err
	}
	now := time.Now()
	assessment, err := p.rules.Assess(invoice, faktur.Settings{}, faktur.Channel(seller.Channel), now)
	if err != nil {
		return nil, err
	}
	d := faktur.Document{ID: uuid.Must(uuid.NewV7()).String(), Tenant: "default", Kind: faktur.KindInvoice, Livemode: seller.Livemode,
		Channel: faktur.Channel(seller.Channel), TaxpayerNPWP: invoice.Seller.NPWP, Counterpart: invoice.Buyer.IDNumber, Reference: invoice.Reference,
		Status: faktur.Queued, Attempt: 1, CreatedAt: now, UploadDeadline: faktur.UploadDeadline(invoice.Date, faktur.Channel(seller.Channel), nil)}
	event := d.Tell(faktur.EventQueued, "", now)
	answer, err := json.Marshal(faktur.NewStoredInvoice(&d, invoice, &assessment))
	if err != nil {
		return nil, err
	}
	return answer, p.store(ctx, &d, &event, invoice, assessment)
}

func (p *plain) store(ctx context.Context, d *faktur.Document, event *faktur.Event, invoice faktur.TaxInvoice, assessment faktur.Assessment) error {
	content, err := json.Marshal(invoice)
	if err != nil {
		return err
	}
	made, err := json.Marshal(assessment)
	if err != nil {
		return err
	}
	tx, err := p.db.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	at := d.CreatedAt.UnixMicro()
	for i, values := range [][]any{
		{d.Tenant, d.Reference, d.TaxpayerNPWP, string(d.Kind), d.ID},
		{d.ID, d.Tenant, d.TaxpayerNPWP, string(d.Kind), d.Reference, string(d.Channel), faktur.ShardOf(d.Tenant, d.TaxpayerNPWP), d.Livemode, string(d.Status),
			d.Attempt, d.Sequence, "", invoice.Date.String(), d.Counterpart, "", d.UploadDeadline.String(), d.UploadDeadline.EndOfDay().UnixMicro(), at, at, at, at, at},
		{d.ID, string(content), string(made), faktur.ContentHash(invoice), d.Tenant, string(d.Kind), d.TaxpayerNPWP, d.Counterpart},
		{event.Tenant, event.DocumentID, event.Sequence, string(event.Type), at, string(event.Data)},
	} {
		if _, err := tx.StmtxContext(ctx, p.insert[i]).ExecContext(ctx, values...); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// plainArgument is how this binary is called to be the plain handler.
const plainArgument = "plain"

func isPlain() bool { return len(os.Args) == 4 && os.Args[1] == plainArgument }
