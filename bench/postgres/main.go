// Command postgres runs a command on a fresh PostgreSQL of its own, whose
// address it finds in FAKTURGATE_DATABASE_URL, and throws the database away:
//
//	go run ./bench/postgres bin/fakturgate bench --rate 2000
//
// The server has the settings of a fresh installation, so that what is committed
// is on the disk; others are given as -set NAME=VALUE. It needs PostgreSQL's
// binaries where Debian installs them, and listens on a unix socket only.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/fakturgate/fakturgate/repository/repotest"
)

func main() {
	var settings []string
	flag.Func("set", "a setting of the server, NAME=VALUE; may be repeated", func(text string) error {
		settings = append(settings, text)
		return nil
	})
	flag.Parse()
	if err := run(settings, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "postgres:", err)
		os.Exit(1)
	}
}

const database = "bench"

func run(settings, command []string) error {
	if len(command) == 0 {
		return errors.New("no command is given: go run ./bench/postgres COMMAND")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	server, err := repotest.StartServer(settings...)
	if err != nil {
		return err
	}
	err = server.CreateNamed(database)
	if err == nil {
		err = call(ctx, server.URL(database), command)
	}
	return errors.Join(err, server.Stop())
}

// call runs the command; Ctrl-C reaches it as it does us.
func call(ctx context.Context, databaseURL string, command []string) error {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...) //nolint:gosec // the caller's own command
	cmd.Env = append(os.Environ(), "FAKTURGATE_DATABASE_URL="+databaseURL)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	return cmd.Run()
}
