// Command fakturgate is a gateway between ERPs and Indonesia's tax system: it
// takes tax invoices over HTTP, hands them over, follows them to Approved or
// Saved Invalid, and tells the ERP by webhook.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// version is set by the linker (see Makefile).
var version = "dev"

// commandLine is every subcommand. Every flag has an environment variable,
// which --help shows; nothing else in the project reads the environment.
type commandLine struct {
	Demo          demoCommand          `cmd:"" help:"Show the main job, live, on nothing but this binary."`
	Serve         serveCommand         `cmd:"" help:"Run the gateway."`
	Migrate       migrateCommand       `cmd:"" help:"Bring the database's schema up, down, or show where it stands."`
	Backup        backupCommand        `cmd:"" help:"Copy a SQLite database while it is served from. PostgreSQL has pg_dump."`
	Restored      restoredCommand      `cmd:"" help:"Make a database fit to be served from that was restored from a backup: what is queued in it is looked up before it is sent."`
	Keys          keysCommand          `cmd:"" help:"Create, list and revoke API keys."`
	Import        importCommand        `cmd:"" help:"Post the invoices of a spreadsheet: DJP's Excel template, or a CSV."`
	Simulator     simulatorCommand     `cmd:"" help:"Run a simulated tax system that speaks the connector protocol."`
	Bench         benchCommand         `cmd:"" help:"Measure a whole gateway: accepted and full lives a second, times, cost; checks that nothing is lost or doubled."`
	Health        healthCommand        `cmd:"" help:"Ask a running gateway whether it is well; exits 1 when it is not."`
	BenchReceiver benchReceiverCommand `cmd:"" hidden:"" help:"The webhook receiver of bench."`
	Version       versionCommand       `cmd:"" help:"Print the version."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "fakturgate:", err)
		os.Exit(1) //nolint:gocritic // stop has nothing left to do
	}
}

// run is main without the process around it.
func run(ctx context.Context, args []string) error {
	var line commandLine
	parser, err := kong.New(&line,
		kong.Name("fakturgate"),
		kong.Description("From an ERP through Indonesia's tax system, and the outcome back."),
		kong.UsageOnError(),
		kong.Vars{"signing_delay": "2s"},
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)))
	if err != nil {
		return err
	}
	command, err := parser.Parse(args)
	if err != nil {
		return err
	}
	return command.Run()
}

type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run() error {
	fmt.Println("fakturgate", version)
	return nil
}
