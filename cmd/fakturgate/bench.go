package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/fakturgate/fakturgate/bench"
)

// benchCommand measures a whole gateway; it reads FAKTURGATE_DATABASE_URL as
// serve does, but for its default.
type benchCommand struct {
	DatabaseURL  string        `env:"FAKTURGATE_DATABASE_URL" placeholder:"URL" help:"Where the gateway under test keeps it (default: a fresh SQLite file)."`
	Duration     time.Duration `env:"FAKTURGATE_BENCH_DURATION" default:"60s" help:"How long invoices are posted (default: ${default})."`
	Rate         int           `env:"FAKTURGATE_BENCH_RATE" default:"2000" help:"How many a second (default: ${default})."`
	Sellers      int           `env:"FAKTURGATE_BENCH_SELLERS" default:"50000" help:"Among how many sellers they are spread, by Zipf's law (default: ${default})."`
	SigningDelay time.Duration `env:"FAKTURGATE_BENCH_SIGNING_DELAY" default:"0s" help:"The median time of signing, log-normal; 0s: at once (default: ${default})."`
	SavedInvalid float64       `env:"FAKTURGATE_BENCH_SAVED_INVALID" default:"0.03" help:"The share that is refused, 0 to 1 (default: ${default})."`
	Seed         uint64        `env:"FAKTURGATE_BENCH_SEED" default:"1" help:"Makes every run the same (default: ${default})."`
	Drain        time.Duration `env:"FAKTURGATE_BENCH_DRAIN" default:"30s" help:"How long it waits for an outcome when none comes any more (default: ${default})."`
	Set          []string      `env:"FAKTURGATE_BENCH_SET" placeholder:"NAME=VALUE" help:"A further setting of gateway and simulator; may be repeated."`
	Documents    int           `env:"FAKTURGATE_BENCH_DOCUMENTS" default:"0" help:"How many approved documents are in the database before (default: ${default})."`
	Queued       int           `env:"FAKTURGATE_BENCH_QUEUED" default:"0" help:"How many documents wait in the queue when it begins; they are counted as lives (default: ${default})."`
	Reads        int           `env:"FAKTURGATE_BENCH_READS" default:"0" help:"How many lists, statuses and pages of the feed are asked for a second, each (default: ${default})."`
	CPUProfile   string        `name:"cpu-profile" env:"FAKTURGATE_BENCH_CPU_PROFILE" placeholder:"FILE" help:"Where a profile of the gateway's processor time goes, over the middle third."`
	JSON         bool          `name:"json" env:"FAKTURGATE_BENCH_JSON" help:"Print the report as JSON; progress goes to standard error either way."`
}

// Run measures. Something lost, doubled or refused is an error.
func (c benchCommand) Run(ctx context.Context) error {
	report, err := bench.Run(ctx, bench.Config{DatabaseURL: c.DatabaseURL, Duration: c.Duration, Rate: c.Rate, Sellers: c.Sellers,
		SigningDelay: c.SigningDelay, SavedInvalid: c.SavedInvalid, Seed: c.Seed, Drain: c.Drain, CPUProfile: c.CPUProfile,
		Documents: c.Documents, Queued: c.Queued, Reads: c.Reads, Env: c.Set, Progress: os.Stderr})
	if err != nil {
		return err
	}
	if err := c.print(os.Stdout, report); err != nil {
		return err
	}
	if !report.OK() {
		return errors.New("something was lost, doubled or refused")
	}
	return nil
}

func (c benchCommand) print(out io.Writer, report bench.Report) error {
	if c.JSON {
		return json.MarshalWrite(out, report, json.Deterministic(true), jsontext.Multiline(true))
	}
	return report.Write(out)
}

// benchReceiverCommand is the webhook receiver that bench starts.
type benchReceiverCommand struct {
	Addr string `env:"FAKTURGATE_BENCH_ADDR" default:"127.0.0.1:0" help:"Where it listens (default: ${default})."`
}

// Run receives until ctx ends.
func (c benchReceiverCommand) Run(ctx context.Context) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Addr)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: bench.NewReceiver(), ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
