package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/fakturgate/fakturgate/simulator"
)

// simulationFlags say how the simulated tax system behaves; they are the same
// for `simulator` and for `serve --simulator`.
type simulationFlags struct {
	Seed         uint64        `env:"FAKTURGATE_SIM_SEED" default:"1" help:"Makes every run the same (default: ${default})."`
	SigningDelay time.Duration `env:"FAKTURGATE_SIM_SIGNING_DELAY" default:"${signing_delay}" help:"How long signing takes on average (default: ${default})."`
	SigningSigma float64       `env:"FAKTURGATE_SIM_SIGNING_SIGMA" default:"0" help:"Spreads signing times log-normally around that as their median, by this deviation of the logarithm; 0: evenly (default: ${default})."`
	Dedup        string        `env:"FAKTURGATE_SIM_DEDUP" enum:"on,off" default:"on" help:"on: a resend under the same client id is recognised; off: it is taken again (default: ${default})."`
	LookupLag    time.Duration `env:"FAKTURGATE_SIM_LOOKUP_LAG" default:"0s" help:"How long look-up does not see a submission (default: ${default})."`
	FailRate     float64       `env:"FAKTURGATE_SIM_FAIL_RATE" default:"0" help:"Share of calls that fail for a moment, 0 to 1 (default: ${default})."`
	Lose         string        `env:"FAKTURGATE_SIM_LOSE" placeholder:"TEXT" help:"References that contain it are taken and then lost."`
	State        string        `env:"FAKTURGATE_SIM_STATE" placeholder:"FILE" help:"Where it remembers what it took; empty: only while it runs."`
}

func (f simulationFlags) open(token, state string) (*simulator.Simulator, error) {
	return simulator.New(simulator.Config{Token: token, Seed: f.Seed, SigningDelay: f.SigningDelay, SigningSigma: f.SigningSigma, Dedup: f.Dedup == "on",
		LookupLag: f.LookupLag, FailRate: f.FailRate, Lose: f.Lose, State: state})
}

type simulatorCommand struct {
	simulationFlags
	logFlags
	Addr  string `env:"FAKTURGATE_SIM_ADDR" default:"127.0.0.1:9090" help:"Where it listens (default: ${default})."`
	Token string `env:"FAKTURGATE_SIM_TOKEN" help:"The bearer token that it asks for; empty: none."`
}

// Run serves the simulator until ctx ends.
func (c simulatorCommand) Run(ctx context.Context) error {
	logger := c.logger()
	running, err := startSimulator(ctx, c.simulationFlags, c.Addr, c.Token, c.State, logger)
	if err != nil {
		return err
	}
	logger.Info("the simulated tax system is up", "url", running.url, "ledger", running.url+"/ledger", "state", c.State)
	<-ctx.Done()
	return running.stop()
}

// runningSimulator is a simulator on an address of its own.
type runningSimulator struct {
	url    string
	server *http.Server
	sim    *simulator.Simulator
}

func startSimulator(ctx context.Context, f simulationFlags, addr, token, state string, logger *slog.Logger) (*runningSimulator, error) {
	sim, err := f.open(token, state)
	if err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("simulator: %w", err), sim.Close())
	}
	server := &http.Server{Handler: sim.Handler(), ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelDebug)}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			logger.Error("the simulator stopped", "error", err)
		}
	}()
	return &runningSimulator{url: "http://" + listener.Addr().String(), server: server, sim: sim}, nil
}

func (r *runningSimulator) stop() error {
	return errors.Join(r.server.Close(), r.sim.Close())
}

// randomToken is the bearer token of a simulator in this process.
func randomToken() string { return rand.Text() }
