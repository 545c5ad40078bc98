package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/adapter/coretax"
	"github.com/fakturgate/fakturgate/adapter/efaktur"
	"github.com/fakturgate/fakturgate/adapter/pjap"
	"github.com/fakturgate/fakturgate/api"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/handlers"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/service"
	"github.com/fakturgate/fakturgate/webhook"
)

// gateway is one whole fakturgate: what serve runs, and demo too.
type gateway struct {
	config  serveCommand
	logger  *slog.Logger
	db      *repository.DB
	service *service.Service
	sim     *runningSimulator // nil when the tax system is elsewhere
	url     string            // where the API listens
	servers []*http.Server
	failed  chan error         // a server that ended by itself
	leave   context.CancelFunc // /readyz sends callers elsewhere
	hangUp  context.CancelFunc // long-polls answer at once
	finish  context.CancelFunc // the service takes no further step
	worked  chan struct{}      // closed when the service has stopped

	requestTime time.Duration
}

// startGateway brings everything up; the caller ends it with stop.
func startGateway(ctx context.Context, config serveCommand, logger *slog.Logger) (_ *gateway, err error) {
	g := &gateway{config: config, logger: logger, failed: make(chan error, 3), requestTime: requestTime}
	defer func() {
		if err != nil {
			err = errors.Join(err, g.release())
		}
	}()
	if err := g.openDatabase(ctx); err != nil {
		return nil, err
	}
	if err := g.makeService(ctx); err != nil {
		return nil, err
	}
	return g, g.serve(ctx)
}

func (g *gateway) openDatabase(ctx context.Context) (err error) {
	if g.db, err = g.config.open(ctx); err != nil {
		return err
	}
	if err := g.db.HoldForServing(); err != nil {
		return err
	}
	n, err := g.db.MigrateTogether(ctx)
	if err != nil {
		return err
	}
	if n > 0 {
		g.logger.Info("the database's schema was brought up", "migrations", n)
	}
	if err := g.db.CheckIdentity(ctx); !errors.Is(err, repository.ErrRestored) {
		return err
	}
	return errors.New("this database was restored from a backup, or copied. What is queued in it may have been filed since: " +
		"stop every process on it and run `fakturgate restored`, which has it looked up before it is sent " +
		"(`fakturgate restored --moved` when it is certain that nothing was lost)")
}

func (g *gateway) makeService(ctx context.Context) error {
	sealer, err := g.config.sealer(g.config.databaseFlags)
	if err != nil {
		return err
	}
	reference, err := g.config.reference()
	if err != nil {
		return err
	}
	channels, err := g.channels(ctx)
	if err != nil {
		return err
	}
	allowed, err := webhook.ParseCIDRs(webhook.AllowVariable, g.config.WebhookAllowCIDRs)
	if err != nil {
		return err
	}
	g.service = service.New(service.Config{
		DB: g.db, Rules: faktur.NewRules(reference), Sealer: sealer, Channels: channels, Logger: g.logger,
		Sender: webhook.NewSender(webhook.Config{Guard: webhook.Guard{Allowed: allowed}, UserAgent: "fakturgate/" + version}),
		Lease:  g.config.Lease, SettleWindow: g.config.SettleWindow, ReuploadWait: g.config.ReuploadWait,
		StuckAfter: g.config.StuckAfter, DeadlineNear: g.config.DeadlineNear, GatherAfter: g.config.GatherAfter,
		PollMin: g.config.PollMin, PollMax: g.config.PollMax,
	})
	if err := g.service.CheckMasterKey(ctx); err != nil && !g.config.MasterKeyLost {
		return err
	}
	if g.config.BootstrapKey == "" {
		return nil
	}
	return g.service.EnsureBootstrapKey(ctx, g.config.BootstrapKey)
}

// reference loads the code lists, some of them perhaps newer than the built-in ones.
func (c serveCommand) reference() (*faktur.Reference, error) {
	var dir fs.FS
	if c.ReferenceDir != "" {
		dir = os.DirFS(c.ReferenceDir)
	}
	reference, err := faktur.LoadReference(dir)
	if err != nil {
		return nil, fmt.Errorf("FAKTURGATE_REFERENCE_DIR: %w", err)
	}
	return reference, nil
}

// channels are the ways into the tax system: a connector where the configuration
// names one; the providers, to which each seller signs in; and the files, which
// need nothing but a person.
func (g *gateway) channels(ctx context.Context) ([]adapter.Channel, error) {
	channels, err := g.config.providers()
	if err != nil {
		return nil, err
	}
	channels = append(channels, coretax.New(), efaktur.New())
	address, err := g.connector(ctx)
	if err != nil || address.url == "" {
		return channels, err
	}
	channel, err := pjap.New(pjap.Config{BaseURL: address.url, Token: address.token, UserAgent: "fakturgate/" + version})
	if err != nil {
		return nil, fmt.Errorf("FAKTURGATE_PJAP_URL: %w", err)
	}
	return append(channels, channel), nil
}

type connectorAddress struct{ url, token string }

// connector gives the tax-system connector's address, and starts the simulator
// when that is it.
func (g *gateway) connector(ctx context.Context) (connectorAddress, error) {
	token, err := secretOrFile(g.config.PJAPToken, g.config.PJAPTokenFile, "FAKTURGATE_PJAP_TOKEN")
	if err != nil {
		return connectorAddress{}, err
	}
	switch {
	case !g.config.Simulator && g.config.PJAPURL != "simulator":
		return connectorAddress{g.config.PJAPURL, token}, nil
	case g.config.PJAPURL != "" && g.config.PJAPURL != "simulator":
		return connectorAddress{}, errors.New("FAKTURGATE_PJAP_URL is a connector's address, and FAKTURGATE_SIMULATOR (--simulator) puts the simulator in its place: leave one of them out")
	}
	token = randomToken()
	g.sim, err = startSimulator(ctx, g.config.Sim, g.config.SimAddr, token, g.config.simulatorState(), g.logger)
	if err != nil {
		return connectorAddress{}, err
	}
	g.logger.Warn("the tax system is simulated: nothing here is filed, and no approval is real", "ledger", g.sim.url+"/ledger")
	return connectorAddress{g.sim.url, token}, nil
}

// simulatorState is where a simulator in this process remembers: beside the
// SQLite database, unless it is told otherwise.
func (c serveCommand) simulatorState() string {
	if c.Sim.State != "" {
		return c.Sim.State
	}
	if path := c.sqlitePath(); path != "" {
		return path + ".simulator"
	}
	return "fakturgate.simulator"
}

// serve starts the service's work and the HTTP servers.
func (g *gateway) serve(ctx context.Context) error {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	registry.MustRegister(g.service.Collectors()...)
	leaving, leave := context.WithCancel(context.WithoutCancel(ctx))
	closing, hangUp := context.WithCancel(context.WithoutCancel(ctx))
	working, finish := context.WithCancel(context.WithoutCancel(ctx))
	g.leave, g.hangUp, g.finish = leave, hangUp, finish
	public, internal := api.New(api.Config{
		Handlers: &handlers.Handlers{Service: g.service, Logger: g.logger, Closing: closing, Leaving: leaving},
		Logger:   g.logger, Metrics: registry, RequestsPerSecond: g.config.RateLimit,
	})
	url, err := g.listen(ctx, g.config.Addr, public)
	if err != nil {
		return err
	}
	g.url = url
	if g.config.MetricsAddr != "" {
		if _, err := g.listen(ctx, g.config.MetricsAddr, internal); err != nil {
			return err
		}
	}
	g.worked = make(chan struct{})
	go func() {
		defer close(g.worked)
		g.service.Run(working, g.config.Workers == "on")
	}()
	return nil
}

func (g *gateway) listen(ctx context.Context, addr string, handler http.Handler) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return "", err
	}
	server := api.NewServer(addr, handler, g.logger)
	g.servers = append(g.servers, server)
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			g.failed <- err
		}
	}()
	return "http://" + strings.Replace(listener.Addr().String(), "[::]", "127.0.0.1", 1), nil
}

const (
	// requestTime is how long requests under way may take to end.
	requestTime = 10 * time.Second
	// workTime is how long the workers may take after them.
	workTime = service.DrainTime + 5*time.Second
)

// sendAway lets load balancers see in /readyz that they should ask others, while
// everything is still answered.
func (g *gateway) sendAway() {
	g.leave()
	select {
	case <-time.After(g.config.StopGrace):
	case err := <-g.failed:
		g.failed <- err // stop is what follows anyway
	}
}

// stop ends everything in the order that loses nothing: first no new requests,
// then those under way, then the workers, then the database. Each has a time of
// its own, so that no slow request takes the workers' from them.
func (g *gateway) stop() error {
	g.hangUp()
	errs := []error{g.endRequests()}
	g.finish()
	select {
	case <-g.worked:
	case <-time.After(workTime):
		errs = append(errs, errors.New("the workers did not end in time; what they had under way is looked up at the next start"))
	}
	return errors.Join(append(errs, g.release())...)
}

// endRequests lets requests under way end, and then hangs up on who is slower:
// they were not answered, so they ask again.
func (g *gateway) endRequests() error {
	ctx, cancel := context.WithTimeout(context.Background(), g.requestTime)
	defer cancel()
	var errs []error
	for _, server := range g.servers {
		err := server.Shutdown(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			g.logger.Warn("requests that took too long were cut off", "addr", server.Addr, "after", g.requestTime)
			err = server.Close()
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// release closes what startGateway opened.
func (g *gateway) release() error {
	var errs []error
	if g.sim != nil {
		errs = append(errs, g.sim.stop())
	}
	if g.db != nil {
		errs = append(errs, g.db.Close())
	}
	return errors.Join(errs...)
}
