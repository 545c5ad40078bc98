package main

import (
	"context"
	"errors"
	"runtime"
	"time"
)

type serveCommand struct {
	databaseFlags
	masterKeyFlags
	logFlags

	Addr         string `env:"FAKTURGATE_ADDR" default:"127.0.0.1:8080" help:"Where the API listens (default: ${default})."`
	MetricsAddr  string `env:"FAKTURGATE_METRICS_ADDR" placeholder:"ADDR" help:"Where /metrics is, with /healthz, /readyz and /debug/pprof/; empty: nowhere."`
	BootstrapKey string `env:"FAKTURGATE_BOOTSTRAP_KEY" placeholder:"KEY" help:"An API key with every scope for tenant default: fg_ and 43 or more characters."`
	RateLimit    int    `env:"FAKTURGATE_RATE_LIMIT" default:"20000" help:"Requests a second that a tenant may make; 0: no limit (default: ${default})."`

	PJAPURL       string `name:"pjap-url" env:"FAKTURGATE_PJAP_URL" placeholder:"URL" help:"The tax-system connector's address, or simulator."`
	PJAPToken     string `name:"pjap-token" env:"FAKTURGATE_PJAP_TOKEN" help:"The bearer token for the connector."`
	PJAPTokenFile string `name:"pjap-token-file" env:"FAKTURGATE_PJAP_TOKEN_FILE" placeholder:"FILE" help:"A file that holds it."`

	WebhookAllowCIDRs  string `name:"webhook-allow-cidrs" env:"FAKTURGATE_WEBHOOK_ALLOW_CIDRS" placeholder:"CIDR,..." help:"Private ranges that webhooks may reach."`
	ProviderAllowCIDRs string `name:"provider-allow-cidrs" env:"FAKTURGATE_PROVIDER_ALLOW_CIDRS" placeholder:"CIDR,..." help:"Private ranges that sellers' providers (pajakio, klikpajak) may be in."`
	ReferenceDir       string `env:"FAKTURGATE_REFERENCE_DIR" placeholder:"DIR" help:"Code lists newer than the built-in ones."`

	Workers      string        `env:"FAKTURGATE_WORKERS" enum:"on,off" default:"on" help:"off: serve HTTP only; other processes on the same PostgreSQL do the work (default: ${default})."`
	Lease        time.Duration `env:"FAKTURGATE_LEASE" default:"30s" help:"How long a worker holds a shard (default: ${default})."`
	SettleWindow time.Duration `env:"FAKTURGATE_SETTLE_WINDOW" default:"30m" help:"How long until an absent submission counts as certainly absent (default: ${default})."`
	ReuploadWait time.Duration `env:"FAKTURGATE_REUPLOAD_WAIT" default:"15m" help:"How long a re-upload under way keeps its seller's next one waiting (default: ${default})."`
	StuckAfter   time.Duration `env:"FAKTURGATE_STUCK_AFTER" default:"24h" help:"How long in signing until invoice.signing_stuck (default: ${default})."`
	DeadlineNear time.Duration `env:"FAKTURGATE_DEADLINE_NEAR" default:"72h" help:"How long before the upload deadline until invoice.deadline_near (default: ${default})."`
	GatherAfter  time.Duration `env:"FAKTURGATE_GATHER_AFTER" default:"1m" help:"How long invoices that a person uploads wait for company before a file is written (default: ${default})."`
	StopGrace    time.Duration `env:"FAKTURGATE_STOP_GRACE" default:"0s" help:"How long /readyz says 503 after SIGTERM before no more requests are taken (default: ${default})."`
	PollMin      time.Duration `env:"FAKTURGATE_POLL_MIN" default:"1s" help:"Until the first question about a document in signing (default: ${default})."`
	PollMax      time.Duration `env:"FAKTURGATE_POLL_MAX" default:"15m" help:"Between questions about an old one (default: ${default})."`

	Simulator bool            `env:"FAKTURGATE_SIMULATOR" help:"The same as FAKTURGATE_PJAP_URL=simulator."`
	SimAddr   string          `env:"FAKTURGATE_SIM_ADDR" default:"127.0.0.1:0" help:"Where the simulator in this process listens (default: a free port of loopback)."`
	Sim       simulationFlags `embed:"" prefix:"sim-"`
}

// heapFloor is memory that is reserved and never touched, so that it takes none:
// the collector counts it as in use, and lets as much garbage gather before it
// runs. Without it a small heap is collected many times a second; GOGC would
// cure that too, but takes several times the memory when the heap is large.
const heapFloor = 48 << 20

// Run serves until ctx ends.
func (c serveCommand) Run(ctx context.Context) error {
	floor := make([]byte, heapFloor)
	defer runtime.KeepAlive(floor)
	logger := c.logger()
	g, err := startGateway(ctx, c, logger)
	if err != nil {
		return err
	}
	logger.Info("fakturgate is up", "url", g.url, "swagger", g.url+"/swagger/", "database", g.db.Kind(), "workers", c.Workers, "version", version)
	if c.Workers == "off" && g.db.Kind() == "sqlite" {
		logger.Warn("workers are off, and no other process may serve from this SQLite file: what is accepted waits until one with workers takes its place")
	}
	select {
	case <-ctx.Done():
		logger.Info("stopping; what is under way is finished first")
		g.sendAway()
	case err = <-g.failed:
	}
	return errors.Join(err, g.stop())
}
