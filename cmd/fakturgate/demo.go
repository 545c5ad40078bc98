package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/fakturgate/fakturgate/service"
)

// demoCommand is what a newcomer sees first: the main job, live, through the
// same HTTP API, database, relay and webhooks that serve runs.
type demoCommand struct {
	DatabaseURL string          `env:"FAKTURGATE_DATABASE_URL" placeholder:"URL" help:"Where to keep it (default: a SQLite file in a temporary folder, deleted at the end)."`
	Addr        string          `env:"FAKTURGATE_ADDR" default:"127.0.0.1:8080" help:"Where the API listens; another free port when it is taken (default: ${default})."`
	Exit        bool            `env:"FAKTURGATE_DEMO_EXIT" help:"End when the story is told, with an exit code that says whether ledger, database and receiver agree."`
	Patience    time.Duration   `env:"FAKTURGATE_DEMO_PATIENCE" default:"60s" help:"How long a chapter of the story may take (default: ${default})."`
	Sim         simulationFlags `embed:"" prefix:"sim-" set:"signing_delay=700ms"`
}

// Run tells the story and checks that it was true.
func (c demoCommand) Run(ctx context.Context) error {
	folder, err := os.MkdirTemp("", "fakturgate-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	g, err := c.start(ctx, folder, logger)
	if err != nil {
		return err
	}
	d := &demo{gateway: g, sim: c.Sim, printer: newPrinter(os.Stdout), patience: c.Patience, said: make(chan func()), books: map[string][]book{}}
	verdict := d.run(ctx)
	if !c.Exit && ctx.Err() == nil {
		d.stayUp(ctx)
	}
	return errors.Join(verdict, d.stop())
}

func (c demoCommand) start(ctx context.Context, folder string, logger *slog.Logger) (*gateway, error) {
	config := serveCommand{
		databaseFlags:  databaseFlags{DatabaseURL: c.DatabaseURL},
		masterKeyFlags: masterKeyFlags{MasterKey: randomMasterKey()},
		Addr:           c.Addr, Simulator: true, SimAddr: "127.0.0.1:0", Sim: c.Sim, Workers: "on",
		WebhookAllowCIDRs: "127.0.0.0/8", ProviderAllowCIDRs: "127.0.0.0/8",
		Lease: 6 * time.Second, SettleWindow: 2 * time.Second, PollMin: 200 * time.Millisecond, PollMax: time.Second, GatherAfter: 300 * time.Millisecond,
	}
	if config.DatabaseURL == "" {
		config.DatabaseURL = "sqlite:" + filepath.Join(folder, "demo.db")
	}
	config.Sim.State = filepath.Join(folder, "simulator")
	g, err := startGateway(ctx, config, logger)
	if errors.Is(err, syscall.EADDRINUSE) {
		config.Addr = "127.0.0.1:0"
		g, err = startGateway(ctx, config, logger)
	}
	return g, err
}

// demo is one telling of the story.
type demo struct {
	gateway  *gateway
	sim      simulationFlags // the providers of the story behave so, too
	printer  *printer
	patience time.Duration
	said     chan func()       // what a chapter prints of its own
	books    map[string][]book // by seller
	servers  []*http.Server    // of the providers
	erp      *erp
	receiver *receiver
	tenant   string
	key      string
	cursor   string // of the feed, as far as it was shown
}

// run tells the story and gives an error when it did not come true.
func (d *demo) run(ctx context.Context) error {
	if err := d.prepare(ctx); err != nil {
		return err
	}
	d.printer.title(d)
	if err := d.erp.registerSellers(ctx); err != nil {
		return err
	}
	if err := d.receiver.subscribe(ctx, d.erp); err != nil {
		return err
	}
	if err := d.show(ctx, d.tellInvoices); err != nil {
		return err
	}
	if err := d.check(context.WithoutCancel(ctx), "the simulator's ledger"); err != nil {
		return err
	}
	d.printer.line("One is still Signing In Progress, as happens: the gateway keeps asking, and tells when it changes.")
	told := d.tellChapters(ctx)
	if ctx.Err() != nil {
		return told // somebody has seen enough
	}
	return errors.Join(told, d.check(context.WithoutCancel(ctx), "the ledgers of simulator, portal, desktop application and both providers"))
}

// tellChapters tells one chapter after the other, up to one that does not come true.
func (d *demo) tellChapters(ctx context.Context) error {
	for _, c := range chapters() {
		d.printer.chapter(c.title)
		if err := d.show(ctx, func(ctx context.Context) error { return c.tell(ctx, d) }); err != nil {
			return fmt.Errorf("in the chapter %q %w", c.title, err)
		}
	}
	return d.show(ctx, d.awaitEnds)
}

// show prints what happens while a part of the story is told.
func (d *demo) show(ctx context.Context, tell func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, d.patience)
	defer cancel()
	told := make(chan error, 1)
	go func() { told <- tell(ctx) }()
	for {
		quiet := d.showNews(ctx)
		select {
		case err := <-told:
			d.showAll(ctx)
			return err
		case say := <-d.said:
			d.showAll(ctx)
			say()
			continue
		default:
		}
		if quiet {
			wait(ctx, 30*time.Millisecond)
		}
	}
}

// showAll shows all that has happened until now.
func (d *demo) showAll(ctx context.Context) {
	for !d.showNews(ctx) && ctx.Err() == nil {
	}
}

// say prints a row that is a chapter's own, after all that happened before it.
func (d *demo) say(ctx context.Context, reference, color, status, text string) {
	printed := make(chan struct{})
	select {
	case d.said <- func() { d.printer.row(reference, color, status, text); close(printed) }:
		<-printed
	case <-ctx.Done():
	}
}

// prepare makes a tenant of its own, so that a second demo on the same database
// meets nothing of the first.
func (d *demo) prepare(ctx context.Context) error {
	d.tenant = "demo-" + d.gateway.service.NewID()[:13]
	key, _, err := d.gateway.service.CreateKey(ctx, d.tenant, "demo", service.Scopes())
	if err != nil {
		return err
	}
	d.key = key
	d.erp = &erp{url: d.gateway.url, key: key, documents: map[string]*followed{}}
	d.receiver, err = startReceiver(ctx, d.printer)
	return err
}

// tellInvoices posts the invoices at the pace of a reader.
func (d *demo) tellInvoices(ctx context.Context) error {
	for _, scene := range scenes() {
		if _, err := d.erp.post(ctx, scene); err != nil {
			return err
		}
		wait(ctx, 150*time.Millisecond)
	}
	return d.awaitEnds(ctx)
}

// awaitEnds waits for the end of every invoice so far, and for its webhooks.
func (d *demo) awaitEnds(ctx context.Context) error {
	for ctx.Err() == nil && !(d.erp.settled() && d.receiver.received(d.erp.expectedWebhooks())) {
		wait(ctx, 30*time.Millisecond)
	}
	return nil // what is missing is the check's to say
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// showNews prints what the feed and the receiver have that was not shown yet,
// and does what an ERP does about it. It says whether there was nothing.
func (d *demo) showNews(ctx context.Context) (quiet bool) {
	arrived := d.receiver.arrived() // what they tell of is in the feed by now
	events, next, err := d.erp.feed(ctx, d.cursor)
	if err != nil {
		if ctx.Err() == nil {
			d.printer.note("the feed could not be read: " + err.Error())
		}
		return true
	}
	for _, e := range events {
		d.erp.follow(e)
		d.printer.event(e)
		if correction, ok := d.erp.correctionFor(e); ok {
			if err := d.erp.correct(ctx, e.Data.ID, correction); err != nil {
				d.printer.note("the correction was refused: " + err.Error())
			}
		}
	}
	for _, e := range arrived {
		d.printer.webhook(e)
	}
	d.cursor = next
	return len(events) == 0 && len(arrived) == 0
}

func (d *demo) stayUp(ctx context.Context) {
	d.printer.line("")
	d.printer.line("It stays up until Ctrl-C. Try it in Swagger UI: " + d.gateway.url + "/swagger/")
	d.printer.line("with the key above, or here:")
	d.printer.line(fmt.Sprintf("  curl -s -H 'Authorization: Bearer %s' '%s/invoices?status=approved&limit=1'", d.key, d.gateway.url))
	<-ctx.Done()
}

func (d *demo) stop() error {
	var errs []error
	if d.receiver != nil {
		errs = append(errs, d.receiver.server.Close())
	}
	for _, server := range d.servers {
		errs = append(errs, server.Close())
	}
	return errors.Join(append(errs, d.gateway.stop())...)
}

// readAll reads a small answer whole.
func readAll(r io.Reader) ([]byte, error) { return io.ReadAll(io.LimitReader(r, 8<<20)) }
